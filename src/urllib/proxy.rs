//! [`Proxy`]: who stands between, and how it is spoken to; [`Shown`], what it is shown of the user.

use std::{fmt, str::FromStr, sync::Arc};

use ::http::HeaderValue;
use url::{Host, Position, Url};

use super::{address, handlers::Credentials};
use crate::error::{Error, ErrorKind, Result};
#[cfg(feature = "tls")]
use crate::tls::ClientTls;

/// SOCKS has one byte for the length of a name.
const SOCKS_MOST: usize = 255;

/// A proxy: its kind, where it is, and what it is shown of the user.
///
/// | URL | spoken to by | names are looked up by |
/// |---|---|---|
/// | `http://host:port`, or `host:port` alone | HTTP: whole URLs for http, CONNECT for https | the proxy |
/// | `https://host:port` (feature `tls`) | the same inside TLS | the proxy |
/// | `socks5h://host:port` | SOCKS5 (RFC 1928) | the proxy |
/// | `socks5://host:port` | SOCKS5 | this machine |
/// | `socks4a://host:port` | SOCKS4a | the proxy |
/// | `socks4://host:port` | SOCKS4: IPv4 only | this machine |
///
/// Ports are 80, 443 and 1080 by default. A user name and a password in the URL, percent-coded, are shown to the proxy
/// and to nobody else: by Basic (RFC 7617) over HTTP, by RFC 1929 over SOCKS5; SOCKS4 has user names alone.
///
/// Cheap to clone.
///
/// Python: a URL in the dictionary of `urllib.request.ProxyHandler`, which knows HTTP proxies only.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{Proxy, Request};
///
/// # fn main() -> sockeye::Result<()> {
/// let proxy = Proxy::new("socks5h://me:secret@127.0.0.1:9050")?;
/// assert_eq!(proxy.to_string(), "socks5h://127.0.0.1:9050"); // without what is secret
/// let request = Request::new("http://example.org/")?.proxy(proxy);
/// assert!(request.via().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(Arc<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: ProxyKind,
    /// Without user info.
    url: Url,
    /// A name, or an address without brackets.
    host: String,
    port: u16,
    credentials: Option<Credentials>,
    /// They, as an HTTP proxy gets them.
    basic: Option<HeaderValue>,
    #[cfg(feature = "tls")]
    tls: Option<ClientTls>,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProxyKind {
    Http,
    #[cfg(feature = "tls")]
    Https,
    Socks4,
    Socks4a,
    Socks5,
    Socks5h,
}

impl Proxy {
    /// The proxy of that URL.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] when it isn't a URL of the table above, has a path or a query, or holds what can't
    /// be shown to such a proxy; [`ErrorKind::Unsupported`] for `https` without the feature `tls`.
    pub fn new(url: impl AsRef<str>) -> Result<Proxy> {
        let text = url.as_ref();
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let mut url = Arc::unwrap_or_clone(address::parse(&whole)?);
        let kind = ProxyKind::of(url.scheme())?;
        let beyond = &url[Position::AfterPort..];
        if !matches!(beyond, "" | "/") {
            let message =
                format!("the proxy {} has a path; host and port are all", address::without_user_info(&url));
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        // By the rules of http in every scheme: `Url` leaves the hosts of those it doesn't know as they are.
        let host = match url.host_str().map(Host::parse) {
            Some(Ok(Host::Domain(name))) => name,
            Some(Ok(Host::Ipv4(ip))) => ip.to_string(),
            Some(Ok(Host::Ipv6(ip))) => ip.to_string(),
            Some(Err(_)) | None => {
                let message = format!("the proxy {} has no host", address::without_user_info(&url));
                return Err(Error::new(ErrorKind::InvalidInput, message));
            }
        };
        let port = url.port().unwrap_or(kind.default_port());
        let login = Credentials::of(&url);
        if login.is_none() && (!url.username().is_empty() || url.password().is_some()) {
            let message =
                format!("the user info of the proxy {} isn't UTF-8", address::without_user_info(&url));
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        address::drop_user_info(&mut url);
        let proxy = Proxy(Arc::new(Inner {
            kind,
            url,
            host,
            port,
            credentials: None,
            basic: None,
            #[cfg(feature = "tls")]
            tls: None,
        }));
        match login {
            Some(login) => proxy.with(login),
            None => Ok(proxy),
        }
    }

    /// With that user name and password, as they are, instead of what the URL holds percent-coded.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] when they can't be shown to such a proxy: a colon in the name, or control
    /// characters, for HTTP; more than 255 bytes for SOCKS5; a password, or NUL, for SOCKS4.
    ///
    /// ```
    /// use sockeye::urllib::Proxy;
    ///
    /// assert!(Proxy::new("http://127.0.0.1:3128")?.credentials("me", "p@ss/word").is_ok());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn credentials(self, user: impl Into<String>, password: impl Into<String>) -> Result<Proxy> {
        self.with(Credentials::new(user, password))
    }

    /// How TLS is spoken with it, if its URL is `https:`. Default is
    /// [`OpenerBuilder::tls`](super::OpenerBuilder::tls), as for servers.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: &ClientTls) -> Proxy {
        Arc::make_mut(&mut self.0).tls = Some(tls.clone());
        self
    }

    fn with(mut self, login: Credentials) -> Result<Proxy> {
        let named = |error: Error| error.context(format!("log in at the proxy {self}"));
        let basic = match self.0.kind {
            ProxyKind::Socks4 | ProxyKind::Socks4a => check_socks4(&login).map(|()| None),
            ProxyKind::Socks5 | ProxyKind::Socks5h => check_socks5(&login).map(|()| None),
            _ => login.basic().map(Some),
        };
        let basic = basic.map_err(named)?;
        let inner = Arc::make_mut(&mut self.0);
        (inner.basic, inner.credentials) = (basic, Some(login));
        Ok(self)
    }
}

impl Proxy {
    pub(super) fn kind(&self) -> ProxyKind {
        self.0.kind
    }

    /// Whether it understands HTTP, rather than addresses alone.
    pub(super) fn speaks_http(&self) -> bool {
        !self.0.kind.is_socks()
    }

    /// Its URL without user info.
    pub(super) fn url(&self) -> &Url {
        &self.0.url
    }

    pub(super) fn host(&self) -> &str {
        &self.0.host
    }

    pub(super) fn port(&self) -> u16 {
        self.0.port
    }

    /// What its URL holds of a user.
    pub(super) fn login(&self) -> Option<&Credentials> {
        self.0.credentials.as_ref()
    }

    /// How TLS is spoken with it, if it is at all.
    #[cfg(feature = "tls")]
    pub(super) fn own_tls<'p>(&'p self, usual: &'p ClientTls) -> Option<&'p ClientTls> {
        (self.0.kind == ProxyKind::Https).then(|| self.0.tls.as_ref().unwrap_or(usual))
    }

    /// What it is shown unless a handler has said what else.
    pub(super) fn shown(&self) -> Shown {
        self.0.basic.clone().map_or(Shown::Nothing, Shown::Value)
    }
}

impl FromStr for Proxy {
    type Err = Error;

    fn from_str(url: &str) -> Result<Proxy> {
        Proxy::new(url)
    }
}

/// Its URL without user info.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.url[..Position::AfterPort])
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// What an HTTP proxy is shown of the user, in `Proxy-Authorization`.
///
/// It is equal to what makes the same connection: the same value; or an answer to a challenge, which is another one
/// each time, of the same user.
#[derive(Clone, Debug)]
pub(super) enum Shown {
    Nothing,
    Value(HeaderValue),
    #[cfg(feature = "digest")]
    Answer {
        value: HeaderValue,
        user: Credentials,
    },
}

impl Shown {
    pub(super) fn value(&self) -> Option<&HeaderValue> {
        match self {
            Shown::Nothing => None,
            Shown::Value(value) => Some(value),
            #[cfg(feature = "digest")]
            Shown::Answer { value, .. } => Some(value),
        }
    }
}

impl PartialEq for Shown {
    fn eq(&self, other: &Shown) -> bool {
        match (self, other) {
            (Shown::Nothing, Shown::Nothing) => true,
            (Shown::Value(one), Shown::Value(other)) => one == other,
            #[cfg(feature = "digest")]
            (Shown::Answer { user: one, .. }, Shown::Answer { user: other, .. }) => one == other,
            _ => false,
        }
    }
}

impl Eq for Shown {}

impl ProxyKind {
    fn of(scheme: &str) -> Result<ProxyKind> {
        Ok(match scheme {
            "http" => ProxyKind::Http,
            #[cfg(feature = "tls")]
            "https" => ProxyKind::Https,
            #[cfg(not(feature = "tls"))]
            "https" => {
                let message = "an https proxy needs TLS: build sockeye with its feature `tls`";
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            "socks4" => ProxyKind::Socks4,
            "socks4a" => ProxyKind::Socks4a,
            "socks5" => ProxyKind::Socks5,
            "socks5h" => ProxyKind::Socks5h,
            other => {
                let message = format!(
                    "a proxy's URL begins with http, https, socks4, socks4a, socks5 or socks5h, not {other:?}"
                );
                return Err(Error::new(ErrorKind::InvalidInput, message));
            }
        })
    }

    fn is_socks(self) -> bool {
        matches!(self, ProxyKind::Socks4 | ProxyKind::Socks4a | ProxyKind::Socks5 | ProxyKind::Socks5h)
    }

    fn default_port(self) -> u16 {
        match self {
            ProxyKind::Http => 80,
            #[cfg(feature = "tls")]
            ProxyKind::Https => 443,
            _ => 1080,
        }
    }
}

fn check_socks4(login: &Credentials) -> Result<()> {
    if !login.password.is_empty() {
        return Err(Error::new(ErrorKind::InvalidInput, "SOCKS4 has no passwords: use socks5 or socks5h"));
    }
    if login.user.contains('\0') || login.user.len() > SOCKS_MOST {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            "the user name holds NUL, or is longer than 255 bytes",
        ));
    }
    Ok(())
}

fn check_socks5(login: &Credentials) -> Result<()> {
    if login.user.len() > SOCKS_MOST || login.password.len() > SOCKS_MOST {
        let message = "SOCKS5 has no room for a user name or a password of more than 255 bytes";
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() -> Result<()> {
        for (text, shown, host, port) in [
            ("http://127.0.0.1:8087", "http://127.0.0.1:8087", "127.0.0.1", 8087),
            ("http://Proxy/", "http://proxy", "proxy", 80),
            ("proxy:3128", "http://proxy:3128", "proxy", 3128),
            ("me:secret@proxy:3128", "http://proxy:3128", "proxy", 3128),
            ("socks5h://me:s%3Aecret@Proxy", "socks5h://Proxy", "proxy", 1080),
            ("socks5://[::1]:80/", "socks5://[::1]:80", "::1", 80),
            ("socks4a://bücher.example", "socks4a://b%C3%BCcher.example", "xn--bcher-kva.example", 1080),
        ] {
            let proxy = Proxy::new(text)?;
            assert_eq!((proxy.to_string().as_str(), proxy.host(), proxy.port()), (shown, host, port));
            assert!(!format!("{proxy:?}").contains("ecret"));
        }
        assert_eq!(Proxy::new("socks5://me:s%3Aecret@h")?.login(), Some(&Credentials::new("me", "s:ecret")));
        let basic = Proxy::new("http://me:s%65cret@h")?.shown();
        assert_eq!(basic.value().map(|value| value.as_bytes()), Some(&b"Basic bWU6c2VjcmV0"[..]));
        Ok(())
    }

    #[test]
    fn what_is_none_is_refused_without_its_password() {
        for text in [
            "ftp://h",
            "socks://h",
            "http://h/proxy.pac",
            "http://h?x",
            "http://",
            "socks5://",
            "",
            "http://h:99999",
            "http://me:secret@h b",
            "http://a%3Ab:secret@h",
            "http://me:secret%0A@h",
            "http://me:secret%FF@h",
            "socks4://me:secret@h",
            "socks4://me%00@h",
            "socks5://h%00",
        ] {
            let error = Proxy::new(text).map(|proxy| proxy.to_string()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        let long = "x".repeat(256);
        assert!(Proxy::new("socks5://h").and_then(|proxy| proxy.credentials(long, "")).is_err());
    }

    #[test]
    fn equal_ones_make_the_same_connection() -> Result<()> {
        let of = |text: &str| Proxy::new(text);
        assert_eq!(of("http://h")?, of("h:80")?);
        for other in ["http://h:81", "http://me@h", "http://me:x@h", "socks5://h:80", "http://g"] {
            assert_ne!(of("http://h")?, of(other)?, "{other}");
        }
        assert_ne!(of("socks5://a:b@h")?, of("socks5://a:c@h")?);
        Ok(())
    }
}
