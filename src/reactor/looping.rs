//! A function that is called again and again.

use std::{cell::RefCell, fmt, rc::Rc, time::Duration};

use crate::error::{Error, ErrorKind, Result};

use super::{
    core::Reactor,
    deferred::{Deferred, IntoDeferred, Outcome, Resolver},
    time,
    timers::DelayedCall,
};

/// Calls a function at an interval.
///
/// The calls keep to the beats that are counted from the start, so they don't drift, however long each takes. A beat
/// that comes while the function, or the Deferred that it gave, isn't done is left out; [`Tick::count`] tells of it.
///
/// Clones are the same loop.
///
/// Twisted: `task.LoopingCall`, `LoopingCall.withCount`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::reactor::{LoopingCall, Reactor};
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let mut left = 3;
/// let looping = LoopingCall::new(move |_reactor, tick| {
///     left -= 1;
///     if left == 0 {
///         tick.stop();
///     }
///     Ok(())
/// });
/// let done = looping.start(&mut reactor, Duration::from_millis(1));
/// assert!(looping.is_running());
/// done.wait(&mut reactor)?;
/// assert!(!looping.is_running());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LoopingCall(Rc<RefCell<Looping>>);

/// One call of a [`LoopingCall`].
#[derive(Debug)]
pub struct Tick {
    count: u64,
    stop: bool,
}

impl Tick {
    /// How many beats have passed since the last call: 1, unless some were left out.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Makes this call the last one.
    pub fn stop(&mut self) {
        self.stop = true;
    }
}

type Body = Box<dyn FnMut(&mut Reactor, &mut Tick) -> Outcome<(), Error>>;

struct Looping {
    /// `None` while it is called.
    body: Option<Body>,
    beat: Beat,
    call: Option<DelayedCall>,
    /// While it runs.
    done: Option<Resolver<()>>,
    running: bool,
    /// Tells the runs apart.
    run: u64,
}

/// When the calls are due, in nanoseconds.
#[derive(Clone, Copy)]
struct Beat {
    start: u64,
    interval: u64,
    /// The last call; before the first one, the beat before the first call's.
    last: i128,
}

impl Beat {
    /// How many beats have passed since the last call.
    fn count(&self, now: u64) -> u64 {
        if self.interval == 0 {
            return 1;
        }
        let beat = |time: i128| (time - i128::from(self.start)).div_euclid(i128::from(self.interval));
        u64::try_from(beat(now.into()) - beat(self.last)).unwrap_or(0)
    }

    /// The next beat.
    fn next(&self, now: u64) -> u64 {
        match (now - self.start).checked_rem(self.interval) {
            Some(past) => time::later(now, Duration::from_nanos(self.interval - past)),
            None => now,
        }
    }
}

impl LoopingCall {
    /// A loop of that function, which gives a `Result` or a Deferred. An error ends it.
    pub fn new<R>(mut function: impl FnMut(&mut Reactor, &mut Tick) -> R + 'static) -> LoopingCall
    where
        R: IntoDeferred<Error, Value = ()>,
    {
        let body: Body = Box::new(move |reactor, tick| function(reactor, tick).outcome());
        LoopingCall(Rc::new(RefCell::new(Looping {
            body: Some(body),
            beat: Beat { start: 0, interval: 0, last: 0 },
            call: None,
            done: None,
            running: false,
            run: 0,
        })))
    }

    /// Starts it: the first call is made as soon as the running callback has returned. An interval of zero means each
    /// turn of the reactor.
    ///
    /// The Deferred fires when the loop is stopped, and fails with the function's error, or when the loop runs
    /// already. Cancelling it stops the loop.
    #[track_caller]
    pub fn start(&self, reactor: &mut Reactor, interval: Duration) -> Deferred<()> {
        let (deferred, Some(run)) = self.begin(reactor, interval) else {
            return reactor.fail(Error::new(ErrorKind::InvalidInput, "the loop is already running"));
        };
        let mut looping = self.0.borrow_mut();
        looping.beat.last -= i128::from(looping.beat.interval);
        let this = self.clone();
        reactor.call_soon(move |reactor| {
            if this.0.borrow().run == run && this.is_running() {
                this.tick(reactor);
            }
        });
        deferred
    }

    /// As [`start`](LoopingCall::start), but the first call is made after one interval.
    ///
    /// Twisted: `start(interval, now=False)`.
    #[track_caller]
    pub fn start_later(&self, reactor: &mut Reactor, interval: Duration) -> Deferred<()> {
        let (deferred, Some(_)) = self.begin(reactor, interval) else {
            return reactor.fail(Error::new(ErrorKind::InvalidInput, "the loop is already running"));
        };
        self.schedule(reactor);
        deferred
    }

    /// Stops it. The Deferred of its start fires: at once, or when the call that is being made is done. Nothing
    /// happens if it doesn't run.
    pub fn stop(&self, reactor: &mut Reactor) {
        if let Some(done) = self.halt(reactor) {
            done.resolve(());
        }
    }

    /// Has no further call made. Gives what to fire, unless a call is being made.
    fn halt(&self, reactor: &mut Reactor) -> Option<Resolver<()>> {
        let mut looping = self.0.borrow_mut();
        let busy = looping.body.is_none();
        looping.running = false;
        let call = looping.call.take();
        let done = if busy { None } else { looping.done.take() };
        drop(looping);
        if let Some(call) = call {
            // It hasn't been made: the tick takes its handle out.
            let _ = call.cancel(reactor);
        }
        done
    }

    /// Counts the beats anew from now: the next call is made after one interval.
    pub fn reset(&self, reactor: &mut Reactor) {
        let Some(call) = self.0.borrow_mut().call.take() else { return };
        // It hasn't been made: the tick takes its handle out.
        let _ = call.cancel(reactor);
        let now = reactor.time.now();
        let mut looping = self.0.borrow_mut();
        (looping.beat.start, looping.beat.last) = (now, now.into());
        drop(looping);
        self.schedule(reactor);
    }

    /// Whether it runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.0.borrow().running
    }

    #[track_caller]
    fn begin(&self, reactor: &mut Reactor, interval: Duration) -> (Deferred<()>, Option<u64>) {
        let (deferred, mut resolver) = reactor.deferred();
        let mut looping = self.0.borrow_mut();
        if looping.done.is_some() {
            return (deferred, None);
        }
        let weak = Rc::downgrade(&self.0);
        resolver.on_cancel(move |reactor| {
            if let Some(looping) = weak.upgrade() {
                drop(LoopingCall(looping).halt(reactor));
            }
        });
        let now = reactor.time.now();
        looping.beat = Beat { start: now, interval: time::later(0, interval), last: now.into() };
        looping.running = true;
        looping.run += 1;
        looping.done = Some(resolver);
        (deferred, Some(looping.run))
    }

    fn schedule(&self, reactor: &mut Reactor) {
        let mut looping = self.0.borrow_mut();
        let then = looping.beat.next(reactor.time.now());
        let this = self.clone();
        looping.call = Some(reactor.timers.add(then, Box::new(move |reactor| this.tick(reactor))));
    }

    fn tick(&self, reactor: &mut Reactor) {
        let now = reactor.time.now();
        let mut looping = self.0.borrow_mut();
        looping.call = None;
        let count = looping.beat.count(now);
        if count == 0 {
            drop(looping);
            return self.schedule(reactor);
        }
        looping.beat.last = now.into();
        // It isn't being called: else no call of it would have been arranged.
        let Some(mut body) = looping.body.take() else { return };
        drop(looping);
        let mut tick = Tick { count, stop: false };
        let outcome = body(reactor, &mut tick);
        if tick.stop {
            self.0.borrow_mut().running = false;
        }
        match outcome {
            Outcome::Now(result) => self.called(reactor, body, result),
            Outcome::Later(deferred) => {
                let this = self.clone();
                drop(deferred.both(move |reactor, result| {
                    this.called(reactor, body, result);
                    Ok(())
                }));
            }
        }
    }

    /// A call is done.
    fn called(&self, reactor: &mut Reactor, body: Body, result: Result<()>) {
        let mut looping = self.0.borrow_mut();
        looping.body = Some(body);
        if looping.running && result.is_ok() {
            drop(looping);
            return self.schedule(reactor);
        }
        looping.running = false;
        let done = looping.done.take();
        drop(looping);
        if let Some(done) = done {
            done.settle(result);
        }
    }
}

impl fmt::Debug for LoopingCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopingCall").field("is_running", &self.is_running()).finish_non_exhaustive()
    }
}
