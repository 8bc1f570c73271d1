//! Which classes of requests are known to block.
//!
//! A class is a number that the protocol derives from a request (HTTP: method and path). The table is small
//! and fixed: two classes that share an entry share its fate, which costs a hand-over at worst.

use std::sync::atomic::{AtomicU32, Ordering};

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

    /// A request of a slow class was quick this time.
    pub(crate) fn mark_quick(&self, class: Class) {
        // A race between two of them loses a count, nothing else.
        let entry = self.entry(class);
        entry.store(entry.load(Ordering::Relaxed).saturating_sub(1), Ordering::Relaxed);
    }
}
