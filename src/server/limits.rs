//! How much a [`Server`] may use, and how long it waits.

use std::time::Duration;

use super::Server;

impl Server {
    /// Past so many open connections, accepting waits until one ends; see [`evict_after`](Self::evict_after). Default
    /// is 10,000.
    ///
    /// Python: there is no such thing.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?.max_connections(1).spawn(|conn: &mut Connection| {
    ///     let data = conn.recv(64)?;
    ///     conn.sendall(&data)?;
    ///     Ok(Next::Wait)
    /// })?;
    /// let mut first = Client::connect(server.addr())?;
    /// first.sendall(b"1")?;
    /// assert_eq!(first.recv(64)?, b"1");
    /// let mut second = Client::connect(server.addr())?; // by the system, which lets it wait
    /// second.sendall(b"2")?;
    /// assert_eq!(server.counts().open, 1);
    /// first.close();
    /// assert_eq!(second.recv(64)?, b"2");
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Server {
        self.setup.config.max_connections = connections;
        self
    }

    /// When there are as many connections as allowed and another one waits, the one that has been idle longest is
    /// closed to make room, if it has been idle for so long: so idle connections can't keep everybody out. Default is 5
    /// seconds; `None` closes none.
    ///
    /// Idle is a connection that waits for its peer; not one whose handler waits.
    ///
    /// Python: there is no such thing.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?.max_connections(1).evict_after(Duration::ZERO);
    /// let server = server.spawn(|_: &mut Connection| Ok(Next::Wait))?;
    /// let mut idle = Client::connect(server.addr())?;
    /// let _next = Client::connect(server.addr())?;
    /// assert_eq!(idle.recv(64)?, b"", "the server has closed it");
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn evict_after(mut self, idle: impl Into<Option<Duration>>) -> Server {
        self.setup.config.evict_after = idle.into();
        self
    }

    /// So many handlers may block at a time, each a thread of its own; past it, all wait for one of them to end,
    /// while the server goes on to accept and to keep its time limits. Default is 512.
    ///
    /// Python: `ThreadingMixIn` has no bound, `ForkingMixIn` has `max_children`.
    ///
    /// # Examples
    ///
    /// Handlers that wait for more, one of which may block at a time: the others' connections wait for it.
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?.max_threads(1).spawn(|conn: &mut Connection| {
    ///     let lines = [conn.readline()?, conn.readline()?];
    ///     conn.sendall(&lines.concat())?;
    ///     Ok(Next::Close)
    /// })?;
    /// let mut clients = Vec::new();
    /// for _ in 0..4 {
    ///     let mut client = Client::connect(server.addr())?;
    ///     client.sendall(b"one\n")?;
    ///     clients.push(client);
    /// }
    /// for client in &mut clients {
    ///     client.sendall(b"two\n")?;
    /// }
    /// for client in &mut clients {
    ///     assert_eq!((client.readline()?, client.readline()?), (b"one\n".to_vec(), b"two\n".to_vec()));
    /// }
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn max_threads(mut self, threads: usize) -> Server {
        self.setup.config.max_threads = threads;
        self
    }

    /// Closes a connection that sends nothing for so long. Default is `None`: it may be silent for ever.
    ///
    /// Python: `StreamRequestHandler.timeout`, for a handler that waits for its next request.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?.idle_timeout(Duration::from_millis(1));
    /// let server = server.spawn(|_: &mut Connection| Ok(Next::Wait))?;
    /// let mut silent = Client::connect(server.addr())?;
    /// assert_eq!(silent.recv(64)?, b"", "the server has closed it");
    /// # server.shutdown();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn idle_timeout(mut self, limit: impl Into<Option<Duration>>) -> Server {
        self.idle = limit.into();
        self
    }

    /// The time limit of each blocking call that a handler makes on its connection; see
    /// [`Connection::settimeout`](super::Connection::settimeout). Default is 60 seconds.
    ///
    /// Python: `StreamRequestHandler.timeout`, by default none.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?.timeout(Duration::from_millis(1));
    /// let mut client = Client::connect(server.addr()?)?;
    /// client.sendall(b"half a li")?;
    /// server.handle_request(|conn: &mut Connection| {
    ///     assert!(conn.readline().unwrap_err().is_timeout());
    ///     Ok(Next::Close)
    /// })?;
    /// assert_eq!(client.recv(64)?, b"");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Server {
        self.setup.timeout = limit.into();
        self
    }

    /// How long [`handle_request`](Self::handle_request) waits for a connection. Default is the first listening
    /// socket's own timeout: none.
    ///
    /// Python: `server.timeout`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::server::{Connection, Next, Server};
    /// let server = Server::bind("127.0.0.1:0")?.request_timeout(Duration::from_millis(1));
    /// let error = server.handle_request(|_: &mut Connection| Ok(Next::Close)).unwrap_err();
    /// assert!(error.is_timeout());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn request_timeout(mut self, limit: impl Into<Option<Duration>>) -> Server {
        self.setup.request_timeout = limit.into();
        self
    }
}
