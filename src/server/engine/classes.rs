//! Which classes of requests are known to block.
//!
//! A class is a number that the protocol derives from a request (HTTP: method and path). The table is small
//! and fixed: two classes that share an entry share its fate, which costs a hand-over at worst.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// What a request is alike to, as far as blocking goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class(u32);

impl Class {
    /// The class of anything that hashes alike.
    pub(crate) const fn new(hash: u32) -> Class {
        Class(hash)
    }

    /// The hash.
    pub(super) fn number(self) -> u32 {
        self.0
    }
}

/// A request of a slow class that took less than that was quick.
const QUICK: Duration = Duration::from_micros(100);

/// How many quick requests in a row clear a class.
const QUICK_TO_CLEAR: u32 = 256;

/// Entries of the table.
const ENTRIES: usize = 1024;

/// One counter a class: 0 is quick, n is slow with n quick requests to go until it is cleared.
pub(crate) struct Classes(Box<[AtomicU32; ENTRIES]>);

impl Classes {
    pub(crate) fn new() -> Classes {
        Classes(Box::new([const { AtomicU32::new(0) }; ENTRIES]))
    }

    fn entry(&self, class: Class) -> &AtomicU32 {
        // Fibonacci hashing: the upper bits of the product are well mixed.
        let mixed = class.0.wrapping_mul(0x9E37_79B9) >> (32 - ENTRIES.trailing_zeros());
        &self.0[mixed as usize]
    }

    pub(crate) fn is_slow(&self, class: Class) -> bool {
        self.entry(class).load(Ordering::Relaxed) != 0
    }

    /// A request of that class blocked.
    pub(crate) fn mark_slow(&self, class: Class) {
        self.entry(class).store(QUICK_TO_CLEAR, Ordering::Relaxed);
    }

    /// A request of a slow class took so long this time.
    pub(crate) fn note(&self, class: Class, took: Duration) {
        if took >= QUICK {
            return self.mark_slow(class);
        }
        // A race between two of them loses a count, nothing else.
        let entry = self.entry(class);
        entry.store(entry.load(Ordering::Relaxed).saturating_sub(1), Ordering::Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const CLASS: Class = Class::new(7);

    #[track_caller]
    fn note(classes: &Classes, requests: u32, took: Duration) -> bool {
        (0..requests).for_each(|_| classes.note(CLASS, took));
        classes.is_slow(CLASS)
    }

    #[test]
    fn a_class_is_slow_until_enough_in_a_row_were_quick() {
        let classes = Classes::new();
        let quick = QUICK - Duration::from_nanos(1);
        assert!(!classes.is_slow(CLASS));
        assert!(!note(&classes, 3, quick), "there is nothing to clear");
        classes.mark_slow(CLASS);
        assert!(classes.is_slow(CLASS) && !classes.is_slow(Class::new(8)));
        assert!(note(&classes, QUICK_TO_CLEAR - 1, quick));
        assert!(note(&classes, 1, QUICK), "not in a row");
        assert!(note(&classes, QUICK_TO_CLEAR - 1, quick));
        assert!(!note(&classes, 1, quick));
    }
}
