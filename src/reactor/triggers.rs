//! What is called when the reactor starts and stops.

use std::{collections::VecDeque, fmt, panic::Location};

use crate::error::{Error, ErrorKind, Result};

use super::{core::Reactor, deferred::Deferred};

/// When a trigger is called: those of one phase in the order in which they were added.
///
/// Twisted: `"before"`, `"during"`, `"after"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// First. What these give is awaited before the next phase.
    Before,
    /// In the middle.
    During,
    /// Last.
    After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Startup,
    Shutdown,
}

/// What a trigger may give: nothing, or a Deferred, for which the next phase waits if it comes before.
pub trait TriggerResult: sealed::Sealed {
    #[doc(hidden)]
    fn into_awaited(self) -> Option<Deferred<()>>;
}

impl TriggerResult for () {
    fn into_awaited(self) -> Option<Deferred<()>> {
        None
    }
}

impl TriggerResult for Deferred<()> {
    fn into_awaited(self) -> Option<Deferred<()>> {
        Some(self)
    }
}

impl TriggerResult for Option<Deferred<()>> {
    fn into_awaited(self) -> Option<Deferred<()>> {
        self
    }
}

mod sealed {
    use super::Deferred;

    pub trait Sealed {}

    impl Sealed for () {}
    impl Sealed for Deferred<()> {}
    impl Sealed for Option<Deferred<()>> {}
}

/// A trigger that was added: the way to take it back. Dropping it changes nothing.
///
/// Twisted: what `addSystemEventTrigger` returns.
#[derive(Debug, PartialEq, Eq)]
pub struct Trigger(u64);

impl Trigger {
    /// Takes it back: it isn't called.
    ///
    /// Twisted: `removeSystemEventTrigger`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Closed`] when it was called already.
    pub fn remove(self, reactor: &mut Reactor) -> Result<()> {
        let at = reactor.triggers.all.iter().position(|entry| entry.number == self.0);
        let entry = at.and_then(|at| reactor.triggers.all.remove(at));
        entry.map(drop).ok_or_else(|| Error::new(ErrorKind::Closed, "the trigger was already called"))
    }
}

type Call = Box<dyn FnOnce(&mut Reactor) -> Option<Deferred<()>>>;

#[derive(Default)]
pub(super) struct Triggers {
    all: VecDeque<Entry>,
    number: u64,
}

struct Entry {
    number: u64,
    event: Event,
    phase: Phase,
    call: Call,
    added: &'static Location<'static>,
}

impl Triggers {
    fn add(&mut self, event: Event, phase: Phase, call: Call, added: &'static Location<'static>) -> Trigger {
        self.number += 1;
        self.all.push_back(Entry { number: self.number, event, phase, call, added });
        Trigger(self.number)
    }

    fn next(&mut self, event: Event, phase: Phase) -> Option<Entry> {
        let at = self.all.iter().position(|entry| entry.event == event && entry.phase == phase)?;
        self.all.remove(at)
    }
}

impl Reactor {
    /// Calls a function once, when [`run`](Reactor::run) begins.
    ///
    /// Twisted: `addSystemEventTrigger(phase, "startup", …)`.
    #[track_caller]
    pub fn on_startup<R: TriggerResult>(
        &mut self,
        phase: Phase,
        trigger: impl FnOnce(&mut Reactor) -> R + 'static,
    ) -> Trigger {
        let call = Box::new(|reactor: &mut Reactor| trigger(reactor).into_awaited());
        self.triggers.add(Event::Startup, phase, call, Location::caller())
    }

    /// Calls a function once, when [`stop`](Reactor::stop) ends [`run`](Reactor::run). The reactor goes on while it
    /// waits for what the triggers of [`Phase::Before`] give.
    ///
    /// Twisted: `addSystemEventTrigger(phase, "shutdown", …)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{Error, reactor::{Phase, Reactor}};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let mut reactor = Reactor::new()?;
    /// reactor.on_shutdown(Phase::After, |_| println!("bye"));
    /// reactor.on_shutdown(Phase::Before, |reactor| {
    ///     reactor.defer_later(Duration::from_millis(1), |_| Ok::<_, Error>(println!("all is saved")))
    /// });
    /// reactor.stop();
    /// reactor.run()?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn on_shutdown<R: TriggerResult>(
        &mut self,
        phase: Phase,
        trigger: impl FnOnce(&mut Reactor) -> R + 'static,
    ) -> Trigger {
        let call = Box::new(|reactor: &mut Reactor| trigger(reactor).into_awaited());
        self.triggers.add(Event::Shutdown, phase, call, Location::caller())
    }

    /// Calls all triggers of an event. Whatever fails is told, and the rest is called nevertheless.
    pub(super) fn trigger(&mut self, event: Event) {
        let mut awaited = Vec::new();
        for phase in [Phase::Before, Phase::During, Phase::After] {
            while let Some(Entry { call, added, .. }) = self.triggers.next(event, phase) {
                let given = call(self);
                self.settle();
                match given {
                    Some(deferred) if phase == Phase::Before => awaited.push((deferred, added)),
                    other => drop(other),
                }
            }
            for (deferred, added) in awaited.drain(..) {
                if let Err(error) = deferred.wait(self) {
                    self.soon.report(&error, added);
                }
            }
        }
    }
}

impl fmt::Debug for Triggers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all.iter().map(|entry| (entry.event, entry.phase))).finish()
    }
}
