//! The errors of a race that nobody won.

use std::fmt;

use crate::error::Error;

/// Why [`Reactor::race`](super::Reactor::race) has no winner: every error, in the order of the list.
///
/// Twisted: `defer.FailureGroup`.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailureGroup<E = Error> {
    /// The errors. None if nobody ran.
    pub errors: Vec<E>,
}

impl<E: fmt::Display> fmt::Display for FailureGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "all {} of a race failed", self.errors.len())?;
        match self.errors.first() {
            Some(first) => write!(f, ", the first: {first}"),
            None => Ok(()),
        }
    }
}

impl<E: fmt::Display + fmt::Debug> std::error::Error for FailureGroup<E> {}

/// The race itself was cancelled.
impl<E: From<Error>> From<Error> for FailureGroup<E> {
    fn from(error: Error) -> FailureGroup<E> {
        FailureGroup { errors: vec![error.into()] }
    }
}
