//! What blocks is done elsewhere: a pool of threads.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::error::{Error, ErrorKind, Result};

use super::{
    core::Reactor,
    deferred::{Deferred, Failure, fire},
};

type Job = Box<dyn FnOnce() + Send>;

impl Reactor {
    /// Calls a function in a thread of the reactor's pool. What it returns is dropped.
    ///
    /// Twisted: `reactor.callInThread`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfResources`] when the system has no more threads, and the pool has none.
    pub fn call_in_thread(&mut self, function: impl FnOnce() + Send + 'static) -> Result<()> {
        self.pool.run(Box::new(function))
    }

    /// Calls a function in a thread of the reactor's pool; the Deferred fires with its result, back in this thread.
    ///
    /// Cancelling it doesn't end the function: its result is dropped. One that panics fails the Deferred.
    ///
    /// Twisted: `threads.deferToThread`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{Error, reactor::Reactor};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let mut reactor = Reactor::new()?;
    /// let text = reactor.defer_to_thread(|| std::fs::read_to_string("Cargo.toml").map_err(Error::from));
    /// assert!(text.wait(&mut reactor)?.contains("[package]"));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn defer_to_thread<T, E>(
        &mut self,
        function: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Deferred<T, E>
    where
        T: Send + 'static,
        E: Failure + Send,
    {
        let (deferred, resolver) = self.deferred();
        let Some(key) = resolver.into_key() else { return deferred };
        let handle = self.handle();
        let job = move || {
            let result = catch_unwind(AssertUnwindSafe(function)).unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Other, "the function in the thread panicked").into())
            });
            // Nobody wants the result of a reactor that is gone.
            let _ = handle.call_from_thread(move |reactor| fire::<T, E>(&reactor.soon, key, result));
        };
        if let Err(error) = self.pool.run(Box::new(job)) {
            fire::<T, E>(&self.soon, key, Err(error.into()));
        }
        deferred
    }

    /// How many threads the pool has at most. Default is 10.
    ///
    /// They start when they are needed, end when they had nothing to do for a while, and are awaited when the reactor
    /// is dropped, with all that they were given.
    ///
    /// Twisted: `reactor.suggestThreadPoolSize`.
    pub fn max_threads(&mut self, threads: usize) {
        self.pool.lock().most = threads.max(1);
    }
}

/// A thread that had nothing to do for so long ends.
const IDLE: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Pool(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// There is a job, or the end.
    news: Condvar,
}

struct State {
    jobs: VecDeque<Job>,
    threads: HashMap<u64, JoinHandle<()>>,
    /// Threads that wait for a job.
    idle: usize,
    most: usize,
    number: u64,
    closing: bool,
}

impl Default for State {
    fn default() -> State {
        State { jobs: VecDeque::new(), threads: HashMap::new(), idle: 0, most: 10, number: 0, closing: false }
    }
}

impl Pool {
    fn run(&self, job: Job) -> Result<()> {
        let mut state = self.lock();
        state.jobs.push_back(job);
        if state.idle >= state.jobs.len() {
            self.0.news.notify_one();
            return Ok(());
        }
        if state.threads.len() >= state.most {
            return Ok(());
        }
        let number = state.number;
        let shared = self.0.clone();
        let thread = thread::Builder::new().name("sockeye-reactor-pool".to_owned());
        match thread.spawn(move || shared.work(number)) {
            Ok(thread) => {
                state.number += 1;
                state.threads.insert(number, thread);
                Ok(())
            }
            // One of the others will come to it.
            Err(_) if !state.threads.is_empty() => Ok(()),
            Err(error) => {
                let job = state.jobs.pop_back();
                drop(state);
                drop(job);
                Err(Error::with_source(ErrorKind::OutOfResources, "start a thread", error))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread's life.
    fn work(&self, number: u64) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                // The panic's words went to stderr already; the thread goes on.
                let _ = catch_unwind(AssertUnwindSafe(job));
                state = self.lock();
                continue;
            }
            if state.closing {
                return;
            }
            state.idle += 1;
            let (woken, waited) = self.news.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if waited.timed_out() && state.jobs.is_empty() && !state.closing {
                state.threads.remove(&number);
                return;
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut state = self.lock();
        state.closing = true;
        let threads = std::mem::take(&mut state.threads);
        drop(state);
        self.0.news.notify_all();
        for thread in threads.into_values() {
            // It catches its jobs' panics.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("threads", &self.lock().threads.len()).finish_non_exhaustive()
    }
}
