//! What the functions of a chain may give.

use std::{any::Any, fmt::Display};

use crate::error::Error;

use super::Deferred;

/// What can be a Deferred's error: it has words, and can be made of this crate's [`Error`], for cancelling.
///
/// Every such type has it already.
pub trait Failure: From<Error> + Display + Any {}

impl<E: From<Error> + Display + Any> Failure for E {}

/// What a function of a chain may give: `Ok`, `Err`, or a [`Deferred`] for which the chain waits then.
///
/// # Examples
///
/// ```
/// use sockeye::{Error, reactor::{Deferred, IntoDeferred, Reactor}};
///
/// fn length<R: IntoDeferred<Error, Value = String>>(reactor: &mut Reactor, text: R) -> Deferred<usize> {
///     reactor.maybe_deferred(|_| text).map(|text| text.len())
/// }
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let later = reactor.succeed("four".to_owned());
/// assert_eq!(length(&mut reactor, later).wait(&mut reactor)?, 4);
/// assert_eq!(length(&mut reactor, Ok("now".to_owned())).wait(&mut reactor)?, 3);
/// # Ok(())
/// # }
/// ```
pub trait IntoDeferred<E: Failure>: sealed::Sealed {
    /// What it is in the good case.
    type Value: 'static;

    #[doc(hidden)]
    fn outcome(self) -> Outcome<Self::Value, E>;
}

/// What came of a step.
#[derive(Debug)]
pub enum Outcome<T: 'static, E: Failure> {
    Now(Result<T, E>),
    Later(Deferred<T, E>),
}

impl<T: 'static, E: Failure> IntoDeferred<E> for Result<T, E> {
    type Value = T;

    fn outcome(self) -> Outcome<T, E> {
        Outcome::Now(self)
    }
}

impl<T: 'static, E: Failure> IntoDeferred<E> for Deferred<T, E> {
    type Value = T;

    fn outcome(self) -> Outcome<T, E> {
        Outcome::Later(self)
    }
}

mod sealed {
    pub trait Sealed {}

    impl<T, E> Sealed for Result<T, E> {}

    impl<T: 'static, E: super::Failure> Sealed for super::Deferred<T, E> {}
}
