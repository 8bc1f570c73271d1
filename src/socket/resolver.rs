//! Look-ups that end at a deadline.
//!
//! `getaddrinfo(3)` blocks as long as it likes. Where nobody set a limit it is called on the caller's own
//! thread. Else a helper thread calls it, and the caller stops waiting when its time is over; the helper goes
//! on until the system gives up. There are at most [`HELPERS`] of them, reused, and each ends when it had
//! nothing to do for [`IDLE`]: never one for each request.

use std::{
    collections::VecDeque,
    io::{self, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use super::{Address, Bounds};
use crate::{
    deadline::Deadline,
    error::{Error, Result},
    sys::{self, Hints, Interest},
};

/// So many names that nobody answers for may be looked up before the next one has to wait.
const HELPERS: usize = 16;

/// How long a helper waits for the next name.
const IDLE: Duration = Duration::from_secs(5);

static POOL: Pool = Pool { state: Mutex::new(State::new()), work: Condvar::new() };

struct Pool {
    state: Mutex<State>,
    work: Condvar,
}

/// INVARIANT: `idle <= helpers <= HELPERS`.
struct State {
    waiting: VecDeque<Job>,
    helpers: usize,
    idle: usize,
}

struct Job {
    host: String,
    hints: Hints,
    answer: Arc<Mutex<Option<Result<Vec<Address>>>>>,
    /// Becomes readable for the caller when the job is done, or dropped.
    done: UnixStream,
}

/// The addresses of a host, within the bounds.
pub(super) fn look_up(host: &str, hints: Hints, bounds: Bounds<'_>) -> Result<Vec<Address>> {
    if host.contains(':') {
        // `fe80::1%eth0`: no name has a colon, so there is nobody to ask, only a scope to be found.
        return ask(host, Hints { flags: hints.flags | sys::c::AI_NUMERICHOST, ..hints });
    }
    if bounds.deadline == Deadline::NEVER && bounds.cancel.is_none() {
        return ask(host, hints);
    }
    let (ours, done) = UnixStream::pair().map_err(Error::from)?;
    let answer = Arc::new(Mutex::new(None));
    POOL.submit(Job { host: host.to_owned(), hints, answer: Arc::clone(&answer), done })?;
    sys::wait(ours.as_fd(), Interest::Read, bounds.deadline, bounds.cancel)?;
    let answer = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
    answer.unwrap_or_else(|| Err(crate::ErrorKind::Other.into()))
}

fn ask(host: &str, hints: Hints) -> Result<Vec<Address>> {
    let found = sys::getaddrinfo(Some(host), None, hints)?;
    Ok(found.into_iter().map(|found| Address::from_sock_addr(found.address)).collect())
}

impl Pool {
    fn submit(&'static self, job: Job) -> Result<()> {
        let mut state = self.lock();
        state.waiting.push_back(job);
        if state.waiting.len() <= state.idle || state.helpers == HELPERS {
            drop(state);
            self.work.notify_one();
            return Ok(());
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
        Ok(())
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

impl State {
    const fn new() -> State {
        State { waiting: VecDeque::new(), helpers: 0, idle: 0 }
    }
}

impl Job {
    fn run(mut self) {
        // Nobody waits for it any more: not worth asking.
        if Arc::strong_count(&self.answer) == 1 {
            return;
        }
        let found = ask(&self.host, self.hints);
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        // Fails if the caller has gone; then it doesn't matter.
        let _ = self.done.write(&[1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, cancel::CancelToken};

    fn hints() -> Hints {
        Hints { flags: sys::c::AI_NUMERICHOST, ..Hints::default() }
    }

    #[test]
    fn helpers_are_reused_and_never_more_than_allowed() {
        let bounds = Bounds { deadline: Deadline::after(Duration::from_secs(60)), cancel: None };
        thread::scope(|scope| {
            for _ in 0..4 * HELPERS {
                scope.spawn(|| assert!(!look_up("127.0.0.1", hints(), bounds).unwrap().is_empty()));
            }
        });
        let state = POOL.lock();
        assert!(state.waiting.is_empty());
        assert!(state.helpers <= HELPERS);
    }

    #[test]
    fn an_error_comes_through() {
        let bounds = Bounds { deadline: Deadline::after(Duration::from_secs(60)), cancel: None };
        assert_eq!(look_up("no name", hints(), bounds).unwrap_err().kind(), ErrorKind::UnknownHost);
    }

    #[test]
    fn the_token_and_the_deadline_end_the_wait() {
        let token = CancelToken::new().unwrap();
        token.cancel();
        let bounds = Bounds { deadline: Deadline::NEVER, cancel: Some(&token) };
        assert_eq!(look_up("127.0.0.1", hints(), bounds).unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
