//! An HTTP server: where it listens, and what it allows.

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    error::{Error, ErrorKind, Result},
    server::{ServerHandle, engine::serve_one, setup::Setup},
    socket::{Address, IPPROTO_TCP, Socket, TCP_DEFER_ACCEPT, ToAddress, create_server},
    wire::write::is_text,
};

use super::{
    Handler, LogEntry,
    service::{HttpService, Log},
    settings::Settings,
};

/// The kernel hands a connection over when its first bytes are there, or after so many seconds.
const DEFER_ACCEPT: i32 = 5;

/// Listens, and answers HTTP/1.1 and HTTP/1.0 requests.
///
/// Limits and timeouts are on by default; each has a setter that says how much it is.
///
/// Python: `http.server.ThreadingHTTPServer`.
///
/// # Examples
///
/// ```
/// use std::io::Write;
/// use sockeye::{
///     http::{Handler, HttpServer, Request, Response, StatusCode},
///     socket::create_connection,
/// };
///
/// struct Sample;
/// impl Handler for Sample {
///     fn do_get(&self, request: &mut Request<'_>, response: Response<'_>) -> sockeye::Result<()> {
///         let contents = "Hello World";
///         let mut body = response
///             .send_response(StatusCode::OK)
///             .send_header("Content-Type", "text/html; charset=utf-8")
///             .send_header("Content-Length", contents.len())
///             .end_headers()?;
///         body.write_all(contents.as_bytes())?;
///         Ok(())
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// let server = HttpServer::bind("127.0.0.1:0")?.spawn(Sample)?;
/// let client = create_connection(server.addr(), None)?;
/// client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
/// let mut answer = [0; 17];
/// client.recv(&mut answer)?;
/// assert_eq!(&answer, b"HTTP/1.1 200 OK\r\n");
/// server.shutdown();
/// # Ok(())
/// # }
/// ```
#[doc(alias = "ThreadingHTTPServer")]
#[doc(alias = "HTTPServer")]
pub struct HttpServer {
    setup: Setup,
    settings: Settings,
    log: Option<Log>,
    /// What is wrong with a setting.
    fault: Option<&'static str>,
}

impl HttpServer {
    /// Listens there: `("", port)` on all addresses of the machine, IPv6 and IPv4; port 0 takes a free one.
    ///
    /// Sets `SO_REUSEADDR` and `TCP_NODELAY`, and on Linux `TCP_DEFER_ACCEPT`: a connection is accepted together
    /// with its first bytes.
    ///
    /// Python: `HTTPServer(address, handler)`. In `std::net`: `TcpListener::bind`.
    ///
    /// # Errors
    ///
    /// [`AddressInUse`](ErrorKind::AddressInUse), [`PermissionDenied`](ErrorKind::PermissionDenied) for ports
    /// below 1024, [`UnknownHost`](ErrorKind::UnknownHost).
    pub fn bind(address: impl ToAddress) -> Result<HttpServer> {
        let socket = create_server(address)?;
        // A wish: it fails on Unix sockets, and then nothing is lost.
        let _ = socket.setsockopt(IPPROTO_TCP, TCP_DEFER_ACCEPT, DEFER_ACCEPT);
        Ok(HttpServer::from(socket))
    }

    /// Serves on that address as well.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    pub fn also_bind(mut self, address: impl ToAddress) -> Result<HttpServer> {
        self.setup.sockets.append(&mut HttpServer::bind(address)?.setup.sockets);
        Ok(self)
    }

    /// Has the kernel keep so many connections that wait to be accepted, on each address bound so far. Default is
    /// 4,096; the system's limit (`net.core.somaxconn`) is a bound.
    ///
    /// Python: `request_queue_size`, by default 5.
    ///
    /// # Errors
    ///
    /// As `listen`.
    #[doc(alias = "request_queue_size")]
    pub fn backlog(self, connections: i32) -> Result<HttpServer> {
        self.setup.sockets.iter().try_for_each(|socket| socket.listen(connections))?;
        Ok(self)
    }

    /// Says who answers, in the header `Server`; `""` leaves it out. Default is `sockeye`.
    ///
    /// Control characters in it are an error of [`spawn`](Self::spawn) and
    /// [`handle_request`](Self::handle_request).
    ///
    /// Python: `BaseHTTPRequestHandler.server_version`.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> HttpServer {
        self.settings.server = name.into();
        if !is_text(self.settings.server.as_bytes()) {
            self.fault = Some("the server's name must not hold control characters");
        }
        self
    }

    /// Has each answer told to that function, besides [`Handler::log_request`]: with `{:#}` also why a handler failed
    /// or a request was refused. Default is nobody: then only the error page says why a request was refused, and
    /// nothing why a handler failed.
    ///
    /// It runs on the thread that serves, and should be quick: an answer that ends another one for the sake of
    /// [`max_unsent`](Self::max_unsent) waits while that one is told. A panic in it is counted
    /// ([`Counts::panicked`](crate::server::Counts::panicked)); the answer is sent all the same.
    ///
    /// Python: `BaseHTTPRequestHandler.log_request`, which is always on.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::http::HttpServer;
    /// # fn main() -> sockeye::Result<()> {
    /// let server = HttpServer::bind("127.0.0.1:0")?.log_requests(|entry| eprintln!("{entry:#}"));
    /// # assert_ne!(server.addr()?.port(), Some(0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn log_requests(mut self, log: impl Fn(&LogEntry<'_>) + Send + Sync + 'static) -> HttpServer {
        self.log = Some(Arc::new(log));
        self
    }

    /// The most bytes of a request's head; more is a 431 (RFC 6585 §5). Default is 64 KiB.
    ///
    /// Python: 64 KiB for each line, without a setting.
    #[must_use]
    pub fn max_head(mut self, bytes: usize) -> HttpServer {
        self.settings.limits.head = bytes;
        self
    }

    /// The most headers of a request, at most 100; more is a 431 (RFC 6585 §5). Default is 100.
    ///
    /// Python: `http.client._MAXHEADERS`, which is 100.
    #[must_use]
    pub fn max_headers(mut self, headers: usize) -> HttpServer {
        self.settings.limits.fields = headers.min(100);
        self
    }

    /// The most bytes of a request's target; more is a 414 (RFC 9110 §15.5.15). Default is 8 KiB, which RFC 9112 §3
    /// recommends at least.
    ///
    /// Python: 64 KiB for the request line, without a setting.
    #[must_use]
    pub fn max_target(mut self, bytes: usize) -> HttpServer {
        self.settings.limits.target = bytes;
        self
    }

    /// The most bytes of a request's body; more is a 413 (RFC 9110 §15.5.14): at once where its `Content-Length` says
    /// so, else from the read that passes the limit. Default is 64 MiB.
    ///
    /// Python: none.
    #[must_use]
    pub fn max_body(mut self, bytes: u64) -> HttpServer {
        self.settings.body = bytes;
        self
    }

    /// The most bytes of answers that wait in memory for their readers, over all connections. Default is 256 MiB.
    ///
    /// When one more has to wait and there are too many, connections are broken off by a reset, first the one whose
    /// reader has taken nothing for longest, until there is room: peers who ask much and read nothing can't take all the
    /// memory. [`Counts::expired`](crate::server::Counts::expired) counts them, and the log says
    /// [`OutOfResources`](ErrorKind::OutOfResources).
    ///
    /// The newest answer is never refused: one that is longer than the limit is sent too, but costs all others that
    /// wait, and the next one that has to wait may cost it. So the limit should be many times the longest answer.
    ///
    /// What counts is what [`Head::body`](super::Head::body) got, as long as not all of it is sent, and up to 64 KiB of
    /// what was written to a [`Body`](super::Body). What the kernel has is no part of it, and files aren't
    /// ([`Head::send_file`](super::Head::send_file)).
    ///
    /// Python: none; each answer is in the memory of its thread.
    #[must_use]
    pub fn max_unsent(mut self, bytes: usize) -> HttpServer {
        self.settings.unsent = bytes;
        self
    }

    /// Past so many open connections, accepting waits until one ends; see [`evict_after`](Self::evict_after). Default
    /// is 10,000.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> HttpServer {
        self.setup.config.max_connections = connections;
        self
    }

    /// When there are as many connections as allowed and another one waits, the one that has been idle longest is
    /// closed to make room, if it has been idle for so long: so idle connections can't keep everybody out. Default is 5
    /// seconds; `None` closes none.
    ///
    /// Idle is a connection between two requests, or before its first one.
    #[must_use]
    pub fn evict_after(mut self, idle: impl Into<Option<Duration>>) -> HttpServer {
        self.setup.config.evict_after = idle.into();
        self
    }

    /// So many handlers may block at a time, each a thread of its own; past it, all wait for one of them to end,
    /// while the server goes on to accept and to keep its time limits. Default is 512.
    ///
    /// Three quarters of them (one at least) may wait for their peers at a time, for more of a request's body or for
    /// room for an answer, so that peers who stall can't stop the rest. When one more has to wait, the one that has
    /// waited longest without progress is given up: its reading or writing fails with
    /// [`OutOfResources`](ErrorKind::OutOfResources). A handler that returns it answers an upload with a 503; an
    /// answer breaks off, and its connection closes.
    ///
    /// Bodies of up to 64 KiB, and the first 64 KiB of larger ones, are collected before the handler runs, and
    /// [`Head::body`](super::Head::body) and [`Head::send_file`](super::Head::send_file) never wait: these take no
    /// thread, however slow the peer.
    ///
    /// Python: `ThreadingHTTPServer` has no bound.
    #[must_use]
    pub fn max_threads(mut self, threads: usize) -> HttpServer {
        self.setup.config.max_threads = threads;
        self
    }

    /// How long a request's head may take, from the connection's start or the head's first byte: one more byte
    /// doesn't begin it anew. After it a 408 is sent (RFC 9110 §15.5.9), if a head had begun. `None` is without a
    /// limit. Default is 30 seconds.
    ///
    /// Python: `StreamRequestHandler.timeout`, for each read, by default none.
    #[must_use]
    pub fn head_timeout(mut self, limit: impl Into<Option<Duration>>) -> HttpServer {
        self.settings.head_time = limit.into();
        self
    }

    /// How long to wait for more of a request's body; for all of it, if it comes slower than 500 bytes a second.
    /// After it a 408 is sent, unless the handler answers otherwise. `None` is without a limit. Default is 30 seconds.
    ///
    /// Python: `StreamRequestHandler.timeout`, for each read, by default none.
    #[must_use]
    pub fn body_timeout(mut self, limit: impl Into<Option<Duration>>) -> HttpServer {
        self.settings.body_time = limit.into();
        self
    }

    /// How long a connection may be silent between two requests; then it is closed (RFC 9112 §9.5). `None` is without
    /// a limit. Default is 60 seconds.
    ///
    /// Python: `StreamRequestHandler.timeout`, by default none.
    #[must_use]
    pub fn idle_timeout(mut self, limit: impl Into<Option<Duration>>) -> HttpServer {
        self.settings.idle_time = limit.into();
        self
    }

    /// How long to wait for the peer to take more of an answer; for all that is left when it is first waited for, if
    /// it is taken slower than 500 bytes a second. Then the connection is broken off. It is earlier when too many
    /// handlers wait ([`max_threads`](Self::max_threads)), or too many bytes ([`max_unsent`](Self::max_unsent)). `None`
    /// is without a limit. Default is 30 seconds.
    ///
    /// Python: `StreamRequestHandler.timeout`, by default none.
    #[must_use]
    pub fn write_timeout(mut self, limit: impl Into<Option<Duration>>) -> HttpServer {
        self.settings.write_time = limit.into();
        self
    }

    /// How long [`handle_request`](Self::handle_request) waits for a connection. Default is the first listening
    /// socket's own timeout: none.
    ///
    /// Python: `server.timeout`.
    #[must_use]
    pub fn request_timeout(mut self, limit: impl Into<Option<Duration>>) -> HttpServer {
        self.setup.request_timeout = limit.into();
        self
    }

    /// Has that called every so often while the server runs, as
    /// [`Server::service_actions`](crate::server::Server::service_actions) does.
    ///
    /// Python: `service_actions`.
    #[must_use]
    pub fn service_actions(
        mut self,
        interval: Duration,
        actions: impl FnMut() + Send + 'static,
    ) -> HttpServer {
        self.setup.call_every(interval, actions);
        self
    }

    /// Its listening sockets, for their options and descriptors.
    ///
    /// Python: `server.socket`, `server.fileno()`.
    #[must_use]
    pub fn sockets(&self) -> &[Socket] {
        &self.setup.sockets
    }

    /// The address it listens on, with the port that the system chose; the first one, if there are several.
    ///
    /// Python: `server.server_address`. In `std::net`: `TcpListener::local_addr`.
    ///
    /// # Errors
    ///
    /// As `getsockname`.
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
    pub fn addrs(&self) -> Result<Vec<Address>> {
        self.setup.addrs()
    }

    /// Serves for ever, or until the process ends; the calling thread waits.
    ///
    /// Python: `server.serve_forever()`.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    pub fn serve_forever(self, handler: impl Handler + 'static) -> Result<()> {
        self.spawn(handler)?.join()
    }

    /// Serves in threads of its own, until its handle says [`shutdown`](ServerHandle::shutdown).
    ///
    /// Python: `server.serve_forever()` in a thread.
    ///
    /// # Errors
    ///
    /// When the system has no descriptors, memory or threads left to begin with, and for a wrong setting.
    pub fn spawn(self, handler: impl Handler + 'static) -> Result<ServerHandle> {
        self.check()?;
        let HttpServer { setup, settings, log, .. } = self;
        let service = HttpService::new(handler, settings, log, setup.config.max_threads);
        setup.spawn(service)
    }

    /// Accepts one connection on any of its addresses, and answers one request on the calling thread: the handler may
    /// borrow what stands around it. [`request_timeout`](Self::request_timeout) says how long it waits.
    ///
    /// Python: `server.handle_request()`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](ErrorKind::TimedOut) when nobody came, [`Cancelled`](ErrorKind::Cancelled) by the token of the
    /// listening socket, what `accept` reports, what breaks the connection, and a wrong setting.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Mutex;
    /// use sockeye::{
    ///     http::{HttpServer, StatusCode, handler},
    ///     socket::create_connection,
    /// };
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let server = HttpServer::bind("127.0.0.1:0")?;
    /// let client = create_connection(server.addr()?, None)?;
    /// client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    /// let asked = Mutex::new(None);
    /// server.handle_request(handler(|request, response| {
    ///     *asked.lock().unwrap() = Some(request.path().to_owned());
    ///     response.send_response(StatusCode::NO_CONTENT).body("")
    /// }))?;
    /// assert_eq!(asked.into_inner().unwrap().as_deref(), Some("/"));
    /// let mut answer = [0; 25];
    /// client.recv(&mut answer)?;
    /// assert_eq!(&answer, b"HTTP/1.1 204 No Content\r\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_request(&self, handler: impl Handler) -> Result<()> {
        self.check()?;
        let (socket, peer) = self.setup.accept_request()?;
        let settings = Settings { keeps_alive: false, ..self.settings.clone() };
        let service = HttpService::new(handler, settings, self.log.clone(), 1);
        serve_one(&service, socket, peer)
    }

    fn check(&self) -> Result<()> {
        self.fault.map_or(Ok(()), |fault| Err(Error::new(ErrorKind::InvalidInput, fault)))
    }
}

/// From a socket that listens already: of a parent process, of any family, with any options.
impl From<Socket> for HttpServer {
    fn from(socket: Socket) -> HttpServer {
        HttpServer { setup: Setup::over(socket), settings: Settings::default(), log: None, fault: None }
    }
}

impl fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer").field("addrs", &self.addrs()).field("settings", &self.settings).finish()
    }
}
