//! The answer, in three steps that can't be confused: [`Response`] → [`Head`] → [`Body`].

use std::{
    fmt,
    fs::File,
    io::{self, Write},
};

use ::http::StatusCode;

use crate::error::{Error, Result};

use super::{
    error_page,
    exchange::{Exchange, Written},
    field::FieldValue,
    output::{FilePart, Output},
};

/// The answer before its status is chosen.
///
/// What a client gets is a [`urllib::Response`](crate::urllib::Response).
///
/// # Examples
///
/// ```
/// use sockeye::http::{Response, StatusCode};
///
/// fn answer(response: Response<'_>) -> sockeye::Result<()> {
///     response.send_response(StatusCode::OK).send_header("Content-Type", "text/plain").body("Hello")
/// }
/// ```
#[must_use = "a handler that doesn't answer is an error"]
pub struct Response<'a> {
    out: &'a mut Output,
    exchange: &'a Exchange<'a>,
}

/// The answer's head: status and headers so far.
///
/// `Date`, `Server`, `Content-Length` or `Transfer-Encoding`, and `Connection` are added by the server. The
/// first three may be set by hand, and `Connection: close` too.
#[must_use = "the answer is sent by end_headers, body or send_file"]
pub struct Head<'a> {
    out: &'a mut Output,
    exchange: &'a Exchange<'a>,
}

/// The answer's body; what is written goes out, framed as the head and the peer's version want it.
///
/// With a `Content-Length` exactly so many bytes: more is an error at once, less is one when the handler
/// returns, and each closes the connection. Without one, a body of up to 16 KiB gets its length counted,
/// and a longer or flushed one is sent in chunks (to HTTP/1.0: until the connection closes). What is
/// written in answer to `HEAD` is dropped (RFC 9110 §9.3.2). HTTP/1.0 knows no chunks (RFC 9112 §6.1).
///
/// Writing waits when the peer doesn't read, for [`write_timeout`](super::HttpServer::write_timeout) at most, and
/// fails earlier when too many handlers wait ([`max_threads`](super::HttpServer::max_threads)). After an error
/// nothing more is sent, and the connection is closed.
///
/// Python: `wfile`.
///
/// What a client reads is a [`urllib::Body`](crate::urllib::Body).
pub struct Body<'a> {
    out: &'a mut Output,
    exchange: &'a Exchange<'a>,
}

impl<'a> Response<'a> {
    pub(super) fn new(out: &'a mut Output, exchange: &'a Exchange<'a>) -> Response<'a> {
        out.begin();
        Response { out, exchange }
    }

    /// Has the log say that of the answer; the first one holds.
    pub(super) fn remark(&self, error: Error) {
        let _ = self.exchange.remark.set(error);
    }

    /// Begins the answer with a status.
    ///
    /// The reason is the standard's. An interim status (1xx) is an error, shown by the next step.
    ///
    /// Python: `BaseHTTPRequestHandler.send_response`.
    pub fn send_response(self, status: StatusCode) -> Head<'a> {
        self.out.status(status);
        Head { out: self.out, exchange: self.exchange }
    }

    /// Sends a whole error answer: a page with the status, what it means, and the message (escaped; `None`
    /// is the standard's reason).
    ///
    /// Python: `BaseHTTPRequestHandler.send_error`. There it closes the connection; here it needn't.
    ///
    /// # Errors
    ///
    /// When the connection breaks.
    pub fn send_error<'m>(self, status: StatusCode, message: impl Into<Option<&'m str>>) -> Result<()> {
        let message = message.into();
        let head = self.send_response(status);
        if head.out.has_no_content() {
            return head.body([]);
        }
        head.send_header("Content-Type", error_page::CONTENT_TYPE).body(error_page::render(status, message))
    }
}

impl<'a> Head<'a> {
    /// Adds a header.
    ///
    /// A name that isn't a token, and a value with a control character in it, is an error that
    /// [`end_headers`](Self::end_headers), [`body`](Self::body) and [`send_file`](Self::send_file) return:
    /// what a peer sent can be put here without harm.
    ///
    /// Python: `BaseHTTPRequestHandler.send_header`.
    pub fn send_header(self, name: impl AsRef<str>, value: impl FieldValue) -> Head<'a> {
        self.out.header(name.as_ref(), &value);
        self
    }

    /// Ends the head; the body is written to what it returns.
    ///
    /// Python: `BaseHTTPRequestHandler.end_headers`.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) for a wrong header or status; then nothing of this
    /// answer was sent.
    pub fn end_headers(self) -> Result<Body<'a>> {
        self.out.end_headers(self.exchange, Written::Beginning)?;
        Ok(Body { out: self.out, exchange: self.exchange })
    }

    /// Ends the head and sends these bytes as the whole body, with their length.
    ///
    /// Never waits for the peer: what can't be sent at once is sent while the thread does other work. Until then it
    /// is kept in memory, a copy for each answer, even of bytes that are shared; all of them together are bounded by
    /// [`max_unsent`](super::HttpServer::max_unsent). A long body takes no memory as a file
    /// ([`send_file`](Self::send_file)), and little when it is written piece by piece, as by [`io::copy`] from a
    /// reader ([`end_headers`](Self::end_headers)); but then a slow peer takes a thread.
    ///
    /// Python: `end_headers` and `wfile.write(bytes)`, with a `Content-Length` sent before.
    ///
    /// # Errors
    ///
    /// As [`end_headers`](Self::end_headers); and when a `Content-Length` was set that isn't theirs.
    pub fn body(self, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.out.whole_body(self.exchange, bytes.as_ref())
    }

    /// Ends the head and sends `len` bytes of a file from `offset` on, with their length.
    ///
    /// By `sendfile(2)` where it pays. Never waits for the peer, and keeps nothing in memory: what can't be sent at once
    /// is sent while the thread does other work. A file that turns out shorter breaks the connection.
    ///
    /// Python: `SimpleHTTPRequestHandler.copyfile`, which copies through memory.
    ///
    /// # Errors
    ///
    /// As [`body`](Self::body).
    pub fn send_file(self, file: File, offset: u64, len: u64) -> Result<()> {
        self.out.file(self.exchange, FilePart { file, offset, left: len })
    }
}

/// `flush` sends what was written so far; a body without a `Content-Length` is sent in chunks then.
impl Write for Body<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.out.write(self.exchange, data)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush(self.exchange)?;
        Ok(())
    }
}

impl fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Response")
    }
}

impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Head")
    }
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}
