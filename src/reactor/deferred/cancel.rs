//! Giving up on what a chain waits for.

use std::{cell::RefCell, fmt, rc::Rc};

use crate::error::ErrorKind;

use super::{
    super::core::Reactor,
    Deferred, Failure,
    head::Head,
    step::{Upstream, Wanting},
};

/// Cancels a chain of which the end is elsewhere. [`Deferred::canceller`] gives one.
///
/// Clones are the same. It goes for the chain as it has grown meanwhile, by whatever was added to its Deferred until
/// that was given to another chain, or dropped.
///
/// # Examples
///
/// ```
/// use sockeye::{Error, ErrorKind, reactor::Reactor};
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let (mut answer, _resolver) = reactor.deferred::<u8, Error>();
/// let canceller = answer.canceller();
/// let kind = answer.map(|_| None).catch(|_, error| Ok(Some(error.kind())));
/// canceller.cancel(&mut reactor);
/// assert_eq!(kind.wait(&mut reactor)?, Some(ErrorKind::Cancelled));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Canceller(Rc<Chain>);

impl Canceller {
    /// Gives up on the Deferred that the chain waits for now, as [`Deferred::cancel`] does.
    pub fn cancel(&self, reactor: &mut Reactor) {
        self.give_up(reactor, ErrorKind::Cancelled);
    }

    pub(super) fn give_up(&self, reactor: &mut Reactor, why: ErrorKind) {
        let end = self.0.end.borrow().clone();
        cancel(reactor, end, why);
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").finish_non_exhaustive()
    }
}

/// What a chain's cancellers know of it.
pub(super) struct Chain {
    /// Its last step so far.
    end: RefCell<Upstream>,
}

impl Chain {
    pub(super) fn grow(&self, end: Upstream) {
        self.end.replace(end);
    }
}

impl<T: 'static, E: Failure> Deferred<T, E> {
    /// Gives up on the Deferred that the chain waits for now: the first one, or one that a function of the chain has
    /// given. Its canceller is called, if it has one; unless that fires it, it fails with an error of the kind
    /// [`Cancelled`](ErrorKind::Cancelled), which goes through the chain as any other. Whoever fires it later does so
    /// in vain. A Deferred that has fired stays as it is.
    ///
    /// Twisted: `Deferred.cancel`.
    pub fn cancel(self, reactor: &mut Reactor) {
        let end = self.upstream();
        // Who cancels it doesn't want to be told of that.
        let ignored = self.both(|_, _| Ok(()));
        cancel(reactor, end, ErrorKind::Cancelled);
        drop(ignored);
    }

    /// What cancels this chain when its end is elsewhere.
    pub fn canceller(&mut self) -> Canceller {
        let end = self.upstream();
        let chain = self.chain.get_or_insert_with(|| Rc::new(Chain { end: RefCell::new(end) }));
        Canceller(chain.clone())
    }
}

/// From the end of a chain up to who waits for something.
fn cancel(reactor: &mut Reactor, mut end: Upstream, why: ErrorKind) {
    loop {
        end = match end {
            Upstream::Head(key) => return Head::cancel(reactor, key, why),
            Upstream::None => return,
            Upstream::Step(step) => match step.upgrade().map(|step| step.doom(why)) {
                Some(Wanting::From(upstream)) => upstream,
                Some(Wanting::Nothing) | None => return,
            },
        };
    }
}

/// What a step that was to be cancelled before its turn came has got now.
pub(super) fn cancel_now(reactor: &mut Reactor, upstream: Upstream, why: Option<ErrorKind>) {
    if let Some(why) = why {
        cancel(reactor, upstream, why);
    }
}
