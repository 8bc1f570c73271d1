//! One function of a chain, its input, its output, and who waits for that: all in one allocation.

use std::{
    any::Any,
    cell::RefCell,
    mem,
    panic::Location,
    rc::{Rc, Weak},
};

use crate::error::ErrorKind;

use super::super::{
    core::Reactor,
    slab::Key,
    soon::{Job, Soon},
};
use super::{Deferred, Failure, IntoDeferred, cancel::cancel_now, into::Outcome};

/// A part of a chain to those who don't know its types.
pub(in super::super) trait Node {
    /// Takes the result out of an `Option<Result<…>>` of the type that it waits for.
    fn accept(&self, result: &mut dyn Any);

    /// Goes on with what it has accepted. Gives who is to go on next.
    fn run(self: Rc<Self>, reactor: &mut Reactor) -> Option<Rc<dyn Node>>;

    /// Where what it waits for comes from.
    fn set_upstream(&self, _upstream: Upstream) {}

    /// Who gets its output; at once, if it is there.
    fn attach(&self, _receiver: Rc<dyn Node>) {}

    /// Puts the output, if it is there, into an `Option<Result<…>>` of its type.
    fn take(&self, _output: &mut dyn Any) {}

    /// Nobody will get its output.
    fn abandon(&self) {}

    /// Whether its output is there.
    fn is_done(&self) -> bool {
        false
    }

    /// A canceller's chain ends here: it has to stay, even if it could leave its place to the Deferred that it got.
    fn pin(&self) {}

    /// Is to be cancelled; if its turn is still to come, with what it will wait for then.
    fn doom(&self, _why: ErrorKind) -> Wanting {
        Wanting::Nothing
    }
}

/// Where a part of a chain gets its input from.
#[derive(Clone, Default)]
pub(in super::super) enum Upstream {
    #[default]
    None,
    Head(Key),
    Step(Weak<dyn Node>),
}

/// What a part of a chain waits for.
pub(in super::super) enum Wanting {
    From(Upstream),
    Nothing,
}

/// What a step does with its input.
pub(super) trait Transform<T, E>: 'static {
    type Value: 'static;
    type Failure: Failure;

    fn apply(self, reactor: &mut Reactor, input: Result<T, E>) -> Outcome<Self::Value, Self::Failure>;
}

pub(super) struct Step<T, E, W: Transform<T, E>> {
    soon: Rc<Soon>,
    made: &'static Location<'static>,
    inner: RefCell<Inner<T, E, W>>,
}

struct Inner<T, E, W: Transform<T, E>> {
    state: State<T, E, W>,
    receiver: Receiver,
    upstream: Upstream,
    /// To be cancelled when it waits for something.
    doomed: Option<ErrorKind>,
    pinned: bool,
}

enum State<T, E, W: Transform<T, E>> {
    Waiting(W),
    /// In the reactor's queue.
    Ready(W, Result<T, E>),
    /// Its function is being called, or has panicked; or the step has left its place to another.
    Gone,
    /// Waits for the Deferred that its function has given.
    Following,
    Done(Option<Result<W::Value, W::Failure>>),
}

enum Receiver {
    /// The Deferred of this step is still there.
    Open,
    Step(Rc<dyn Node>),
    Abandoned,
}

impl<T: 'static, E: 'static, W: Transform<T, E>> Step<T, E, W> {
    pub(super) fn new(soon: Rc<Soon>, made: &'static Location<'static>, work: W) -> Rc<Self> {
        let inner = Inner {
            state: State::Waiting(work),
            receiver: Receiver::Open,
            upstream: Upstream::None,
            doomed: None,
            pinned: false,
        };
        Rc::new(Step { soon, made, inner: RefCell::new(inner) })
    }

    /// Its output is there.
    fn finish(&self, result: Result<W::Value, W::Failure>) -> Option<Rc<dyn Node>> {
        let mut inner = self.inner.borrow_mut();
        match mem::replace(&mut inner.receiver, Receiver::Abandoned) {
            Receiver::Open => {
                inner.receiver = Receiver::Open;
                inner.state = State::Done(Some(result));
                None
            }
            Receiver::Step(receiver) => {
                inner.state = State::Gone;
                let doomed = inner.doomed.filter(|_| !inner.pinned);
                drop(inner);
                receiver.accept(&mut Some(result));
                if let Some(why) = doomed {
                    receiver.doom(why);
                }
                Some(receiver)
            }
            Receiver::Abandoned => {
                inner.state = State::Gone;
                drop(inner);
                if let Err(error) = result {
                    self.soon.report(&error, self.made);
                }
                None
            }
        }
    }

    /// Its output is to come from that Deferred. If somebody waits for it already, they get it from there: a chain of
    /// such Deferreds, however long, takes the place of one.
    fn follow(self: Rc<Self>, reactor: &mut Reactor, deferred: Deferred<W::Value, W::Failure>) {
        let mut inner = self.inner.borrow_mut();
        let doomed = inner.doomed.take();
        let upstream = deferred.upstream();
        match mem::replace(&mut inner.receiver, Receiver::Open) {
            Receiver::Step(receiver) if !inner.pinned => {
                drop(inner);
                deferred.attach(receiver);
            }
            Receiver::Abandoned if !inner.pinned => {
                drop(inner);
                drop(deferred);
            }
            other => {
                inner.receiver = other;
                inner.state = State::Following;
                drop(inner);
                deferred.attach(self);
            }
        }
        cancel_now(reactor, upstream, doomed);
    }
}

impl<T: 'static, E: 'static, W: Transform<T, E>> Node for Step<T, E, W> {
    fn accept(&self, result: &mut dyn Any) {
        let mut inner = self.inner.borrow_mut();
        inner.upstream = Upstream::None;
        inner.state = match mem::replace(&mut inner.state, State::Gone) {
            State::Waiting(work) => {
                match result.downcast_mut::<Option<Result<T, E>>>().and_then(Option::take) {
                    Some(input) => State::Ready(work, input),
                    None => State::Waiting(work),
                }
            }
            State::Following => State::Done(result.downcast_mut().and_then(Option::take)),
            other => other,
        };
    }

    fn run(self: Rc<Self>, reactor: &mut Reactor) -> Option<Rc<dyn Node>> {
        let state = mem::replace(&mut self.inner.borrow_mut().state, State::Gone);
        match state {
            State::Ready(work, input) => match work.apply(reactor, input) {
                Outcome::Now(result) => self.finish(result),
                Outcome::Later(deferred) => match deferred.into_ready() {
                    Ok(result) => self.finish(result),
                    Err(deferred) => {
                        self.follow(reactor, deferred);
                        None
                    }
                },
            },
            State::Done(Some(result)) => self.finish(result),
            _ => None,
        }
    }

    fn set_upstream(&self, upstream: Upstream) {
        self.inner.borrow_mut().upstream = upstream;
    }

    fn attach(&self, receiver: Rc<dyn Node>) {
        let mut inner = self.inner.borrow_mut();
        match mem::replace(&mut inner.state, State::Gone) {
            State::Done(mut result) => {
                drop(inner);
                receiver.accept(&mut result);
                self.soon.push(Job::Step(receiver));
            }
            other => {
                inner.state = other;
                inner.receiver = Receiver::Step(receiver);
            }
        }
    }

    fn take(&self, output: &mut dyn Any) {
        let mut inner = self.inner.borrow_mut();
        if let (State::Done(result), Some(output)) = (&mut inner.state, output.downcast_mut()) {
            *output = result.take();
            inner.state = State::Gone;
        }
    }

    fn abandon(&self) {
        let mut inner = self.inner.borrow_mut();
        inner.receiver = Receiver::Abandoned;
        let State::Done(result) = &mut inner.state else { return };
        let result = result.take();
        drop(inner);
        if let Some(Err(error)) = result {
            self.soon.report(&error, self.made);
        }
    }

    fn is_done(&self) -> bool {
        matches!(self.inner.borrow().state, State::Done(_))
    }

    fn pin(&self) {
        self.inner.borrow_mut().pinned = true;
    }

    fn doom(&self, why: ErrorKind) -> Wanting {
        let mut inner = self.inner.borrow_mut();
        match inner.state {
            State::Waiting(_) | State::Following => Wanting::From(inner.upstream.clone()),
            State::Ready(..) => {
                inner.doomed = Some(why);
                Wanting::Nothing
            }
            State::Gone | State::Done(_) => Wanting::Nothing,
        }
    }
}

impl<T, E, W: Transform<T, E>> Drop for Step<T, E, W> {
    fn drop(&mut self) {
        if let Receiver::Step(next) = mem::replace(&mut self.inner.get_mut().receiver, Receiver::Abandoned) {
            self.soon.bury(next);
        }
    }
}

pub(super) struct Then<F>(pub(super) F);
pub(super) struct Catch<F>(pub(super) F);
pub(super) struct Both<F>(pub(super) F);
pub(super) struct Map<F>(pub(super) F);
pub(super) struct MapErr<F>(pub(super) F);

impl<T, E, R, F> Transform<T, E> for Then<F>
where
    E: Failure,
    R: IntoDeferred<E>,
    F: FnOnce(&mut Reactor, T) -> R + 'static,
{
    type Value = R::Value;
    type Failure = E;

    fn apply(self, reactor: &mut Reactor, input: Result<T, E>) -> Outcome<R::Value, E> {
        match input {
            Ok(value) => (self.0)(reactor, value).outcome(),
            Err(error) => Outcome::Now(Err(error)),
        }
    }
}

impl<T, E, R, F> Transform<T, E> for Catch<F>
where
    T: 'static,
    E: Failure,
    R: IntoDeferred<E, Value = T>,
    F: FnOnce(&mut Reactor, E) -> R + 'static,
{
    type Value = T;
    type Failure = E;

    fn apply(self, reactor: &mut Reactor, input: Result<T, E>) -> Outcome<T, E> {
        match input {
            Ok(value) => Outcome::Now(Ok(value)),
            Err(error) => (self.0)(reactor, error).outcome(),
        }
    }
}

impl<T, E, R, F> Transform<T, E> for Both<F>
where
    E: Failure,
    R: IntoDeferred<E>,
    F: FnOnce(&mut Reactor, Result<T, E>) -> R + 'static,
{
    type Value = R::Value;
    type Failure = E;

    fn apply(self, reactor: &mut Reactor, input: Result<T, E>) -> Outcome<R::Value, E> {
        (self.0)(reactor, input).outcome()
    }
}

impl<T, E: Failure, U: 'static, F: FnOnce(T) -> U + 'static> Transform<T, E> for Map<F> {
    type Value = U;
    type Failure = E;

    fn apply(self, _reactor: &mut Reactor, input: Result<T, E>) -> Outcome<U, E> {
        Outcome::Now(input.map(self.0))
    }
}

impl<T: 'static, E, D: Failure, F: FnOnce(E) -> D + 'static> Transform<T, E> for MapErr<F> {
    type Value = T;
    type Failure = D;

    fn apply(self, _reactor: &mut Reactor, input: Result<T, E>) -> Outcome<T, D> {
        Outcome::Now(input.map_err(self.0))
    }
}
