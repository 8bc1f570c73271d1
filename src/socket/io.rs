//! The std traits of a [`Socket`], and its way from and to the types of std.

use std::{
    io::{self, Read},
    net::{TcpListener, TcpStream, UdpSocket},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::{UnixDatagram, UnixListener, UnixStream},
    },
};

use socket2::SockRef;

use super::{AF_INET, AF_INET6, AF_UNIX, Family, Kind, SOCK_DGRAM, SOCK_STREAM, Socket, getdefaulttimeout};
use crate::{
    error::{Error, ErrorKind, Result},
    sys::{self, Flag},
};

/// [`recv`](Socket::recv).
impl Read for &Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.recv(buf)?)
    }
}

/// Makes [`Write`](std::io::Write) of a type's `send` and `sendall`.
macro_rules! write_by_send {
    ($($type:ty)*) => {$(
        /// `send`, and for `write_all` `sendall`: one time limit for the whole. Nothing is held back, so there is
        /// nothing to flush.
        impl std::io::Write for $type {
            fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
                Ok(self.send(data)?)
            }

            fn write_all(&mut self, data: &[u8]) -> std::io::Result<()> {
                Ok(self.sendall(data)?)
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
    )*};
}
pub(crate) use write_by_send;

write_by_send! { Socket &Socket }

/// [`recv`](Socket::recv).
impl Read for Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }
}

/// Takes over a descriptor, in the mode that [`setdefaulttimeout`](super::setdefaulttimeout) says, which is blocking,
/// whatever its O_NONBLOCK says: calls wait all the same, and who gets the descriptor from [`detach`](Socket::detach)
/// gets it as the mode says. Whoever else holds a clone of it has to leave that flag alone while there is a time limit
/// or a cancel token here; a limit of the system's own (`SO_RCVTIMEO`) ends calls with
/// [`WouldBlock`](ErrorKind::WouldBlock), as in Python. Its family is asked of the system, as its kind and protocol are whenever they are wanted. If
/// it isn't a socket, its calls will say so.
///
/// Python: `socket.socket(fileno=…)`, and `socket.fromfd` of a clone.
impl From<OwnedFd> for Socket {
    fn from(fd: OwnedFd) -> Socket {
        let family = sys::family_of(fd.as_fd()).unwrap_or_default();
        let nonblocking = SockRef::from(&fd).nonblocking().unwrap_or_default();
        let flag = if nonblocking { Flag::Nonblocking } else { Flag::Blocking };
        let socket = Socket::assemble(fd, Family::raw(family), flag);
        // Whoever holds a clone of it may rely on O_NONBLOCK. What can't be non-blocking is no socket.
        let _ = getdefaulttimeout().map_or(Ok(()), |timeout| socket.settimeout(timeout));
        socket
    }
}

/// Gives the descriptor away in the socket's mode, as [`Socket::detach`]; fails for a closed socket.
impl TryFrom<Socket> for OwnedFd {
    type Error = Error;

    fn try_from(socket: Socket) -> Result<OwnedFd> {
        socket.detach()
    }
}

/// One line for each: the families and the kind that it stands for.
macro_rules! std_types {
    ($($type:ident: $($family:ident)|+, $kind:ident;)*) => {$(
        /// Takes it over, in the mode that [`setdefaulttimeout`](super::setdefaulttimeout) says: blocking. A limit that
        /// `set_read_timeout` has set is kept as it is: until this one is given a limit of its own, a cancel token or a
        /// clone, it ends calls with [`WouldBlock`](ErrorKind::WouldBlock).
        impl From<$type> for Socket {
            fn from(other: $type) -> Socket {
                OwnedFd::from(other).into()
            }
        }

        /// Gives the descriptor away in the socket's mode, as [`Socket::detach`].
        ///
        /// A socket of another family or kind is [`InvalidInput`](ErrorKind::InvalidInput); it is closed then.
        /// Whether it listens or is connected isn't looked at.
        impl TryFrom<Socket> for $type {
            type Error = Error;

            fn try_from(socket: Socket) -> Result<$type> {
                expect(&socket, &[$($family),+], $kind, stringify!($type))?;
                Ok(socket.detach()?.into())
            }
        }
    )*};
}

std_types! {
    TcpStream: AF_INET | AF_INET6, SOCK_STREAM;
    TcpListener: AF_INET | AF_INET6, SOCK_STREAM;
    UdpSocket: AF_INET | AF_INET6, SOCK_DGRAM;
    UnixStream: AF_UNIX, SOCK_STREAM;
    UnixListener: AF_UNIX, SOCK_STREAM;
    UnixDatagram: AF_UNIX, SOCK_DGRAM;
}

fn expect(socket: &Socket, families: &[Family], kind: Kind, wanted: &str) -> Result<()> {
    let (family, found) = (socket.family(), socket.kind()?);
    if families.contains(&family) && found == kind {
        return Ok(());
    }
    let message = format!("a socket of {family:?} and {found:?} is no {wanted}");
    Err(Error::new(ErrorKind::InvalidInput, message))
}
