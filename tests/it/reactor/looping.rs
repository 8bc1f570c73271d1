//! Loops: the facts of Twisted's LoopTests, ReactorLoopTests and DeferLaterTests.

use std::{cell::RefCell, rc::Rc, time::Duration};

use sockeye::{
    Error, ErrorKind,
    reactor::{LoopingCall, Reactor, Resolver},
};

use super::{Log, failure, secs, still, turn, watch};

/// In milliseconds: when it was called, and with what count.
type Calls = Log<(u128, u64)>;

fn logging() -> (Reactor, LoopingCall, Calls) {
    let log = Log::new();
    let seen: Calls = log.clone();
    let looping = LoopingCall::new(move |reactor, tick| {
        seen.add((reactor.now().as_millis(), tick.count()));
        Ok(())
    });
    (still(), looping, log)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn beats_that_were_missed_are_counted() {
    let (mut reactor, looping, log) = logging();
    drop(looping.start(&mut reactor, ms(500)));
    turn(&mut reactor);
    assert_eq!(log.take(), [(0, 1)]);
    reactor.advance(ms(510)).unwrap();
    assert_eq!(log.take(), [(510, 1)]);
    reactor.advance(ms(1510)).unwrap();
    assert_eq!(log.take(), [(2020, 3)]);
    reactor.advance(ms(0)).unwrap();
    assert_eq!(log.take(), []);
    // Late, but no beat was missed: 2.75 is after the beat of 2, and 3 is a beat of its own.
    let (mut reactor, looping, log) = logging();
    drop(looping.start(&mut reactor, ms(1000)));
    for (step, call) in [(0, (0, 1)), (1010, (1010, 1)), (1750, (2760, 1)), (250, (3010, 1))] {
        reactor.advance(ms(step)).unwrap();
        assert_eq!(log.take(), [call]);
    }
}

#[test]
fn it_does_not_drift() {
    let (mut reactor, looping, log) = logging();
    drop(looping.start(&mut reactor, ms(100)));
    reactor.pump([0].map(ms)).unwrap();
    reactor.pump((0..10).map(|_| ms(103))).unwrap();
    let (times, counts): (Vec<_>, Vec<_>) = log.take().into_iter().unzip();
    assert_eq!(times, [0, 103, 206, 309, 412, 515, 618, 721, 824, 927, 1030]);
    assert!(counts.iter().all(|count| *count == 1));
}

#[test]
fn a_function_that_takes_longer_than_the_interval_goes_on_with_a_later_beat() {
    let (log, takes) = (Log::new(), Rc::new(RefCell::new(vec![0, 1000, 2000])));
    let clock = sockeye::reactor::Clock::new();
    let mut reactor = Reactor::with_clock(&clock).unwrap();
    let (seen, time) = (log.clone(), clock.clone());
    let looping = LoopingCall::new(move |reactor, _| {
        seen.add(reactor.now().as_millis());
        time.advance(ms(takes.borrow_mut().pop().unwrap_or(0)));
        Ok(())
    });
    drop(looping.start(&mut reactor, ms(500)));
    for (step, calls) in [(0, vec![0]), (0, vec![]), (500, vec![2500]), (0, vec![]), (500, vec![4000])] {
        reactor.advance(ms(step)).unwrap();
        assert_eq!(log.take(), calls);
    }
}

#[test]
fn start_later_waits_for_the_first_beat_and_reset_begins_anew() {
    let (mut reactor, looping, log) = logging();
    drop(looping.start_later(&mut reactor, secs(2)));
    reactor.advance(secs(1)).unwrap();
    looping.reset(&mut reactor);
    reactor.advance(secs(1)).unwrap();
    assert_eq!(log.take(), []);
    reactor.advance(secs(1)).unwrap();
    assert_eq!(log.take(), [(3000, 1)]);
}

#[test]
fn stop_fires_and_nothing_is_left() {
    for before_the_first in [true, false] {
        let (mut reactor, looping, log) = logging();
        let done = watch(looping.start(&mut reactor, secs(1)));
        if !before_the_first {
            turn(&mut reactor);
        }
        looping.stop(&mut reactor);
        assert!(!looping.is_running());
        reactor.advance(secs(5)).unwrap();
        assert_eq!(log.take().len(), usize::from(!before_the_first));
        assert_eq!((done.take(), reactor.delayed_calls()), (vec![Ok(())], 0));
        looping.stop(&mut reactor);
        // It can be started again.
        drop(looping.start_later(&mut reactor, secs(1)));
        reactor.advance(secs(1)).unwrap();
        assert_eq!(log.take().len(), 1);
    }
}

#[test]
fn one_that_runs_is_not_started() {
    let (mut reactor, looping, _) = logging();
    drop(looping.start(&mut reactor, secs(1)));
    let second = watch(looping.start(&mut reactor, secs(1)));
    turn(&mut reactor);
    assert_eq!(second.take(), [Err(ErrorKind::InvalidInput)]);
    assert!(looping.is_running());
}

#[test]
fn an_error_ends_it_and_cancelling_too() {
    let mut reactor = still();
    let looping = LoopingCall::new(|_, _| Err(failure()));
    let done = watch(looping.start(&mut reactor, secs(1)));
    turn(&mut reactor);
    assert_eq!((done.take(), reactor.delayed_calls()), (vec![Err(ErrorKind::NotFound)], 0));
    assert!(!looping.is_running());

    let (mut reactor, looping, log) = logging();
    let done = watch(looping.start(&mut reactor, secs(1)).timeout(&mut reactor, ms(2500)));
    reactor.pump((0..5).map(secs)).unwrap();
    assert_eq!(done.take(), [Err(ErrorKind::TimedOut)]);
    assert_eq!((log.take().len(), reactor.delayed_calls()), (3, 0));
}

#[test]
fn a_deferred_is_waited_for_and_stop_waits_as_well() {
    let mut reactor = still();
    let waiting: Rc<RefCell<Vec<Resolver<()>>>> = Rc::default();
    let (log, hold) = (Log::new(), waiting.clone());
    let seen = log.clone();
    let looping = LoopingCall::new(move |reactor, tick| {
        seen.add(tick.count());
        let (deferred, resolver) = reactor.deferred();
        hold.borrow_mut().push(resolver);
        deferred
    });
    let done = watch(looping.start(&mut reactor, secs(1)));
    reactor.pump([0, 1, 1, 1].map(secs)).unwrap();
    assert_eq!(log.take(), [1]);
    waiting.borrow_mut().pop().unwrap().resolve(());
    turn(&mut reactor);
    reactor.advance(secs(1)).unwrap();
    assert_eq!(log.take(), [4]);
    looping.stop(&mut reactor);
    turn(&mut reactor);
    assert_eq!(done.take(), []);
    waiting.borrow_mut().pop().unwrap().resolve(());
    turn(&mut reactor);
    assert_eq!((done.take(), reactor.delayed_calls()), (vec![Ok(())], 0));
}

#[test]
fn an_interval_of_zero_is_each_turn() {
    let (mut reactor, looping, log) = logging();
    drop(looping.start_later(&mut reactor, Duration::ZERO));
    for _ in 0..5 {
        turn(&mut reactor);
        assert_eq!(log.take(), [(0, 1)]);
    }
}

#[test]
fn defer_later_and_its_cancelling() {
    let mut reactor = still();
    let log = watch(reactor.defer_later(secs(3), |_| Ok::<_, Error>("value")));
    reactor.advance(secs(2)).unwrap();
    assert!(log.take().is_empty());
    reactor.advance(secs(1)).unwrap();
    assert_eq!(log.take(), [Ok("value")]);
    let log = watch(reactor.defer_later(secs(1), |_| Err::<(), _>(failure())));
    reactor.advance(secs(1)).unwrap();
    assert_eq!(log.take(), [Err(ErrorKind::NotFound)]);

    let mut deferred = reactor.defer_later(secs(1), |_| -> Result<(), Error> { unreachable!() });
    let canceller = deferred.canceller();
    let log = watch(deferred);
    canceller.cancel(&mut reactor);
    assert_eq!(reactor.delayed_calls(), 0);
    reactor.advance(secs(2)).unwrap();
    assert_eq!(log.take(), [Err(ErrorKind::Cancelled)]);
}
