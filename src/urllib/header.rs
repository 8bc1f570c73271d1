//! A header as it is handed in: anything that makes a name and a value, checked once; and which ones are secret.

use ::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION, WWW_AUTHENTICATE},
};

use crate::error::{Error, ErrorKind, Result};

/// What belongs to one place and is dropped when a redirect leads to another: RFC 9110's fields, and the names under
/// which well-known services take their keys. Those are listed for users at `Request::redirect_to`.
const SECRETS: [HeaderName; 30] = [
    AUTHORIZATION,
    COOKIE,
    PROXY_AUTHORIZATION,
    WWW_AUTHENTICATE,
    HOST,
    HeaderName::from_static("api-key"),
    HeaderName::from_static("api-token"),
    HeaderName::from_static("apikey"),
    HeaderName::from_static("cookie2"),
    HeaderName::from_static("dd-api-key"),
    HeaderName::from_static("dd-application-key"),
    HeaderName::from_static("job-token"),
    HeaderName::from_static("ocp-apim-subscription-key"),
    HeaderName::from_static("private-token"),
    HeaderName::from_static("x-access-token"),
    HeaderName::from_static("x-amz-security-token"),
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-api-token"),
    HeaderName::from_static("x-auth-key"),
    HeaderName::from_static("x-auth-token"),
    HeaderName::from_static("x-csrf-token"),
    HeaderName::from_static("x-csrftoken"),
    HeaderName::from_static("x-functions-key"),
    HeaderName::from_static("x-github-token"),
    HeaderName::from_static("x-gitlab-token"),
    HeaderName::from_static("x-goog-api-key"),
    HeaderName::from_static("x-session-token"),
    HeaderName::from_static("x-shopify-access-token"),
    HeaderName::from_static("x-vault-token"),
    HeaderName::from_static("x-xsrf-token"),
];

/// Whether it is meant for one scheme, host and port only.
pub(super) fn is_secret(name: &HeaderName, value: &HeaderValue) -> bool {
    value.is_sensitive() || SECRETS.contains(name)
}

/// Takes out what is secret.
pub(super) fn drop_secrets(headers: &mut HeaderMap) {
    for name in &SECRETS {
        headers.remove(name);
    }
    if headers.values().any(HeaderValue::is_sensitive) {
        *headers = headers
            .iter()
            .filter(|(_, value)| !value.is_sensitive())
            .map(|(name, value)| (name.clone(), value.clone()))
            .fold(HeaderMap::new(), |mut kept, (name, value)| {
                kept.append(name, value);
                kept
            });
    }
}

/// Says of all values of that name that they are secret.
pub(super) fn mark(headers: &mut HeaderMap, name: &HeaderName) {
    if let ::http::header::Entry::Occupied(mut entry) = headers.entry(name) {
        entry.iter_mut().for_each(|value| value.set_sensitive(true));
    }
}

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
