//! One turn: who is called, and in which order.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::{
    poll::Event,
    reactor::{
        ConnectionId, Reactor, Transport,
        protocol::{Held, Reason},
        relay::Relay,
        slab::Key,
    },
};

use super::{
    Port,
    connection::{Mark, State, Successor, WriteEnd},
};

/// Calls those for whom something happened; after each callback, [`Reactor::settle`].
pub(in crate::reactor) fn dispatch(reactor: &mut Reactor) {
    // Counted before: what comes up now is for the next turn.
    let again = reactor.net.again.len();
    while let Some(event) = reactor.net.batch.pop_front() {
        reactor.event(event);
    }
    for _ in 0..again {
        let Some(key) = reactor.net.again.pop_front() else { break };
        reactor.go_on(key);
    }
    for _ in 0..reactor.net.asked.len() {
        let Some(key) = reactor.net.asked.pop_front() else { break };
        if let Some(connection) = reactor.net.connection_mut(key) {
            connection.is_asked = false;
        }
        reactor.attend(key);
    }
}

impl Reactor {
    fn event(&mut self, event: Event) {
        // A slot may have got another port meanwhile. Nobody is harmed by an event too many: every call that it leads
        // to is one that doesn't wait.
        let Some((key, port)) = u32::try_from(event.number).ok().and_then(|index| self.net.ports.at(index))
        else {
            return;
        };
        match port {
            Port::Connection(_) => self.connection_event(key, event),
            Port::Listener(_) => self.accept(key),
            Port::Attempt(_) => self.attempt_event(key),
            Port::Datagrams(_) => self.receive_datagrams(key),
            Port::Source(_) => self.source_event(key, event),
        }
    }

    fn connection_event(&mut self, key: Key, event: Event) {
        let Some(connection) = self.net.connection_mut(key) else { return };
        connection.reading.may_read |= event.readable || event.read_closed;
        connection.reading.ends |= event.read_closed;
        connection.writing.may_write |= event.writable || event.read_closed;
        // Whoever has its turn to come has no other one before.
        let reads = !connection.reading.is_again;
        if connection.has_output() || !connection.is_made {
            self.attend(key);
        }
        if reads {
            self.read(key);
        }
    }

    /// One more turn of what didn't fit into the last one.
    fn go_on(&mut self, key: Key) {
        match self.net.ports.get_mut(key) {
            Some(Port::Connection(connection)) => {
                connection.reading.is_again = false;
                if connection.has_output() {
                    self.attend(key);
                }
                self.read(key);
            }
            Some(Port::Listener(_)) => self.accept(key),
            Some(Port::Datagrams(_)) => self.receive_datagrams(key),
            Some(Port::Attempt(_) | Port::Source(_)) | None => {}
        }
    }

    /// Calls a connection's protocol, unless it is being called, and then what that arranged.
    pub(super) fn call(&mut self, key: Key, call: impl FnOnce(&mut dyn Held, &mut Transport<'_>)) -> bool {
        let Some(connection) = self.net.connection_mut(key) else { return false };
        let Some(mut protocol) = connection.protocol.take() else { return false };
        // Whoever calls looks after it, so it needn't be asked for.
        let was_asked = std::mem::replace(&mut connection.is_asked, true);
        let mut transport = Transport { reactor: self, id: ConnectionId(key) };
        let outcome = catch_unwind(AssertUnwindSafe(|| call(&mut *protocol, &mut transport)));
        let is_quiet = self.soon.is_empty();
        let Some(connection) = self.net.connection_mut(key) else { return false };
        if let Err(panic) = outcome {
            // Its state may be anything: it is called no more.
            self.net.forget(key);
            resume_unwind(panic);
        }
        connection.protocol = Some(match connection.successor.take() {
            None => protocol,
            Some(Successor::Protocol(protocol)) => protocol,
            Some(Successor::Relay(to)) => Box::new(Relay { to, former: Some(protocol) }),
        });
        let may_read = connection.reading.may_read;
        if is_quiet {
            connection.is_asked = was_asked;
        } else {
            self.settle();
            if let Some(connection) = self.net.connection_mut(key) {
                connection.is_asked = was_asked;
            }
        }
        if may_read {
            // A callback that waits for a Deferred runs the reactor: what arrived meanwhile is still there.
            self.net.again(key);
        }
        true
    }

    /// Does what was asked of a connection: sends, tells its protocol what there is to tell, ends it.
    pub(in crate::reactor) fn attend(&mut self, key: Key) {
        loop {
            self.net.flush(key);
            if !self.soon.is_empty() {
                // A file has gone.
                self.settle();
            }
            let Some(connection) = self.net.connection_mut(key) else { return };
            // One that is being called comes here again after it.
            if connection.protocol.is_none() || connection.is_calm() {
                return;
            }
            if matches!(connection.state, State::Ended(_)) {
                return self.bury(key);
            }
            if !std::mem::replace(&mut connection.is_made, true) {
                self.call(key, |protocol, transport| protocol.connection_made(transport));
            } else if let Some(mark) = connection.news.mark.take() {
                self.call(key, |protocol, transport| match mark {
                    Mark::Paused => protocol.write_paused(transport),
                    Mark::Resumed => protocol.write_resumed(transport),
                });
            } else if std::mem::take(&mut connection.news.read_resumed) {
                if connection.reading.may_read {
                    self.net.again(key);
                }
                self.call(key, |protocol, transport| protocol.read_resumed(transport));
            } else if !self.is_all_sent(key) {
                return;
            }
        }
    }

    /// What comes when all was sent; whether something did.
    fn is_all_sent(&mut self, key: Key) -> bool {
        let Some(connection) = self.net.connection_mut(key) else { return false };
        if connection.has_output() {
            if matches!(connection.state, State::Closing) {
                self.linger(key);
            }
            return false;
        }
        if matches!(connection.state, State::Closing) {
            connection.end(Reason::Done);
            return true;
        }
        if connection.writing.end != WriteEnd::Asked {
            return false;
        }
        connection.shut_write();
        // Both sides have said all.
        if connection.reading.is_over {
            connection.end(Reason::Done);
        }
        self.call(key, |protocol, transport| protocol.write_lost(transport))
    }

    /// Ends a connection: closes it, and tells its protocol.
    fn bury(&mut self, key: Key) {
        self.net.close(key);
        let Some(connection) = self.net.connection_mut(key) else { return };
        let State::Ended(reason) = std::mem::replace(&mut connection.state, State::Over) else { return };
        let is_made = connection.is_made;
        if let Some(limits) = self.net.connection_mut(key).and_then(|connection| connection.limits.take()) {
            for timer in [limits.timer, limits.linger].into_iter().flatten() {
                // Fails when it was called already.
                let _ = timer.cancel(self);
            }
        }
        if is_made {
            self.call(key, |protocol, transport| protocol.connection_lost(transport, &reason));
        }
        let connector = self.net.connection_mut(key).and_then(|connection| connection.connector.take());
        self.net.forget(key);
        if let Some(connector) = connector {
            connector.lost(self, &reason);
        }
    }
}
