//! Answers from a script: for tests of programs that use [`urllib`](super), without a network.
//!
//! A [`Script`] is a handler that answers http and https by itself. Everything above it is real: redirects, cookies,
//! passwords, retries, decoding, error statuses. What it wasn't told to answer is an error, never a connection.
//!
//! ```
//! use sockeye::{ErrorKind, urllib::testing::{Answer, Script}};
//!
//! # fn main() -> sockeye::Result<()> {
//! let script = Script::new()
//!     .on("http://example.org/", "hello")
//!     .on("http://example.org/old", Answer::new("").status(302).header("Location", "/"))
//!     .on("http://example.org/gone", Answer::new("no more").status(410));
//! let opener = script.opener();
//! assert_eq!(opener.open("http://example.org/old")?.text()?, "hello");
//! assert_eq!(opener.open("http://example.org/gone").unwrap_err().kind(), ErrorKind::Status);
//! assert!(opener.open("http://example.org/unheard").is_err());
//! assert_eq!(script.requests()[1].url.path(), "/");
//! # Ok(())
//! # }
//! ```

use std::{
    collections::VecDeque,
    io::{Cursor, Read},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header::CONTENT_LENGTH};
use url::Url;

use super::{
    Exchange, Handler, Opener, Request, Response, address, build_opener,
    data::{Sending, unread},
    handlers::Known,
    header,
};
use crate::error::{Error, ErrorKind, Result};

/// What is answered where, and what was asked. Clones share both.
#[derive(Clone, Debug, Default)]
pub struct Script(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    lines: Vec<Line>,
    asked: Vec<Asked>,
}

#[derive(Debug)]
struct Line {
    method: Option<Method>,
    /// As it was written, if that is no URL.
    url: Result<Url, String>,
    answers: VecDeque<Answer>,
}

/// A request as the script has seen it: after all handlers, with the opener's headers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Asked {
    /// Its method.
    pub method: Method,
    /// Where it went.
    pub url: Url,
    /// Its headers as they would be sent: without those that HTTP adds and those for a proxy.
    pub headers: HeaderMap,
    /// What was sent with it.
    pub data: Vec<u8>,
    /// What came [behind them](super::Data::reader_with_trailers).
    pub trailers: HeaderMap,
}

/// What comes back: a response, or an error in its place.
#[derive(Clone, Debug)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    /// What a setter refused, or [`Answer::fail`].
    fault: Option<(ErrorKind, String)>,
}

impl Script {
    /// Answers nothing yet.
    #[must_use]
    pub fn new() -> Script {
        Script::default()
    }

    /// Answers requests for that URL, by any method. Several answers for one URL are given in turn, the last one from
    /// then on.
    #[must_use]
    pub fn on(self, url: &str, answer: impl Into<Answer>) -> Script {
        self.add(None, url, answer.into())
    }

    /// The same for requests by that method alone; it comes before what answers any.
    #[must_use]
    pub fn on_method(self, method: &Method, url: &str, answer: impl Into<Answer>) -> Script {
        self.add(Some(method.clone()), url, answer.into())
    }

    /// An opener with the default handlers that gets its answers here. For others, add the script to
    /// [`build_opener`]: it is a [`Handler`].
    #[must_use]
    pub fn opener(&self) -> Opener {
        build_opener().add_handler(self.clone()).build()
    }

    /// What was asked, in order; what wasn't answered too.
    #[must_use]
    pub fn requests(&self) -> Vec<Asked> {
        self.lock().asked.clone()
    }

    fn add(self, method: Option<Method>, url: &str, answer: Answer) -> Script {
        let url = address::parse(url)
            .map(Arc::unwrap_or_clone)
            .map(without_fragment)
            .map_err(|error| error.to_string());
        let mut inner = self.lock();
        match inner.lines.iter_mut().find(|line| line.method == method && line.url == url) {
            Some(line) => line.answers.push_back(answer),
            None => inner.lines.push(Line { method, url, answers: VecDeque::from([answer]) }),
        }
        drop(inner);
        self
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &mut Request, exchange: &Exchange<'_>) -> Result<Response> {
        let asked = Asked::new(request, exchange)?;
        let url = without_fragment(asked.url.clone());
        let method = asked.method.clone();
        let mut inner = self.lock();
        inner.asked.push(asked);
        if let Some(wrong) = inner.lines.iter().find_map(|line| line.url.as_ref().err()) {
            return Err(Error::new(ErrorKind::InvalidInput, format!("the script: {wrong}")));
        }
        let fits = |line: &&mut Line| line.url.as_ref().is_ok_and(|there| *there == url);
        let mut lines: Vec<&mut Line> = inner.lines.iter_mut().filter(fits).collect();
        lines.retain(|line| line.method.as_ref().is_none_or(|only| *only == method));
        lines.sort_by_key(|line| line.method.is_none());
        let Some(line) = lines.into_iter().next() else {
            let message = format!("nothing is scripted for {method} {}", address::without_user_info(&url));
            return Err(Error::new(ErrorKind::InvalidInput, message));
        };
        let answer = match line.answers.len() {
            1 => line.answers.front().cloned(),
            _ => line.answers.pop_front(),
        };
        drop(inner);
        answer.unwrap_or_else(|| Answer::new("")).into_response(request)
    }
}

impl Handler for Script {
    fn order(&self) -> i32 {
        1000
    }

    fn open(&self, request: &mut Request, exchange: &mut Exchange<'_>) -> Option<Result<Response>> {
        matches!(request.url().scheme(), "http" | "https").then(|| self.answer(request, exchange))
    }
}

impl Asked {
    fn new(request: &mut Request, exchange: &Exchange<'_>) -> Result<Asked> {
        let headers = exchange.opener().defaults().going_with(request);
        let (mut data, mut trailers) = (Vec::new(), HeaderMap::new());
        if let Some(sending) = request.data_mut() {
            match sending.send()? {
                Sending::Bytes(bytes) => data.extend_from_slice(bytes),
                Sending::Sized(reader, length) => {
                    reader.take(length).read_to_end(&mut data).map_err(unread)?;
                }
                Sending::Chunked(mut reader) => {
                    reader.read_to_end(&mut data).map_err(unread)?;
                    trailers = reader.into_trailers()?;
                }
            }
        }
        Ok(Asked {
            method: request.get_method().clone(),
            url: request.url().clone(),
            headers,
            data,
            trailers,
        })
    }
}

impl Answer {
    /// 200, with that body and its `Content-Length`.
    #[must_use]
    pub fn new(body: impl Into<Vec<u8>>) -> Answer {
        Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: body.into(), fault: None }
    }

    /// No response but an error of that kind: `Answer::fail(ErrorKind::ConnectionRefused)`.
    #[must_use]
    pub fn fail(kind: ErrorKind) -> Answer {
        Answer { fault: Some((kind, "the script says so".to_owned())), ..Answer::new("") }
    }

    /// With that status. Default is 200.
    #[must_use]
    pub fn status(self, status: u16) -> Answer {
        match StatusCode::from_u16(status) {
            Ok(status) => Answer { status, ..self },
            Err(error) => self.refuse(format!("the status {status}: {error}")),
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: impl TryInto<HeaderName>, value: impl TryInto<HeaderValue>) -> Answer {
        match header::checked(name, value) {
            Ok((name, value)) => {
                self.headers.append(name, value);
                self
            }
            Err(error) => self.refuse(error.to_string()),
        }
    }

    fn refuse(mut self, why: String) -> Answer {
        self.fault.get_or_insert((ErrorKind::InvalidInput, format!("the script: {why}")));
        self
    }

    pub(super) fn into_response(self, request: &Request) -> Result<Response> {
        if let Some((kind, why)) = self.fault {
            return Err(Error::new(kind, why));
        }
        let bodiless = *request.get_method() == Method::HEAD
            || matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let whole = self.body.len() as u64;
        let length = if bodiless { 0 } else { whole };
        let body = Known::new(Cursor::new(self.body), length);
        let mut response = Response::from_layer(request.url().clone(), body).with_status(self.status);
        response.headers_mut().insert(CONTENT_LENGTH, whole.into());
        response.headers_mut().extend(self.headers);
        Ok(response)
    }
}

impl<T: Into<Vec<u8>>> From<T> for Answer {
    fn from(body: T) -> Answer {
        Answer::new(body)
    }
}

fn without_fragment(mut url: Url) -> Url {
    url.set_fragment(None);
    address::drop_user_info(&mut url);
    url
}
