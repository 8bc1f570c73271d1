//! How many connections the server may have, over all its lanes together.

use super::sync::{AtomicU64, Ordering};

/// INVARIANT: `open` counts the places taken: one for each connection from before it is accepted until after its
/// descriptor is closed. So there are never more connections than `most`.
///
/// Whoever finds no place shuts his door first, says so in `wanted`, and looks again; whoever leaves gives his
/// place back first and looks at `wanted` then. Both look by an operation that also writes, so one of the two sees
/// the other: no door stays shut beside a free place.
#[derive(Debug)]
pub(super) struct Room {
    open: AtomicU64,
    most: u64,
    wanted: AtomicU64,
}

const WANTED: u64 = 1;

impl Room {
    pub(super) fn new(most: usize) -> Room {
        let most = u64::try_from(most).unwrap_or(u64::MAX).max(1);
        Room { open: AtomicU64::new(0), most, wanted: AtomicU64::new(0) }
    }

    /// Takes a place. False: there is none.
    pub(super) fn take(&self) -> bool {
        let one_more = |open: u64| (open < self.most).then_some(open + 1);
        self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).is_ok()
    }

    /// A door was shut for want of a place. True: there is one again, and the doors must be opened.
    pub(super) fn want(&self) -> bool {
        self.wanted.swap(WANTED, Ordering::AcqRel);
        self.open.fetch_add(0, Ordering::AcqRel) < self.most
            && self.wanted.swap(0, Ordering::AcqRel) == WANTED
    }

    /// Gives a place back. True: the doors wait for it, and must be opened.
    pub(super) fn give_back(&self) -> bool {
        self.open.fetch_sub(1, Ordering::AcqRel);
        self.wanted.load(Ordering::Acquire) == WANTED && self.wanted.swap(0, Ordering::AcqRel) == WANTED
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_wanted_opens_the_doors_once() {
        let room = Room::new(1);
        assert!(room.take());
        assert!(!room.take());
        assert!(!room.want());
        assert!(room.give_back());
        assert!(room.take());
        assert!(!room.give_back(), "nobody waits");
    }

    #[test]
    fn a_place_that_came_free_meanwhile_opens_the_doors_at_once() {
        let room = Room::new(1);
        assert!(room.take() && !room.take());
        assert!(!room.give_back());
        assert!(room.want());
    }
}
