//! What is to be called later.

mod queue;

use std::{collections::VecDeque, fmt, time::Duration};

use crate::{
    error::{Error, ErrorKind, Result},
    sys::prefetch,
};

use super::{
    core::Reactor,
    slab::{Key, Slab},
    soon::Call,
    time,
};
use queue::{Entry, Queue};

/// A call that [`Reactor::call_later`] has arranged: the way to put it off, or to take it back.
///
/// Dropping it changes nothing. It belongs to the reactor that gave it. As [`cancel`](DelayedCall::cancel) consumes it,
/// Twisted's `AlreadyCancelled` can't happen; its `AlreadyCalled` is an error of the kind
/// [`Closed`](ErrorKind::Closed).
///
/// Twisted: `IDelayedCall`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::reactor::{Clock, Reactor};
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::with_clock(&Clock::new())?;
/// let call = reactor.call_later(Duration::from_secs(1), |_| unreachable!());
/// call.delay(&mut reactor, Duration::from_secs(2))?;
/// assert_eq!(call.time(&reactor), Some(Duration::from_secs(3)));
/// call.cancel(&mut reactor)?;
/// reactor.advance(Duration::from_secs(10))?;
/// # Ok(())
/// # }
/// ```
#[derive(PartialEq, Eq, Hash)]
pub struct DelayedCall(Key);

impl DelayedCall {
    /// Takes the call back: it is dropped, and never made.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Closed`] when it was made already.
    pub fn cancel(self, reactor: &mut Reactor) -> Result<()> {
        // Dropped outside the timers: it may hold anything.
        let call = reactor.timers.remove(self.0).ok_or_else(already_called)?;
        reactor.timers.tidy();
        drop(call);
        Ok(())
    }

    /// Puts the call off by so much more. It comes after those that are arranged for its new time already.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Closed`] when it was made already.
    pub fn delay(&self, reactor: &mut Reactor, more: Duration) -> Result<()> {
        let then = reactor.timers.time(self.0).ok_or_else(already_called)?;
        reactor.timers.set(self.0, time::later(then, more));
        Ok(())
    }

    /// Has the call made so long from now, be that earlier or later than it would have been. It comes after those that
    /// are arranged for its new time already.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Closed`] when it was made already.
    pub fn reset(&self, reactor: &mut Reactor, delay: Duration) -> Result<()> {
        let now = reactor.time.now();
        reactor.timers.time(self.0).ok_or_else(already_called)?;
        reactor.timers.set(self.0, time::later(now, delay));
        Ok(())
    }

    /// Whether the call is still to be made.
    #[must_use]
    pub fn active(&self, reactor: &Reactor) -> bool {
        reactor.timers.time(self.0).is_some()
    }

    /// When the call is to be made, as [`Reactor::now`] counts; `None` when it was made already.
    ///
    /// Twisted: `getTime`.
    #[must_use]
    pub fn time(&self, reactor: &Reactor) -> Option<Duration> {
        reactor.timers.time(self.0).map(Duration::from_nanos)
    }
}

impl fmt::Debug for DelayedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DelayedCall").field(&self.0.serial).finish()
    }
}

fn already_called() -> Error {
    Error::new(ErrorKind::Closed, "the delayed call was already made")
}

/// Taking a call back leaves its entry in the queue, which drops such entries when they are more than the others.
pub(super) struct Timers {
    calls: Slab<Timer>,
    queue: Queue,
    /// Due, and taken out of the queue together.
    batch: VecDeque<Entry>,
    /// While calls are made: up to what time.
    firing: Option<u64>,
    /// What was added meanwhile and is due already: the next turn's.
    fresh: Vec<Entry>,
    /// Counts how often a call was given a time.
    version: u32,
}

struct Timer {
    time: u64,
    /// That of its entry; what has another one is from before its time was changed.
    version: u32,
    call: Call,
}

const BATCH: usize = 32;

/// Fewer entries aren't worth looking for dead ones.
const FEW: usize = 64;

impl Timers {
    pub(super) fn new() -> Timers {
        Timers {
            calls: Slab::new(),
            queue: Queue::new(),
            batch: VecDeque::new(),
            firing: None,
            fresh: Vec::new(),
            version: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    pub(super) fn add(&mut self, time: u64, call: Call) -> DelayedCall {
        let version = self.next_version();
        let key = self.calls.insert(Timer { time, version, call });
        self.enqueue(Entry { time, version, index: key.index });
        DelayedCall(key)
    }

    /// When to wake up: no later than the next call.
    pub(super) fn next(&self) -> Option<u64> {
        self.batch.front().map(|entry| entry.time).or_else(|| self.queue.next())
    }

    /// Begins to take the calls that are due. What is added until [`end`](Self::end) isn't among them.
    pub(super) fn begin(&mut self, now: u64) {
        self.firing = Some(now);
    }

    /// The next call that is due.
    pub(super) fn due(&mut self) -> Option<Call> {
        let limit = self.firing?;
        loop {
            if self.batch.is_empty() {
                self.take_batch(limit);
            }
            let entry = self.batch.pop_front()?;
            if let Some(key) = find(&self.calls, &entry) {
                return self.calls.remove(key).map(|timer| timer.call);
            }
        }
    }

    /// Most of what a call costs is to wait for its memory: of a batch, all is on its way at once.
    fn take_batch(&mut self, limit: u64) {
        while let Some(entry) = self.queue.pop(limit) {
            self.batch.push_back(entry);
            if self.batch.len() == BATCH {
                break;
            }
        }
        for entry in &self.batch {
            if let Some((_, timer)) = self.calls.at(entry.index) {
                prefetch(&*timer.call);
            }
        }
    }

    pub(super) fn end(&mut self) {
        self.firing = None;
        for entry in self.fresh.drain(..) {
            self.queue.push(entry);
        }
    }

    fn time(&self, key: Key) -> Option<u64> {
        self.calls.get(key).map(|timer| timer.time)
    }

    fn set(&mut self, key: Key, time: u64) {
        // One that was due in this turn isn't put off into the past.
        let time = time.max(self.firing.unwrap_or(0));
        let version = self.next_version();
        if let Some(timer) = self.calls.get_mut(key) {
            (timer.time, timer.version) = (time, version);
            self.enqueue(Entry { time, version, index: key.index });
            self.tidy();
        }
    }

    fn next_version(&mut self) -> u32 {
        self.version = self.version.wrapping_add(1);
        self.version
    }

    fn remove(&mut self, key: Key) -> Option<Call> {
        self.calls.remove(key).map(|timer| timer.call)
    }

    fn enqueue(&mut self, entry: Entry) {
        if self.firing.is_some_and(|limit| entry.time <= limit) {
            self.fresh.push(entry);
        } else {
            self.queue.push(entry);
        }
    }

    fn tidy(&mut self) {
        if self.queue.len() > FEW.max(2 * self.calls.len()) {
            let calls = &self.calls;
            self.queue.retain(|entry| find(calls, entry).is_some());
        }
    }
}

/// The call of an entry, if it is still the one that is meant, at the time that is meant.
fn find(calls: &Slab<Timer>, entry: &Entry) -> Option<Key> {
    let (key, timer) = calls.at(entry.index)?;
    (timer.time == entry.time && timer.version == entry.version).then_some(key)
}
