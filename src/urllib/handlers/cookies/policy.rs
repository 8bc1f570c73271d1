//! Which cookies are refused, beside those that [`cookie_store`] refuses by RFC 6265.

use cookie_store::{Cookie, CookieDomain};
use url::{Host, Url};

use super::{Inner, MAX_COOKIES, MAX_OF_DOMAIN};
use crate::urllib::Request;

/// The bytes of a cookie with its attributes (RFC 6265bis §5.6 has 4096 for name and value).
const MAX_LENGTH: usize = 4096;

/// Second levels below a country's domain, for jars without a list. Python: `DefaultCookiePolicy.strict_domain`.
const SECOND_LEVELS: [&str; 22] = [
    "co", "ac", "com", "edu", "org", "net", "gov", "mil", "int", "aero", "biz", "cat", "coop", "info",
    "jobs", "mobi", "museum", "name", "pro", "travel", "eu", "or",
];

/// The cookie that this text makes, if the jar may have it.
pub(super) fn admitted(inner: &Inner, text: &str, url: &Url) -> Option<Cookie<'static>> {
    if text.len() > MAX_LENGTH || !is_clean(text) || !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let mut cookie = Cookie::parse(text.to_owned(), url).ok()?;
    let encrypted = url.scheme() == "https";
    let secure = is_secure(&cookie);
    if cookie.name().is_empty() || (secure && !encrypted) || !keeps_its_promise(&cookie) {
        return None;
    }
    // Who can speak for the host over http only must not replace what came over TLS (RFC 6265bis §5.7).
    if !encrypted && inner.store.iter_unexpired().any(|other| hides(&cookie, other, url)) {
        return None;
    }
    let host = url.host_str()?.to_owned();
    if let CookieDomain::Suffix(domain) = cookie.domain.clone() {
        let public = is_public(inner, &cookie.domain, &domain);
        if public && domain != host {
            return None;
        }
        if public || domain.parse::<std::net::IpAddr>().is_ok() {
            cookie.domain = CookieDomain::host_only(url).ok()?;
        }
    }
    has_room(inner, &cookie).then(|| cookie.into_owned())
}

pub(super) fn is_secure(cookie: &Cookie<'_>) -> bool {
    cookie.secure() == Some(true)
}

/// Whether it has no control characters (curl CVE-2022-35252).
pub(super) fn is_clean(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\t')
}

/// RFC 6265bis §4.1.3: what a name begins with says how it was set.
fn keeps_its_promise(cookie: &Cookie<'_>) -> bool {
    let begins =
        |with: &str| cookie.name().get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let secure = is_secure(cookie);
    let for_host = matches!(cookie.domain, CookieDomain::HostOnly(_)) && cookie.path.as_ref() == "/";
    let says_path = cookie.path.is_from_path_attr();
    (!begins("__Secure-") || secure) && (!begins("__Host-") || (secure && for_host && says_path))
}

/// Whether a new cookie would stand for a Secure one of the same name.
fn hides(new: &Cookie<'_>, other: &Cookie<'_>, url: &Url) -> bool {
    is_secure(other)
        && other.name() == new.name()
        && (other.domain.matches(url) || new.domain == other.domain)
}

fn is_public(inner: &Inner, domain: &CookieDomain, name: &str) -> bool {
    match &inner.suffixes {
        Some(list) => domain.is_public_suffix(list) || !name.contains('.'),
        None => looks_public(name),
    }
}

fn looks_public(domain: &str) -> bool {
    match domain.rsplit_once('.') {
        None => true,
        Some((second, top)) => top.len() == 2 && !second.contains('.') && SECOND_LEVELS.contains(&second),
    }
}

/// Whether there is room for it; one that replaces another needs none.
fn has_room(inner: &Inner, cookie: &Cookie<'_>) -> bool {
    let domain = String::from(&cookie.domain);
    if inner.store.contains_any(&domain, &String::from(&cookie.path), cookie.name()) {
        return true;
    }
    let of_domain = inner.store.iter_any().filter(|other| other.domain.as_cow().as_deref() == Some(&domain));
    of_domain.count() < MAX_OF_DOMAIN && inner.store.iter_any().count() < MAX_COOKIES
}

/// RFC 2965 §3.3.6: whether the host is outside what its origin's cookies could reach.
pub(super) fn is_third_party(request: &Request) -> bool {
    let (host, origin) = (request.url().host_str().unwrap_or_default(), request.origin_host());
    if host.eq_ignore_ascii_case(origin) {
        return false;
    }
    let named = matches!(request.url().host(), Some(Host::Domain(_)));
    // `www.example.org` reaches `example.org` and what is below; `example.org` itself only that.
    let reach =
        origin.split_once('.').map_or(origin, |(_, rest)| if rest.contains('.') { rest } else { origin });
    let below = host.strip_suffix(reach).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    !(named && below)
}
