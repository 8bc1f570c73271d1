//! Which of a name's addresses is tried when: Happy Eyeballs (RFC 8305). No sockets and no clock: times are handed
//! in, counted from the start.
//!
//! The look-up itself is one `getaddrinfo(3)` for both families, which sorts its answers by RFC 6724; so §3 of the
//! RFC, on answers that come one by one, doesn't apply.

use std::{collections::VecDeque, time::Duration};

use super::{AF_INET, AF_INET6, Address};

/// So many attempts may be under way together, whatever the name server answered.
const TOGETHER: usize = 16;

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<A> {
    /// Start an attempt.
    Start(A),
    /// Wait for an attempt to end, until that time at most.
    Wait(Option<Duration>),
    /// All attempts have failed.
    Over,
}

/// INVARIANT: `running` attempts were started and have neither failed nor succeeded.
#[derive(Debug)]
pub(super) struct Schedule<A> {
    waiting: VecDeque<A>,
    running: usize,
    delay: Duration,
    /// When the next attempt may start beside those that are under way.
    due: Duration,
}

impl<A> Schedule<A> {
    pub(super) fn new(addresses: impl IntoIterator<Item = A>, delay: Duration) -> Schedule<A> {
        let waiting = addresses.into_iter().collect();
        Schedule { waiting, running: 0, delay, due: Duration::ZERO }
    }

    /// What to do at that time.
    pub(super) fn step(&mut self, now: Duration) -> Step<A> {
        let may_start = self.running < TOGETHER && (self.running == 0 || now >= self.due);
        if may_start {
            if let Some(next) = self.waiting.pop_front() {
                self.running += 1;
                self.due = now + self.delay;
                return Step::Start(next);
            }
        }
        match self.running {
            0 => Step::Over,
            TOGETHER => Step::Wait(None),
            _ => Step::Wait(Some(self.due).filter(|_| !self.waiting.is_empty())),
        }
    }

    /// One attempt has failed: the next one needn't wait any longer.
    pub(super) fn failed(&mut self) {
        self.running = self.running.saturating_sub(1);
        self.due = Duration::ZERO;
    }

    /// What was never tried.
    pub(super) fn untried(self) -> impl Iterator<Item = A> {
        self.waiting.into_iter()
    }
}

/// The families in turns, beginning with that of the first address (§4, with a First Address Family Count of 1).
pub(super) fn interleave(addresses: Vec<Address>) -> Vec<Address> {
    let Some(first) = addresses.first().map(Address::family) else { return addresses };
    let other = if first == AF_INET6 { AF_INET } else { AF_INET6 };
    let (mut others, mut own): (VecDeque<_>, VecDeque<_>) =
        addresses.into_iter().partition(|address| address.family() == other);
    let mut sorted = Vec::with_capacity(own.len() + others.len());
    while !(own.is_empty() && others.is_empty()) {
        sorted.extend(own.pop_front());
        sorted.extend(others.pop_front());
    }
    sorted
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    const DELAY: Duration = Duration::from_millis(250);

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn check_order(given: &[&str], expected: &[&str]) {
        let parse = |texts: &[&str]| -> Vec<Address> {
            texts.iter().map(|text| format!("{text}:80").parse::<SocketAddr>().unwrap().into()).collect()
        };
        assert_eq!(interleave(parse(given)), parse(expected));
    }

    #[test]
    fn families_take_turns() {
        check_order(&[], &[]);
        check_order(&["[::1]", "[::2]", "[::3]", "1.1.1.1"], &["[::1]", "1.1.1.1", "[::2]", "[::3]"]);
        check_order(&["1.1.1.1", "2.2.2.2", "[::1]"], &["1.1.1.1", "[::1]", "2.2.2.2"]);
        check_order(&["1.1.1.1", "2.2.2.2"], &["1.1.1.1", "2.2.2.2"]);
    }

    #[test]
    fn a_silent_address_delays_the_next_by_the_attempt_delay() {
        let mut schedule = Schedule::new(["a", "b", "c"], DELAY);
        assert_eq!(schedule.step(at(0)), Step::Start("a"));
        assert_eq!(schedule.step(at(0)), Step::Wait(Some(at(250))));
        assert_eq!(schedule.step(at(249)), Step::Wait(Some(at(250))));
        assert_eq!(schedule.step(at(260)), Step::Start("b"));
        assert_eq!(schedule.step(at(509)), Step::Wait(Some(at(510))));
        assert_eq!(schedule.step(at(510)), Step::Start("c"));
        assert_eq!(schedule.step(at(9999)), Step::Wait(None));
    }

    #[test]
    fn a_failure_starts_the_next_at_once() {
        let mut schedule = Schedule::new(["a", "b", "c"], DELAY);
        assert_eq!(schedule.step(at(0)), Step::Start("a"));
        schedule.failed();
        assert_eq!(schedule.step(at(1)), Step::Start("b"));
        assert_eq!(schedule.step(at(2)), Step::Wait(Some(at(251))));
        schedule.failed();
        assert_eq!(schedule.step(at(3)), Step::Start("c"));
        assert_eq!(schedule.step(at(4)), Step::Wait(None));
        schedule.failed();
        assert_eq!(schedule.step(at(5)), Step::Over);
    }

    #[test]
    fn a_failure_starts_the_next_at_once_beside_another_attempt() {
        let mut schedule = Schedule::new(["a", "b", "c", "d"], DELAY);
        assert_eq!(schedule.step(at(0)), Step::Start("a"));
        assert_eq!(schedule.step(at(250)), Step::Start("b"));
        schedule.failed();
        assert_eq!(schedule.step(at(260)), Step::Start("c"), "b is still under way");
        assert_eq!(schedule.step(at(260)), Step::Wait(Some(at(510))), "one failure, one start");
    }

    #[test]
    fn a_name_with_endless_addresses_takes_few_sockets() {
        let mut schedule = Schedule::new(0..1000, DELAY);
        for started in 0..TOGETHER {
            assert_eq!(schedule.step(at(started as u64 * 250)), Step::Start(started));
        }
        assert_eq!(schedule.step(at(99_999)), Step::Wait(None));
        schedule.failed();
        assert_eq!(schedule.step(at(99_999)), Step::Start(TOGETHER));
        assert_eq!(schedule.untried().count(), 1000 - TOGETHER - 1);
    }

    #[test]
    fn nothing_to_try_is_over() {
        assert_eq!(Schedule::new([0; 0], DELAY).step(at(0)), Step::Over);
    }
}
