//! Errors that nobody handled.

use std::{any::Any, fmt, panic::Location};

use crate::error::Error;

/// An error that came to the end of a chain whose [`Deferred`](super::Deferred) was dropped.
///
/// Its `Display` is the line that goes to standard error without a hook.
///
/// Twisted: "Unhandled error in Deferred".
///
/// # Examples
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
/// use sockeye::{Error, ErrorKind, reactor::Reactor};
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let seen = Rc::new(RefCell::new(Vec::new()));
/// let log = seen.clone();
/// reactor.on_unhandled(move |unhandled| log.borrow_mut().push(unhandled.to_string()));
/// drop(reactor.fail::<(), _>(Error::from(ErrorKind::NotFound)));
/// assert!(seen.borrow()[0].starts_with("unhandled error in a Deferred made at "));
/// assert!(seen.borrow()[0].ends_with(": not found"));
/// # Ok(())
/// # }
/// ```
pub struct Unhandled<'a> {
    error: &'a dyn fmt::Display,
    made: &'static Location<'static>,
}

impl<'a> Unhandled<'a> {
    pub(in super::super) fn new(
        error: &'a dyn fmt::Display,
        made: &'static Location<'static>,
    ) -> Unhandled<'a> {
        Unhandled { error, made }
    }

    /// The error.
    #[must_use]
    pub fn error(&self) -> &dyn fmt::Display {
        self.error
    }

    /// Where the chain was begun: the call of [`Reactor::deferred`](super::Reactor::deferred) or of another function
    /// that gives a Deferred.
    #[must_use]
    pub fn made(&self) -> &'static Location<'static> {
        self.made
    }
}

impl fmt::Display for Unhandled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unhandled error in a Deferred made at {}: {}", self.made, self.error)
    }
}

impl fmt::Debug for Unhandled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// In the error of a Deferred whose resolver was dropped. In Twisted such a one just never fires.
pub(super) struct NeverFired;

/// Whether an error means no more than that something never came.
pub(in super::super) fn tells_nothing(error: &dyn Any) -> bool {
    error.downcast_ref::<Error>().is_some_and(|error| error.payload::<NeverFired>().is_some())
}
