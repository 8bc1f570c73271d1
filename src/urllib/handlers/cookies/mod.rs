//! Cookies (RFC 6265 and what its successor, RFC 6265bis, adds for safety).
//!
//! - [`CookieJar`]: where they are kept; `files` reads and writes it
//! - [`Cookie`]: one of them, as it is listed
//! - [`CookieHandler`]: sends them and takes them in
//! - `policy`: what is refused before the jar sees it
//! - `shelf`: what goes when the jar is full

mod cookie;
mod files;
mod policy;
mod shelf;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ::http::{
    HeaderValue,
    header::{COOKIE, SET_COOKIE},
};
use publicsuffix::List;
use url::Url;

use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{Exchange, Handler, Next, Request, Response},
};
pub use cookie::Cookie;
pub use files::CookieFile;
use policy::Suffixes;
use shelf::Shelf;

/// What a jar holds at most, and of one domain (RFC 6265 §6.1 asks for at least 3000 and 50).
const MAX_COOKIES: usize = 3000;
const MAX_OF_DOMAIN: usize = 180;

/// The bytes of a `Cookie` header: servers refuse heads that are much longer, and any subdomain can fill its parent's.
const MAX_HEADER: usize = 8 * 1024;

/// Cookies, by domain, path and name. Clones share them: one jar can serve several openers and threads.
///
/// A cookie is refused when its text holds a control character or is longer than 4 KiB; when it is `Secure` and comes
/// over http, or would replace one that is; when its name begins with `__Secure-` or `__Host-` and it isn't what
/// these promise; and when its domain isn't the host's, or is a public suffix, such as `co.uk` or `github.io`, or
/// has no dot. The suffixes are those of the public suffix list of when this program was built; one that was added
/// since is only known from [a list of yours](Self::with_public_suffixes). Cookies of files are judged alike. Secure
/// cookies never travel over http, not even to this machine.
///
/// A jar holds 3000 cookies, and 180 of a domain. What comes then takes the place of one that has expired, or else of
/// the one that was set longest ago: of its domain, or of the site with the most, where all hosts below `example.org`
/// are one site. Secure ones go last, and never for one that comes over http.
///
/// Python: `http.cookiejar.CookieJar`.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{CookieJar, Url};
///
/// let jar = CookieJar::new();
/// let url = |text| Url::parse(text).expect("a URL");
/// jar.set_cookie("session=7; Path=/app", &url("http://www.example.org/app/login"));
/// assert_eq!(jar.cookie_header(&url("http://www.example.org/app/x")).as_deref(), Some("session=7"));
/// assert_eq!(jar.cookie_header(&url("http://www.example.org/")), None);
/// ```
#[derive(Clone, Default)]
pub struct CookieJar(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    shelf: Shelf,
    suffixes: Suffixes,
}

impl CookieJar {
    /// Without cookies.
    ///
    /// Python: `http.cookiejar.CookieJar()`.
    #[must_use]
    pub fn new() -> CookieJar {
        CookieJar::default()
    }

    /// Takes the rules of this public suffix list (<https://publicsuffix.org/list/public_suffix_list.dat>), given as
    /// text, instead of those that are built in: for programs that live longer than the list does. Many systems have one
    /// as `/usr/share/publicsuffix/public_suffix_list.dat`, which may be older than the one built in. Cookies that the
    /// jar has already stay.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] when it isn't such a list.
    ///
    /// ```
    /// use sockeye::urllib::{CookieJar, Url};
    ///
    /// let jar = CookieJar::new().with_public_suffixes("// ===BEGIN ICANN DOMAINS===\norg\ngithub.example")?;
    /// let url = Url::parse("http://me.github.example/").expect("a URL");
    /// assert!(!jar.set_cookie("all=1; Domain=github.example", &url));
    /// assert!(jar.set_cookie("mine=1; Domain=me.github.example", &url));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn with_public_suffixes(self, list: &str) -> Result<CookieJar> {
        let list = List::from_str(list).map_err(|why| {
            Error::new(ErrorKind::InvalidInput, format!("not a list of public suffixes: {why}"))
        })?;
        self.lock().suffixes = Suffixes::Own(list);
        Ok(self)
    }

    /// Takes in what a `Set-Cookie` header from that URL says. Tells whether it was taken, or took one away.
    ///
    /// Python: `CookieJar.set_cookie`.
    pub fn set_cookie(&self, text: &str, url: &Url) -> bool {
        let mut inner = self.lock();
        policy::admitted(&inner, text, url).is_some_and(|cookie| inner.insert(cookie, url))
    }

    /// What goes with a request for that URL: `a=1; b=2`, the longest path first, up to 8 KiB. `None` without any.
    ///
    /// Python: `CookieJar.add_cookie_header`.
    #[must_use]
    pub fn cookie_header(&self, url: &Url) -> Option<String> {
        let inner = self.lock();
        let encrypted = url.scheme() == "https";
        // `matches` takes this machine for a safe place; a cookie that is Secure still wants TLS.
        let mut fitting: Vec<_> = inner
            .shelf
            .store()
            .matches(url)
            .into_iter()
            .filter(|cookie| encrypted || !policy::is_secure(cookie))
            .collect();
        fitting.retain(|cookie| policy::is_clean(cookie.name()) && policy::is_clean(cookie.value()));
        fitting.sort_by(|a, b| b.path.len().cmp(&a.path.len()).then_with(|| a.name().cmp(b.name())));
        let mut header = String::new();
        for cookie in fitting {
            let (name, value) = cookie.name_value();
            if header.len() + name.len() + value.len() + "; =".len() <= MAX_HEADER {
                let gap = if header.is_empty() { "" } else { "; " };
                header.extend([gap, name, "=", value]);
            }
        }
        (!header.is_empty()).then_some(header)
    }

    /// The number of cookies that haven't expired.
    ///
    /// Python: `len(jar)`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().shelf.store().iter_unexpired().count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Throws all away.
    ///
    /// Python: `CookieJar.clear`.
    pub fn clear(&self) {
        self.lock().shelf.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn insert(&mut self, cookie: cookie_store::Cookie<'static>, url: &Url) -> bool {
        self.shelf.insert(cookie, url, &self.suffixes)
    }
}

impl fmt::Debug for CookieJar {
    /// Says how many, never which: they are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieJar").field("len", &self.len()).finish()
    }
}

/// Sends the cookies of a [`CookieJar`] and takes in those of every answer, those of redirects included: each hop gets
/// the jar's cookies for its own URL.
///
/// A request that has a `Cookie` header of its own is sent with that one alone. Its order is 200.
///
/// Python: `urllib.request.HTTPCookieProcessor`.
///
/// # Examples
///
/// ```
/// # use std::{io::{Read, Write}, net::TcpListener, thread};
/// use sockeye::urllib::{CookieHandler, CookieJar, build_opener};
///
/// # fn main() -> sockeye::Result<()> {
/// # let listener = TcpListener::bind("127.0.0.1:0")?;
/// # let url = format!("http://{}/", listener.local_addr()?);
/// # let server = thread::spawn(move || -> std::io::Result<()> {
/// #     let (mut peer, _) = listener.accept()?;
/// #     peer.read(&mut [0; 1024])?;
/// #     peer.write_all(b"HTTP/1.1 200 OK\r\nSet-Cookie: session=7\r\nContent-Length: 0\r\n\r\n")
/// # });
/// let jar = CookieJar::new();
/// let opener = build_opener().add_handler(CookieHandler::new(jar.clone())).build();
/// opener.open(&url)?;
/// assert_eq!(jar.len(), 1);
/// # server.join().unwrap()?;
/// # Ok(())
/// # }
/// ```
#[doc(alias = "HTTPCookieProcessor")]
#[derive(Clone, Debug, Default)]
pub struct CookieHandler {
    jar: CookieJar,
    parties: Parties,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Parties {
    #[default]
    All,
    First,
}

/// Whether this handler has put a header into the request of this call.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Sent {
    #[default]
    No,
    Yes,
}

impl CookieHandler {
    /// With that jar.
    ///
    /// Python: `HTTPCookieProcessor(cookiejar)`.
    #[must_use]
    pub fn new(jar: CookieJar) -> CookieHandler {
        CookieHandler { jar, parties: Parties::All }
    }

    /// Neither sends nor takes cookies for [unverifiable](Request::unverifiable) requests, redirects among them, whose
    /// host has nothing to do with the [one on whose behalf](Request::origin_req_host) they are made (RFC 2965
    /// §3.3.6). Default is all.
    ///
    /// Python: `DefaultCookiePolicy(strict_ns_unverifiable=True)`.
    #[must_use]
    pub fn first_party_only(self) -> CookieHandler {
        CookieHandler { parties: Parties::First, ..self }
    }

    fn serves(&self, request: &Request) -> bool {
        self.parties == Parties::All || !request.is_unverifiable() || !policy::is_third_party(request)
    }
}

impl Handler for CookieHandler {
    fn order(&self) -> i32 {
        200
    }

    fn request(&self, request: &mut Request, exchange: &mut Exchange<'_>) -> Result<()> {
        let sent = exchange.state::<Sent>();
        // An earlier round's may be out of date.
        if std::mem::take(sent) == Sent::Yes {
            request.unredirected_headers_mut().remove(COOKIE);
        }
        if request.own(&COOKIE).is_some() || !self.serves(request) {
            return Ok(());
        }
        if let Some(Ok(mut value)) =
            self.jar.cookie_header(request.url()).map(|text| HeaderValue::from_str(&text))
        {
            value.set_sensitive(true);
            request.unredirected_headers_mut().insert(COOKIE, value);
            *exchange.state::<Sent>() = Sent::Yes;
        }
        Ok(())
    }

    fn response(&self, request: &mut Request, response: Response, _: &mut Exchange<'_>) -> Result<Next> {
        if response.has_header(&SET_COOKIE) && self.serves(request) {
            for value in response.headers().get_all(SET_COOKIE) {
                if let Ok(text) = std::str::from_utf8(value.as_bytes()) {
                    self.jar.set_cookie(text, response.url());
                }
            }
        }
        Ok(Next::Pass(response))
    }
}
