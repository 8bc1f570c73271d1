//! A point in time until which an operation may go on.
//!
//! Inside the crate a [`Deadline`] travels, never a duration: a limit that covers several steps is
//! computed once and handed down, so that no step starts it anew.

use std::time::{Duration, Instant};

/// A point in time, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// No limit.
    pub(crate) const NEVER: Deadline = Deadline(None);

    /// The given time from now; `None` is no limit, and so is a time too far away to be expressed.
    pub(crate) fn after(limit: impl Into<Option<Duration>>) -> Deadline {
        Deadline(limit.into().and_then(|limit| Instant::now().checked_add(limit)))
    }

    /// The time left: `None` without a limit, zero once it has passed.
    pub(crate) fn remaining(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether the time has come.
    pub(crate) fn has_passed(self) -> bool {
        self.0.is_some_and(|at| at <= Instant::now())
    }

    /// The earlier of two.
    pub(crate) fn min(self, other: Deadline) -> Deadline {
        match (self.0, other.0) {
            (Some(a), Some(b)) => Deadline(Some(a.min(b))),
            (a, b) => Deadline(a.or(b)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_of_two() {
        let now = Instant::now();
        let (soon, late) = (Deadline(Some(now)), Deadline(Some(now + Duration::from_secs(1))));
        assert_eq!(soon.min(late), soon);
        assert_eq!(late.min(Deadline::NEVER), late);
        assert_eq!(Deadline::NEVER.min(Deadline::NEVER), Deadline::NEVER);
    }

    #[test]
    fn a_time_too_far_away_is_never() {
        assert_eq!(Deadline::after(Duration::MAX), Deadline::NEVER);
        assert_eq!(Deadline::after(None), Deadline::NEVER);
        assert!(!Deadline::NEVER.has_passed());
        assert!(Deadline::after(Duration::ZERO).has_passed());
        assert_eq!(Deadline::after(Duration::ZERO).remaining(), Some(Duration::ZERO));
    }
}
