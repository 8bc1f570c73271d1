//! [`Connector`]: a client's way to its server, once or again and again.

use std::{cell::RefCell, fmt, mem, path::Path, rc::Rc, time::Duration};

use crate::{
    error::{Error, ErrorKind, Result},
    socket::{Address, Begun, ConnectOptions, Dialling, Next, Socket, ToAddress},
};

use super::{
    ConnectionId, DelayedCall, Factory, Reactor, Reason, factory::HeldFactory, net::What, protocol::Held,
    slab::Key,
};

/// How long an attempt may take unless told otherwise, as in Twisted.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client's way to its server. Clones are the same one.
///
/// [`connect`](Self::connect) tries again when the last attempt has failed or its connection is over: what
/// [`Factory::connection_failed`] and [`Factory::connection_lost`] are handed it for.
///
/// Twisted: `IConnector`.
///
/// # Examples
///
/// ```
/// use sockeye::{Error, reactor::{Connector, Factory, Protocol, Reactor, Transport}, socket::{Address, create_server}};
///
/// struct Silent;
/// impl Protocol for Silent {
///     fn data_received(&mut self, _transport: &mut Transport<'_>, _data: &[u8]) {}
/// }
///
/// struct Once;
/// impl Factory for Once {
///     type Protocol = Silent;
///     fn build(&mut self, _peer: &Address) -> Option<Silent> {
///         Some(Silent)
///     }
///     fn connection_failed(&mut self, reactor: &mut Reactor, _connector: &Connector, error: &Error) {
///         println!("{error}");
///         reactor.stop();
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// let nobody = create_server("127.0.0.1:0")?.getsockname()?; // closed again
/// let mut reactor = Reactor::new()?;
/// reactor.connect_tcp(nobody, Once)?;
/// reactor.run()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connector(Rc<RefCell<Inner>>);

type Waiter = Box<dyn FnOnce(&mut Reactor, Result<ConnectionId>)>;

struct Inner {
    /// Nothing was begun with it.
    plan: Dialling,
    timeout: Option<Duration>,
    /// `None` while it is called.
    factory: Option<Box<dyn HeldFactory>>,
    has_started: bool,
    /// Who wants to know how the first attempt ends.
    waiter: Option<Waiter>,
    phase: Phase,
}

enum Phase {
    Idle,
    Connecting(Box<UnderWay>),
    Connected(Key),
}

struct UnderWay {
    dialling: Dialling,
    /// When the attempts began: after the look-up.
    since: Duration,
    /// The look-up or the attempts.
    pending: Vec<Key>,
    limit: Option<DelayedCall>,
    next: Option<DelayedCall>,
}

impl Reactor {
    /// Connects to a TCP server, within 30 seconds. A name is looked up by another thread; all its addresses are tried,
    /// as [`create_connection`](crate::socket::create_connection) does.
    ///
    /// Twisted: `reactor.connectTCP`.
    ///
    /// # Errors
    ///
    /// For a malformed address. What comes later is told to the factory.
    pub fn connect_tcp(&mut self, address: impl ToAddress, factory: impl Factory) -> Result<Connector> {
        self.connect_with(&ConnectOptions::new().timeout(TIMEOUT), address, factory)
    }

    /// Connects to a Unix socket.
    ///
    /// Twisted: `reactor.connectUNIX`.
    ///
    /// # Errors
    ///
    /// As [`connect_tcp`](Self::connect_tcp).
    pub fn connect_unix(&mut self, path: impl AsRef<Path>, factory: impl Factory) -> Result<Connector> {
        self.connect_tcp(path.as_ref(), factory)
    }

    /// Connects with options of your own: the time limit, this side's address, the delay between attempts. Its cancel
    /// token isn't looked at: there is [`Connector::stop_connecting`].
    ///
    /// # Errors
    ///
    /// As [`connect_tcp`](Self::connect_tcp).
    pub fn connect_with(
        &mut self,
        options: &ConnectOptions,
        address: impl ToAddress,
        factory: impl Factory,
    ) -> Result<Connector> {
        let connector = Connector::new(options, address, Box::new(factory))?;
        connector.connect(self)?;
        Ok(connector)
    }
}

impl Connector {
    pub(super) fn new(
        options: &ConnectOptions,
        address: impl ToAddress,
        factory: Box<dyn HeldFactory>,
    ) -> Result<Connector> {
        Ok(Connector(Rc::new(RefCell::new(Inner {
            plan: Dialling::new(address, options)?,
            timeout: options.limit(),
            factory: Some(factory),
            has_started: false,
            waiter: None,
            phase: Phase::Idle,
        }))))
    }

    /// Begins an attempt as soon as the running callback has returned.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) while there is an attempt or a connection.
    pub fn connect(&self, reactor: &mut Reactor) -> Result<()> {
        let mut inner = self.0.borrow_mut();
        if !matches!(inner.phase, Phase::Idle) {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "the connector is connecting or connected already",
            ));
        }
        inner.phase = Phase::Connecting(Box::new(UnderWay {
            dialling: inner.plan.again(),
            since: reactor.now(),
            pending: Vec::new(),
            limit: None,
            next: None,
        }));
        let this = self.clone();
        reactor.call_soon(move |reactor| this.begin(reactor));
        Ok(())
    }

    /// Ends an attempt: it fails with [`Cancelled`](ErrorKind::Cancelled).
    ///
    /// Twisted: `stopConnecting`.
    pub fn stop_connecting(&self, reactor: &mut Reactor) {
        if self.is_connecting() {
            let this = self.clone();
            reactor.call_soon(move |reactor| this.fail(reactor, ErrorKind::Cancelled.into()));
        }
    }

    /// Ends an attempt, or the connection.
    pub fn disconnect(&self, reactor: &mut Reactor) {
        let connected = match self.0.borrow().phase {
            Phase::Connected(key) => Some(key),
            _ => None,
        };
        match connected {
            Some(key) => reactor.lose_connection(key),
            None => self.stop_connecting(reactor),
        }
    }

    /// The connection, if there is one.
    #[must_use]
    pub fn connection(&self) -> Option<ConnectionId> {
        match self.0.borrow().phase {
            Phase::Connected(key) => Some(ConnectionId(key)),
            _ => None,
        }
    }

    /// Where it connects to; `None` for a name.
    ///
    /// Twisted: `getDestination`.
    #[must_use]
    pub fn destination(&self) -> Option<Address> {
        self.0.borrow().plan.address().cloned()
    }

    fn is_connecting(&self) -> bool {
        matches!(self.0.borrow().phase, Phase::Connecting(_))
    }

    /// Who wants to know how the first attempt ends.
    pub(super) fn tell(&self, waiter: impl FnOnce(&mut Reactor, Result<ConnectionId>) + 'static) {
        self.0.borrow_mut().waiter = Some(Box::new(waiter));
    }

    /// Calls the factory, which may do anything with this connector.
    fn with_factory<T>(&self, call: impl FnOnce(&mut dyn HeldFactory) -> T) -> Option<T> {
        let mut factory = self.0.borrow_mut().factory.take()?;
        let outcome = call(&mut *factory);
        self.0.borrow_mut().factory = Some(factory);
        Some(outcome)
    }

    fn under_way<T>(&self, what: impl FnOnce(&mut UnderWay) -> T) -> Option<T> {
        match &mut self.0.borrow_mut().phase {
            Phase::Connecting(under_way) => Some(what(under_way)),
            _ => None,
        }
    }

    fn begin(&self, reactor: &mut Reactor) {
        if !mem::replace(&mut self.0.borrow_mut().has_started, true) {
            self.with_factory(|factory| factory.start(reactor));
        }
        self.with_factory(|factory| factory.started_connecting(reactor, self));
        if reactor.net.network.is_some() && self.is_connecting() {
            return match self.connect_in_memory(reactor) {
                Ok((key, server)) => {
                    reactor.attend(server);
                    self.made(reactor, key);
                }
                Err(error) => self.fail(reactor, error),
            };
        }
        let Some(begun) = self.under_way(|under_way| under_way.dialling.begin()) else { return };
        let timeout = self.0.borrow().timeout;
        if let Some(timeout) = timeout {
            let this = self.clone();
            let limit = reactor.call_later(timeout, move |reactor| this.out_of_time(reactor));
            self.under_way(|under_way| under_way.limit = Some(limit));
        }
        match begun {
            Ok(Begun::Known(addresses)) => self.try_all(reactor, Ok(addresses)),
            Ok(Begun::Asked(look_up)) => self.wait_for(reactor, What::LookUp(look_up)),
            Err(error) => self.fail(reactor, error),
        }
    }

    fn wait_for(&self, reactor: &mut Reactor, what: What) {
        match reactor.net.attempt(self.clone(), what) {
            Ok(key) => {
                self.under_way(|under_way| under_way.pending.push(key));
            }
            Err(error) => self.fail(reactor, error),
        }
    }

    fn try_all(&self, reactor: &mut Reactor, addresses: Result<Vec<Address>>) {
        let now = reactor.now();
        let outcome = self.under_way(|under_way| {
            under_way.since = now;
            under_way.dialling.try_all(addresses?)
        });
        match outcome {
            None => {}
            Some(Ok(())) => self.step(reactor),
            Some(Err(error)) => self.fail(reactor, error),
        }
    }

    /// Whatever is due.
    fn step(&self, reactor: &mut Reactor) {
        loop {
            let now = reactor.now();
            let next = self.under_way(|under_way| {
                (under_way.dialling.next(now.saturating_sub(under_way.since)), under_way.since)
            });
            match next {
                None => return,
                Some((Next::Connected(socket), _)) => return self.won(reactor, socket),
                Some((Next::Failed(error), _)) => return self.fail(reactor, error),
                Some((Next::Started(address, socket), _)) => {
                    self.wait_for(reactor, What::Connect(address, socket));
                }
                Some((Next::Wait(until), since)) => {
                    let this = self.clone();
                    let next = until.map(|until| {
                        let left = (since + until).saturating_sub(now);
                        reactor.call_later(left, move |reactor| this.step(reactor))
                    });
                    let last = self.under_way(|under_way| mem::replace(&mut under_way.next, next));
                    return cancel(reactor, last.flatten());
                }
            }
        }
    }

    /// The look-up, or an attempt, has ended.
    pub(super) fn ended(&self, reactor: &mut Reactor, key: Key) {
        self.under_way(|under_way| under_way.pending.retain(|pending| *pending != key));
        match reactor.net.give_up(key) {
            None => {}
            Some(What::LookUp(look_up)) => {
                let found = self.under_way(|under_way| under_way.dialling.found(look_up));
                if let Some(found) = found {
                    self.try_all(reactor, found);
                }
            }
            Some(What::Connect(address, socket)) => {
                match self.under_way(|under_way| under_way.dialling.ended(address, socket)) {
                    None => {}
                    Some(Some(socket)) => self.won(reactor, socket),
                    Some(None) => self.step(reactor),
                }
            }
        }
    }

    fn out_of_time(&self, reactor: &mut Reactor) {
        let pending = self.under_way(|under_way| mem::take(&mut under_way.pending)).unwrap_or_default();
        let running = pending.into_iter().filter_map(|key| match reactor.net.give_up(key) {
            Some(What::Connect(address, _)) => Some(address),
            _ => None,
        });
        let running: Vec<Address> = running.collect();
        if let Some(error) = self.under_way(|under_way| under_way.dialling.out_of_time(running)) {
            self.fail(reactor, error);
        }
    }

    fn won(&self, reactor: &mut Reactor, socket: Socket) {
        let made = socket.getpeername().and_then(|peer| {
            let protocol = self.build(&peer);
            let refused =
                || Error::new(ErrorKind::Cancelled, "the factory made no protocol for the connection");
            reactor.net.connect(socket, peer, protocol.ok_or_else(refused)?)
        });
        match made {
            Ok(key) => self.made(reactor, key),
            Err(error) => self.fail(reactor, error),
        }
    }

    pub(super) fn build(&self, peer: &Address) -> Option<Box<dyn Held>> {
        self.with_factory(|factory| factory.build(peer)).flatten()
    }

    fn made(&self, reactor: &mut Reactor, key: Key) {
        self.leave(reactor, Phase::Connected(key));
        reactor.net.belongs_to(key, self.clone());
        reactor.attend(key);
        let waiter = self.0.borrow_mut().waiter.take();
        if let Some(waiter) = waiter {
            waiter(reactor, Ok(ConnectionId(key)));
        }
        reactor.settle();
    }

    fn fail(&self, reactor: &mut Reactor, error: Error) {
        if !self.is_connecting() {
            return;
        }
        self.leave(reactor, Phase::Idle);
        self.with_factory(|factory| factory.connection_failed(reactor, self, &error));
        let waiter = self.0.borrow_mut().waiter.take();
        if let Some(waiter) = waiter {
            waiter(reactor, Err(error));
        }
        reactor.settle();
    }

    /// Its connection is over.
    pub(super) fn lost(&self, reactor: &mut Reactor, reason: &Reason) {
        self.0.borrow_mut().phase = Phase::Idle;
        self.with_factory(|factory| factory.connection_lost(reactor, self, reason));
        reactor.settle();
    }

    /// Ends the attempt, whatever it waits for.
    fn leave(&self, reactor: &mut Reactor, phase: Phase) {
        let last = mem::replace(&mut self.0.borrow_mut().phase, phase);
        if let Phase::Connecting(under_way) = last {
            for key in under_way.pending {
                reactor.net.give_up(key);
            }
            cancel(reactor, under_way.limit);
            cancel(reactor, under_way.next);
        }
    }
}

fn cancel(reactor: &mut Reactor, call: Option<DelayedCall>) {
    if let Some(call) = call {
        // Fails when it was made already.
        let _ = call.cancel(reactor);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let (true, Some(factory)) = (self.has_started, self.factory.as_mut()) {
            factory.stop();
        }
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = self.0.try_borrow().map_or("in use", |inner| match inner.phase {
            Phase::Idle => "idle",
            Phase::Connecting(_) => "connecting",
            Phase::Connected(_) => "connected",
        });
        f.debug_struct("Connector").field("phase", &phase).finish_non_exhaustive()
    }
}
