//! What a server does now and then beside serving, on a thread of its own: it may block, and delays nobody.

use std::{
    sync::{Arc, Condvar, Mutex, OnceLock, PoisonError},
    thread::{self, JoinHandle, ThreadId},
    time::{Duration, Instant},
};

use crate::error::Result;

use super::{Engine, guard::guarded, service::Service, unstarted};

/// What is called without a pause would keep a core busy with nothing.
const LEAST: Duration = Duration::from_millis(1);

/// The thread, as others see it.
#[derive(Default)]
pub(super) struct Upkeep {
    ended: Mutex<bool>,
    bell: Condvar,
    handle: Mutex<Option<JoinHandle<()>>>,
    /// Stays known while the handle is with the one who joins.
    thread: OnceLock<ThreadId>,
}

impl Upkeep {
    /// Nothing is called any more, but for the call that runs.
    pub(super) fn end(&self) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.bell.notify_all();
    }

    /// Waits until the thread has ended.
    pub(super) fn join(&self) {
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(handle) = handle {
            let _ = handle.join();
        }
    }

    /// Whether the calling thread is the one.
    pub(super) fn is_mine(&self) -> bool {
        self.thread.get() == Some(&thread::current().id())
    }

    /// Waits for the next call. False: there is none.
    fn wait(&self, until: Option<Instant>) -> bool {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        while !*ended {
            let Some(until) = until else {
                ended = self.bell.wait(ended).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            ended = self.bell.wait_timeout(ended, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }
}

impl<S: Service + 'static> Engine<S> {
    /// Has that called every so often until the server shuts down, for the first time after one interval.
    ///
    /// # Errors
    ///
    /// When the system has no thread left.
    pub(crate) fn call_every(
        self: &Arc<Self>,
        interval: Duration,
        mut actions: impl FnMut() + Send + 'static,
    ) -> Result<()> {
        let engine = Arc::clone(self);
        let mut handle = self.upkeep.handle.lock().unwrap_or_else(PoisonError::into_inner);
        let work = move || {
            while engine.upkeep.wait(Instant::now().checked_add(interval.max(LEAST))) {
                engine.counted(guarded(&mut actions));
            }
        };
        let started = thread::Builder::new().name("sockeye-service".to_owned()).spawn(work);
        let started =
            started.map_err(|error| unstarted("start the thread of service_actions failed", error))?;
        let _ = self.upkeep.thread.set(started.thread().id());
        *handle = Some(started);
        Ok(())
    }
}
