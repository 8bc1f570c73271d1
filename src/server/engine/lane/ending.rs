//! Connections that are parked and have to go before their time is up.

use std::time::Instant;

use super::{Alert, Entry, Held, Lane, State, Wait, doors::DoorState};

impl<P, C> Lane<P, C> {
    /// Shuts the doors and closes what is idle; from now on nothing becomes idle.
    pub(in super::super) fn drain(&self) -> Alert {
        let mut state = self.state();
        state.draining = true;
        state.doors.fill(DoorState::Shut);
        state.ready.retain(|entry| matches!(entry, Entry::Conn(_)));
        state.later.retain(|entry| matches!(entry, Entry::Conn(_)));
        state.evict(Wait::is_idle)
    }

    /// Closes everything that is parked, and from now on everything that comes back.
    pub(in super::super) fn evict(&self) -> Alert {
        let mut state = self.state();
        state.ending = true;
        state.evict(|_| true)
    }

    /// Since when the connection has been parked that has been longest in one of those ways.
    pub(in super::super) fn parked_since(&self, which: impl Fn(Wait) -> bool) -> Option<Instant> {
        self.state().table.longest(which).map(|(_, since)| since)
    }

    /// Takes that connection out, for who ends it.
    pub(in super::super) fn take_longest(&self, which: impl Fn(Wait) -> bool) -> Option<Held<C>> {
        let mut state = self.state();
        let (token, _) = state.table.longest(which)?;
        state.table.evict_one(token);
        let (conn, cause) = state.table.take(token)?;
        Some(state.held(token, conn, cause))
    }

    /// Ends the connection that has been idle longest, as if its time were up, if it has been since then.
    pub(in super::super) fn evict_idlest(&self, since: Instant) -> Alert {
        let mut state = self.state();
        let idlest = state.table.longest(Wait::is_idle).filter(|(_, idle_since)| *idle_since <= since);
        let Some((token, _)) = idlest else { return Alert::default() };
        state.table.evict_one(token);
        state.ready.push_back(Entry::Conn(token));
        Alert { wake: state.seat.is_none(), call: false }
    }
}

impl<P, C> State<P, C> {
    fn evict(&mut self, which: impl Fn(Wait) -> bool) -> Alert {
        let evicted = self.table.evict(which);
        self.ready.extend(evicted.into_iter().map(Entry::Conn));
        Alert { wake: self.seat.is_none(), call: false }
    }
}
