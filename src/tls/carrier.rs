//! [`Carrier`]: what TLS is spoken over. That is a socket, or TLS itself: to a proxy, through which a server is reached.

use super::TlsConnection;
use crate::{
    deadline::Deadline,
    error::Result,
    socket::{Shutdown, Socket},
};

/// What encrypted bytes travel on.
#[derive(Debug)]
pub(crate) enum Carrier {
    Socket(Socket),
    Tls(Box<TlsConnection>),
}

impl Carrier {
    /// The socket at the bottom.
    pub(super) fn socket(&self) -> &Socket {
        match self {
            Carrier::Socket(socket) => socket,
            Carrier::Tls(tls) => tls.socket(),
        }
    }

    /// What is there; waits for the first byte. `Ok(0)` is the end of data.
    pub(super) fn recv_by(&self, buf: &mut [u8], deadline: Deadline) -> Result<usize> {
        match self {
            Carrier::Socket(socket) => socket.recv_by(buf, deadline),
            Carrier::Tls(tls) => tls.read_by(buf, deadline),
        }
    }

    /// Never waits: `WouldBlock` when nothing is there.
    pub(super) fn try_recv(&self, buf: &mut [u8]) -> Result<usize> {
        match self {
            Carrier::Socket(socket) => socket.try_recv(buf),
            Carrier::Tls(tls) => tls.try_read(buf),
        }
    }

    /// Some of it.
    pub(super) fn send_by(&self, data: &[u8], deadline: Deadline) -> Result<usize> {
        match self {
            Carrier::Socket(socket) => socket.send_by(data, deadline),
            Carrier::Tls(tls) => tls.write_by(data, deadline),
        }
    }

    /// All of it.
    pub(super) fn sendall_by(&self, data: &[u8], deadline: Deadline) -> Result<()> {
        match self {
            Carrier::Socket(socket) => socket.sendall_by(data, deadline),
            Carrier::Tls(tls) => tls.write_all_by(data, deadline),
        }
    }

    /// Never waits: `WouldBlock` when there is no room; the next call has to come with the same data then.
    pub(super) fn try_send(&self, data: &[u8]) -> Result<usize> {
        match self {
            Carrier::Socket(socket) => socket.try_send(data),
            Carrier::Tls(tls) => tls.try_write(data),
        }
    }

    /// Ends one direction, or both.
    pub(super) fn shutdown(&self, how: Shutdown, deadline: Deadline) -> Result<()> {
        match self {
            Carrier::Socket(socket) => socket.shutdown(how),
            Carrier::Tls(tls) => tls.shutdown(how, deadline),
        }
    }

    /// Lets go what an unusually large exchange made it hold.
    pub(super) fn shrink(&self) {
        if let Carrier::Tls(tls) = self {
            tls.shrink();
        }
    }
}

impl From<Socket> for Carrier {
    fn from(socket: Socket) -> Carrier {
        Carrier::Socket(socket)
    }
}

impl From<Box<TlsConnection>> for Carrier {
    fn from(tls: Box<TlsConnection>) -> Carrier {
        Carrier::Tls(tls)
    }
}
