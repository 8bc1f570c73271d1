//! A connection that a server's handler has given away.

use std::{
    fmt,
    io::{self, Read, Write},
};

use crate::{
    error::{Error, ErrorKind, Result},
    socket::{Address, Socket},
    stream::Stream,
};

use super::{Connection, buffered::Buffered, session::Kept};

/// A connection that has left its server: a plain blocking stream, no longer counted or limited.
///
/// Python: a request that its server's own `shutdown_request` leaves open.
///
/// # Examples
///
/// ```
/// use std::{io::Write, sync::mpsc};
/// use sockeye::{client::Client, server::{Connection, Next, Server}};
///
/// # fn main() -> sockeye::Result<()> {
/// let (give, taken) = mpsc::channel();
/// let server = Server::bind("127.0.0.1:0")?.spawn(move |conn: &mut Connection| {
///     conn.readline()?;
///     let give = give.clone();
///     Ok(Next::detach(move |own| drop(give.send(own))))
/// })?;
/// let mut client = Client::connect(server.addr())?;
/// client.sendall(b"UPGRADE\n")?;
/// let mut own = taken.recv().unwrap();
/// server.shutdown();
/// server.join()?;
/// own.write_all(b"I outlive my server\n")?;
/// assert_eq!(client.readline()?, b"I outlive my server\n");
/// # Ok(())
/// # }
/// ```
pub struct Detached {
    stream: Stream,
    peer: Address,
    buffered: Buffered,
    /// Its handler stayed with the server: nothing.
    kept: Kept,
}

impl Detached {
    pub(super) fn new(stream: Stream, peer: Address, buffered: Buffered) -> Detached {
        Detached { stream, peer, buffered, kept: None }
    }

    /// The connection, with all that a handler's connection can.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.addr()?)?;
    /// client.sendall(b"UPGRADE\nfirst\n")?;
    /// server.handle_request(|conn: &mut Connection| {
    ///     conn.readline()?;
    ///     Ok(Next::detach(|mut own| {
    ///         let mut conn = own.connection();
    ///         conn.settimeout(Duration::from_secs(10));
    ///         let _ = conn.readline().and_then(|line| conn.sendall(&line));
    ///     }))
    /// })?;
    /// assert_eq!(client.readline()?, b"first\n");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn connection(&mut self) -> Connection<'_> {
        Connection::new(&self.stream, &self.peer, &mut self.buffered, &mut self.kept)
    }

    /// The socket, which blocks, and what was received from it and not read.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) for a connection that speaks TLS.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Connection, Next, Server}};
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect(server.addr()?)?;
    /// client.sendall(b"UPGRADE\nfirst\n")?;
    /// server.handle_request(|conn: &mut Connection| {
    ///     conn.readline()?;
    ///     Ok(Next::detach(|own| {
    ///         let parts = own.into_parts();
    ///         let _ = parts.and_then(|(socket, received)| socket.sendall(&received));
    ///     }))
    /// })?;
    /// assert_eq!(client.readline()?, b"first\n");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn into_parts(self) -> Result<(Socket, Vec<u8>)> {
        let received = self.buffered.rest().to_vec();
        let socket = self.stream.into_plain();
        let socket = socket.ok_or_else(|| Error::new(ErrorKind::Unsupported, "the connection speaks TLS"))?;
        // The engine's descriptors are non-blocking.
        socket.settimeout(None)?;
        Ok((socket, received))
    }
}

impl Read for Detached {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.connection().read(buffer)
    }
}

impl Write for Detached {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.connection().write(data)
    }

    /// One time limit for the whole.
    fn write_all(&mut self, data: &[u8]) -> io::Result<()> {
        self.connection().write_all(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Detached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detached").field("peer", &self.peer).finish_non_exhaustive()
    }
}
