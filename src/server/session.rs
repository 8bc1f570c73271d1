//! A handler of its own for each connection, as socketserver's handler objects are.

use std::{any::Any, fmt};

use crate::{
    error::{Error, ErrorKind, Result},
    socket::Address,
};

use super::{Connection, Next, RequestHandler, engine::guard::lend};

/// What a connection keeps for its own handler.
pub(super) type Kept = Option<Box<dyn Any + Send>>;

/// The handler of one connection, which lives as long as that: what it knows of it stands in `self`. A closure
/// `move |conn: &mut Connection| …` that changes what it has captured is one.
///
/// [`factory`] makes a server's handler of it.
///
/// Python: an object of a `socketserver.BaseRequestHandler`.
///
/// # Examples
///
/// ```
/// use sockeye::{client::Client, server::{Connection, Next, Server, Session, factory}, socket::Address};
///
/// struct Chat {
///     peer: Address,
/// }
///
/// impl Session for Chat {
///     fn setup(&mut self, conn: &mut Connection) -> sockeye::Result<()> {
///         conn.sendall(format!("220 hello {}\r\n", self.peer).as_bytes())
///     }
///     fn handle(&mut self, conn: &mut Connection) -> sockeye::Result<Next> {
///         let line = conn.readline()?;
///         Ok(if line == b"QUIT\r\n" { Next::Close } else { Next::Wait })
///     }
///     fn finish(&mut self, conn: &mut Connection) {
///         let _ = conn.sendall(b"221 bye\r\n");
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// let server = Server::bind("127.0.0.1:0")?.spawn(factory(|peer| Chat { peer: peer.clone() }))?;
/// let mut client = Client::connect(server.addr())?;
/// assert!(client.readline()?.starts_with(b"220 hello 127.0.0.1:"));
/// client.sendall(b"QUIT\r\n")?;
/// assert_eq!(client.readline()?, b"221 bye\r\n");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
pub trait Session: Send + 'static {
    /// Called once, before the peer has sent anything: the place for a greeting. Default is to do nothing.
    ///
    /// Python: `BaseRequestHandler.setup`.
    ///
    /// # Errors
    ///
    /// Any error closes the connection; [`finish`](Self::finish) isn't called then.
    fn setup(&mut self, connection: &mut Connection<'_>) -> Result<()> {
        let _ = connection;
        Ok(())
    }

    /// As [`RequestHandler::handle`].
    ///
    /// Python: `BaseRequestHandler.handle`, which is called once for each connection.
    ///
    /// # Errors
    ///
    /// Any error closes the connection.
    fn handle(&mut self, connection: &mut Connection<'_>) -> Result<Next>;

    /// As [`RequestHandler::finish`]. Default is to do nothing.
    ///
    /// Python: `BaseRequestHandler.finish`.
    fn finish(&mut self, connection: &mut Connection<'_>) {
        let _ = connection;
    }
}

impl<F> Session for F
where
    F: FnMut(&mut Connection<'_>) -> Result<Next> + Send + 'static,
{
    fn handle(&mut self, connection: &mut Connection<'_>) -> Result<Next> {
        self(connection)
    }
}

/// Makes a server's handler of what makes a handler for each connection.
///
/// To judge connections or to see errors as well, write a [`RequestHandler`] that holds a `Factory` and hands `setup`,
/// `handle` and `finish` on to it.
///
/// Python: the `RequestHandlerClass` of a server.
///
/// # Examples
///
/// A closure for each connection, which counts; a type of one's own is shown at [`Session`]:
///
/// ```
/// use sockeye::{client::Client, server::{Connection, Next, Server, factory}};
///
/// # fn main() -> sockeye::Result<()> {
/// let server = Server::bind("127.0.0.1:0")?.spawn(factory(|_peer| {
///     let mut lines = 0;
///     move |conn: &mut Connection| {
///         let line = conn.readline()?;
///         lines += 1;
///         conn.sendall(format!("{lines}: ").as_bytes())?;
///         conn.sendall(&line)?;
///         Ok(Next::Wait)
///     }
/// }))?;
/// let mut client = Client::connect(server.addr())?;
/// client.sendall(b"one\ntwo\n")?;
/// assert_eq!(client.readline()?, b"1: one\n");
/// assert_eq!(client.readline()?, b"2: two\n");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
pub fn factory<F, S>(build: F) -> Factory<F>
where
    F: Fn(&Address) -> S + Send + Sync,
    S: Session,
{
    Factory { build }
}

/// What [`factory`] makes.
pub struct Factory<F> {
    build: F,
}

impl<F, S> Factory<F>
where
    F: Fn(&Address) -> S + Send + Sync,
    S: Session,
{
    /// Calls that with the connection's own handler.
    fn with<T>(
        connection: &mut Connection<'_>,
        call: impl FnOnce(&mut S, &mut Connection<'_>) -> T,
    ) -> Option<T> {
        // Taken out: the connection is the handler's as a whole.
        let session = connection.kept().take()?.downcast::<S>().ok()?;
        let put_back = |(session, connection): (Box<S>, &mut Connection<'_>)| {
            *connection.kept() = Some(session);
        };
        let (lent, outcome) =
            lend((session, connection), |(session, connection)| call(session, connection), put_back);
        put_back(lent);
        Some(outcome)
    }
}

impl<F, S> RequestHandler for Factory<F>
where
    F: Fn(&Address) -> S + Send + Sync,
    S: Session,
{
    fn setup(&self, connection: &mut Connection<'_>) -> Result<()> {
        let session = (self.build)(connection.getpeername());
        *connection.kept() = Some(Box::new(session));
        Self::with(connection, S::setup).unwrap_or_else(|| Err(lost()))
    }

    fn handle(&self, connection: &mut Connection<'_>) -> Result<Next> {
        Self::with(connection, S::handle).unwrap_or_else(|| Err(lost()))
    }

    fn finish(&self, connection: &mut Connection<'_>) {
        Self::with(connection, S::finish);
    }
}

/// Somebody called `handle` without `setup`, or two factories' in turns.
fn lost() -> Error {
    let why = "a connection without its handler: a Factory's setup, handle and finish belong together";
    Error::new(ErrorKind::InvalidInput, why)
}

impl<F> fmt::Debug for Factory<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Factory").finish_non_exhaustive()
    }
}
