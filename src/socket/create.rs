//! The usual steps in one call: [`create_connection`], [`create_server`].

use std::{
    net::{Ipv6Addr, SocketAddr},
    time::Duration,
};

use socket2::SockRef;

use super::{
    AF_INET6, AF_UNIX, AF_UNSPEC, Address, Bounds, Family, Flag, Kind, Protocol, SOCK_STREAM, SOMAXCONN,
    Socket, Target, ToAddress, getdefaulttimeout, resolve, target,
};
use crate::{
    cancel::CancelToken,
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    sys::c,
};

/// Connects a stream socket to a name's addresses, one after the other until one answers.
///
/// The limit covers the whole: look-up and all attempts; the socket keeps it as its timeout. `None` waits as
/// long as the system does. TCP sockets get `TCP_NODELAY`.
///
/// Python: `socket.create_connection`. In `std::net`: `TcpStream::connect`, `TcpStream::connect_timeout`.
///
/// # Errors
///
/// That of the last address that was tried; [`UnknownHost`](ErrorKind::UnknownHost),
/// [`TimedOut`](ErrorKind::TimedOut).
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
    let timeout = timeout.into();
    let bounds = Bounds { deadline: Deadline::after(timeout), cancel: None };
    let socket = connect_any(&address.target()?, bounds)?;
    socket.settimeout(timeout)?;
    Ok(socket)
}

/// A connection for the rooms above: the deadline covers look-up and all attempts, the token ends it. The
/// socket itself is in blocking mode and keeps the token; without one it is patient (see `patience`).
pub(crate) fn dial(
    host: &str,
    port: u16,
    deadline: Deadline,
    cancel: Option<&CancelToken>,
) -> Result<Socket> {
    let ip = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let mut socket = connect_any(&target::host(ip, port), Bounds { deadline, cancel })?;
    if cancel.is_none() {
        socket.make_patient()?;
    }
    Ok(socket)
}

/// [`create_connection`] for the rooms above: with a deadline and a token, which the socket keeps. It is in
/// blocking mode.
pub(crate) fn connect_to(
    address: impl ToAddress,
    deadline: Deadline,
    cancel: Option<&CancelToken>,
) -> Result<Socket> {
    connect_any(&address.target()?, Bounds { deadline, cancel })
}

/// A listening stream socket: `SO_REUSEADDR`, `bind`, `listen` with the system's longest backlog.
///
/// The host `""` or `::` is every address of this machine, IPv6 and IPv4 by one dual-stack socket (IPv4
/// alone where the system has no IPv6); see [`Address::canonical`]. `SO_REUSEADDR` lets a server start again
/// while connections of the last one linger; on the systems that are offered it never steals a port.
///
/// Python: `socket.create_server`, which is dual-stack only when asked. In `std::net`: `TcpListener::bind`.
///
/// # Errors
///
/// As [`Socket::bind`].
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
    let target = address.target()?;
    if let Some(every) = every_address(&target) {
        match listen_on(&every) {
            // No IPv6 here: IPv4 has to do.
            Err(error) if lacks_ipv6(&error) && matches!(target, Target::Host(..)) => {}
            outcome => return outcome,
        }
    }
    let bounds = Bounds { deadline: Deadline::NEVER, cancel: None };
    let mut last = Error::from(ErrorKind::UnknownHost);
    for address in resolve(&target, AF_UNSPEC, bounds)? {
        match listen_on(&address) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Two sockets that are connected to each other: `socketpair(2)`.
///
/// Python: `socket.socketpair`. In `std`: `UnixStream::pair`.
///
/// # Errors
///
/// When the system doesn't have that combination (most have [`AF_UNIX`] alone), or has no descriptors left.
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

/// The IPv6 address for "every address", if that is what is meant.
fn every_address(target: &Target<'_>) -> Option<Address> {
    let port = match target {
        Target::Host(host, port) if host.is_empty() => *port,
        Target::Address(address) if address.ip() == Some(Ipv6Addr::UNSPECIFIED.into()) => address.port()?,
        _ => return None,
    };
    Some(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)).into())
}

fn lacks_ipv6(error: &Error) -> bool {
    matches!(error.raw_os_error(), Some(c::EAFNOSUPPORT | c::EADDRNOTAVAIL))
}

fn listen_on(address: &Address) -> Result<Socket> {
    let socket = Socket::new(address.family(), SOCK_STREAM, Protocol::default())?;
    let options = SockRef::from(&socket);
    if address.family() != AF_UNIX {
        options.set_reuse_address(true)?;
    }
    if address.family() == AF_INET6 {
        // Said either way, as systems differ in what they start with.
        options.set_only_v6(address.ip() != Some(Ipv6Addr::UNSPECIFIED.into()))?;
    }
    socket.bind(address)?;
    socket.listen(SOMAXCONN)?;
    Ok(socket)
}

/// The one place where names become connections; Happy Eyeballs (RFC 8305) belongs here.
fn connect_any(target: &Target<'_>, bounds: Bounds<'_>) -> Result<Socket> {
    let mut last = Error::from(ErrorKind::UnknownHost);
    for address in resolve(target, AF_UNSPEC, bounds)? {
        match connect_one(&address, bounds) {
            Ok(socket) => return Ok(socket),
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Cancelled) => {
                return Err(error);
            }
            Err(error) => last = error,
        }
    }
    match target {
        Target::Host(host, _) => Err(last.context(format!("connect to {host}"))),
        Target::Address(_) => Err(last),
    }
}

fn connect_one(address: &Address, bounds: Bounds<'_>) -> Result<Socket> {
    let socket = Socket::new(address.family(), SOCK_STREAM, Protocol::default())?;
    socket.settimeout(None)?;
    socket.set_cancel(bounds.cancel.cloned())?;
    socket.connect_by(address, bounds.deadline)?;
    if address.family() != AF_UNIX {
        SockRef::from(&socket).set_tcp_nodelay(true)?;
    }
    Ok(socket)
}
