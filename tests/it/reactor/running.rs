//! run, stop, iterate; triggers: the facts of Twisted's SystemEventTests.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use sockeye::{
    Error, ErrorKind,
    reactor::{Deferred, Phase, Reactor, react},
};

use super::{Log, failure, secs, still, turn, unhandled};

#[test]
fn run_ends_by_stop_and_may_be_called_again() {
    let (mut reactor, log) = (Reactor::new().unwrap(), Log::new());
    for round in 0..3 {
        let seen = log.clone();
        reactor.when_running(move |reactor| {
            seen.add(round);
            reactor.stop();
        });
        reactor.run().unwrap();
    }
    assert_eq!(log.take(), [0, 1, 2]);
}

#[test]
fn what_is_to_be_called_when_running_is_not_called_before() {
    let (mut reactor, log) = (still(), Log::new());
    let seen = log.clone();
    reactor.when_running(move |reactor| {
        seen.add("running");
        let seen = seen.clone();
        // It runs already: soon.
        reactor.when_running(move |reactor| {
            seen.add("soon");
            reactor.stop();
        });
    });
    turn(&mut reactor);
    assert!(log.take().is_empty());
    reactor.run().unwrap();
    assert_eq!(log.take(), ["running", "soon"]);
}

#[test]
fn a_stop_before_run_ends_that_at_once() {
    let mut reactor = Reactor::new().unwrap();
    reactor.stop();
    reactor.run().unwrap();
}

#[test]
fn a_running_reactor_is_not_run() {
    let mut reactor = Reactor::new().unwrap();
    reactor.when_running(|reactor| {
        assert_eq!(reactor.run().unwrap_err().kind(), ErrorKind::InvalidInput);
        reactor.stop();
    });
    reactor.run().unwrap();
}

#[test]
fn no_callback_runs_inside_another() {
    let (mut reactor, log) = (still(), Log::new());
    let seen = log.clone();
    reactor.call_soon(move |reactor| {
        let inner = seen.clone();
        reactor.call_soon(move |_| inner.add("inner"));
        seen.add("outer");
    });
    turn(&mut reactor);
    assert_eq!(log.take(), ["outer", "inner"]);
}

#[test]
fn a_panic_ends_run_and_the_reactor_can_go_on() {
    let (mut reactor, log) = (Reactor::new().unwrap(), Log::new());
    let seen = log.clone();
    reactor.when_running(|_| panic!("on purpose"));
    reactor.call_soon(move |reactor| {
        seen.add("called");
        reactor.stop();
    });
    assert!(catch_unwind(AssertUnwindSafe(|| reactor.run())).is_err());
    reactor.run().unwrap();
    assert_eq!(log.take(), ["called"]);
}

/// Adds triggers that log their names, and stops the reactor when it runs.
fn with_triggers(reactor: &mut Reactor, log: &Log<&'static str>, triggers: &[(Phase, &'static str)]) {
    for &(phase, name) in triggers {
        let seen = log.clone();
        reactor.on_shutdown(phase, move |_| seen.add(name));
    }
    reactor.when_running(|reactor| reactor.stop());
}

#[test]
fn phases_in_their_order_and_each_in_the_order_of_adding() {
    let (mut reactor, log) = (Reactor::new().unwrap(), Log::new());
    let seen = log.clone();
    reactor.on_startup(Phase::During, move |_| seen.add("startup"));
    let triggers = [
        (Phase::After, "after"),
        (Phase::During, "during 1"),
        (Phase::Before, "before"),
        (Phase::During, "during 2"),
    ];
    with_triggers(&mut reactor, &log, &triggers);
    reactor.run().unwrap();
    assert_eq!(log.take(), ["startup", "before", "during 1", "during 2", "after"]);
    // Each is called once.
    reactor.stop();
    reactor.run().unwrap();
    assert!(log.take().is_empty());
}

#[test]
fn what_is_given_before_is_awaited_all_of_it() {
    let (mut reactor, log) = (Reactor::new().unwrap(), Log::new());
    for (delay, name) in [(2, "slow"), (1, "quick")] {
        let seen = log.clone();
        reactor.on_shutdown(Phase::Before, move |reactor| {
            let later = Duration::from_millis(delay);
            reactor.defer_later(later, move |_| seen.tell(name))
        });
    }
    let seen = log.clone();
    reactor.on_shutdown(Phase::Before, move |_| seen.add("before"));
    with_triggers(&mut reactor, &log, &[(Phase::During, "during")]);
    reactor.run().unwrap();
    assert_eq!(log.take(), ["before", "quick", "slow", "during"]);
}

#[test]
fn what_fails_before_or_never_fires_keeps_nobody_from_ending() {
    let (mut reactor, log) = (Reactor::new().unwrap(), Log::new());
    let told = unhandled(&mut reactor);
    reactor.on_shutdown(Phase::Before, |reactor| reactor.fail::<(), _>(failure()));
    let (never, resolver) = reactor.deferred::<(), Error>();
    reactor.on_shutdown(Phase::Before, move |_| Some(never));
    with_triggers(&mut reactor, &log, &[(Phase::During, "during")]);
    reactor.run().unwrap();
    drop(resolver);
    assert_eq!(log.take(), ["during"]);
    assert_eq!(told.take(), ["not found", "a Deferred is waited for that nothing can ever fire"]);
}

#[test]
fn a_trigger_may_be_taken_back_by_another_too() {
    let (mut reactor, log) = (Reactor::new().unwrap(), Log::new());
    let seen = log.clone();
    let gone = reactor.on_shutdown(Phase::Before, move |_| seen.add("gone"));
    gone.remove(&mut reactor).unwrap();
    let seen = log.clone();
    let during = reactor.on_shutdown(Phase::During, move |_| seen.add("gone as well"));
    let first = reactor.on_shutdown(Phase::Before, move |reactor| during.remove(reactor).unwrap());
    with_triggers(&mut reactor, &log, &[(Phase::After, "after")]);
    reactor.run().unwrap();
    assert_eq!(log.take(), ["after"]);
    assert_eq!(first.remove(&mut reactor).unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn react_is_the_life_of_a_task() {
    assert_eq!(react(|_| Ok::<_, Error>(1)).unwrap(), 1);
    assert_eq!(react(|_| Err::<(), _>(failure())).unwrap_err().kind(), ErrorKind::NotFound);
    let later = |reactor: &mut Reactor| reactor.defer_later(Duration::from_millis(1), |_| Ok::<_, Error>(2));
    assert_eq!(react(later).unwrap(), 2);
    let stopped = react(|reactor| -> Deferred<()> {
        reactor.stop();
        reactor.defer_later(secs(3600), |_| Ok(()))
    });
    assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Cancelled);
}

/// The only test that may use the process's signals.
#[test]
fn signals_stop_it_on_request() {
    for signal in ["-INT", "-TERM"] {
        let mut reactor = Reactor::new().unwrap();
        reactor.stop_on_signals().unwrap();
        let second = Reactor::new().unwrap().stop_on_signals().unwrap_err();
        assert_eq!(second.kind(), ErrorKind::InvalidInput);
        reactor.when_running(move |reactor| {
            let kill = move || {
                let process = std::process::id().to_string();
                std::process::Command::new("kill").args([signal, &process]).status().unwrap();
            };
            reactor.call_in_thread(kill).unwrap();
        });
        reactor.run().unwrap();
    }
}
