//! Chains: the facts of Twisted's DeferredTests and LogTests.

use std::time::Duration;

use sockeye::{
    Error, ErrorKind,
    reactor::{Deferred, Reactor},
};

use super::{Log, failure, secs, still, turn, unhandled, watch};

#[test]
fn a_value_goes_through_callbacks_and_an_error_through_errbacks() {
    let (mut reactor, log) = (still(), Log::new());
    let (deferred, resolver) = reactor.deferred::<u32, Error>();
    let [first, second, third, fourth] = [(); 4].map(|()| log.clone());
    let chain = deferred
        .catch(|_, _| -> Result<u32, Error> { unreachable!("there is no error yet") })
        .then(move |_, value| {
            first.add(format!("callback {value}"));
            Err::<u32, _>(failure())
        })
        .then(move |_, _: u32| {
            second.add("never".to_owned());
            Ok(())
        })
        .catch(move |_, error| {
            third.add(format!("errback {error}"));
            Ok(())
        })
        .both(move |_, result| {
            fourth.add(format!("both {}", result.is_ok()));
            Ok("end")
        });
    resolver.resolve(7);
    assert!(log.take().is_empty(), "nothing is called inside of resolve");
    assert_eq!(chain.wait(&mut reactor).unwrap(), "end");
    assert_eq!(log.take(), ["callback 7", "errback not found", "both true"]);
}

#[test]
fn one_that_has_fired_calls_what_is_added_later() {
    let mut reactor = still();
    let (deferred, resolver) = reactor.deferred::<u32, Error>();
    resolver.resolve(1);
    assert!(deferred.is_ready());
    let log = watch(deferred.map(|value| value + 1));
    turn(&mut reactor);
    assert_eq!(log.take(), [Ok(2)]);
    assert_eq!(reactor.succeed::<_, Error>(5).wait(&mut reactor).unwrap(), 5);
    assert_eq!(reactor.fail::<(), _>(failure()).wait(&mut reactor).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn chains_go_on_in_the_order_in_which_they_fired_each_as_far_as_it_can() {
    let (mut reactor, log) = (still(), Log::new());
    let chain = |name: &'static str| {
        let (deferred, resolver) = reactor.deferred::<(), Error>();
        let (one, two) = (log.clone(), log.clone());
        let step = |log: Log<String>, number| {
            move |_: &mut Reactor, ()| {
                log.add(format!("{name}{number}"));
                Ok(())
            }
        };
        drop(deferred.then(step(one, 1)).then(step(two, 2)));
        resolver
    };
    let (a, b, c) = (chain("a"), chain("b"), chain("c"));
    let seen = log.clone();
    reactor.call_soon(move |_| {
        c.resolve(());
        a.resolve(());
        seen.add("callback".to_owned());
    });
    b.resolve(());
    turn(&mut reactor);
    assert_eq!(log.take(), ["callback", "b1", "b2", "c1", "c2", "a1", "a2"]);
}

#[test]
fn what_a_callback_fires_comes_after_its_chain() {
    let (mut reactor, log) = (still(), Log::new());
    let (inner, resolver) = reactor.deferred::<(), Error>();
    let [a, b, c] = [(); 3].map(|()| log.clone());
    drop(inner.then(move |_, ()| a.tell("inner")));
    let outer = reactor.succeed::<_, Error>(());
    let outer = outer.then(move |_, ()| {
        resolver.resolve(());
        b.tell("first")
    });
    drop(outer.then(move |_, ()| c.tell("second")));
    turn(&mut reactor);
    assert_eq!(log.take(), ["first", "second", "inner"]);
}

#[test]
fn a_deferred_that_a_callback_gives_is_waited_for() {
    let mut reactor = still();
    for fails in [false, true] {
        let (inner, resolver) = reactor.deferred::<u32, Error>();
        let chain = reactor.succeed(()).then(move |_, ()| inner).map(|value| value + 1);
        let log = watch(chain);
        turn(&mut reactor);
        assert!(log.take().is_empty());
        resolver.settle(if fails { Err(failure()) } else { Ok(41) });
        turn(&mut reactor);
        assert_eq!(log.take(), [if fails { Err(ErrorKind::NotFound) } else { Ok(42) }]);
    }
}

#[test]
fn one_that_has_fired_already_is_gone_on_with_at_once() {
    let (mut reactor, log) = (still(), Log::new());
    let (mut fired, resolver) = reactor.deferred::<u32, Error>();
    fired = fired.map(|value| value * 2);
    resolver.resolve(3);
    turn(&mut reactor);
    assert!(fired.is_ready());
    let [a, b] = [(); 2].map(|()| log.clone());
    drop(reactor.succeed(()).then(move |_, ()| fired).then(move |_, six| a.tell(six)));
    drop(reactor.succeed::<_, Error>(7).then(move |_, seven| b.tell(seven)));
    turn(&mut reactor);
    assert_eq!(log.take(), [6, 7]);
}

#[test]
fn an_errback_may_give_a_deferred() {
    let mut reactor = still();
    let chain = reactor.fail::<u8, _>(failure()).catch(|reactor, _| reactor.succeed(3));
    assert_eq!(chain.wait(&mut reactor).unwrap(), 3);
}

/// `depth` Deferreds, each given by a function of the one before.
fn nested(reactor: &mut Reactor, depth: u32) -> Deferred<u32> {
    reactor.succeed(depth).then(|reactor, depth| match depth {
        0 => reactor.succeed(42),
        _ => nested(reactor, depth - 1),
    })
}

#[test]
fn a_million_deferreds_flattened_into_each_other_need_no_stack() {
    let mut reactor = still();
    assert_eq!(nested(&mut reactor, 1_000_000).wait(&mut reactor).unwrap(), 42);
}

#[test]
fn a_chain_of_a_million_steps_is_run_and_dropped_without_recursion() {
    for fire in [true, false] {
        let mut reactor = still();
        let (mut deferred, resolver) = reactor.deferred::<u32, Error>();
        for _ in 0..1_000_000 {
            deferred = deferred.map(|value| value + 1);
        }
        if fire {
            resolver.resolve(0);
            assert_eq!(deferred.wait(&mut reactor).unwrap(), 1_000_000);
        } else {
            drop(reactor);
            drop(deferred);
            drop(resolver);
        }
    }
}

#[test]
fn a_million_deferreds_that_wait_for_each_other() {
    let mut reactor = still();
    let (first, resolver) = reactor.deferred::<u32, Error>();
    let mut last = first;
    for _ in 0..100_000 {
        let before = last;
        last = reactor.succeed(()).then(move |_, ()| before).map(|value| value + 1);
        turn(&mut reactor);
    }
    resolver.resolve(0);
    assert_eq!(last.wait(&mut reactor).unwrap(), 100_000);
}

#[test]
fn an_error_that_nobody_handles_is_told_with_its_place() {
    let (mut reactor, log) = (still(), Log::new());
    let seen = log.clone();
    reactor.on_unhandled(move |unhandled| {
        seen.add((unhandled.made().file().to_owned(), unhandled.made().line(), unhandled.to_string()));
    });
    let (deferred, resolver) = reactor.deferred::<(), Error>();
    let line = line!() - 1;
    drop(deferred.map(|()| 1).then(|_, _| Ok(())));
    resolver.reject(failure());
    assert!(log.take().is_empty());
    turn(&mut reactor);
    let told = log.take();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].0.as_str(), told[0].1), (file!(), line));
    assert!(told[0].2.starts_with("unhandled error in a Deferred made at tests/it/reactor/deferreds.rs:"));
    assert!(told[0].2.ends_with(": not found"), "{told:?}");
}

#[test]
fn each_way_to_lose_an_error_is_told_once() {
    let mut reactor = still();
    let told = unhandled(&mut reactor);
    let check = |reactor: &mut Reactor, way: &str| {
        turn(reactor);
        assert_eq!(told.take(), ["not found"], "{way}");
    };
    drop(reactor.fail::<(), _>(failure()));
    check(&mut reactor, "a failed one is dropped");
    let (deferred, resolver) = reactor.deferred::<(), Error>();
    resolver.reject(failure());
    drop(deferred);
    check(&mut reactor, "fired, then dropped");
    let (deferred, resolver) = reactor.deferred::<(), Error>();
    drop(deferred);
    resolver.reject(failure());
    check(&mut reactor, "dropped, then fired");
    let chain = reactor.fail::<(), _>(failure()).map(|()| ());
    turn(&mut reactor);
    drop(chain);
    check(&mut reactor, "a chain that is done is dropped");
    let (inner, resolver) = reactor.deferred::<(), Error>();
    drop(reactor.succeed(()).then(move |_, ()| inner));
    turn(&mut reactor);
    resolver.reject(failure());
    check(&mut reactor, "the inner one of a dropped chain");
    let _ = reactor.fail::<(), _>(failure()).wait(&mut reactor);
    drop(reactor.fail::<(), _>(failure()).catch(|_, _| Ok(())));
    turn(&mut reactor);
    assert!(told.take().is_empty(), "these were handled");
}

#[test]
fn a_resolver_that_is_dropped_fails_its_deferred_and_tells_nobody_else() {
    let mut reactor = still();
    let told = unhandled(&mut reactor);
    let (deferred, resolver) = reactor.deferred::<(), Error>();
    drop(resolver);
    assert_eq!(deferred.wait(&mut reactor).unwrap_err().kind(), ErrorKind::Cancelled);
    let (deferred, resolver) = reactor.deferred::<(), Error>();
    drop(deferred.map(|()| ()));
    drop(resolver);
    turn(&mut reactor);
    assert!(told.take().is_empty());
}

#[test]
fn waiting_ends_when_nothing_can_come() {
    let mut reactor = Reactor::new().unwrap();
    let (deferred, resolver) = reactor.deferred::<(), Error>();
    assert_eq!(deferred.wait(&mut reactor).unwrap_err().kind(), ErrorKind::Cancelled);
    drop(resolver);
    let (deferred, resolver) = reactor.deferred::<(), Error>();
    reactor.call_later(Duration::ZERO, |reactor| reactor.stop());
    let never = reactor.call_later(secs(3600), move |_| resolver.resolve(()));
    let error = deferred.wait(&mut reactor).unwrap_err();
    assert!(error.to_string().contains("stopped"), "{error}");
    assert!(never.active(&reactor));
    // That stop was heeded.
    let log = Log::new();
    let seen = log.clone();
    reactor.when_running(move |reactor| {
        seen.add(());
        reactor.stop();
    });
    reactor.run().unwrap();
    assert_eq!(log.take().len(), 1);
}

#[test]
fn a_callback_may_wait_while_the_rest_goes_on() {
    let (mut reactor, log) = (Reactor::new().unwrap(), Log::new());
    let [a, b] = [(); 2].map(|()| log.clone());
    reactor.call_later(Duration::from_millis(1), move |_| a.add("beside"));
    reactor.call_soon(move |reactor| {
        let later = reactor.defer_later(Duration::from_millis(5), |_| Ok::<_, Error>("waited"));
        b.add(later.wait(reactor).unwrap());
        reactor.stop();
    });
    reactor.run().unwrap();
    assert_eq!(log.take(), ["beside", "waited"]);
}

#[derive(Debug, PartialEq)]
struct Own(String);

impl From<Error> for Own {
    fn from(error: Error) -> Own {
        Own(error.kind().to_string())
    }
}

impl std::fmt::Display for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[test]
fn errors_of_ones_own() {
    let mut reactor = still();
    let (deferred, resolver) = reactor.deferred::<u8, Own>();
    resolver.reject(Own("mine".to_owned()));
    assert_eq!(deferred.wait(&mut reactor), Err(Own("mine".to_owned())));
    let (mut deferred, _resolver) = reactor.deferred::<u8, Own>();
    let canceller = deferred.canceller();
    canceller.cancel(&mut reactor);
    assert_eq!(deferred.wait(&mut reactor), Err(Own("cancelled".to_owned())));
    let mapped = reactor.fail::<u8, _>(failure()).map_err(|error| Own(error.to_string()));
    assert_eq!(mapped.wait(&mut reactor), Err(Own("not found".to_owned())));
}

#[test]
fn maybe_deferred_takes_any() {
    let mut reactor = still();
    assert_eq!(reactor.maybe_deferred(|_| Ok::<_, Error>(1)).wait(&mut reactor).unwrap(), 1);
    assert!(reactor.maybe_deferred(|_| Err::<(), _>(failure())).wait(&mut reactor).is_err());
    let deferred = reactor.maybe_deferred(|reactor| reactor.succeed::<_, Error>(2));
    assert_eq!(deferred.wait(&mut reactor).unwrap(), 2);
}

#[test]
fn what_outlives_its_reactor_does_nothing() {
    let reactor = still();
    let (deferred, resolver) = reactor.deferred::<u8, Error>();
    let log = watch(deferred);
    let (held, other) = reactor.deferred::<u8, Error>();
    drop(reactor);
    assert!(!resolver.is_awaited());
    resolver.resolve(1);
    other.resolve(2);
    drop(held);
    assert!(log.take().is_empty());
}
