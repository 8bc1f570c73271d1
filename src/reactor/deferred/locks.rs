//! Turns: at most so many at a time.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    fmt,
    rc::Rc,
};

use super::{super::core::Reactor, Deferred, Failure, IntoDeferred, Resolver};

/// Lets so many at a time have their turn; the others wait in line.
///
/// Clones are the same semaphore. A turn is a [`Permit`]: dropping it gives the turn to the next.
///
/// Twisted: `DeferredSemaphore`; its `release` is dropping the permit, so that there can't be one too many.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::{Error, reactor::{DeferredSemaphore, Reactor}};
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let two = DeferredSemaphore::new(2);
/// let jobs: Vec<_> = (0..5)
///     .map(|n| two.run(&mut reactor, move |reactor| {
///         reactor.defer_later(Duration::from_millis(1), move |_| Ok::<_, Error>(n))
///     }))
///     .collect();
/// assert_eq!(two.waiting(), 3);
/// assert_eq!(reactor.gather_results(jobs).wait(&mut reactor)?, [0, 1, 2, 3, 4]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DeferredSemaphore(Rc<Line>);

struct Line {
    free: Cell<usize>,
    waiting: RefCell<VecDeque<Resolver<Permit>>>,
}

/// A turn: it ends when this is dropped.
///
/// Twisted: what lies between `acquire` and `release`.
#[must_use = "dropping it ends the turn"]
pub struct Permit(Rc<Line>);

impl DeferredSemaphore {
    /// Lets so many have their turn at a time. With none, nobody ever has.
    #[must_use]
    pub fn new(tokens: usize) -> DeferredSemaphore {
        DeferredSemaphore(Rc::new(Line { free: Cell::new(tokens), waiting: RefCell::default() }))
    }

    /// Fires when it is one's turn, in the order of these calls. Cancelling it leaves the line.
    #[track_caller]
    pub fn acquire(&self, reactor: &Reactor) -> Deferred<Permit> {
        if let Some(permit) = self.0.take() {
            return reactor.succeed(permit);
        }
        let (deferred, resolver) = reactor.deferred();
        let mut waiting = self.0.waiting.borrow_mut();
        // Who was cancelled is still in line.
        while waiting.front().is_some_and(|resolver| !resolver.is_awaited()) {
            waiting.pop_front();
        }
        waiting.push_back(resolver);
        drop(waiting);
        deferred
    }

    /// Calls a function when it is its turn; the turn lasts until the Deferred that it gives has fired.
    #[track_caller]
    pub fn run<E, R>(
        &self,
        reactor: &mut Reactor,
        function: impl FnOnce(&mut Reactor) -> R + 'static,
    ) -> Deferred<R::Value, E>
    where
        E: Failure,
        R: IntoDeferred<E>,
    {
        self.acquire(reactor).map_err(E::from).then(move |reactor, permit| {
            reactor.maybe_deferred(function).both(move |_, result| {
                drop(permit);
                result
            })
        })
    }

    /// How many could have their turn at once.
    #[must_use]
    pub fn free(&self) -> usize {
        self.0.free.get()
    }

    /// How many wait in line.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.waiting.borrow().iter().filter(|resolver| resolver.is_awaited()).count()
    }
}

impl Line {
    fn take(self: &Rc<Line>) -> Option<Permit> {
        let left = self.free.get().checked_sub(1)?;
        self.free.set(left);
        Some(Permit(self.clone()))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        loop {
            let next = self.0.waiting.borrow_mut().pop_front();
            match next {
                Some(next) if next.is_awaited() => return next.resolve(Permit(self.0.clone())),
                // It was cancelled. Dropped here, where nothing is borrowed.
                Some(_) => {}
                None => return self.0.free.set(self.0.free.get() + 1),
            }
        }
    }
}

/// Lets one at a time have its turn.
///
/// Twisted: `DeferredLock`.
///
/// # Examples
///
/// ```
/// use sockeye::reactor::{DeferredLock, Reactor};
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let lock = DeferredLock::new();
/// let mine = lock.acquire(&reactor).wait(&mut reactor)?;
/// let next = lock.acquire(&reactor);
/// assert!(lock.is_locked() && !next.is_ready());
/// drop(mine);
/// assert!(next.is_ready());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DeferredLock(DeferredSemaphore);

impl DeferredLock {
    /// An open lock.
    #[must_use]
    pub fn new() -> DeferredLock {
        DeferredLock(DeferredSemaphore::new(1))
    }

    /// Fires when the lock is one's own, in the order of these calls. Cancelling it leaves the line.
    #[track_caller]
    pub fn acquire(&self, reactor: &Reactor) -> Deferred<Permit> {
        self.0.acquire(reactor)
    }

    /// Calls a function when the lock is its own; it stays so until the Deferred that it gives has fired.
    #[track_caller]
    pub fn run<E, R>(
        &self,
        reactor: &mut Reactor,
        function: impl FnOnce(&mut Reactor) -> R + 'static,
    ) -> Deferred<R::Value, E>
    where
        E: Failure,
        R: IntoDeferred<E>,
    {
        self.0.run(reactor, function)
    }

    /// Whether somebody has it.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.0.free() == 0
    }

    /// How many wait in line.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.waiting()
    }
}

impl Default for DeferredLock {
    fn default() -> DeferredLock {
        DeferredLock::new()
    }
}

impl fmt::Debug for DeferredSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeferredSemaphore")
            .field("free", &self.free())
            .field("waiting", &self.waiting())
            .finish()
    }
}

impl fmt::Debug for DeferredLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeferredLock")
            .field("is_locked", &self.is_locked())
            .field("waiting", &self.waiting())
            .finish()
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}
