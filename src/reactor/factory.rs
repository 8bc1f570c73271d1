//! [`Factory`]: what makes a protocol for each connection.

use crate::{error::Error, socket::Address};

use super::{Connector, Protocol, Reactor, Reason, protocol::Held};

/// Makes the protocols of a listening port, or of a client's connections.
///
/// [`factory`] makes one of a closure. The other methods tell what becomes of the port or of the attempts to connect; a
/// client's [`Connector`] is how to try again.
///
/// Twisted: `ServerFactory` and `ClientFactory`; `startFactory`, `stopFactory`, `buildProtocol`, `startedConnecting`,
/// `clientConnectionFailed`, `clientConnectionLost`.
///
/// # Examples
///
/// ```
/// use sockeye::{reactor::{Factory, Protocol, Reactor, Transport}, socket::Address};
///
/// struct Numbered(u64);
/// struct Greeter { number: u64 }
///
/// impl Factory for Numbered {
///     type Protocol = Greeter;
///
///     fn build(&mut self, _peer: &Address) -> Option<Greeter> {
///         self.0 += 1;
///         Some(Greeter { number: self.0 })
///     }
/// }
///
/// impl Protocol for Greeter {
///     fn connection_made(&mut self, transport: &mut Transport<'_>) {
///         transport.write(format!("you are number {}\r\n", self.number).as_bytes());
///         transport.lose_connection();
///     }
///
///     fn data_received(&mut self, _transport: &mut Transport<'_>, _data: &[u8]) {}
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let port = reactor.listen_tcp("127.0.0.1:0", Numbered(0))?;
/// assert_ne!(port.host().port(), Some(0));
/// # Ok(())
/// # }
/// ```
pub trait Factory: 'static {
    /// What it makes.
    type Protocol: Protocol;

    /// A protocol for a new connection; `None` refuses it.
    fn build(&mut self, peer: &Address) -> Option<Self::Protocol>;

    /// Its first port or attempt to connect begins.
    fn start(&mut self, reactor: &mut Reactor) {
        let _ = reactor;
    }

    /// Its port is closed, or its attempts to connect are over and nobody holds the [`Connector`].
    fn stop(&mut self) {}

    /// An attempt to connect begins.
    fn started_connecting(&mut self, reactor: &mut Reactor, connector: &Connector) {
        let _ = (reactor, connector);
    }

    /// There is no connection.
    fn connection_failed(&mut self, reactor: &mut Reactor, connector: &Connector, error: &Error) {
        let _ = (reactor, connector, error);
    }

    /// A client's connection is over; its protocol was told already.
    fn connection_lost(&mut self, reactor: &mut Reactor, connector: &Connector, reason: &Reason) {
        let _ = (reactor, connector, reason);
    }
}

/// Makes a [`Factory`] of a closure that is given the peer's address.
///
/// Twisted: `Factory.forProtocol`.
///
/// # Examples
///
/// ```
/// use sockeye::reactor::{Protocol, Reactor, Transport, factory};
///
/// struct Echo;
///
/// impl Protocol for Echo {
///     fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
///         transport.write(data);
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// reactor.listen_tcp("127.0.0.1:0", factory(|_peer| Echo))?;
/// # Ok(())
/// # }
/// ```
pub fn factory<F, P>(build: F) -> FactoryFn<F>
where
    F: FnMut(&Address) -> P + 'static,
    P: Protocol,
{
    FactoryFn(build)
}

/// The [`Factory`] that [`factory`] makes of a closure.
#[derive(Clone, Copy)]
pub struct FactoryFn<F>(F);

impl<F> std::fmt::Debug for FactoryFn<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FactoryFn").finish_non_exhaustive()
    }
}

impl<F: FnMut(&Address) -> P + 'static, P: Protocol> Factory for FactoryFn<F> {
    type Protocol = P;

    fn build(&mut self, peer: &Address) -> Option<P> {
        Some((self.0)(peer))
    }
}

/// A factory as the reactor holds it.
pub(super) trait HeldFactory {
    fn build(&mut self, peer: &Address) -> Option<Box<dyn Held>>;
    fn start(&mut self, reactor: &mut Reactor);
    fn stop(&mut self);
    fn started_connecting(&mut self, reactor: &mut Reactor, connector: &Connector);
    fn connection_failed(&mut self, reactor: &mut Reactor, connector: &Connector, error: &Error);
    fn connection_lost(&mut self, reactor: &mut Reactor, connector: &Connector, reason: &Reason);
}

impl<F: Factory> HeldFactory for F {
    fn build(&mut self, peer: &Address) -> Option<Box<dyn Held>> {
        Factory::build(self, peer).map(|protocol| Box::new(protocol) as Box<dyn Held>)
    }

    fn start(&mut self, reactor: &mut Reactor) {
        Factory::start(self, reactor);
    }

    fn stop(&mut self) {
        Factory::stop(self);
    }

    fn started_connecting(&mut self, reactor: &mut Reactor, connector: &Connector) {
        Factory::started_connecting(self, reactor, connector);
    }

    fn connection_failed(&mut self, reactor: &mut Reactor, connector: &Connector, error: &Error) {
        Factory::connection_failed(self, reactor, connector, error);
    }

    fn connection_lost(&mut self, reactor: &mut Reactor, connector: &Connector, reason: &Reason) {
        Factory::connection_lost(self, reactor, connector, reason);
    }
}
