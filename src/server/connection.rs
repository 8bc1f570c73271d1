//! What a server's handler gets: a connection with a buffer, to be used in straight lines.

use std::{
    fmt,
    io::{self, BufRead, Read},
    time::Duration,
};

use crate::{
    error::Result,
    socket::{Address, LineEnd, Shutdown, Socket, write_by_send},
    stream::Stream,
};

use super::{
    buffered::{Buffered, Unit},
    session::Kept,
};

/// A connection in its handler's hands.
///
/// Its calls block, each for the [timeout](Connection::settimeout) at most; the engine gives everybody else to
/// another thread meanwhile. What a handler doesn't take of the data it has begun to read is there at its next
/// call. One that waits for more without having taken any may leave 64 KiB, or as much as
/// [`set_line_limit`](Connection::set_line_limit) says if that is more: past it, the connection ends with
/// [`TooLarge`](crate::ErrorKind::TooLarge), which [`handle_error`](super::RequestHandler::handle_error) is told.
///
/// Over `SOCK_SEQPACKET` each record is read as a whole, 256 KiB at most (a longer one is such an error as well), and what a
/// call doesn't take of it comes with the next; an empty record is the end.
///
/// Python: `socketserver.StreamRequestHandler`: `rfile`, `wfile`, `connection`, with `wbufsize` 0: nothing that is
/// written is held back. `std::io::BufWriter` around it does that.
///
/// # Examples
///
/// ```
/// use std::io::{BufRead, Write};
/// use sockeye::{client::Client, server::{Connection, Next, Server}};
///
/// // A whole connection in one call, as in `socketserver`.
/// let server = Server::bind("127.0.0.1:0")?.spawn(|conn: &mut Connection| {
///     let mut line = String::new();
///     while conn.read_line(&mut line)? > 0 {
///         writeln!(conn, "{} bytes", line.len())?;
///         line.clear();
///     }
///     Ok(Next::Close)
/// })?;
/// let mut client = Client::connect(server.addr())?;
/// client.sendall(b"one\nthree\n")?;
/// assert_eq!(client.readline()?, b"4 bytes\n");
/// assert_eq!(client.readline()?, b"6 bytes\n");
/// # server.shutdown();
/// # Ok::<(), sockeye::Error>(())
/// ```
pub struct Connection<'a> {
    stream: &'a Stream,
    peer: &'a Address,
    buffered: &'a mut Buffered,
    kept: &'a mut Kept,
}

impl<'a> Connection<'a> {
    pub(super) fn new(
        stream: &'a Stream,
        peer: &'a Address,
        buffered: &'a mut Buffered,
        kept: &'a mut Kept,
    ) -> Connection<'a> {
        Connection { stream, peer, buffered, kept }
    }

    /// What its own handler keeps.
    pub(super) fn kept(&mut self) -> &mut Kept {
        self.kept
    }

    /// The other end.
    ///
    /// Python: `self.client_address`. In `std::net`: `TcpStream::peer_addr`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.addr()?)?;
    /// client.sendall(b"who am I?")?;
    /// server.handle_request(|conn: &mut Connection| {
    ///     let name = conn.getpeername().to_string();
    ///     conn.sendall(name.as_bytes())?;
    ///     Ok(Next::Close)
    /// })?;
    /// assert_eq!(client.recv(64)?, client.socket()?.getsockname()?.to_string().as_bytes());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn getpeername(&self) -> &Address {
        self.peer
    }

    /// The socket below, for its options. Bytes taken from it pass by the buffer; when the connection is closed, clones
    /// of it can't send any more.
    ///
    /// Its [cancel token](Socket::set_cancel) is the server's, with which `shutdown` ends a handler that blocks; in
    /// [`handle_request`](super::Server::handle_request) it is the listening socket's. Another one takes its place.
    ///
    /// Python: `self.request`, `self.connection`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}, socket::{SOL_SOCKET, SO_SNDBUF}};
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.addr()?)?;
    /// client.sendall(b"how much at a time?")?;
    /// server.handle_request(|conn: &mut Connection| {
    ///     let size = conn.socket().getsockopt(SOL_SOCKET, SO_SNDBUF)?;
    ///     conn.sendall(size.to_string().as_bytes())?;
    ///     Ok(Next::Close)
    /// })?;
    /// assert_ne!(client.recv(64)?, b"0");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    #[doc(alias = "request")]
    pub fn socket(&self) -> &Socket {
        self.stream.socket()
    }

    /// This end.
    ///
    /// Python: `self.connection.getsockname()`. In `std::net`: `TcpStream::local_addr`.
    ///
    /// # Errors
    ///
    /// As `getsockname`.
    ///
    /// # Examples
    ///
    /// A server on all addresses sees at which one it was asked:
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind(("", 0))?;
    /// let mut client = Client::connect(("127.0.0.1", server.addr()?.port().unwrap()))?;
    /// client.sendall(b"where am I?")?;
    /// server.handle_request(|conn: &mut Connection| {
    ///     let name = conn.getsockname()?.canonical().to_string();
    ///     conn.sendall(name.as_bytes())?;
    ///     Ok(Next::Close)
    /// })?;
    /// assert!(client.recv(64)?.starts_with(b"127.0.0.1:"));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn getsockname(&self) -> Result<Address> {
        self.stream.socket().getsockname()
    }

    /// Limits each following call: a `recv` waits so long for data, a `sendall` takes so long in all. `None` is
    /// no limit; `Duration::ZERO` waits for nothing, and is [`TimedOut`](crate::ErrorKind::TimedOut) as well. Default is
    /// the server's [`timeout`](super::Server::timeout).
    ///
    /// Python: `self.connection.settimeout()`. In `std::net`: `set_read_timeout`, `set_write_timeout`, which start anew
    /// with every system call.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.addr()?)?;
    /// client.sendall(b"half a li")?;
    /// server.handle_request(|conn: &mut Connection| {
    ///     conn.settimeout(Duration::from_millis(1));
    ///     match conn.readline() {
    ///         Err(error) if error.is_timeout() => conn.sendall(b"too slow\n")?,
    ///         line => conn.sendall(&line?)?,
    ///     }
    ///     Ok(Next::Close)
    /// })?;
    /// assert_eq!(client.readline()?, b"too slow\n");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn settimeout(&mut self, limit: impl Into<Option<Duration>>) {
        self.buffered.timeout = limit.into();
    }

    /// Receives up to `size` bytes; waits until there is at least one. Empty at the end of the peer's data.
    ///
    /// Python: `socket.recv`. In `std::net`: `Read::read`, which this type has as well.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](crate::ErrorKind::TimedOut), [`ConnectionReset`](crate::ErrorKind::ConnectionReset).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.addr()?)?;
    /// client.sendall(b"hello")?;
    /// server.handle_request(|conn: &mut Connection| {
    ///     let first = conn.recv(2)?;
    ///     let rest = conn.recv(4096)?; // what there is
    ///     conn.sendall(&[&rest[..], &first].concat())?;
    ///     Ok(Next::Close)
    /// })?;
    /// assert_eq!(client.recv(64)?, b"llohe");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn recv(&mut self, size: usize) -> Result<Vec<u8>> {
        let rest = self.buffered.rest();
        if !rest.is_empty() {
            // As much as there is, not as much as there may be.
            let data = rest[..rest.len().min(size)].to_vec();
            self.buffered.take(data.len());
            return Ok(data);
        }
        // The promise is the caller's; what is allocated at first is bounded all the same.
        let mut data = vec![0; size.min(self.buffered.unit.block().max(64 * 1024))];
        let count = self.recv_into(&mut data)?;
        data.truncate(count);
        Ok(data)
    }

    /// Receives into a buffer; 0 at the end of the peer's data.
    ///
    /// Python: `socket.recv_into`. In `std::net`: `Read::read`.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.addr()?)?;
    /// client.sendall(b"hello")?;
    /// server.handle_request(|conn: &mut Connection| {
    ///     let mut buffer = [0; 64];
    ///     let count = conn.recv_into(&mut buffer)?;
    ///     conn.sendall(&buffer[..count])?;
    ///     Ok(Next::Close)
    /// })?;
    /// assert_eq!(client.recv(64)?, b"hello");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn recv_into(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let rest = self.buffered.rest();
        if !rest.is_empty() {
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            self.buffered.take(count);
            return Ok(count);
        }
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.buffered.ended {
            return Ok(0);
        }
        if self.buffered.unit == Unit::Record {
            // Read as a whole: what the caller doesn't take now is there at the next call.
            self.buffered.fill(self.stream, self.buffered.deadline())?;
            return self.recv_into(buffer);
        }
        let count = self.stream.read_by(buffer, self.buffered.deadline())?;
        self.buffered.note_read(count, buffer.len());
        self.buffered.took = true;
        Ok(count)
    }

    /// Receives one line with its `\n`; what there is, at the end of the peer's data. A time limit that passes
    /// loses nothing: what came is the beginning of the next try's line.
    ///
    /// Python: `rfile.readline`. In `std::io`: `BufRead::read_until`.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](crate::ErrorKind::TooLarge) for a line that is longer than the [limit](Self::set_line_limit), of
    /// which nothing is lost; as [`recv`](Self::recv) otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.addr()?)?;
    /// client.sendall(b"LENGTH\r\nhello")?;
    /// server.handle_request(|conn: &mut Connection| {
    ///     let (command, rest) = (conn.readline()?, conn.recv(4096)?);
    ///     assert_eq!(command, b"LENGTH\r\n");
    ///     conn.sendall(rest.len().to_string().as_bytes())?;
    ///     Ok(Next::Close)
    /// })?;
    /// assert_eq!(client.recv(64)?, b"5");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn readline(&mut self) -> Result<Vec<u8>> {
        let deadline = self.buffered.deadline();
        let mut end = LineEnd::at_or_after(0, self.buffered.line_limit);
        loop {
            let rest = self.buffered.rest();
            let length = match end.find(rest)? {
                Some(length) => length,
                None if self.buffered.ended => rest.len(),
                None => {
                    self.buffered.fill(self.stream, deadline)?;
                    continue;
                }
            };
            let line = rest[..length].to_vec();
            self.buffered.take(length);
            return Ok(line);
        }
    }

    /// The longest line that [`readline`](Self::readline) takes, in bytes with its end; until the connection ends, so
    /// [`setup`](super::RequestHandler::setup) is the place for it. Where it is more than 65,536, as much may also be left
    /// by a handler that waits for more. Default is 65,536.
    ///
    /// Python: there is no such thing; `rfile.readline(size)` gives a part of a longer line.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.addr()?)?;
    /// client.sendall(b"too long\n")?;
    /// server.handle_request(|conn: &mut Connection| {
    ///     conn.set_line_limit(4);
    ///     let error = conn.readline().unwrap_err();
    ///     assert_eq!(error.kind(), ErrorKind::TooLarge);
    ///     conn.sendall(b"500 line too long\r\n")?;
    ///     Ok(Next::Close)
    /// })?;
    /// assert_eq!(client.readline()?, b"500 line too long\r\n");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn set_line_limit(&mut self, bytes: usize) {
        self.buffered.line_limit = bytes;
    }

    /// Sends some of the data, and says how much.
    ///
    /// Python: `socket.send`. In `std::net`: `Write::write`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](crate::ErrorKind::TimedOut), [`BrokenPipe`](crate::ErrorKind::BrokenPipe).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.addr()?)?;
    /// client.sendall(b"?")?;
    /// server.handle_request(|conn: &mut Connection| {
    ///     let mut left = &b"hello"[..];
    ///     while !left.is_empty() {
    ///         left = &left[conn.send(left)?..];
    ///     }
    ///     Ok(Next::Close)
    /// })?;
    /// assert_eq!(client.recv(64)?, b"hello");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn send(&mut self, data: &[u8]) -> Result<usize> {
        self.stream.write_by(data, self.buffered.deadline())
    }

    /// Sends all of the data, within one time limit.
    ///
    /// Python: `socket.sendall`, `wfile.write`. In `std::net`: `Write::write_all`.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); [`Error::sent`](crate::Error::sent) says how much went out.
    ///
    /// # Examples
    ///
    /// A peer that doesn't read:
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.addr()?)?;
    /// client.sendall(b"?")?;
    /// server.handle_request(|conn: &mut Connection| {
    ///     conn.settimeout(Duration::from_millis(1));
    ///     let error = conn.sendall(&vec![0; 64 << 20]).unwrap_err();
    ///     assert!(error.is_timeout() && error.sent() > Some(0));
    ///     Err(error)
    /// })?;
    /// assert_eq!(client.recv(1)?, [0]);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn sendall(&mut self, data: &[u8]) -> Result<()> {
        self.stream.socket().check_cancel().map_err(|error| error.after_sending(0))?;
        // Mostly there is room, and then no clock has to be read.
        let sent = match self.stream.try_write(data) {
            Err(error) if error.would_block() => 0,
            sent => sent.map_err(|error| error.after_sending(0))?,
        };
        if sent == data.len() {
            return Ok(());
        }
        self.stream.write_all_by(&data[sent..], self.buffered.deadline()).map_err(|error| {
            let more = error.sent().unwrap_or(0);
            error.after_sending(sent + more)
        })
    }

    /// Ends one direction, or both.
    ///
    /// Python: `self.connection.shutdown()`. In `std::net`: `TcpStream::shutdown`.
    ///
    /// # Errors
    ///
    /// As `shutdown`.
    ///
    /// # Examples
    ///
    /// The peer sees the end of the answer, and may still say something:
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}, socket::SHUT_WR};
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.addr()?)?;
    /// client.sendall(b"question\nthanks\n")?;
    /// server.handle_request(|conn: &mut Connection| {
    ///     conn.readline()?;
    ///     conn.sendall(b"answer")?;
    ///     conn.shutdown(SHUT_WR)?;
    ///     assert_eq!(conn.readline()?, b"thanks\n");
    ///     Ok(Next::Close)
    /// })?;
    /// assert_eq!(client.recv(64)?, b"answer");
    /// assert_eq!(client.recv(64)?, b"");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn shutdown(&mut self, how: Shutdown) -> Result<()> {
        self.stream.shutdown_by(how, self.buffered.deadline())
    }
}

impl Read for Connection<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.recv_into(buffer)?)
    }
}

impl BufRead for Connection<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.buffered.rest().is_empty() && !self.buffered.ended {
            self.buffered.fill(self.stream, self.buffered.deadline())?;
        }
        Ok(self.buffered.rest())
    }

    fn consume(&mut self, count: usize) {
        self.buffered.take(count.min(self.buffered.rest().len()));
    }
}

write_by_send! { Connection<'_> }

impl fmt::Debug for Connection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("peer", self.peer).finish_non_exhaustive()
    }
}
