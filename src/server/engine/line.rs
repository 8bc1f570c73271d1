//! What comes in through a door: a connection, or a packet.

use std::{os::fd::AsFd, sync::Arc, time::Duration};

use crate::{
    cancel::CancelToken,
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    socket::{
        AF_INET, AF_INET6, AF_UNIX, Address, IPPROTO_TCP, SO_ACCEPTCONN, SOL_SOCKET, Shutdown, Socket,
        TCP_NODELAY,
    },
    stream::Stream,
    sys,
};

/// What a [`Service`](super::service::Service) serves.
pub(crate) trait Line: Sized + Send + 'static {
    /// Whether it may be parked, and so belongs to the lane that has the fewest. What doesn't stay is served by
    /// whoever took it in.
    const STAYS: bool;

    /// Makes a door of a socket. From now on nothing waits at it, and the token ends what waits beyond it.
    ///
    /// # Errors
    ///
    /// When that socket can't be one.
    fn open(door: &Socket, cancel: &CancelToken) -> Result<()>;

    /// Takes in the next one; never waits. `block` is lent by the thread, as long as the engine was told.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nobody is there, and what the system says.
    fn take_in(door: &Arc<Socket>, block: &mut [u8]) -> Result<(Self, Address)>;

    /// Has its peer see the end, before it is closed: where it holds what nobody has read, the system closes it by a
    /// reset.
    fn part(&self) {}

    /// The socket below it.
    fn socket(&self) -> &Socket;
}

impl Line for Stream {
    const STAYS: bool = true;

    fn open(door: &Socket, _: &CancelToken) -> Result<()> {
        if !door.getsockopt(SOL_SOCKET, SO_ACCEPTCONN)? {
            let why = "a socket to serve doesn't listen: call its listen, or make it by create_server";
            return Err(Error::new(ErrorKind::InvalidInput, why));
        }
        // What it accepts inherits this.
        without_delay(door)?;
        door.setblocking(false)
    }

    fn take_in(door: &Arc<Socket>, _: &mut [u8]) -> Result<(Stream, Address)> {
        let (socket, peer) = door.try_accept()?;
        Ok((Stream::from(socket), peer))
    }

    fn part(&self) {
        let now = Deadline::after(Duration::ZERO);
        if self.socket().family() != AF_UNIX {
            // Who has seen the end doesn't see the reset.
            let _ = self.shutdown_by(Shutdown::Write, now);
        } else if self.shutdown_by(Shutdown::Both, now).is_ok() {
            throw_away(self.socket());
        }
    }

    fn socket(&self) -> &Socket {
        Stream::socket(self)
    }
}

/// Over a Unix socket a reset comes before the end, so nothing may be left. After a shutdown nothing is added. It holds
/// for what the usual `SO_SNDBUF` of 208 KiB has room for, of whatever records; of a peer with a much larger one, or
/// with nothing but empty records left, it stays a reset, as in Python.
fn throw_away(socket: &Socket) {
    const READS: usize = 1024;
    if !sys::has_more(socket.as_fd()) {
        return;
    }
    let mut block = vec![0; 16 * 1024];
    for _ in 0..READS {
        // An empty record is no end.
        if socket.try_recv(&mut block).is_err() || !sys::has_more(socket.as_fd()) {
            return;
        }
    }
}

/// `TCP_NODELAY`, where there is such a thing: an answer leaves when it is written.
pub(super) fn without_delay(socket: &Socket) -> Result<()> {
    match socket.family() {
        AF_INET | AF_INET6 => socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, true),
        _ => Ok(()),
    }
}

/// A packet, with the socket that it came to and that its answer leaves by.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) socket: Arc<Socket>,
    /// In no more memory than it takes.
    pub(crate) bytes: Box<[u8]>,
}

impl Line for Packet {
    const STAYS: bool = false;

    fn open(door: &Socket, cancel: &CancelToken) -> Result<()> {
        door.set_cancel(cancel.clone())
    }

    fn take_in(door: &Arc<Socket>, block: &mut [u8]) -> Result<(Packet, Address)> {
        let (count, peer) = door.try_recvfrom(block)?;
        Ok((Packet { socket: Arc::clone(door), bytes: block[..count].into() }, peer))
    }

    fn socket(&self) -> &Socket {
        &self.socket
    }
}
