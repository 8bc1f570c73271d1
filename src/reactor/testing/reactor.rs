//! [`MemoryReactor`]: a reactor whose network is memory.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    rc::Rc,
    time::Duration,
};

use crate::{
    error::{Error, ErrorKind, Result},
    reactor::{Clock, ConnectionId, Connector, Reactor, slab::Key},
    socket::{Address, ConnectOptions, Dialling, ToAddress},
};

use super::{
    Cable,
    memory::settle,
    pair::{End, travel},
};

/// A reactor without sockets, whose time is a [`Clock`]: `listen_tcp` takes a port of its own, and `connect_tcp` finds only
/// what listens there. Bytes travel by [`pump`](Self::pump) alone.
///
/// Addresses are literal ones: there is nobody to look names up.
///
/// Twisted: `MemoryReactorClock`, which only writes down what was asked of it.
///
/// # Examples
///
/// ```
/// use sockeye::reactor::{Protocol, Transport, factory, testing::MemoryReactor};
///
/// struct Echo;
/// impl Protocol for Echo {
///     fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
///         transport.write(data);
///     }
/// }
///
/// #[derive(Default)]
/// struct Client { heard: Vec<u8> }
/// impl Protocol for Client {
///     fn connection_made(&mut self, transport: &mut Transport<'_>) {
///         transport.write(b"hello");
///     }
///     fn data_received(&mut self, _transport: &mut Transport<'_>, data: &[u8]) {
///         self.heard.extend_from_slice(data);
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = MemoryReactor::new()?;
/// reactor.listen_tcp("192.0.2.1:7", factory(|_peer| Echo))?;
/// let client = reactor.connect_tcp("192.0.2.1:7", factory(|_peer| Client::default()))?;
/// reactor.pump(1);
/// let connection = client.connection().unwrap();
/// assert_eq!(reactor.protocol::<Client>(connection).unwrap().heard, b"hello");
/// # Ok(())
/// # }
/// ```
pub struct MemoryReactor(Reactor);

/// The network of one.
pub(in crate::reactor) struct Network {
    listening: Vec<(Address, Key)>,
    links: Vec<(End, End)>,
    next_port: u16,
}

impl MemoryReactor {
    /// A reactor that nothing is arranged with; its clock stands at zero.
    ///
    /// # Errors
    ///
    /// As [`Reactor::new`].
    pub fn new() -> Result<MemoryReactor> {
        let mut reactor = Reactor::with_clock(&Clock::new())?;
        let network = Network { listening: Vec::new(), links: Vec::new(), next_port: 49152 };
        reactor.net.network = Some(Box::new(network));
        Ok(MemoryReactor(reactor))
    }

    /// Lets all that was written travel, in pieces of so many bytes, until nobody says any more.
    pub fn pump(&mut self, size: usize) {
        settle(&mut self.0);
        while self.step(size) {}
    }

    /// The same for one piece of each connection each way; whether something has travelled.
    pub fn step(&mut self, size: usize) -> bool {
        let links = self.0.net.network.as_mut().map(|network| std::mem::take(&mut network.links));
        let mut links = links.unwrap_or_default();
        let mut travelled = false;
        for (one, other) in &links {
            travelled |= travel(one, other, size, &mut self.0);
            travelled |= travel(other, one, size, &mut self.0);
        }
        links.retain(|(one, other)| !(one.is_closed() && other.is_closed()));
        if let Some(network) = &mut self.0.net.network {
            links.append(&mut network.links);
            network.links = links;
        }
        travelled
    }

    /// Advances the time, and lets nothing travel.
    pub fn advance(&mut self, time: Duration) {
        // Fails only when the poller does, and nothing here is of it.
        let _ = self.0.advance(time);
        settle(&mut self.0);
    }
}

impl Deref for MemoryReactor {
    type Target = Reactor;

    fn deref(&self) -> &Reactor {
        &self.0
    }
}

impl DerefMut for MemoryReactor {
    fn deref_mut(&mut self) -> &mut Reactor {
        &mut self.0
    }
}

impl Network {
    /// The address to listen on.
    pub(in crate::reactor) fn place(&mut self, address: impl ToAddress) -> Result<Address> {
        let dialling = Dialling::new(address, &ConnectOptions::new())?;
        let literal = || Error::new(ErrorKind::Unsupported, "a memory reactor knows literal addresses only");
        let address = dialling.address().ok_or_else(literal)?.clone();
        let address = match address.port() {
            Some(0) => {
                self.next_port += 1;
                address.with_port(self.next_port)
            }
            _ => address,
        };
        if self.listening.iter().any(|(taken, _)| *taken == address) {
            return Err(Error::from(ErrorKind::AddressInUse).context(format!("bind to {address}")));
        }
        Ok(address)
    }

    pub(in crate::reactor) fn listens(&mut self, address: Address, key: Key) {
        self.listening.push((address, key));
    }

    pub(in crate::reactor) fn closes(&mut self, key: Key) {
        self.listening.retain(|(_, listening)| *listening != key);
    }
}

impl Connector {
    /// Connects to who listens there.
    pub(in crate::reactor) fn connect_in_memory(&self, reactor: &mut Reactor) -> Result<(Key, Key)> {
        let Some(network) = reactor.net.network.as_mut() else { return Err(ErrorKind::Unsupported.into()) };
        let there = self.destination();
        let listening = there.as_ref().and_then(|there| network.listening.iter().find(|(at, _)| at == there));
        let refused = || Error::from(ErrorKind::ConnectionRefused);
        let (there, listening) = listening.cloned().ok_or_else(refused)?;
        network.next_port += 1;
        let here = there.clone().with_port(network.next_port);
        let server = reactor.net.build(listening, &here).ok_or_else(refused)?;
        let client = self.build(&there).ok_or_else(refused)?;
        let ends = [(client, there), (server, here)].map(|(protocol, peer)| {
            let cable = Rc::new(Cable::new());
            let key = reactor.net.hold_memory(cable.clone(), peer, protocol);
            End { cable, key }
        });
        let keys = (ends[0].key, ends[1].key);
        let [client, server] = ends;
        if let Some(network) = reactor.net.network.as_mut() {
            network.links.push((client, server));
        }
        Ok(keys)
    }
}

impl fmt::Debug for MemoryReactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemoryReactor").field(&self.0).finish()
    }
}

impl MemoryReactor {
    /// The connections that are there, client's end first.
    #[must_use]
    pub fn connections(&self) -> Vec<(ConnectionId, ConnectionId)> {
        let links = self.0.net.network.iter().flat_map(|network| &network.links);
        links.map(|(one, other)| (ConnectionId(one.key), ConnectionId(other.key))).collect()
    }

    /// Where it listens.
    ///
    /// Twisted: `MemoryReactor.tcpServers`.
    #[must_use]
    pub fn listening(&self) -> Vec<Address> {
        let listening = self.0.net.network.iter().flat_map(|network| &network.listening);
        listening.map(|(address, _)| address.clone()).collect()
    }
}
