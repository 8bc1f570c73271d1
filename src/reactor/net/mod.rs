//! The half with input and output: who can be read or written, and what is done about it.

use std::{sync::Arc, time::Duration};

use crate::{
    error::Result,
    poll::{Poller, Registrar, poller},
};

use super::core::Reactor;

/// So many events are taken at a time.
const EVENTS: usize = 1024;

#[derive(Debug)]
pub(super) struct Net {
    poller: Poller,
    registrar: Arc<Registrar>,
}

impl Net {
    /// # Errors
    ///
    /// When the process has no descriptors left.
    pub(super) fn new() -> Result<Net> {
        let (poller, registrar) = poller(EVENTS)?;
        Ok(Net { poller, registrar: Arc::new(registrar) })
    }

    /// What other threads wake the reactor by.
    pub(super) fn waker(&self) -> Arc<Registrar> {
        self.registrar.clone()
    }

    /// Whether nothing can come of waiting: nobody is registered.
    pub(super) fn is_empty(&self) -> bool {
        true
    }

    /// Whether [`dispatch`] has something to do without an event: then the reactor doesn't wait.
    pub(super) fn has_ready(&self) -> bool {
        false
    }

    /// Waits until something can be read or written, somebody wakes the reactor, or the time is over.
    ///
    /// # Errors
    ///
    /// As `epoll_wait`, `kevent`.
    pub(super) fn wait(&mut self, limit: Option<Duration>) -> Result<()> {
        self.poller.wait(limit)
    }
}

/// Calls those for whom something happened; after each callback, [`Reactor::settle`].
pub(super) fn dispatch(reactor: &mut Reactor) {
    for _event in reactor.net.poller.events() {}
}
