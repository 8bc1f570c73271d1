//! [`MemoryTransport`]: one protocol, and the test as its peer.

use std::{fmt, net::Ipv4Addr, rc::Rc, time::Duration};

use crate::{
    error::Result,
    reactor::{Clock, ConnectionId, Protocol, Reactor, Transport, slab::Key},
    socket::Address,
};

use super::Cable;

/// One protocol on a connection without a socket. What it writes is looked at by [`written`](Self::written); what the
/// peer would send is handed in by [`receive`](Self::receive).
///
/// It has a reactor of its own, whose time is a [`Clock`]: [`advance`](Self::advance).
///
/// Twisted: `StringTransport`, `StringTransportWithDisconnection`.
///
/// # Examples
///
/// A protocol gets the same whatever the pieces:
///
/// ```
/// use sockeye::reactor::{Protocol, Transport, testing::MemoryTransport};
///
/// #[derive(Default)]
/// struct Shout;
/// impl Protocol for Shout {
///     fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
///         transport.write(&data.to_ascii_uppercase());
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// for size in [1, 2, 100] {
///     let mut memory = MemoryTransport::new(Shout)?;
///     memory.receive_in_pieces(b"hello, world", size);
///     assert_eq!(memory.take(), b"HELLO, WORLD");
/// }
/// # Ok(())
/// # }
/// ```
pub struct MemoryTransport {
    reactor: Reactor,
    key: Key,
    cable: Rc<Cable>,
}

impl MemoryTransport {
    /// Connects the protocol: it is told [`connection_made`](Protocol::connection_made). Its peer is 192.0.2.1:54321.
    ///
    /// # Errors
    ///
    /// As [`Reactor::new`].
    pub fn new(protocol: impl Protocol) -> Result<MemoryTransport> {
        MemoryTransport::with_peer(protocol, (Ipv4Addr::new(192, 0, 2, 1), 54321).into_address())
    }

    /// The same with a peer's address of your own.
    ///
    /// # Errors
    ///
    /// As [`Reactor::new`].
    pub fn with_peer(protocol: impl Protocol, peer: Address) -> Result<MemoryTransport> {
        let mut reactor = Reactor::with_clock(&Clock::new())?;
        let cable = Rc::new(Cable::new());
        let key = reactor.net.hold_memory(cable.clone(), peer, Box::new(protocol));
        let mut memory = MemoryTransport { reactor, key, cable };
        memory.settle();
        Ok(memory)
    }

    /// Hands the protocol these bytes, as if they had come from the peer, and does all that comes of it.
    pub fn receive(&mut self, data: &[u8]) {
        self.cable.give(data);
        self.wake();
    }

    /// The same in pieces of so many bytes.
    pub fn receive_in_pieces(&mut self, data: &[u8], size: usize) {
        for piece in data.chunks(size.max(1)) {
            self.receive(piece);
        }
    }

    /// The peer will send no more.
    pub fn receive_eof(&mut self) {
        self.cable.end();
        self.wake();
    }

    /// The connection breaks.
    pub fn break_off(&mut self, error: crate::Error) {
        self.reactor.net.end(self.key, crate::reactor::Reason::Lost(error));
        self.settle();
    }

    /// What the protocol has written and nobody has taken.
    ///
    /// Twisted: `StringTransport.value`.
    #[must_use]
    pub fn written(&self) -> Vec<u8> {
        self.cable.written()
    }

    /// The same, and takes it.
    ///
    /// Twisted: `StringTransport.clear`, too.
    pub fn take(&mut self) -> Vec<u8> {
        self.cable.take(usize::MAX)
    }

    /// From here on the peer takes so many more bytes; the rest waits. Default is no limit.
    pub fn set_room(&mut self, bytes: usize) {
        self.cable.set_room(bytes);
        self.wake();
    }

    /// Whether the connection is over, and the protocol was told so.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.cable.is_closed()
    }

    /// Whether the protocol has sent its last byte.
    #[must_use]
    pub fn has_sent_eof(&self) -> bool {
        self.cable.has_ended()
    }

    /// Advances the time.
    pub fn advance(&mut self, time: Duration) {
        // Fails only when the poller does, and nothing here is of it.
        let _ = self.reactor.advance(time);
        self.settle();
    }

    /// Does something to the connection, as a callback would.
    pub fn with<T>(&mut self, call: impl FnOnce(&mut Transport<'_>) -> T) -> Option<T> {
        let outcome = self.reactor.transport(self.id()).map(|mut transport| call(&mut transport));
        self.settle();
        outcome
    }

    /// Which connection of its reactor it is.
    #[must_use]
    pub fn id(&self) -> ConnectionId {
        ConnectionId(self.key)
    }

    /// Its reactor.
    pub fn reactor(&mut self) -> &mut Reactor {
        &mut self.reactor
    }

    fn wake(&mut self) {
        self.reactor.net.wake_memory(self.key);
        self.settle();
    }

    fn settle(&mut self) {
        settle(&mut self.reactor);
    }
}

/// Does all that needs no event.
pub(super) fn settle(reactor: &mut Reactor) {
    loop {
        // Fails only when the poller does, and nothing here is of it.
        let _ = reactor.iterate(Duration::ZERO);
        if !reactor.net.has_ready() {
            return;
        }
    }
}

pub(super) trait IntoAddress {
    fn into_address(self) -> Address;
}

impl IntoAddress for (Ipv4Addr, u16) {
    fn into_address(self) -> Address {
        std::net::SocketAddr::from(self).into()
    }
}

impl fmt::Debug for MemoryTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTransport").field("cable", &self.cable).finish_non_exhaustive()
    }
}
