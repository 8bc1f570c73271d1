//! A running server, as its owner holds it.

use std::{fmt, sync::Arc, time::Duration};

use crate::{error::Result, socket::Address};

use super::engine::{Counts, Engine, service::Service};

/// What requests in flight get when a server shuts down and nobody says otherwise.
const DRAIN: Duration = Duration::from_secs(30);

/// A server that runs in threads of its own.
///
/// Clones are handles of the same server. Dropping a handle does nothing: the server goes on.
///
/// Python: a `socketserver` server whose `serve_forever` runs in a thread.
///
/// # Examples
///
/// ```
/// use sockeye::server::{Connection, Next, Server};
///
/// # fn main() -> sockeye::Result<()> {
/// let server = Server::bind("127.0.0.1:0")?.spawn(|_: &mut Connection| Ok(Next::Close))?;
/// assert_ne!(server.addr().port(), Some(0));
/// server.shutdown();
/// server.join()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ServerHandle {
    running: Arc<dyn Running>,
    addrs: Arc<[Address]>,
}

/// An engine, whatever it serves.
trait Running: Send + Sync {
    fn shutdown(&self, patience: Duration);
    fn join(&self) -> Result<()>;
    fn counts(&self) -> Counts;
}

impl<S: Service + 'static> Running for Engine<S> {
    fn shutdown(&self, patience: Duration) {
        Engine::shutdown(self, patience);
    }

    fn join(&self) -> Result<()> {
        Engine::join(self)
    }

    fn counts(&self) -> Counts {
        Engine::counts(self)
    }
}

impl ServerHandle {
    pub(crate) fn new<S: Service + 'static>(engine: Arc<Engine<S>>, addrs: Vec<Address>) -> ServerHandle {
        ServerHandle { running: engine, addrs: addrs.into() }
    }

    /// The address it listens on; the first one, if there are several.
    ///
    /// Python: `server.server_address`.
    #[must_use]
    pub fn addr(&self) -> Address {
        self.addrs[0].clone()
    }

    /// All addresses that it listens on.
    ///
    /// Python: `server_address`, for the one address that a server has there.
    #[must_use]
    pub fn addrs(&self) -> &[Address] {
        &self.addrs
    }

    /// Begins to shut down, and returns at once: accepts no more, closes idle connections, and gives requests
    /// in flight 30 seconds to end. May be called from any thread, a handler's included.
    ///
    /// Python: `server.shutdown()`, which waits, and deadlocks when called from a handler of the same thread.
    pub fn shutdown(&self) {
        self.shutdown_within(DRAIN);
    }

    /// The same with another time for requests in flight. When it is over, their connections are broken off;
    /// a handler that does anything else than input and output on them can't be ended, only awaited.
    pub fn shutdown_within(&self, patience: Duration) {
        self.running.shutdown(patience);
    }

    /// Waits until the server has ended: every connection closed, every thread of it gone.
    ///
    /// Python: `server_close`, which waits for the threads of `ThreadingMixIn` with `block_on_close`.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) when called from a handler, which would wait for itself.
    pub fn join(&self) -> Result<()> {
        self.running.join()
    }

    /// The server's numbers at this moment.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.running.counts()
    }
}

impl fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHandle").field("addrs", &self.addrs).field("counts", &self.counts()).finish()
    }
}
