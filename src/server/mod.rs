//! Many connections, few threads: Python's `socketserver`.
//!
//! - [`Server`] listens, and calls a handler whenever a connection has something to read.
//! - [`RequestHandler`] is that handler: a closure, or a type with hooks. [`factory`] gives each connection a
//!   [`Session`] of its own.
//! - [`Connection`] is what it gets; [`Next`] is what it answers.
//! - [`DatagramServer`], [`DatagramHandler`] and [`Datagram`] are the same for packets.
//! - [`ServerHandle`] is a running server: its address, its [`Counts`], its end.
//!
//! A handler is plain blocking code. It runs on the thread that noticed the data, so a quick answer costs one
//! `recv`, one `send` and a share of an `epoll_wait`; a connection that waits has no thread. When a handler
//! blocks, the engine notices within a millisecond or two and another thread goes on for everybody else.
//!
//! ```
//! use sockeye::{client::Client, server::{Connection, Next, Server}};
//!
//! # fn main() -> sockeye::Result<()> {
//! let server = Server::bind("127.0.0.1:0")?.spawn(|conn: &mut Connection| {
//!     let data = conn.recv(4096)?;
//!     conn.sendall(&data)?;
//!     Ok(Next::Wait)
//! })?;
//!
//! let mut client = Client::connect(server.addr())?;
//! client.sendall(b"hello")?;
//! assert_eq!(client.recv(4096)?, b"hello");
//! # server.shutdown();
//! # Ok(())
//! # }
//! ```
//!
//! # Python's `socketserver` here
//!
//! | Python | here |
//! |---|---|
//! | `TCPServer`, `UnixStreamServer` | [`Server::bind`] with an address or a path |
//! | `UDPServer`, `UnixDatagramServer` | [`DatagramServer::bind`] |
//! | `ThreadingMixIn` and the `Threading…` servers | always, with a bounded number of threads: [`Server::max_threads`] |
//! | `serve_forever`, `handle_request` | [`Server::serve_forever`], [`Server::handle_request`]; in threads of its own [`Server::spawn`] |
//! | `shutdown`, `server_close`, `block_on_close` | [`ServerHandle::shutdown`], [`ServerHandle::join`]; `with` is [`shutdown`](ServerHandle::shutdown) where it ends |
//! | `timeout`, `handle_timeout` | [`Server::request_timeout`], [`RequestHandler::handle_timeout`] |
//! | `service_actions` | [`Server::service_actions`] |
//! | `verify_request`, `handle_error` | [`RequestHandler::verify_request`], [`RequestHandler::handle_error`] |
//! | `server_address`, `socket`, `fileno`, `address_family`, `socket_type` | [`Server::addr`], [`Server::sockets`], and the socket's [`family`](Socket::family) and [`kind`](Socket::kind) |
//! | `request_queue_size`, `allow_reuse_address` | [`Server::backlog`]; always on for streams |
//! | `allow_reuse_port`, `bind_and_activate=False`, `server_bind`, `server_activate` | [`Server::from`] a socket of one's own, say of [`ListenOptions`](crate::socket::ListenOptions) |
//! | `max_packet_size` | [`DatagramServer::max_packet_size`] |
//! | `BaseRequestHandler`, `RequestHandlerClass`: an object for each connection | [`Session`], [`factory`]; one for all is [`RequestHandler`] |
//! | a handler's `server` attribute | the handler itself: it lives as long as the server and holds what it needs; [`ServerHandle::shutdown`] shows one that ends its server |
//! | `setup`, `handle`, `finish` | [`RequestHandler::setup`], [`handle`](RequestHandler::handle), [`finish`](RequestHandler::finish) |
//! | `request`, `client_address`, `connection` | [`Connection::socket`], [`Connection::getpeername`] |
//! | `StreamRequestHandler`: `rfile`, `wfile` | [`Connection`]: `readline`, `sendall`, `Read`, `BufRead`, `Write` |
//! | its `timeout` | [`Server::timeout`], [`Connection::settimeout`]; there is one by default |
//! | its `disable_nagle_algorithm` | always; `setsockopt(IPPROTO_TCP, TCP_NODELAY, false)` in `setup` brings it back |
//! | its `rbufsize`, `wbufsize` | reading has a buffer, writing none: `std::io::BufWriter` around a [`Connection`] |
//! | `DatagramRequestHandler`: `packet`, `socket`, `rfile`, `wfile` | [`DatagramHandler`]; [`Datagram`] is all four |
//!
//! Not here:
//!
//! - `ForkingMixIn`, the `Forking…` servers, `max_children`, `collect_children`: forking a process that has threads
//!   leaves the child with locks that nobody will open.
//! - `get_request`, `process_request`, `finish_request`, `shutdown_request`, `close_request`: what is done between
//!   accepting and closing is the engine's, which ends what was sent before it closes (`shutdown(SHUT_WR)`), as they do;
//!   `verify_request`, `setup` and `finish` stand where users overrode them.
//! - `poll_interval`: nothing polls; [`shutdown`](ServerHandle::shutdown) takes effect at once.
//! - `daemon_threads`: a process may end while its servers run; who wants to wait calls [`join`](ServerHandle::join).
//! - Removing a Unix socket's file, which Python doesn't either: the error about one that was left behind says so.

mod buffered;
mod connection;
mod datagram;
mod detached;
pub(crate) mod engine;
mod handle;
mod limits;
mod plain;
mod session;
pub(crate) mod setup;
mod turn;

use std::time::Duration;

use crate::{
    error::Result,
    socket::{Address, SOCK_STREAM, Socket, ToAddress, create_server},
};

pub use connection::Connection;
pub use datagram::{Datagram, DatagramHandler, DatagramServer};
pub use detached::Detached;
pub use engine::Counts;
pub use handle::ServerHandle;
pub use plain::{Next, RequestHandler};
pub use session::{Factory, Session, factory};

use setup::Setup;
use turn::Plain;

/// Listens, and serves every connection.
///
/// Python: `socketserver.ThreadingTCPServer`, `ThreadingUnixStreamServer`.
///
/// # Examples
///
/// ```no_run
/// // It serves until the process ends.
/// use sockeye::server::{Connection, Next, Server};
///
/// # fn main() -> sockeye::Result<()> {
/// Server::bind(("", 4096))?.serve_forever(|conn: &mut Connection| {
///     let data = conn.recv(4096)?;
///     conn.sendall(&data)?;
///     Ok(Next::Wait)
/// })?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    setup: Setup,
    /// How long a connection may send nothing.
    idle: Option<Duration>,
}

impl Server {
    /// Listens there: `("", port)` on all addresses of the machine, IPv6 and IPv4; port 0 takes a free one.
    ///
    /// Sets `SO_REUSEADDR`, so that a server can be started again at once, and `TCP_NODELAY` for what it accepts. A
    /// path is a Unix socket, whose file is neither replaced nor removed at the end, as in Python. For other kinds
    /// (`SOCK_SEQPACKET`) and options there is [`ListenOptions`](crate::socket::ListenOptions), and
    /// [`Server::from`] a socket.
    ///
    /// Python: the constructors of `socketserver.TCPServer` and `UnixStreamServer`, with `allow_reuse_address`. In
    /// `std::net`: `TcpListener::bind`.
    ///
    /// # Errors
    ///
    /// [`AddressInUse`](crate::ErrorKind::AddressInUse), [`PermissionDenied`](crate::ErrorKind::PermissionDenied)
    /// for ports below 1024, [`UnknownHost`](crate::ErrorKind::UnknownHost).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, server::Server};
    /// let server = Server::bind(("localhost", 0))?;
    /// let error = Server::bind(server.addr()?).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::AddressInUse);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn bind(address: impl ToAddress) -> Result<Server> {
        Ok(Server { setup: Setup::bind(address, SOCK_STREAM)?, idle: None })
    }

    /// Serves on that address as well.
    ///
    /// Python: a second server.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("control");
    /// let server = Server::bind("127.0.0.1:0")?.also_bind(path.as_path())?;
    /// let server = server.spawn(|conn: &mut Connection| {
    ///     conn.readline()?;
    ///     conn.sendall(if conn.getpeername().port().is_some() { b"net" } else { b"own" })?;
    ///     Ok(Next::Close)
    /// })?;
    /// let mut client = Client::connect(path.as_path())?;
    /// client.sendall(b"?\n")?;
    /// assert_eq!(client.recv(64)?, b"own");
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn also_bind(mut self, address: impl ToAddress) -> Result<Server> {
        self.setup.sockets.push(create_server(address)?);
        Ok(self)
    }

    /// Serves at that socket as well, which listens already.
    ///
    /// Python: a `TCPServer` made with `bind_and_activate=False` whose `socket` is replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{server::Server, socket::{AF_INET6, ListenOptions}};
    /// # use sockeye::socket::has_ipv6;
    /// # if !has_ipv6() { return Ok(()); }
    /// let six = ListenOptions::new().family(AF_INET6).only_ipv6().create_server(("::1", 0))?;
    /// let server = Server::bind("127.0.0.1:0")?.also_from(six);
    /// assert_eq!(server.addrs()?[1].family(), AF_INET6);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn also_from(mut self, socket: Socket) -> Server {
        self.setup.sockets.push(socket);
        self
    }

    /// Has the kernel keep so many connections that wait to be accepted, on each address bound so far. Default is
    /// 4,096; the system's limit (`net.core.somaxconn`) is a bound.
    ///
    /// Python: `request_queue_size`, by default 5.
    ///
    /// # Errors
    ///
    /// As `listen`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?.backlog(16)?;
    /// // Connected, though nobody has accepted them yet.
    /// let mut clients = [Client::connect(server.addr()?)?, Client::connect(server.addr()?)?];
    /// for client in &mut clients {
    ///     client.sendall(b"?")?;
    ///     server.handle_request(|conn: &mut Connection| conn.sendall(b"!").map(|()| Next::Close))?;
    ///     assert_eq!(client.recv(64)?, b"!");
    /// }
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn backlog(self, connections: i32) -> Result<Server> {
        self.setup.sockets.iter().try_for_each(|socket| socket.listen(connections))?;
        Ok(self)
    }

    /// Has that called every so often while the server runs, each millisecond at most, for the first time after one
    /// interval; on a thread of its own, so it may block. It ends with [`shutdown`](ServerHandle::shutdown). Default is nothing.
    ///
    /// Python: `service_actions`, which is called every `poll_interval` of half a second, and after each request too.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{sync::mpsc, time::Duration};
    /// use sockeye::server::{Connection, Next, Server};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let (tell, told) = mpsc::channel();
    /// let server = Server::bind("127.0.0.1:0")?
    ///     .service_actions(Duration::from_millis(1), move || tell.send("swept").unwrap_or(()))
    ///     .spawn(|_: &mut Connection| Ok(Next::Close))?;
    /// assert_eq!(told.recv(), Ok("swept"));
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn service_actions(mut self, interval: Duration, actions: impl FnMut() + Send + 'static) -> Server {
        self.setup.call_every(interval, actions);
        self
    }

    /// The address it listens on, with the port that the system chose; the first one, if there are several.
    ///
    /// Python: `server.server_address`. In `std::net`: `TcpListener::local_addr`.
    ///
    /// # Errors
    ///
    /// As `getsockname`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::server::Server;
    /// let server = Server::bind("127.0.0.1:0")?;
    /// println!("listening on {}", server.addr()?);
    /// assert_ne!(server.addr()?.port(), Some(0));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "server_address")]
    #[doc(alias = "local_addr")]
    pub fn addr(&self) -> Result<Address> {
        self.setup.addr()
    }

    /// All addresses that it listens on.
    ///
    /// Python: `server_address`, for the one address that a server has there.
    ///
    /// # Errors
    ///
    /// As `getsockname`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::Server};
    /// let server = Server::bind("127.0.0.1:0")?.also_bind("127.0.0.1:0")?;
    /// for addr in server.addrs()? {
    ///     assert!(Client::connect(addr).is_ok());
    /// }
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn addrs(&self) -> Result<Vec<Address>> {
        self.setup.addrs()
    }

    /// Its listening sockets, for their options and descriptors.
    ///
    /// Python: `server.socket`, `server.fileno()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{server::Server, socket::{AF_INET, SOL_SOCKET, SO_KEEPALIVE}};
    /// let server = Server::bind("127.0.0.1:0")?;
    /// for socket in server.sockets() {
    ///     socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, true)?; // which what is accepted inherits
    /// }
    /// assert_eq!(server.sockets()[0].family(), AF_INET);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn sockets(&self) -> &[Socket] {
        &self.setup.sockets
    }

    /// Serves for ever, or until the process ends; the calling thread waits.
    ///
    /// Python: `serve_forever`, with `ThreadingMixIn`.
    ///
    /// # Errors
    ///
    /// When the system has no descriptors, memory or threads left to begin with.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let addr = server.addr()?;
    /// thread::spawn(move || server.serve_forever(|conn: &mut Connection| {
    ///     conn.sendall(b"hello")?;
    ///     Ok(Next::Close)
    /// }));
    /// let mut client = Client::connect(addr)?;
    /// client.sendall(b"?")?;
    /// assert_eq!(client.recv(64)?, b"hello");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn serve_forever(self, handler: impl RequestHandler + 'static) -> Result<()> {
        self.spawn(handler)?.join()
    }

    /// Serves in threads of its own.
    ///
    /// Python: `threading.Thread(target=server.serve_forever).start()`.
    ///
    /// # Errors
    ///
    /// As [`serve_forever`](Self::serve_forever).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Mutex;
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let visitors = Mutex::new(0); // the handler has it: no global
    /// let server = Server::bind("127.0.0.1:0")?.spawn(move |conn: &mut Connection| {
    ///     conn.readline()?;
    ///     let mut visitors = visitors.lock().unwrap();
    ///     *visitors += 1;
    ///     conn.sendall(format!("number {visitors}\n").as_bytes())?;
    ///     Ok(Next::Wait)
    /// })?;
    /// let mut client = Client::connect(server.addr())?;
    /// client.sendall(b"\n\n")?;
    /// assert_eq!(client.readline()?, b"number 1\n");
    /// assert_eq!(client.readline()?, b"number 2\n");
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn spawn(self, handler: impl RequestHandler + 'static) -> Result<ServerHandle> {
        let plain = Plain::new(handler, self.idle, self.setup.timeout);
        self.setup.spawn(plain)
    }

    /// Accepts one connection and serves it to its end, on the calling thread: the handler may borrow what stands
    /// around it. Waits for the [`request_timeout`](Self::request_timeout).
    ///
    /// Python: `server.handle_request()`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](crate::ErrorKind::TimedOut) when nobody came, after
    /// [`handle_timeout`](RequestHandler::handle_timeout); [`Cancelled`](crate::ErrorKind::Cancelled) by the token of the
    /// listening socket, or by one that the handler gave to the connection's, also while a connection waits for its peer;
    /// and what `accept` reports.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.addr()?)?;
    /// client.sendall(b"one line\n")?;
    /// server.handle_request(|conn: &mut Connection| {
    ///     let line = conn.readline()?;
    ///     conn.sendall(&line)?;
    ///     Ok(Next::Close)
    /// })?;
    /// assert_eq!(client.readline()?, b"one line\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_request(&self, handler: impl RequestHandler) -> Result<()> {
        let (socket, peer) = match self.setup.accept_request() {
            Err(error) if error.is_timeout() => {
                handler.handle_timeout();
                return Err(error);
            }
            outcome => outcome?,
        };
        engine::serve_one(&Plain::new(handler, self.idle, self.setup.timeout), socket, peer)
    }
}

/// From a socket that listens already: of a parent process, of any family, with any options.
impl From<Socket> for Server {
    fn from(socket: Socket) -> Server {
        Server { setup: Setup::over(socket), idle: None }
    }
}
