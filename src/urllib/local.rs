//! URLs of Unix sockets, and openers that know one place only.

use std::{ffi::OsString, os::unix::ffi::OsStringExt, path::Path};

use percent_encoding::percent_decode_str;
use url::{Position, Url};

use super::Request;
use crate::error::{Error, ErrorKind, Result};

/// `http+unix://%2Frun%2Fx.sock/path`, as requests-unixsocket and others write it: the host is the socket's path.
pub(super) const SCHEME: &str = "http+unix";

/// Sends the request on its way to the Unix socket that its URL names, or else to the opener's.
pub(super) fn route(request: &mut Request, openers: Option<&Path>) -> Result<()> {
    if request.url().scheme() != SCHEME {
        if let Some(path) = openers.filter(|_| request.unix().is_none() && request.via().is_none()) {
            request.set_unix(path);
        }
        return Ok(());
    }
    let url = request.url();
    let path: Vec<u8> = percent_decode_str(url.host_str().unwrap_or_default()).collect();
    if path.is_empty() {
        let message = format!("a URL of a Unix socket is written as {SCHEME}://%2Frun%2Fx.sock/path");
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    // The path tells nothing to who listens there.
    let user = &url[Position::BeforeUsername..Position::BeforeHost];
    let plain = Url::parse(&format!("http://{user}localhost{}", &url[Position::AfterHost..]))
        .map_err(|error| Error::with_source(ErrorKind::InvalidInput, "not a URL of a Unix socket", error))?;
    request.set_url(plain);
    request.set_unix(Path::new(&OsString::from_vec(path)));
    Ok(())
}
