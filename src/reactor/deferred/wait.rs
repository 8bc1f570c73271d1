//! Straight-line code: to run the reactor until a result is there.

use std::{any::Any, cell::RefCell, rc::Rc};

use crate::error::{Error, ErrorKind};

use super::{super::core::Reactor, Deferred, Failure, step::Node};

/// Keeps the result for who waits.
struct Waiter<T, E>(RefCell<Option<Result<T, E>>>);

impl<T: 'static, E: Failure> Node for Waiter<T, E> {
    fn accept(&self, result: &mut dyn Any) {
        let result = result.downcast_mut::<Option<Result<T, E>>>().and_then(Option::take);
        let former = self.0.replace(result);
        drop(former);
    }

    fn run(self: Rc<Self>, _reactor: &mut Reactor) -> Option<Rc<dyn Node>> {
        None
    }
}

impl<T: 'static, E: Failure> Deferred<T, E> {
    /// Runs the reactor until the result is there: what comes after it can be written in a straight line.
    ///
    /// The reactor may be running already: a callback may wait as well, while everything else goes on. Its own
    /// connection's events then wait for its return.
    ///
    /// Twisted: `inlineCallbacks`, `await`.
    ///
    /// # Errors
    ///
    /// The Deferred's. Besides, an error of the kind [`Cancelled`](ErrorKind::Cancelled) when the reactor is stopped
    /// or nothing is left that could ever fire the Deferred; and any error of waiting.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{Error, reactor::Reactor};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let mut reactor = Reactor::new()?;
    /// let first = reactor.defer_later(Duration::from_millis(2), |_| Ok::<_, Error>(20));
    /// let second = reactor.defer_later(Duration::from_millis(1), |_| Ok::<_, Error>(22));
    /// assert_eq!(first.wait(&mut reactor)? + second.wait(&mut reactor)?, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait(self, reactor: &mut Reactor) -> Result<T, E> {
        let deferred = match self.into_ready() {
            Ok(result) => return result,
            Err(deferred) => deferred,
        };
        let waiter = Rc::new(Waiter(RefCell::new(None)));
        deferred.attach(waiter.clone());
        let arrived = || waiter.0.borrow().is_some();
        reactor.turn_until(arrived).map_err(E::from)?;
        // `turn_until` has seen it.
        waiter.0.take().unwrap_or_else(|| Err(Error::from(ErrorKind::Cancelled).into()))
    }
}

impl Reactor {
    /// Turns until that is the case.
    pub(in super::super) fn turn_until(&mut self, done: impl Fn() -> bool) -> Result<(), Error> {
        loop {
            self.catch_up();
            if done() {
                return Ok(());
            }
            if self.take_stop() {
                return Err(Error::new(
                    ErrorKind::Cancelled,
                    "the reactor was stopped while a Deferred was waited for",
                ));
            }
            if self.is_stuck() {
                let never = "a Deferred is waited for that nothing can ever fire";
                return Err(Error::new(ErrorKind::Cancelled, never));
            }
            self.look(None)?;
            if done() {
                return Ok(());
            }
        }
    }
}
