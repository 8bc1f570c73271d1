//! [`IntoRequest`]: what [`urlopen`](super::urlopen) takes.

use url::Url;

use super::Request;
use crate::error::Result;

/// What [`urlopen`](super::urlopen) takes: a URL as text or parsed, or a [`Request`].
///
/// Python: the argument `url` of `urlopen`, text or a `Request`.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{IntoRequest, Request, Url};
///
/// fn selector(of: impl IntoRequest) -> sockeye::Result<String> {
///     Ok(of.into_request()?.selector().to_owned())
/// }
/// # fn main() -> sockeye::Result<()> {
/// let url = "http://127.0.0.1/a?b";
/// assert_eq!(selector(url)?, "/a?b");
/// assert_eq!(selector(url.parse::<Url>().expect("a URL"))?, "/a?b");
/// assert_eq!(selector(Request::new(url)?)?, "/a?b");
/// assert!(selector("/a?b").is_err());
/// # Ok(())
/// # }
/// ```
pub trait IntoRequest {
    /// The request.
    ///
    /// # Errors
    ///
    /// As [`Request::new`].
    fn into_request(self) -> Result<Request>;
}

impl IntoRequest for Request {
    fn into_request(self) -> Result<Request> {
        Ok(self)
    }
}

impl IntoRequest for Url {
    fn into_request(self) -> Result<Request> {
        Ok(self.into())
    }
}

impl IntoRequest for &Url {
    fn into_request(self) -> Result<Request> {
        Ok(self.clone().into())
    }
}

impl IntoRequest for &str {
    fn into_request(self) -> Result<Request> {
        Request::new(self)
    }
}

impl IntoRequest for String {
    fn into_request(self) -> Result<Request> {
        Request::new(self)
    }
}

impl IntoRequest for &String {
    fn into_request(self) -> Result<Request> {
        Request::new(self)
    }
}
