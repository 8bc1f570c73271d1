//! What is to be called as soon as the running callback has returned.

use std::{cell::RefCell, collections::VecDeque};

use super::core::Reactor;

/// What the reactor calls once.
pub(super) type Call = Box<dyn FnOnce(&mut Reactor)>;

/// In the order in which it came. Shared with those who add to it without a reactor at hand.
#[derive(Default)]
pub(super) struct Soon {
    calls: RefCell<VecDeque<Call>>,
}

impl Soon {
    pub(super) fn push(&self, call: Call) {
        self.calls.borrow_mut().push_back(call);
    }

    pub(super) fn pop(&self) -> Option<Call> {
        self.calls.borrow_mut().pop_front()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.borrow().is_empty()
    }
}
