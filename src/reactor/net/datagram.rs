//! Datagrams: UDP, and those of Unix sockets.

use std::{fmt, time::Duration};

use crate::{
    error::{Error, ErrorKind, Result},
    poll::Interest,
    reactor::{Reactor, slab::Key},
    socket::{Address, ListenOptions, SOCK_DGRAM, Socket, ToAddress},
};

use super::{Net, Port, reading::BLOCK};

/// So many are received in one turn.
const AT_ONCE: usize = 64;

/// What a socket does with the datagrams that it receives.
///
/// Twisted: `DatagramProtocol`, `ConnectedDatagramProtocol`.
///
/// # Examples
///
/// ```
/// use sockeye::{
///     reactor::{DatagramProtocol, DatagramTransport, Reactor},
///     socket::{AF_INET, Address, SOCK_DGRAM, Socket},
/// };
///
/// struct Echo;
/// impl DatagramProtocol for Echo {
///     fn datagram_received(&mut self, transport: &mut DatagramTransport<'_>, data: &[u8], from: &Address) {
///         // What isn't sent is lost, as datagrams are.
///         let _ = transport.send_to(data, from);
///         transport.reactor().stop();
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let port = reactor.listen_udp("127.0.0.1:0", Echo)?;
/// let client = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
/// client.sendto(b"hello", port.host())?;
/// reactor.run()?;
/// assert_eq!(client.recv(&mut [0; 64])?, 5);
/// # Ok(())
/// # }
/// ```
pub trait DatagramProtocol: 'static {
    /// The socket is bound.
    ///
    /// Twisted: `startProtocol`.
    fn started(&mut self, transport: &mut DatagramTransport<'_>) {
        let _ = transport;
    }

    /// A datagram came.
    fn datagram_received(&mut self, transport: &mut DatagramTransport<'_>, data: &[u8], from: &Address);

    /// Nobody receives what was sent: ICMP says so, to a socket that is [connected](DatagramTransport::connect).
    fn connection_refused(&mut self, transport: &mut DatagramTransport<'_>) {
        let _ = transport;
    }

    /// The socket is closed; nothing can be sent any more.
    ///
    /// Twisted: `stopProtocol`.
    fn stopped(&mut self, transport: &mut DatagramTransport<'_>) {
        let _ = transport;
    }
}

/// A socket for datagrams that belongs to a reactor. Dropping this changes nothing.
#[derive(Clone, Debug)]
pub struct DatagramPort {
    key: Key,
    address: Address,
}

impl DatagramPort {
    /// Where it receives.
    #[must_use]
    pub fn host(&self) -> &Address {
        &self.address
    }

    /// What to send by; `None` when it is closed.
    pub fn transport<'r>(&self, reactor: &'r mut Reactor) -> Option<DatagramTransport<'r>> {
        reactor.net.datagrams(self.key)?;
        Some(DatagramTransport { reactor, key: self.key })
    }
}

/// A socket for datagrams as its protocol is handed it. Nothing here waits.
///
/// Twisted: `IUDPTransport`, `IMulticastTransport`; options, multicast groups among them, are set by
/// [`socket`](Self::socket).
pub struct DatagramTransport<'r> {
    reactor: &'r mut Reactor,
    key: Key,
}

impl DatagramTransport<'_> {
    /// The reactor, for timers and connections.
    pub fn reactor(&mut self) -> &mut Reactor {
        self.reactor
    }

    /// Sends a datagram.
    ///
    /// Twisted: `write(datagram, addr)`.
    ///
    /// # Errors
    ///
    /// As [`Socket::sendto`]; [`WouldBlock`](ErrorKind::WouldBlock) when there is no room.
    pub fn send_to(&mut self, data: &[u8], to: impl ToAddress) -> Result<()> {
        self.open()?.sendto(data, to).map(drop)
    }

    /// Sends a datagram to whom it is [connected](Self::connect).
    ///
    /// Twisted: `write(datagram)`.
    ///
    /// # Errors
    ///
    /// As [`Socket::send`]; [`WouldBlock`](ErrorKind::WouldBlock) when there is no room.
    pub fn send(&mut self, data: &[u8]) -> Result<()> {
        self.open()?.send(data).map(drop)
    }

    /// From here on it sends to that address, and receives from there alone.
    ///
    /// # Errors
    ///
    /// As [`Socket::connect`].
    pub fn connect(&mut self, to: impl ToAddress) -> Result<()> {
        self.open()?.connect(to)
    }

    /// This side's address.
    ///
    /// # Errors
    ///
    /// [`Closed`](ErrorKind::Closed) when it is closed.
    pub fn host(&self) -> Result<Address> {
        self.open()?.getsockname()
    }

    /// The socket, for its options: `SO_BROADCAST`, `IP_ADD_MEMBERSHIP` and the like. `None` when it is closed.
    #[must_use]
    pub fn socket(&self) -> Option<&Socket> {
        self.reactor.net.datagrams(self.key).and_then(|datagrams| datagrams.socket.as_ref())
    }

    /// Closes the socket as soon as the running callback has returned.
    ///
    /// Twisted: `stopListening`.
    pub fn stop_listening(&mut self) {
        let key = self.key;
        self.reactor.call_soon(move |reactor| reactor.close_datagrams(key));
    }

    fn open(&self) -> Result<&Socket> {
        self.socket().ok_or_else(|| Error::new(ErrorKind::Closed, "the socket is closed"))
    }
}

impl fmt::Debug for DatagramTransport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatagramTransport").field("socket", &self.socket()).finish_non_exhaustive()
    }
}

pub(super) struct Datagrams {
    /// `None` once it is closed.
    socket: Option<Socket>,
    /// `None` while it is called.
    protocol: Option<Box<dyn DatagramProtocol>>,
    is_again: bool,
    /// Something came while it was called.
    has_missed: bool,
}

impl Reactor {
    /// Receives datagrams on a UDP port. A host by name is looked up at once.
    ///
    /// Twisted: `reactor.listenUDP`, `listenMulticast`.
    ///
    /// # Errors
    ///
    /// As [`Socket::bind`].
    pub fn listen_udp(
        &mut self,
        address: impl ToAddress,
        protocol: impl DatagramProtocol,
    ) -> Result<DatagramPort> {
        self.adopt_datagrams(ListenOptions::new().kind(SOCK_DGRAM).create_server(address)?, protocol)
    }

    /// Receives datagrams on a Unix socket.
    ///
    /// Twisted: `reactor.listenUNIXDatagram`; `connectUNIXDatagram` is [`DatagramTransport::connect`].
    ///
    /// # Errors
    ///
    /// As [`Socket::bind`].
    pub fn listen_unix_datagrams(
        &mut self,
        path: impl AsRef<std::path::Path>,
        protocol: impl DatagramProtocol,
    ) -> Result<DatagramPort> {
        self.listen_udp(path.as_ref(), protocol)
    }

    /// Receives datagrams on a socket that is bound already.
    ///
    /// Twisted: `reactor.adoptDatagramPort`.
    ///
    /// # Errors
    ///
    /// For a socket that can't be watched.
    pub fn adopt_datagrams(
        &mut self,
        socket: Socket,
        protocol: impl DatagramProtocol,
    ) -> Result<DatagramPort> {
        let address = socket.getsockname()?;
        socket.settimeout(Duration::ZERO)?;
        let datagrams = Datagrams {
            socket: Some(socket),
            protocol: Some(Box::new(protocol)),
            is_again: false,
            has_missed: false,
        };
        let key = self.net.ports.insert(Port::Datagrams(Box::new(datagrams)));
        let watched = self.net.datagrams(key).and_then(|datagrams| datagrams.socket.as_ref());
        let watched = watched
            .map_or(Ok(()), |socket| self.net.registrar.add(socket, key.index as usize, Interest::Read));
        if let Err(error) = watched {
            self.net.ports.remove(key);
            return Err(error);
        }
        self.call_soon(move |reactor| {
            reactor.with_datagrams(key, |protocol, transport| protocol.started(transport));
        });
        Ok(DatagramPort { key, address })
    }

    fn with_datagrams(
        &mut self,
        key: Key,
        call: impl FnOnce(&mut dyn DatagramProtocol, &mut DatagramTransport<'_>),
    ) {
        let Some(datagrams) = self.net.datagrams_mut(key) else { return };
        let Some(mut protocol) = datagrams.protocol.take() else { return };
        call(&mut *protocol, &mut DatagramTransport { reactor: self, key });
        if let Some(datagrams) = self.net.datagrams_mut(key) {
            datagrams.protocol = Some(protocol);
            if std::mem::take(&mut datagrams.has_missed) {
                self.net.again_for_datagrams(key);
            }
        }
        self.settle();
    }

    fn close_datagrams(&mut self, key: Key) {
        let Some(datagrams) = self.net.datagrams_mut(key) else { return };
        if datagrams.socket.take().is_some() {
            self.with_datagrams(key, |protocol, transport| protocol.stopped(transport));
            self.net.ports.remove(key);
        }
    }

    /// Receives what has come; what comes meanwhile has to wait behind the others.
    pub(super) fn receive_datagrams(&mut self, key: Key) {
        let mut block = std::mem::take(&mut self.net.block);
        block.resize(BLOCK, 0);
        let mut left = AT_ONCE;
        while left > 0 && self.receive_datagram(key, &mut block) {
            left -= 1;
        }
        self.net.block = block;
        if left == 0 {
            self.net.again_for_datagrams(key);
        }
    }

    /// Whether there may be more.
    fn receive_datagram(&mut self, key: Key, block: &mut [u8]) -> bool {
        let Some(datagrams) = self.net.datagrams_mut(key) else { return false };
        datagrams.is_again = false;
        if datagrams.protocol.is_none() {
            // Its callback waits for something: what has come stays where it is until then.
            datagrams.has_missed = true;
            return false;
        }
        let Some(socket) = &datagrams.socket else { return false };
        match socket.try_recvfrom(block) {
            Ok((n, from)) => {
                let data = &block[..n.min(block.len())];
                self.with_datagrams(key, |protocol, transport| {
                    protocol.datagram_received(transport, data, &from);
                });
                true
            }
            Err(error) if error.would_block() => false,
            Err(error) => {
                let refused = error.kind() == ErrorKind::ConnectionRefused;
                if refused {
                    self.with_datagrams(key, |protocol, transport| protocol.connection_refused(transport));
                }
                // An answer to an earlier one found nobody: the next one may be here all the same.
                refused || error.kind() == ErrorKind::Unreachable
            }
        }
    }
}

impl Net {
    fn datagrams(&self, key: Key) -> Option<&Datagrams> {
        match self.ports.get(key)? {
            Port::Datagrams(datagrams) => Some(datagrams),
            _ => None,
        }
    }

    fn datagrams_mut(&mut self, key: Key) -> Option<&mut Datagrams> {
        match self.ports.get_mut(key)? {
            Port::Datagrams(datagrams) => Some(datagrams),
            _ => None,
        }
    }

    fn again_for_datagrams(&mut self, key: Key) {
        let Some(datagrams) = self.datagrams_mut(key) else { return };
        if !std::mem::replace(&mut datagrams.is_again, true) {
            self.again.push_back(key);
        }
    }
}

impl fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagrams").field("socket", &self.socket).finish_non_exhaustive()
    }
}
