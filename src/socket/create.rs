//! The usual steps in one call: [`create_connection`], [`create_server`].

use std::time::Duration;

use super::{ConnectOptions, Family, Kind, ListenOptions, Protocol, Socket, ToAddress, getdefaulttimeout};
use crate::{
    error::{Error, Result},
    sys::Flag,
};

/// Connects a stream socket to a name: to whichever of its addresses answers first.
///
/// A name may have several addresses. They are tried by Happy Eyeballs (RFC 8305): IPv6 and IPv4 in turns, the next
/// one 250 ms later or as soon as one fails, all on this thread; the first connection wins, the others are closed.
/// The limit covers the whole: look-up and all attempts; the socket keeps it as its timeout. `None` waits as
/// long as the system does. TCP sockets get `TCP_NODELAY`. [`ConnectOptions`] has a source address, a cancel token
/// and the delay between attempts.
///
/// `Duration::ZERO` waits for nothing. A name fails at once with `TimedOut`, for a look-up needs time. An address of
/// this machine may be connected at once; any other one fails with `TimedOut`. To connect and not to wait, call
/// [`Socket::connect_ex`] in non-blocking mode.
///
/// Python: `socket.create_connection`, which tries one address after the other, each for the whole timeout; 0 raises
/// `BlockingIOError`. In `std::net`: `TcpStream::connect`, `TcpStream::connect_timeout`, which refuses 0.
///
/// # Errors
///
/// [`UnknownHost`](crate::ErrorKind::UnknownHost); [`TimedOut`](crate::ErrorKind::TimedOut); if every address failed,
/// one error that lists each with its reason ([`Error::attempts`]), of the kind
/// [`ConnectionRefused`](crate::ErrorKind::ConnectionRefused) if one of them refused, else of the first one's.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::socket::{create_connection, create_server};
/// let server = create_server(("localhost", 0))?;
/// let port = server.getsockname()?.port().unwrap();
/// let client = create_connection(("localhost", port), Duration::from_secs(5))?;
/// assert_eq!(client.getpeername()?.port(), Some(port));
/// # Ok::<(), sockeye::Error>(())
/// ```
#[doc(alias = "connect_timeout")]
pub fn create_connection(address: impl ToAddress, timeout: impl Into<Option<Duration>>) -> Result<Socket> {
    ConnectOptions::new().timeout(timeout).create_connection(address)
}

/// A listening stream socket: `SO_REUSEADDR`, `bind`, `listen` with the system's longest backlog.
///
/// The host `""` or `::` is every address of this machine, IPv6 and IPv4 by one dual-stack socket (IPv4
/// alone where the system has no IPv6); see [`Address::canonical`](super::Address::canonical). `SO_REUSEADDR` lets a
/// server start again while connections of the last one linger; on the systems that are offered it never steals a
/// port. [`ListenOptions`] has the family, the kind, the backlog, `SO_REUSEPORT` and IPv6 alone.
///
/// A Unix socket's file is neither replaced nor removed at the end, as in Python; the error about one that a server
/// left behind says so. To tell, it connects to the file: a server that does live there accepts a connection that ends
/// at once.
///
/// Python: `socket.create_server`, which is dual-stack only when asked, and whose backlog is 128 at most. In
/// `std::net`: `TcpListener::bind`.
///
/// # Errors
///
/// As [`Socket::bind`]: it names the address.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{create_connection, create_server};
/// let server = create_server(("", 0))?;
/// let port = server.getsockname()?.port().unwrap();
/// let client = create_connection(("127.0.0.1", port), None)?;
/// let (_conn, peer) = server.accept()?;
/// assert_eq!(peer.canonical(), client.getsockname()?);
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn create_server(address: impl ToAddress) -> Result<Socket> {
    ListenOptions::new().create_server(address)
}

/// Two sockets that are connected to each other: `socketpair(2)`.
///
/// Python: `socket.socketpair`. In `std`: `UnixStream::pair`.
///
/// # Errors
///
/// When the system doesn't have that combination (most have [`AF_UNIX`](super::AF_UNIX) alone), or has no descriptors
/// left.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{AF_UNIX, SOCK_STREAM, socketpair};
/// let (one, other) = socketpair(AF_UNIX, SOCK_STREAM, Default::default())?;
/// one.sendall(b"hello")?;
/// assert_eq!(other.recv(&mut [0; 64])?, 5);
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn socketpair<L>(family: Family, kind: Kind, protocol: Protocol<L>) -> Result<(Socket, Socket)> {
    let protocol = Some(protocol.number()).filter(|&number| number != 0).map(Into::into);
    let (kind, starts_nonblocking) = kind.split();
    let made = socket2::Socket::pair(family.number().into(), kind.number().into(), protocol);
    let (one, other) = made.map_err(|error| Error::from(error).context("make a pair of sockets"))?;
    let over = |socket: socket2::Socket| -> Result<Socket> {
        let socket = Socket::assemble(socket.into(), family, Flag::Blocking);
        socket.settimeout(if starts_nonblocking { Some(Duration::ZERO) } else { getdefaulttimeout() })?;
        Ok(socket)
    };
    Ok((over(one)?, over(other)?))
}
