//! What the reactor's timers and Deferreds cost in allocations, and that nothing of them is kept: counted exactly, in
//! the thread of the reactor alone.
//!
//! A binary of its own, because an allocator is global.

#![allow(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    time::Duration,
};

use sockeye::{
    Error,
    reactor::{Clock, Reactor},
};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

fn count(allocations: usize, bytes: isize) {
    COUNT.set(COUNT.get() + allocations);
    LIVE.set(LIVE.get() + bytes);
}

// SAFETY: everything is the system allocator's; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as isize);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(0, -(layout.size() as isize));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size as isize - layout.size() as isize);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often something allocates when it is done for the second time.
fn allocations(mut what: impl FnMut()) -> usize {
    what();
    let before = COUNT.get();
    what();
    COUNT.get() - before
}

/// How many bytes it leaves.
fn left(what: impl FnOnce()) -> isize {
    let before = LIVE.get();
    what();
    LIVE.get() - before
}

fn still() -> Reactor {
    Reactor::with_clock(&Clock::new()).unwrap()
}

fn turn(reactor: &mut Reactor) {
    reactor.iterate(Duration::ZERO).unwrap();
}

#[test]
fn a_chain_of_three_callbacks_is_three_allocations() {
    let mut reactor = still();
    let pending = allocations(|| {
        let (deferred, resolver) = reactor.deferred::<u64, Error>();
        let chain = deferred.then(|_, value| Ok(value + 1)).map(|value| value * 2);
        drop(chain.both(|_, result| result.map(|value| assert_eq!(value, 4))));
        resolver.resolve(1);
        turn(&mut reactor);
    });
    let fired = allocations(|| {
        let chain = reactor.succeed::<u64, Error>(1).then(|_, value| Ok(value + 1)).map(|value| value * 2);
        drop(chain.then(|reactor, value| reactor.succeed(value)));
        turn(&mut reactor);
    });
    assert_eq!((pending, fired), (3, 3));
}

#[test]
fn a_timer_without_a_state_is_no_allocation() {
    let mut reactor = still();
    let timers = allocations(|| {
        for _ in 0..1000 {
            let call = reactor.call_later(Duration::from_secs(1), |_| ());
            reactor.call_later(Duration::ZERO, |_| ());
            turn(&mut reactor);
            call.cancel(&mut reactor).unwrap();
        }
    });
    assert_eq!(timers, 0);
}

#[test]
fn a_million_timers_leave_no_memory_cancelled_or_called() {
    let mut reactor = still();
    // One that stays, in the midst of the others.
    let mut stays = Vec::new();
    let cancelled = left(|| {
        let mut calls = Vec::new();
        for number in 0..1_000_000_u64 {
            let call = reactor.call_later(Duration::from_secs(10), move |_| assert!(number < 1_000_000));
            if number == 500_000 { stays.push(call) } else { calls.push(call) }
        }
        for call in calls {
            call.cancel(&mut reactor).unwrap();
        }
    });
    assert_eq!(reactor.delayed_calls(), 1);
    let called = left(|| {
        for number in 0..1_000_000 {
            reactor.call_later(Duration::from_millis(number % 1000), move |_| assert!(number < 1_000_000));
        }
        reactor.advance(Duration::from_secs(1)).unwrap();
    });
    assert_eq!(reactor.delayed_calls(), 1);
    assert!(cancelled < 200_000 && called < 200_000, "bytes left: {cancelled} and {called}");
}

#[test]
fn a_million_flattened_deferreds_need_the_memory_of_a_few() {
    fn nested(reactor: &Reactor, depth: u32) -> sockeye::reactor::Deferred<()> {
        let base = LIVE.get();
        reactor.succeed(depth).then(move |reactor, depth| match depth {
            0 => {
                assert!(LIVE.get() - base < 10_000);
                reactor.succeed(())
            }
            _ => nested(reactor, depth - 1),
        })
    }
    let mut reactor = still();
    let before = LIVE.get();
    let peak = std::rc::Rc::new(Cell::new(0));
    let seen = peak.clone();
    reactor.call_later(Duration::ZERO, move |_| seen.set(LIVE.get()));
    nested(&reactor, 1_000_000).wait(&mut reactor).unwrap();
    assert!(LIVE.get() - before < 20_000 && peak.get() - before < 20_000);
}
