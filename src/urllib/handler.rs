//! [`Handler`]: one link of an [`Opener`]'s chain, and [`Exchange`], what the links of one call share.

use std::{any::Any, fmt, time::Duration};

use ::http::HeaderMap;
use url::Url;

use super::{
    Opener, Request, Response,
    patience::Patience,
    term::{Limit, Term},
};
use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    sys,
};

/// How many rounds one call may take, whoever asks for them: each handler has a tighter limit of its own.
const MAX_ROUNDS: usize = 64;

/// One link of an [`Opener`]'s chain: it may change the request, give or replace the response, or ask for
/// another round.
///
/// A round goes like this, and every step takes the handlers in [`order`](Self::order):
///
/// ```text
/// request(…)  every handler: change the request
///    │
/// open(…)     until one has a response, or fails            http and https come last
///    │
/// response(…) or, if it failed, error(…), every handler:    redirects, then statuses
///    ├── Next::Pass(response)  the next handler sees it
///    ├── Next::Again           the request, changed in place, starts another round
///    └── Err(error)            the next handler sees the error
/// ```
///
/// | order | handler |
/// |---|---|
/// | 50 | `LogHandler` (feature `log`): tells the `log` crate |
/// | 100 | [`HstsHandler`](super::HstsHandler), if you add it: http becomes https |
/// | 150 | [`ProxyHandler`](super::ProxyHandler): who stands between |
/// | 160 | `ProxyDigestAuthHandler` (feature `digest`), if you add it |
/// | 170 | [`ProxyBasicAuthHandler`](super::ProxyBasicAuthHandler), if you add it |
/// | 200 | `CookieHandler` (feature `cookies`), if you add it |
/// | 300 | `DigestAuthHandler` (feature `digest`), if you add it |
/// | 310 | [`BasicAuthHandler`](super::BasicAuthHandler): what the URL holds, and your passwords |
/// | 320, 330 | [`BearerAuthHandler`](super::BearerAuthHandler), [`NetrcHandler`](super::NetrcHandler), if you add them |
/// | 350 | [`RetryHandler`](super::RetryHandler), if you add it |
/// | 400 | [`RedirectHandler`](super::RedirectHandler) |
/// | 450 | `DecodeHandler` (features `gzip`, `brotli`, `zstd`): undoes `Content-Encoding` |
/// | 460 | [`Request::max_body`], [`Request::progress`] |
/// | 500 | yours, unless it says otherwise |
/// | 900 | [`ErrorProcessor`](super::ErrorProcessor): a status of 400 or above becomes an error |
/// | 1000 | the schemes: [`FileHandler`](super::FileHandler), [`DataHandler`](super::DataHandler); at last http |
///
/// All methods have a default that does nothing. They take `&self`, and are called from every thread that uses
/// the opener; what belongs to one call only is kept in [`Exchange::state`].
///
/// What answers requests on a server is an [`http::Handler`](crate::http::Handler).
///
/// Python: `urllib.request.BaseHandler` with its `http_request`, `http_open`, `http_response`, `handler_order`.
///
/// # Examples
///
/// A handler that answers one scheme by itself, and one that signs every request:
///
/// ```
/// use std::io::Read;
/// use sockeye::{Result, urllib::{Exchange, Handler, Request, Response, build_opener, unquote}};
///
/// struct Echo;
/// impl Handler for Echo {
///     fn open(&self, request: &mut Request, _: &mut Exchange<'_>) -> Option<Result<Response>> {
///         let path = request.url().as_str().strip_prefix("echo:")?;
///         let signed = request.get_header("x-signed").map_or("", |value| value.to_str().unwrap_or(""));
///         let body = format!("{} {signed}", unquote(path));
///         Some(Ok(Response::new(request.url().clone(), std::io::Cursor::new(body))))
///     }
/// }
/// struct Sign;
/// impl Handler for Sign {
///     fn request(&self, request: &mut Request, _: &mut Exchange<'_>) -> Result<()> {
///         request.unredirected_headers_mut().insert("x-signed", "by me".parse().expect("a clean value"));
///         Ok(())
///     }
/// }
/// # fn main() -> Result<()> {
/// let opener = build_opener().add_handler(Echo).add_handler(Sign).build();
/// let mut text = String::new();
/// opener.open("echo:hi%20there")?.read_to_string(&mut text)?;
/// assert_eq!(text, "hi there by me");
/// # Ok(())
/// # }
/// ```
pub trait Handler: Any + Send + Sync {
    /// Its place in the chain: lower comes first. Default is 500; equal ones keep the order in which they were
    /// added.
    ///
    /// Python: `handler_order`.
    fn order(&self) -> i32 {
        500
    }

    /// Adds what every request gets that doesn't have it: called once, when the opener is built. What the user gave
    /// to [`OpenerBuilder::add_header`](super::OpenerBuilder::add_header) wins.
    ///
    /// Python: a handler's `parent.addheaders`.
    fn headers(&self, headers: &mut HeaderMap) {
        let _ = headers;
    }

    /// Sees every round's request before it is sent, and may change it.
    ///
    /// Python: `http_request`, `https_request`.
    ///
    /// # Errors
    ///
    /// An error ends the call.
    fn request(&self, request: &mut Request, exchange: &mut Exchange<'_>) -> Result<()> {
        let _ = (request, exchange);
        Ok(())
    }

    /// Answers the request, or leaves it to the handlers that follow (`None`).
    ///
    /// Python: `http_open` and its like, one for each scheme.
    fn open(&self, request: &mut Request, exchange: &mut Exchange<'_>) -> Option<Result<Response>> {
        let _ = (request, exchange);
        None
    }

    /// Sees every response, also those that a redirect follows.
    ///
    /// Python: `http_response`, `https_response`.
    ///
    /// # Errors
    ///
    /// An error replaces the response; the handlers that follow see it in [`error`](Self::error).
    fn response(
        &self,
        request: &mut Request,
        response: Response,
        exchange: &mut Exchange<'_>,
    ) -> Result<Next> {
        let _ = (request, exchange);
        Ok(Next::Pass(response))
    }

    /// Sees why the round failed: nobody answered, or a handler before this one made an error of the answer.
    ///
    /// Python: `http_error_404` and its like, one for each status.
    ///
    /// # Errors
    ///
    /// The same error, or another one, for the handlers that follow.
    fn error(&self, request: &mut Request, error: Error, exchange: &mut Exchange<'_>) -> Result<Next> {
        let _ = (request, exchange);
        Err(error)
    }
}

/// What comes after a [`Handler`] has seen a response or an error.
///
/// Python: what `http_response` returns, and `parent.open` called once more.
///
/// What comes after a server's handler is a [`server::Next`](crate::server::Next).
#[derive(Debug)]
#[must_use]
pub enum Next {
    /// The handlers that follow see this response; the last one's is the caller's.
    Pass(Response),
    /// The request, as it is now, starts another round; [`Response::discard`] keeps the connection for it.
    Again,
}

/// One call of [`Opener::open`], over all its rounds.
///
/// # Examples
///
/// A handler that asks for a second round:
///
/// ```
/// use sockeye::{Result, urllib::{Exchange, Handler, Next, Request, Response, build_opener}};
///
/// struct Twice;
/// impl Handler for Twice {
///     fn open(&self, request: &mut Request, exchange: &mut Exchange<'_>) -> Option<Result<Response>> {
///         let body = std::io::Cursor::new(format!("round {}", exchange.round()));
///         Some(Ok(Response::new(request.url().clone(), body)))
///     }
///     fn response(&self, _: &mut Request, response: Response, exchange: &mut Exchange<'_>) -> Result<Next> {
///         Ok(if exchange.round() < 2 { Next::Again } else { Next::Pass(response) })
///     }
/// }
/// let response = build_opener().add_handler(Twice).build().open("twice:")?;
/// assert_eq!(std::io::read_to_string(response)?, "round 2");
/// # Ok::<_, sockeye::Error>(())
/// ```
pub struct Exchange<'a> {
    opener: &'a Opener,
    patience: &'a Patience,
    term: Term,
    round: usize,
    history: Vec<Url>,
    state: ::http::Extensions,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(opener: &'a Opener, patience: &'a Patience) -> Exchange<'a> {
        let term = Term::begin(Limit::Total, patience.total);
        Exchange { opener, patience, term, round: 0, history: Vec::new(), state: ::http::Extensions::new() }
    }

    /// The opener, for requests of the handler's own.
    ///
    /// Python: `BaseHandler.parent`.
    #[must_use]
    pub fn opener(&self) -> &'a Opener {
        self.opener
    }

    /// Which round this is; the first is 1.
    #[must_use]
    pub fn round(&self) -> usize {
        self.round
    }

    /// The URLs that led here by redirects, the first one first; empty without any.
    #[must_use]
    pub fn history(&self) -> &[Url] {
        &self.history
    }

    /// Remembers a URL from which a redirect led away.
    pub fn push_history(&mut self, url: Url) {
        self.history.push(url);
    }

    /// What is left of the [total time](Request::timeout); `None` without a limit.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        self.term.deadline().remaining()
    }

    /// Waits, by `poll(2)`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] when the total time ends before: at once, as waiting would be in vain.
    /// [`ErrorKind::Cancelled`] as soon as the request's token is cancelled.
    pub fn sleep(&self, time: Duration) -> Result<()> {
        if self.time_left().is_some_and(|left| left <= time) {
            let total = self.patience.total.unwrap_or_default();
            let message =
                format!("timed out: a pause of {time:?} doesn't fit into the total time of {total:?}");
            return Err(Error::new(ErrorKind::TimedOut, message));
        }
        sys::pause(Deadline::after(time), self.patience.cancel.as_ref())
    }

    /// A value of the handler's own that lives as long as this call; it begins as the type's default.
    ///
    /// Python: attributes that handlers hang on the request, as `redirect_dict`.
    pub fn state<T: Default + Clone + Send + Sync + 'static>(&mut self) -> &mut T {
        self.state.get_or_insert_default()
    }

    pub(super) fn patience(&self) -> &Patience {
        self.patience
    }

    /// The total time, which runs.
    pub(super) fn term(&self) -> Term {
        self.term
    }

    pub(super) fn into_history(self) -> Vec<Url> {
        self.history
    }

    /// Counts a round; there is none once the time is over or the token cancelled.
    pub(super) fn begin_round(&mut self) -> Result<()> {
        // The first one begins as the clock does.
        let is_over = match self.round {
            0 => self.patience.total == Some(Duration::ZERO),
            _ => self.term.has_passed(),
        };
        if is_over {
            return Err(self.term.over());
        }
        if let Some(cancel) = &self.patience.cancel {
            cancel.check()?;
        }
        self.round += 1;
        if self.round > MAX_ROUNDS {
            let message = format!("the handlers asked for more than {MAX_ROUNDS} rounds");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        Ok(())
    }
}

impl fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("round", &self.round)
            .field("time_left", &self.time_left())
            .finish_non_exhaustive()
    }
}
