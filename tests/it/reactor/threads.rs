//! Other threads: the facts of Twisted's test_threads and CallFromThreadTests.

use std::{
    collections::HashSet,
    sync::{Arc, Barrier, Mutex, mpsc},
    thread,
    time::Duration,
};

use sockeye::{Error, ErrorKind, reactor::Reactor};

use super::{Log, failure, secs, turn};

#[test]
fn calls_from_a_thread_come_in_their_order_and_wake_the_reactor() {
    let (mut reactor, log) = (Reactor::new().unwrap(), Log::new());
    let handle = reactor.handle();
    let numbers = Arc::new(Mutex::new(Vec::new()));
    let seen = numbers.clone();
    let thread = thread::spawn(move || {
        for number in 0..10_000 {
            let seen = seen.clone();
            handle.call_from_thread(move |_| seen.lock().unwrap().push(number)).unwrap();
        }
        handle.stop();
    });
    let alive = log.clone();
    reactor.when_running(move |_| alive.add(()));
    reactor.run().unwrap();
    thread.join().unwrap();
    assert_eq!(*numbers.lock().unwrap(), (0..10_000).collect::<Vec<_>>());
    assert_eq!(log.take().len(), 1);
}

#[test]
fn a_handle_of_a_reactor_that_is_gone_says_so() {
    let reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let (sender, receiver) = mpsc::channel::<()>();
    handle.call_from_thread(move |_| drop(sender)).unwrap();
    drop(reactor);
    assert!(receiver.recv().is_err(), "what was posted is dropped");
    assert_eq!(handle.call_from_thread(|_| ()).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(handle.blocking_call(|_| Ok::<_, Error>(())).unwrap_err().kind(), ErrorKind::InvalidInput);
    handle.stop();
}

#[test]
fn a_blocking_call_gets_the_result_or_the_deferreds() {
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let thread = thread::spawn(move || {
        let value = handle.blocking_call(|_| Ok::<_, Error>(1)).unwrap();
        let error = handle.blocking_call(|_| Err::<(), _>(failure())).unwrap_err();
        let later = handle.blocking_call(|reactor| {
            reactor.defer_later(Duration::from_millis(1), |_| Ok::<_, Error>("later"))
        });
        handle.stop();
        (value, error.kind(), later.unwrap())
    });
    reactor.run().unwrap();
    assert_eq!(thread.join().unwrap(), (1, ErrorKind::NotFound, "later"));
}

#[test]
fn a_blocking_call_ends_with_the_reactor() {
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || {
        sender.send(()).unwrap();
        handle.blocking_call(|reactor| reactor.defer_later(secs(3600), |_| Ok::<_, Error>(())))
    });
    receiver.recv().unwrap();
    turn(&mut reactor);
    drop(reactor);
    assert_eq!(thread.join().unwrap().unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn defer_to_thread_brings_results_errors_and_panics_back() {
    let mut reactor = Reactor::new().unwrap();
    let here = thread::current().id();
    let other = reactor.defer_to_thread(|| Ok::<_, Error>(thread::current().id()));
    assert_ne!(other.wait(&mut reactor).unwrap(), here);
    let failed = reactor.defer_to_thread(|| Err::<(), _>(failure()));
    assert_eq!(failed.wait(&mut reactor).unwrap_err().kind(), ErrorKind::NotFound);
    let panicked = reactor.defer_to_thread(|| -> Result<(), Error> { panic!("on purpose") });
    assert_eq!(panicked.wait(&mut reactor).unwrap_err().kind(), ErrorKind::Other);
    let after = reactor.defer_to_thread(|| Ok::<_, Error>(thread::current().id()));
    let back = after.then(move |_, there| Ok((there, thread::current().id())));
    assert_eq!(back.wait(&mut reactor).unwrap().1, here);
}

#[test]
fn so_many_threads_and_no_more() {
    let mut reactor = Reactor::new().unwrap();
    reactor.max_threads(3);
    // Three meet, so there are three; the rest is done by the same ones.
    let meeting = Arc::new(Barrier::new(3));
    let jobs: Vec<_> = (0..30)
        .map(|_| {
            let meeting = meeting.clone();
            reactor.defer_to_thread(move || {
                meeting.wait();
                Ok::<_, Error>(thread::current().id())
            })
        })
        .collect();
    let threads: HashSet<_> = reactor.gather_results(jobs).wait(&mut reactor).unwrap().into_iter().collect();
    assert_eq!(threads.len(), 3);
}

#[test]
fn a_reactor_that_is_dropped_waits_for_what_it_gave_to_threads() {
    let mut reactor = Reactor::new().unwrap();
    reactor.max_threads(1);
    let (sender, receiver) = mpsc::channel();
    for number in 0..100 {
        let sender = sender.clone();
        reactor.call_in_thread(move || sender.send(number).unwrap()).unwrap();
    }
    reactor.call_in_thread(|| panic!("on purpose")).unwrap();
    drop((reactor, sender));
    assert_eq!(receiver.try_iter().count(), 100);
}

#[test]
fn a_result_that_nobody_wants_any_more_is_dropped() {
    let mut reactor = Reactor::new().unwrap();
    let (go, gate) = mpsc::channel::<()>();
    let job = reactor.defer_to_thread(move || Ok::<_, Error>(gate.recv().is_ok()));
    job.cancel(&mut reactor);
    go.send(()).unwrap();
    assert!(reactor.defer_to_thread(|| Ok::<_, Error>(true)).wait(&mut reactor).unwrap());
}
