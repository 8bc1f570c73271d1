//! The threads: each drives a lane, serves one connection as a job, or waits for either.

use std::{
    collections::{HashMap, VecDeque},
    mem,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle, ThreadId},
    time::Duration,
};

use crate::error::Result;

/// What a thread of the crew is to do.
#[derive(Debug)]
pub(super) enum Order<J> {
    /// Drive that lane.
    Drive(usize),
    /// Serve this connection.
    Serve(J),
}

/// INVARIANT: `idle` threads wait for `bell`, or were started and haven't looked for an order yet; so as many
/// orders may be queued without a further thread. `idle <= threads`.
struct State<J> {
    drives: VecDeque<usize>,
    jobs: VecDeque<J>,
    idle: usize,
    threads: usize,
    closing: bool,
}

/// INVARIANT: `live` holds the handle of every thread that hasn't said farewell; `gone` of those that have.
#[derive(Default)]
struct Roll {
    live: HashMap<ThreadId, JoinHandle<()>>,
    gone: Vec<JoinHandle<()>>,
}

/// The threads of one engine.
pub(super) struct Crew<J> {
    state: Mutex<State<J>>,
    /// Apart from the state: a thread is started under this lock, which takes its time. Locked after the state's.
    roll: Mutex<Roll>,
    bell: Condvar,
    /// Rings when a thread says farewell.
    farewell: Condvar,
    most: usize,
    idle_for: Duration,
    /// As many threads as there may be, and none without work. Written under the lock, read without it: whoever
    /// reads a moment too late has one thread more or less to reckon with.
    spent: AtomicBool,
    /// Orders wait for a thread. As above.
    short: AtomicBool,
}

impl<J> State<J> {
    /// More orders than threads that are free to take them.
    fn is_short(&self) -> bool {
        self.drives.len() + self.jobs.len() > self.idle
    }
}

impl<J> Crew<J> {
    /// At most so many threads, of which an idle one ends after that time.
    pub(super) fn new(most: usize, idle_for: Duration) -> Crew<J> {
        let state =
            State { drives: VecDeque::new(), jobs: VecDeque::new(), idle: 0, threads: 0, closing: false };
        Crew {
            state: Mutex::new(state),
            roll: Mutex::default(),
            bell: Condvar::new(),
            farewell: Condvar::new(),
            most: most.max(1),
            idle_for,
            spent: AtomicBool::new(false),
            short: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn roll(&self) -> MutexGuard<'_, Roll> {
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many threads there may be.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// How many threads there are.
    pub(super) fn threads(&self) -> usize {
        self.lock().threads
    }

    /// Whether an order would have to wait for a thread: then a driver must not run a handler that might block, or
    /// its lane might be left without anybody.
    pub(super) fn is_spent(&self) -> bool {
        self.spent.load(Ordering::Relaxed)
    }

    /// Whether orders wait for a thread: then none may stay with what it has done.
    pub(super) fn is_short(&self) -> bool {
        self.short.load(Ordering::Relaxed)
    }

    fn reckon(&self, state: &State<J>) {
        self.short.store(state.is_short(), Ordering::Relaxed);
        let busy = state.idle <= state.drives.len() + state.jobs.len();
        self.spent.store(state.threads >= self.most && busy, Ordering::Relaxed);
    }

    /// Gives an order to a thread that is idle or that `start` starts; past the limit it waits until one is
    /// free. Lanes come before jobs. A thread that can't be started is an error only if there is no other; the
    /// order waits then, until [`reinforce`](Self::reinforce) has more luck.
    pub(super) fn give(&self, order: Order<J>, start: impl FnOnce() -> Result<JoinHandle<()>>) -> Result<()> {
        let mut state = self.lock();
        match order {
            Order::Drive(lane) => state.drives.push_back(lane),
            Order::Serve(job) => state.jobs.push_back(job),
        }
        self.reckon(&state);
        if state.is_short() {
            return self.start(state, start);
        }
        drop(state);
        self.bell.notify_one();
        Ok(())
    }

    /// Starts a thread if an order waits for one. False: none waits.
    pub(super) fn reinforce(&self, start: impl FnOnce() -> Result<JoinHandle<()>>) -> bool {
        let state = self.lock();
        let short = state.is_short() && state.threads < self.most;
        if short {
            // Without any other thread neither: it is tried again.
            let _ = self.start(state, start);
        }
        short
    }

    fn start(
        &self,
        mut state: MutexGuard<'_, State<J>>,
        start: impl FnOnce() -> Result<JoinHandle<()>>,
    ) -> Result<()> {
        if state.threads >= self.most || state.closing {
            return Ok(());
        }
        state.threads += 1;
        state.idle += 1;
        self.reckon(&state);
        drop(state);
        // A thread that ends locks the roll: it finds itself in `live`.
        let mut roll = self.roll();
        match start() {
            Ok(handle) => {
                roll.live.insert(handle.thread().id(), handle);
                Ok(())
            }
            Err(error) => {
                drop(roll);
                let mut state = self.lock();
                state.threads -= 1;
                state.idle -= 1;
                self.reckon(&state);
                self.farewell.notify_all();
                if state.threads == 0 { Err(error) } else { Ok(()) }
            }
        }
    }

    /// The first act of a thread that was started.
    pub(super) fn report(&self) {
        let mut state = self.lock();
        state.idle -= 1;
        self.reckon(&state);
    }

    /// Waits for an order. `None`: none came for the crew's idle time, or the crew is dismissed.
    pub(super) fn take(&self) -> Option<Order<J>> {
        let mut state = self.lock();
        loop {
            let drive = state.drives.pop_front().map(Order::Drive);
            if let Some(order) = drive.or_else(|| state.jobs.pop_front().map(Order::Serve)) {
                self.reckon(&state);
                return Some(order);
            }
            if state.closing {
                break;
            }
            state.idle += 1;
            self.reckon(&state);
            let (back, waited) =
                self.bell.wait_timeout(state, self.idle_for).unwrap_or_else(PoisonError::into_inner);
            state = back;
            state.idle -= 1;
            self.reckon(&state);
            if waited.timed_out() && state.drives.is_empty() && state.jobs.is_empty() {
                break;
            }
        }
        state.threads -= 1;
        self.reckon(&state);
        let gone = self.strike_off();
        self.farewell.notify_all();
        drop(state);
        // Those before it have said farewell as well: their stacks are given back now.
        for handle in gone {
            let _ = handle.join();
        }
        None
    }

    /// The calling thread is gone; gives back those that were gone before.
    fn strike_off(&self) -> Vec<JoinHandle<()>> {
        let mut roll = self.roll();
        let own = roll.live.remove(&thread::current().id());
        mem::replace(&mut roll.gone, own.into_iter().collect())
    }

    /// Sends every thread home that has nothing to do, and each other one when it is done.
    pub(super) fn dismiss(&self) {
        self.lock().closing = true;
        self.bell.notify_all();
    }

    /// Takes back the jobs that no thread has begun.
    pub(super) fn recall(&self) -> VecDeque<J> {
        let mut state = self.lock();
        let jobs = mem::take(&mut state.jobs);
        self.reckon(&state);
        jobs
    }

    /// Whether the calling thread is one of the crew's.
    pub(super) fn is_mine(&self) -> bool {
        self.roll().live.contains_key(&thread::current().id())
    }

    /// Waits until every thread has ended. The crew must be dismissed, or will be.
    pub(super) fn join(&self) {
        let mut state = self.lock();
        // `live` stays what it is: who is one of the crew's has to be known until the end.
        while state.threads > 0 {
            state = self.farewell.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        let gone = mem::take(&mut self.roll().gone);
        for handle in gone {
            let _ = handle.join();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
