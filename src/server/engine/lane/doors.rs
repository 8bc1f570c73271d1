//! A lane's doors: when somebody is let in.

use std::time::Instant;

use super::{Door, Entry, State};

/// A door is opened so often in a row before the other connections get their turn.
const DOOR_STREAK: u32 = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DoorState {
    /// The poller will tell when somebody comes.
    Quiet,
    /// Stands in the queue.
    Queued,
    /// With a driver; true: somebody came meanwhile.
    Open(bool),
    /// Until that time.
    Paused(Instant),
    /// Until a connection ends, as there are as many as allowed; or until that time.
    Full(Option<Instant>),
    /// For good.
    Shut,
}

impl DoorState {
    /// When it is tried again in any case.
    pub(super) fn until(&self) -> Option<Instant> {
        match self {
            DoorState::Paused(until) => Some(*until),
            DoorState::Full(until) => *until,
            _ => None,
        }
    }
}

impl<P, C> State<P, C> {
    /// Somebody is at a door.
    pub(super) fn knock(&mut self, door: usize) {
        match &mut self.doors[door] {
            DoorState::Quiet => self.queue_door(door),
            DoorState::Open(again) => *again = true,
            DoorState::Queued | DoorState::Paused(_) | DoorState::Full(_) | DoorState::Shut => {}
        }
    }

    pub(super) fn queue_door(&mut self, door: usize) {
        self.doors[door] = DoorState::Queued;
        self.streak += 1;
        if self.streak < DOOR_STREAK {
            self.ready.push_front(Entry::Door(door));
        } else {
            self.streak = 0;
            self.crowded = true;
            self.later.push(Entry::Door(door));
        }
    }

    pub(super) fn reopen(&mut self) {
        for door in 0..self.doors.len() {
            if matches!(self.doors[door], DoorState::Full(_)) {
                self.queue_door(door);
            }
        }
    }

    pub(super) fn answered(&mut self, door: usize, answer: Door) {
        let DoorState::Open(again) = self.doors[door] else { return };
        match answer {
            Door::Drained if !again => {
                self.doors[door] = DoorState::Quiet;
                self.streak = 0;
            }
            Door::Opened | Door::Drained => self.queue_door(door),
            Door::Full(until) => self.doors[door] = DoorState::Full(until),
            Door::Pause(until) => self.doors[door] = DoorState::Paused(until),
        }
    }
}
