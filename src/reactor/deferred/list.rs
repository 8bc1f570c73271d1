//! Several Deferreds as one.

use std::{cell::RefCell, fmt, rc::Rc};

use crate::error::Error;

use super::super::core::Reactor;
use super::{Canceller, Deferred, Failure, FailureGroup, Resolver};

/// Waits for several Deferreds.
///
/// Cancelling the Deferred that it gives cancels those that haven't fired. No list waits for nothing: an empty one
/// fires at once.
///
/// Twisted: `defer.DeferredList`.
///
/// # Examples
///
/// ```
/// use sockeye::{Error, ErrorKind, reactor::{DeferredList, Reactor}};
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let parts = [reactor.succeed(1), reactor.fail(Error::from(ErrorKind::NotFound))];
/// let all = DeferredList::new(parts).fire_on_all(&mut reactor).wait(&mut reactor)?;
/// assert_eq!(*all[0].as_ref().unwrap(), 1);
/// assert_eq!(all[1].as_ref().unwrap_err().kind(), ErrorKind::NotFound);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct DeferredList<T: 'static, E: Failure = Error> {
    parts: Vec<Deferred<T, E>>,
    late: Late,
}

/// What becomes of errors that come when the list has fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Late {
    Told,
    Dropped,
    /// They are of those that were cancelled then.
    Cancelled,
}

/// What [`DeferredList::fire_on_one_callback`] fires with.
#[derive(Debug)]
pub enum First<T, E> {
    /// The first value, and its Deferred's place in the list.
    One(usize, T),
    /// All errors: there was no value.
    None(Vec<E>),
}

/// The error of [`DeferredList::fire_on_one_errback`].
///
/// Twisted: `defer.FirstError`.
#[derive(Debug)]
#[non_exhaustive]
pub struct FirstError<E> {
    /// The place in the list of the Deferred that has failed.
    pub index: usize,
    /// Its error.
    pub error: E,
}

impl<E: fmt::Display> fmt::Display for FirstError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "number {} of the list failed: {}", self.index, self.error)
    }
}

impl<E: fmt::Display + fmt::Debug> std::error::Error for FirstError<E> {}

/// The list itself was cancelled: no index is right.
impl<E: From<Error>> From<Error> for FirstError<E> {
    fn from(error: Error) -> FirstError<E> {
        FirstError { index: usize::MAX, error: error.into() }
    }
}

impl<T: 'static, E: Failure> DeferredList<T, E> {
    /// That list.
    pub fn new(parts: impl IntoIterator<Item = Deferred<T, E>>) -> DeferredList<T, E> {
        DeferredList { parts: parts.into_iter().collect(), late: Late::Told }
    }

    /// Drops errors that come after the list has fired. By default they are told to
    /// [`Reactor::on_unhandled`].
    ///
    /// Twisted: `consumeErrors=True`.
    pub fn consume_errors(mut self) -> DeferredList<T, E> {
        self.late = Late::Dropped;
        self
    }

    /// Fires with all results, in the list's order, when all are there.
    #[track_caller]
    pub fn fire_on_all(self, reactor: &mut Reactor) -> Deferred<Vec<Result<T, E>>, E> {
        gather(reactor, self.parts, Plan { part: |_, result| Part::Keep(result), all: Ok, late: self.late })
    }

    /// Fires with the first value; with all errors if there is none.
    ///
    /// Twisted: `fireOnOneCallback=True`.
    #[track_caller]
    pub fn fire_on_one_callback(self, reactor: &mut Reactor) -> Deferred<First<T, E>, E> {
        let part = |index, result| match result {
            Ok(value) => Part::Fire(Ok(First::One(index, value))),
            Err(error) => Part::Keep(error),
        };
        gather(reactor, self.parts, Plan { part, all: |errors| Ok(First::None(errors)), late: self.late })
    }

    /// Fires with all values, in the list's order; or fails with the first error.
    ///
    /// Twisted: `fireOnOneErrback=True`.
    #[track_caller]
    pub fn fire_on_one_errback(self, reactor: &mut Reactor) -> Deferred<Vec<T>, FirstError<E>> {
        let part = |index, result| match result {
            Ok(value) => Part::Keep(value),
            Err(error) => Part::Fire(Err(FirstError { index, error })),
        };
        gather(reactor, self.parts, Plan { part, all: Ok, late: self.late })
    }
}

impl<T: 'static, E: Failure> fmt::Debug for DeferredList<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeferredList").field("parts", &self.parts).finish_non_exhaustive()
    }
}

impl Reactor {
    /// Waits for several Deferreds: all their values, in their order; or the first error. Later errors are dropped.
    ///
    /// Twisted: `gatherResults`, with `consumeErrors=True`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{Error, reactor::Reactor};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let mut reactor = Reactor::new()?;
    /// let parts = [1, 2, 3].map(|number| reactor.succeed::<_, Error>(number));
    /// assert_eq!(reactor.gather_results(parts).wait(&mut reactor)?, [1, 2, 3]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn gather_results<T: 'static, E: Failure>(
        &mut self,
        parts: impl IntoIterator<Item = Deferred<T, E>>,
    ) -> Deferred<Vec<T>, E> {
        DeferredList::new(parts).consume_errors().fire_on_one_errback(self).map_err(|first| first.error)
    }

    /// Fires with the first value and its Deferred's place, and cancels the others; fails when all have failed.
    ///
    /// Twisted: `defer.race`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{Error, reactor::Reactor};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let mut reactor = Reactor::new()?;
    /// let runners = [3600_000, 1].map(|ms| reactor.defer_later(Duration::from_millis(ms), move |_| Ok::<_, Error>(ms)));
    /// let (index, ms) = reactor.race(runners).wait(&mut reactor).unwrap();
    /// assert_eq!((index, ms, reactor.delayed_calls()), (1, 1, 0));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn race<T: 'static, E: Failure>(
        &mut self,
        parts: impl IntoIterator<Item = Deferred<T, E>>,
    ) -> Deferred<(usize, T), FailureGroup<E>> {
        let part = |index, result| match result {
            Ok(value) => Part::Fire(Ok((index, value))),
            Err(error) => Part::Keep(error),
        };
        let all = |errors| Err(FailureGroup { errors });
        gather(self, parts.into_iter().collect(), Plan { part, all, late: Late::Cancelled })
    }
}

/// What becomes of a part's result.
enum Part<U, R> {
    /// It is kept until all are there.
    Keep(U),
    /// The whole fires.
    Fire(R),
}

type Sort<T, E, U, R, F> = fn(usize, Result<T, E>) -> Part<U, Result<R, F>>;

struct Plan<T, E, U, R, F> {
    part: Sort<T, E, U, R, F>,
    all: fn(Vec<U>) -> Result<R, F>,
    late: Late,
}

/// What the parts share.
struct Whole<T, E, U, R: 'static, F: Failure> {
    plan: Plan<T, E, U, R, F>,
    kept: Vec<Option<U>>,
    left: usize,
    /// Until it has fired.
    resolver: Option<Resolver<R, F>>,
    cancellers: Vec<Canceller>,
}

#[track_caller]
fn gather<T: 'static, E: Failure, U: 'static, R: 'static, F: Failure>(
    reactor: &mut Reactor,
    mut parts: Vec<Deferred<T, E>>,
    plan: Plan<T, E, U, R, F>,
) -> Deferred<R, F> {
    let (deferred, mut resolver) = reactor.deferred();
    if parts.is_empty() {
        resolver.settle((plan.all)(Vec::new()));
        return deferred;
    }
    let whole = Rc::new(RefCell::new(Whole {
        plan,
        kept: parts.iter().map(|_| None).collect(),
        left: parts.len(),
        resolver: None,
        cancellers: parts.iter_mut().map(Deferred::canceller).collect(),
    }));
    let weak = Rc::downgrade(&whole);
    resolver.on_cancel(move |reactor| {
        let Some(whole) = weak.upgrade() else { return };
        whole.borrow_mut().plan.late = Late::Dropped;
        cancel_all(reactor, &whole);
    });
    whole.borrow_mut().resolver = Some(resolver);
    for (index, part) in parts.into_iter().enumerate() {
        let whole = whole.clone();
        // Its end is dropped: what it fails with is a late error.
        drop(part.both(move |reactor, result| arrived(reactor, &whole, index, result)));
    }
    deferred
}

fn arrived<T, E: Failure, U, R, F: Failure>(
    reactor: &mut Reactor,
    shared: &RefCell<Whole<T, E, U, R, F>>,
    index: usize,
    result: Result<T, E>,
) -> Result<(), E> {
    let mut whole = shared.borrow_mut();
    let Some(resolver) = whole.resolver.take_if(|resolver| resolver.is_awaited()) else {
        return match (whole.plan.late, result) {
            (Late::Told, Err(error)) => Err(error),
            _ => Ok(()),
        };
    };
    whole.left -= 1;
    match (whole.plan.part)(index, result) {
        Part::Fire(outcome) => {
            let losers = whole.plan.late == Late::Cancelled;
            drop(whole);
            resolver.settle(outcome);
            if losers {
                cancel_all(reactor, shared);
            }
        }
        Part::Keep(part) => {
            whole.kept[index] = Some(part);
            if whole.left > 0 {
                whole.resolver = Some(resolver);
                return Ok(());
            }
            let all = (whole.plan.all)(whole.kept.drain(..).flatten().collect());
            drop(whole);
            resolver.settle(all);
        }
    }
    Ok(())
}

fn cancel_all<T, E, U, R, F: Failure>(reactor: &mut Reactor, whole: &RefCell<Whole<T, E, U, R, F>>) {
    let cancellers = std::mem::take(&mut whole.borrow_mut().cancellers);
    for canceller in cancellers {
        canceller.cancel(reactor);
    }
}
