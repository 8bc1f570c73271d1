//! [`Term`]: a time limit that runs, and can say which one it is.

use std::time::Duration;

use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
};

/// Whose time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// Of all together.
    Total,
    /// Of one wait.
    Wait,
    /// Of making a connection.
    Connect,
    Resolve,
    #[cfg(feature = "tls")]
    Tls,
    Send,
    FirstByte,
}

impl Limit {
    /// What takes that time.
    fn what(self) -> &'static str {
        match self {
            Limit::Total => "all of it",
            Limit::Wait => "a single wait",
            Limit::Connect => "making the connection",
            Limit::Resolve => "looking up the name",
            #[cfg(feature = "tls")]
            Limit::Tls => "the TLS handshake",
            Limit::Send => "sending the request",
            Limit::FirstByte => "the first byte of the answer",
        }
    }
}

/// Until when something may take, by which limit, and how long that is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    deadline: Deadline,
    limit: Limit,
    length: Duration,
}

impl Term {
    /// Begins to run now. Without a length it has no end, and doesn't look at the clock.
    #[inline]
    pub(super) fn begin(limit: Limit, length: Option<Duration>) -> Term {
        Term { deadline: Deadline::after(length), limit, length: length.unwrap_or_default() }
    }

    /// The one that ends earlier.
    #[inline]
    pub(super) fn min(self, other: Term) -> Term {
        if self.deadline.min(other.deadline) == self.deadline { self } else { other }
    }

    /// The one that ends earlier: this, or that which begins now.
    #[inline]
    pub(super) fn and(self, limit: Limit, length: Option<Duration>) -> Term {
        match length {
            None => self,
            Some(_) => self.min(Term::begin(limit, length)),
        }
    }

    pub(super) fn deadline(self) -> Deadline {
        self.deadline
    }

    pub(super) fn has_passed(self) -> bool {
        self.deadline.has_passed()
    }

    /// An error once it is over.
    pub(super) fn check(self) -> Result<()> {
        if self.has_passed() { Err(self.over()) } else { Ok(()) }
    }

    /// The error of its end.
    pub(super) fn over(self) -> Error {
        Error::new(ErrorKind::TimedOut, self.message())
    }

    /// The error of something that had to end by then: if that was why, it says so.
    #[cold]
    pub(super) fn named(self, error: Error) -> Error {
        match error.is_timeout() && self.has_passed() {
            true if error.is_bare() => self.over(),
            true => error.under(self.message()),
            false => error,
        }
    }

    fn message(self) -> String {
        format!("timed out: {} took longer than {:?}", self.limit.what(), self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Option<Duration> = Some(Duration::from_secs(3600));

    #[test]
    fn the_one_that_ends_earlier_has_the_word() {
        let over = Term::begin(Limit::Send, Some(Duration::ZERO));
        for term in [over.and(Limit::Total, HOUR), Term::begin(Limit::Total, HOUR).min(over)] {
            let message = "timed out: sending the request took longer than 0ns";
            assert_eq!(term.check().unwrap_err().to_string(), message);
            assert_eq!(term.named(ErrorKind::TimedOut.into()).to_string(), message);
            let error = Error::from(ErrorKind::TimedOut).context("connect");
            let said = term.named(error.with_payload(7));
            assert_eq!(said.to_string(), format!("{message}: connect failed: timed out"));
            assert_eq!(said.payload(), Some(&7));
        }
    }

    #[test]
    fn what_it_did_not_end_is_not_its_own() {
        let error = || Error::new(ErrorKind::TimedOut, "the system's own");
        for term in [Term::begin(Limit::Total, None), Term::begin(Limit::Total, HOUR)] {
            assert_eq!(term.named(error()).to_string(), error().to_string());
            assert!(term.and(Limit::Wait, None).check().is_ok());
        }
        let over = Term::begin(Limit::Wait, Some(Duration::ZERO));
        assert_eq!(over.named(ErrorKind::Cancelled.into()).kind(), ErrorKind::Cancelled);
    }
}
