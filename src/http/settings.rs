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
    /// Until the peer takes more of an answer.
    pub(super) write_time: Option<Duration>,
    /// From the last answer until the peer, who may still be sending, must have read it.
    pub(super) linger_time: Duration,
}

/// Bytes of a body that have to come in a second, on the average of the time that was spent waiting for it: one who
/// sends a byte now and then could hold a thread for days. Modems were faster; Apache recommends the same.
const MIN_RATE: u64 = 500;

impl Settings {
    /// How long to wait for more of a body of which so much has come, in so much time. `None` is without a limit.
    pub(super) fn body_patience(&self, received: u64, waited: Duration) -> Option<Duration> {
        let time = self.body_time?;
        let granted = time.saturating_add(Duration::from_secs(received / MIN_RATE));
        Some(granted.saturating_sub(waited).min(time))
    }
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
            linger_time: Duration::from_secs(10),
        }
    }
}
