//! A header as it is handed in: anything that makes a name and a value, checked once.

use ::http::{HeaderName, HeaderValue};

use crate::error::{Error, ErrorKind, Result};

/// The name and the value, or which of them is unclean.
pub(super) fn checked(
    name: impl TryInto<HeaderName>,
    value: impl TryInto<HeaderValue>,
) -> Result<(HeaderName, HeaderValue)> {
    let name = name.try_into().map_err(|_| no_token("a header's name"))?;
    let value = value.try_into().map_err(|_| {
        let message = format!("the value of {name} holds a line break or another control character");
        Error::new(ErrorKind::InvalidInput, message)
    })?;
    Ok((name, value))
}

/// What should be a token (RFC 9110 §5.6.2) isn't one.
pub(super) fn no_token(what: &str) -> Error {
    let message = format!("{what} is empty or holds what it can't hold, such as a space or a colon");
    Error::new(ErrorKind::InvalidInput, message)
}
