//! Lock, semaphore, queue: the facts of Twisted's OtherPrimitivesTests.

use sockeye::{
    Error, ErrorKind,
    reactor::{DeferredLock, DeferredQueue, DeferredSemaphore},
};

use super::{Log, failure, still, turn, watch};

#[test]
fn a_lock_is_one_at_a_time_in_the_order_of_asking() {
    let mut reactor = still();
    let lock = DeferredLock::new();
    let first = lock.acquire(&reactor).wait(&mut reactor).unwrap();
    let mut second = lock.acquire(&reactor);
    let third = lock.acquire(&reactor);
    assert!(lock.is_locked() && lock.waiting() == 2);
    let canceller = second.canceller();
    canceller.cancel(&mut reactor);
    assert_eq!(lock.waiting(), 1);
    drop(first);
    assert!(third.is_ready());
    assert!(second.wait(&mut reactor).is_err());
    drop(third.wait(&mut reactor).unwrap());
    assert!(!lock.is_locked());
}

#[test]
fn a_turn_that_nobody_takes_goes_to_the_next() {
    let mut reactor = still();
    let lock = DeferredLock::default();
    let held = lock.acquire(&reactor).wait(&mut reactor).unwrap();
    drop(lock.acquire(&reactor));
    let next = lock.acquire(&reactor);
    drop(held);
    drop(next.wait(&mut reactor).unwrap());
    assert!(!lock.is_locked());
    drop(lock.acquire(&reactor));
    assert!(!lock.is_locked());
}

#[test]
fn run_holds_the_turn_until_its_deferred_has_fired_and_when_it_fails() {
    let mut reactor = still();
    let lock = DeferredLock::new();
    let (inner, resolver) = reactor.deferred::<u8, Error>();
    let log = watch(lock.run(&mut reactor, move |_| inner));
    turn(&mut reactor);
    assert!(lock.is_locked());
    resolver.reject(failure());
    turn(&mut reactor);
    assert_eq!(log.take(), [Err(ErrorKind::NotFound)]);
    assert!(!lock.is_locked());
}

#[test]
fn a_semaphore_lets_so_many_in() {
    let (mut reactor, log) = (still(), Log::new());
    let semaphore = DeferredSemaphore::new(3);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(semaphore.acquire(&reactor).wait(&mut reactor).unwrap());
    }
    assert_eq!(semaphore.free(), 0);
    for number in 0..2 {
        let seen = log.clone();
        drop(semaphore.acquire(&reactor).then(move |_, permit| seen.tell((number, permit))));
    }
    turn(&mut reactor);
    assert_eq!(semaphore.waiting(), 2);
    drop(held.pop());
    turn(&mut reactor);
    assert_eq!(semaphore.waiting(), 1);
    held.clear();
    turn(&mut reactor);
    let entered: Vec<u8> = log.take().into_iter().map(|(number, _permit)| number).collect();
    assert_eq!((entered, semaphore.free()), (vec![0, 1], 3));
}

#[test]
fn a_queue_keeps_things_or_those_who_wait_up_to_its_limits() {
    let mut reactor = still();
    let queue = DeferredQueue::new().size(2).backlog(1);
    let waits = queue.get(&reactor).unwrap();
    assert_eq!(queue.get(&reactor).unwrap_err().kind(), ErrorKind::TooLarge);
    for thing in 1..=3 {
        queue.put(thing).unwrap();
    }
    assert_eq!(queue.put(4).unwrap_err().kind(), ErrorKind::TooLarge);
    assert_eq!(queue.len(), 2);
    assert_eq!(waits.wait(&mut reactor).unwrap(), 1);
    for thing in 2..=3 {
        assert_eq!(queue.get(&reactor).unwrap().wait(&mut reactor).unwrap(), thing);
    }
    let never = DeferredQueue::new().size(0);
    assert!(never.put(()).is_err());
    let none_waits = DeferredQueue::<()>::new().backlog(0);
    assert!(none_waits.get(&reactor).is_err());
}

#[test]
fn who_cancels_leaves_the_queues_line() {
    let mut reactor = still();
    let queue = DeferredQueue::new().backlog(1);
    queue.get(&reactor).unwrap().cancel(&mut reactor);
    turn(&mut reactor);
    assert_eq!(queue.waiting(), 0);
    let next = queue.clone().get(&reactor).unwrap();
    queue.put("thing").unwrap();
    assert_eq!(next.wait(&mut reactor).unwrap(), "thing");
    assert!(queue.is_empty());
}
