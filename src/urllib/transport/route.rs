//! [`Route`]: everything that shapes a connection, hence the pool's key.

use std::borrow::Cow;

use url::{Host, Url};

use super::connection::Wait;
#[cfg(feature = "tls")]
use crate::tls::{Aim, ClientTls};
use crate::{
    cancel::CancelToken,
    error::{Error, ErrorKind, Result},
    socket::{self, Bounds},
    stream::Stream,
};

/// Everything that shapes a connection.
///
/// [`dial`](Route::dial) makes connections of a route and of nothing else, so two equal routes can't lead to
/// connections that differ. What comes later (proxy, a local address) becomes a field here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route<'a> {
    scheme: Scheme,
    /// A name, or an address without brackets.
    host: Cow<'a, str>,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    /// Two configurations are equal only if they are one.
    #[cfg(feature = "tls")]
    Https(ClientTls),
}

/// What the routes of an opener have in common.
#[derive(Clone, Debug, Default)]
pub(in crate::urllib) struct Outfit {
    #[cfg(feature = "tls")]
    pub(in crate::urllib) tls: ClientTls,
}

impl Outfit {
    #[cfg(feature = "tls")]
    fn https(&self) -> Result<Scheme> {
        Ok(Scheme::Https(self.tls.clone()))
    }

    #[cfg(not(feature = "tls"))]
    fn https(&self) -> Result<Scheme> {
        Err(Error::new(ErrorKind::Unsupported, "https needs TLS: build sockeye with its feature `tls`"))
    }
}

impl Route<'_> {
    /// The way to that URL's server.
    pub(super) fn to<'u>(url: &'u Url, outfit: &Outfit) -> Result<Route<'u>> {
        let host = match url.host() {
            Some(Host::Domain(name)) => Cow::Borrowed(name),
            // Its text is the canonical one, which is also how the URL spells it.
            Some(Host::Ipv4(_)) => Cow::Borrowed(url.host_str().unwrap_or_default()),
            Some(Host::Ipv6(address)) => Cow::Owned(address.to_string()),
            None => return Err(Error::new(ErrorKind::InvalidInput, "the URL has no host")),
        };
        let port = url.port_or_known_default().unwrap_or(80);
        let scheme = if url.scheme() == "https" { outfit.https()? } else { Scheme::Http };
        Ok(Route { scheme, host, port })
    }

    pub(super) fn into_owned(self) -> Route<'static> {
        Route { scheme: self.scheme, host: self.host.into_owned().into(), port: self.port }
    }

    /// Finds the host and connects.
    pub(super) fn dial(&self, wait: Wait, cancel: Option<&CancelToken>) -> Result<Stream> {
        // One limit for the name, the connection and the handshake.
        let bounds = Bounds { deadline: wait.until(), cancel };
        let stream = Stream::Plain(socket::dial(&self.host, self.port, bounds)?);
        match &self.scheme {
            Scheme::Http => Ok(stream),
            #[cfg(feature = "tls")]
            Scheme::Https(tls) => {
                let aim = Aim { host: &self.host, protocols: &["http/1.1"] };
                stream.start_tls(aim, tls, bounds.deadline)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_equal_when_the_server_is() {
        let outfit = Outfit::default();
        let route = |text: &str| Route::to(&Url::parse(text).unwrap(), &outfit).unwrap().into_owned();
        assert_eq!(route("http://h/a"), route("http://me@H:80/b?c"));
        assert_ne!(route("http://h/"), route("http://h:81/"));
        assert_ne!(route("http://h/"), route("http://g/"));
        assert_eq!(route("http://[::1]:8/").host, "::1");
        assert_eq!(route("http://0x7f.1/").host, "127.0.0.1");
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_connection_is_of_one_tls_configuration() {
        let url = Url::parse("https://h/").unwrap();
        let route = |tls: &ClientTls| Route::to(&url, &Outfit { tls: tls.clone() }).unwrap().into_owned();
        let careful = ClientTls::new();
        let careless = careful.clone().dangerous_accept_any_certificate();
        assert_eq!(route(&careful), route(&careful.clone()));
        assert_ne!(route(&careful), route(&careless));
        assert_ne!(route(&careful), route(&ClientTls::new()));
        let plain = Url::parse("http://h:443/").unwrap();
        assert_ne!(Route::to(&plain, &Outfit { tls: careful.clone() }).unwrap(), route(&careful));
        assert_eq!(route(&careful).port, 443);
    }
}
