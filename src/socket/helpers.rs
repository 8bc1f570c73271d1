//! Look-ups that end at a deadline, or with a token.
//!
//! The C library's look-ups block as long as they like. Where nobody set a limit they are called on the caller's
//! own thread. Else a helper thread calls them, and the caller stops waiting when its time is over; the helper goes
//! on until the system gives up. Who asks what is being asked already waits for the same answer, so a name that nobody
//! answers for costs one thread however often it is wanted. There are at most [`HELPERS`] of them, reused, and each
//! ends when it had nothing to do for [`IDLE`]: never one for each request. A caller that gives up takes its question
//! out of the queue.

use std::{
    any::Any,
    collections::VecDeque,
    io::{self, Write},
    marker::PhantomData,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use super::Bounds;
use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    sys::{self, Interest, LookUpCode},
};

/// So many names that nobody answers for may be looked up before the next one has to wait. Each costs a thread that
/// sleeps and the resolver's socket, for the half minute at most that the C library tries by default.
const HELPERS: usize = 256;

/// How long a helper waits for the next name.
const IDLE: Duration = Duration::from_secs(5);

static POOL: Pool = Pool::new(HELPERS);

struct Pool {
    most: usize,
    state: Mutex<State>,
    work: Condvar,
}

/// INVARIANT: `idle <= helpers <= most`, and no two jobs have the same question.
struct State {
    waiting: VecDeque<Job>,
    under_way: Vec<Job>,
    helpers: usize,
    idle: usize,
    /// The number of the next asker.
    next: u64,
}

/// One question, and all who wait for its answer.
struct Job {
    question: String,
    /// `None` once a helper has taken it.
    ask: Option<Ask>,
    askers: Vec<Asker>,
    answer: Arc<OnceLock<Answer>>,
}

type Ask = Box<dyn FnOnce() -> Answer + Send>;

/// One for all askers, whatever its type.
type Answer = Result<Arc<dyn Any + Send + Sync>>;

struct Asker {
    number: u64,
    /// Becomes readable for the caller when the job is done, or dropped.
    done: UnixStream,
}

/// Where somebody was who gave up.
#[derive(PartialEq, Eq)]
enum Left {
    /// Behind other questions.
    Queue,
    /// His own was being asked.
    Helper,
}

/// What `ask` answers to the question, within the bounds; without any it is asked on this thread. The text tells
/// questions apart: who has the same one may be given the same answer.
///
/// # Errors
///
/// [`TimedOut`](ErrorKind::TimedOut), [`Cancelled`](ErrorKind::Cancelled), and its own.
pub(super) fn within<T: Clone + Send + Sync + 'static>(
    bounds: Bounds<'_>,
    question: impl FnOnce() -> String,
    ask: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    if bounds.deadline == Deadline::NEVER && bounds.cancel.is_none() {
        return ask();
    }
    POOL.within(bounds, question(), ask)
}

/// The same for who doesn't wait: the descriptor is readable when there is an answer.
///
/// # Errors
///
/// When there is neither descriptor nor thread for it.
pub(super) fn ask<T: Clone + Send + Sync + 'static>(
    question: String,
    ask: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<Asked<T>> {
    POOL.ask(question, ask)
}

/// A question that somebody else asks. Dropped, it waits for no answer any more.
pub(super) struct Asked<T> {
    pool: &'static Pool,
    number: u64,
    answer: Arc<OnceLock<Answer>>,
    ours: UnixStream,
    kind: PhantomData<T>,
}

impl<T: Clone + Send + Sync + 'static> Asked<T> {
    /// The answer, once there is one.
    pub(super) fn take(&mut self) -> Result<T> {
        match self.answer.get() {
            Some(Ok(answer)) => answer.downcast_ref().cloned().ok_or_else(|| ErrorKind::Other.into()),
            Some(Err(error)) => Err(copy_of(error)),
            None => Err(ErrorKind::Other.into()),
        }
    }
}

impl<T> Asked<T> {
    fn leave(&self) -> Left {
        self.pool.leave(self.number)
    }
}

impl<T> AsFd for Asked<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ours.as_fd()
    }
}

impl<T> Drop for Asked<T> {
    fn drop(&mut self) {
        if self.answer.get().is_none() {
            self.leave();
        }
    }
}

impl Pool {
    const fn new(most: usize) -> Pool {
        let state = State { waiting: VecDeque::new(), under_way: Vec::new(), helpers: 0, idle: 0, next: 0 };
        Pool { most, state: Mutex::new(state), work: Condvar::new() }
    }

    fn within<T: Clone + Send + Sync + 'static>(
        &'static self,
        bounds: Bounds<'_>,
        question: String,
        ask: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if let Some(cancel) = bounds.cancel {
            cancel.check()?;
        }
        if bounds.deadline.has_passed() {
            return Err(ErrorKind::TimedOut.into());
        }
        let mut asked = self.ask(question, ask)?;
        if let Err(error) = sys::wait(asked.as_fd(), Interest::Read, bounds.deadline, bounds.cancel) {
            return Err(match asked.leave() {
                Left::Helper => error,
                Left::Queue => error.context(format!("wait behind {} other look-ups", self.most)),
            });
        }
        asked.take()
    }

    fn ask<T: Clone + Send + Sync + 'static>(
        &'static self,
        question: String,
        ask: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<Asked<T>> {
        let (ours, done) = UnixStream::pair().map_err(Error::from)?;
        let ask = Box::new(move || ask().map(|answer| Arc::new(answer) as _));
        let (number, answer) = self.submit(question, ask, done)?;
        Ok(Asked { pool: self, number, answer, ours, kind: PhantomData })
    }

    /// Sits down with those who ask the same, or has it asked.
    fn submit(
        &'static self,
        question: String,
        ask: Ask,
        done: UnixStream,
    ) -> Result<(u64, Arc<OnceLock<Answer>>)> {
        let mut state = self.lock();
        let asker = Asker { number: state.next, done };
        let number = asker.number;
        state.next += 1;
        if let Some(job) = state.jobs().find(|job| job.question == question) {
            job.askers.push(asker);
            return Ok((number, Arc::clone(&job.answer)));
        }
        let answer = Arc::new(OnceLock::new());
        let job = Job { question, ask: Some(ask), askers: vec![asker], answer: Arc::clone(&answer) };
        state.waiting.push_back(job);
        if state.waiting.len() <= state.idle || state.helpers == self.most {
            drop(state);
            self.work.notify_one();
            return Ok((number, answer));
        }
        state.helpers += 1;
        if let Err(error) = self.start() {
            state.helpers -= 1;
            if state.helpers == 0 {
                // Nobody is there to take it.
                state.waiting.clear();
                return Err(Error::from(error).context("start a thread for look-ups"));
            }
        }
        Ok((number, answer))
    }

    /// Somebody waits no more; a question that nobody else has is not asked.
    fn leave(&self, number: u64) -> Left {
        let mut state = self.lock();
        let is_queued = state.waiting.iter().any(|job| job.askers.iter().any(|asker| asker.number == number));
        for job in state.jobs() {
            job.askers.retain(|asker| asker.number != number);
        }
        state.waiting.retain(|job| !job.askers.is_empty());
        if is_queued { Left::Queue } else { Left::Helper }
    }

    fn start(&'static self) -> io::Result<()> {
        let name = "sockeye-names".to_owned();
        thread::Builder::new().name(name).spawn(|| self.help()).map(drop)
    }

    fn help(&self) {
        let mut state = self.lock();
        loop {
            if let Some(mut job) = state.waiting.pop_front() {
                let (ask, answer) = (job.ask.take(), Arc::clone(&job.answer));
                state.under_way.push(job);
                drop(state);
                if let Some(ask) = ask {
                    // A panic must not leave others waiting: without an answer they get an error.
                    let _ = catch_unwind(AssertUnwindSafe(ask)).map(|found| answer.set(found));
                }
                state = self.lock();
                state.end(&answer);
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
    fn jobs(&mut self) -> impl Iterator<Item = &mut Job> {
        self.waiting.iter_mut().chain(&mut self.under_way)
    }

    /// Tells all who wait for that answer.
    fn end(&mut self, answer: &Arc<OnceLock<Answer>>) {
        if let Some(at) = self.under_way.iter().position(|job| Arc::ptr_eq(&job.answer, answer)) {
            for mut asker in self.under_way.swap_remove(at).askers {
                // Fails if the caller has gone; then it doesn't matter.
                let _ = asker.done.write(&[1]);
            }
        }
    }
}

/// An error for each of several askers.
fn copy_of(error: &Error) -> Error {
    let copy = Error::new(error.kind(), error.to_string()).with_errno(error.raw_os_error());
    match error.payload::<LookUpCode>() {
        Some(code) => copy.with_payload(*code),
        None => copy,
    }
}

#[cfg(test)]
mod tests;
