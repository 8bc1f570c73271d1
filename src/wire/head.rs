//! Request and response heads, by httparse, and stricter than it.
//!
//! - [`parse_request`], [`parse_response`]: a head, or [`Partial`](Parsed::Partial), or what is wrong with it
//! - [`HeadScanner`]: tells when a head that drips in is worth parsing again
//!
//! What httparse lets pass and RFC 9112 allows to refuse is refused here: a bare LF as a line end (§2.2), blank
//! lines without bound, a target of no known form (§3.2) or with a fragment, blank lines before a response. What httparse
//! refuses itself: a space before the colon (§5.1), obs-fold (§5.2), NUL, bare CR and other control bytes,
//! names and methods that are no tokens, more than single spaces in the first line.

use ::http::{HeaderMap, StatusCode};
use httparse::{ParserConfig, Status};
use thiserror::Error;

use crate::error::{Error, ErrorKind};

use super::limits::Limits;

pub(crate) use super::fields::{Fields, MAX_FIELDS, Storage, storage};

mod cause;
mod newer;
mod scanner;

pub(crate) use scanner::HeadScanner;

/// What a parser made of the bytes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parsed<T> {
    /// All of it.
    Complete(T),
    /// Nothing is wrong, but there is more to come.
    Partial,
}

/// The versions that are understood; the major one is always 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Version {
    /// HTTP/1.0: no chunks, no persistence unless asked for.
    Http10,
    /// HTTP/1.1, and whatever comes after it below HTTP/2 (RFC 9110 §2.5).
    Http11,
}

/// A request's head, borrowed from the bytes that it was parsed from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestHead<'a> {
    /// A token; as it was sent, in any case.
    pub(crate) method: &'a str,
    /// Of one of the four forms of RFC 9112 §3.2: starts with `/`, or is absolute, `*` or (CONNECT) `host:port`.
    pub(crate) target: &'a str,
    pub(crate) version: Version,
    pub(crate) fields: Fields<'a>,
    /// Bytes of the head, from the blank lines before it to the empty line that ends it.
    pub(crate) len: usize,
}

/// A response's head, borrowed from the bytes that it was parsed from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResponseHead<'a> {
    pub(crate) version: Version,
    pub(crate) status: StatusCode,
    /// As it was sent: may be empty, or Latin-1.
    pub(crate) reason: &'a [u8],
    pub(crate) fields: Fields<'a>,
    /// Bytes of the head, with the empty line that ends it.
    pub(crate) len: usize,
}

/// What is wrong with a head: the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub(crate) enum HeadError {
    #[error("malformed method")]
    Method,
    #[error("method too long")]
    MethodTooLong,
    #[error("malformed request target")]
    Target,
    #[error("request target too long")]
    TargetTooLong,
    #[error("malformed HTTP version")]
    Version,
    #[error("HTTP version not supported")]
    UnsupportedVersion,
    #[error("malformed status line")]
    StatusLine,
    #[error("malformed field name")]
    FieldName,
    #[error("white space before the colon of a field")]
    SpaceBeforeColon,
    #[error("field line folded onto the next (obs-fold)")]
    ObsFold,
    #[error("malformed field value")]
    FieldValue,
    #[error("bare carriage return in the head")]
    BareCarriageReturn,
    #[error("line of the head ended by a bare line feed")]
    BareLineFeed,
    #[error("too many blank lines before the head")]
    BlankLines,
    #[error("too many fields")]
    TooManyFields,
    #[error("head too long")]
    TooLong,
}

/// Parses a request's head.
///
/// Bytes after the head are left alone, and so are those past the limit for heads.
pub(crate) fn parse_request<'a>(
    bytes: &'a [u8],
    storage: &'a mut Storage<'a>,
    limits: &Limits,
) -> Result<Parsed<RequestHead<'a>>, HeadError> {
    let bytes = within(bytes, limits);
    let Parsed::Complete(blank) = skip_blank_lines(bytes, limits)? else {
        return partial(bytes, limits);
    };
    let rest = &bytes[blank..];
    let most = limits.fields.min(MAX_FIELDS);
    let mut request = httparse::Request::new(&mut []);
    let (len, lines) = match request.parse_with_uninit_headers(rest, &mut storage.lines[..most]) {
        Ok(Status::Complete(len)) => (len, &*request.headers),
        Ok(Status::Partial) => {
            check_unfinished(&request, rest, limits)?;
            return partial(bytes, limits);
        }
        Err(error) => match newer::version_end(error, &request, rest) {
            Some(end) => {
                check_unfinished(&request, rest, limits)?;
                match newer::fields(rest, end, &mut storage.newer, most)? {
                    Parsed::Complete(found) => found,
                    Parsed::Partial => return partial(bytes, limits),
                }
            }
            None => return Err(cause::of_request(error, &request, rest, limits)),
        },
    };
    let (Some(method), Some(target)) = (request.method, request.path) else {
        // httparse sets both before it looks at the version.
        return Err(HeadError::Method);
    };
    check_request_line(method, target, limits)?;
    // One space each after method and target, and a version of eight bytes.
    check_line_end(rest, method.len() + target.len() + 10)?;
    check_last_line(rest, len)?;
    let fields = Fields::survey(rest, lines)?;
    let version = Version::known(request.version);
    Ok(Parsed::Complete(RequestHead { method, target, version, fields, len: blank + len }))
}

/// Parses a response's head. No blank line may come before it: RFC 9112 §2.2 has that for requests only.
pub(crate) fn parse_response<'a>(
    bytes: &'a [u8],
    storage: &'a mut Storage<'a>,
    limits: &Limits,
) -> Result<Parsed<ResponseHead<'a>>, HeadError> {
    let bytes = within(bytes, limits);
    if let [b'\r' | b'\n', ..] = bytes {
        return Err(HeadError::StatusLine);
    }
    let most = limits.fields.min(MAX_FIELDS);
    let slots = &mut storage.lines[..most];
    let mut response = httparse::Response::new(&mut []);
    let (code, len, lines) =
        match ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, slots) {
            Ok(Status::Complete(len)) => (response.code, len, &*response.headers),
            Ok(Status::Partial) => return partial(bytes, limits),
            Err(httparse::Error::Version) if newer::is_possible(bytes) => {
                let Parsed::Complete((code, end)) = newer::status(bytes)? else {
                    return partial(bytes, limits);
                };
                match newer::fields(bytes, end, &mut storage.newer, most)? {
                    Parsed::Complete((len, lines)) => (code, len, lines),
                    Parsed::Partial => return partial(bytes, limits),
                }
            }
            Err(error) => return Err(cause::of_response(error, bytes)),
        };
    // httparse sets it before it says `Complete`.
    let code = code.ok_or(HeadError::StatusLine)?;
    let status = StatusCode::from_u16(code).map_err(|_| HeadError::StatusLine)?;
    let reason = reason(bytes)?;
    check_last_line(bytes, len)?;
    let fields = Fields::survey(bytes, lines)?;
    let version = Version::known(response.version);
    Ok(Parsed::Complete(ResponseHead { version, status, reason, fields, len }))
}

/// Parses the field lines that follow a body's last chunk, with the empty line at their end.
///
/// Trailers are rare: these are copied into a map.
pub(super) fn parse_trailers(bytes: &[u8], fields: usize) -> Result<Parsed<HeaderMap>, HeadError> {
    let mut slots = [httparse::EMPTY_HEADER; MAX_FIELDS];
    match httparse::parse_headers(bytes, &mut slots[..fields.min(MAX_FIELDS)]) {
        Ok(Status::Complete((len, lines))) => {
            check_last_line(bytes, len)?;
            Ok(Parsed::Complete(Fields::survey(bytes, lines)?.to_header_map()))
        }
        Ok(Status::Partial) => Ok(Parsed::Partial),
        Err(error) => Err(cause::of_trailers(error, bytes)),
    }
}

impl HeadError {
    /// The status that answers a request with such a head.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            HeadError::MethodTooLong => StatusCode::NOT_IMPLEMENTED,
            HeadError::TargetTooLong => StatusCode::URI_TOO_LONG,
            HeadError::UnsupportedVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            HeadError::TooManyFields | HeadError::TooLong => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<HeadError> for Error {
    fn from(error: HeadError) -> Error {
        let kind = match error {
            HeadError::MethodTooLong
            | HeadError::TargetTooLong
            | HeadError::BlankLines
            | HeadError::TooManyFields
            | HeadError::TooLong => ErrorKind::TooLarge,
            HeadError::UnsupportedVersion => ErrorKind::Unsupported,
            _ => ErrorKind::Protocol,
        };
        Error::with_source(kind, "HTTP head", error)
    }
}

impl Version {
    /// The ecosystem's name for it.
    pub(crate) fn to_http(self) -> ::http::Version {
        match self {
            Version::Http10 => ::http::Version::HTTP_10,
            Version::Http11 => ::http::Version::HTTP_11,
        }
    }

    /// Of a minor version; of `None`, which httparse doesn't know, the highest that is known here.
    fn known(minor: Option<u8>) -> Version {
        if minor == Some(0) { Version::Http10 } else { Version::Http11 }
    }
}

/// The bytes that may belong to the head: none past the limit is looked at, so that it doesn't matter whether they
/// are there already.
fn within<'a>(bytes: &'a [u8], limits: &Limits) -> &'a [u8] {
    &bytes[..bytes.len().min(limits.head)]
}

/// More is to come; unless it would be too much.
fn partial<T>(bytes: &[u8], limits: &Limits) -> Result<Parsed<T>, HeadError> {
    if bytes.len() >= limits.head { Err(HeadError::TooLong) } else { Ok(Parsed::Partial) }
}

/// How many bytes of blank lines come before a request line.
#[inline]
fn skip_blank_lines(bytes: &[u8], limits: &Limits) -> Result<Parsed<usize>, HeadError> {
    let mut rest = bytes;
    for _ in 0..=limits.blank_lines {
        rest = match rest {
            [] | [b'\r'] => return Ok(Parsed::Partial),
            [b'\r', b'\n', after @ ..] => after,
            [b'\r', ..] => return Err(HeadError::BareCarriageReturn),
            [b'\n', ..] => return Err(HeadError::BareLineFeed),
            _ => return Ok(Parsed::Complete(bytes.len() - rest.len())),
        }
    }
    Err(HeadError::BlankLines)
}

/// A request line that isn't complete may be too long already.
fn check_unfinished(
    request: &httparse::Request<'_, '_>,
    rest: &[u8],
    limits: &Limits,
) -> Result<(), HeadError> {
    let (method, after) = match request.method {
        None => (rest.len(), 0),
        Some(method) => (method.len(), rest.len() - method.len() - 1),
    };
    check_lengths(method, request.path.map_or(after, str::len), limits)
}

#[inline]
fn check_lengths(method: usize, target: usize, limits: &Limits) -> Result<(), HeadError> {
    if method > limits.method {
        return Err(HeadError::MethodTooLong);
    }
    if target > limits.target {
        return Err(HeadError::TargetTooLong);
    }
    Ok(())
}

#[inline]
fn check_request_line(method: &str, target: &str, limits: &Limits) -> Result<(), HeadError> {
    check_lengths(method.len(), target.len(), limits)?;
    let fits = match method {
        "CONNECT" => is_authority_form(target),
        _ if target.contains('#') => false,
        _ if target.starts_with('/') => true,
        "OPTIONS" if target == "*" => true,
        _ => is_absolute_form(target),
    };
    if fits { Ok(()) } else { Err(HeadError::Target) }
}

/// RFC 9112 §3.2.3: `host:port`, both required.
fn is_authority_form(target: &str) -> bool {
    match target.rsplit_once(':') {
        Some((host, port)) => {
            !host.is_empty()
                && !port.is_empty()
                && port.bytes().all(|byte| byte.is_ascii_digit())
                && super::framing::is_host(target.as_bytes())
        }
        None => false,
    }
}

/// RFC 9112 §3.2.2: a scheme, `://` and a host, which must not be empty (RFC 9110 §4.2.1) nor have user info
/// before it (§4.2.4).
fn is_absolute_form(target: &str) -> bool {
    let Some((scheme, rest)) = target.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        && !matches!(authority.as_bytes(), [] | [b':', ..])
        && super::framing::is_host(authority.as_bytes())
}

/// The line that httparse has found to end there is ended by CR LF, not by LF alone.
#[inline]
fn check_line_end(bytes: &[u8], at: usize) -> Result<(), HeadError> {
    if bytes.get(at) == Some(&b'\r') { Ok(()) } else { Err(HeadError::BareLineFeed) }
}

/// So is the empty line that makes `bytes` a head of that length; in trailers there may be nothing before it.
#[inline]
fn check_last_line(bytes: &[u8], len: usize) -> Result<(), HeadError> {
    check_line_end(bytes, len.wrapping_sub(2))
}

/// The reason phrase of a status line that httparse has accepted: `HTTP/1.1 200`, then perhaps a space and the
/// phrase. httparse itself drops a phrase that isn't ASCII.
fn reason(bytes: &[u8]) -> Result<&[u8], HeadError> {
    let after = bytes.get(12..).unwrap_or_default();
    let phrase = match after {
        [b' ', rest @ ..] => rest,
        rest => rest,
    };
    let end = phrase.iter().position(|&byte| matches!(byte, b'\r' | b'\n'));
    let end = end.ok_or(HeadError::StatusLine)?;
    check_line_end(phrase, end)?;
    Ok(&phrase[..end])
}

#[cfg(test)]
mod tests;
