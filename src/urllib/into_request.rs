//! [`IntoRequest`]: what [`urlopen`](super::urlopen) takes.

use url::Url;

use super::Request;
use crate::error::Result;

/// What [`urlopen`](super::urlopen) takes: a URL as text or parsed, or a [`Request`].
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
