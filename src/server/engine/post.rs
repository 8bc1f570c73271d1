//! Where a driver is: in a handler or not, and whether its lane was given to another meanwhile.

use std::sync::atomic::{AtomicU32, AtomicU64 as Plain, Ordering::Relaxed};

use super::{
    classes::Class,
    sync::{AtomicU64, Ordering},
};

const AWAY: u64 = 0;
const INSIDE: u64 = 1;
const LOST: u64 = 2;
const PHASE: u64 = 3;
/// The phase has two bits, the number of the handler's call the rest.
const NEXT: u64 = 4;
/// No class has begun in this call.
const NO_CLASS: u64 = u64::MAX;

/// A driving thread's sign: set by the thread, read by the watcher.
///
/// INVARIANT: only the thread itself enters and leaves; only the watcher turns "inside" into "lost", and only
/// for the very call that it saw. So exactly one of the two finds that the call ended in time.
#[derive(Debug)]
pub(super) struct Post {
    word: AtomicU64,
    /// The kernel's number of the thread.
    thread: u32,
    /// The class of the work that the thread does in this call.
    class: Plain,
    /// The watcher's memory: the word at the last tick, and for how many ticks it has stood.
    seen: Plain,
    ticks: AtomicU32,
    /// How long the thread had run on a core when it was first seen in this call.
    ran: Plain,
}

/// The call of a handler that a driver was seen in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call(u64);

impl Post {
    pub(super) fn new(thread: u32) -> Post {
        Post {
            word: AtomicU64::new(AWAY),
            thread,
            class: Plain::new(NO_CLASS),
            seen: Plain::new(AWAY),
            ticks: AtomicU32::new(0),
            ran: Plain::new(0),
        }
    }

    /// The thread's number.
    pub(super) fn thread(&self) -> u32 {
        self.thread
    }

    /// The thread begins a call.
    pub(super) fn enter(&self) {
        // Only this thread changes a word that is away.
        let word = self.word.load(Ordering::Relaxed);
        self.class.store(NO_CLASS, Relaxed);
        self.word.store((word & !PHASE).wrapping_add(NEXT) | INSIDE, Ordering::Release);
    }

    /// The thread begins work of that class in its call.
    pub(super) fn begin(&self, class: Class) {
        self.class.store(class.number().into(), Relaxed);
    }

    /// The class of the work that the thread began last. A hint: a moment later it may be another.
    pub(super) fn class(&self) -> Option<Class> {
        u32::try_from(self.class.load(Relaxed)).ok().map(Class::new)
    }

    /// The thread has ended its call. False: the lane has gone to another thread.
    pub(super) fn leave(&self) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        let left = word & !PHASE;
        if word & PHASE == INSIDE {
            if self.word.compare_exchange(word, left, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                return true;
            }
            self.word.store(left, Ordering::Relaxed);
            return false;
        }
        self.word.store(left, Ordering::Relaxed);
        word & PHASE != LOST
    }

    /// Whether the lane has gone to another thread in this call.
    pub(super) fn is_lost(&self) -> bool {
        self.word.load(Ordering::Relaxed) & PHASE == LOST
    }

    /// The watcher's tick: the call in which the thread stands since the last tick, and for how many ticks.
    pub(super) fn tick(&self) -> Option<(Call, u32)> {
        let word = self.word.load(Ordering::Acquire);
        if word & PHASE != INSIDE || self.seen.swap(word, Relaxed) != word {
            self.ticks.store(0, Relaxed);
            return None;
        }
        Some((Call(word), self.ticks.fetch_add(1, Relaxed) + 1))
    }

    /// How long the thread had run on a core when this call was first seen, given how long it has run now.
    pub(super) fn ran_before(&self, now: u64, ticks: u32) -> u64 {
        if ticks == 1 {
            self.ran.store(now, Relaxed);
        }
        self.ran.load(Relaxed)
    }

    /// Takes the lane from the thread, if it is still in that call.
    pub(super) fn lose(&self, call: Call) -> bool {
        let lost = call.0 & !PHASE | LOST;
        self.word.compare_exchange(call.0, lost, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_lost_or_left_never_both() {
        let post = Post::new(1);
        post.enter();
        assert_eq!(post.tick(), None);
        let (call, ticks) = post.tick().unwrap();
        assert_eq!(ticks, 1);
        post.begin(Class::new(7));
        assert!(!post.is_lost());
        assert!(post.lose(call));
        assert!(post.is_lost());
        assert_eq!(post.class(), Some(Class::new(7)));
        assert!(!post.leave());
        post.enter();
        assert_eq!(post.class(), None);
        assert!(!post.lose(call), "another call");
        assert!(post.leave());
    }
}
