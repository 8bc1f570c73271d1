//! [`RetryHandler`]: asks again where that may help and can't hurt.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use ::http::{HeaderValue, Method, StatusCode, header::RETRY_AFTER};
use url::Url;

use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{Data, Exchange, Handler, Next, Request, Response, data::is_of_data},
    wire::date::parse,
};

/// What a retry takes out of the budget; a request puts in a fifth of it.
const RETRY: i64 = 5;

/// Asks again after a failure that is likely to pass.
///
/// | | default |
/// |---|---|
/// | methods | idempotent ones (RFC 9110 §9.2.2): GET, HEAD, OPTIONS, TRACE, PUT, DELETE |
/// | data | bytes and what else can be sent again; never a reader that went out |
/// | statuses | 408, 429, 502, 503, 504; also a proxy's to CONNECT |
/// | errors | refused, reset, unreachable, no answer, a single wait that took too long; never one of the request's own data |
/// | attempts | 3 in all for each target: a redirect leads to another one, an answer to 401 or 407 is none |
/// | wait before | 0.25 s, 0.5 s, … up to 10 s; a random part, up to half of it, is left out |
/// | `Retry-After` | as long as it says, if that is at most 30 s; else the answer is handed out |
/// | budget | one retry for five requests of the opener, and 10 more |
///
/// The wait ends with the request's [`CancelToken`](crate::cancel::CancelToken); one that would outlast the
/// [total time](Request::timeout) isn't begun: the answer or the error at hand is the result. A body that breaks off
/// while it is read isn't this handler's business. Its order is 350; no opener has it by default, as every opener
/// already repeats a request that a kept connection lost.
///
/// Python: urllib has none; `urllib3.util.Retry`.
///
/// # Examples
///
/// ```
/// # use std::{io::{Read, Write}, net::TcpListener, thread};
/// use std::time::Duration;
/// use sockeye::urllib::{RetryHandler, build_opener};
///
/// # fn main() -> sockeye::Result<()> {
/// # let listener = TcpListener::bind("127.0.0.1:0")?;
/// # let url = format!("http://{}/", listener.local_addr()?);
/// # let server = thread::spawn(move || -> std::io::Result<()> {
/// #     for answer in ["503 Busy", "200 OK"] {
/// #         let (mut peer, _) = listener.accept()?;
/// #         peer.read(&mut [0; 1024])?;
/// #         write!(peer, "HTTP/1.1 {answer}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")?;
/// #     }
/// #     Ok(())
/// # });
/// let patient = RetryHandler::new().attempts(5).backoff(Duration::from_millis(1), Duration::from_secs(1));
/// let opener = build_opener().add_handler(patient).build();
/// assert_eq!(opener.open(&url)?.status(), 200); // the server was busy once
/// # server.join().unwrap()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RetryHandler {
    attempts: usize,
    methods: Methods,
    statuses: Vec<StatusCode>,
    kinds: Vec<ErrorKind>,
    first_wait: Duration,
    longest_wait: Duration,
    longest_retry_after: Duration,
    budget: Arc<Budget>,
}

#[derive(Clone, Copy, Debug)]
enum Methods {
    Idempotent,
    All,
}

/// How many retries are left, in fifths; clones of a handler share it.
#[derive(Debug)]
struct Budget {
    level: AtomicI64,
    most: i64,
}

/// How often each target was asked for once more in this call: a redirect leads to another one, and a question for a
/// password is no failure.
#[derive(Clone, Default)]
struct Retries(Vec<(Method, Url, usize)>);

impl Retries {
    fn of(&mut self, request: &Request) -> &mut usize {
        let (method, url) = (request.get_method(), request.url());
        let before = self.0.iter().position(|(asked, there, _)| asked == method && there == url);
        let place = before.unwrap_or_else(|| {
            self.0.push((method.clone(), url.clone(), 0));
            self.0.len() - 1
        });
        &mut self.0[place].2
    }
}

impl RetryHandler {
    /// The defaults above.
    #[must_use]
    pub fn new() -> RetryHandler {
        RetryHandler {
            attempts: 3,
            methods: Methods::Idempotent,
            statuses: [408, 429, 502, 503, 504]
                .iter()
                .filter_map(|&code| StatusCode::from_u16(code).ok())
                .collect(),
            kinds: vec![
                ErrorKind::ConnectionRefused,
                ErrorKind::ConnectionReset,
                ErrorKind::BrokenPipe,
                ErrorKind::Unreachable,
                ErrorKind::UnexpectedEof,
                ErrorKind::TimedOut,
            ],
            first_wait: Duration::from_millis(250),
            longest_wait: Duration::from_secs(10),
            longest_retry_after: Duration::from_secs(30),
            budget: Arc::new(Budget::new(10)),
        }
    }

    /// How often each target is tried in all, the first time included; rounds that other handlers ask for don't count.
    /// Default is 3.
    #[must_use]
    pub fn attempts(self, attempts: usize) -> RetryHandler {
        RetryHandler { attempts, ..self }
    }

    /// Repeats POST, PATCH and any other method as well: only for servers that notice a request that they had before.
    /// Default is idempotent methods only.
    #[must_use]
    pub fn all_methods(self) -> RetryHandler {
        RetryHandler { methods: Methods::All, ..self }
    }

    /// The statuses that are worth another try. Default is 408, 429, 502, 503, 504.
    #[must_use]
    pub fn statuses(self, statuses: impl IntoIterator<Item = StatusCode>) -> RetryHandler {
        RetryHandler { statuses: statuses.into_iter().collect(), ..self }
    }

    /// The errors that are worth another try. Default are `ConnectionRefused`, `ConnectionReset`, `BrokenPipe`,
    /// `Unreachable`, `UnexpectedEof`, `TimedOut`.
    #[must_use]
    pub fn errors(self, kinds: impl IntoIterator<Item = ErrorKind>) -> RetryHandler {
        RetryHandler { kinds: kinds.into_iter().collect(), ..self }
    }

    /// The wait before the second try, which doubles from try to try, and the longest one. Default is 250 ms and 10 s.
    #[must_use]
    pub fn backoff(self, first: Duration, longest: Duration) -> RetryHandler {
        RetryHandler { first_wait: first, longest_wait: longest, ..self }
    }

    /// How long a server may ask to wait by `Retry-After`: if it asks for more, its answer is handed out. Default is
    /// 30 seconds; zero never waits for a server.
    #[must_use]
    pub fn longest_retry_after(self, longest: Duration) -> RetryHandler {
        RetryHandler { longest_retry_after: longest, ..self }
    }

    /// How many retries there may be beside one for each five requests, so that a server that is down isn't asked much
    /// more often than one that is up. Clones of the handler share them. Default is 10.
    #[must_use]
    pub fn budget(self, retries: u32) -> RetryHandler {
        RetryHandler { budget: Arc::new(Budget::new(retries)), ..self }
    }

    /// Whether another try may be made at all, and after how long; takes it out of the budget.
    fn another(
        &self,
        request: &Request,
        retry_after: Option<&HeaderValue>,
        exchange: &mut Exchange<'_>,
    ) -> Option<Duration> {
        let tries = *exchange.state::<Retries>().of(request) + 1;
        let idempotent = request.get_method().is_idempotent() || matches!(self.methods, Methods::All);
        if tries >= self.attempts || !idempotent || !request.data_ref().is_none_or(Data::is_replayable) {
            return None;
        }
        let wait = match retry_after.and_then(|value| seconds(value, SystemTime::now())) {
            Some(asked) => Some(asked).filter(|asked| *asked <= self.longest_retry_after)?,
            None => self.wait(tries, RandomState::new().build_hasher().finish()),
        };
        if exchange.time_left().is_some_and(|left| left <= wait) || !self.budget.take() {
            return None;
        }
        *exchange.state::<Retries>().of(request) += 1;
        Some(wait)
    }

    /// The wait after so many tries: between half and all of what doubling gives.
    fn wait(&self, tries: usize, random: u64) -> Duration {
        let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX);
        let whole = self.first_wait.saturating_mul(2u32.saturating_pow(doublings)).min(self.longest_wait);
        let half = whole / 2;
        // The upper half of the random bits as a fraction of one.
        half + half.mul_f64((random >> 32) as f64 / f64::from(u32::MAX))
    }
}

impl Default for RetryHandler {
    fn default() -> RetryHandler {
        RetryHandler::new()
    }
}

impl Handler for RetryHandler {
    fn order(&self) -> i32 {
        350
    }

    fn request(&self, _: &mut Request, exchange: &mut Exchange<'_>) -> Result<()> {
        if exchange.round() == 1 {
            self.budget.put();
        }
        Ok(())
    }

    fn response(
        &self,
        request: &mut Request,
        response: Response,
        exchange: &mut Exchange<'_>,
    ) -> Result<Next> {
        if !self.statuses.contains(&response.status()) {
            return Ok(Next::Pass(response));
        }
        let Some(wait) = self.another(request, response.headers().get(RETRY_AFTER), exchange) else {
            return Ok(Next::Pass(response));
        };
        response.discard();
        exchange.sleep(wait)?;
        Ok(Next::Again)
    }

    fn error(&self, request: &mut Request, error: Error, exchange: &mut Exchange<'_>) -> Result<Next> {
        let (worth, retry_after) = match error.response() {
            None => (self.kinds.contains(&error.kind()) && !is_of_data(&error), None),
            // A proxy's answer to CONNECT is like a server's to a request.
            Some(answer) => (
                error.kind() == ErrorKind::Proxy && self.statuses.contains(&answer.status()),
                answer.headers().get(RETRY_AFTER),
            ),
        };
        if !worth {
            return Err(error);
        }
        let Some(wait) = self.another(request, retry_after, exchange) else { return Err(error) };
        exchange.sleep(wait)?;
        Ok(Next::Again)
    }
}

impl Budget {
    fn new(retries: u32) -> Budget {
        let most = i64::from(retries) * RETRY;
        Budget { level: AtomicI64::new(most), most }
    }

    fn put(&self) {
        if self.level.fetch_add(1, Ordering::Relaxed) >= self.most {
            self.level.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn take(&self) -> bool {
        let took = self.level.fetch_sub(RETRY, Ordering::Relaxed) >= RETRY;
        if !took {
            self.level.fetch_add(RETRY, Ordering::Relaxed);
        }
        took
    }
}

/// What `Retry-After` asks for (RFC 9110 §10.2.3): seconds, or a date.
fn seconds(value: &HeaderValue, now: SystemTime) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number has are longer than anybody waits.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    Some(parse(text)?.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let handler = RetryHandler::new().backoff(Duration::from_secs(1), Duration::from_secs(5));
        for (tries, whole) in [(1, 1), (2, 2), (3, 4), (4, 5), (1000, 5)] {
            let whole = Duration::from_secs(whole);
            assert_eq!(handler.wait(tries, 0), whole / 2);
            assert_eq!(handler.wait(tries, u64::MAX), whole);
        }
        let _ = RetryHandler::new().backoff(Duration::MAX, Duration::MAX).wait(usize::MAX, u64::MAX);
    }

    #[test]
    fn retry_after_in_both_forms() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (text, expected) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
            ("-1", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
        ] {
            let value = HeaderValue::from_static(text);
            assert_eq!(seconds(&value, now), expected.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn a_budget_is_filled_by_requests() {
        let budget = Budget::new(1);
        assert!(budget.take() && !budget.take());
        for _ in 0..4 {
            budget.put();
        }
        assert!(!budget.take());
        for _ in 0..9 {
            budget.put();
        }
        assert!(budget.take() && !budget.take());
    }
}
