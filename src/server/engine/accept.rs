//! How a connection or a packet comes in: room for it, its first state; and how its room is given back.

use std::{
    io,
    os::fd::AsFd,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use crate::{deadline::Deadline, socket::Address, sys};

use super::{
    Berth, Engine, Watched,
    drive::Connection,
    guard::guarded,
    lane::{Door, Held},
    line::Line,
    service::{Conn, Service, Wait},
    table::Cause,
};

/// Accepting rests so long when the system has no descriptors or memory left.
const OUT_OF_RESOURCES: Duration = Duration::from_millis(50);
/// A full server looks no more often than that for a connection that may be ended.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

impl<S: Service + 'static> Engine<S> {
    /// Takes in one connection or packet, if there is room for it.
    pub(super) fn let_in(
        self: &Arc<Self>,
        index: usize,
        door: usize,
        block: &mut Vec<u8>,
    ) -> Option<(S::Line, Address)> {
        if !self.room.take() {
            if self.is_called_at(door) {
                self.wait_for_room(index, door);
            } else {
                self.lanes[index].lane.answered(door, Door::Drained);
            }
            return None;
        }
        block.resize(self.packet_size, 0);
        let taken = self.take_in(index, door, block);
        if taken.is_none() {
            self.vacate();
        }
        taken
    }

    /// Whether somebody waits outside. A full server asks, as it would end a connection for him.
    fn is_called_at(&self, door: usize) -> bool {
        let open = self.doors[door].lock().unwrap_or_else(PoisonError::into_inner).clone();
        let now = Deadline::after(Duration::ZERO);
        open.is_some_and(|open| sys::wait(open.as_fd(), sys::Interest::Read, now, None).is_ok())
    }

    /// Shuts a door until a connection ends; and ends the one that has been idle longest, if that is long enough.
    fn wait_for_room(self: &Arc<Self>, index: usize, door: usize) {
        let now = Instant::now();
        let idlest = self.evict_after.and_then(|_| self.longest(Wait::is_idle));
        let since = idlest.map_or(now, |(since, _)| since);
        let left = self.evict_after.map(|after| after.saturating_sub(now.saturating_duration_since(since)));
        // Should whoever is ended now take his time, no other is before that time has passed again.
        let again = left.filter(|left| !left.is_zero()).or(self.evict_after);
        let again = again.and_then(|again| now.checked_add(again.max(LOOK_AGAIN)));
        self.lanes[index].lane.answered(door, Door::Full(again));
        if self.room.want() {
            self.reopen();
        } else if let (Some(Duration::ZERO), Some((since, home))) = (left, idlest) {
            let alert = self.lanes[home].lane.evict_idlest(since);
            self.alert(home, alert);
        }
    }

    /// Since when the connection has been parked that has been longest in one of those ways, and its lane.
    pub(super) fn longest(&self, which: impl Fn(Wait) -> bool + Copy) -> Option<(Instant, usize)> {
        let lanes = self.lanes.iter().zip(0..);
        lanes.filter_map(|(track, home)| Some((track.lane.parked_since(which)?, home))).min()
    }

    fn take_in(&self, index: usize, door: usize, block: &mut [u8]) -> Option<(S::Line, Address)> {
        let lane = &self.lanes[index].lane;
        let taken = {
            let open = self.doors[door].lock().unwrap_or_else(PoisonError::into_inner);
            match &*open {
                Some(open) => S::Line::take_in(open, block),
                None => return None,
            }
        };
        match taken {
            Ok(taken) => {
                lane.answered(door, Door::Opened);
                Some(taken)
            }
            Err(error) => {
                lane.answered(door, verdict_on_accept(&error.into()));
                None
            }
        }
    }

    /// What came in gets its state and its slot: in the lane that has the fewest if it is to stay, else in the one
    /// of that door.
    pub(super) fn welcome(
        &self,
        index: usize,
        stream: S::Line,
        peer: Address,
    ) -> Option<Held<Connection<S>>> {
        let Some(state) = self.counted(guarded(|| self.service.open(&peer))).flatten() else {
            stream.part();
            return None;
        };
        if S::Line::STAYS {
            stream.socket().set_cancel(self.cancel.clone()).ok()?;
        }
        let home = match self.lanes.len() {
            lanes if lanes == 1 || !S::Line::STAYS => index,
            lanes => (0..lanes).min_by_key(|&lane| self.lanes[lane].lane.count())?,
        };
        let token = self.lanes[home].lane.admit()?;
        let conn = Conn { stream, peer, state, read_closed: false };
        let conn = Box::new(Berth { conn, lane: home, watched: Watched::No });
        Some(Held { token, conn, cause: Cause::Ready { read_closed: false }, timed: false })
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
        // That one is gone, or an answer to an earlier packet found nobody (ICMP): the queue is shorter by it.
        io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable => Door::Opened,
        _ => Door::Pause(Instant::now() + OUT_OF_RESOURCES),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Out of resources: a rest. Nobody there: the poller tells. One lost: the next.
    #[test]
    fn what_accept_says_decides_how_a_door_goes_on() {
        // ENOMEM, ENFILE, EMFILE, and what nobody thought of.
        for errno in [12, 23, 24, 1] {
            let verdict = verdict_on_accept(&io::Error::from_raw_os_error(errno));
            assert!(matches!(verdict, Door::Pause(until) if until > Instant::now()), "{errno}");
        }
        let verdict = |kind: io::ErrorKind| verdict_on_accept(&kind.into());
        assert_eq!(verdict(io::ErrorKind::WouldBlock), Door::Drained);
        for kind in [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionRefused] {
            assert_eq!(verdict(kind), Door::Opened, "{kind}");
        }
    }
}
