//! One connection: a connected socket with a buffer.
//!
//! [`Client`] is what a program wants that talks to one server: bytes as they come (`recv`), line by line
//! (`readline`), or through `Read`, `BufRead` and `Write`, over TCP, TLS, UDP and Unix sockets. A [`Connector`] sets
//! more before it connects.
//!
//! # Examples
//!
//! ```
//! use sockeye::{client::Client, socket::create_server};
//!
//! # fn main() -> sockeye::Result<()> {
//! let server = create_server("127.0.0.1:0")?;
//! let mut client = Client::connect(server.getsockname()?)?;
//! let (conn, _) = server.accept()?;
//! conn.sendall(b"220 ready\r\nmore")?;
//! assert_eq!(client.readline()?, b"220 ready\r\n");
//! assert_eq!(client.recv(4096)?, b"more");
//! client.sendall(b"QUIT\r\n")?;
//! # Ok(())
//! # }
//! ```

mod connector;
mod io;
#[cfg(feature = "tls")]
mod tls;

pub use connector::Connector;

use std::time::Duration;

use crate::{
    cancel::CancelToken,
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    socket::{Kind, LINE_LIMIT, LineEnd, SOCK_DGRAM, SOCK_STREAM, Shutdown, Socket, ToAddress, doing},
    stream::{Buffer, Stream},
};

/// As long as a packet of UDP can be.
const PACKET: usize = 64 * 1024;

/// The most that one `recv` makes room for, however much is asked for.
const RECV_LIMIT: usize = 256 * 1024;

/// A connection to a server, with a buffer for what was received.
///
/// A [time limit](Self::settimeout) covers a call as a whole. When it passes, nothing that was received is
/// lost: the next call goes on where the last one stopped, in the middle of a line too.
///
/// Python: a connected socket with its `makefile("rb")` in one; that file is of no use after a timeout.
/// In `std::net`: a `TcpStream` in a `BufReader`.
///
/// # Examples
///
/// ```
/// use std::{io::{BufRead, Write}, time::Duration};
/// use sockeye::{client::Client, socket::create_server};
///
/// # fn main() -> sockeye::Result<()> {
/// let server = create_server("127.0.0.1:0")?;
/// let mut client = Client::connect(server.getsockname()?)?;
/// client.settimeout(Duration::from_secs(10));
/// let (conn, _) = server.accept()?;
/// conn.sendall(b"one\ntwo\n")?;
/// drop(conn);
/// let lines: Vec<String> = client.lines().collect::<Result<_, _>>()?;
/// assert_eq!(lines, ["one", "two"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Client {
    /// `None` once it is closed.
    stream: Option<Stream>,
    timeout: Option<Duration>,
    received: Buffer,
    /// Room for a read into the buffer: what doesn't fit of a packet is lost.
    room: usize,
    line_limit: usize,
}

impl Client {
    /// Connects to a server: [`Connector::connect`] with nothing set.
    ///
    /// All addresses of a name are tried: see [`create_connection`](crate::socket::create_connection). The time limit
    /// is [`getdefaulttimeout`](crate::socket::getdefaulttimeout): none, unless somebody set one.
    ///
    /// Python: `socket.create_connection`. In `std::net`: `TcpStream::connect`.
    ///
    /// # Errors
    ///
    /// [`ConnectionRefused`](ErrorKind::ConnectionRefused), [`Unreachable`](ErrorKind::Unreachable),
    /// [`UnknownHost`](ErrorKind::UnknownHost), [`NotFound`](ErrorKind::NotFound) for a Unix socket's path.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, socket::create_server};
    /// let server = create_server(("localhost", 0))?;
    /// let port = server.getsockname()?.port().unwrap();
    /// let client = Client::connect(("localhost", port))?;
    /// assert_eq!(client.socket()?.getpeername()?.port(), Some(port));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn connect(address: impl ToAddress) -> Result<Client> {
        Connector::new().connect(address)
    }

    /// A client over UDP: packets go to that address, and are taken from it alone. Nothing is sent for it, so nobody
    /// may be there; a port that the other machine refuses shows as
    /// [`ConnectionRefused`](ErrorKind::ConnectionRefused) at a later call.
    ///
    /// Each [`send`](Self::send) is one packet, each [`recv`](Self::recv) takes one, of which it drops what is more
    /// than asked for. [`readline`](Self::readline) and `BufRead` read on through packets, an empty one is the end of
    /// data to them. For Unix sockets, or more to set: [`Connector::kind`].
    ///
    /// Python: `socket(AF_INET, SOCK_DGRAM)` and `connect`. In `std::net`: `UdpSocket::connect`.
    ///
    /// # Errors
    ///
    /// [`UnknownHost`](ErrorKind::UnknownHost), [`Unreachable`](ErrorKind::Unreachable).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, socket::{ListenOptions, SOCK_DGRAM}};
    /// let server = ListenOptions::new().kind(SOCK_DGRAM).create_server("127.0.0.1:0")?;
    /// let mut client = Client::connect_udp(server.getsockname()?)?;
    /// client.send(b"question")?;
    /// let (_, from) = server.recvfrom(&mut [0; 64])?;
    /// server.sendto(b"answer", from)?;
    /// assert_eq!(client.recv(64)?, b"answer");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn connect_udp(address: impl ToAddress) -> Result<Client> {
        Connector::new().kind(SOCK_DGRAM).connect(address)
    }

    /// Connects, or gives the errno why not: [`Connector::connect_ex`] with nothing set.
    ///
    /// Python: `socket.connect_ex`.
    ///
    /// # Errors
    ///
    /// [`UnknownHost`](ErrorKind::UnknownHost) and whatever else has no errno.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, socket::{create_server, getservbyname}};
    /// # let server = create_server("127.0.0.1:0")?;
    /// # let getservbyname = |_: &str, _: &str| server.getsockname().map(|address| address.port().unwrap());
    /// match Client::connect_ex(("127.0.0.1", getservbyname("http", "tcp")?))? {
    ///     Ok(mut client) => client.sendall(b"GET / HTTP/1.0\r\n\r\n")?,
    ///     Err(errno) => eprintln!("{errno}"),
    /// }
    /// # server.accept()?.0.recv(&mut [0; 64])?;
    /// drop(server);
    /// # let nobody = create_server("127.0.0.1:0")?.getsockname()?;
    /// assert!(Client::connect_ex(nobody)?.is_err());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn connect_ex(address: impl ToAddress) -> Result<Result<Client, i32>> {
        Connector::new().connect_ex(address)
    }

    /// Sets the time limit for each call from now on; `None` waits as long as it takes, and
    /// `Duration::ZERO` never waits.
    ///
    /// Default is [`getdefaulttimeout`](crate::socket::getdefaulttimeout).
    ///
    /// Python: `socket.settimeout`. In `std::net`: `set_read_timeout`, which limits each system call.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{ErrorKind, client::Client, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.getsockname()?)?;
    /// let (conn, _) = server.accept()?;
    /// conn.sendall(b"half a li")?;
    /// client.settimeout(Duration::from_millis(1));
    /// assert_eq!(client.readline().unwrap_err().kind(), ErrorKind::TimedOut);
    /// conn.sendall(b"ne\n")?;
    /// client.settimeout(None);
    /// assert_eq!(client.readline()?, b"half a line\n");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn settimeout(&mut self, timeout: impl Into<Option<Duration>>) {
        self.timeout = timeout.into();
    }

    /// The time limit of each call.
    ///
    /// Python: `socket.gettimeout`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::{client::Client, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// assert_eq!(Client::connect(server.getsockname()?)?.gettimeout(), None);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn gettimeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The longest line that [`readline`](Self::readline) takes, in bytes with its end. Default is 65,536.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::{ErrorKind, client::Client, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.getsockname()?)?;
    /// client.set_line_limit(4);
    /// server.accept()?.0.sendall(b"too long\n")?;
    /// assert_eq!(client.readline().unwrap_err().kind(), ErrorKind::TooLarge);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn set_line_limit(&mut self, bytes: usize) {
        self.line_limit = bytes;
    }

    /// Hands over the token that ends this connection's calls; `None` takes it away.
    ///
    /// # Errors
    ///
    /// [`Closed`](ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::{ErrorKind, client::Client, cancel::CancelToken, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.getsockname()?)?;
    /// let token = CancelToken::new()?;
    /// client.set_cancel(token.clone())?;
    /// let canceller = std::thread::spawn(move || token.cancel());
    /// assert_eq!(client.recv(64).unwrap_err().kind(), ErrorKind::Cancelled);
    /// canceller.join().unwrap();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn set_cancel(&self, token: impl Into<Option<CancelToken>>) -> Result<()> {
        self.socket()?.set_cancel(token)
    }

    /// Receives what is there, at most `n` bytes (and at most 256 KiB); waits for the first one. An empty
    /// vector is the end of data.
    ///
    /// For no new vector each time there is `Read::read`.
    ///
    /// Python: `socket.recv`. In `std::net`: `Read::read`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](ErrorKind::TimedOut), [`WouldBlock`](ErrorKind::WouldBlock),
    /// [`Cancelled`](ErrorKind::Cancelled), [`ConnectionReset`](ErrorKind::ConnectionReset).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::{client::Client, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.getsockname()?)?;
    /// server.accept()?.0.sendall(b"hello")?;
    /// assert_eq!(client.recv(4096)?, b"hello");
    /// assert_eq!(client.recv(4096)?, b"");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn recv(&mut self, n: usize) -> Result<Vec<u8>> {
        if n == 0 {
            return Ok(Vec::new());
        }
        if !self.received.is_empty() {
            return Ok(self.received.take(n));
        }
        let mut data = vec![0; n.min(RECV_LIMIT)];
        let n = self.receive(&mut data, self.deadline()).map_err(|error| doing("recv", error))?;
        data.truncate(n);
        data.shrink_to_fit();
        Ok(data)
    }

    /// Receives a line, with its `\n`. The last one may lack it, and an empty vector is the end of data.
    ///
    /// Python: `socket.makefile("rb").readline`. In `std`: `BufRead::read_until`.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), and [`TooLarge`](ErrorKind::TooLarge) for a line that is longer than the
    /// [limit](Self::set_line_limit); what was received of the line is kept in either case.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::{client::Client, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.getsockname()?)?;
    /// server.accept()?.0.sendall(b"one\r\ntwo")?;
    /// assert_eq!(client.readline()?, b"one\r\n");
    /// assert_eq!(client.readline()?, b"two");
    /// assert_eq!(client.readline()?, b"");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "makefile")]
    pub fn readline(&mut self) -> Result<Vec<u8>> {
        let deadline = self.deadline();
        let mut end = LineEnd::at_or_after(0, self.line_limit);
        loop {
            if let Some(end) = end.find(self.received.bytes())? {
                return Ok(self.received.take(end));
            }
            if self.fill(deadline).map_err(|error| doing("readline", error))? == 0 {
                return Ok(self.received.take(usize::MAX));
            }
        }
    }

    /// Sends as much as the system takes, and says how much. See [`sendall`](Self::sendall).
    ///
    /// Python: `socket.send`. In `std::net`: `Write::write`.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), and [`BrokenPipe`](ErrorKind::BrokenPipe) once the peer has closed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::{client::Client, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// assert_eq!(Client::connect(server.getsockname()?)?.send(b"hello")?, 5);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn send(&mut self, data: &[u8]) -> Result<usize> {
        let (stream, deadline) = (self.stream()?, self.deadline());
        let outcome = if self.waits() { stream.write_by(data, deadline) } else { stream.try_write(data) };
        outcome.map_err(|error| doing("send", error))
    }

    /// Sends all of it; the time limit covers the whole.
    ///
    /// Python: `socket.sendall`. In `std::net`: `Write::write_all`.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); [`Error::sent`] tells how many bytes went out before.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::{client::Client, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// Client::connect(server.getsockname()?)?.sendall(b"hello")?;
    /// assert_eq!(server.accept()?.0.recv(&mut [0; 64])?, 5);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn sendall(&mut self, data: &[u8]) -> Result<()> {
        let error = match self.stream()?.write_all_by(data, self.deadline()) {
            // No time is over where there was none.
            Err(error) if error.is_timeout() && !self.waits() => {
                Error::from(ErrorKind::WouldBlock).after_sending(error.sent().unwrap_or(0))
            }
            Err(error) => error,
            Ok(()) => return Ok(()),
        };
        Err(error.context("sendall"))
    }

    /// Ends one direction, or both: after [`Shutdown::Write`] the peer sees the end of data.
    ///
    /// Python: `socket.shutdown`. In `std::net`: the same.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](ErrorKind::NotConnected) if the peer has broken off; [`Closed`](ErrorKind::Closed).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::{client::Client, socket::{Shutdown, create_server}};
    /// let server = create_server("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.getsockname()?)?;
    /// client.shutdown(Shutdown::Write)?;
    /// assert_eq!(server.accept()?.0.recv(&mut [0; 64])?, 0);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn shutdown(&mut self, how: Shutdown) -> Result<()> {
        self.stream()?.shutdown_by(how, self.deadline())
    }

    /// Closes the connection and forgets what was received. Later calls fail with
    /// [`Closed`](ErrorKind::Closed); another `close` does nothing. Dropping the client does the same.
    ///
    /// Python: `socket.close`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::{ErrorKind, client::Client, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.getsockname()?)?;
    /// client.close();
    /// assert_eq!(client.recv(8).unwrap_err().kind(), ErrorKind::Closed);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn close(&mut self) {
        self.stream = None;
        self.received = Buffer::default();
    }

    /// The socket below, for its options and addresses. Bytes taken from it pass by the buffer.
    ///
    /// # Errors
    ///
    /// [`Closed`](ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::{client::Client, socket::{IPPROTO_TCP, TCP_NODELAY, create_server}};
    /// let server = create_server("127.0.0.1:0")?;
    /// let client = Client::connect(server.getsockname()?)?;
    /// assert!(client.socket()?.getsockopt(IPPROTO_TCP, TCP_NODELAY)?);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn socket(&self) -> Result<&Socket> {
        self.stream().map(Stream::socket)
    }

    fn over(stream: Stream, kind: Kind, timeout: Option<Duration>) -> Client {
        let room = if kind == SOCK_STREAM { 0 } else { PACKET };
        Client { stream: Some(stream), timeout, received: Buffer::default(), room, line_limit: LINE_LIMIT }
    }

    /// Goes on with a connection on which others have spoken: what was received and not taken comes first.
    pub(crate) fn going_on(stream: Stream, received: Buffer, timeout: Option<Duration>) -> Client {
        Client { received, ..Client::over(stream, SOCK_STREAM, timeout) }
    }

    fn stream(&self) -> Result<&Stream> {
        self.stream.as_ref().ok_or_else(|| ErrorKind::Closed.into())
    }

    fn waits(&self) -> bool {
        self.timeout != Some(Duration::ZERO)
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout)
    }

    /// Past the buffer, which is empty.
    fn receive(&self, buf: &mut [u8], deadline: Deadline) -> Result<usize> {
        let stream = self.stream()?;
        if self.waits() { stream.read_by(buf, deadline) } else { stream.try_read(buf) }
    }

    /// Receives more into the buffer; 0 is the end of data.
    fn fill(&mut self, deadline: Deadline) -> Result<usize> {
        let mut received = std::mem::take(&mut self.received);
        let outcome = self.receive(received.room_for(self.room), deadline);
        received.filled(*outcome.as_ref().unwrap_or(&0));
        self.received = received;
        outcome
    }
}
