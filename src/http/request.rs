//! The request: a borrowed head and a body to read.

use std::{
    cell::OnceCell,
    fmt,
    io::{self, BufRead, Read},
};

use ::http::{HeaderMap, Method, Version};
use percent_encoding::percent_decode_str;

use crate::{
    error::Result,
    socket::Address,
    wire::{fields::Fields, head::RequestHead},
};

use super::{
    input::{Input, Rest},
    refusal::Refusal,
};

/// A request: its head, and its body by [`Read`] and [`BufRead`].
///
/// What a client sends is a [`urllib::Request`](crate::urllib::Request).
///
/// The body ends exactly where the request says; one that breaks off earlier is an error
/// ([`UnexpectedEof`](crate::ErrorKind::UnexpectedEof)), never an end. Reading waits for the peer, as long as it
/// makes progress. Where the peer asked for `100 Continue`, that is sent with the first read; a body of at most
/// 64 KiB, or of unknown length, is asked for and collected before the handler runs. What isn't read is dropped by
/// the server.
///
/// # Examples
///
/// ```
/// use sockeye::http::{Request, Response, StatusCode};
///
/// fn echo(request: &mut Request<'_>, response: Response<'_>) -> sockeye::Result<()> {
///     let mut body = response.send_response(StatusCode::OK).end_headers()?;
///     std::io::copy(request, &mut body)?;
///     Ok(())
/// }
/// ```
pub struct Request<'a> {
    method: Method,
    target: &'a str,
    version: Version,
    fields: Fields<'a>,
    peer: &'a Address,
    path: OnceCell<String>,
    headers: OnceCell<HeaderMap>,
    body: Input<'a>,
}

/// What [`Request::bytes`] and [`Request::text`] take at most.
const WHOLE_BODY: usize = 1024 * 1024;

impl<'a> Request<'a> {
    pub(super) fn new(
        head: &RequestHead<'a>,
        method: Method,
        peer: &'a Address,
        body: Input<'a>,
    ) -> Request<'a> {
        Request {
            method,
            target: head.target,
            version: head.version.to_http(),
            fields: head.fields,
            peer,
            path: OnceCell::new(),
            headers: OnceCell::new(),
            body,
        }
    }

    /// What is wrong with its body, after an error.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.body.refusal()
    }

    /// What is left of the body.
    pub(super) fn finish(self) -> Rest {
        self.body.finish()
    }

    /// The verb.
    ///
    /// Python: `BaseHTTPRequestHandler.command`.
    #[doc(alias = "command")]
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The target as it was sent: `/a%20b?x=1`, `http://host/…` from one who takes this for a proxy, `*`.
    ///
    /// Python: `BaseHTTPRequestHandler.path`.
    #[must_use]
    pub fn target(&self) -> &'a str {
        self.target
    }

    /// The target's path as it was sent, without the query: `/a%20b`.
    ///
    /// Python: `urllib.parse.urlsplit(self.path).path`.
    #[must_use]
    pub fn raw_path(&self) -> &'a str {
        split_target(self.target).0
    }

    /// The path, percent-decoded once: `/a b`. What isn't UTF-8 then is replaced; see
    /// [`raw_path`](Self::raw_path).
    ///
    /// Python: `urllib.parse.unquote(urlsplit(self.path).path)`; `self.path` is the [target](Self::target).
    #[must_use]
    pub fn path(&self) -> &str {
        let raw = self.raw_path();
        if !raw.contains('%') {
            return raw;
        }
        self.path.get_or_init(|| percent_decode_str(raw).decode_utf8_lossy().into_owned())
    }

    /// What stands behind the target's `?`, as it was sent.
    ///
    /// Python: `urllib.parse.urlsplit(self.path).query`.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        split_target(self.target).1
    }

    /// `HTTP/1.1` or `HTTP/1.0`.
    ///
    /// Python: `BaseHTTPRequestHandler.request_version`.
    #[doc(alias = "request_version")]
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The value of the first header of that name, in any case; `None` too if it isn't UTF-8.
    ///
    /// [`fields`](Self::fields) has the others.
    ///
    /// Python: `self.headers.get(name)`.
    #[must_use]
    pub fn header(&self, name: impl AsRef<str>) -> Option<&'a str> {
        std::str::from_utf8(self.fields.get(name.as_ref())?).ok()
    }

    /// All headers; the map is built by the first call.
    ///
    /// Python: `BaseHTTPRequestHandler.headers`.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.headers.get_or_init(|| self.fields.to_header_map())
    }

    /// The headers in order, with their names as they were sent.
    ///
    /// Python: `self.headers.items()`.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + Clone + use<'a> {
        self.fields.iter()
    }

    /// The other end.
    ///
    /// Python: `BaseHTTPRequestHandler.client_address`.
    #[doc(alias = "client_address")]
    #[must_use]
    pub fn peer(&self) -> &'a Address {
        self.peer
    }

    /// The rest of the body, if it is at most 1 MiB. [`Read`] it yourself where it may be larger.
    ///
    /// Python: `self.rfile.read(length)`.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](crate::ErrorKind::TooLarge) past that: a handler that returns it answers with a 413. And what
    /// reading gives.
    pub fn bytes(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        self.take(WHOLE_BODY as u64 + 1).read_to_end(&mut body)?;
        if body.len() > WHOLE_BODY {
            return Err(self.body.reject(Refusal::NotSmall));
        }
        Ok(body)
    }

    /// The rest of the body as UTF-8 text, if it is at most 1 MiB.
    ///
    /// Python: `self.rfile.read(length).decode()`.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes); [`Protocol`](crate::ErrorKind::Protocol) for what isn't UTF-8: a handler that returns
    /// it answers with a 400.
    pub fn text(&mut self) -> Result<String> {
        String::from_utf8(self.bytes()?).map_err(|_| self.body.reject(Refusal::NotText))
    }
}

/// Path and query of a target, without the scheme and host of its absolute form (RFC 9112 §3.2.2).
fn split_target(target: &str) -> (&str, Option<&str>) {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    if path.starts_with('/') {
        return (path, query);
    }
    match path.split_once("://") {
        Some((_, rest)) => (rest.find('/').map_or("/", |slash| &rest[slash..]), query),
        None => (path, query),
    }
}

/// Reads the body, as Python's `rfile` does, but never beyond its end.
impl Read for Request<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.body.read(buf)
    }
}

/// Reads the body by lines, as Python's `rfile.readline` does, or without copying it.
impl BufRead for Request<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.body.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.body.consume(amount);
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("target", &self.target)
            .field("version", &self.version)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_target() {
        let check = |target, path, query| assert_eq!(split_target(target), (path, query), "{target}");
        check("/", "/", None);
        check("/a?b?c", "/a", Some("b?c"));
        check("//a", "//a", None);
        check("http://host/a?b", "/a", Some("b"));
        check("http://host", "/", None);
        check("http://host?b", "/", Some("b"));
        check("*", "*", None);
        check("/http://x", "/http://x", None);
    }
}
