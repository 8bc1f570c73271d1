use std::{
    io::Write,
    os::unix::net::UnixStream,
    sync::atomic::{AtomicU32, AtomicUsize, Ordering},
    time::Duration,
};

use super::*;

/// Waits as it was told to, one time after the other, and counts how often a time limit begins.
struct Script {
    /// Whether work begins before, what is waited for, and how many limits have begun by then.
    steps: &'static [(Work, Wait, u32)],
    calls: AtomicUsize,
    limits: AtomicU32,
}

#[derive(PartialEq)]
enum Work {
    None,
    Begins,
}

impl Service for Script {
    type Line = Stream;
    type State = ();
    type Scratch = ();

    fn open(&self, _: &Address) -> Option<()> {
        Some(())
    }

    fn ready(&self, _: &mut Conn<()>, desk: &mut Desk<'_, ()>) -> Verdict {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some((.., limits)) = call.checked_sub(1).map(|before| &self.steps[before]) {
            assert_eq!(self.limits.load(Ordering::Relaxed), *limits, "after step {call}");
        }
        let Some((work, wait, _)) = self.steps.get(call) else { return Verdict::Close };
        if *work == Work::Begins {
            assert_eq!(desk.begin(Class::new(0)), Begin::Go);
        }
        Verdict::Park(*wait)
    }

    fn expired(&self, _: &mut Conn<()>, wait: Wait, _: Expiry) {
        panic!("{wait:?} was too long");
    }

    fn detach(&self, _: Conn<()>) {}

    fn patience(&self, _: Wait) -> Option<Duration> {
        self.limits.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[track_caller]
fn check(steps: &'static [(Work, Wait, u32)]) {
    let (mut peer, own) = UnixStream::pair().unwrap();
    // There is always something to read.
    peer.write_all(b"x").unwrap();
    let script = Script { steps, calls: AtomicUsize::new(0), limits: AtomicU32::new(0) };
    let own = Socket::from(own);
    let addr = own.getpeername().unwrap();
    serve_one(&script, own, addr).unwrap();
    assert_eq!(script.calls.load(Ordering::Relaxed), steps.len() + 1);
}

#[test]
fn each_head_has_one_time_limit() {
    // One more byte of a head doesn't restart its time; the next head has a time of its own.
    check(&[(Work::None, Wait::Head, 1), (Work::None, Wait::Head, 1), (Work::Begins, Wait::Head, 2)]);
}

#[test]
fn progress_restarts_the_time_of_a_body() {
    check(&[(Work::None, Wait::Body, 1), (Work::None, Wait::Body, 2), (Work::None, Wait::Head, 3)]);
}
