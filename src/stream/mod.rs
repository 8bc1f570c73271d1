//! A connection's bytes: plain (TLS later), one enum; and [`Buffer`], for what was received before its time.
//!
//! Every call takes `&self` and an absolute [`Deadline`]; the socket's own mode doesn't matter here.

use std::{fs::File, os::fd::AsFd};

use crate::{
    deadline::Deadline,
    error::Result,
    socket::{Shutdown, Socket},
    sys,
};

pub(crate) use crate::socket::Buffer;

/// A connection's bytes.
#[derive(Debug)]
pub(crate) enum Stream {
    /// As they are.
    Plain(Socket),
}

impl Stream {
    /// What is there, at most a buffer full; waits for the first byte. `Ok(0)` is the end of data.
    pub(crate) fn read_by(&self, buf: &mut [u8], deadline: Deadline) -> Result<usize> {
        match self {
            Stream::Plain(socket) => socket.recv_by(buf, deadline),
        }
    }

    /// Some of it; waits until there is room for at least one byte.
    pub(crate) fn write_by(&self, data: &[u8], deadline: Deadline) -> Result<usize> {
        match self {
            Stream::Plain(socket) => socket.send_by(data, deadline),
        }
    }

    /// All of it, or an error that tells how much was sent.
    pub(crate) fn write_all_by(&self, data: &[u8], deadline: Deadline) -> Result<()> {
        match self {
            Stream::Plain(socket) => socket.sendall_by(data, deadline),
        }
    }

    /// Never waits: `WouldBlock` when nothing is there.
    pub(crate) fn try_read(&self, buf: &mut [u8]) -> Result<usize> {
        match self {
            Stream::Plain(socket) => socket.try_recv(buf),
        }
    }

    /// Never waits: `WouldBlock` when there is no room.
    pub(crate) fn try_write(&self, data: &[u8]) -> Result<usize> {
        match self {
            Stream::Plain(socket) => socket.try_send(data),
        }
    }

    /// Sends from a file without copying it through this process, at most `count` bytes; 0 is the file's end.
    /// Never waits: `WouldBlock` when there is no room. `Unsupported`: the caller has to copy.
    pub(crate) fn try_send_file(&self, file: &File, offset: u64, count: usize) -> Result<usize> {
        match self {
            Stream::Plain(socket) => sys::sendfile(socket.as_fd(), file, offset, count),
        }
    }

    /// Ends one direction, or both.
    pub(crate) fn shutdown(&self, how: Shutdown) -> Result<()> {
        match self {
            Stream::Plain(socket) => socket.shutdown(how),
        }
    }

    /// The socket below.
    pub(crate) fn socket(&self) -> &Socket {
        match self {
            Stream::Plain(socket) => socket,
        }
    }

    /// Gives the socket away; what a layer above it holds is lost.
    pub(crate) fn into_socket(self) -> Socket {
        match self {
            Stream::Plain(socket) => socket,
        }
    }
}

impl From<Socket> for Stream {
    fn from(socket: Socket) -> Stream {
        Stream::Plain(socket)
    }
}
