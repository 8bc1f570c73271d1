//! [`Reconnecting`]: a client that doesn't give up.

use std::{fmt, time::Duration};

use crate::{error::Error, socket::Address};

use super::{Connector, Factory, Reactor, Reason};

/// How much longer each pause is than the one before, and by how much chance changes it: Twisted's, who have it from
/// physics (e, and the Planck constant's Joule seconds per mole).
const FACTOR: f64 = std::f64::consts::E;
const JITTER: f64 = 0.119_626_565_82;

/// Makes a client's factory connect again whenever an attempt fails or its connection is over, after ever longer pauses.
///
/// A pause is the last one times the factor, changed by chance so that many clients of a server that comes back don't all
/// come at once. A connection that was made begins them anew.
///
/// Twisted: `ReconnectingClientFactory`, whose `resetDelay` the user has to call.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::reactor::{Protocol, Reactor, Reconnecting, Transport, factory};
///
/// struct Client;
/// impl Protocol for Client {
///     fn data_received(&mut self, _transport: &mut Transport<'_>, _data: &[u8]) {}
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let client = Reconnecting::new(factory(|_peer| Client)).max_delay(Duration::from_secs(60));
/// reactor.connect_tcp("127.0.0.1:1", client)?;
/// # Ok(())
/// # }
/// ```
pub struct Reconnecting<F> {
    factory: F,
    initial_delay: Duration,
    max_delay: Duration,
    factor: f64,
    jitter: f64,
    max_retries: Option<u32>,
    chance: Box<dyn FnMut() -> f64>,
    delay: Duration,
    retries: u32,
}

impl<F: Factory> Reconnecting<F> {
    /// Pauses from one second to one hour, without end.
    pub fn new(factory: F) -> Reconnecting<F> {
        let mut seed = seed();
        let initial_delay = Duration::from_secs(1);
        Reconnecting {
            factory,
            initial_delay,
            max_delay: Duration::from_secs(3600),
            factor: FACTOR,
            jitter: JITTER,
            max_retries: None,
            chance: Box::new(move || normal(&mut seed)),
            delay: initial_delay,
            retries: 0,
        }
    }

    /// The first pause. Default is one second.
    #[must_use]
    pub fn initial_delay(mut self, delay: Duration) -> Reconnecting<F> {
        (self.initial_delay, self.delay) = (delay, delay);
        self
    }

    /// The longest pause. Default is one hour.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Reconnecting<F> {
        self.max_delay = delay;
        self
    }

    /// How much longer each pause is than the one before. Default is 2.718.
    #[must_use]
    pub fn factor(mut self, factor: f64) -> Reconnecting<F> {
        self.factor = factor.max(1.0);
        self
    }

    /// By how much of itself chance changes a pause, one time in three by more. Default is 0.12; 0 leaves it as it is.
    #[must_use]
    pub fn jitter(mut self, jitter: f64) -> Reconnecting<F> {
        self.jitter = jitter;
        self
    }

    /// How often it tries again without having been connected. Default is without end.
    #[must_use]
    pub fn max_retries(mut self, retries: impl Into<Option<u32>>) -> Reconnecting<F> {
        self.max_retries = retries.into();
        self
    }

    fn retry(&mut self, reactor: &mut Reactor, connector: &Connector) {
        if self.max_retries.is_some_and(|most| self.retries >= most) {
            return;
        }
        self.retries += 1;
        let longer = self.delay.as_secs_f64() * self.factor;
        let chosen = if self.jitter > 0.0 { longer * (1.0 + self.jitter * (self.chance)()) } else { longer };
        let delay = Duration::try_from_secs_f64(chosen.max(0.0)).unwrap_or(self.max_delay);
        self.delay = delay.min(self.max_delay);
        let connector = connector.clone();
        reactor.call_later(self.delay, move |reactor| {
            // Fails if the program has connected it meanwhile.
            let _ = connector.connect(reactor);
        });
    }
}

impl<F: Factory> Factory for Reconnecting<F> {
    type Protocol = F::Protocol;

    fn build(&mut self, peer: &Address) -> Option<F::Protocol> {
        (self.delay, self.retries) = (self.initial_delay, 0);
        self.factory.build(peer)
    }

    fn start(&mut self, reactor: &mut Reactor) {
        self.factory.start(reactor);
    }

    fn stop(&mut self) {
        self.factory.stop();
    }

    fn started_connecting(&mut self, reactor: &mut Reactor, connector: &Connector) {
        self.factory.started_connecting(reactor, connector);
    }

    /// One that [`Connector::stop_connecting`] has ended isn't tried again.
    fn connection_failed(&mut self, reactor: &mut Reactor, connector: &Connector, error: &Error) {
        self.factory.connection_failed(reactor, connector, error);
        if error.kind() != crate::ErrorKind::Cancelled {
            self.retry(reactor, connector);
        }
    }

    fn connection_lost(&mut self, reactor: &mut Reactor, connector: &Connector, reason: &Reason) {
        self.factory.connection_lost(reactor, connector, reason);
        self.retry(reactor, connector);
    }
}

impl<F: fmt::Debug> fmt::Debug for Reconnecting<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reconnecting { factory, delay, retries, .. } = self;
        f.debug_struct("Reconnecting")
            .field("factory", factory)
            .field("delay", delay)
            .field("retries", retries)
            .finish_non_exhaustive()
    }
}

/// Different for each process and each call: that of std's hash maps.
fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) | 1
}

/// A number around 0 with a deviation of 1: the sum of twelve even ones (Irwin-Hall).
fn normal(state: &mut u64) -> f64 {
    let mut even = || {
        // xorshift64
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..12).map(|_| even()).sum::<f64>() - 6.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_even_on_both_sides_and_rarely_far_off() {
        let mut state = seed();
        let numbers: Vec<f64> = (0..10_000).map(|_| normal(&mut state)).collect();
        let mean = numbers.iter().sum::<f64>() / 10_000.0;
        let near = numbers.iter().filter(|number| number.abs() < 1.0).count();
        assert!(mean.abs() < 0.06, "{mean}");
        assert!((6_400..7_250).contains(&near), "{near}");
    }
}
