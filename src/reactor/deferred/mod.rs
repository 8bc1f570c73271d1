//! A result that isn't there yet, and the chain of functions that it will go through.
//!
//! - [`Deferred`] is the end at which the chain grows; [`Resolver`] fires it.
//! - [`Canceller`] gives up on what a chain waits for.
//! - [`DeferredList`], [`gather_results`](Reactor::gather_results) and [`race`](Reactor::race) wait for several.
//! - [`DeferredLock`], [`DeferredSemaphore`] and [`DeferredQueue`] give their Deferreds one after the other.
//!
//! A chain's steps belong to each other as `resolver → first → … → last ← Deferred`: each step is one allocation, holds
//! the one behind it, and knows the one before it by a weak pointer, for cancelling.

mod cancel;
mod head;
mod into;
mod list;
mod locks;
mod queue;
mod race;
mod step;
mod unhandled;
mod wait;

use std::{fmt, marker::PhantomData, mem, panic::Location, rc::Rc, time::Duration};

use crate::error::{Error, ErrorKind};

use super::{core::Reactor, slab::Key, soon::Soon};

pub use cancel::Canceller;
pub use head::Resolver;
pub(super) use into::Outcome;
pub use into::{Failure, IntoDeferred};
pub use list::{DeferredList, First, FirstError};
pub use locks::{DeferredLock, DeferredSemaphore, Permit};
pub use queue::DeferredQueue;
pub use race::FailureGroup;
pub use unhandled::Unhandled;

pub(super) use head::{Head, fire};
pub(super) use step::Node;
pub(super) use unhandled::tells_nothing;

use cancel::Chain;
use step::{Both, Catch, Map, MapErr, Step, Then, Transform, Upstream};

/// A result that will be there some time, or never.
///
/// [`then`](Deferred::then), [`catch`](Deferred::catch) and [`both`](Deferred::both) add functions that get the result,
/// and give the next one's: a value, an error, or a Deferred for which the chain waits then. Each consumes its Deferred
/// and gives the chain's new end, so that the types of a chain fit, and no one can fire twice. The chain goes on
/// though its end is dropped.
///
/// The functions are called by the reactor as soon as the callback that fires the Deferred has returned; those of one
/// chain one after the other, for as long as none of them has to wait. (Twisted calls them inside of `callback`.)
/// An error that comes to the end of a chain whose Deferred was dropped is told to
/// [`Reactor::on_unhandled`].
///
/// Twisted: `defer.Deferred`.
///
/// # Examples
///
/// ```
/// use sockeye::{Error, ErrorKind, reactor::{Deferred, Reactor}};
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let (number, resolver) = reactor.deferred::<u32, Error>();
/// let doubled = number
///     .then(|_reactor, number| Ok(number * 2))
///     .then(|reactor, number| match number {
///         0 => reactor.fail(ErrorKind::InvalidInput.into()),
///         _ => reactor.succeed(number.to_string()),
///     })
///     .catch(|_reactor, error| Ok(format!("no: {error}")));
/// resolver.resolve(21);
/// assert_eq!(doubled.wait(&mut reactor)?, "42");
/// # Ok(())
/// # }
/// ```
#[must_use = "without a function that handles its error, dropping it tells `on_unhandled` of one"]
pub struct Deferred<T: 'static, E: Failure = Error> {
    soon: Rc<Soon>,
    source: Source<T, E>,
    /// Where the chain was begun.
    made: &'static Location<'static>,
    /// Whoever has a canceller of this chain.
    chain: Option<Rc<Chain>>,
}

/// Where the result comes from.
enum Source<T, E> {
    /// It is there.
    Ready(Result<T, E>),
    /// From a resolver.
    Head(Key),
    /// From a step, whose output is this type.
    Step(Rc<dyn Node>, PhantomData<fn() -> Result<T, E>>),
    /// The Deferred is used up.
    Used,
}

impl<T: 'static, E: Failure> Deferred<T, E> {
    /// Adds a function that gets the value; an error passes it by.
    ///
    /// Twisted: `addCallback`.
    pub fn then<R>(self, callback: impl FnOnce(&mut Reactor, T) -> R + 'static) -> Deferred<R::Value, E>
    where
        R: IntoDeferred<E>,
    {
        self.step(Then(callback))
    }

    /// Adds a function that gets the error, and may make up for it; a value passes it by.
    ///
    /// Twisted: `addErrback`.
    pub fn catch<R>(self, errback: impl FnOnce(&mut Reactor, E) -> R + 'static) -> Deferred<T, E>
    where
        R: IntoDeferred<E, Value = T>,
    {
        self.step(Catch(errback))
    }

    /// Adds a function that gets the value or the error.
    ///
    /// Twisted: `addBoth`.
    pub fn both<R>(
        self,
        callback: impl FnOnce(&mut Reactor, Result<T, E>) -> R + 'static,
    ) -> Deferred<R::Value, E>
    where
        R: IntoDeferred<E>,
    {
        self.step(Both(callback))
    }

    /// Adds a function that makes another value of the value.
    pub fn map<U: 'static>(self, map: impl FnOnce(T) -> U + 'static) -> Deferred<U, E> {
        self.step(Map(map))
    }

    /// Adds a function that makes another error of the error.
    pub fn map_err<F: Failure>(self, map: impl FnOnce(E) -> F + 'static) -> Deferred<T, F> {
        self.step(MapErr(map))
    }

    /// Gives up on it after that time, as [`cancel`](Deferred::cancel) does, but with an error of the kind
    /// [`TimedOut`](ErrorKind::TimedOut).
    ///
    /// Twisted: `addTimeout`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{Error, reactor::Reactor};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let mut reactor = Reactor::new()?;
    /// let (answer, _resolver) = reactor.deferred::<(), Error>();
    /// let answer = answer.timeout(&mut reactor, Duration::from_millis(1));
    /// assert!(answer.wait(&mut reactor).unwrap_err().is_timeout());
    /// # Ok(())
    /// # }
    /// ```
    pub fn timeout(mut self, reactor: &mut Reactor, limit: Duration) -> Deferred<T, E> {
        if matches!(self.source, Source::Ready(_)) {
            return self;
        }
        let canceller = self.canceller();
        let call = reactor.call_later(limit, move |reactor| canceller.give_up(reactor, ErrorKind::TimedOut));
        self.both(move |reactor, result| {
            // It was made already when it is why this ends.
            let _ = call.cancel(reactor);
            result
        })
    }

    /// Whether the result is there, for [`wait`](Deferred::wait) to take without waiting.
    ///
    /// Twisted: `called`.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        match &self.source {
            Source::Ready(_) => true,
            Source::Head(key) => Head::has_fired(&self.soon, *key),
            Source::Step(step, _) => step.is_done(),
            Source::Used => false,
        }
    }

    fn new(soon: Rc<Soon>, source: Source<T, E>, made: &'static Location<'static>) -> Deferred<T, E> {
        Deferred { soon, source, made, chain: None }
    }

    fn step<W: Transform<T, E>>(mut self, work: W) -> Deferred<W::Value, W::Failure> {
        let step = Step::new(self.soon.clone(), self.made, work);
        let mut next = Deferred::new(self.soon.clone(), Source::Step(step.clone(), PhantomData), self.made);
        next.chain = self.chain.take();
        if let Some(chain) = &next.chain {
            chain.grow(Upstream::Step(Rc::downgrade(&(step.clone() as Rc<dyn Node>))));
        }
        self.attach(step);
        next
    }

    /// Has that one get the result.
    fn attach(mut self, receiver: Rc<dyn Node>) {
        match mem::replace(&mut self.source, Source::Used) {
            Source::Ready(result) => {
                receiver.accept(&mut Some(result));
                self.soon.push(super::soon::Job::Step(receiver));
            }
            Source::Head(key) => Head::attach(&self.soon, key, receiver),
            Source::Step(step, _) => {
                if self.chain.is_some() {
                    step.pin();
                }
                receiver.set_upstream(Upstream::Step(Rc::downgrade(&step)));
                step.attach(receiver);
            }
            Source::Used => {}
        }
    }

    /// The result if it is there, else the Deferred as it was.
    fn into_ready(mut self) -> Result<Result<T, E>, Self> {
        let ready = match mem::replace(&mut self.source, Source::Used) {
            Source::Ready(result) => return Ok(result),
            Source::Head(key) => Head::take(&self.soon, key).ok_or(Source::Head(key)),
            Source::Step(step, types) => {
                let mut output = None;
                step.take(&mut output);
                output.ok_or(Source::Step(step, types))
            }
            Source::Used => Err(Source::Used),
        };
        ready.map_err(|source| {
            self.source = source;
            self
        })
    }

    /// Where cancelling begins.
    fn upstream(&self) -> Upstream {
        match &self.source {
            Source::Head(key) => Upstream::Head(*key),
            Source::Step(step, _) => Upstream::Step(Rc::downgrade(step)),
            Source::Ready(_) | Source::Used => Upstream::None,
        }
    }
}

impl<T: 'static, E: Failure> Drop for Deferred<T, E> {
    fn drop(&mut self) {
        match mem::replace(&mut self.source, Source::Used) {
            Source::Ready(Err(error)) => self.soon.report(&error, self.made),
            Source::Head(key) => Head::abandon::<T, E>(&self.soon, key),
            Source::Step(step, _) => {
                if self.chain.is_some() {
                    step.pin();
                }
                step.abandon();
            }
            Source::Ready(Ok(_)) | Source::Used => {}
        }
    }
}

impl<T: 'static, E: Failure> fmt::Debug for Deferred<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deferred")
            .field("is_ready", &self.is_ready())
            .field("made", &self.made.to_string())
            .finish()
    }
}

impl Reactor {
    /// A Deferred, and what fires it.
    ///
    /// Twisted: `Deferred()`, which is both.
    #[track_caller]
    pub fn deferred<T: 'static, E: Failure>(&self) -> (Deferred<T, E>, Resolver<T, E>) {
        let made = Location::caller();
        let key = Head::open::<T, E>(&self.soon, made);
        let deferred = Deferred::new(self.soon.clone(), Source::Head(key), made);
        (deferred, Resolver::new(self.soon.clone(), key))
    }

    /// A Deferred that has fired.
    ///
    /// Twisted: `defer.succeed`.
    #[track_caller]
    pub fn succeed<T: 'static, E: Failure>(&self, value: T) -> Deferred<T, E> {
        Deferred::new(self.soon.clone(), Source::Ready(Ok(value)), Location::caller())
    }

    /// A Deferred that has failed.
    ///
    /// Twisted: `defer.fail`.
    #[track_caller]
    pub fn fail<T: 'static, E: Failure>(&self, error: E) -> Deferred<T, E> {
        Deferred::new(self.soon.clone(), Source::Ready(Err(error)), Location::caller())
    }

    /// Calls a function now, and makes a Deferred of what it gives: a value, an error or a Deferred.
    ///
    /// Twisted: `defer.maybeDeferred`, `defer.execute`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{Error, reactor::Reactor};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let mut reactor = Reactor::new()?;
    /// let port = reactor.maybe_deferred(|_reactor| "80".parse::<u16>().map_err(|_| Error::from(sockeye::ErrorKind::InvalidInput)));
    /// assert_eq!(port.wait(&mut reactor)?, 80);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn maybe_deferred<E: Failure, R: IntoDeferred<E>>(
        &mut self,
        function: impl FnOnce(&mut Reactor) -> R,
    ) -> Deferred<R::Value, E> {
        let made = Location::caller();
        match function(self).outcome() {
            Outcome::Now(result) => Deferred::new(self.soon.clone(), Source::Ready(result), made),
            Outcome::Later(deferred) => deferred,
        }
    }

    /// Has that function told of errors that nobody handled, instead of standard error.
    ///
    /// Twisted: the log's "Unhandled error in Deferred".
    pub fn on_unhandled(&mut self, hook: impl FnMut(&Unhandled<'_>) + 'static) {
        self.soon.set_hook(Box::new(hook));
    }
}
