//! Connections that are being made: the descriptors of a [`Connector`]'s look-up and attempts.

use std::time::Duration;

use crate::{
    deadline::Deadline,
    error::Result,
    poll::Interest,
    reactor::{Reactor, connector::Connector, slab::Key},
    socket::{Address, LookUp, Socket},
    sys,
};

use super::{Net, Port};

/// Something that a [`Connector`] waits for.
#[derive(Debug)]
pub(super) struct Attempt {
    connector: Connector,
    what: What,
}

pub(in crate::reactor) enum What {
    LookUp(LookUp),
    Connect(Address, Socket),
}

impl Net {
    /// # Errors
    ///
    /// As those of the poller.
    pub(in crate::reactor) fn attempt(&mut self, connector: Connector, what: What) -> Result<Key> {
        let key = self.ports.insert(Port::Attempt(Box::new(Attempt { connector, what })));
        let Some(Port::Attempt(attempt)) = self.ports.get(key) else { return Ok(key) };
        let outcome = match &attempt.what {
            What::LookUp(look_up) => self.registrar.add(look_up, key.index as usize, Interest::Read),
            What::Connect(_, socket) => self.registrar.add(socket, key.index as usize, Interest::Both),
        };
        if let Err(error) = outcome {
            self.ports.remove(key);
            return Err(error);
        }
        Ok(key)
    }

    /// It isn't waited for any more. Of an attempt, the address and the socket, which nobody watches.
    pub(in crate::reactor) fn give_up(&mut self, key: Key) -> Option<What> {
        let Some(Port::Attempt(attempt)) = self.ports.remove(key) else { return None };
        let _ = match &attempt.what {
            What::LookUp(look_up) => self.registrar.remove(look_up),
            What::Connect(_, socket) => self.registrar.remove(socket),
        };
        Some(attempt.what)
    }
}

impl Reactor {
    pub(super) fn attempt_event(&mut self, key: Key) {
        let Some(Port::Attempt(attempt)) = self.net.ports.get(key) else { return };
        if let What::Connect(_, socket) = &attempt.what {
            // The event may have been another port's that had this number: then it has not ended.
            if socket.wait_by(sys::Interest::Write, Deadline::after(Duration::ZERO)).is_err() {
                return;
            }
        }
        let connector = attempt.connector.clone();
        connector.ended(self, key);
    }
}

impl std::fmt::Debug for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            What::LookUp(_) => f.write_str("a look-up"),
            What::Connect(address, _) => write!(f, "an attempt to connect to {address}"),
        }
    }
}
