//! The one door that other threads have into the reactor.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    error::{Error, ErrorKind, Result},
    poll::Registrar,
};

use super::core::Reactor;

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

pub(super) struct Mailbox {
    /// `None` when the reactor is gone.
    calls: Mutex<Option<Vec<Call>>>,
    waker: Arc<Registrar>,
}

impl Mailbox {
    pub(super) fn new(waker: Arc<Registrar>) -> Arc<Mailbox> {
        Arc::new(Mailbox { calls: Mutex::new(Some(Vec::new())), waker })
    }

    /// # Errors
    ///
    /// [`ErrorKind::Closed`] when the reactor is gone.
    pub(super) fn post(&self, call: Call) -> Result<()> {
        let mut calls = self.lock();
        let Some(calls) = calls.as_mut() else {
            return Err(Error::new(ErrorKind::Closed, "the reactor is gone"));
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
