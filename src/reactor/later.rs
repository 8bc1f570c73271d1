//! Functions that are called later, and give a Deferred for it.

use std::{cell::RefCell, rc::Rc, time::Duration};

use crate::error::{Error, ErrorKind};

use super::{
    core::Reactor,
    deferred::{Deferred, Failure, IntoDeferred},
};

impl Reactor {
    /// Calls a function after that time; the Deferred fires with what it gives. Cancelling that takes the call back.
    ///
    /// Twisted: `task.deferLater`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{Error, reactor::Reactor};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let mut reactor = Reactor::new()?;
    /// let answer = reactor.defer_later(Duration::from_millis(1), |_| Ok::<_, Error>(42));
    /// assert_eq!(answer.wait(&mut reactor)?, 42);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn defer_later<E: Failure, R: IntoDeferred<E>>(
        &mut self,
        delay: Duration,
        function: impl FnOnce(&mut Reactor) -> R + 'static,
    ) -> Deferred<R::Value, E> {
        let (deferred, resolver) = self.deferred::<(), E>();
        let handle = resolver.cancelling();
        let call = self.call_later(delay, move |_| resolver.resolve(()));
        handle.set(Box::new(move |reactor| {
            // It was made already only if the Deferred has fired.
            let _ = call.cancel(reactor);
        }));
        deferred.then(move |reactor, ()| function(reactor))
    }
}

/// Makes a reactor, calls a function with it, and runs it until the Deferred that it gives has fired: the whole life of
/// a program that does one thing. Shutdown triggers are called at the end.
///
/// Twisted: `task.react`, which ends the process as well.
///
/// # Errors
///
/// The Deferred's; [`ErrorKind::Cancelled`] when the reactor was stopped before it fired; when the process has no
/// descriptors left.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::{Error, reactor::react};
///
/// let answer = react(|reactor| reactor.defer_later(Duration::from_millis(1), |_| Ok::<_, Error>(42)));
/// assert_eq!(answer.unwrap(), 42);
/// ```
pub fn react<E: Failure, R: IntoDeferred<E>>(
    main: impl FnOnce(&mut Reactor) -> R + 'static,
) -> Result<R::Value, E> {
    let mut reactor = Reactor::new()?;
    let result = Rc::new(RefCell::new(None));
    let seen = result.clone();
    reactor.when_running(move |reactor| {
        let done = reactor.maybe_deferred(main);
        drop(done.both(move |reactor, outcome| {
            seen.replace(Some(outcome));
            reactor.stop();
            Ok(())
        }));
    });
    reactor.run()?;
    drop(reactor);
    let stopped = || Error::new(ErrorKind::Cancelled, "the reactor was stopped before its task was done");
    result.take().unwrap_or_else(|| Err(stopped().into()))
}
