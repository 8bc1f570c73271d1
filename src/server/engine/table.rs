//! A lane's connections: where each one is, and when its time is up.
//!
//! Slots are reused; a [`Token`] holds the generation of its slot, so a late event for a connection that is
//! gone means nothing. Each kind of [`Wait`] has one time limit for all its connections, so a list in order of
//! arrival is a list in order of time: parking and taking cost constant work, and nothing is ever searched.

use std::{
    mem,
    time::{Duration, Instant},
};

use super::service::Wait;

/// Names a connection: its slot, and which of the slot's tenants it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    index: u32,
    generation: u32,
}

/// Half of a word for the slot, half for the generation.
const HALF: u32 = usize::BITS / 2;
const MASK: usize = (1 << HALF) - 1;

impl Token {
    /// As a poller's number.
    pub(super) fn number(self) -> usize {
        (self.generation as usize & MASK) << HALF | self.index as usize
    }

    /// From a poller's number.
    pub(super) fn from_number(number: usize) -> Token {
        Token { index: (number & MASK) as u32, generation: (number >> HALF) as u32 }
    }

    /// The number of the slot, which a closed connection leaves to another.
    #[cfg(test)]
    pub(super) fn index(self) -> u32 {
        self.index
    }
}

/// No slot.
const NONE: u32 = u32::MAX;

/// Where a connection is.
#[derive(Debug)]
enum Place<C> {
    /// The slot is free; the next free one.
    Free(u32),
    /// In the table, waiting.
    Parked(C, Wait),
    /// In the table and in the queue of ready ones; what happened to its socket meanwhile.
    Queued(C, Cause, Meanwhile),
    /// With a thread; what happened to its socket meanwhile.
    Out(Meanwhile),
}

/// Why a connection is taken out of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Its socket is ready.
    Ready {
        /// The peer has closed its side.
        read_closed: bool,
    },
    /// It had more to do than its turn allowed.
    Again,
    /// Its time is up.
    Expired(Wait),
}

/// What happened to a socket while a thread held its connection.
#[derive(Clone, Copy, Debug, Default)]
struct Meanwhile {
    readable: bool,
    writable: bool,
    read_closed: bool,
}

/// INVARIANT: a slot that isn't free stands in at most one list, that of `list`; a free one in none. For a wait that
/// restarts only a parked one does; for another, the time goes on while it is queued or out.
#[derive(Debug)]
struct Slot<C> {
    generation: u32,
    place: Place<C>,
    list: Option<Wait>,
    /// The time for that passed while it wasn't parked: for a wait that doesn't restart, it stays so.
    overdue: Option<Wait>,
    older: u32,
    younger: u32,
    /// Milliseconds from the table's beginning.
    since: u64,
}

#[derive(Clone, Copy, Debug)]
struct List {
    oldest: u32,
    youngest: u32,
    patience: Option<u64>,
}

/// INVARIANT: `free` begins a chain of all free slots; `count` slots aren't free.
#[derive(Debug)]
pub(super) struct Table<C> {
    slots: Vec<Slot<C>>,
    free: u32,
    count: usize,
    lists: [List; Wait::COUNT],
    beginning: Instant,
    /// The last time that was asked for, and its milliseconds: a whole batch of work has one.
    asked: (Instant, u64),
}

/// What a socket reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Readiness {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) read_closed: bool,
}

impl<C> Table<C> {
    pub(super) fn new(patience: [Option<Duration>; Wait::COUNT], now: Instant) -> Table<C> {
        let lists = patience.map(|limit| List {
            oldest: NONE,
            youngest: NONE,
            patience: limit.map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)),
        });
        Table { slots: Vec::new(), free: NONE, count: 0, lists, beginning: now, asked: (now, 0) }
    }

    /// How many connections there are, those with threads included.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// A slot for a connection that a thread holds. `None` when there are more than can be numbered.
    pub(super) fn insert(&mut self) -> Option<Token> {
        let out = Place::Out(Meanwhile::default());
        if self.free == NONE {
            let index = u32::try_from(self.slots.len()).ok().filter(|&index| (index as usize) < MASK)?;
            self.slots.push(Slot {
                generation: 0,
                place: out,
                list: None,
                overdue: None,
                older: NONE,
                younger: NONE,
                since: 0,
            });
            self.count += 1;
            return Some(Token { index, generation: 0 });
        }
        let index = self.free;
        let slot = &mut self.slots[index as usize];
        if let Place::Free(next) = slot.place {
            self.free = next;
        }
        slot.place = out;
        self.count += 1;
        Some(Token { index, generation: slot.generation })
    }

    /// Frees the slot of a connection that a thread held.
    pub(super) fn remove(&mut self, token: Token) {
        self.unlink(token.index);
        let slot = &mut self.slots[token.index as usize];
        debug_assert!(slot.generation == token.generation && matches!(slot.place, Place::Out(_)));
        slot.generation = slot.generation.wrapping_add(1) & MASK as u32;
        slot.overdue = None;
        slot.place = Place::Free(self.free);
        self.free = token.index;
        self.count -= 1;
    }

    /// Puts a connection back. `Err` gives it back with the reason why it must be looked at again at once.
    pub(super) fn park(&mut self, token: Token, conn: C, wait: Wait, now: Instant) -> Result<(), (C, Cause)> {
        let Place::Out(meanwhile) = self.slots[token.index as usize].place else {
            debug_assert!(false, "a connection parked twice");
            return Ok(());
        };
        let ready = if wait.for_write() { meanwhile.writable } else { meanwhile.readable };
        if ready || meanwhile.read_closed {
            self.slots[token.index as usize].place = Place::Out(Meanwhile::default());
            return Err((conn, Cause::Ready { read_closed: meanwhile.read_closed }));
        }
        if self.slots[token.index as usize].overdue == Some(wait) && !wait.restarts() {
            return Err((conn, Cause::Expired(wait)));
        }
        if wait.restarts() || self.slots[token.index as usize].list != Some(wait) {
            self.unlink(token.index);
            self.link(token.index, wait, now);
        }
        self.slots[token.index as usize].place = Place::Parked(conn, wait);
        Ok(())
    }

    /// What a connection waits for next is something new: its time begins with the next parking in any case.
    pub(super) fn renew(&mut self, token: Token) {
        self.unlink(token.index);
        self.slots[token.index as usize].overdue = None;
    }

    /// Puts a connection back that is to be taken out again soon.
    pub(super) fn queue(&mut self, token: Token, conn: C, cause: Cause) {
        let place = &mut self.slots[token.index as usize].place;
        let meanwhile = match place {
            Place::Out(meanwhile) => *meanwhile,
            _ => Meanwhile::default(),
        };
        *place = Place::Queued(conn, cause, meanwhile);
    }

    /// Notes an event. True: the connection was parked for it, and belongs into the queue now.
    pub(super) fn note(&mut self, token: Token, event: Readiness) -> bool {
        let Some(slot) = self.slots.get_mut(token.index as usize) else { return false };
        if slot.generation != token.generation {
            return false;
        }
        match &mut slot.place {
            Place::Out(meanwhile) | Place::Queued(_, _, meanwhile) => {
                meanwhile.readable |= event.readable;
                meanwhile.writable |= event.writable;
                meanwhile.read_closed |= event.read_closed;
                false
            }
            Place::Parked(_, wait) => {
                let wanted = if wait.for_write() { event.writable } else { event.readable };
                if !wanted && !event.read_closed {
                    return false;
                }
                self.enqueue(token.index, Cause::Ready { read_closed: event.read_closed });
                true
            }
            Place::Free(_) => false,
        }
    }

    /// Takes a queued connection out. `None`: it isn't there, the token is stale.
    pub(super) fn take(&mut self, token: Token) -> Option<(C, Cause)> {
        let slot = self.slots.get_mut(token.index as usize)?;
        if slot.generation != token.generation || !matches!(slot.place, Place::Queued(..)) {
            return None;
        }
        let Place::Queued(conn, cause, meanwhile) =
            mem::replace(&mut slot.place, Place::Out(Meanwhile::default()))
        else {
            return None;
        };
        let (cause, meanwhile) = match cause {
            // It will be read or written now, and so whatever came until now is seen.
            Cause::Ready { read_closed } => {
                (Cause::Ready { read_closed: read_closed | meanwhile.read_closed }, Meanwhile::default())
            }
            // It goes on with what it has, perhaps without a look at its socket.
            cause => (cause, meanwhile),
        };
        slot.place = Place::Out(meanwhile);
        Some((conn, cause))
    }

    /// The next parked connection whose time is up; it counts as queued from now on.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Token> {
        let now = self.millis(now);
        for kind in Wait::ALL {
            let list = self.lists[kind as usize];
            let Some(patience) = list.patience else { continue };
            let mut oldest = list.oldest;
            while oldest != NONE && self.slots[oldest as usize].since.saturating_add(patience) <= now {
                let next = self.slots[oldest as usize].younger;
                self.unlink(oldest);
                let slot = &mut self.slots[oldest as usize];
                match &mut slot.place {
                    Place::Parked(..) => {
                        let token = Token { index: oldest, generation: slot.generation };
                        self.enqueue(oldest, Cause::Expired(kind));
                        return Some(token);
                    }
                    Place::Out(_) | Place::Queued(..) => slot.overdue = Some(kind),
                    Place::Free(_) => {}
                }
                oldest = next;
            }
        }
        None
    }

    /// When the next connection's time is up.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        let due = |list: &List| {
            let oldest = self.slots.get(list.oldest as usize)?;
            oldest.since.checked_add(list.patience?)
        };
        let first = self.lists.iter().filter_map(due).min()?;
        self.beginning.checked_add(Duration::from_millis(first))
    }

    /// Queues every parked connection that `which` picks, as expired, and gives their tokens.
    pub(super) fn evict(&mut self, which: impl Fn(Wait) -> bool) -> Vec<Token> {
        let picked = (0..).zip(&self.slots).filter_map(|(index, slot)| match slot.place {
            Place::Parked(_, wait) if which(wait) => Some(Token { index, generation: slot.generation }),
            _ => None,
        });
        let picked: Vec<_> = picked.collect();
        for token in &picked {
            self.evict_one(*token);
        }
        picked
    }

    /// The connection that has been parked longest in one of those ways, and since when. It passes over those that are
    /// queued or out before their first work has begun: not many at a time.
    pub(super) fn longest(&self, which: impl Fn(Wait) -> bool) -> Option<(Token, Instant)> {
        let lists = Wait::ALL.into_iter().filter(|&wait| which(wait));
        let first = lists.filter_map(|wait| {
            let from = |index: u32| Some(index).filter(|&index| index != NONE);
            let next = |&index: &u32| from(self.slots[index as usize].younger);
            let mut chain = std::iter::successors(from(self.lists[wait as usize].oldest), next);
            chain.find(|&index| matches!(self.slots[index as usize].place, Place::Parked(..)))
        });
        let index = first.min_by_key(|&index| self.slots[index as usize].since)?;
        let slot = &self.slots[index as usize];
        let since = self.beginning.checked_add(Duration::from_millis(slot.since))?;
        Some((Token { index, generation: slot.generation }, since))
    }

    /// Makes that parked connection one whose time is up; it counts as queued from now on.
    pub(super) fn evict_one(&mut self, token: Token) {
        if let Place::Parked(_, wait) = self.slots[token.index as usize].place {
            self.enqueue(token.index, Cause::Expired(wait));
        }
    }

    /// Whether its time goes on, or has passed, while a thread holds it.
    pub(super) fn is_timed(&self, token: Token) -> bool {
        let slot = &self.slots[token.index as usize];
        slot.list.is_some() || slot.overdue.is_some()
    }

    /// From parked to queued.
    fn enqueue(&mut self, index: u32, cause: Cause) {
        let place = &mut self.slots[index as usize].place;
        match mem::replace(place, Place::Free(NONE)) {
            Place::Parked(conn, wait) => {
                *place = Place::Queued(conn, cause, Meanwhile::default());
                if wait.restarts() {
                    self.unlink(index);
                }
            }
            other => *place = other,
        }
    }

    fn millis(&mut self, now: Instant) -> u64 {
        if self.asked.0 != now {
            self.asked = (now, now.saturating_duration_since(self.beginning).as_millis() as u64);
        }
        self.asked.1
    }

    fn link(&mut self, index: u32, wait: Wait, now: Instant) {
        let since = self.millis(now);
        let list = &mut self.lists[wait as usize];
        let youngest = mem::replace(&mut list.youngest, index);
        match youngest {
            NONE => list.oldest = index,
            youngest => self.slots[youngest as usize].younger = index,
        }
        let slot = &mut self.slots[index as usize];
        (slot.list, slot.older, slot.younger, slot.since) = (Some(wait), youngest, NONE, since);
        slot.overdue = None;
    }

    fn unlink(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        let Some(wait) = slot.list.take() else { return };
        let (older, younger) = (slot.older, slot.younger);
        match older {
            NONE => self.lists[wait as usize].oldest = younger,
            older => self.slots[older as usize].younger = younger,
        }
        match younger {
            NONE => self.lists[wait as usize].youngest = older,
            younger => self.slots[younger as usize].older = older,
        }
    }
}

#[cfg(test)]
mod tests;
