//! How many threads may wait for requests' bodies at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The threads that wait for more of a body. They are fewer than handlers may block: peers who stall their uploads
/// can't take all the threads, and requests without a body are still answered.
#[derive(Debug)]
pub(super) struct Waits {
    now: AtomicUsize,
    most: usize,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Waiting<'a>(&'a Waits);

impl Waits {
    /// For a server whose handlers may block so many threads: three quarters of them may wait, at least one.
    pub(super) fn of(threads: usize) -> Waits {
        Waits { now: AtomicUsize::new(0), most: (threads - threads.div_ceil(4)).max(1) }
    }

    /// Lets the calling thread wait, unless too many do.
    pub(super) fn begin(&self) -> Option<Waiting<'_>> {
        // Relaxed: it is only a number, and guards no other memory.
        let before = self.now.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(self);
        (before < self.most).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_quarters_may_wait() {
        for (threads, most) in [(0, 1), (1, 1), (2, 1), (3, 2), (4, 3), (512, 384)] {
            assert_eq!(Waits::of(threads).most, most, "{threads}");
        }
        let waits = Waits::of(4);
        let first = [waits.begin().unwrap(), waits.begin().unwrap(), waits.begin().unwrap()];
        assert!(waits.begin().is_none() && waits.begin().is_none());
        drop(first);
        assert!(waits.begin().is_some());
    }
}
