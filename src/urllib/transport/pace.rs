//! [`Pace`]: whether enough bytes travel.

use std::time::{Duration, Instant};

use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    urllib::{patience::Stall, term::Term},
};

/// What has travelled since there were enough bytes for the last time, and how long was waited for it.
#[derive(Debug)]
pub(super) struct Pace {
    limit: Stall,
    bytes: u64,
    waited: Duration,
}

impl Pace {
    /// From here on; nothing where that is no limit.
    pub(super) fn of(limit: Stall) -> Option<Pace> {
        let limits = limit.bytes > 0 && !limit.per.is_zero();
        limits.then_some(Pace { limit, bytes: 0, waited: Duration::ZERO })
    }

    /// One wait for some bytes to come or go, until then and no longer than the pace allows.
    pub(super) fn step(
        &mut self,
        until: Term,
        step: impl FnOnce(Deadline) -> Result<usize>,
    ) -> Result<usize> {
        let start = Instant::now();
        let left = self.limit.per.saturating_sub(self.waited);
        let outcome = step(until.deadline().min(Deadline::after(left)));
        self.waited = self.waited.saturating_add(start.elapsed());
        match outcome {
            Ok(0) => return Ok(0),
            Ok(n) => self.bytes += n as u64,
            Err(error) if error.is_timeout() && !until.has_passed() => return Err(self.stalled()),
            Err(error) => return Err(until.named(error)),
        }
        if self.bytes >= self.limit.bytes {
            (self.bytes, self.waited) = (0, Duration::ZERO);
        } else if self.waited >= self.limit.per {
            return Err(self.stalled());
        }
        outcome
    }

    fn stalled(&self) -> Error {
        let Stall { bytes, per } = self.limit;
        Error::new(ErrorKind::TimedOut, format!("stalled: fewer than {bytes} bytes in {per:?}"))
    }
}
