//! How a connection comes in: room for it, accept, its first state; and how its room is given back.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use crate::{
    socket::{Address, Socket},
    stream::Stream,
};

use super::{
    Berth, Engine, Watched,
    drive::Connection,
    lane::{Door, Held},
    service::{Conn, Service},
    table::Cause,
};

/// Accepting rests so long when the system has no descriptors or memory left.
const OUT_OF_RESOURCES: Duration = Duration::from_millis(50);

impl<S: Service + 'static> Engine<S> {
    /// Accepts one connection, if there is room for it.
    pub(super) fn let_in(self: &Arc<Self>, index: usize, door: usize) -> Option<(Socket, Address)> {
        if !self.room.take() {
            self.lanes[index].lane.answered(door, Door::Full);
            if self.room.want() {
                self.reopen();
            }
            return None;
        }
        let accepted = self.accept(index, door);
        if accepted.is_none() {
            self.vacate();
        }
        accepted
    }

    /// Accepts one connection.
    fn accept(&self, index: usize, door: usize) -> Option<(Socket, Address)> {
        let lane = &self.lanes[index].lane;
        let accepted = {
            let open = self.doors[door].lock().unwrap_or_else(PoisonError::into_inner);
            match &*open {
                Some(listener) => listener.try_accept(),
                None => return None,
            }
        };
        match accepted {
            Ok((socket, peer)) => {
                lane.answered(door, Door::Opened);
                Some((socket, peer))
            }
            Err(error) => {
                lane.answered(door, verdict_on_accept(&error.into()));
                None
            }
        }
    }

    /// A new connection gets its state and its slot, in the lane that has the fewest.
    pub(super) fn welcome(&self, stream: Stream, peer: Address) -> Option<Held<Connection<S>>> {
        let state = match catch_unwind(AssertUnwindSafe(|| self.service.open(&peer))) {
            Ok(state) => state?,
            Err(_) => {
                self.counters.panicked.fetch_add(1, Ordering::Relaxed);
                return None;
            }
        };
        stream.socket().set_cancel(self.cancel.clone()).ok()?;
        let home = match self.lanes.len() {
            1 => 0,
            lanes => (0..lanes).min_by_key(|&lane| self.lanes[lane].lane.count())?,
        };
        let token = self.lanes[home].lane.admit()?;
        let conn = Conn { stream, peer, state, read_closed: false };
        let conn = Box::new(Berth { conn, lane: home, watched: Watched::No });
        Some(Held { token, conn, cause: Cause::Ready { read_closed: false } })
    }

    /// A connection's place is free.
    pub(super) fn vacate(self: &Arc<Self>) {
        if self.room.give_back() {
            self.reopen();
        }
    }

    /// All doors are the first lane's.
    fn reopen(self: &Arc<Self>) {
        let alert = self.lanes[0].lane.reopen();
        self.alert(0, alert);
    }
}

fn verdict_on_accept(error: &io::Error) -> Door {
    match error.kind() {
        io::ErrorKind::WouldBlock => Door::Drained,
        // That one is gone; the queue is shorter by it.
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset => Door::Opened,
        _ => Door::Pause(Instant::now() + OUT_OF_RESOURCES),
    }
}
