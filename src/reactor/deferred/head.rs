//! The beginning of a chain: where a resolver leaves the result, and the first step finds it.

use std::{any::Any, fmt, marker::PhantomData, panic::Location, rc::Rc};

use crate::error::{Error, ErrorKind};

use super::super::{
    core::Reactor,
    slab::Key,
    soon::{Call, Job, Soon},
};
use super::{
    Failure,
    step::{Node, Upstream},
    unhandled::NeverFired,
};

/// It stands in a slab of the reactor's, so that it costs no allocation.
pub(in super::super) struct Head {
    state: State,
    canceller: Option<Call>,
    /// Its canceller is at it: that the resolver is dropped on the way says nothing.
    cancelling: bool,
    made: &'static Location<'static>,
    /// [`fire`] with an error, for those who don't know the types.
    fail: fn(&Rc<Soon>, Key, Error),
}

enum State {
    Open,
    /// The first step waits.
    Awaited(Rc<dyn Node>),
    /// The Deferred was dropped.
    Abandoned,
    /// An `Option<Result<T, E>>` waits for a step.
    Fired(Box<dyn Any>),
}

impl Head {
    pub(super) fn open<T: 'static, E: Failure>(soon: &Soon, made: &'static Location<'static>) -> Key {
        let fail = |soon: &Rc<Soon>, key: Key, error: Error| fire::<T, E>(soon, key, Err(error.into()));
        soon.heads.borrow_mut().insert(Head {
            state: State::Open,
            canceller: None,
            cancelling: false,
            made,
            fail,
        })
    }

    pub(super) fn has_fired(soon: &Soon, key: Key) -> bool {
        soon.heads.borrow().get(key).is_some_and(|head| matches!(head.state, State::Fired(_)))
    }

    pub(super) fn attach(soon: &Soon, key: Key, receiver: Rc<dyn Node>) {
        receiver.set_upstream(Upstream::Head(key));
        let mut heads = soon.heads.borrow_mut();
        let Some(head) = heads.get_mut(key) else { return };
        if !matches!(head.state, State::Fired(_)) {
            head.state = State::Awaited(receiver);
            return;
        }
        let head = heads.remove(key);
        drop(heads);
        if let Some(Head { state: State::Fired(mut result), .. }) = head {
            receiver.accept(&mut *result);
            soon.push(Job::Step(receiver));
        }
    }

    /// Its Deferred is dropped.
    pub(super) fn abandon<T: 'static, E: Failure>(soon: &Soon, key: Key) {
        let mut heads = soon.heads.borrow_mut();
        let Some(head) = heads.get_mut(key) else { return };
        if !matches!(head.state, State::Fired(_)) {
            head.state = State::Abandoned;
            return;
        }
        let made = head.made;
        drop(heads);
        if let Some(Err(error)) = Head::take::<T, E>(soon, key) {
            soon.report(&error, made);
        }
    }

    /// The result, if it has fired.
    pub(super) fn take<T: 'static, E: Failure>(soon: &Soon, key: Key) -> Option<Result<T, E>> {
        if !Head::has_fired(soon, key) {
            return None;
        }
        let head = soon.heads.borrow_mut().remove(key);
        match head.map(|head| head.state) {
            Some(State::Fired(result)) => *result.downcast().ok()?,
            _ => None,
        }
    }

    /// Calls the canceller; if that doesn't fire it, it fails with that error.
    pub(super) fn cancel(reactor: &mut Reactor, key: Key, why: ErrorKind) {
        let (canceller, fail) = match reactor.soon.heads.borrow_mut().get_mut(key) {
            Some(head) if !matches!(head.state, State::Fired(_)) => {
                head.cancelling = true;
                (head.canceller.take(), head.fail)
            }
            _ => return,
        };
        if let Some(canceller) = canceller {
            canceller(reactor);
        }
        fail(&reactor.soon.clone(), key, why.into());
    }
}

/// Has the chain go on with that result. Nothing happens if it did already.
pub(in super::super) fn fire<T: 'static, E: Failure>(soon: &Rc<Soon>, key: Key, result: Result<T, E>) {
    let mut heads = soon.heads.borrow_mut();
    let Some(head) = heads.get_mut(key) else { return };
    match head.state {
        State::Open => {
            head.state = State::Fired(Box::new(Some(result)));
            // Dropped when nothing is borrowed: it may hold anything.
            let canceller = head.canceller.take();
            drop(heads);
            drop(canceller);
        }
        State::Fired(_) => {}
        State::Awaited(_) | State::Abandoned => {
            let head = heads.remove(key);
            drop(heads);
            match (head.map(|head| (head.state, head.made)), result) {
                (Some((State::Awaited(receiver), _)), result) => {
                    receiver.accept(&mut Some(result));
                    soon.push(Job::Step(receiver));
                }
                (Some((_, made)), Err(error)) => soon.report(&error, made),
                _ => {}
            }
        }
    }
}

/// What fires a [`Deferred`](super::Deferred), once.
///
/// Dropping it has the Deferred fail with an error of the kind [`Cancelled`](ErrorKind::Cancelled), as nothing can
/// fire it any more; if nobody handles that error, nobody is told of it. When the Deferred was cancelled meanwhile, or
/// its reactor is gone, firing it does nothing.
///
/// Twisted: `Deferred.callback`, `Deferred.errback`; `AlreadyCalledError` can't happen.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::{Error, reactor::Reactor};
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let (word, resolver) = reactor.deferred::<_, Error>();
/// reactor.call_later(Duration::from_millis(1), |_| resolver.resolve("hello"));
/// assert_eq!(word.wait(&mut reactor)?, "hello");
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping it has the Deferred fail"]
pub struct Resolver<T: 'static, E: Failure = Error> {
    soon: Rc<Soon>,
    /// `None` when it is used up.
    key: Option<Key>,
    types: PhantomData<fn(Result<T, E>)>,
}

impl<T: 'static, E: Failure> Resolver<T, E> {
    pub(super) fn new(soon: Rc<Soon>, key: Key) -> Resolver<T, E> {
        Resolver { soon, key: Some(key), types: PhantomData }
    }

    /// Fires the Deferred with a value.
    ///
    /// Twisted: `callback`.
    pub fn resolve(self, value: T) {
        self.settle(Ok(value));
    }

    /// Fires the Deferred with an error.
    ///
    /// Twisted: `errback`.
    pub fn reject(self, error: E) {
        self.settle(Err(error));
    }

    /// Fires the Deferred with a value or an error.
    pub fn settle(mut self, result: Result<T, E>) {
        if let Some(key) = self.key.take() {
            fire(&self.soon, key, result);
        }
    }

    /// Has that function called when the Deferred is cancelled, in order to give up on what would fire it. The
    /// Deferred then fails.
    ///
    /// Twisted: `Deferred(canceller)`.
    pub fn on_cancel(&mut self, canceller: impl FnOnce(&mut Reactor) + 'static) {
        self.set_canceller(Box::new(canceller));
    }

    /// As [`on_cancel`](Resolver::on_cancel), and the Deferred fires with what the function gives.
    ///
    /// Twisted: a canceller that calls `callback` or `errback` itself.
    pub fn on_cancel_give(&mut self, canceller: impl FnOnce(&mut Reactor) -> Result<T, E> + 'static) {
        let Some(key) = self.key else { return };
        self.set_canceller(Box::new(move |reactor| {
            let result = canceller(reactor);
            fire(&reactor.soon, key, result);
        }));
    }

    /// Whether firing it would have an effect: the Deferred wasn't cancelled, and there is somebody to get the
    /// result.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        let heads = self.soon.heads.borrow();
        let head = self.key.and_then(|key| heads.get(key));
        head.is_some_and(|head| matches!(head.state, State::Open | State::Awaited(_)))
    }

    /// Its number, for another thread to give back to [`fire`]. The resolver says nothing any more.
    pub(in super::super) fn into_key(mut self) -> Option<Key> {
        self.key.take()
    }

    /// What sets a canceller when the resolver is elsewhere.
    pub(in super::super) fn cancelling(&self) -> Cancelling {
        Cancelling { soon: self.soon.clone(), key: self.key }
    }

    fn set_canceller(&mut self, canceller: Call) {
        self.cancelling().set(canceller);
    }
}

pub(in super::super) struct Cancelling {
    soon: Rc<Soon>,
    key: Option<Key>,
}

impl Cancelling {
    pub(in super::super) fn set(self, canceller: Call) {
        let mut heads = self.soon.heads.borrow_mut();
        let head = self.key.and_then(|key| heads.get_mut(key));
        let unused = match head {
            Some(head) => head.canceller.replace(canceller),
            None => Some(canceller),
        };
        drop(heads);
        // Dropped when nothing is borrowed: it may hold anything.
        drop(unused);
    }
}

impl<T: 'static, E: Failure> Drop for Resolver<T, E> {
    fn drop(&mut self) {
        let Some(key) = self.key.take() else { return };
        if self.soon.heads.borrow().get(key).is_none_or(|head| head.cancelling) {
            return;
        }
        let dropped =
            Error::new(ErrorKind::Cancelled, "nothing can fire the Deferred: its resolver was dropped");
        fire::<T, E>(&self.soon, key, Err(dropped.with_payload(NeverFired).into()));
    }
}

impl<T: 'static, E: Failure> fmt::Debug for Resolver<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("is_awaited", &self.is_awaited()).finish()
    }
}
