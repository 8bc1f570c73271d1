//! [`BearerAuthHandler`]: a token for one place.

use std::fmt;

use ::http::HeaderValue;

use super::{authorize, is_authorized, passwords::Place, secret};
use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{Exchange, Handler, Request},
};

/// Sends a token (Bearer, RFC 6750) with each request for a URL and what is below, and with no other one, wherever
/// redirects lead.
///
/// A header `Authorization` that the request has is left alone. Its order is 320.
///
/// Python: urllib has none.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{BearerAuthHandler, build_opener};
///
/// # fn main() -> sockeye::Result<()> {
/// # use sockeye::http::{HttpServer, StatusCode, handler};
/// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(handler(|request, response| {
/// #     let sent = request.headers().get("authorization").and_then(|value| value.to_str().ok());
/// #     response.send_response(StatusCode::OK).body(sent.unwrap_or("nothing"))
/// # }))?;
/// # let url = format!("http://{}", server.addr());
/// let token = BearerAuthHandler::new(format!("{url}/v1"), "mF_9.B5f-4.1JqM")?;
/// let opener = build_opener().add_handler(token).build();
/// // This server answers with what it was sent.
/// let sent = |path: &str| std::io::read_to_string(opener.open(format!("{url}{path}"))?).map_err(sockeye::Error::from);
/// assert_eq!(sent("/v1/users")?, "Bearer mF_9.B5f-4.1JqM");
/// assert_eq!(sent("/v2/users")?, "nothing");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BearerAuthHandler {
    place: Place,
    value: HeaderValue,
}

impl BearerAuthHandler {
    /// That token, for URLs of the same scheme, host and port whose path is that URL's or below.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] when it isn't an absolute URL, or the token holds what a token can't.
    pub fn new(url: impl AsRef<str>, token: &str) -> Result<BearerAuthHandler> {
        Ok(BearerAuthHandler { place: Place::new(url.as_ref())?, value: value(token)? })
    }
}

/// RFC 6750 §2.1.
pub(super) fn value(token: &str) -> Result<HeaderValue> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    if token.is_empty() || !token.chars().all(allowed) {
        let message = "a bearer token has letters, digits and -._~+/= only";
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    secret(&format!("Bearer {token}"))
}

impl Handler for BearerAuthHandler {
    fn order(&self) -> i32 {
        320
    }

    fn request(&self, request: &mut Request, _: &mut Exchange<'_>) -> Result<()> {
        if self.place.covers(request.url()) && !is_authorized(request) {
            authorize(request, self.value.clone());
        }
        Ok(())
    }
}

impl fmt::Debug for BearerAuthHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerAuthHandler").field("place", &self.place).finish_non_exhaustive()
    }
}
