//! HTTP/1.2 and what else may come: heads of a version that httparse doesn't know.
//!
//! RFC 9110 §2.5: a message of a higher minor version is taken for one of the highest that is known, HTTP/1.1. No such
//! version exists, so this is for being right, not for being fast.

use super::{HeadError, MAX_FIELDS, Parsed, cause, check_line_end};

/// What stands where a version should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Its beginning.
    Unfinished,
    /// `HTTP/1.2` or later, below 2.
    Newer,
    /// Another major version.
    Unsupported,
    /// None.
    Malformed,
}

/// A version's form: RFC 9112 §2.3 has one digit on each side. The zeros stand for any.
const FORM: &[u8; 8] = b"HTTP/0.0";

/// Looks at bytes that should begin with a version, and that httparse refused.
pub(super) fn look(bytes: &[u8]) -> Found {
    for (at, &expected) in FORM.iter().enumerate() {
        match bytes.get(at) {
            None => return Found::Unfinished,
            Some(byte) if *byte == expected || expected == b'0' && byte.is_ascii_digit() => {}
            Some(_) => return Found::Malformed,
        }
    }
    if bytes[5] == b'1' { Found::Newer } else { Found::Unsupported }
}

/// Whether they are the beginning or the whole of such a version.
pub(super) fn is_possible(bytes: &[u8]) -> bool {
    matches!(look(bytes), Found::Newer | Found::Unfinished)
}

/// Where the version of a request ends or will end, if that is all that httparse refused.
#[cold]
pub(super) fn version_end(
    error: httparse::Error,
    request: &httparse::Request<'_, '_>,
    bytes: &[u8],
) -> Option<usize> {
    // One space each after method and target.
    let start = request.method?.len() + request.path?.len() + 2;
    let possible = error == httparse::Error::Version && is_possible(bytes.get(start..)?);
    possible.then_some(start + FORM.len())
}

/// Room for the field lines of such a head; made when it is needed.
pub(super) type Lines<'b> = Option<[httparse::Header<'b>; MAX_FIELDS]>;

/// Parses the field lines behind a first line whose line end is at `end`. Gives the head's length with them.
pub(super) fn fields<'a>(
    bytes: &'a [u8],
    end: usize,
    room: &'a mut Lines<'a>,
    most: usize,
) -> Result<Parsed<(usize, &'a [httparse::Header<'a>])>, HeadError> {
    let start = match bytes.get(end..).unwrap_or_default() {
        [] | [b'\r'] => return Ok(Parsed::Partial),
        [b'\r', b'\n', ..] => end + 2,
        [b'\r', ..] => return Err(HeadError::BareCarriageReturn),
        [b'\n', ..] => return Err(HeadError::BareLineFeed),
        _ => return Err(HeadError::Version),
    };
    let lines = room.insert([httparse::EMPTY_HEADER; MAX_FIELDS]);
    match httparse::parse_headers(&bytes[start..], &mut lines[..most]) {
        Ok(httparse::Status::Complete((len, lines))) => Ok(Parsed::Complete((start + len, lines))),
        Ok(httparse::Status::Partial) => Ok(Parsed::Partial),
        Err(error) => Err(cause::of_trailers(error, &bytes[start..])),
    }
}

/// The status code of a response's first line, and where its line end is.
#[cold]
pub(super) fn status(bytes: &[u8]) -> Result<Parsed<(Option<u16>, usize)>, HeadError> {
    let Some(feed) = bytes.iter().position(|&byte| byte == b'\n') else { return Ok(Parsed::Partial) };
    let end = feed.saturating_sub(1);
    check_line_end(bytes, end)?;
    // httparse reads a copy that says 1.1.
    let mut line = [&bytes[..=feed], b"\r\n"].concat();
    line[7] = b'1';
    let mut response = httparse::Response::new(&mut []);
    match response.parse(&line) {
        Ok(_) => Ok(Parsed::Complete((response.code, end))),
        Err(error) => Err(cause::of_response(error, &line)),
    }
}
