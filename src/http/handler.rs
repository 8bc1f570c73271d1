//! What answers requests.

use std::{fmt, sync::Arc};

use ::http::Method;

use crate::error::Result;

use super::{LogEntry, Request, Response, StatusCode};

/// Answers requests: one method for each verb, as in `BaseHTTPRequestHandler`.
///
/// | called for | method | by default |
/// |---|---|---|
/// | every request | [`handle`](Self::handle) | calls the verb's method |
/// | `GET` | [`do_get`](Self::do_get) | 501 |
/// | `HEAD` | [`do_head`](Self::do_head) | `do_get`; the body is dropped in any case |
/// | `POST`, `PUT`, `DELETE`, `OPTIONS`, `PATCH`, `TRACE`, `CONNECT` | `do_…` | 501 |
/// | any other | [`do_other`](Self::do_other) | 501 |
/// | every answer | [`log_request`](Self::log_request) | nothing |
///
/// One handler serves all connections, from several threads at once: what it changes stands behind a lock or
/// an atomic. It may block.
///
/// An error that it returns, or a panic, becomes an error answer if nothing was sent yet, and ends this connection
/// only; so does a handler that returns without an answer. The status is the request body's fault, if reading it
/// failed before, whatever error the handler returns then; else 500:
///
/// | reading the body | error | status |
/// |---|---|---|
/// | it is larger than [`max_body`](super::HttpServer::max_body) or than [`Request::bytes`] takes | `TooLarge` | 413 |
/// | it stops for longer than [`body_timeout`](super::HttpServer::body_timeout), or is far too slow | `TimedOut` | 408 |
/// | it breaks off | `UnexpectedEof` | 400 |
/// | its chunks are malformed, or it isn't UTF-8 for [`Request::text`] | `Protocol` | 400 |
/// | its chunk sizes or extensions are past all bounds | `TooLarge` | 400 |
/// | its trailers are too long, or too many | `TooLarge` | 431 |
/// | too many others wait for theirs: see [`max_threads`](super::HttpServer::max_threads) | `OutOfResources` | 503 |
///
/// So a handler passes the errors of reading on by `?`, and the peer is told what it did wrong.
///
/// A step of a client's requests is a [`urllib::Handler`](crate::urllib::Handler).
///
/// Python: `http.server.BaseHTTPRequestHandler`.
///
/// # Examples
///
/// ```
/// use std::io::Write;
/// use sockeye::http::{Handler, Request, Response, StatusCode};
///
/// struct Sample;
/// impl Handler for Sample {
///     fn do_get(&self, request: &mut Request<'_>, response: Response<'_>) -> sockeye::Result<()> {
///         let contents = format!("You asked for {}", request.path());
///         let mut body = response
///             .send_response(StatusCode::OK)
///             .send_header("Content-Type", "text/plain; charset=utf-8")
///             .send_header("Content-Length", contents.len())
///             .end_headers()?;
///         body.write_all(contents.as_bytes())?;
///         Ok(())
///     }
/// }
/// ```
#[doc(alias = "BaseHTTPRequestHandler")]
pub trait Handler: Send + Sync {
    /// Takes every request; calls the method of its verb.
    ///
    /// # Errors
    ///
    /// What the verb's method returns.
    ///
    /// Python: `BaseHTTPRequestHandler.handle_one_request`, which reads the request as well.
    #[doc(alias = "handle_one_request")]
    fn handle(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        match *request.method() {
            Method::GET => self.do_get(request, response),
            Method::HEAD => self.do_head(request, response),
            Method::POST => self.do_post(request, response),
            Method::PUT => self.do_put(request, response),
            Method::DELETE => self.do_delete(request, response),
            Method::OPTIONS => self.do_options(request, response),
            Method::PATCH => self.do_patch(request, response),
            Method::TRACE => self.do_trace(request, response),
            Method::CONNECT => self.do_connect(request, response),
            _ => self.do_other(request, response),
        }
    }

    /// Answers `GET`.
    ///
    /// # Errors
    ///
    /// Any: it becomes an error answer if nothing was sent yet; see [`Handler`] for its status.
    ///
    /// Python: `do_GET`.
    #[doc(alias = "do_GET")]
    fn do_get(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        unsupported(request, response)
    }

    /// Answers `HEAD`; runs [`do_get`](Self::do_get), and whatever body is written is dropped. Writing fails some
    /// time after the peer has gone.
    ///
    /// # Errors
    ///
    /// As [`do_get`](Self::do_get).
    ///
    /// Python: `do_HEAD`.
    #[doc(alias = "do_HEAD")]
    fn do_head(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        self.do_get(request, response)
    }

    /// Answers `POST`.
    ///
    /// # Errors
    ///
    /// As [`do_get`](Self::do_get).
    ///
    /// Python: `do_POST`.
    #[doc(alias = "do_POST")]
    fn do_post(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        unsupported(request, response)
    }

    /// Answers `PUT`.
    ///
    /// # Errors
    ///
    /// As [`do_get`](Self::do_get).
    ///
    /// Python: `do_PUT`.
    #[doc(alias = "do_PUT")]
    fn do_put(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        unsupported(request, response)
    }

    /// Answers `DELETE`.
    ///
    /// # Errors
    ///
    /// As [`do_get`](Self::do_get).
    ///
    /// Python: `do_DELETE`.
    #[doc(alias = "do_DELETE")]
    fn do_delete(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        unsupported(request, response)
    }

    /// Answers `OPTIONS`.
    ///
    /// # Errors
    ///
    /// As [`do_get`](Self::do_get).
    ///
    /// Python: `do_OPTIONS`.
    #[doc(alias = "do_OPTIONS")]
    fn do_options(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        unsupported(request, response)
    }

    /// Answers `PATCH`.
    ///
    /// # Errors
    ///
    /// As [`do_get`](Self::do_get).
    ///
    /// Python: `do_PATCH`.
    #[doc(alias = "do_PATCH")]
    fn do_patch(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        unsupported(request, response)
    }

    /// Answers `TRACE`.
    ///
    /// # Errors
    ///
    /// As [`do_get`](Self::do_get).
    ///
    /// Python: `do_TRACE`.
    #[doc(alias = "do_TRACE")]
    fn do_trace(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        unsupported(request, response)
    }

    /// Answers `CONNECT`.
    ///
    /// # Errors
    ///
    /// As [`do_get`](Self::do_get).
    ///
    /// Python: `do_CONNECT`.
    #[doc(alias = "do_CONNECT")]
    fn do_connect(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        unsupported(request, response)
    }

    /// Answers a verb that has no method of its own.
    ///
    /// # Errors
    ///
    /// As [`do_get`](Self::do_get).
    fn do_other(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        unsupported(request, response)
    }

    /// Called once for each answer, refusals of the server's own included: when its handler has returned, or, if more
    /// than 64 KiB of it or a file are still to be sent, once they are or the connection broke. Does nothing by default.
    ///
    /// `eprintln!("{entry}")` writes the common log format.
    fn log_request(&self, entry: &LogEntry<'_>) {
        let _ = entry;
    }
}

fn unsupported(request: &Request<'_>, response: Response<'_>) -> Result<()> {
    let message = format!("Unsupported method ('{}')", request.method());
    response.send_error(StatusCode::NOT_IMPLEMENTED, message.as_str())
}

/// Makes a [`Handler`] of a closure, which is given the requests of every verb.
///
/// Python: a `BaseHTTPRequestHandler` whose `do_GET`, `do_POST` and so on are one method.
///
/// # Examples
///
/// ```
/// use sockeye::http::{StatusCode, handler};
///
/// let hello = handler(|request, response| {
///     response.send_response(StatusCode::OK).body(format!("Hello {}", request.path()))
/// });
/// # let _ = hello;
/// ```
pub fn handler<F>(answer: F) -> HandlerFn<F>
where
    F: Fn(&mut Request<'_>, Response<'_>) -> Result<()> + Send + Sync,
{
    HandlerFn(answer)
}

/// The [`Handler`] that [`handler`] makes of a closure.
#[derive(Clone, Copy)]
pub struct HandlerFn<F>(F);

macro_rules! for_every_verb {
    ($write:ident) => {
        $write! { do_get do_head do_post do_put do_delete do_options do_patch do_trace do_connect do_other }
    };
}

/// Who holds a handler may call the method of a verb, too: none of them may fall back to its default.
macro_rules! pass_on {
    ($($verb:ident)*) => {$(
        fn $verb(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
            (**self).$verb(request, response)
        }
    )*};
}

macro_rules! answer_alike {
    ($($verb:ident)*) => {$(
        fn $verb(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
            self.handle(request, response)
        }
    )*};
}

macro_rules! handlers_that_hold_one {
    ($($holder:ty),*) => {$(
        impl<H: Handler + ?Sized> Handler for $holder {
            fn handle(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
                (**self).handle(request, response)
            }

            for_every_verb!(pass_on);

            fn log_request(&self, entry: &LogEntry<'_>) {
                (**self).log_request(entry);
            }
        }
    )*};
}

handlers_that_hold_one!(&H, Box<H>, Arc<H>);

impl<F> Handler for HandlerFn<F>
where
    F: Fn(&mut Request<'_>, Response<'_>) -> Result<()> + Send + Sync,
{
    fn handle(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        (self.0)(request, response)
    }

    for_every_verb!(answer_alike);
}

impl<F> fmt::Debug for HandlerFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandlerFn")
    }
}
