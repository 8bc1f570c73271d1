//! The std traits of a [`Client`].

use std::{
    io::{self, BufRead, Read},
    os::fd::{AsFd, BorrowedFd},
};

use super::Client;
use crate::{
    error::{Error, Result},
    socket::{SOCK_STREAM, Socket, write_by_send},
};

/// Big reads pass by the buffer.
impl Read for Client {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.received.is_empty() && !buf.is_empty() {
            return Ok(self.receive(buf, self.deadline())?);
        }
        let n = self.received.bytes().read(buf)?;
        self.received.consume(n);
        Ok(n)
    }
}

impl BufRead for Client {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.received.is_empty() {
            self.fill(self.deadline())?;
        }
        Ok(self.received.bytes())
    }

    fn consume(&mut self, n: usize) {
        self.received.consume(n);
    }
}

write_by_send! { Client }

/// Readiness of the socket: bytes in the buffer don't show there.
impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self.socket() {
            Ok(socket) => socket.as_fd(),
            Err(_) => Socket::nothing(),
        }
    }
}

/// A connected socket, with the socket's time limit.
impl From<Socket> for Client {
    fn from(socket: Socket) -> Client {
        let timeout = socket.gettimeout();
        let kind = socket.kind().unwrap_or(SOCK_STREAM);
        Client::over(socket.into(), kind, timeout)
    }
}

/// The socket below, with the client's time limit; fails once it is closed, and over TLS. What was received and not
/// taken is lost.
impl TryFrom<Client> for Socket {
    type Error = Error;

    fn try_from(mut client: Client) -> Result<Socket> {
        let timeout = client.timeout;
        let stream = client.stream.take().ok_or(crate::ErrorKind::Closed)?;
        let socket = Socket::try_from(stream)?;
        socket.settimeout(timeout)?;
        Ok(socket)
    }
}
