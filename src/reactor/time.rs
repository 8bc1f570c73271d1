//! The reactor's time: the real one, or one that a test advances.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

/// A time that stands still until it is advanced, for tests.
///
/// Clones are the same clock. A reactor made [with it](super::Reactor::with_clock) never waits for its timers: they
/// are due when the clock says so, and are called by the next turn. [`Reactor::advance`](super::Reactor::advance)
/// does both at once.
///
/// Twisted: `task.Clock`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::reactor::{Clock, Reactor};
///
/// # fn main() -> sockeye::Result<()> {
/// let clock = Clock::new();
/// let mut reactor = Reactor::with_clock(&clock)?;
/// let call = reactor.call_later(Duration::from_secs(3600), |_| println!("an hour later"));
/// clock.advance(Duration::from_secs(3600));
/// assert!(call.active(&reactor));
/// reactor.iterate(Duration::ZERO)?;
/// assert!(!call.active(&reactor));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clock(Rc<Cell<u64>>);

impl Clock {
    /// A clock at zero.
    #[must_use]
    pub fn new() -> Clock {
        Clock::default()
    }

    /// How far it was advanced in all.
    ///
    /// Twisted: `Clock.seconds`.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.0.get())
    }

    /// Advances it. Nothing is called before the reactor's next turn.
    pub fn advance(&self, time: Duration) {
        self.0.set(later(self.0.get(), time));
    }
}

#[derive(Debug)]
pub(super) enum Time {
    Real(Instant),
    Clock(Clock),
}

impl Time {
    pub(super) fn real() -> Time {
        Time::Real(Instant::now())
    }

    /// Nanoseconds since the beginning.
    pub(super) fn now(&self) -> u64 {
        match self {
            Time::Real(start) => later(0, start.elapsed()),
            Time::Clock(clock) => clock.0.get(),
        }
    }

    /// How long to wait until then: a clock moves by no waiting.
    pub(super) fn until(&self, then: u64) -> Option<Duration> {
        match self {
            Time::Real(_) => Some(Duration::from_nanos(then.saturating_sub(self.now()))),
            Time::Clock(clock) => (then <= clock.0.get()).then_some(Duration::ZERO),
        }
    }
}

/// The last moment that there is, some 292 years from the beginning: no timer passes it.
pub(super) const END: u64 = u64::MAX / 2;

/// So much later, or at the end of time.
pub(super) fn later(nanos: u64, time: Duration) -> u64 {
    let time = u64::try_from(time.as_nanos()).unwrap_or(END);
    nanos.saturating_add(time).min(END)
}
