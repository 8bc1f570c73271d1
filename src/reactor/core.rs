//! The loop.
//!
//! # The room
//!
//! - `reactor`: `core`, the loop and its turn; `soon`, what comes as soon as the running callback has returned; `timers`
//!   with its radix heap; `deferred`, one file for each of its nouns, `step` being the one to begin with; `threads` and
//!   `handle`, the two ways over to other threads and back; `triggers`, `looping`, `cooperate`, `later`, `signals`. Its `net`
//!   is the half with descriptors: `turn` says who is called in which order, `reading` and `writing` what a connection does,
//!   `attempt` and `datagram` and `source` the other ports. `protocol`, `factory`, `transport`, `connector` are what users see
//!   of it; `basic`, `policies`, `endpoint`, `relay`, `reconnecting` stand on those; `testing` has connections of two buffers.
//!
//! # Choices that aren't obvious
//!
//! - **A Deferred's functions come from the reactor's queue**, not from inside of `resolve` as in Twisted: no callback runs
//!   inside another, so nothing is borrowed twice, resolvers need no reactor, and a chain needs no stack. A chain is run
//!   as far as it can before the next one.
//! - **A Deferred that a step gives takes that step's place**, if somebody waits for it already and no canceller points to
//!   it: a loop of Deferreds, however long, holds one of them.
//! - **A chain's beginning stands in a slab**, not in an allocation, and finds its first step by `Any`: three callbacks are
//!   three allocations.
//! - **Timers are a radix heap**: nothing comes before what was taken already, so adding is constant, and taking moves
//!   entries through memory in order. Taking a timer back leaves its entry, until dead entries are more than others. Due
//!   ones are taken in batches, whose memory is asked for together: that halves what a call costs.
//! - **A protocol is out of its connection while it is called**, and what a call asks for is noted and done after it: so a
//!   callback may do anything to any connection, its own too. One that panics is dropped with its connection.
//! - **One `recv` an event, one `send` a callback.** A short read of a plain stream needs no second one to see that nothing
//!   is left. What has more to do waits behind the next look into the poller, in `again`: nobody reads twice in a turn.
//! - **A connection that sends nothing has no buffer**: buffers go from hand to hand (`Spare`).
//! - **A late event harms nobody**: slots are used again, so an event may reach another port than it was for. Each handler
//!   makes a call that doesn't wait, and an attempt to connect asks once more whether it has ended.
//! - **`DelayedCall::cancel` consumes it**: to tell a call that was made from one that was cancelled for ever, something of
//!   each would have to be kept.

use std::{fmt, rc::Rc, sync::Arc, time::Duration};

use crate::error::{Error, ErrorKind, Result};

use super::{
    cooperate::Cooperator,
    handle::{Mailbox, ReactorHandle},
    net::{self, Net},
    signals::Signals,
    soon::{Job, Soon},
    threads::Pool,
    time::{Clock, Time, later},
    timers::{DelayedCall, Timers},
    triggers::{Event, Phase, Triggers},
};

/// One thread's loop: it waits, and calls what was arranged to be called.
///
/// Callbacks get the reactor as `&mut Reactor`, so what they share with each other needs no lock. None of them runs
/// inside another: what a callback causes comes after it has returned. A callback may arrange, cancel or stop
/// anything. One that panics ends [`run`](Reactor::run) by that panic; the reactor can go on after it.
///
/// Twisted: `twisted.internet.reactor`, which is one for the whole process; here there may be one in each thread.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::reactor::Reactor;
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// reactor.when_running(|reactor| {
///     reactor.call_later(Duration::from_millis(1), |reactor| reactor.stop());
/// });
/// reactor.run()?;
/// # Ok(())
/// # }
/// ```
pub struct Reactor {
    pub(super) time: Time,
    pub(super) timers: Timers,
    pub(super) soon: Rc<Soon>,
    pub(super) net: Net,
    mailbox: Arc<Mailbox>,
    pub(super) triggers: Triggers,
    pub(super) cooperator: Rc<Cooperator>,
    pub(super) pool: Pool,
    pub(super) signals: Option<Signals>,
    stage: Stage,
    /// Somebody has called `stop`.
    stop: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Idle,
    Running,
    /// `stop` was heeded: the shutdown's triggers are called.
    Ending,
}

impl Reactor {
    /// A reactor that nothing is arranged with.
    ///
    /// # Errors
    ///
    /// When the process has no descriptors left.
    pub fn new() -> Result<Reactor> {
        Reactor::at(Time::real())
    }

    /// A reactor whose time is that clock's, for tests.
    ///
    /// # Errors
    ///
    /// As [`new`](Reactor::new).
    pub fn with_clock(clock: &Clock) -> Result<Reactor> {
        Reactor::at(Time::Clock(clock.clone()))
    }

    fn at(time: Time) -> Result<Reactor> {
        let net = Net::new()?;
        Ok(Reactor {
            time,
            timers: Timers::new(),
            soon: Rc::default(),
            mailbox: Mailbox::new(net.waker()),
            net,
            triggers: Triggers::default(),
            cooperator: Rc::default(),
            pool: Pool::default(),
            signals: None,
            stage: Stage::Idle,
            stop: false,
        })
    }

    /// Calls what there is to call, until [`stop`](Reactor::stop). It may be called again after that.
    ///
    /// Twisted: `reactor.run`, once for each process.
    ///
    /// # Errors
    ///
    /// When waiting fails, or the reactor runs already: a callback can't run it.
    pub fn run(&mut self) -> Result<()> {
        if self.stage != Stage::Idle {
            return Err(Error::new(ErrorKind::InvalidInput, "the reactor is already running"));
        }
        let Running(reactor) = &mut Running(self);
        reactor.stage = Stage::Running;
        reactor.trigger(Event::Startup);
        while !reactor.stop {
            reactor.iterate(None)?;
        }
        reactor.stage = Stage::Ending;
        reactor.trigger(Event::Shutdown);
        Ok(())
    }

    /// Ends [`run`](Reactor::run) after this turn. If the reactor isn't running, the next `run` ends at once.
    ///
    /// Twisted: `reactor.stop`.
    pub fn stop(&mut self) {
        self.stop = true;
    }

    /// One turn: calls what is due, waits until something happens but no longer than that (`None`: as long as it
    /// takes), and calls what came of it.
    ///
    /// Twisted: `reactor.iterate`.
    ///
    /// # Errors
    ///
    /// When waiting fails.
    pub fn iterate(&mut self, limit: impl Into<Option<Duration>>) -> Result<()> {
        self.catch_up();
        self.look(limit.into())
    }

    /// The first half of a turn: what there is to call without looking for events.
    pub(super) fn catch_up(&mut self) {
        for call in self.mailbox.take() {
            self.soon.push(Job::Call(call));
        }
        self.settle();
        self.fire();
    }

    /// The second half of a turn: waits for events, and calls what comes of them.
    pub(super) fn look(&mut self, limit: Option<Duration>) -> Result<()> {
        let limit = self.patience(limit);
        self.net.wait(limit)?;
        net::dispatch(self);
        self.settle();
        Ok(())
    }

    /// Advances the [`Clock`] that the reactor was made with, and makes one [turn](Reactor::iterate): what is due then
    /// is called, and what comes of it. The clock stands at its new time for all of it.
    ///
    /// Twisted: `Clock.advance`, which goes on with calls without delay that were arranged meanwhile; here they are the
    /// next turn's, as always.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for a reactor in real time; when looking for events fails.
    pub fn advance(&mut self, time: Duration) -> Result<()> {
        let Time::Clock(clock) = &self.time else {
            return Err(Error::new(ErrorKind::Unsupported, "real time can't be advanced"));
        };
        clock.advance(time);
        self.iterate(Duration::ZERO)
    }

    /// [`advance`](Reactor::advance)s by one time after the other.
    ///
    /// Twisted: `Clock.pump`.
    ///
    /// # Errors
    ///
    /// As [`advance`](Reactor::advance).
    pub fn pump(&mut self, times: impl IntoIterator<Item = Duration>) -> Result<()> {
        times.into_iter().try_for_each(|time| self.advance(time))
    }

    /// Calls a function once, after that time.
    ///
    /// Calls that are due at the same time are made in the order in which they were arranged. One that is arranged
    /// by another is made in the next turn at the earliest, even if its delay is zero.
    ///
    /// Twisted: `reactor.callLater`.
    pub fn call_later(&mut self, delay: Duration, call: impl FnOnce(&mut Reactor) + 'static) -> DelayedCall {
        let then = later(self.time.now(), delay);
        self.timers.add(then, Box::new(call))
    }

    /// Calls a function as soon as the running callback has returned, before anything is waited for.
    pub fn call_soon(&mut self, call: impl FnOnce(&mut Reactor) + 'static) {
        self.soon.push(Job::Call(Box::new(call)));
    }

    /// Calls a function when the reactor runs: in the first turn of [`run`](Reactor::run), or soon if it does
    /// already.
    ///
    /// Twisted: `reactor.callWhenRunning`.
    pub fn when_running(&mut self, call: impl FnOnce(&mut Reactor) + 'static) {
        if self.stage == Stage::Idle {
            self.on_startup(Phase::After, call);
        } else {
            self.call_soon(call);
        }
    }

    /// The reactor as other threads know it.
    #[must_use]
    pub fn handle(&self) -> ReactorHandle {
        ReactorHandle { mailbox: self.mailbox.clone() }
    }

    /// The time since the reactor was made, or its [`Clock`]'s time.
    ///
    /// Twisted: `reactor.seconds`, which is the time of day.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.time.now())
    }

    /// How many delayed calls are still to be made.
    ///
    /// Twisted: `len(reactor.getDelayedCalls())`.
    #[must_use]
    pub fn delayed_calls(&self) -> usize {
        self.timers.len()
    }

    /// Calls all that was arranged for as soon as the running callback has returned. Whoever calls a user's callback
    /// calls this after it.
    pub(super) fn settle(&mut self) {
        while let Some(job) = self.soon.pop() {
            match job {
                Job::Call(call) => call(self),
                Job::Step(step) => {
                    let mut next = Some(step);
                    while let Some(step) = next {
                        next = step.run(self);
                    }
                }
            }
        }
    }

    /// Makes the delayed calls that are due.
    fn fire(&mut self) {
        // One that panicked has left the last turn unfinished.
        self.timers.end();
        if !self.is_due() {
            return;
        }
        self.timers.begin(self.time.now());
        while let Some(call) = self.timers.due() {
            call(self);
            self.settle();
        }
        self.timers.end();
    }

    /// Whether a delayed call may be due.
    fn is_due(&self) -> bool {
        self.timers.next().is_some_and(|next| next <= self.time.now())
    }

    /// Whether nothing will ever be called: nothing is arranged, nobody is registered, and nobody else has a handle.
    pub(super) fn is_stuck(&self) -> bool {
        let timers = self.timers.next().and_then(|next| self.time.until(next));
        let idle = self.soon.is_empty() && timers.is_none() && self.net.is_empty() && !self.net.has_ready();
        // Counted first: whoever drops the last handle has posted before.
        idle && Arc::strong_count(&self.mailbox) == 1 && self.mailbox.is_empty()
    }

    /// Whether somebody has called `stop`. If nobody runs the reactor, that is heeded by this.
    pub(super) fn take_stop(&mut self) -> bool {
        let stopped = self.is_stopping();
        if stopped && self.stage == Stage::Idle {
            self.stop = false;
        }
        stopped
    }

    fn is_stopping(&self) -> bool {
        self.stop && self.stage != Stage::Ending
    }

    /// How long to wait for events.
    fn patience(&self, limit: Option<Duration>) -> Option<Duration> {
        if self.is_stopping() || !self.soon.is_empty() || self.net.has_ready() {
            return Some(Duration::ZERO);
        }
        let next = self.timers.next().and_then(|next| self.time.until(next));
        match (limit, next) {
            (Some(limit), Some(next)) => Some(limit.min(next)),
            (limit, next) => limit.or(next),
        }
    }
}

/// Ends the stage with `run`, however that ends.
struct Running<'a>(&'a mut Reactor);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.stage = Stage::Idle;
        self.0.stop = false;
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        self.mailbox.close();
        self.soon.close();
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor")
            .field("now", &self.now())
            .field("delayed_calls", &self.delayed_calls())
            .field("stage", &self.stage)
            .field("net_is_empty", &self.net.is_empty())
            .finish_non_exhaustive()
    }
}
