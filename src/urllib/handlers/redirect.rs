//! [`RedirectHandler`]: follows 301, 302, 303, 307 and 308, and drops what isn't the next place's business.

use ::http::{
    HeaderValue, Method, StatusCode,
    header::{LOCATION, SET_COOKIE},
};
use url::Url;

use super::hsts::Upgrades;
use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{Data, Exchange, Handler, Next, Request, Response, address},
};

/// How often one URL may be asked for again when its answer sets a cookie, and so may differ next time.
const REPEATS: usize = 4;

/// Follows redirects (RFC 9110 §15.4):
///
/// | status | the next request |
/// |---|---|
/// | 301, 302 | the same method and data; POST becomes GET without data |
/// | 303 | GET without data; HEAD stays HEAD |
/// | 307, 308 | the same method and data; data from a reader that was sent is an error |
/// | 300, 304, or no `Location` | not followed: it is the response |
///
/// An [`ErrorKind::Redirect`] that holds the response: more than 10 hops, a loop, a scheme other than http and
/// https, a step from https down to http (unless an [`HstsHandler`](crate::urllib::HstsHandler) knows better), a `Location` that is no URL. When scheme, host or port changes,
/// credentials go ([`Request::redirect_to`]). Its order is 400.
///
/// Python: `urllib.request.HTTPRedirectHandler`, which sends credentials along and follows to ftp.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{RedirectHandler, build_opener};
///
/// # use sockeye::http::{HttpServer, StatusCode, handler};
/// # fn main() -> sockeye::Result<()> {
/// # let moved = handler(|_request, response| {
/// #     response.send_response(StatusCode::FOUND).send_header("Location", "/there").body("")
/// # });
/// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(moved)?;
/// # let url = format!("http://{}/", server.addr());
/// // This opener hands a redirect back as the response.
/// let opener = build_opener().add_handler(RedirectHandler::off()).build();
/// let response = opener.open(&url)?;
/// assert_eq!(response.status(), 302);
/// assert_eq!(response.headers()["location"], "/there");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RedirectHandler {
    follow: Follow,
    downgrade: Downgrade,
}

#[derive(Clone, Copy, Debug)]
enum Follow {
    Never,
    UpTo(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Downgrade {
    Refused,
    Allowed,
}

/// Where this call has been.
#[derive(Clone, Default)]
struct Visited {
    hops: usize,
    places: Vec<(Method, Url)>,
}

impl RedirectHandler {
    /// The default: 10 hops.
    #[must_use]
    pub fn new() -> RedirectHandler {
        RedirectHandler { follow: Follow::UpTo(10), downgrade: Downgrade::Refused }
    }

    /// Follows none: the redirect is the response.
    #[must_use]
    pub fn off() -> RedirectHandler {
        RedirectHandler { follow: Follow::Never, ..RedirectHandler::new() }
    }

    /// Follows so many; one more is an error. Default is 10.
    ///
    /// Python: `HTTPRedirectHandler.max_redirections`, which is 10 as well.
    #[must_use]
    pub fn limit(self, hops: usize) -> RedirectHandler {
        RedirectHandler { follow: Follow::UpTo(hops), ..self }
    }

    /// Follows from https to http, too. Default is to refuse that.
    #[must_use]
    pub fn allow_downgrade(self) -> RedirectHandler {
        RedirectHandler { downgrade: Downgrade::Allowed, ..self }
    }

    /// Changes the request for the next round, or says why it isn't followed.
    fn follow(
        &self,
        request: &mut Request,
        response: &Response,
        target: Url,
        exchange: &mut Exchange<'_>,
    ) -> Result<(), String> {
        let Follow::UpTo(limit) = self.follow else { return Ok(()) };
        let from = request.url().clone();
        // A host that wants TLS is no step down (RFC 6797 §8.3).
        let target = exchange.state::<Upgrades>().of(target);
        match (from.scheme(), target.scheme()) {
            ("https", "http") if self.downgrade == Downgrade::Refused => {
                return Err("leads from https to http".into());
            }
            (_, "http" | "https") => {}
            (_, scheme) => return Err(format!("leads to the scheme {scheme:?}, which is not followed")),
        }
        let seen = exchange.state::<Visited>();
        seen.hops += 1;
        if seen.hops > limit {
            return Err(format!("is more than the {limit} that are followed"));
        }
        seen.places.push((request.get_method().clone(), from.clone()));
        match rewriting(response.status(), request.get_method()) {
            Rewriting::Get => request.make_get(),
            Rewriting::Keep if request.data_ref().is_none_or(Data::is_replayable) => {}
            Rewriting::Keep => return Err("asks for data that came from a reader and went out".into()),
        }
        request.redirect_to(target);
        let seen = exchange.state::<Visited>();
        let again = seen.places.iter().filter(|(m, url)| m == request.get_method() && url == request.url());
        let allowed = if response.headers().contains_key(SET_COOKIE) { REPEATS } else { 0 };
        if again.count() > allowed {
            return Err("leads in a circle".into());
        }
        exchange.push_history(from);
        Ok(())
    }
}

impl Default for RedirectHandler {
    fn default() -> RedirectHandler {
        RedirectHandler::new()
    }
}

impl Handler for RedirectHandler {
    fn order(&self) -> i32 {
        400
    }

    fn response(
        &self,
        request: &mut Request,
        response: Response,
        exchange: &mut Exchange<'_>,
    ) -> Result<Next> {
        if matches!(self.follow, Follow::Never) || !is_redirect(response.status()) {
            return Ok(Next::Pass(response));
        }
        let Some(location) = response.headers().get(LOCATION) else { return Ok(Next::Pass(response)) };
        let followed = match target(response.url(), location) {
            Some(target) => self.follow(request, &response, target, exchange),
            None => Err(format!("leads to {location:?}, which is not a URL")),
        };
        if let Err(why) = followed {
            let message = format!("the redirect of {} {why}", address::without_user_info(response.url()));
            return Err(Error::new(ErrorKind::Redirect, message).with_payload(response));
        }
        response.discard();
        Ok(Next::Again)
    }
}

/// The statuses that name another place for the same thing.
fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

enum Rewriting {
    Keep,
    Get,
}

/// RFC 9110 §15.4.2 to §15.4.9.
fn rewriting(status: StatusCode, method: &Method) -> Rewriting {
    match status.as_u16() {
        301 | 302 if *method == Method::POST => Rewriting::Get,
        303 if *method != Method::HEAD && *method != Method::GET => Rewriting::Get,
        _ => Rewriting::Keep,
    }
}

/// Where a `Location` leads, seen from `base`; it inherits the fragment (RFC 9110 §10.2.2).
fn target(base: &Url, location: &HeaderValue) -> Option<Url> {
    // Bytes beyond ASCII are taken as they are, percent-coded: UTF-8 in the wild, Latin-1 by the book.
    let mut text = String::with_capacity(location.len());
    for &byte in location.as_bytes() {
        match byte {
            b' ' | 0x80.. => text.push_str(percent_encoding::percent_encode_byte(byte)),
            // The parser would pass over it, too.
            b'\t' => {}
            _ => text.push(byte.into()),
        }
    }
    // However many slashes there are before a host, they count as two; `join` knows two only (servo/rust-url#1136).
    let slashes = text.bytes().take_while(|byte| matches!(byte, b'/' | b'\\')).count();
    if slashes > 2 {
        text.drain(2..slashes);
    }
    let mut url = base.join(&text).ok()?;
    if url.fragment().is_none() {
        url.set_fragment(base.fragment());
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(base: &str, location: &[u8]) -> Option<String> {
        let base = Url::parse(base).unwrap();
        target(&base, &HeaderValue::from_bytes(location).unwrap()).map(String::from)
    }

    #[test]
    fn locations() {
        for (location, expected) in [
            (&b"/x"[..], Some("http://h/x")),
            (b"?q", Some("http://h/a/b?q")),
            (b"", Some("http://h/a/b?z")),
            (b"//g/x", Some("http://g/x")),
            (b"///g/x", Some("http://g/x")),
            (b"/\t\\//g//x", Some("http://g//x")),
            (b"../c", Some("http://h/c")),
            (b"/a b", Some("http://h/a%20b")),
            (b"/\xe4\xff", Some("http://h/%E4%FF")),
            (b"/\tx", Some("http://h/x")),
            (b"http://h:99999/", None),
            (b"http://[::1/", None),
            (b"http:///", None),
            (b"file:///etc/hostname", Some("file:///etc/hostname")),
        ] {
            assert_eq!(led("http://h/a/b?z", location).as_deref(), expected, "{location:?}");
        }
    }

    #[test]
    fn a_fragment_is_inherited() {
        assert_eq!(led("http://h/#top", b"/x").as_deref(), Some("http://h/x#top"));
        assert_eq!(led("http://h/#top", b"/x#end").as_deref(), Some("http://h/x#end"));
    }

    #[test]
    fn no_location_panics() {
        for first in 0..=255u8 {
            for second in [b'/', b':', b'[', b'%', b'@', b'#', b'?', b'\\', 0xff] {
                if let Ok(value) = HeaderValue::from_bytes(&[b'/', b'/', first, second]) {
                    let _ = target(&Url::parse("http://h/").unwrap(), &value);
                }
            }
        }
    }
}
