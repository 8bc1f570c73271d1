//! [`Route`]: everything that shapes a connection, hence the pool's key.

use std::{borrow::Cow, path::Path, sync::Arc};

use ::http::{HeaderMap, header::PROXY_AUTHORIZATION};
use url::{Host, Url};

use super::{dialling::Dialling, send::Form, tunnel::Via};
#[cfg(feature = "tls")]
use crate::tls::ClientTls;
use crate::{
    error::{Error, ErrorKind, Result},
    socket::Dialler,
    stream::Stream,
    urllib::{Proxy, Request, Step, dialogue::Dialogue, proxy::Shown},
};

/// Everything that shapes a connection.
///
/// [`dial`](Route::dial) makes connections of a route and of nothing else, so two equal routes can't lead to
/// connections that differ. What holds for all connections of an opener is in the [`Outfit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route<'a> {
    scheme: Scheme,
    /// A name, or an address without brackets; nobody's where a proxy is asked for whole URLs, which may be anybody's.
    host: Cow<'a, str>,
    port: u16,
    way: Way,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    /// Two configurations are equal only if they are one.
    #[cfg(feature = "tls")]
    Https(ClientTls),
}

/// How the server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Way {
    Direct,
    /// The proxy reads the requests.
    Asked(Arc<Via>),
    /// The proxy passes bytes on.
    Through(Arc<Via>),
    Unix(Arc<Path>),
}

/// What the routes of an opener have in common.
#[derive(Clone, Debug, Default)]
pub(in crate::urllib) struct Outfit {
    #[cfg(feature = "tls")]
    pub(in crate::urllib) tls: ClientTls,
    /// The same for all connections, so no part of a route.
    pub(in crate::urllib) dialler: Dialler,
    /// Shapes no connection.
    pub(in crate::urllib) dialogue: Dialogue,
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

    fn via(&self, proxy: &Proxy, shown: Shown) -> Arc<Via> {
        Arc::new(Via {
            proxy: proxy.clone(),
            shown,
            #[cfg(feature = "tls")]
            tls: proxy.own_tls(&self.tls).cloned(),
        })
    }
}

impl Route<'_> {
    /// The way of that request, with the opener's headers.
    pub(super) fn of<'r>(request: &'r Request, defaults: &HeaderMap, outfit: &Outfit) -> Result<Route<'r>> {
        let direct = Route::to(request.url(), outfit)?;
        #[cfg(feature = "tls")]
        let direct = direct.with(request.own_tls());
        if let Some(path) = request.unix() {
            return Ok(Route { way: Way::Unix(path.clone()), ..direct });
        }
        let Some(proxy) = request.via() else { return Ok(direct) };
        let via = outfit.via(proxy, shown(request, proxy, defaults));
        Ok(match direct.scheme {
            Scheme::Http if proxy.speaks_http() && !request.wants_a_way() => {
                Route { host: Cow::Borrowed(""), port: 0, way: Way::Asked(via), ..direct }
            }
            _ => Route { way: Way::Through(via), ..direct },
        })
    }

    /// The direct way to that URL's server.
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
        Ok(Route { scheme, host, port, way: Way::Direct })
    }

    /// The same with settings of TLS of the request's own: nothing else makes it another route.
    #[cfg(feature = "tls")]
    fn with(self, own: Option<&ClientTls>) -> Self {
        match (&self.scheme, own) {
            (Scheme::Https(_), Some(own)) => Route { scheme: Scheme::Https(own.clone()), ..self },
            _ => self,
        }
    }

    pub(super) fn into_owned(self) -> Route<'static> {
        Route { host: self.host.into_owned().into(), ..self }
    }

    /// How a request is written on it.
    pub(super) fn form(&self) -> Form<'_> {
        match &self.way {
            Way::Asked(via) => Form::Absolute(via.shown.value()),
            Way::Direct | Way::Through(_) | Way::Unix(_) => Form::Origin,
        }
    }

    /// Finds the host and connects.
    pub(super) fn dial(&self, dialling: Dialling<'_>) -> Result<Stream> {
        let watch = dialling.watch;
        let stream = match &self.way {
            Way::Direct => dialling.connect(&self.host, self.port, || watch.step(Step::Resolved))?,
            Way::Unix(path) => dialling.connect_path(path)?,
            Way::Asked(via) => via.reach(dialling)?,
            Way::Through(via) => via.open(&self.host, self.port, dialling)?,
        };
        watch.step(Step::Connected);
        match &self.scheme {
            Scheme::Http => Ok(stream),
            #[cfg(feature = "tls")]
            Scheme::Https(tls) => {
                let secure = dialling.secure(stream, &self.host, tls);
                let secure = secure.inspect(|_| watch.step(Step::Secured));
                secure.map_err(|error| match &self.way {
                    // It may be the proxy that answers.
                    Way::Through(via) => error.context(format!("use the proxy {}", via.proxy)),
                    _ => error,
                })
            }
        }
    }
}

/// What an HTTP proxy is shown of the user: the request's own word, the opener's, a handler's, its URL's.
fn shown(request: &Request, proxy: &Proxy, defaults: &HeaderMap) -> Shown {
    if !proxy.speaks_http() {
        // What SOCKS shows belongs to the proxy itself.
        return Shown::Nothing;
    }
    let opener =
        || defaults.get(PROXY_AUTHORIZATION).filter(|value| request.admits(&PROXY_AUTHORIZATION, value));
    match request.own(&PROXY_AUTHORIZATION).or_else(opener) {
        Some(value) => Shown::Value(value.clone()),
        None => request.shown().cloned().unwrap_or_else(|| proxy.shown()),
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

    #[test]
    fn a_connection_is_of_one_proxy_and_one_user_of_it() -> Result<()> {
        let (outfit, none) = (Outfit::default(), HeaderMap::new());
        let route = |request: Request| Route::of(&request, &none, &outfit).map(Route::into_owned);
        let to = |url: &str, proxy: Option<&str>| -> Result<Route<'static>> {
            route(Request::new(url)?.proxy(proxy.map(Proxy::new).transpose()?))
        };
        // A proxy that reads the requests is asked for any host on one connection.
        assert_eq!(to("http://h/", Some("http://p"))?, to("http://g:81/", Some("p:80"))?);
        let through = to("http://h/", Some("socks5://p"))?;
        assert_eq!(through, to("http://h/x", Some("socks5://p"))?);
        for other in [
            to("http://g/", Some("socks5://p"))?,
            to("http://h/", Some("socks5h://p"))?,
            to("http://h/", Some("socks5://me:x@p"))?,
            to("http://h/", Some("http://p"))?,
            to("http://h/", None)?,
            route(Request::new("http://h/")?.unix_socket("/p"))?,
        ] {
            assert_ne!(through, other);
        }
        let asked = to("http://h/", Some("http://p"))?;
        assert_ne!(asked, to("http://p/", None)?);
        assert_ne!(asked, to("http://h/", Some("http://me:x@p"))?);
        let own = Request::new("http://h/")?.add_header("Proxy-Authorization", "x");
        assert_ne!(asked, route(own.proxy(Proxy::new("http://p")?))?);
        Ok(())
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_connection_is_of_one_tls_configuration() {
        let url = Url::parse("https://h/").unwrap();
        let route = |tls: &ClientTls| {
            Route::to(&url, &Outfit { tls: tls.clone(), ..Outfit::default() }).unwrap().into_owned()
        };
        let careful = ClientTls::new();
        let careless = careful.clone().dangerous_accept_any_certificate();
        assert_eq!(route(&careful), route(&careful.clone()));
        assert_ne!(route(&careful), route(&careless));
        assert_ne!(route(&careful), route(&ClientTls::new()));
        let plain = Url::parse("http://h:443/").unwrap();
        assert_ne!(
            Route::to(&plain, &Outfit { tls: careful.clone(), ..Outfit::default() }).unwrap(),
            route(&careful)
        );
        assert_eq!(route(&careful).port, 443);
        // It doesn't matter who says it.
        let (outfit, none) = (Outfit { tls: careful.clone(), ..Outfit::default() }, HeaderMap::new());
        let own = |tls| Request::from(url.clone()).tls(tls);
        let of = |request: Request| Route::of(&request, &none, &outfit).unwrap().into_owned();
        assert_eq!(of(own(&careful)), route(&careful));
        assert_eq!(of(own(&careless)), route(&careless));
        assert_ne!(of(own(&ClientTls::new())), route(&careful));
        let plainly = Request::from(plain.clone());
        assert_eq!(of(Request::from(plain).tls(&careless)), of(plainly));
    }
}
