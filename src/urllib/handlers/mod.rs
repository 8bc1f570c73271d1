//! The handlers that come with the crate, each in a file of its own; the table of their order stands at
//! [`Handler`](super::Handler).

mod auth;
#[cfg(feature = "cookies")]
mod cookies;
mod data_url;
#[cfg(any(feature = "gzip", feature = "brotli", feature = "zstd"))]
mod decode;
mod file;
mod hsts;
mod known;
#[cfg(feature = "log")]
mod log;
mod proxy;
mod redirect;
mod retry;
mod status;
mod watch;

use ::http::Method;

use super::{Handler, Request};
use crate::error::{Error, ErrorKind, Result};

pub(super) use auth::Credentials;
pub use auth::{
    BasicAuthHandler, BearerAuthHandler, Netrc, NetrcHandler, PasswordManager, ProxyBasicAuthHandler,
};
#[cfg(feature = "digest")]
pub use auth::{DigestAuthHandler, ProxyDigestAuthHandler};
#[cfg(feature = "cookies")]
pub use cookies::{Cookie, CookieFile, CookieHandler, CookieJar};
pub use data_url::DataHandler;
#[cfg(any(feature = "gzip", feature = "brotli", feature = "zstd"))]
pub use decode::DecodeHandler;
pub use file::FileHandler;
pub use hsts::HstsHandler;
pub(super) use known::Known;
#[cfg(feature = "log")]
pub use log::LogHandler;
pub use proxy::ProxyHandler;
pub use redirect::RedirectHandler;
pub use retry::RetryHandler;
pub use status::ErrorProcessor;
pub use watch::{Progress, Step};
pub(super) use watch::{Watch, Watcher};

/// What every opener has, unless its builder is given another one of the type. The environment is read here.
pub(super) fn defaults() -> Vec<Box<dyn Handler>> {
    vec![
        #[cfg(feature = "log")]
        Box::new(LogHandler::new()),
        Box::new(ProxyHandler::from_env()),
        Box::new(BasicAuthHandler::default()),
        Box::new(RedirectHandler::new()),
        #[cfg(any(feature = "gzip", feature = "brotli", feature = "zstd"))]
        Box::new(DecodeHandler::new()),
        Box::new(ErrorProcessor::new()),
        Box::new(DataHandler::new()),
        Box::new(FileHandler::new()),
    ]
}

/// What isn't HTTP can only be read.
fn only_get(scheme: &str, request: &Request) -> Result<()> {
    if matches!(*request.get_method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    let message = format!("a {scheme} URL can't be asked by {}", request.get_method());
    Err(Error::new(ErrorKind::InvalidInput, message))
}
