//! What a thread does that a handler has blocked, before it lets the connection go.

use std::{os::fd::AsFd, sync::atomic::Ordering, time::Duration};

use crate::{
    deadline::Deadline,
    sys::{Interest, wait},
};

use super::{Engine, Watched, drive::Connection, lane::Held, line::Line, service::Service, table::Cause};

/// What part of the time that the handler took its thread waits.
const SHARE: u32 = 8;
/// It waits for so long at most.
const MOST: Duration = Duration::from_millis(10);
/// It doesn't wait for less: poll(2) counts milliseconds.
const LEAST: Duration = Duration::from_millis(1);

impl<S: Service + 'static> Engine<S> {
    /// Waits a little for the next request of a connection whose last one has blocked this thread for so long: that
    /// costs hardly more of the thread's time, and whoever comes back at once needs neither driver nor hand-over.
    pub(super) fn comes_back(&self, held: &mut Held<Connection<S>>, took: Duration) -> bool {
        let patience = MOST.min(took / SHARE);
        let wanted = self.crew.is_spent() || self.crew.is_short();
        if patience < LEAST || wanted || self.draining.load(Ordering::Relaxed) {
            return false;
        }
        let berth = &mut held.conn;
        let socket = berth.conn.stream.socket();
        // Its events would wake a driver in vain.
        if berth.watched != Watched::No && self.lanes[berth.lane].registrar.remove(socket).is_err() {
            return false;
        }
        berth.watched = Watched::No;
        held.cause = Cause::Again;
        // What it waits for next is something new.
        self.lanes[berth.lane].lane.renew(held.token);
        wait(socket.as_fd(), Interest::Read, Deadline::after(patience), None).is_ok()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
