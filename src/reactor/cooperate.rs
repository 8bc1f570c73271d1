//! Long work in small steps, between which everything else goes on.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    fmt,
    rc::Rc,
    time::{Duration, Instant},
};

use crate::error::{Error, ErrorKind, Result};

use super::{
    core::Reactor,
    deferred::{Deferred, Resolver},
    time::Time,
};

/// How a task goes on after a step.
///
/// Twisted: what an iterator given to `cooperate` yields.
#[derive(Debug)]
pub enum Pace {
    /// With the next step, when it is its turn.
    Again,
    /// With the next step when that has fired. If it fails, the task does.
    Wait(Deferred<()>),
    /// It is done.
    Done,
}

/// Work in steps that [`Reactor::cooperate`] has begun. Clones are the same task.
///
/// Twisted: `task.CooperativeTask`.
#[derive(Clone)]
pub struct CooperativeTask(Rc<Task>);

type Step = Box<dyn FnMut(&mut Reactor) -> Result<Pace>>;

struct Task {
    /// `None` while it is called, and at the end.
    step: RefCell<Option<Step>>,
    done: RefCell<Option<Resolver<()>>>,
    pauses: Cell<usize>,
    /// In the line, or in the hands of who waits for its Deferred or calls it; else it has to be queued to go on.
    queued: Cell<bool>,
}

/// All tasks of a reactor: each has a step in its turn.
#[derive(Default)]
pub(super) struct Cooperator {
    line: RefCell<VecDeque<Rc<Task>>>,
    scheduled: Cell<bool>,
}

/// So long a turn goes on with steps. With a clock that stands still, each task has one step a turn.
const SLICE: Duration = Duration::from_millis(10);

impl Reactor {
    /// Has a function called again and again until it says that it is done, a few milliseconds in each turn and in turn
    /// with the other tasks: long work that leaves the reactor responsive.
    ///
    /// The Deferred fires at its end, or fails with its error. Cancelling it stops the task.
    ///
    /// Twisted: `task.cooperate`; `coiterate`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::reactor::{Pace, Reactor};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let mut reactor = Reactor::new()?;
    /// let mut numbers = 1..=1000;
    /// let mut sum = 0;
    /// let (done, _task) = reactor.cooperate(move |_| match numbers.next() {
    ///     Some(number) => {
    ///         sum += number;
    ///         Ok(Pace::Again)
    ///     }
    ///     None => Ok(Pace::Done),
    /// });
    /// done.wait(&mut reactor)?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn cooperate(
        &mut self,
        step: impl FnMut(&mut Reactor) -> Result<Pace> + 'static,
    ) -> (Deferred<()>, CooperativeTask) {
        let (deferred, mut resolver) = self.deferred();
        let task = Rc::new(Task {
            step: RefCell::new(Some(Box::new(step))),
            done: RefCell::new(None),
            pauses: Cell::new(0),
            queued: Cell::new(false),
        });
        let weak = Rc::downgrade(&task);
        resolver.on_cancel(move |_| {
            if let Some(task) = weak.upgrade() {
                task.end();
            }
        });
        task.done.replace(Some(resolver));
        enqueue(self, &task);
        (deferred, CooperativeTask(task))
    }

    /// The steps of one turn.
    fn cooperate_turn(&mut self) {
        let cooperator = self.cooperator.clone();
        cooperator.scheduled.set(false);
        let real = matches!(self.time, Time::Real(_));
        let (start, mut round) = (Instant::now(), cooperator.line.borrow().len());
        while round > 0 {
            let Some(task) = cooperator.line.borrow_mut().pop_front() else { break };
            task.run(self);
            self.settle();
            round -= 1;
            if round == 0 && real && start.elapsed() < SLICE {
                round = cooperator.line.borrow().len();
            }
        }
        schedule(self);
    }
}

/// Has a task go on when it is its turn.
fn enqueue(reactor: &mut Reactor, task: &Rc<Task>) {
    if task.pauses.get() == 0 && !task.queued.replace(true) {
        reactor.cooperator.line.borrow_mut().push_back(task.clone());
        schedule(reactor);
    }
}

fn schedule(reactor: &mut Reactor) {
    let cooperator = &reactor.cooperator;
    if !cooperator.line.borrow().is_empty() && !cooperator.scheduled.replace(true) {
        reactor.call_later(Duration::ZERO, Reactor::cooperate_turn);
    }
}

impl Task {
    fn is_over(&self) -> bool {
        self.done.borrow().as_ref().is_none_or(|done| !done.is_awaited())
    }

    fn run(self: Rc<Task>, reactor: &mut Reactor) {
        let step = if self.pauses.get() == 0 { self.step.take() } else { None };
        let Some(mut step) = step else { return self.queued.set(false) };
        let pace = step(reactor);
        if self.done.borrow().is_none() {
            return;
        }
        self.step.replace(Some(step));
        match pace {
            Ok(Pace::Again) => {
                self.queued.set(false);
                enqueue(reactor, &self);
            }
            Ok(Pace::Wait(deferred)) => drop(deferred.both(move |reactor, result| {
                self.queued.set(false);
                match result {
                    Ok(()) => enqueue(reactor, &self),
                    Err(error) => self.finish(Err(error)),
                }
                Ok(())
            })),
            Ok(Pace::Done) => self.finish(Ok(())),
            Err(error) => self.finish(Err(error)),
        }
    }

    fn finish(&self, result: Result<()>) {
        let done = self.end();
        if let Some(done) = done {
            done.settle(result);
        }
    }

    /// Drops what it was to do.
    fn end(&self) -> Option<Resolver<()>> {
        let step = self.step.take();
        drop(step);
        self.done.take()
    }
}

impl CooperativeTask {
    /// Has no step made until [`resume`](CooperativeTask::resume); twice as often paused, twice as often to resume.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Closed`] when the task is over.
    pub fn pause(&self) -> Result<()> {
        self.check()?;
        self.0.pauses.set(self.0.pauses.get() + 1);
        Ok(())
    }

    /// Takes a pause back.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Closed`] when the task is over; [`ErrorKind::InvalidInput`] when it isn't paused.
    pub fn resume(&self, reactor: &mut Reactor) -> Result<()> {
        self.check()?;
        let not_paused = || Error::new(ErrorKind::InvalidInput, "the task isn't paused");
        self.0.pauses.set(self.0.pauses.get().checked_sub(1).ok_or_else(not_paused)?);
        enqueue(reactor, &self.0);
        Ok(())
    }

    /// Ends it. Its Deferred fails with an error of the kind [`Cancelled`](ErrorKind::Cancelled).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Closed`] when the task is over.
    ///
    /// Twisted: `TaskStopped`.
    pub fn stop(&self) -> Result<()> {
        self.check()?;
        self.0.finish(Err(Error::new(ErrorKind::Cancelled, "the task was stopped")));
        Ok(())
    }

    fn check(&self) -> Result<()> {
        if self.0.is_over() {
            return Err(Error::new(ErrorKind::Closed, "the task is over"));
        }
        Ok(())
    }
}

impl fmt::Debug for CooperativeTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CooperativeTask")
            .field("is_over", &self.0.is_over())
            .field("pauses", &self.0.pauses.get())
            .finish()
    }
}
