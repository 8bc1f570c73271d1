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
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind(("", 0))?.spawn(|_: &mut Connection| Ok(Next::Close))?;
    /// let client = Client::connect(server.addr())?; // `[::]:PORT` reaches this machine
    /// assert_eq!(client.socket()?.getpeername()?.port(), server.addr().port());
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn addr(&self) -> Address {
        self.addrs[0].clone()
    }

    /// All addresses that it listens on.
    ///
    /// Python: `server_address`, for the one address that a server has there.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::server::{Connection, Next, Server};
    /// let server = Server::bind("127.0.0.1:0")?.also_bind("127.0.0.1:0")?;
    /// let server = server.spawn(|_: &mut Connection| Ok(Next::Close))?;
    /// let ports: Vec<_> = server.addrs().iter().map(|addr| addr.port()).collect();
    /// assert_ne!(ports[0], ports[1]);
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn addrs(&self) -> &[Address] {
        &self.addrs
    }

    /// Begins to shut down, and returns at once: accepts no more, closes idle connections, and gives requests
    /// in flight 30 seconds to end. May be called from any thread, a handler's included.
    ///
    /// Python: `server.shutdown()`, which waits, and deadlocks when called from a handler of the same thread.
    ///
    /// # Examples
    ///
    /// A handler that ends its own server, whose handle it finds where it was put after the start:
    ///
    /// ```
    /// use std::sync::OnceLock;
    /// use sockeye::{client::Client, server::{Connection, Next, Server, ServerHandle}};
    ///
    /// static RUNNING: OnceLock<ServerHandle> = OnceLock::new();
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let server = Server::bind("127.0.0.1:0")?.spawn(|conn: &mut Connection| {
    ///     if conn.readline()? == b"SHUTDOWN\n" {
    ///         RUNNING.get().map(ServerHandle::shutdown);
    ///     }
    ///     conn.sendall(b"250 bye\n")?; // in flight: it goes on
    ///     Ok(Next::Wait)
    /// })?;
    /// let _ = RUNNING.set(server.clone());
    ///
    /// let mut client = Client::connect(server.addr())?;
    /// client.sendall(b"SHUTDOWN\n")?;
    /// assert_eq!(client.readline()?, b"250 bye\n");
    /// server.join()?;
    /// assert_eq!(client.readline()?, b"");
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self) {
        self.shutdown_within(DRAIN);
    }

    /// The same with another time for requests in flight. When it is over, their connections are broken off;
    /// a handler that does anything else than input and output on them can't be ended, only awaited.
    ///
    /// Python: there is no such thing.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?.timeout(None).spawn(|conn: &mut Connection| {
    ///     conn.sendall(b"and?")?;
    ///     conn.readline()?; // without a limit
    ///     conn.readline()?;
    ///     Ok(Next::Wait)
    /// })?;
    /// let mut client = Client::connect(server.addr())?;
    /// client.sendall(b"one line\n")?;
    /// assert_eq!(client.recv(64)?, b"and?");
    /// server.shutdown_within(Duration::ZERO);
    /// server.join()?;
    /// assert_eq!(server.counts().open, 0);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn shutdown_within(&self, patience: Duration) {
        self.running.shutdown(patience);
    }

    /// Waits until the server has ended: every connection closed, every thread of it gone.
    ///
    /// A few descriptors (pollers, what wakes them, what ends blocking calls) stay open until the last handle is
    /// dropped. One that the server's own handler holds keeps them for ever.
    ///
    /// Python: `server_close`, which waits for the threads of `ThreadingMixIn` with `block_on_close`.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) when called from a handler, which would wait for itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::server::{Connection, Next, Server};
    /// let server = Server::bind("127.0.0.1:0")?.spawn(|_: &mut Connection| Ok(Next::Close))?;
    /// server.shutdown();
    /// server.join()?;
    /// assert_eq!(server.counts().threads, 0);
    /// assert!(Server::bind(server.addr()).is_ok(), "its address is free");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn join(&self) -> Result<()> {
        self.running.join()
    }

    /// The server's numbers at this moment.
    ///
    /// Python: there is no such thing.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?.spawn(|conn: &mut Connection| {
    ///     let line = conn.readline()?;
    ///     conn.sendall(&line)?;
    ///     Ok(Next::Wait)
    /// })?;
    /// let mut client = Client::connect(server.addr())?;
    /// client.sendall(b"hello\n")?;
    /// client.readline()?;
    /// let counts = server.counts();
    /// assert_eq!((counts.accepted, counts.open, counts.panicked), (1, 1, 0));
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
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
