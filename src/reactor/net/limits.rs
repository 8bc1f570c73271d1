//! The time limits of connections.

use std::time::Duration;

use crate::{
    error::{Error, ErrorKind},
    reactor::{Reactor, protocol::Reason, slab::Key, time::later},
};

use super::connection::{State, WriteEnd};

/// How long what was written before the end may wait for the peer.
const LINGER: Duration = Duration::from_secs(30);

impl Reactor {
    pub(in crate::reactor) fn lose_connection(&mut self, key: Key) {
        let Some(connection) = self.net.connection_mut(key) else { return };
        if connection.is_open() {
            connection.state = State::Closing;
            self.net.ask(key);
        }
    }

    /// Ends a connection that doesn't take what it is sent last.
    pub(super) fn linger(&mut self, key: Key) {
        let Some(connection) = self.net.connection_mut(key) else { return };
        if connection.limits.get_or_insert_default().linger.is_some() {
            return;
        }
        let timer = self.call_later(LINGER, move |reactor| {
            let message = "the peer didn't take what was sent last";
            reactor.net.end(key, Reason::Lost(Error::new(ErrorKind::TimedOut, message)));
        });
        if let Some(limits) = self.net.connection_mut(key).and_then(|connection| connection.limits.as_mut()) {
            limits.linger = Some(timer);
        }
    }

    pub(in crate::reactor) fn set_connection_timeout(&mut self, key: Key, timeout: Option<Duration>) {
        let now = self.time.now();
        let Some(connection) = self.net.connection_mut(key).filter(|connection| connection.is_open()) else {
            return;
        };
        if timeout.is_none() && connection.limits.is_none() {
            return;
        }
        let limits = connection.limits.get_or_insert_default();
        (limits.timeout, limits.since) = (timeout, now);
        if let Some(timer) = limits.timer.take() {
            // Fails when it was called already.
            let _ = timer.cancel(self);
        }
        if let Some(timeout) = timeout {
            self.watch_time(key, timeout);
        }
    }

    /// One timer for however many resets: it looks when it is due.
    fn watch_time(&mut self, key: Key, left: Duration) {
        let timer = self.call_later(left, move |reactor| reactor.look_at_time(key));
        if let Some(limits) = self.net.connection_mut(key).and_then(|connection| connection.limits.as_mut()) {
            limits.timer = Some(timer);
        }
    }

    fn look_at_time(&mut self, key: Key) {
        let now = self.time.now();
        let Some(connection) = self.net.connection_mut(key) else { return };
        let is_called = connection.protocol.is_none();
        let Some(limits) = connection.limits.as_mut() else { return };
        limits.timer = None;
        let Some(timeout) = limits.timeout else { return };
        let due = later(limits.since, timeout);
        if due > now {
            self.watch_time(key, Duration::from_nanos(due - now));
        } else if is_called {
            // Its callback waits for something: it is told after that.
            self.watch_time(key, Duration::from_millis(10));
        } else {
            limits.timeout = None;
            self.call(key, |protocol, transport| protocol.timed_out(transport));
            self.attend(key);
        }
    }
}

impl super::Net {
    /// Both sides have said that they will say no more.
    pub(super) fn end_if_silent(&mut self, key: Key) {
        if let Some(connection) = self.connection_mut(key) {
            if connection.is_open() && connection.writing.end == WriteEnd::Done {
                connection.end(Reason::Done);
            }
        }
    }
}
