//! A server's handler, and what it answers.

use std::sync::Arc;

use crate::{
    error::{Error, Result},
    socket::Address,
};

use super::{connection::Connection, detached::Detached};

/// How a connection goes on after its handler.
///
/// In an opener's chain of handlers it is a [`urllib::Next`](crate::urllib::Next).
///
/// Python: `self.close_connection` of `http.server`; `socketserver` closes whenever the handler returns.
///
/// # Examples
///
/// ```
/// use sockeye::{client::Client, server::{Connection, Next, Server}};
///
/// # fn main() -> sockeye::Result<()> {
/// let server = Server::bind("127.0.0.1:0")?.spawn(|conn: &mut Connection| {
///     let line = conn.readline()?;
///     conn.sendall(&line)?;
///     Ok(if line == b"QUIT\n" { Next::Close } else { Next::Wait })
/// })?;
/// let mut client = Client::connect(server.addr())?;
/// client.sendall(b"hello\nQUIT\n")?;
/// assert_eq!(client.readline()?, b"hello\n");
/// assert_eq!(client.readline()?, b"QUIT\n");
/// assert_eq!(client.readline()?, b"", "the server has closed it");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
pub enum Next {
    /// Call again when there is something to read. A connection whose end was read is closed instead.
    Wait,
    /// Close the connection. The peer sees its end after all that was sent (`shutdown(SHUT_WR)` comes before
    /// `close`), also where it has sent what nobody has read. That is thrown away, and from then on the system answers
    /// with a reset: of a long answer that is still on its way then the rest may be lost, as in Python.
    Close,
    /// The connection leaves the server and goes to that function, which may keep the calling thread for as
    /// long as it wants. [`Next::detach`] makes one.
    Detach(Box<dyn FnOnce(Detached) + Send>),
}

impl Next {
    /// Gives the connection away, as after an upgrade to another protocol.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Write;
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let server = Server::bind("127.0.0.1:0")?.spawn(|conn: &mut Connection| {
    ///     conn.readline()?;
    ///     Ok(Next::detach(|mut own| drop(own.write_all(b"yours\n"))))
    /// })?;
    /// let mut client = Client::connect(server.addr())?;
    /// client.sendall(b"UPGRADE\n")?;
    /// assert_eq!(client.readline()?, b"yours\n");
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn detach(taker: impl FnOnce(Detached) + Send + 'static) -> Next {
        Next::Detach(Box::new(taker))
    }
}

impl std::fmt::Debug for Next {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Next::Wait => "Wait",
            Next::Close => "Close",
            Next::Detach(_) => "Detach",
        })
    }
}

/// Serves a server's connections. A closure `|conn: &mut Connection| …` is one.
///
/// | to call | to write | duty |
/// |---|---|---|
/// | | [`handle`](Self::handle) | read what there is, answer, say how to go on |
/// | | [`verify_request`](Self::verify_request) | judge a new connection by its address |
/// | | [`setup`](Self::setup) | greet |
/// | | [`finish`](Self::finish) | say good-bye, clear away |
/// | | [`handle_error`](Self::handle_error) | log an error of `setup` or `handle`; its connection is closed |
/// | | [`handle_timeout`](Self::handle_timeout) | do something while nobody comes |
///
/// One handler serves all connections, several at the same time; in an `Arc` it can be used again, or be shared with
/// others. [`factory`](super::factory) gives each connection a
/// handler of its own, which may change.
///
/// Python: `socketserver.BaseRequestHandler`, and the hooks of `BaseServer`.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use sockeye::{Result, client::Client, server::{Connection, Next, RequestHandler, Server}};
///
/// #[derive(Default)]
/// struct Count(AtomicUsize);
///
/// impl RequestHandler for Count {
///     fn setup(&self, conn: &mut Connection<'_>) -> Result<()> {
///         let visitor = self.0.fetch_add(1, Ordering::Relaxed) + 1;
///         conn.sendall(format!("you are visitor {visitor}\n").as_bytes())
///     }
///     fn handle(&self, _: &mut Connection<'_>) -> Result<Next> {
///         Ok(Next::Close)
///     }
/// }
/// # fn main() -> Result<()> {
/// let server = Server::bind("127.0.0.1:0")?.spawn(Count::default())?;
/// assert_eq!(Client::connect(server.addr())?.readline()?, b"you are visitor 1\n");
/// assert_eq!(Client::connect(server.addr())?.readline()?, b"you are visitor 2\n");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
pub trait RequestHandler: Send + Sync {
    /// Called whenever the connection has something to read, which may be its end. May block, and may as well serve
    /// the connection to its end in a loop.
    ///
    /// Python: `BaseRequestHandler.handle`, which is called once for each connection, before it has sent anything.
    ///
    /// # Errors
    ///
    /// Any error closes the connection, after [`handle_error`](Self::handle_error).
    fn handle(&self, connection: &mut Connection<'_>) -> Result<Next>;

    /// Whether a new connection shall be served; else it is closed at once. Default is yes.
    ///
    /// A server for both IPv4 and IPv6 sees IPv4 peers as `::ffff:1.2.3.4`; [`Address::canonical`] writes them as IPv4.
    ///
    /// Python: `BaseServer.verify_request`, which gets the request's socket as well.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::IpAddr;
    /// use sockeye::{Result, client::Client, server::{Connection, Next, RequestHandler, Server}, socket::Address};
    ///
    /// struct Banning(IpAddr);
    /// impl RequestHandler for Banning {
    ///     fn verify_request(&self, peer: &Address) -> bool {
    ///         peer.canonical().ip() != Some(self.0)
    ///     }
    ///     fn handle(&self, _: &mut Connection) -> Result<Next> {
    ///         Ok(Next::Wait)
    ///     }
    /// }
    /// let server = Server::bind("127.0.0.1:0")?.spawn(Banning([127, 0, 0, 1].into()))?;
    /// let mut client = Client::connect(server.addr())?;
    /// assert_eq!(client.recv(64)?, b"", "the server has closed it");
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    fn verify_request(&self, peer: &Address) -> bool {
        let _ = peer;
        true
    }

    /// Called once for each connection that was verified, before its peer has sent anything: the place for a greeting
    /// and for the connection's options. Default is to do nothing.
    ///
    /// Python: `BaseRequestHandler.setup`.
    ///
    /// # Errors
    ///
    /// Any error closes the connection, after [`handle_error`](Self::handle_error).
    fn setup(&self, connection: &mut Connection<'_>) -> Result<()> {
        let _ = connection;
        Ok(())
    }

    /// Called once when a connection ends that was set up, whyever: its handler said so or failed, it was idle for too
    /// long, the server shuts down, the peer has closed it. It may be written to if the peer still reads. Not called
    /// after a panic, nor for a connection that was detached. Default is to do nothing.
    ///
    /// Python: `BaseRequestHandler.finish`, which isn't called either where `setup` failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{Result, client::Client, server::{Connection, Next, RequestHandler, Server}};
    ///
    /// struct Polite;
    /// impl RequestHandler for Polite {
    ///     fn handle(&self, conn: &mut Connection) -> Result<Next> {
    ///         conn.readline()?;
    ///         Ok(Next::Close)
    ///     }
    ///     fn finish(&self, conn: &mut Connection) {
    ///         let _ = conn.sendall(b"221 bye\r\n");
    ///     }
    /// }
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.addr()?)?;
    /// client.sendall(b"QUIT\r\n")?;
    /// server.handle_request(Polite)?;
    /// assert_eq!(client.readline()?, b"221 bye\r\n");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    fn finish(&self, connection: &mut Connection<'_>) {
        let _ = connection;
    }

    /// Told when [`setup`](Self::setup) or [`handle`](Self::handle) failed. Default is to say nothing.
    ///
    /// Python: `BaseServer.handle_error`, which prints a traceback.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use sockeye::{Error, ErrorKind, Result, client::Client, socket::Address};
    /// use sockeye::server::{Connection, Next, RequestHandler, Server};
    ///
    /// struct Telling(mpsc::Sender<(Address, ErrorKind)>);
    /// impl RequestHandler for Telling {
    ///     fn handle(&self, _: &mut Connection) -> Result<Next> {
    ///         Err(Error::new(ErrorKind::Protocol, "as always"))
    ///     }
    ///     fn handle_error(&self, peer: &Address, error: &Error) {
    ///         let _ = self.0.send((peer.clone(), error.kind()));
    ///     }
    /// }
    /// let (tell, told) = mpsc::channel();
    /// let server = Server::bind("127.0.0.1:0")?.spawn(Telling(tell))?;
    /// let mut client = Client::connect(server.addr())?;
    /// client.sendall(b"?")?;
    /// assert_eq!(told.recv(), Ok((client.socket()?.getsockname()?, ErrorKind::Protocol)));
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    fn handle_error(&self, peer: &Address, error: &Error) {
        let _ = (peer, error);
    }

    /// Told when [`handle_request`](super::Server::handle_request) waited in vain. Default is to do nothing.
    ///
    /// Python: `BaseServer.handle_timeout`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{sync::atomic::{AtomicU32, Ordering}, time::Duration};
    /// use sockeye::{Result, server::{Connection, Next, RequestHandler, Server}};
    ///
    /// struct Patient<'a>(&'a AtomicU32);
    /// impl RequestHandler for Patient<'_> {
    ///     fn handle(&self, _: &mut Connection) -> Result<Next> {
    ///         Ok(Next::Close)
    ///     }
    ///     fn handle_timeout(&self) {
    ///         self.0.fetch_add(1, Ordering::Relaxed);
    ///     }
    /// }
    /// let in_vain = AtomicU32::new(0);
    /// let server = Server::bind("127.0.0.1:0")?.request_timeout(Duration::from_millis(1));
    /// while in_vain.load(Ordering::Relaxed) < 3 {
    ///     assert!(server.handle_request(Patient(&in_vain)).unwrap_err().is_timeout());
    /// }
    /// assert_eq!(in_vain.into_inner(), 3);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    fn handle_timeout(&self) {}
}

impl<F> RequestHandler for F
where
    F: Fn(&mut Connection<'_>) -> Result<Next> + Send + Sync,
{
    fn handle(&self, connection: &mut Connection<'_>) -> Result<Next> {
        self(connection)
    }
}

/// One handler for several servers, or for one call of [`handle_request`](super::Server::handle_request) after the other.
///
/// # Examples
///
/// Python's `while True: server.handle_request()`:
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
/// use sockeye::{Result, client::Client, server::{Connection, Next, RequestHandler, Server}};
///
/// #[derive(Default)]
/// struct Greeter {
///     greeted: AtomicUsize,
/// }
/// impl RequestHandler for Greeter {
///     fn setup(&self, conn: &mut Connection) -> Result<()> {
///         conn.sendall(b"hello\n")
///     }
///     fn handle(&self, _: &mut Connection) -> Result<Next> {
///         self.greeted.fetch_add(1, Ordering::Relaxed);
///         Ok(Next::Close)
///     }
/// }
/// let server = Server::bind("127.0.0.1:0")?;
/// let mut clients = [Client::connect(server.addr()?)?, Client::connect(server.addr()?)?];
/// for client in &mut clients {
///     client.sendall(b"x")?;
/// }
/// let greeter = Arc::new(Greeter::default());
/// while greeter.greeted.load(Ordering::Relaxed) < 2 {
///     server.handle_request(greeter.clone())?;
/// }
/// for client in &mut clients {
///     assert_eq!(client.readline()?, b"hello\n");
/// }
/// # Ok::<(), sockeye::Error>(())
/// ```
impl<H: RequestHandler + ?Sized> RequestHandler for Arc<H> {
    fn handle(&self, connection: &mut Connection<'_>) -> Result<Next> {
        (**self).handle(connection)
    }

    fn verify_request(&self, peer: &Address) -> bool {
        (**self).verify_request(peer)
    }

    fn setup(&self, connection: &mut Connection<'_>) -> Result<()> {
        (**self).setup(connection)
    }

    fn finish(&self, connection: &mut Connection<'_>) {
        (**self).finish(connection);
    }

    fn handle_error(&self, peer: &Address, error: &Error) {
        (**self).handle_error(peer, error);
    }

    fn handle_timeout(&self) {
        (**self).handle_timeout();
    }
}
