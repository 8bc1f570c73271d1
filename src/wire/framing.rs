//! Where a body ends, whether the connection lasts, and what the client expects: decided once, from the head.
//!
//! - [`request_framing`], [`response_framing`]: one function per direction
//! - [`persistence`]: whether another message may follow
//! - [`expectation`]: `Expect: 100-continue`
//!
//! Two parties that disagree on a body's end can be made to disagree on where the next request begins
//! (request smuggling). So whatever can be read in two ways is refused, also where RFC 9112 lets a recipient
//! guess.

use ::http::{Method, StatusCode};
use thiserror::Error;

use crate::error::{Error, ErrorKind};

use super::{
    fields::{Fields, Name, members, trim},
    head::{RequestHead, ResponseHead, Version},
};

mod host;

pub(crate) use host::is_host;

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none.
    None,
    /// After so many bytes; they may be 0.
    Length(u64),
    /// After the chunk of size 0 and its trailers.
    Chunked,
    /// Where the connection ends; responses only.
    UntilClose,
}

/// Whether the connection lasts beyond this message, as far as its sender is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Persistence {
    /// Another one may follow.
    KeepAlive,
    /// Nothing follows.
    Close,
}

/// What a request wants before it sends its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expectation {
    /// Nothing.
    None,
    /// A `100 Continue`, or a final answer.
    Continue,
    /// Something unknown: 417.
    Unknown,
}

/// Why a message's end, or the host that it is for, can't be told for sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub(crate) enum FramingError {
    #[error("malformed Content-Length")]
    ContentLength,
    #[error("Content-Length more than once")]
    ContentLengthRepeated,
    #[error("both Content-Length and Transfer-Encoding")]
    LengthAndCoding,
    #[error("Transfer-Encoding in HTTP/1.0")]
    CodingInHttp10,
    #[error("malformed Transfer-Encoding")]
    TransferEncoding,
    #[error("unknown transfer coding")]
    UnknownCoding,
    #[error("no Host field")]
    HostMissing,
    #[error("Host more than once")]
    HostRepeated,
    #[error("malformed Host")]
    Host,
}

/// Where a request's body ends; and its Host is checked, so that nobody can forget to.
///
/// RFC 9112 §6.3, for requests; what differs is marked:
///
/// | | the head says | the body |
/// |---|---|---|
/// | 3 | Transfer-Encoding and Content-Length | refused (RFC: may be) |
/// | 4 | Transfer-Encoding: chunked, once and alone | ends with the chunk of size 0 |
/// | 4 | Transfer-Encoding: others, then chunked | refused: 501 |
/// | 4 | Transfer-Encoding: chunked missing, not last, or twice; or malformed | refused: 400 |
/// | 4 | Transfer-Encoding in HTTP/1.0 | refused (RFC: close afterwards) |
/// | 5 | Content-Length: a list, several lines, a sign, no digits, too large | refused (RFC: a list of equals may pass) |
/// | 6 | Content-Length: digits | has so many bytes |
/// | 7 | nothing | there is none |
///
/// A lone `gzip` is a 400 and not the 501 of §6.1 for a coding that isn't known: without a final `chunked` §6.3 leaves
/// no choice.
///
/// # Errors
///
/// [`FramingError::status`] is the answer; the connection closes after it, as nobody knows where the next request
/// begins.
#[inline]
pub(crate) fn request_framing(head: &RequestHead<'_>) -> Result<Framing, FramingError> {
    host::check(head.version, head.fields)?;
    Ok(declared(head.version, head.fields)?.unwrap_or(Framing::None))
}

/// Where the body of the answer to a request of that method ends.
///
/// RFC 9112 §6.3, for responses; what differs is marked:
///
/// | | the answer | the body |
/// |---|---|---|
/// | 1 | to HEAD; 1xx, 204, 304 | there is none, whatever the fields say |
/// | 2 | 2xx to CONNECT | there is none: a tunnel begins |
/// | 3 | Transfer-Encoding and Content-Length | refused (RFC: the former wins) |
/// | 4 | Transfer-Encoding: chunked, once and alone | ends with the chunk of size 0 |
/// | 4 | Transfer-Encoding: anything else, or in HTTP/1.0 | refused (RFC: until close) |
/// | 5 | Content-Length: a list, several lines, malformed | refused (RFC: a list of equals may pass) |
/// | 6 | Content-Length: digits | has so many bytes |
/// | 8 | nothing | ends with the connection |
///
/// # Errors
///
/// The answer can't be read, and its connection can't be used again.
pub(crate) fn response_framing(method: &Method, head: &ResponseHead<'_>) -> Result<Framing, FramingError> {
    let without_body = head.status.is_informational()
        || head.status == StatusCode::NO_CONTENT
        || head.status == StatusCode::NOT_MODIFIED
        || method == Method::HEAD
        || (method == Method::CONNECT && head.status.is_success());
    if without_body {
        return Ok(Framing::None);
    }
    Ok(declared(head.version, head.fields)?.unwrap_or(Framing::UntilClose))
}

/// Whether the connection lasts after a message with these fields (RFC 9112 §9.3): in HTTP/1.1 unless
/// `Connection` lists `close`, in HTTP/1.0 only if it lists `keep-alive` and not `close`. A body
/// [`UntilClose`](Framing::UntilClose) ends it in any case.
#[inline]
pub(crate) fn persistence(version: Version, fields: Fields<'_>) -> Persistence {
    let mut persistence = match version {
        Version::Http10 => Persistence::Close,
        Version::Http11 => Persistence::KeepAlive,
    };
    // Most requests have no such field, and most fields one member.
    match (fields.count(Name::Connection), fields.first(Name::Connection)) {
        (0, _) => return persistence,
        (1, Some(b"keep-alive" | b"Keep-Alive")) => return Persistence::KeepAlive,
        _ => {}
    }
    for option in fields.all(Name::Connection).flat_map(members) {
        if option.eq_ignore_ascii_case(b"close") {
            return Persistence::Close;
        }
        if option.eq_ignore_ascii_case(b"keep-alive") {
            persistence = Persistence::KeepAlive;
        }
    }
    persistence
}

/// Whether a `Connection` field's value says that the connection ends with this message.
pub(crate) fn says_close(value: &[u8]) -> bool {
    members(value).any(|option| option.eq_ignore_ascii_case(b"close"))
}

/// What the client waits for before it sends the body (RFC 9110 §10.1.1). A client of HTTP/1.0 can't wait.
#[inline]
pub(crate) fn expectation(head: &RequestHead<'_>) -> Expectation {
    if head.fields.count(Name::Expect) == 0 || head.version == Version::Http10 {
        return Expectation::None;
    }
    let mut expectation = Expectation::None;
    for expected in head.fields.all(Name::Expect).flat_map(members) {
        if !expected.eq_ignore_ascii_case(b"100-continue") {
            return Expectation::Unknown;
        }
        expectation = Expectation::Continue;
    }
    expectation
}

impl FramingError {
    /// The status that answers such a request.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            FramingError::UnknownCoding => StatusCode::NOT_IMPLEMENTED,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<FramingError> for Error {
    fn from(error: FramingError) -> Error {
        Error::with_source(ErrorKind::Protocol, "HTTP head", error)
    }
}

/// What the fields say of the body's end, the same in both directions.
#[inline]
fn declared(version: Version, fields: Fields<'_>) -> Result<Option<Framing>, FramingError> {
    let lengths = fields.count(Name::ContentLength);
    if fields.count(Name::TransferEncoding) > 0 {
        if version == Version::Http10 {
            return Err(FramingError::CodingInHttp10);
        }
        if lengths > 0 {
            return Err(FramingError::LengthAndCoding);
        }
        check_codings(fields)?;
        return Ok(Some(Framing::Chunked));
    }
    match fields.first(Name::ContentLength) {
        None => Ok(None),
        Some(_) if lengths > 1 => Err(FramingError::ContentLengthRepeated),
        Some(value) => Ok(Some(Framing::Length(content_length(value)?))),
    }
}

/// RFC 9110 §8.6: nothing but digits, and no more than fit.
pub(crate) fn content_length(value: &[u8]) -> Result<u64, FramingError> {
    if value.is_empty() {
        return Err(FramingError::ContentLength);
    }
    let mut length: u64 = 0;
    for &byte in value {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(FramingError::ContentLength);
        }
        let next = length.checked_mul(10).and_then(|tens| tens.checked_add(digit.into()));
        length = next.ok_or(FramingError::ContentLength)?;
    }
    Ok(length)
}

/// Exactly one coding, `chunked`, over all the lines. Others before it are merely unknown here; anything else
/// leaves the end in doubt.
fn check_codings(fields: Fields<'_>) -> Result<(), FramingError> {
    let mut unknown = 0;
    let mut chunked = 0;
    // Not `members`: an empty member makes one wonder what the sender meant.
    for coding in fields.all(Name::TransferEncoding).flat_map(|value| value.split(|&byte| byte == b',')) {
        let coding = trim(coding);
        if coding.is_empty() || chunked > 0 {
            return Err(FramingError::TransferEncoding);
        }
        if coding.eq_ignore_ascii_case(b"chunked") {
            chunked += 1;
        } else {
            unknown += 1;
        }
    }
    match (chunked, unknown) {
        (0, _) => Err(FramingError::TransferEncoding),
        (_, 0) => Ok(()),
        _ => Err(FramingError::UnknownCoding),
    }
}

#[cfg(test)]
mod tests;
