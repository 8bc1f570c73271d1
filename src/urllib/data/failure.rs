//! What goes wrong with a request's own data, told apart from what goes wrong with its connection.

use std::{borrow::Cow, io};

use crate::error::{Error, ErrorKind};

/// What the error holds.
///
/// The user's reader may be a connection itself, so its error's kind says nothing of the one that the request is on.
#[derive(Clone, Copy)]
struct OfData;

/// The error of a source that failed at that. What it held, the answer of another server for instance, stays in the
/// source.
pub(in crate::urllib) fn of_data(operation: &str, error: impl Into<Error>) -> Error {
    let error = error.into();
    // These kinds promise an answer, and there is none to this request.
    let kind = if error.response().is_some() { ErrorKind::Other } else { error.kind() };
    let errno = error.raw_os_error();
    Error::with_source(kind, format!("{operation} failed"), error).with_errno(errno).with_payload(OfData)
}

/// The error of a reader.
pub(in crate::urllib) fn unread(error: io::Error) -> Error {
    of_data("read the request's data", error)
}

/// The error of data that aren't what was said of them.
pub(in crate::urllib) fn wrong_data(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(kind, message).with_payload(OfData)
}

/// Whether it is the request's own data that failed: nothing on any connection can mend that.
pub(in crate::urllib) fn is_of_data(error: &Error) -> bool {
    error.payload::<OfData>().is_some()
}
