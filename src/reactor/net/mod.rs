//! The half with input and output: who can be read or written, and what is done about it.
//!
//! A [`Port`] is whatever has a descriptor. What happens to it comes in three ways: as an event of the poller (`batch`), as
//! more of what one event began (`again`, which waits until the poller was asked once more, so that one greedy peer can't
//! keep the others' events away), and as something that a callback asked for (`asked`). No callback runs inside another:
//! a connection's protocol is taken out of it for the call, and what comes meanwhile waits until it is back.

mod attempt;
mod connection;
mod datagram;
mod file;
mod limits;
mod listener;
mod output;
mod reading;
mod source;
mod turn;
mod writing;

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

use crate::{
    error::Result,
    poll::{Event, Poller, Registrar, poller},
};

use super::{
    slab::{Key, Slab},
    testing::Network,
};
use output::Spare;

pub(super) use attempt::What;
pub(super) use connection::Connection;
pub use datagram::{DatagramPort, DatagramProtocol, DatagramTransport};
pub use listener::ListeningPort;
pub use source::{Interest, Ready, Source};
pub(super) use turn::dispatch;

/// So many events are taken at a time.
const EVENTS: usize = 1024;

pub(super) struct Net {
    poller: Poller,
    registrar: Arc<Registrar>,
    ports: Slab<Port>,
    /// What the poller told and nobody has looked at.
    batch: VecDeque<Event>,
    /// Who has more to do than one turn allows.
    again: VecDeque<Key>,
    /// Of whom a callback has asked something.
    asked: VecDeque<Key>,
    /// What is received. Out of here while a callback looks at it.
    block: Vec<u8>,
    spare: Spare,
    /// Instead of the system's, for tests.
    pub(super) network: Option<Box<Network>>,
}

/// Whatever has a descriptor.
#[derive(Debug)]
enum Port {
    Connection(Box<Connection>),
    Listener(Box<listener::Listener>),
    Attempt(Box<attempt::Attempt>),
    Datagrams(Box<datagram::Datagrams>),
    Source(Box<source::Watched>),
}

impl Net {
    /// # Errors
    ///
    /// When the process has no descriptors left.
    pub(super) fn new() -> Result<Net> {
        let (poller, registrar) = poller(EVENTS)?;
        Ok(Net {
            poller,
            registrar: Arc::new(registrar),
            ports: Slab::new(),
            batch: VecDeque::new(),
            again: VecDeque::new(),
            asked: VecDeque::new(),
            block: Vec::new(),
            spare: Spare::default(),
            network: None,
        })
    }

    /// What other threads wake the reactor by.
    pub(super) fn waker(&self) -> Arc<Registrar> {
        self.registrar.clone()
    }

    /// Whether nothing can come of waiting: nobody is registered.
    pub(super) fn is_empty(&self) -> bool {
        self.ports.len() == 0
    }

    /// Whether [`dispatch`] has something to do without an event: then the reactor doesn't wait.
    pub(super) fn has_ready(&self) -> bool {
        !(self.batch.is_empty() && self.again.is_empty() && self.asked.is_empty())
    }

    /// Waits until something can be read or written, somebody wakes the reactor, or the time is over.
    ///
    /// # Errors
    ///
    /// As `epoll_wait`, `kevent`.
    pub(super) fn wait(&mut self, limit: Option<Duration>) -> Result<()> {
        self.poller.wait(limit)?;
        self.batch.extend(self.poller.events());
        Ok(())
    }

    pub(super) fn connection(&self, key: Key) -> Option<&Connection> {
        match self.ports.get(key)? {
            Port::Connection(connection) => Some(connection),
            _ => None,
        }
    }

    pub(super) fn connection_mut(&mut self, key: Key) -> Option<&mut Connection> {
        match self.ports.get_mut(key)? {
            Port::Connection(connection) => Some(connection),
            _ => None,
        }
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").field("ports", &self.ports.len()).finish_non_exhaustive()
    }
}
