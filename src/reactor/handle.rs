//! The one door that other threads have into the reactor.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread::{self, ThreadId},
};

use crate::{
    error::{Error, ErrorKind, Result},
    poll::Registrar,
};

use super::{
    core::Reactor,
    deferred::{Failure, IntoDeferred},
};

/// What another thread has the reactor call.
type Call = Box<dyn FnOnce(&mut Reactor) + Send>;

/// A reactor as other threads know it: they can have it call something, and stop it.
///
/// Twisted: `callFromThread`, the only method of its reactor that other threads may call.
///
/// # Examples
///
/// ```
/// use sockeye::reactor::Reactor;
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let handle = reactor.handle();
/// let thread = std::thread::spawn(move || handle.call_from_thread(|reactor| reactor.stop()));
/// reactor.run()?;
/// assert!(thread.join().unwrap().is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ReactorHandle {
    pub(super) mailbox: Arc<Mailbox>,
}

impl ReactorHandle {
    /// Has the reactor's thread call a function, in its next turn and in the order of these calls. Returns at once.
    ///
    /// Twisted: `reactor.callFromThread`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Closed`] when the reactor is gone.
    pub fn call_from_thread(&self, call: impl FnOnce(&mut Reactor) + Send + 'static) -> Result<()> {
        self.mailbox.post(Box::new(call))
    }

    /// Has the reactor's thread call a function, and waits for its result; if that is a Deferred, for its one.
    ///
    /// Twisted: `threads.blockingCallFromThread`.
    ///
    /// # Errors
    ///
    /// The function's. Besides, [`ErrorKind::Closed`] when the reactor is gone, or ends without the result; and
    /// [`ErrorKind::InvalidInput`] on the reactor's own thread, which would wait for itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{Error, reactor::Reactor};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let mut reactor = Reactor::new()?;
    /// let handle = reactor.handle();
    /// let thread = std::thread::spawn(move || {
    ///     let calls = handle.blocking_call(|reactor| Ok::<_, Error>(reactor.delayed_calls()));
    ///     handle.stop();
    ///     calls
    /// });
    /// reactor.run()?;
    /// assert_eq!(thread.join().unwrap()?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn blocking_call<E, R>(
        &self,
        function: impl FnOnce(&mut Reactor) -> R + Send + 'static,
    ) -> Result<R::Value, E>
    where
        E: Failure + Send,
        R: IntoDeferred<E>,
        R::Value: Send,
    {
        if self.mailbox.thread == thread::current().id() {
            let itself = "the reactor's own thread can't wait for the reactor";
            return Err(Error::new(ErrorKind::InvalidInput, itself).into());
        }
        let (sender, receiver) = mpsc::sync_channel(1);
        self.call_from_thread(move |reactor| {
            drop(reactor.maybe_deferred(function).both(move |_, result| {
                // Nobody can have left: the receiver waits below.
                let _ = sender.send(result);
                Ok::<_, E>(())
            }));
        })?;
        receiver.recv().unwrap_or_else(|_| Err(gone().into()))
    }

    /// [Stops](Reactor::stop) the reactor, from any thread.
    pub fn stop(&self) {
        // One that is gone has stopped.
        let _ = self.call_from_thread(Reactor::stop);
    }
}

impl fmt::Debug for ReactorHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReactorHandle").finish_non_exhaustive()
    }
}

fn gone() -> Error {
    Error::new(ErrorKind::Closed, "the reactor is gone")
}

pub(super) struct Mailbox {
    /// The reactor's.
    thread: ThreadId,
    /// `None` when the reactor is gone.
    calls: Mutex<Option<Vec<Call>>>,
    waker: Arc<Registrar>,
}

impl Mailbox {
    pub(super) fn new(waker: Arc<Registrar>) -> Arc<Mailbox> {
        Arc::new(Mailbox { thread: thread::current().id(), calls: Mutex::new(Some(Vec::new())), waker })
    }

    /// # Errors
    ///
    /// [`ErrorKind::Closed`] when the reactor is gone.
    pub(super) fn post(&self, call: Call) -> Result<()> {
        let mut calls = self.lock();
        let Some(calls) = calls.as_mut() else {
            return Err(gone());
        };
        calls.push(call);
        // Who came earlier has woken it, and it hasn't looked yet.
        if calls.len() == 1 {
            self.waker.wake();
        }
        Ok(())
    }

    /// All that was posted.
    pub(super) fn take(&self) -> Vec<Call> {
        self.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().as_ref().is_none_or(Vec::is_empty)
    }

    /// Refuses what comes from now on.
    pub(super) fn close(&self) {
        let calls = self.lock().take();
        // Dropped without the lock: it may hold anything.
        drop(calls);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Call>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
