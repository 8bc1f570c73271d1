//! Every number and every time that can be set, at both ends: nothing panics, and who can be answered is.

mod openers;
mod servers;
mod sockets;

use std::time::Duration;

/// Nobody waits longer for an answer that isn't coming.
const LONG: Duration = Duration::from_secs(30);

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Answered,
    Refused,
    /// No time is left, or just enough.
    Either,
}

/// A setter with its value, by name, and what becomes of a request then.
type Case<T> = (&'static str, fn(T) -> T, Fate);

impl Fate {
    #[track_caller]
    fn check<T: std::fmt::Debug>(self, name: &str, outcome: sockeye::Result<T>) {
        match self {
            Fate::Answered => drop(outcome.unwrap_or_else(|error| panic!("{name}: {error}"))),
            Fate::Refused => drop(outcome.expect_err(name)),
            Fate::Either => {}
        }
    }
}
