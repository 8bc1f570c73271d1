//! Delayed calls and the clock: the facts of Twisted's ClockTests, TimeTests and DelayedTests.

use std::{cell::Cell, rc::Rc, time::Duration};

use sockeye::{
    Error, ErrorKind,
    reactor::{Clock, DelayedCall, Reactor},
};

use super::{Log, secs, still, turn};

fn arrange(reactor: &mut Reactor, log: &Log<&'static str>, delay: u64, name: &'static str) -> DelayedCall {
    let log = log.clone();
    reactor.call_later(secs(delay), move |_| log.add(name))
}

#[test]
fn by_time_then_in_the_order_of_arranging() {
    let (mut reactor, log) = (still(), Log::new());
    for (delay, name) in [(2, "2a"), (1, "1a"), (3, "3"), (1, "1b"), (0, "0"), (2, "2b")] {
        arrange(&mut reactor, &log, delay, name);
    }
    assert_eq!(reactor.delayed_calls(), 6);
    reactor.advance(secs(3)).unwrap();
    assert_eq!(log.take(), ["0", "1a", "1b", "2a", "2b", "3"]);
    assert_eq!(reactor.delayed_calls(), 0);
}

#[test]
fn nothing_is_called_before_its_time() {
    let (mut reactor, log) = (still(), Log::new());
    arrange(&mut reactor, &log, 2, "call");
    reactor.pump([1, 0].map(secs)).unwrap();
    reactor.advance(Duration::from_nanos(999_999_999)).unwrap();
    assert!(log.take().is_empty());
    reactor.advance(Duration::from_nanos(1)).unwrap();
    assert_eq!(log.take(), ["call"]);
    reactor.advance(secs(10)).unwrap();
    assert!(log.take().is_empty());
}

#[test]
fn a_clock_counts_what_it_was_advanced_and_its_clones_are_the_same() {
    let clock = Clock::new();
    let reactor = Reactor::with_clock(&clock).unwrap();
    clock.clone().advance(secs(7));
    assert_eq!((clock.now(), reactor.now()), (secs(7), secs(7)));
}

#[test]
fn one_that_is_arranged_by_another_comes_in_the_next_turn() {
    let (mut reactor, log) = (still(), Log::new());
    let seen = log.clone();
    reactor.call_later(Duration::ZERO, move |reactor| {
        seen.add("first");
        arrange(reactor, &seen, 0, "second");
    });
    arrange(&mut reactor, &log, 0, "beside");
    turn(&mut reactor);
    assert_eq!(log.take(), ["first", "beside"]);
    turn(&mut reactor);
    assert_eq!(log.take(), ["second"]);
}

#[test]
fn cancel_delay_reset() {
    let (mut reactor, log) = (still(), Log::new());
    let cancelled = arrange(&mut reactor, &log, 1, "cancelled");
    let delayed = arrange(&mut reactor, &log, 1, "delayed");
    let later = arrange(&mut reactor, &log, 1, "later");
    let sooner = arrange(&mut reactor, &log, 9, "sooner");
    assert!(cancelled.active(&reactor));
    cancelled.cancel(&mut reactor).unwrap();
    delayed.delay(&mut reactor, secs(1)).unwrap();
    reactor.advance(Duration::from_millis(500)).unwrap();
    later.reset(&mut reactor, secs(2)).unwrap();
    sooner.reset(&mut reactor, Duration::from_millis(500)).unwrap();
    assert_eq!(later.time(&reactor), Some(Duration::from_millis(2500)));
    reactor.advance(Duration::from_millis(500)).unwrap();
    assert_eq!(log.take(), ["sooner"]);
    reactor.advance(secs(1)).unwrap();
    assert_eq!(log.take(), ["delayed"]);
    reactor.advance(secs(1)).unwrap();
    assert_eq!(log.take(), ["later"]);
    assert!(!later.active(&reactor) && later.time(&reactor).is_none());
}

#[test]
fn one_that_was_made_can_not_be_changed() {
    let (mut reactor, log) = (still(), Log::new());
    let call = arrange(&mut reactor, &log, 0, "call");
    turn(&mut reactor);
    // Its place is another's now.
    let other = arrange(&mut reactor, &log, 5, "other");
    assert_eq!(call.delay(&mut reactor, secs(1)).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(call.reset(&mut reactor, secs(1)).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(call.cancel(&mut reactor).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(other.time(&reactor), Some(secs(5)));
}

#[test]
fn a_call_may_cancel_or_put_off_those_beside_it_and_not_itself() {
    let (mut reactor, log) = (still(), Log::new());
    let own = Rc::new(Cell::new(None));
    let (seen, mine) = (log.clone(), own.clone());
    let others = Rc::new(Cell::new(None));
    let theirs = others.clone();
    let call = reactor.call_later(secs(1), move |reactor| {
        let itself: DelayedCall = mine.take().unwrap();
        assert!(!itself.active(reactor));
        assert!(itself.cancel(reactor).is_err());
        let (gone, put_off, sooner): (DelayedCall, DelayedCall, DelayedCall) = theirs.take().unwrap();
        gone.cancel(reactor).unwrap();
        put_off.delay(reactor, secs(1)).unwrap();
        sooner.reset(reactor, Duration::ZERO).unwrap();
        seen.add("call");
    });
    own.set(Some(call));
    let gone = arrange(&mut reactor, &log, 1, "gone");
    let put_off = arrange(&mut reactor, &log, 1, "put off");
    let sooner = arrange(&mut reactor, &log, 3, "sooner");
    others.set(Some((gone, put_off, sooner)));
    reactor.advance(secs(1)).unwrap();
    assert_eq!(log.take(), ["call"]);
    turn(&mut reactor);
    assert_eq!(log.take(), ["sooner"]);
    reactor.advance(secs(1)).unwrap();
    assert_eq!(log.take(), ["put off"]);
}

#[test]
fn the_longest_delays_are_never() {
    let (mut reactor, log) = (still(), Log::new());
    let call = reactor.call_later(Duration::MAX, |_| unreachable!());
    call.delay(&mut reactor, Duration::MAX).unwrap();
    arrange(&mut reactor, &log, u64::MAX / 2_000_000_000, "in a century or two");
    reactor.advance(secs(1)).unwrap();
    assert!(call.active(&reactor));
    assert_eq!(reactor.delayed_calls(), 2);
}

#[test]
fn real_time_is_waited_for_and_can_not_be_advanced() {
    let mut reactor = Reactor::new().unwrap();
    let before = std::time::Instant::now();
    reactor.call_later(Duration::from_millis(20), |reactor| reactor.stop());
    reactor.run().unwrap();
    assert!(before.elapsed() >= Duration::from_millis(20));
    assert_eq!(reactor.advance(secs(1)).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn a_panic_in_a_call_leaves_the_others() {
    let (mut reactor, log) = (still(), Log::new());
    reactor.call_later(Duration::ZERO, |_| panic!("on purpose"));
    arrange(&mut reactor, &log, 0, "other");
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| turn(&mut reactor)));
    assert!(caught.is_err());
    turn(&mut reactor);
    assert_eq!(log.take(), ["other"]);
}

#[test]
fn a_call_that_waits_leaves_those_that_are_due_to_the_turns_below_it() {
    let (mut reactor, log) = (still(), Log::new());
    let (deferred, resolver) = reactor.deferred::<(), Error>();
    let (deferred, resolver) = (Cell::new(Some(deferred)), Rc::new(Cell::new(Some(resolver))));
    for number in 0..100 {
        let (seen, resolver) = (log.clone(), resolver.clone());
        let waits = if number == 10 { deferred.take() } else { None };
        reactor.call_later(secs(1), move |reactor| {
            if number == 50 {
                resolver.take().unwrap().resolve(());
            }
            if let Some(deferred) = waits {
                deferred.wait(reactor).unwrap();
            }
            seen.add(number);
        });
    }
    reactor.advance(secs(1)).unwrap();
    let expected: Vec<i32> = (0..10).chain(11..100).chain([10]).collect();
    assert_eq!((log.take(), reactor.delayed_calls()), (expected, 0));
}
