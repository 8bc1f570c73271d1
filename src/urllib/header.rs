//! A header as it is handed in: anything that makes a name and a value, checked once.

use ::http::{HeaderName, HeaderValue};

use crate::error::{Error, ErrorKind, Result};

/// The name and the value, or what is unclean.
pub(super) fn checked(
    name: impl TryInto<HeaderName, Error: Into<::http::Error>>,
    value: impl TryInto<HeaderValue, Error: Into<::http::Error>>,
) -> Result<(HeaderName, HeaderValue)> {
    let name = name.try_into().map_err(|error| unclean("header name", error))?;
    let value = value.try_into().map_err(|error| unclean(&format!("value of {name}"), error))?;
    Ok((name, value))
}

/// Refuses a part of a request.
pub(super) fn unclean(what: &str, error: impl Into<::http::Error>) -> Error {
    Error::with_source(ErrorKind::InvalidInput, format!("refuse the {what}"), error.into())
}
