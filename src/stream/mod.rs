//! A connection's bytes: plain or TLS, one enum; and [`Buffer`], for what was received before its time.
//!
//! Every call takes `&self` and an absolute [`Deadline`]; the socket's own mode doesn't matter here. One thread may
//! read while another writes.

use std::{fs::File, os::fd::AsFd};

use crate::{
    deadline::Deadline,
    error::{Error, Result},
    socket::{Shutdown, Socket},
    sys,
};
#[cfg(feature = "tls")]
use crate::{
    error::ErrorKind,
    tls::{Aim, Carrier, ClientTls, TlsConnection},
};

pub(crate) use crate::socket::Buffer;

/// A connection's bytes.
#[derive(Debug)]
pub(crate) enum Stream {
    /// As they are.
    Plain(Socket),
    /// Encrypted.
    #[cfg(feature = "tls")]
    Tls(Box<TlsConnection>),
}

impl Stream {
    /// Speaks TLS on it from here, as its client; on what speaks TLS already, with a proxy, inside of that.
    #[cfg(feature = "tls")]
    pub(crate) fn start_tls(self, aim: Aim<'_>, tls: &ClientTls, deadline: Deadline) -> Result<Stream> {
        let carrier = match self {
            Stream::Plain(socket) => Carrier::from(socket),
            Stream::Tls(tls) => Carrier::from(tls),
        };
        Ok(Stream::Tls(Box::new(TlsConnection::connect(carrier, aim, tls, deadline)?)))
    }

    /// What is there, at most a buffer full; waits for the first byte. `Ok(0)` is the end of data.
    pub(crate) fn read_by(&self, buf: &mut [u8], deadline: Deadline) -> Result<usize> {
        match self {
            Stream::Plain(socket) => socket.recv_by(buf, deadline),
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.read_by(buf, deadline),
        }
    }

    /// Some of it; waits until there is room for at least one byte.
    pub(crate) fn write_by(&self, data: &[u8], deadline: Deadline) -> Result<usize> {
        match self {
            Stream::Plain(socket) => socket.send_by(data, deadline),
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.write_by(data, deadline),
        }
    }

    /// All of it, or an error that tells how much was sent.
    pub(crate) fn write_all_by(&self, data: &[u8], deadline: Deadline) -> Result<()> {
        match self {
            Stream::Plain(socket) => socket.sendall_by(data, deadline),
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.write_all_by(data, deadline),
        }
    }

    /// Never waits: `WouldBlock` when nothing is there.
    pub(crate) fn try_read(&self, buf: &mut [u8]) -> Result<usize> {
        match self {
            Stream::Plain(socket) => socket.try_recv(buf),
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.try_read(buf),
        }
    }

    /// Never waits: how much the peer may have by now; `WouldBlock` when there is no room; the next call has to come
    /// with the same data then.
    pub(crate) fn try_write(&self, data: &[u8]) -> Result<usize> {
        match self {
            Stream::Plain(socket) => socket.try_send(data),
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.try_write(data),
        }
    }

    /// Sends from a file without copying it through this process, at most `count` bytes; 0 is the file's end.
    /// Never waits: `WouldBlock` when there is no room. `Unsupported`: the caller has to copy.
    pub(crate) fn try_send_file(&self, file: &File, offset: u64, count: usize) -> Result<usize> {
        match self {
            Stream::Plain(socket) => sys::sendfile(socket.as_fd(), file, offset, count),
            #[cfg(feature = "tls")]
            Stream::Tls(_) => Err(ErrorKind::Unsupported.into()),
        }
    }

    /// Ends one direction, or both. Over TLS the peer is told first that this was all, for which there may have to be
    /// room.
    #[cfg_attr(not(feature = "tls"), expect(unused_variables))]
    pub(crate) fn shutdown_by(&self, how: Shutdown, deadline: Deadline) -> Result<()> {
        match self {
            Stream::Plain(socket) => socket.shutdown(how),
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.shutdown(how, deadline),
        }
    }

    /// Lets go what an unusually large exchange made it hold.
    pub(crate) fn shrink(&self) {
        match self {
            Stream::Plain(_) => {}
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.shrink(),
        }
    }

    /// The socket alone, if nothing else is spoken on it.
    pub(crate) fn into_plain(self) -> Option<Socket> {
        match self {
            Stream::Plain(socket) => Some(socket),
            #[cfg(feature = "tls")]
            Stream::Tls(_) => None,
        }
    }

    /// The socket below.
    pub(crate) fn socket(&self) -> &Socket {
        match self {
            Stream::Plain(socket) => socket,
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.socket(),
        }
    }

    /// What was agreed on, if it is TLS.
    #[cfg(feature = "tls")]
    pub(crate) fn tls(&self) -> Option<&TlsConnection> {
        match self {
            Stream::Plain(_) => None,
            Stream::Tls(tls) => Some(tls),
        }
    }
}

impl From<Socket> for Stream {
    fn from(socket: Socket) -> Stream {
        Stream::Plain(socket)
    }
}

/// The socket, which speaks for itself: not one below TLS, where bytes past it would be lost.
impl TryFrom<Stream> for Socket {
    type Error = Error;

    fn try_from(stream: Stream) -> Result<Socket> {
        match stream {
            Stream::Plain(socket) => Ok(socket),
            #[cfg(feature = "tls")]
            Stream::Tls(_) => {
                Err(Error::new(ErrorKind::Unsupported, "the socket speaks TLS, which can't be taken off it"))
            }
        }
    }
}
