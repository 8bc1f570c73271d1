//! [`Cookie`]: one of a jar's cookies, as it is listed.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cookie_store::{CookieDomain, CookieExpiration};

use super::{CookieJar, policy::is_secure};

/// A cookie that a [`CookieJar`] holds.
///
/// Python: `http.cookiejar.Cookie`.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{CookieJar, Url};
///
/// let jar = CookieJar::new();
/// let url = Url::parse("https://www.example.org/app/").expect("a URL");
/// jar.set_cookie("id=7; Path=/app; Domain=example.org; Secure", &url);
/// for cookie in &jar {
///     assert_eq!((cookie.domain(), cookie.path(), cookie.name()), ("example.org", "/app", "id"));
///     assert!(cookie.value() == "7" && cookie.is_secure() && !cookie.is_host_only() && !cookie.is_http_only());
///     assert_eq!(cookie.expires(), None);
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    name: String,
    value: String,
    domain: String,
    path: String,
    expires: Option<SystemTime>,
    marks: Marks,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Marks {
    secure: bool,
    http_only: bool,
    host_only: bool,
}

impl Cookie {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The host that it goes to, and without [`is_host_only`](Self::is_host_only) to all below; no dot in front.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The path that it goes to, and to all below.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Until when; `None` is the end of the session.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// Whether it goes over https alone.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.marks.secure
    }

    /// Whether scripts of a page would not see it.
    ///
    /// Python: `has_nonstandard_attr("HttpOnly")`.
    #[must_use]
    pub fn is_http_only(&self) -> bool {
        self.marks.http_only
    }

    /// Whether it goes to exactly its domain.
    ///
    /// Python: `not domain_specified`.
    #[must_use]
    pub fn is_host_only(&self) -> bool {
        self.marks.host_only
    }
}

impl From<&cookie_store::Cookie<'_>> for Cookie {
    fn from(cookie: &cookie_store::Cookie<'_>) -> Cookie {
        let expires = match &cookie.expires {
            CookieExpiration::AtUtc(time) => Some(u64::try_from(time.unix_timestamp()).unwrap_or(0)),
            CookieExpiration::SessionEnd => None,
        };
        Cookie {
            name: cookie.name().to_owned(),
            value: cookie.value().to_owned(),
            domain: String::from(&cookie.domain),
            path: String::from(&cookie.path),
            expires: expires.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)),
            marks: Marks {
                secure: is_secure(cookie),
                http_only: cookie.http_only() == Some(true),
                host_only: matches!(cookie.domain, CookieDomain::HostOnly(_)),
            },
        }
    }
}

impl fmt::Debug for Cookie {
    /// Not the value: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie")
            .field("domain", &self.domain)
            .field("path", &self.path)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl CookieJar {
    /// Those that haven't expired, by domain, path and name. `&jar` can be iterated over, too.
    ///
    /// Python: `iter(jar)`.
    #[must_use]
    pub fn cookies(&self) -> Vec<Cookie> {
        let mut cookies: Vec<Cookie> = self.lock().shelf.store().iter_unexpired().map(Cookie::from).collect();
        cookies.sort_by(|a, b| (&a.domain, &a.path, &a.name).cmp(&(&b.domain, &b.path, &b.name)));
        cookies
    }

    /// The one of that domain (without a dot in front), path and name.
    ///
    /// ```
    /// use sockeye::urllib::{CookieJar, Url};
    ///
    /// let jar = CookieJar::new();
    /// jar.set_cookie("lang=en", &Url::parse("http://example.org/").expect("a URL"));
    /// assert!(jar.get("example.org", "/", "lang").is_some_and(|cookie| cookie.value() == "en"));
    /// assert!(jar.remove("example.org", "/", "lang").is_some() && jar.is_empty());
    /// ```
    #[must_use]
    pub fn get(&self, domain: &str, path: &str, name: &str) -> Option<Cookie> {
        self.lock().shelf.store().get(domain, path, name).map(Cookie::from)
    }

    /// Takes that one out.
    ///
    /// Python: `CookieJar.clear(domain, path, name)`.
    pub fn remove(&self, domain: &str, path: &str, name: &str) -> Option<Cookie> {
        self.lock().shelf.remove(domain, path, name).map(|cookie| Cookie::from(&cookie))
    }
}

impl IntoIterator for &CookieJar {
    type Item = Cookie;
    type IntoIter = std::vec::IntoIter<Cookie>;

    fn into_iter(self) -> Self::IntoIter {
        self.cookies().into_iter()
    }
}
