//! What a server allows its peers, and for how long: the defaults, each with its reason.

use std::time::Duration;

use crate::wire::limits::Limits;

/// What a server allows its peers.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// On heads, fields and chunks.
    pub(super) limits: Limits,
    /// Bytes of a request's body (413). Large uploads are a server's own decision.
    pub(super) body: u64,
    /// The value of `Server`; empty for none.
    pub(super) server: String,
    /// Whether a connection may have a second request.
    pub(super) keeps_alive: bool,
    /// A whole head, from its first byte and from accept: slow senders can't hold connections for long.
    pub(super) head_time: Option<Duration>,
    /// Until more of a body comes; and for all of it, if it comes slower than [`MIN_RATE`].
    pub(super) body_time: Option<Duration>,
    /// Until the next request begins: a minute serves a reader who follows a link.
    pub(super) idle_time: Option<Duration>,
    /// Until the peer takes more of an answer; and for all of it, if it takes it slower than [`MIN_RATE`].
    pub(super) write_time: Option<Duration>,
    /// Bytes of answers that all connections together keep in memory for their readers. A small machine has as much,
    /// and it is a good 25 KiB for each connection, besides what the kernel buffers.
    pub(super) unsent: usize,
    /// From the last answer until the peer, who may still be sending, must have read it.
    pub(super) linger_time: Duration,
}

/// Bytes of a body that have to come, or be taken, in a second, on the average of the time that was spent waiting for
/// it: one who moves a byte now and then could hold a thread for days. Modems were faster; Apache recommends the same.
const MIN_RATE: u64 = 500;

impl Settings {
    /// How long to wait for more of a body of which so much has come, in so much time. `None` is without a limit.
    pub(super) fn body_patience(&self, received: u64, waited: Duration) -> Option<Duration> {
        Some(patience(self.body_time?, received, waited))
    }

    /// How long to wait for the peer to take more of an answer of which it took so much since it was first waited
    /// for, in so much time. `None` is without a limit.
    pub(super) fn write_patience(&self, taken: u64, waited: Duration) -> Option<Duration> {
        Some(patience(self.write_time?, taken, waited))
    }
}

fn patience(time: Duration, moved: u64, waited: Duration) -> Duration {
    let granted = time.saturating_add(Duration::from_secs(moved / MIN_RATE));
    granted.saturating_sub(waited).min(time)
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            limits: Limits::DEFAULT,
            body: 64 * 1024 * 1024,
            server: "sockeye".to_owned(),
            keeps_alive: true,
            head_time: Some(Duration::from_secs(30)),
            body_time: Some(Duration::from_secs(30)),
            idle_time: Some(Duration::from_secs(60)),
            write_time: Some(Duration::from_secs(30)),
            unsent: 256 * 1024 * 1024,
            linger_time: Duration::from_secs(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_ends_for_one_who_is_slow_on_the_average() {
        let seconds = Duration::from_secs;
        let settings =
            Settings { body_time: Some(seconds(3)), write_time: Some(seconds(30)), ..Settings::default() };
        let check = |moved, waited, body, write| {
            assert_eq!(
                settings.body_patience(moved, seconds(waited)),
                Some(seconds(body)),
                "{moved} {waited}"
            );
            assert_eq!(
                settings.write_patience(moved, seconds(waited)),
                Some(seconds(write)),
                "{moved} {waited}"
            );
        };
        check(0, 0, 3, 30);
        check(0, 2, 1, 28);
        check(0, 100, 0, 0);
        check(499, 3, 0, 27);
        check(1000, 3, 2, 29);
        check(50_000, 100, 3, 30);
        check(50_000, 129, 0, 1);
        check(u64::MAX, u64::from(u32::MAX), 3, 30);
        let patient = Settings { body_time: None, write_time: None, ..settings };
        assert_eq!(
            (patient.body_patience(0, seconds(9)), patient.write_patience(0, seconds(9))),
            (None, None)
        );
    }
}
