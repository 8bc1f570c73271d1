//! Cancelling and time limits: the facts of Twisted's DeferredCancellerTests and DeferredAddTimeoutTests.

use std::{cell::RefCell, rc::Rc};

use sockeye::{
    Error, ErrorKind,
    reactor::{Canceller, Reactor, Resolver},
};

use super::{Log, failure, secs, still, turn, unhandled, watch};

type Fired = Log<Result<u8, ErrorKind>>;

fn pending(reactor: &mut Reactor) -> (Canceller, Fired, Resolver<u8>) {
    let (mut deferred, resolver) = reactor.deferred();
    (deferred.canceller(), watch(deferred), resolver)
}

#[test]
fn without_a_canceller_it_fails_and_a_later_result_is_ignored() {
    let mut reactor = still();
    for error in [false, true] {
        let (canceller, log, resolver) = pending(&mut reactor);
        canceller.cancel(&mut reactor);
        assert!(!resolver.is_awaited());
        resolver.settle(if error { Err(failure()) } else { Ok(1) });
        canceller.cancel(&mut reactor);
        turn(&mut reactor);
        assert_eq!(log.take(), [Err(ErrorKind::Cancelled)]);
    }
}

#[test]
fn a_canceller_is_called_once_and_what_it_gives_is_the_result() {
    let mut reactor = still();
    for (given, seen) in [(Ok(3), Ok(3)), (Err(failure()), Err(ErrorKind::NotFound))] {
        let (canceller, log, mut resolver) = pending(&mut reactor);
        resolver.on_cancel_give(move |_| given);
        canceller.cancel(&mut reactor);
        canceller.clone().cancel(&mut reactor);
        turn(&mut reactor);
        assert_eq!(log.take(), [seen]);
    }
    let (canceller, log, mut resolver) = pending(&mut reactor);
    let calls = Log::new();
    let called = calls.clone();
    resolver.on_cancel(move |_| called.add(()));
    canceller.cancel(&mut reactor);
    canceller.cancel(&mut reactor);
    turn(&mut reactor);
    assert_eq!((log.take(), calls.take().len()), (vec![Err(ErrorKind::Cancelled)], 1));
}

#[test]
fn a_canceller_may_drop_or_use_the_resolver() {
    let mut reactor = still();
    for used in [false, true] {
        let (canceller, log, mut resolver) = pending(&mut reactor);
        let place: Rc<RefCell<Option<Resolver<u8>>>> = Rc::default();
        let hold = place.clone();
        resolver.on_cancel(move |_| match hold.borrow_mut().take() {
            Some(resolver) if used => resolver.resolve(9),
            other => drop(other),
        });
        place.replace(Some(resolver));
        canceller.cancel(&mut reactor);
        turn(&mut reactor);
        assert_eq!(log.take(), [if used { Ok(9) } else { Err(ErrorKind::Cancelled) }]);
    }
}

#[test]
fn one_that_has_fired_is_left_alone() {
    let mut reactor = still();
    let (canceller, log, mut resolver) = pending(&mut reactor);
    resolver.on_cancel(|_| unreachable!());
    resolver.resolve(5);
    canceller.cancel(&mut reactor);
    turn(&mut reactor);
    canceller.cancel(&mut reactor);
    turn(&mut reactor);
    assert_eq!(log.take(), [Ok(5)]);
}

#[test]
fn it_goes_to_the_deferred_that_the_chain_waits_for() {
    let mut reactor = still();
    let calls = Log::new();
    let called = calls.clone();
    let (inner, mut inner_resolver) = reactor.deferred::<u8, Error>();
    inner_resolver.on_cancel(move |_| called.add("inner"));
    let mut outer = reactor.succeed(()).then(move |_, ()| inner);
    let canceller = outer.canceller();
    let log = watch(outer.map(|value| value + 1));
    turn(&mut reactor);
    canceller.cancel(&mut reactor);
    turn(&mut reactor);
    assert_eq!((calls.take(), log.take()), (vec!["inner"], vec![Err(ErrorKind::Cancelled)]));
}

#[test]
fn a_step_whose_turn_is_still_to_come_is_cancelled_with_what_it_gives() {
    let mut reactor = still();
    let (inner, _resolver) = reactor.deferred::<u8, Error>();
    let mut outer = reactor.succeed(()).map(|()| ()).then(move |_, ()| inner);
    let canceller = outer.canceller();
    let log = watch(outer);
    // In Twisted all of it would have been called by now.
    canceller.cancel(&mut reactor);
    turn(&mut reactor);
    assert_eq!(log.take(), [Err(ErrorKind::Cancelled)]);
}

#[test]
fn it_does_not_go_beyond_its_chain() {
    let mut reactor = still();
    let (other, resolver) = reactor.deferred::<u8, Error>();
    let mut inner = reactor.succeed(1).map(|one| one);
    let canceller = inner.canceller();
    let log = watch(reactor.succeed(()).then(move |_, ()| inner).then(move |_, _: u8| other));
    canceller.cancel(&mut reactor);
    turn(&mut reactor);
    canceller.cancel(&mut reactor);
    resolver.resolve(8);
    turn(&mut reactor);
    assert_eq!(log.take(), [Ok(8)]);
}

#[test]
fn a_chain_that_took_the_place_of_another_is_still_its_cancellers() {
    let mut reactor = still();
    let (innermost, _resolver) = reactor.deferred::<u8, Error>();
    let mut inner = reactor.succeed(()).then(move |_, ()| innermost);
    let canceller = inner.canceller();
    let log = watch(reactor.succeed(()).then(move |_, ()| inner));
    turn(&mut reactor);
    canceller.cancel(&mut reactor);
    turn(&mut reactor);
    assert_eq!(log.take(), [Err(ErrorKind::Cancelled)]);
}

#[test]
fn a_canceller_goes_for_a_chain_whose_end_was_dropped() {
    let mut reactor = still();
    let told = unhandled(&mut reactor);
    let (inner, resolver) = reactor.deferred::<u8, Error>();
    let mut outer = reactor.succeed(()).then(move |_, ()| inner);
    let canceller = outer.canceller();
    drop(outer);
    turn(&mut reactor);
    canceller.cancel(&mut reactor);
    assert!(!resolver.is_awaited());
    turn(&mut reactor);
    assert_eq!(told.take(), ["cancelled"]);
}

#[test]
fn a_callback_may_cancel_its_own_chain_in_vain() {
    let mut reactor = still();
    let (mut deferred, resolver) = reactor.deferred::<u8, Error>();
    let canceller = deferred.canceller();
    let log = watch(deferred.then(move |reactor, value| {
        canceller.cancel(reactor);
        Ok(value)
    }));
    resolver.resolve(4);
    turn(&mut reactor);
    assert_eq!(log.take(), [Ok(4)]);
}

#[test]
fn cancelling_by_value_is_told_to_nobody() {
    let mut reactor = still();
    let told = unhandled(&mut reactor);
    let (deferred, mut resolver) = reactor.deferred::<u8, Error>();
    let calls = Log::new();
    let called = calls.clone();
    resolver.on_cancel(move |_| called.add(()));
    deferred.map(|value| value).cancel(&mut reactor);
    turn(&mut reactor);
    assert_eq!((told.take().len(), calls.take().len()), (0, 1));
}

#[test]
fn in_time_the_limit_is_no_more() {
    let mut reactor = still();
    for result in [Ok(1), Err(ErrorKind::NotFound)] {
        let (deferred, resolver) = reactor.deferred::<u8, Error>();
        let log = watch(deferred.timeout(&mut reactor, secs(10)));
        reactor.advance(secs(5)).unwrap();
        resolver.settle(result.map_err(Error::from));
        turn(&mut reactor);
        assert_eq!((log.take(), reactor.delayed_calls()), (vec![result], 0));
    }
}

#[test]
fn after_the_limit_it_fails_as_timed_out() {
    let mut reactor = still();
    let (deferred, resolver) = reactor.deferred::<u8, Error>();
    let log = watch(deferred.timeout(&mut reactor, secs(10)));
    reactor.advance(secs(10)).unwrap();
    resolver.resolve(1);
    turn(&mut reactor);
    assert_eq!(log.take(), [Err(ErrorKind::TimedOut)]);
}

#[test]
fn after_the_limit_a_canceller_may_still_give_a_result() {
    let mut reactor = still();
    let (deferred, mut resolver) = reactor.deferred::<u8, Error>();
    resolver.on_cancel_give(|_| Ok(7));
    let log = watch(deferred.timeout(&mut reactor, secs(10)));
    reactor.advance(secs(10)).unwrap();
    assert_eq!(log.take(), [Ok(7)]);
}

#[test]
fn cancelled_before_the_limit_it_is_cancelled() {
    let mut reactor = still();
    let (mut deferred, _resolver) = reactor.deferred::<u8, Error>();
    let canceller = deferred.canceller();
    let log = watch(deferred.timeout(&mut reactor, secs(10)));
    reactor.advance(secs(9)).unwrap();
    canceller.cancel(&mut reactor);
    turn(&mut reactor);
    assert_eq!((log.take(), reactor.delayed_calls()), (vec![Err(ErrorKind::Cancelled)], 0));
}

#[test]
fn an_errback_before_the_limit_may_make_up_for_it() {
    let mut reactor = still();
    let (deferred, _resolver) = reactor.deferred::<u8, Error>();
    let log =
        watch(deferred.catch(|_, error| Ok(u8::from(error.is_timeout()))).timeout(&mut reactor, secs(10)));
    reactor.advance(secs(10)).unwrap();
    assert_eq!(log.take(), [Ok(1)]);
}
