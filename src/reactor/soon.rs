//! What is to be called as soon as the running callback has returned.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    collections::VecDeque,
    fmt::Display,
    panic::Location,
    rc::Rc,
};

use super::{
    core::Reactor,
    deferred::{Head, Node, Unhandled, tells_nothing},
    slab::Slab,
};

/// What the reactor calls once.
pub(super) type Call = Box<dyn FnOnce(&mut Reactor)>;

/// Who is told of errors that nobody handled.
type Hook = Box<dyn FnMut(&Unhandled<'_>)>;

/// In the order in which it came. Shared with those who add to it without a reactor at hand: every
/// [`Deferred`](super::Deferred) and its resolver.
#[derive(Default)]
pub(super) struct Soon {
    jobs: RefCell<VecDeque<Job>>,
    /// Where resolvers and their Deferreds find each other.
    pub(super) heads: RefCell<Slab<Head>>,
    /// Steps that are dropped one after the other, not each by the one before.
    buried: RefCell<Vec<Rc<dyn Node>>>,
    burying: Cell<bool>,
    hook: RefCell<Option<Hook>>,
    /// The reactor is gone: nothing is called any more.
    closed: Cell<bool>,
}

pub(super) enum Job {
    Call(Call),
    /// A step of a chain, and those behind it for as long as none has to wait.
    Step(Rc<dyn Node>),
}

impl Soon {
    pub(super) fn push(&self, job: Job) {
        if !self.closed.get() {
            self.jobs.borrow_mut().push_back(job);
        }
    }

    pub(super) fn pop(&self) -> Option<Job> {
        self.jobs.borrow_mut().pop_front()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.borrow().is_empty()
    }

    /// Drops the rest of a chain without recursion, however long it is.
    pub(super) fn bury(&self, step: Rc<dyn Node>) {
        self.buried.borrow_mut().push(step);
        // Another one is at it, further up the stack.
        if self.burying.replace(true) {
            return;
        }
        loop {
            let step = self.buried.borrow_mut().pop();
            if step.is_none() {
                break;
            }
        }
        self.burying.set(false);
    }

    pub(super) fn set_hook(&self, hook: Hook) {
        let former = self.hook.borrow_mut().replace(hook);
        drop(former);
    }

    /// Tells of an error that nobody handles.
    pub(super) fn report(&self, error: &(impl Display + Any), made: &'static Location<'static>) {
        if self.closed.get() || tells_nothing(error) {
            return;
        }
        let unhandled = Unhandled::new(error, made);
        // Taken out, as it may itself drop a Deferred: that one goes to stderr.
        let hook = self.hook.borrow_mut().take();
        let Some(mut hook) = hook else {
            eprintln!("{unhandled}");
            return;
        };
        hook(&unhandled);
        self.hook.borrow_mut().get_or_insert(hook);
    }

    /// The reactor is gone. What waits is dropped, and nothing is called for it.
    pub(super) fn close(&self) {
        self.closed.set(true);
        let jobs = self.jobs.take();
        let heads = self.heads.take();
        let hook = self.hook.take();
        drop((jobs, heads, hook));
    }
}
