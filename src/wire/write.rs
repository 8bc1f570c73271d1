//! Heads as bytes.
//!
//! - [`status_line`], [`request_line`]: first lines
//! - [`field`], [`header`]: field lines
//! - [`number`], [`hexadecimal`]: without `format!`
//!
//! What comes from outside is checked as it is written: CR, LF and NUL can't get into a head, so nobody can add
//! a line to it or split it in two (response splitting). A call that refuses has written nothing.

use ::http::{HeaderName, HeaderValue, Method, StatusCode};
use thiserror::Error;

use crate::error::{Error, ErrorKind};

/// Why something can't stand in a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub(crate) enum FieldError {
    #[error("field name is not a token")]
    Name,
    #[error("control character in a field value")]
    Value,
    #[error("character in a request target that must be percent-encoded")]
    Target,
}

/// Writes a response's first line, with the status' usual phrase.
#[inline]
pub(crate) fn status_line(out: &mut Vec<u8>, status: StatusCode) {
    if status == StatusCode::OK {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        return;
    }
    put_status_line(out, status, status.canonical_reason().unwrap_or_default().as_bytes());
}

/// Writes a request's first line.
///
/// # Errors
///
/// [`FieldError::Target`] unless the target is visible ASCII and not empty.
pub(crate) fn request_line(out: &mut Vec<u8>, method: &Method, target: &str) -> Result<(), FieldError> {
    let method = method.as_str();
    if target.is_empty() || !all(target.as_bytes(), |byte| matches!(byte, b'!'..=b'~')) {
        return Err(FieldError::Target);
    }
    out.reserve(method.len() + target.len() + 12);
    out.extend_from_slice(method.as_bytes());
    out.push(b' ');
    out.extend_from_slice(target.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    Ok(())
}

/// Writes a field line; the name keeps its case.
///
/// # Errors
///
/// [`FieldError::Name`] unless the name is a token, [`FieldError::Value`] for a control character other than tab
/// (RFC 9110 §5.1, §5.5).
#[inline]
pub(crate) fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) -> Result<(), FieldError> {
    check_field(name, value)?;
    put_field(out, name, value);
    Ok(())
}

/// Whether [`field`] would write that: to refuse it where it is set.
///
/// # Errors
///
/// As for [`field`].
#[inline]
pub(crate) fn check_field(name: &str, value: &[u8]) -> Result<(), FieldError> {
    if !is_token(name.as_bytes()) {
        return Err(FieldError::Name);
    }
    if !is_text(value) {
        return Err(FieldError::Value);
    }
    Ok(())
}

/// Writes a field line of the ecosystem's types, which were checked when they were made.
#[inline]
pub(crate) fn header(out: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    put_field(out, name.as_str(), value.as_bytes());
}

/// Writes `Content-Length`.
#[inline]
pub(crate) fn content_length(out: &mut Vec<u8>, length: u64) {
    let mut digits = [0; DIGITS];
    put_field(out, "Content-Length", decimal(&mut digits, length));
}

/// Ends a head.
#[inline]
pub(crate) fn end(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\r\n");
}

/// Writes a number in decimal digits.
#[inline]
pub(crate) fn number(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0; DIGITS];
    out.extend_from_slice(decimal(&mut digits, value));
}

/// Writes a number in hexadecimal digits, without leading zeros.
pub(crate) fn hexadecimal(out: &mut Vec<u8>, value: u64) {
    let count = (value | 1).ilog2() / 4 + 1;
    for place in (0..count).rev() {
        out.push(b"0123456789abcdef"[(value >> (4 * place)) as usize & 15]);
    }
}

/// Whether that is a `token` (RFC 9110 §5.6.2): a method, a field's name, a parameter's.
#[inline]
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && all(bytes, |byte| TOKEN[usize::from(byte)])
}

/// Whether that may stand in a field's value or a reason phrase: no control character but tab.
#[inline]
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    all(bytes, |byte| (byte >= b' ' && byte != 0x7f) || byte == b'\t')
}

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Error {
        Error::with_source(ErrorKind::InvalidInput, "HTTP head not written", error)
    }
}

/// Without an early end, so that the compiler can look at many bytes at once.
#[inline]
fn all(bytes: &[u8], good: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(true, |so_far, &byte| so_far & good(byte))
}

fn put_status_line(out: &mut Vec<u8>, status: StatusCode, reason: &[u8]) {
    out.reserve(reason.len() + 15);
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    // The space stays when there is no phrase (RFC 9112 §4).
    out.push(b' ');
    out.extend_from_slice(reason);
    out.extend_from_slice(b"\r\n");
}

#[inline]
fn put_field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    // Room once, then four copies that needn't ask again.
    out.reserve(name.len() + value.len() + 4);
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Digits of `u64::MAX`.
const DIGITS: usize = 20;

#[inline]
fn decimal(digits: &mut [u8; DIGITS], mut value: u64) -> &[u8] {
    let mut at = DIGITS;
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return &digits[at..];
        }
    }
}

/// `tchar`.
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+')
            || matches!(byte, b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~');
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests;
