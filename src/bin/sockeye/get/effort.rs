//! How long and how often `sockeye get` tries.

use std::time::Duration;

use sockeye::urllib::{OpenerBuilder, Request, RetryHandler};

/// The options of patience.
#[derive(Debug, clap::Args)]
pub(super) struct Effort {
    /// Give up a URL after so many seconds in all; 0 is no limit [default: 0]
    #[arg(short, long, visible_short_alias = 'm', visible_alias = "max-time", value_name = "SECONDS")]
    #[arg(value_parser = seconds, allow_negative_numbers = true)]
    timeout: Option<Duration>,
    /// Ask again so often when there is no connection or answer, or the server answers 408, 429, 502, 503 or 504
    ///
    /// The waits grow from a quarter of a second to ten; Retry-After is heeded up to 30 seconds. POST and PATCH aren't
    /// repeated, and an answer that breaks off isn't asked for again.
    #[arg(long, value_name = "COUNT")]
    retry: Option<u16>,
}

impl Effort {
    pub(super) fn add_to(&self, builder: OpenerBuilder) -> OpenerBuilder {
        match self.retry {
            Some(count) => {
                let attempts = usize::from(count) + 1;
                // The user's word is the only limit.
                builder.add_handler(RetryHandler::new().attempts(attempts).budget(u32::MAX))
            }
            None => builder,
        }
    }

    pub(super) fn limit(&self, request: Request) -> Request {
        request.timeout(self.timeout.filter(|limit| !limit.is_zero()))
    }
}

/// A number of seconds, with or without a fraction.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "not a number of seconds".to_owned())
}
