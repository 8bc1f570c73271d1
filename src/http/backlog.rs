//! How much memory answers may take together while they wait for their readers.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// What the answers of all connections of a server keep in memory for readers who don't take it yet.
///
/// INVARIANT: `bytes` is the sum over all [`Share`]s that there are.
#[derive(Debug)]
pub(super) struct Backlog {
    bytes: AtomicUsize,
    most: usize,
}

/// One answer's part of it, until it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    backlog: Arc<Backlog>,
    bytes: usize,
}

impl Backlog {
    pub(super) fn new(most: usize) -> Arc<Backlog> {
        Arc::new(Backlog { bytes: AtomicUsize::new(0), most })
    }

    /// Counts an answer that keeps so many bytes. There is always room for it: others have to go as long as `make_room`
    /// finds some, which says whether it has ended one, and there are too many bytes.
    pub(super) fn add(self: &Arc<Self>, bytes: usize, mut make_room: impl FnMut() -> bool) -> Share {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let share = Share { backlog: Arc::clone(self), bytes };
        while self.bytes.load(Ordering::Relaxed) > self.most && make_room() {}
        share
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.backlog.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[test]
    fn others_go_until_the_newest_has_room() {
        let backlog = Backlog::new(10);
        let mut waiting = VecDeque::new();
        let mut add = |bytes, left: &[usize]| {
            let share = backlog.add(bytes, || waiting.pop_front().is_some());
            waiting.push_back(share);
            assert_eq!(waiting.iter().map(|share: &Share| share.bytes).collect::<Vec<_>>(), left);
            assert_eq!(backlog.bytes.load(Ordering::Relaxed), left.iter().sum::<usize>());
        };
        add(4, &[4]);
        add(6, &[4, 6]);
        add(1, &[6, 1]);
        add(4, &[1, 4]);
        // It costs the others, and stays itself.
        add(11, &[11]);
        add(12, &[12]);
        add(3, &[3]);
    }
}
