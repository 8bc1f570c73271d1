//! Look-ups that end at a deadline, or with a token.
//!
//! The C library's look-ups block as long as they like. Where nobody set a limit they are called on the caller's
//! own thread. Else a helper thread calls them, and the caller stops waiting when its time is over; the helper goes
//! on until the system gives up. There are at most [`HELPERS`] of them, reused, and each ends when it had nothing
//! to do for [`IDLE`]: never one for each request. A caller that gives up takes its question out of the queue.

use std::{
    collections::VecDeque,
    io::{self, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use super::Bounds;
use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    sys::{self, Interest},
};

/// So many names that nobody answers for may be looked up before the next one has to wait.
const HELPERS: usize = 16;

/// How long a helper waits for the next name.
const IDLE: Duration = Duration::from_secs(5);

static POOL: Pool = Pool::new(HELPERS);

struct Pool {
    most: usize,
    state: Mutex<State>,
    work: Condvar,
}

/// INVARIANT: `idle <= helpers <= most`.
struct State {
    waiting: VecDeque<Job>,
    helpers: usize,
    idle: usize,
    /// The number of the next job.
    next: u64,
}

struct Job {
    number: u64,
    /// Asks, and puts the answer where its caller finds it.
    ask: Box<dyn FnOnce() + Send>,
    /// Becomes readable for the caller when the job is done, or dropped.
    done: UnixStream,
}

/// What `ask` answers, within the bounds; without any it is asked on this thread.
///
/// # Errors
///
/// [`TimedOut`](ErrorKind::TimedOut), [`Cancelled`](ErrorKind::Cancelled), and its own.
pub(super) fn within<T: Send + 'static>(
    bounds: Bounds<'_>,
    ask: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    if bounds.deadline == Deadline::NEVER && bounds.cancel.is_none() {
        return ask();
    }
    POOL.within(bounds, ask)
}

impl Pool {
    const fn new(most: usize) -> Pool {
        let state = State { waiting: VecDeque::new(), helpers: 0, idle: 0, next: 0 };
        Pool { most, state: Mutex::new(state), work: Condvar::new() }
    }

    fn within<T: Send + 'static>(
        &'static self,
        bounds: Bounds<'_>,
        ask: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if let Some(cancel) = bounds.cancel {
            cancel.check()?;
        }
        if bounds.deadline.has_passed() {
            return Err(ErrorKind::TimedOut.into());
        }
        let (ours, done) = UnixStream::pair().map_err(Error::from)?;
        let answer = Arc::new(Mutex::new(None));
        let place = Arc::clone(&answer);
        let ask = move || *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(ask());
        let number = self.submit(Box::new(ask), done)?;
        if let Err(error) = sys::wait(ours.as_fd(), Interest::Read, bounds.deadline, bounds.cancel) {
            self.lock().waiting.retain(|job| job.number != number);
            return Err(error);
        }
        let answer = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.unwrap_or_else(|| Err(ErrorKind::Other.into()))
    }

    fn submit(&'static self, ask: Box<dyn FnOnce() + Send>, done: UnixStream) -> Result<u64> {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.waiting.push_back(Job { number, ask, done });
        if state.waiting.len() <= state.idle || state.helpers == self.most {
            drop(state);
            self.work.notify_one();
            return Ok(number);
        }
        state.helpers += 1;
        let started = self.start();
        if let Err(error) = started {
            state.helpers -= 1;
            if state.helpers == 0 {
                // Nobody is there to take it.
                state.waiting.clear();
                return Err(Error::from(error).context("start a thread for look-ups"));
            }
        }
        Ok(number)
    }

    fn start(&'static self) -> io::Result<()> {
        let name = "sockeye-names".to_owned();
        thread::Builder::new().name(name).spawn(|| self.help()).map(drop)
    }

    fn help(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.waiting.pop_front() {
                drop(state);
                job.run();
                state = self.lock();
                continue;
            }
            state.idle += 1;
            let woken = self.work.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = woken.0;
            state.idle -= 1;
            if woken.1.timed_out() && state.waiting.is_empty() {
                state.helpers -= 1;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    fn run(mut self) {
        (self.ask)();
        // Fails if the caller has gone; then it doesn't matter.
        let _ = self.done.write(&[1]);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::cancel::CancelToken;

    /// A pool of its own for a test: tests run side by side.
    fn pool(most: usize) -> &'static Pool {
        Box::leak(Box::new(Pool::new(most)))
    }

    fn soon() -> Bounds<'static> {
        Bounds { deadline: Deadline::after(Duration::from_millis(1)), cancel: None }
    }

    fn patient() -> Bounds<'static> {
        Bounds { deadline: Deadline::after(Duration::from_secs(60)), cancel: None }
    }

    #[test]
    fn helpers_are_reused_and_never_more_than_allowed() {
        let pool = pool(3);
        thread::scope(|scope| {
            for number in 0..64 {
                scope.spawn(move || assert_eq!(pool.within(patient(), move || Ok(number)).unwrap(), number));
            }
        });
        let state = pool.lock();
        assert!(state.waiting.is_empty());
        assert!((1..=3).contains(&state.helpers));
    }

    #[test]
    fn a_resolver_that_never_answers_takes_neither_threads_nor_room() {
        let pool = pool(2);
        let (release, released) = mpsc::channel::<()>();
        let released = Arc::new(Mutex::new(released));
        for _ in 0..50 {
            let released = Arc::clone(&released);
            let stuck = move || {
                let _ = released.lock().unwrap_or_else(PoisonError::into_inner).recv();
                Ok(())
            };
            assert_eq!(pool.within(soon(), stuck).unwrap_err().kind(), ErrorKind::TimedOut);
            let state = pool.lock();
            assert!(state.helpers <= 2 && state.waiting.is_empty());
        }
        // Once it answers again, the same helpers go on.
        drop(release);
        assert_eq!(pool.within(patient(), || Ok(7)).unwrap(), 7);
    }

    #[test]
    fn the_token_ends_a_wait() {
        let pool = pool(1);
        let token = CancelToken::new().unwrap();
        let (_never, stuck) = mpsc::channel::<()>();
        let bounds = Bounds { deadline: Deadline::NEVER, cancel: Some(&token) };
        let (asked, was_asked) = mpsc::channel();
        let outcome = thread::scope(|scope| {
            let blocked = scope.spawn(|| {
                pool.within(bounds, move || {
                    asked.send(()).unwrap();
                    stuck.recv().map_err(|_| ErrorKind::Other.into())
                })
            });
            was_asked.recv().unwrap();
            token.cancel();
            blocked.join().unwrap()
        });
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
