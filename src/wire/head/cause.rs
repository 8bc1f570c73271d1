//! What was wrong with a head that httparse refused: it tells the kind of place, and this looks closer.
//!
//! Only refused heads come here. The answer depends on nothing behind the offending byte, so that it is the
//! same however the bytes came.

use super::{
    HeadError, Limits,
    newer::{self, Found},
};

/// Why httparse refused a request's head.
#[cold]
pub(super) fn of_request(
    error: httparse::Error,
    request: &httparse::Request<'_, '_>,
    bytes: &[u8],
    limits: &Limits,
) -> HeadError {
    let Some(method) = request.method else {
        let token = bytes.iter().take_while(|&&byte| is_token(byte)).count();
        return if token > limits.method { HeadError::MethodTooLong } else { HeadError::Method };
    };
    if method.len() > limits.method {
        return HeadError::MethodTooLong;
    }
    let after_method = bytes.get(method.len() + 1..).unwrap_or_default();
    let target = after_method.iter().take_while(|&&byte| byte > b' ' && byte != 0x7f).count();
    if target > limits.target {
        return HeadError::TargetTooLong;
    }
    if request.path.is_none() {
        return HeadError::Target;
    }
    let version = after_method.get(target + 1..).unwrap_or_default();
    match error {
        httparse::Error::Version => of_version(version),
        httparse::Error::NewLine => of_line_end(version.get(8..).unwrap_or_default()),
        error => of_fields(error, bytes),
    }
}

/// Why httparse refused a response's head.
#[cold]
pub(super) fn of_response(error: httparse::Error, bytes: &[u8]) -> HeadError {
    match error {
        httparse::Error::Version => of_version(bytes),
        httparse::Error::Status => HeadError::StatusLine,
        httparse::Error::NewLine => HeadError::BareCarriageReturn,
        error => of_fields(error, bytes),
    }
}

/// Why httparse refused the trailers of a body.
#[cold]
pub(super) fn of_trailers(error: httparse::Error, bytes: &[u8]) -> HeadError {
    of_lines(error, bytes)
}

/// Why httparse refused the field lines of a head, which come after its first line.
fn of_fields(error: httparse::Error, head: &[u8]) -> HeadError {
    let first_line = head.iter().position(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    of_lines(error, head.get(first_line..).unwrap_or_default())
}

fn of_lines(error: httparse::Error, bytes: &[u8]) -> HeadError {
    match error {
        httparse::Error::TooManyHeaders => HeadError::TooManyFields,
        httparse::Error::HeaderName => of_name(bytes),
        httparse::Error::HeaderValue => of_value(bytes),
        httparse::Error::NewLine => HeadError::BareCarriageReturn,
        // Of first lines, which were looked at already.
        httparse::Error::Token | httparse::Error::Status | httparse::Error::Version => HeadError::FieldName,
    }
}

/// `bytes` should begin with `HTTP/1.` and a digit, and don't.
fn of_version(bytes: &[u8]) -> HeadError {
    match newer::look(bytes) {
        Found::Unsupported => HeadError::UnsupportedVersion,
        _ => HeadError::Version,
    }
}

/// What follows a request's version should be CR LF, or else the last line of the head is at fault.
fn of_line_end(bytes: &[u8]) -> HeadError {
    match bytes.first() {
        Some(b'\r' | b'\n') => HeadError::BareCarriageReturn,
        _ => HeadError::Version,
    }
}

/// The first field line whose name isn't a token before a colon.
fn of_name(bytes: &[u8]) -> HeadError {
    for line in bytes.split(|&byte| byte == b'\n') {
        let name = line.iter().take_while(|&&byte| is_token(byte)).count();
        match (name, line.get(name)) {
            (1.., Some(b':')) => {}
            (0, Some(b' ' | b'\t')) => return HeadError::ObsFold,
            (_, Some(b' ' | b'\t')) => return HeadError::SpaceBeforeColon,
            _ => return HeadError::FieldName,
        }
    }
    HeadError::FieldName
}

/// The first control byte in the field lines that isn't part of a line's end.
fn of_value(bytes: &[u8]) -> HeadError {
    let mut rest = bytes;
    loop {
        rest = match rest {
            [b'\r', b'\n', after @ ..] => after,
            [b'\r', ..] => return HeadError::BareCarriageReturn,
            [b'\t' | b'\n' | b' '..=0x7e | 0x80.., after @ ..] => after,
            _ => return HeadError::FieldValue,
        };
    }
}

/// `tchar` of RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
