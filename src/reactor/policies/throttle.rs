//! How fast connections may receive and send.

use std::{cell::RefCell, rc::Rc, time::Duration};

use super::wrap::{passes_on, passes_on_end, passes_on_factory, passes_on_fd};
use crate::{
    reactor::{ConnectionId, Factory, Protocol, Reactor, Transport},
    socket::Address,
};

/// What [`throttle`](super::Policies::throttle) makes.
#[derive(Debug)]
pub struct Throttled<F> {
    factory: F,
    pace: Rc<RefCell<Pace>>,
}

/// A protocol that reads no faster than it may.
#[derive(Debug)]
pub struct ThrottledProtocol<P> {
    protocol: P,
    pace: Rc<RefCell<Pace>>,
}

/// Debts in bytes, paid off by time.
#[derive(Debug)]
struct Pace {
    read: Option<Debt>,
    write: Option<Debt>,
    /// Who reads again when the debts are paid.
    paused: Vec<ConnectionId>,
}

/// INVARIANT: `rate > 0`.
#[derive(Debug)]
struct Debt {
    rate: u64,
    /// When all that was taken is paid.
    paid: Duration,
}

impl Debt {
    fn new(rate: u64) -> Debt {
        Debt { rate: rate.max(1), paid: Duration::ZERO }
    }

    fn owe(&mut self, bytes: usize, now: Duration) {
        let takes = Duration::from_secs_f64(bytes as f64 / self.rate as f64);
        self.paid = self.paid.max(now).saturating_add(takes);
    }
}

impl Pace {
    /// How long to wait. Half a second's worth may be owed, so that not each piece is waited for.
    fn wait(&self, now: Duration) -> Option<Duration> {
        let debts = [&self.read, &self.write].into_iter().flatten();
        let paid = debts.map(|debt| debt.paid).max()?;
        let left = paid.saturating_sub(now);
        (left > Duration::from_millis(500)).then_some(left)
    }
}

impl<F> Throttled<F> {
    pub(super) fn new(factory: F, read: Option<u64>, write: Option<u64>) -> Throttled<F> {
        let pace = Pace { read: read.map(Debt::new), write: write.map(Debt::new), paused: Vec::new() };
        Throttled { factory, pace: Rc::new(RefCell::new(pace)) }
    }
}

impl<F: Factory> Factory for Throttled<F> {
    type Protocol = ThrottledProtocol<F::Protocol>;

    fn build(&mut self, peer: &Address) -> Option<Self::Protocol> {
        Some(ThrottledProtocol { protocol: self.factory.build(peer)?, pace: self.pace.clone() })
    }

    passes_on_factory!();
}

impl<P> ThrottledProtocol<P> {
    fn slow_down(&self, transport: &mut Transport<'_>) {
        let now = transport.reactor().now();
        let mut pace = self.pace.borrow_mut();
        let Some(wait) = pace.wait(now) else { return };
        transport.pause_reading();
        pace.paused.push(transport.id());
        if pace.paused.len() == 1 {
            let pace = self.pace.clone();
            transport.reactor().call_later(wait, move |reactor| go_on(&pace, reactor));
        }
    }
}

fn go_on(pace: &Rc<RefCell<Pace>>, reactor: &mut Reactor) {
    let now = reactor.now();
    let wait = pace.borrow().wait(now);
    if let Some(wait) = wait {
        let pace = pace.clone();
        reactor.call_later(wait, move |reactor| go_on(&pace, reactor));
        return;
    }
    let paused = std::mem::take(&mut pace.borrow_mut().paused);
    for id in paused {
        if let Some(mut transport) = reactor.transport(id) {
            transport.resume_reading();
        }
    }
}

impl<P: Protocol> Protocol for ThrottledProtocol<P> {
    fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
        let now = transport.reactor().now();
        if let Some(debt) = &mut self.pace.borrow_mut().read {
            debt.owe(data.len(), now);
        }
        let before = transport.written();
        self.protocol.data_received(transport, data);
        let written = transport.written().saturating_sub(before);
        if let Some(debt) = &mut self.pace.borrow_mut().write {
            debt.owe(usize::try_from(written).unwrap_or(usize::MAX), now);
        }
        self.slow_down(transport);
    }

    passes_on! {
        connection_made eof_received write_paused write_resumed write_lost read_resumed timed_out
    }
    passes_on_fd!();
    passes_on_end!();
}
