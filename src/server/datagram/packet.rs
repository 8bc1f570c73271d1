//! What a datagram server's handler gets: one packet, and the way back.

use std::{
    fmt,
    io::{self, BufRead, Read, Write},
};

use crate::{
    error::{Error, ErrorKind, Result},
    socket::{AF_UNIX, AF_UNSPEC, Address, Socket},
};

/// A packet in its handler's hands.
///
/// [`packet`](Self::packet) is all of it, [`reply`](Self::reply) answers with one packet. For protocols that are
/// written like a stream's it can be read (`Read`, `BufRead`) and written (`Write`): what was written leaves as one
/// packet when the handler has ended well.
///
/// Python: `socketserver.DatagramRequestHandler`: `packet`, `socket`, `rfile`, `wfile`, `client_address`. There an
/// answer leaves in any case, be it empty; here only if something was written.
///
/// # Examples
///
/// ```
/// use std::io::{BufRead, Write};
/// use sockeye::{client::Client, server::{Datagram, DatagramServer}};
///
/// # fn main() -> sockeye::Result<()> {
/// let server = DatagramServer::bind("127.0.0.1:0")?.spawn(|datagram: &mut Datagram| {
///     let mut name = String::new();
///     datagram.read_line(&mut name)?;
///     write!(datagram, "hello ")?;
///     write!(datagram, "{}", name.trim())?;
///     Ok(())
/// })?;
/// let mut client = Client::connect_udp(server.addr())?;
/// client.send(b"world\n")?;
/// assert_eq!(client.recv(64)?, b"hello world");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
pub struct Datagram<'a> {
    packet: &'a [u8],
    /// INVARIANT: `taken <= packet.len()`.
    taken: usize,
    peer: &'a Address,
    socket: &'a Socket,
    answer: Vec<u8>,
}

impl<'a> Datagram<'a> {
    pub(super) fn new(packet: &'a [u8], peer: &'a Address, socket: &'a Socket) -> Datagram<'a> {
        Datagram { packet, taken: 0, peer, socket, answer: Vec::new() }
    }

    /// All of the packet, whatever was read of it.
    ///
    /// Python: `self.packet`, `self.request[0]`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Datagram, DatagramServer}};
    /// let server = DatagramServer::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect_udp(server.addr()?)?;
    /// client.send(b"hello")?;
    /// server.handle_request(|datagram: &mut Datagram| {
    ///     let sum: u32 = datagram.packet().iter().map(|&byte| u32::from(byte)).sum();
    ///     datagram.reply(&sum.to_be_bytes())
    /// })?;
    /// assert_eq!(client.recv(64)?, 532_u32.to_be_bytes());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn packet(&self) -> &'a [u8] {
        self.packet
    }

    /// Who sent it; `unnamed` for a Unix socket that wasn't bound.
    ///
    /// Python: `self.client_address`. In `std::net`: what `UdpSocket::recv_from` gives.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Datagram, DatagramServer}};
    /// let server = DatagramServer::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect_udp(server.addr()?)?;
    /// client.send(b"who am I?")?;
    /// server.handle_request(|datagram: &mut Datagram| {
    ///     datagram.reply(datagram.getpeername().to_string().as_bytes())
    /// })?;
    /// assert_eq!(client.recv(64)?, client.socket()?.getsockname()?.to_string().as_bytes());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    #[doc(alias = "client_address")]
    pub fn getpeername(&self) -> &'a Address {
        self.peer
    }

    /// The server's socket, which the handlers of a running server share. In
    /// [`handle_request`](super::DatagramServer::handle_request) it is a clone of it, with the server's
    /// [`timeout`](super::DatagramServer::timeout) and that socket's own cancel token.
    ///
    /// Python: `self.socket`, `self.request[1]`.
    ///
    /// # Examples
    ///
    /// A third party gets the packet:
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Datagram, DatagramServer}, socket::{ListenOptions, SOCK_DGRAM}};
    /// let other = ListenOptions::new().kind(SOCK_DGRAM).create_server("127.0.0.1:0")?;
    /// let third = other.getsockname()?;
    /// let server = DatagramServer::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect_udp(server.addr()?)?;
    /// client.send(b"hello")?;
    /// server.handle_request(|datagram: &mut Datagram| {
    ///     datagram.socket().sendto(datagram.packet(), &third)?;
    ///     Ok(())
    /// })?;
    /// let mut packet = [0; 64];
    /// assert_eq!(other.recvfrom(&mut packet)?, (5, server.addr()?));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn socket(&self) -> &'a Socket {
        self.socket
    }

    /// Sends one packet back at once: `sendto(2)`. Waits for room in the system's buffer for the server's
    /// [`timeout`](super::DatagramServer::timeout) at most.
    ///
    /// Python: `socket.sendto(data, self.client_address)`.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](ErrorKind::NotConnected) if the sender has no address, as a Unix socket that wasn't bound;
    /// [`TooLarge`](ErrorKind::TooLarge) for more than a packet can hold, and as
    /// [`Socket::sendto`].
    ///
    /// # Examples
    ///
    /// Several packets for one:
    ///
    /// ```
    /// use sockeye::{client::Client, server::{Datagram, DatagramServer}};
    /// let server = DatagramServer::bind("127.0.0.1:0")?;
    /// let mut client = Client::connect_udp(server.addr()?)?;
    /// client.send(b"one two")?;
    /// server.handle_request(|datagram: &mut Datagram| {
    ///     for word in datagram.packet().split(|&byte| byte == b' ') {
    ///         datagram.reply(word)?;
    ///     }
    ///     Ok(())
    /// })?;
    /// assert_eq!((client.recv(64)?, client.recv(64)?), (b"one".to_vec(), b"two".to_vec()));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn reply(&self, data: &[u8]) -> Result<()> {
        if self.peer.family() == AF_UNSPEC || self.peer.family() == AF_UNIX && is_unnamed(self.peer) {
            let why = "reply to a sender without an address: it has to bind its socket to get answers";
            return Err(Error::new(ErrorKind::NotConnected, why));
        }
        self.socket.sendto(data, self.peer).map(drop)
    }

    /// The handler has ended well: what it wrote leaves.
    pub(super) fn finish(self) -> Result<()> {
        if self.answer.is_empty() { Ok(()) } else { self.reply(&self.answer) }
    }
}

fn is_unnamed(address: &Address) -> bool {
    address.as_pathname().is_none() && address.as_abstract_name().is_none()
}

/// The packet, from its beginning to its end.
impl Read for Datagram<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (&self.packet[self.taken..]).read(buffer)?;
        self.taken += count;
        Ok(count)
    }
}

impl BufRead for Datagram<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(&self.packet[self.taken..])
    }

    fn consume(&mut self, count: usize) {
        self.taken = self.packet.len().min(self.taken.saturating_add(count));
    }
}

/// Gathers the answer, which leaves as one packet when the handler has ended well.
impl Write for Datagram<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.answer.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Datagram<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagram")
            .field("peer", self.peer)
            .field("length", &self.packet.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{Protocol, SOCK_DGRAM};

    /// Linux gives no address at all for such a sender, other systems one without a path.
    #[test]
    fn a_sender_without_a_name_gets_no_answer_but_a_reason() {
        let unix = || Socket::new(AF_UNIX, SOCK_DGRAM, Protocol::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (socket, nameless) = (unix(), unix());
        socket.bind(folder.path().join("s")).unwrap();
        nameless.sendto(b"x", socket.getsockname().unwrap()).unwrap();
        let (_, received) = socket.recvfrom(&mut [0; 8]).unwrap();
        let unnamed = nameless.getsockname().unwrap();
        assert_eq!(unnamed.family(), AF_UNIX);
        for peer in [received, unnamed] {
            let error = Datagram::new(b"x", &peer, &socket).reply(b"y").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotConnected, "{peer:?}");
            assert!(error.to_string().contains("it has to bind its socket"), "{peer:?}: {error}");
        }
        let named = socket.getsockname().unwrap();
        Datagram::new(b"x", &named, &socket).reply(b"to itself").unwrap();
        assert_eq!(socket.recv(&mut [0; 16]).unwrap(), 9);
    }
}
