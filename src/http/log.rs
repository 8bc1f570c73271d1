//! What is said about an answered request.

use std::fmt;

use ::http::StatusCode;

use crate::{error::Error, socket::Address, wire::head::RequestHead};

/// One answered request; `Display` writes it in the common log format, and `{:#}` appends why its handler failed,
/// the server refused it or the answer broke off, if so.
///
/// Control characters and quotes of what the peer sent are escaped, so that one request is one line.
///
/// Python: the arguments of `BaseHTTPRequestHandler.log_request`.
#[derive(Clone, Copy, Debug)]
pub struct LogEntry<'a> {
    pub(super) peer: &'a Address,
    pub(super) request_line: RequestLine<'a>,
    pub(super) status: StatusCode,
    pub(super) size: u64,
    /// The answer's date as in its `Date` field: `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub(super) date: &'a [u8; 29],
    pub(super) error: Option<&'a Error>,
}

/// What is said once an answer is sent or broke off.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) version: ::http::Version,
    pub(super) status: StatusCode,
    /// The length of the body.
    pub(super) size: u64,
    pub(super) date: [u8; 29],
}

/// A request's first line, as far as it was understood.
#[derive(Clone, Copy, Debug)]
pub(super) enum RequestLine<'a> {
    Parsed {
        method: &'a str,
        target: &'a str,
        version: ::http::Version,
    },
    /// The head could not be read.
    Unknown,
}

impl Kept {
    pub(super) fn of(entry: &LogEntry<'_>, head: &RequestHead<'_>) -> Kept {
        Kept {
            method: head.method.to_owned(),
            target: head.target.to_owned(),
            version: head.version.to_http(),
            status: entry.status,
            size: entry.size,
            date: *entry.date,
        }
    }

    /// For an answer whose last bytes, so many, weren't sent, and why.
    pub(super) fn entry<'a>(
        &'a self,
        peer: &'a Address,
        left: u64,
        error: Option<&'a Error>,
    ) -> LogEntry<'a> {
        let Kept { method, target, version, status, size, date } = self;
        LogEntry {
            peer,
            request_line: RequestLine::Parsed { method, target, version: *version },
            status: *status,
            size: size.saturating_sub(left),
            date,
            error,
        }
    }
}

impl<'a> RequestLine<'a> {
    pub(super) fn of(head: &RequestHead<'a>) -> RequestLine<'a> {
        RequestLine::Parsed { method: head.method, target: head.target, version: head.version.to_http() }
    }
}

impl<'a> LogEntry<'a> {
    /// The other end.
    ///
    /// Python: `client_address`.
    #[must_use]
    pub fn peer(&self) -> &'a Address {
        self.peer
    }

    /// The request's method; `None` when its head couldn't be read.
    ///
    /// Python: `command`.
    #[must_use]
    pub fn method(&self) -> Option<&'a str> {
        match self.request_line {
            RequestLine::Parsed { method, .. } => Some(method),
            RequestLine::Unknown => None,
        }
    }

    /// The request's target as it was sent; `None` when its head couldn't be read.
    ///
    /// Python: `path`.
    #[must_use]
    pub fn target(&self) -> Option<&'a str> {
        match self.request_line {
            RequestLine::Parsed { target, .. } => Some(target),
            RequestLine::Unknown => None,
        }
    }

    /// The answer's status.
    ///
    /// Python: the argument `code` of `log_request`.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// How many bytes of the answer's body were sent: fewer than it has, if the connection broke or the peer was given
    /// up, and then there is an [`error`](Self::error). 0 in answer to `HEAD`. What waits in the server's buffer when
    /// the handler returns counts as sent, if it is at most 64 KiB.
    ///
    /// Python: the argument `size` of `log_request`.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Why the handler failed: what it returned, or that it panicked; why the server refused the request, such as
    /// `HTTP head: no Host field`; why not all of the answer was sent; or why a
    /// [`FileHandler`](super::FileHandler) answered with 404 though something is there: `a symbolic link leads out of
    /// the folder`.
    ///
    /// Python: what `socketserver.BaseServer.handle_error` is told.
    #[must_use]
    pub fn error(&self) -> Option<&'a Error> {
        self.error
    }
}

impl fmt::Display for LogEntry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer.canonical().ip() {
            Some(ip) => write!(f, "{ip}")?,
            None => write!(f, "{}", self.peer)?,
        }
        f.write_str(" - - [")?;
        log_date(self.date, f)?;
        f.write_str("] \"")?;
        match self.request_line {
            RequestLine::Parsed { method, target, version } => {
                write!(f, "{} {} {version:?}", Escaped(method), Escaped(target))?;
            }
            RequestLine::Unknown => f.write_str("-")?,
        }
        write!(f, "\" {} {}", self.status.as_str(), self.size)?;
        match self.error {
            Some(error) if f.alternate() => write!(f, ": {}", Escaped(&error.to_string())),
            _ => Ok(()),
        }
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as `06/Nov/1994:08:49:37 +0000`.
fn log_date(date: &[u8; 29], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let part = |from: usize, to: usize| date.get(from..to).and_then(|part| std::str::from_utf8(part).ok());
    let (day, month) = (part(5, 7).unwrap_or("01"), part(8, 11).unwrap_or("Jan"));
    let (year, time) = (part(12, 16).unwrap_or("1970"), part(17, 25).unwrap_or("00:00:00"));
    write!(f, "{day}/{month}/{year}:{time} +0000")
}

/// Text of the peer's without anything that could end a line or a quoted part.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if c.is_control() => write!(f, "\\x{:02x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_peer_sent_is_escaped() {
        assert_eq!(Escaped("/a\"b\r\n\u{1b}[0m").to_string(), "/a\\\"b\\x0d\\x0a\\x1b[0m");
    }

    #[test]
    fn date_of_the_common_log_format() {
        struct Date;
        impl fmt::Display for Date {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                log_date(b"Sun, 06 Nov 1994 08:49:37 GMT", f)
            }
        }
        assert_eq!(Date.to_string(), "06/Nov/1994:08:49:37 +0000");
    }
}
