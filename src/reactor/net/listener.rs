//! Where connections come in.

use std::{fmt, time::Duration};

use crate::{
    error::{ErrorKind, Result},
    poll::Interest,
    reactor::{Factory, Reactor, factory::HeldFactory, protocol::Held, slab::Key},
    socket::{AF_INET, AF_INET6, Address, IPPROTO_TCP, ListenOptions, Socket, TCP_NODELAY, ToAddress},
};

use super::{Net, Port};

/// So many are let in in one turn.
const AT_ONCE: usize = 64;

/// Accepting rests so long when the system has no descriptors or memory left.
const REST: Duration = Duration::from_millis(50);

pub(super) struct Listener {
    /// `None` in a reactor without sockets.
    socket: Option<Socket>,
    /// `None` while it is called.
    factory: Option<Box<dyn HeldFactory>>,
    address: Address,
    is_paused: bool,
}

/// A port on which a reactor listens. Dropping this changes nothing.
///
/// Twisted: `IListeningPort`.
///
/// # Examples
///
/// ```
/// # use sockeye::reactor::{Protocol, Reactor, Transport, factory};
/// # struct Echo;
/// # impl Protocol for Echo {
/// #     fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) { transport.write(data); }
/// # }
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let port = reactor.listen_tcp("127.0.0.1:0", factory(|_peer| Echo))?;
/// println!("listening on {}", port.host());
/// port.stop_listening(&mut reactor);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ListeningPort {
    key: Key,
    address: Address,
}

impl ListeningPort {
    /// Where it listens.
    ///
    /// Twisted: `getHost`.
    #[must_use]
    pub fn host(&self) -> &Address {
        &self.address
    }

    /// Closes the port. Connections stay.
    ///
    /// Twisted: `stopListening`.
    pub fn stop_listening(&self, reactor: &mut Reactor) {
        if let Some(Port::Listener(listener)) = reactor.net.ports.remove(self.key) {
            listener.close();
        }
        if let Some(network) = &mut reactor.net.network {
            network.closes(self.key);
        }
    }

    /// Lets nobody in for a while: who comes waits in the system's queue.
    pub fn pause(&self, reactor: &mut Reactor) {
        if let Some(Port::Listener(listener)) = reactor.net.ports.get_mut(self.key) {
            listener.is_paused = true;
        }
    }

    /// Lets them in again.
    pub fn resume(&self, reactor: &mut Reactor) {
        if let Some(Port::Listener(listener)) = reactor.net.ports.get_mut(self.key) {
            if std::mem::replace(&mut listener.is_paused, false) {
                reactor.net.again.push_back(self.key);
            }
        }
    }
}

impl Reactor {
    /// Listens on a TCP port, as [`create_server`](crate::socket::create_server) does; the factory makes a protocol for
    /// each connection. A host by name is looked up at once.
    ///
    /// Twisted: `reactor.listenTCP`.
    ///
    /// # Errors
    ///
    /// As [`create_server`](crate::socket::create_server).
    pub fn listen_tcp(&mut self, address: impl ToAddress, factory: impl Factory) -> Result<ListeningPort> {
        self.listen_with(&ListenOptions::new(), address, factory)
    }

    /// Listens on a Unix socket. Its file stays when the port is closed, as in
    /// [`create_server`](crate::socket::create_server).
    ///
    /// Twisted: `reactor.listenUNIX`.
    ///
    /// # Errors
    ///
    /// As [`create_server`](crate::socket::create_server).
    pub fn listen_unix(
        &mut self,
        path: impl AsRef<std::path::Path>,
        factory: impl Factory,
    ) -> Result<ListeningPort> {
        self.listen_tcp(path.as_ref(), factory)
    }

    /// Listens with options of your own: the backlog, `SO_REUSEPORT`, IPv6 alone.
    ///
    /// # Errors
    ///
    /// As [`ListenOptions::create_server`].
    pub fn listen_with(
        &mut self,
        options: &ListenOptions,
        address: impl ToAddress,
        factory: impl Factory,
    ) -> Result<ListeningPort> {
        if let Some(network) = &mut self.net.network {
            let address = network.place(address)?;
            return self.listen_on(None, address, factory);
        }
        self.adopt_listener(options.create_server(address)?, factory)
    }

    /// Serves on a socket that listens already: one of systemd's, or a parent's.
    ///
    /// Twisted: `reactor.adoptStreamPort`.
    ///
    /// # Errors
    ///
    /// For a socket that can't be watched.
    pub fn adopt_listener(&mut self, socket: Socket, factory: impl Factory) -> Result<ListeningPort> {
        let address = socket.getsockname()?;
        if matches!(socket.family(), AF_INET | AF_INET6) {
            // Whatever it accepts has it from there: what a protocol writes leaves at once.
            socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, true)?;
        }
        socket.ensure_nonblocking()?;
        self.listen_on(Some(socket), address, factory)
    }

    fn listen_on(
        &mut self,
        socket: Option<Socket>,
        address: Address,
        factory: impl Factory,
    ) -> Result<ListeningPort> {
        let key = self.net.listen(socket, Box::new(factory), address.clone())?;
        if let Some(network) = &mut self.net.network {
            network.listens(address.clone(), key);
        }
        self.call_soon(move |reactor| reactor.with_factory(key, |factory, reactor| factory.start(reactor)));
        Ok(ListeningPort { key, address })
    }

    fn with_factory(&mut self, key: Key, call: impl FnOnce(&mut dyn HeldFactory, &mut Reactor)) {
        let Some(Port::Listener(listener)) = self.net.ports.get_mut(key) else { return };
        let Some(mut factory) = listener.factory.take() else { return };
        call(&mut *factory, self);
        match self.net.ports.get_mut(key) {
            Some(Port::Listener(listener)) => listener.factory = Some(factory),
            _ => factory.stop(),
        }
    }

    /// Lets in those who wait.
    pub(super) fn accept(&mut self, key: Key) {
        for _ in 0..AT_ONCE {
            let Some(Port::Listener(listener)) = self.net.ports.get_mut(key) else { return };
            if listener.is_paused {
                return;
            }
            if listener.factory.is_none() {
                // It is being called: those who wait, wait until the next turn.
                break;
            }
            let Some(accepted) = listener.socket.as_ref().map(Socket::try_accept) else { return };
            match accepted {
                Ok((socket, peer)) => {
                    let protocol = listener.factory.as_mut().and_then(|factory| factory.build(&peer));
                    self.welcome(socket, peer, protocol);
                }
                Err(error) if error.would_block() => return,
                // That one has gone; behind it may be another.
                Err(error) if error.kind() != ErrorKind::OutOfResources => {}
                Err(_) => {
                    self.call_later(REST, move |reactor| reactor.net.again.push_back(key));
                    return;
                }
            }
        }
        self.net.again.push_back(key);
    }

    fn welcome(&mut self, socket: Socket, peer: Address, protocol: Option<Box<dyn Held>>) {
        let Some(protocol) = protocol else { return };
        // Fails when the system can watch no more: then it is closed.
        if let Ok(key) = self.net.connect(socket, peer, protocol) {
            self.attend(key);
        }
    }
}

impl Net {
    /// A protocol for who connects to that port; none, if it is closed or refuses.
    pub(in crate::reactor) fn build(&mut self, key: Key, peer: &Address) -> Option<Box<dyn Held>> {
        match self.ports.get_mut(key)? {
            Port::Listener(listener) if !listener.is_paused => listener.factory.as_mut()?.build(peer),
            _ => None,
        }
    }

    fn listen(
        &mut self,
        socket: Option<Socket>,
        factory: Box<dyn HeldFactory>,
        address: Address,
    ) -> Result<Key> {
        let listener = Listener { socket, factory: Some(factory), address, is_paused: false };
        let key = self.ports.insert(Port::Listener(Box::new(listener)));
        if let Some(Port::Listener(listener)) = self.ports.get(key) {
            if let Some(Err(error)) = listener
                .socket
                .as_ref()
                .map(|socket| self.registrar.add(socket, key.index as usize, Interest::Read))
            {
                self.ports.remove(key);
                return Err(error);
            }
        }
        Ok(key)
    }
}

impl Listener {
    fn close(self) {
        drop(self.socket);
        if let Some(mut factory) = self.factory {
            factory.stop();
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("address", &self.address).finish_non_exhaustive()
    }
}
