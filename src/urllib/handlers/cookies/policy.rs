//! Which cookies are refused, beside those that [`cookie_store`] refuses by RFC 6265.

use std::net::IpAddr;

use cookie_store::{Cookie, CookieDomain};
use publicsuffix::{List, Psl};
use url::{Host, Url};

use super::Inner;
use crate::urllib::Request;

/// The bytes of a cookie with its attributes (RFC 6265bis §5.6 has 4096 for name and value).
const MAX_LENGTH: usize = 4096;

/// The domains below which anybody can have one.
#[derive(Default)]
pub(super) enum Suffixes {
    /// Those that were known when the crate `psl` was made.
    #[default]
    BuiltIn,
    Own(List),
}

impl Suffixes {
    /// Whether a domain is open to anybody, as all without a dot are.
    fn is_public(&self, domain: &str) -> bool {
        let domain = domain.trim_end_matches('.');
        !domain.contains('.') || self.suffix(domain) == Some(domain.len())
    }

    /// How long the known suffix at a domain's end is.
    fn suffix(&self, domain: &str) -> Option<usize> {
        let found = match self {
            Suffixes::BuiltIn => psl::List.suffix(domain.as_bytes()),
            Suffixes::Own(list) => list.suffix(domain.as_bytes()),
        };
        found.filter(|suffix| suffix.is_known()).map(|suffix| suffix.as_bytes().len())
    }

    /// What belongs to one owner: a suffix and the label before it; an address is a site of its own.
    pub(super) fn site<'d>(&self, domain: &'d str) -> &'d str {
        if domain.parse::<IpAddr>().is_ok() {
            return domain;
        }
        let suffix = self.suffix(domain).or_else(|| domain.rsplit('.').next().map(str::len)).unwrap_or(0);
        let above = domain.get(..domain.len() - suffix).map_or("", |above| above.trim_end_matches('.'));
        domain.get(above.rfind('.').map_or(0, |dot| dot + 1)..).unwrap_or(domain)
    }
}

/// The cookie that this text makes, if the jar may have it.
pub(super) fn admitted(inner: &Inner, text: &str, url: &Url) -> Option<Cookie<'static>> {
    if text.len() > MAX_LENGTH || !is_clean(text) || !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    welcome(inner, Cookie::parse(text.to_owned(), url).ok()?, url)
}

/// The cookie, as the jar may have it: what comes from files is judged by the same rules.
pub(super) fn welcome(inner: &Inner, mut cookie: Cookie<'_>, url: &Url) -> Option<Cookie<'static>> {
    let encrypted = url.scheme() == "https";
    let secure = is_secure(&cookie);
    let clean = is_clean(cookie.name()) && is_clean(cookie.value()) && !cookie.name().is_empty();
    if !clean || (secure && !encrypted) || !keeps_its_promise(&cookie) {
        return None;
    }
    // Who can speak for the host over http only must not replace what came over TLS (RFC 6265bis §5.7).
    if !encrypted && inner.shelf.store().iter_any().any(|other| hides(&cookie, other, url)) {
        return None;
    }
    if let CookieDomain::Suffix(domain) = &cookie.domain {
        let public = inner.suffixes.is_public(domain);
        if public && Some(domain.as_str()) != url.host_str() {
            return None;
        }
        if public || domain.parse::<IpAddr>().is_ok() {
            cookie.domain = CookieDomain::host_only(url).ok()?;
        }
    }
    Some(cookie.into_owned())
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
        && !other.is_expired()
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
