//! Who asks: passwords, tokens, and the handlers that show them.
//!
//! - [`PasswordManager`]: which user name and password belong to which URL and realm
//! - [`BasicAuthHandler`], [`DigestAuthHandler`], [`BearerAuthHandler`], [`NetrcHandler`]
//! - [`ProxyBasicAuthHandler`], `ProxyDigestAuthHandler`: the same for proxies
//! - [`challenge`]: what `WWW-Authenticate` and `Proxy-Authenticate` ask for
//!
//! Whatever a handler adds, it adds as a header that no redirect carries along, and only for the URLs that it was
//! given for: at each hop it is asked anew.

mod basic;
mod bearer;
pub(in crate::urllib) mod challenge;
#[cfg(feature = "digest")]
mod digest;
mod kept;
mod netrc;
mod passwords;
mod proxy;
#[cfg(feature = "digest")]
mod proxy_digest;

use ::http::{HeaderValue, header::AUTHORIZATION};

pub use basic::BasicAuthHandler;
pub use bearer::BearerAuthHandler;
#[cfg(feature = "digest")]
pub use digest::DigestAuthHandler;
pub use netrc::{Netrc, NetrcHandler};
pub(in crate::urllib) use passwords::Credentials;
pub use passwords::PasswordManager;
pub use proxy::ProxyBasicAuthHandler;
#[cfg(feature = "digest")]
pub use proxy_digest::ProxyDigestAuthHandler;

use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{Data, Request},
};

impl Request {
    /// Sends a user name and a password with it (RFC 7617). Redirects to another scheme, host or port don't carry them
    /// along.
    ///
    /// Python: `urllib.request.HTTPBasicAuthHandler`; requests' `auth=(user, password)`.
    ///
    /// ```
    /// use sockeye::urllib::Request;
    ///
    /// let request = Request::new("http://127.0.0.1/")?.basic_auth("Aladdin", "open sesame");
    /// assert_eq!(request.headers()["authorization"], "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn basic_auth(self, user: &str, password: &str) -> Request {
        self.authorization(Credentials::new(user, password).basic())
    }

    /// Sends a token with it (RFC 6750). Redirects to another scheme, host or port don't carry it along.
    ///
    /// ```
    /// use sockeye::urllib::Request;
    ///
    /// let request = Request::new("http://127.0.0.1/")?.bearer_auth("mF_9.B5f-4.1JqM");
    /// assert_eq!(request.headers()["authorization"], "Bearer mF_9.B5f-4.1JqM");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn bearer_auth(self, token: &str) -> Request {
        self.authorization(bearer::value(token))
    }

    fn authorization(mut self, value: Result<HeaderValue>) -> Request {
        match value {
            Ok(value) => drop(self.headers_mut().insert(AUTHORIZATION, value)),
            Err(error) => self.refuse(error),
        }
        self
    }
}

/// Says who asks, for this request alone.
fn authorize(request: &mut Request, value: HeaderValue) {
    request.unredirected_headers_mut().insert(AUTHORIZATION, value);
}

/// Whether somebody has said already who asks.
fn is_authorized(request: &Request) -> bool {
    request.own(&AUTHORIZATION).is_some()
}

/// Whether a challenge can be answered: the user has no word of their own on it, and the data can go out once more.
fn may_answer(request: &Request) -> bool {
    !request.headers().contains_key(AUTHORIZATION) && request.data_ref().is_none_or(Data::is_replayable)
}

/// A header's value that no log should show.
fn secret(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Error::new(ErrorKind::InvalidInput, "the credentials hold a line break or another control character")
    })?;
    value.set_sensitive(true);
    Ok(value)
}
