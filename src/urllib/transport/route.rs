//! [`Route`]: everything that shapes a connection, hence the pool's key.

use std::borrow::Cow;

use url::{Host, Url};

use super::connection::Wait;
use crate::{
    cancel::CancelToken,
    error::{Error, ErrorKind, Result},
    socket,
    stream::Stream,
};

/// Everything that shapes a connection.
///
/// [`dial`](Route::dial) makes connections of a route and of nothing else, so two equal routes can't lead to
/// connections that differ. What comes later (proxy, TLS settings, a local address) becomes a field here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route<'a> {
    scheme: Scheme,
    /// A name, or an address without brackets.
    host: Cow<'a, str>,
    port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
}

impl Route<'_> {
    /// The way to that URL's server.
    pub(super) fn to(url: &Url) -> Result<Route<'_>> {
        let host = match url.host() {
            Some(Host::Domain(name)) => Cow::Borrowed(name),
            // Its text is the canonical one, which is also how the URL spells it.
            Some(Host::Ipv4(_)) => Cow::Borrowed(url.host_str().unwrap_or_default()),
            Some(Host::Ipv6(address)) => Cow::Owned(address.to_string()),
            None => return Err(Error::new(ErrorKind::InvalidInput, "the URL has no host")),
        };
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(Route { scheme: Scheme::Http, host, port })
    }

    pub(super) fn into_owned(self) -> Route<'static> {
        Route { scheme: self.scheme, host: self.host.into_owned().into(), port: self.port }
    }

    /// Finds the host and connects.
    pub(super) fn dial(&self, wait: Wait, cancel: Option<&CancelToken>) -> Result<Stream> {
        match self.scheme {
            Scheme::Http => Ok(Stream::Plain(socket::dial(&self.host, self.port, wait.until(), cancel)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_equal_when_the_server_is() {
        let route = |text: &str| Route::to(&Url::parse(text).unwrap()).unwrap().into_owned();
        assert_eq!(route("http://h/a"), route("http://me@H:80/b?c"));
        assert_ne!(route("http://h/"), route("http://h:81/"));
        assert_ne!(route("http://h/"), route("http://g/"));
        assert_eq!(route("http://[::1]:8/").host, "::1");
        assert_eq!(route("http://0x7f.1/").host, "127.0.0.1");
    }
}
