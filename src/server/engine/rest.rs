//! How the watcher rests without missing who rouses it.

use super::sync::{AtomicBool, Ordering};

/// Whether the watcher rests.
///
/// INVARIANT: it is set before the watcher looks a last time and sleeps; whoever makes a lane busy looks at it
/// afterwards. Both hold the lane's lock in between, so one of the two sees the other.
#[derive(Debug, Default)]
pub(super) struct Rest(AtomicBool);

impl Rest {
    /// Sleeps, if a last look finds everything calm.
    pub(super) fn take(&self, is_calm: impl FnOnce() -> bool, sleep: impl FnOnce()) {
        self.0.store(true, Ordering::SeqCst);
        if is_calm() {
            sleep();
        }
        self.0.store(false, Ordering::SeqCst);
    }

    /// Whether the watcher has to be roused by whoever has made a lane busy.
    pub(super) fn is_on(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use std::{sync::Arc, time::Instant};

    use loom::thread;

    use super::*;
    use crate::server::engine::{
        lane::{Lane, Setup, Target, Work},
        post::Post,
        service::Wait,
        table::Readiness,
    };

    const READABLE: Readiness = Readiness { readable: true, writable: false, read_closed: false };

    /// A watcher that sleeps while a lane is busy sleeps for ever here, which loom finds.
    #[test]
    fn loom_the_watcher_never_rests_beside_a_busy_lane() {
        loom::model(|| {
            let now = Instant::now();
            let lane = Lane::new(Setup { seat: (), doors: 1, patience: [None; Wait::COUNT], now });
            let shared = Arc::new((lane, Rest::default()));
            let post = Arc::new(Post::new(1));
            assert!(shared.0.join(&post));
            assert!(matches!(shared.0.turn(&post, None), (Work::<(), ()>::Poll(..), _)));
            let watcher = {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let (lane, rest) = &*shared;
                    while lane.tick(now).calm {
                        rest.take(|| lane.tick(now).calm, thread::park);
                    }
                })
            };
            let (lane, rest) = &*shared;
            lane.polled((), now, |(), tell| tell(Target::Door(0), READABLE));
            if rest.is_on() {
                watcher.thread().unpark();
            }
            watcher.join().unwrap();
        });
    }
}
