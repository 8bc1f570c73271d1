//! Ctrl-C and its kin.

use std::thread::{self, JoinHandle};

use crate::{
    error::{Error, ErrorKind, Result},
    sys::stop_signals::{self, StopSignals},
};

use super::core::Reactor;

impl Reactor {
    /// Has SIGINT and SIGTERM [stop](Reactor::stop) the reactor, instead of ending the process. What they did before is
    /// restored when the reactor is dropped.
    ///
    /// Twisted does so by itself; here it is opt-in, as a library has no business with a process's signals.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] when a reactor has them already: a process has them once. When the process has no
    /// descriptors or threads left.
    pub fn stop_on_signals(&mut self) -> Result<()> {
        let (signals, waiter) = stop_signals::install()?;
        let handle = self.handle();
        let watch = move || {
            while waiter.wait() {
                handle.stop();
            }
        };
        let thread = thread::Builder::new().name("sockeye-reactor-signals".to_owned()).spawn(watch);
        let thread =
            thread.map_err(|error| Error::with_source(ErrorKind::OutOfResources, "start a thread", error))?;
        self.signals = Some(Signals { signals: Some(signals), thread: Some(thread) });
        Ok(())
    }
}

/// A thread that waits for signals.
#[derive(Debug)]
pub(super) struct Signals {
    signals: Option<StopSignals>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Signals {
    fn drop(&mut self) {
        // Its end ends the thread's wait.
        drop(self.signals.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to panic by.
            let _ = thread.join();
        }
    }
}
