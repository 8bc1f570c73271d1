//! [`Request`]: what is asked for.

use std::{fmt, sync::Arc};

use ::http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE},
};
use url::Url;

use super::{Data, address, dialogue::Dialogue, handlers::Watch, header, patience::Patience};
use crate::error::{Error, ErrorKind, Result};

mod reach;

use reach::Reach;

static GET: Method = Method::GET;
static POST: Method = Method::POST;

/// What describes data, and goes when the data goes.
const ABOUT_DATA: [HeaderName; 5] =
    [CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE];

/// A request to be opened by [`urlopen`](super::urlopen) or an [`Opener`](super::Opener).
///
/// What a server gets is an [`http::Request`](crate::http::Request).
///
/// Setters take and return the request, so that they can be chained. A setter that is given something
/// unclean (a header's value with a line break, a method with a space) keeps the error, and opening the
/// request fails with it before anything is sent.
///
/// Python: `urllib.request.Request`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::urllib::{Request, urlencode};
///
/// # fn main() -> sockeye::Result<()> {
/// let login = urlencode([("username", "me"), ("password", "secret")]);
/// let request = Request::new("http://127.0.0.1:8000/login")?
///     .data(login)
///     .add_header("User-Agent", "mozilla")
///     .timeout(Duration::from_secs(10));
/// assert_eq!(request.get_method(), "POST");
/// assert_eq!(request.selector(), "/login");
/// assert!(request.has_header("user-agent"));
/// # Ok(())
/// # }
/// ```
pub struct Request {
    /// Shared with its response.
    url: Arc<Url>,
    method: Option<Method>,
    headers: HeaderMap,
    /// Sent with this request and not with the one that a redirect makes of it.
    unredirected: HeaderMap,
    data: Option<Data>,
    /// Mostly the opener's holds.
    patience: Option<Patience>,
    watch: Watch,
    dialogue: Dialogue,
    origin: Origin,
    reach: Reach,
    /// The first thing that a setter had to refuse.
    fault: Option<Error>,
}

/// On whose behalf it is made: what a cookie policy asks (RFC 2965 §3.3.6).
#[derive(Clone, Default)]
struct Origin {
    host: Option<String>,
    approved: Approved,
    place: Place,
}

/// Whether a redirect has led elsewhere; one that leads back changes nothing.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    First,
    Another,
}

/// Whether the user had a chance to approve the request.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Approved {
    #[default]
    Yes,
    No,
}

impl Request {
    /// A request for that URL: GET, or POST once it has [`data`](Self::data). A user name and password in the
    /// URL are sent by [`BasicAuthHandler`](super::BasicAuthHandler).
    ///
    /// Python: `urllib.request.Request(url)`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] when it isn't an absolute URL, or holds a space or a control character:
    /// those must be percent-coded ([`quote`](super::quote)).
    ///
    /// ```
    /// use sockeye::{ErrorKind, urllib::Request};
    ///
    /// let error = Request::new("http://127.0.0.1/\r\nX-Injected: 1").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::InvalidInput);
    /// ```
    pub fn new(url: impl AsRef<str>) -> Result<Request> {
        Ok(Request::to(address::parse(url.as_ref())?))
    }

    /// What is sent with it; makes it a POST unless [`method`](Self::method) says otherwise. Without a
    /// `Content-Type` of its own it is sent as `application/x-www-form-urlencoded`, as in Python.
    /// Default is no data.
    ///
    /// The answer is read when all of it was sent. Where sending has to wait, the client listens: an answer of 300 or
    /// above that comes then ends the sending, and is the result; its connection isn't kept. With any other one the
    /// sending goes on, and its body isn't read before: a server that reads no further until its body is taken keeps
    /// both waiting once the system's buffers are full, until a time limit ends it.
    #[must_use]
    pub fn data(mut self, data: impl Into<Data>) -> Request {
        self.data = Some(data.into());
        self
    }

    /// The method. Default is GET, or POST with [`data`](Self::data).
    ///
    /// Python: the argument `method` of `urllib.request.Request`.
    #[must_use]
    pub fn method(mut self, method: impl TryInto<Method>) -> Request {
        match method.try_into() {
            Ok(method) if method == Method::CONNECT => {
                self.refuse(Error::new(ErrorKind::InvalidInput, "CONNECT asks for a tunnel, not for a URL"));
            }
            Ok(method) => self.method = Some(method),
            Err(_) => self.refuse(header::no_token("the method")),
        }
        self
    }

    /// Sets a header; an earlier one of that name is replaced. Redirects within the same scheme, host and
    /// port carry it along; credentials ([which](Self::redirect_to)) are dropped when any of the three changes.
    /// [`headers_mut`](Self::headers_mut) can hold several of one name.
    ///
    /// Python: `Request.add_header`, and the argument `headers`.
    #[must_use]
    pub fn add_header(self, name: impl TryInto<HeaderName>, value: impl TryInto<HeaderValue>) -> Request {
        self.set(Request::headers_mut, header::checked(name, value))
    }

    /// Sets a header that no redirect carries along, not even within the same host.
    ///
    /// Python: `Request.add_unredirected_header`.
    #[must_use]
    pub fn add_unredirected_header(
        self,
        name: impl TryInto<HeaderName>,
        value: impl TryInto<HeaderValue>,
    ) -> Request {
        self.set(Request::unredirected_headers_mut, header::checked(name, value))
    }

    /// The host on whose behalf it is made: for a picture in a page, the page's. Default is its own host.
    ///
    /// Python: the argument `origin_req_host` of `urllib.request.Request`.
    #[must_use]
    pub fn origin_req_host(mut self, host: impl Into<String>) -> Request {
        self.origin.host = Some(host.into());
        self
    }

    /// Says that the user had no chance to approve it: a picture in a page, a redirect. Default is approved.
    ///
    /// Python: the argument `unverifiable` of `urllib.request.Request`.
    #[must_use]
    pub fn unverifiable(mut self) -> Request {
        self.origin.approved = Approved::No;
        self
    }

    /// Where it goes.
    ///
    /// Python: `Request.full_url`.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Its own headers, without those that are added on sending.
    ///
    /// Python: `Request.headers`.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The headers that no redirect carries along; they win over [`headers`](Self::headers) of that name.
    ///
    /// Python: `Request.unredirected_hdrs`.
    #[must_use]
    pub fn unredirected_headers(&self) -> &HeaderMap {
        &self.unredirected
    }
}

/// For handlers, which change a request in place.
impl Request {
    /// The headers, to be changed.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// The headers that no redirect carries along, to be changed.
    pub fn unredirected_headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.unredirected
    }

    /// Sends it elsewhere, as it is. A redirect wants [`redirect_to`](Self::redirect_to).
    ///
    /// Python: an assignment to `Request.full_url`.
    pub fn set_url(&mut self, url: Url) {
        self.url = url.into();
    }

    /// Turns it into the request that a redirect asks for: the unredirected headers go, and when scheme, host
    /// or port change, so do the secret ones and `Host`, the user info that the new URL may hold, and its
    /// own settings of TLS. What was dropped doesn't come back at a later hop.
    ///
    /// Secret are `Authorization`, `Cookie`, `Cookie2`, `Proxy-Authorization`, `WWW-Authenticate`; the usual names of
    /// keys (`Api-Key`, `Api-Token`, `apikey`, `DD-API-KEY`, `DD-APPLICATION-KEY`, `Job-Token`,
    /// `Ocp-Apim-Subscription-Key`, `Private-Token`, `X-Access-Token`, `X-Amz-Security-Token`, `X-Api-Key`,
    /// `X-Api-Token`, `X-Auth-Key`, `X-Auth-Token`, `X-CSRF-Token`, `X-CSRFToken`, `X-Functions-Key`,
    /// `X-GitHub-Token`, `X-Gitlab-Token`, `X-Goog-Api-Key`, `X-Session-Token`, `X-Shopify-Access-Token`,
    /// `X-Vault-Token`, `X-XSRF-Token`); those that
    /// [`OpenerBuilder::sensitive_header`](super::OpenerBuilder::sensitive_header) names; and every value that is
    /// [marked](HeaderValue::set_sensitive).
    ///
    /// Python: `HTTPRedirectHandler.redirect_request`.
    pub fn redirect_to(&mut self, mut url: Url) {
        self.origin.host.get_or_insert_with(|| self.url.host_str().unwrap_or_default().to_owned());
        self.origin.approved = Approved::No;
        self.unredirected.clear();
        if !address::same_origin(&self.url, &url) {
            self.origin.place = Place::Another;
            header::drop_secrets(&mut self.headers);
            address::drop_user_info(&mut url);
            self.reach.leave();
        }
        self.url = url.into();
    }

    /// Makes it a GET without data: the data's headers go with it.
    pub fn make_get(&mut self) {
        self.method = Some(Method::GET);
        self.data = None;
        for name in &ABOUT_DATA {
            self.headers.remove(name);
            self.unredirected.remove(name);
        }
    }

    /// The host on whose behalf it is made: [`origin_req_host`](Self::origin_req_host), or its own.
    ///
    /// Python: `Request.origin_req_host`.
    #[must_use]
    pub fn origin_host(&self) -> &str {
        self.origin.host.as_deref().or(self.url.host_str()).unwrap_or_default()
    }

    /// Whether the user had no chance to approve it.
    ///
    /// Python: `Request.unverifiable`.
    #[must_use]
    pub fn is_unverifiable(&self) -> bool {
        self.origin.approved == Approved::No
    }

    /// What is sent with it.
    ///
    /// Python: `Request.data`.
    #[must_use]
    pub fn data_ref(&self) -> Option<&Data> {
        self.data.as_ref()
    }

    /// Replaces what is sent with it.
    ///
    /// Python: an assignment to `Request.data`, which drops a `Content-Length` as well.
    pub fn set_data(&mut self, data: Option<Data>) {
        self.data = data;
    }
}

/// The names of `urllib.request.Request`.
impl Request {
    /// The method that is used.
    ///
    /// Python: `Request.get_method`.
    #[must_use]
    pub fn get_method(&self) -> &Method {
        match (&self.method, &self.data) {
            (Some(method), _) => method,
            (None, Some(_)) => &POST,
            (None, None) => &GET,
        }
    }

    /// The header that is sent, if it is set.
    ///
    /// Python: `Request.get_header`. It looks in both maps, too.
    #[must_use]
    pub fn get_header(&self, name: &str) -> Option<&HeaderValue> {
        self.unredirected.get(name).or_else(|| self.headers.get(name))
    }

    /// [`get_header`](Self::get_header) without reading a name.
    #[inline]
    pub(super) fn own(&self, name: &HeaderName) -> Option<&HeaderValue> {
        // Mostly there are none.
        if self.unredirected.is_empty() && self.headers.is_empty() {
            return None;
        }
        self.unredirected.get(name).or_else(|| self.headers.get(name))
    }

    /// Whether such a header is set.
    ///
    /// Python: `Request.has_header`.
    #[must_use]
    pub fn has_header(&self, name: &str) -> bool {
        self.get_header(name).is_some()
    }

    /// Takes such a header out, wherever it was set.
    ///
    /// Python: `Request.remove_header`.
    pub fn remove_header(&mut self, name: &str) {
        self.headers.remove(name);
        self.unredirected.remove(name);
    }

    /// The URL as text.
    ///
    /// Python: `Request.get_full_url`.
    #[must_use]
    pub fn full_url(&self) -> &str {
        self.url.as_str()
    }

    /// The path and the query: what the server sees.
    ///
    /// Python: `Request.selector`.
    #[must_use]
    pub fn selector(&self) -> &str {
        &self.url[url::Position::BeforePath..url::Position::AfterQuery]
    }
}

impl Request {
    /// Whether a header that the opener adds to every request may go with this one: where a redirect led to another
    /// place, its credentials may not.
    pub(super) fn admits(&self, name: &HeaderName, value: &HeaderValue) -> bool {
        !self.has_left() || !header::is_secret(name, value)
    }

    /// Whether a redirect has led to another scheme, host or port; one that leads back changes nothing.
    pub(super) fn has_left(&self) -> bool {
        self.origin.place == Place::Another
    }

    /// Says of headers that they are secret.
    pub(super) fn mark_sensitive(&mut self, names: &[HeaderName]) {
        for name in names {
            header::mark(&mut self.headers, name);
        }
    }

    pub(super) fn patience(&self) -> Option<&Patience> {
        self.patience.as_ref()
    }

    pub(super) fn patience_mut(&mut self) -> &mut Patience {
        self.patience.get_or_insert_default()
    }

    /// The same without data.
    pub(super) fn plain_copy(&self) -> Request {
        Request {
            method: self.method.clone(),
            headers: self.headers.clone(),
            unredirected: self.unredirected.clone(),
            patience: self.patience.clone(),
            watch: self.watch.clone(),
            dialogue: self.dialogue.clone(),
            origin: self.origin.clone(),
            reach: self.reach.clone(),
            ..Request::to(self.url.clone())
        }
    }

    fn to(url: Arc<Url>) -> Request {
        Request {
            url,
            method: None,
            headers: HeaderMap::new(),
            unredirected: HeaderMap::new(),
            data: None,
            patience: None,
            watch: Watch::default(),
            dialogue: Dialogue::default(),
            origin: Origin::default(),
            reach: Reach::default(),
            fault: None,
        }
    }

    pub(super) fn shared_url(&self) -> &Arc<Url> {
        &self.url
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }

    pub(super) fn watch_mut(&mut self) -> &mut Watch {
        &mut self.watch
    }

    pub(super) fn dialogue(&self) -> &Dialogue {
        &self.dialogue
    }

    pub(super) fn dialogue_mut(&mut self) -> &mut Dialogue {
        &mut self.dialogue
    }

    pub(super) fn data_mut(&mut self) -> Option<&mut Data> {
        self.data.as_mut()
    }

    /// What a setter refused, once.
    pub(super) fn take_fault(&mut self) -> Result<()> {
        self.fault.take().map_or(Ok(()), Err)
    }

    /// Puts a header into one of the two maps.
    fn set(
        mut self,
        map: fn(&mut Request) -> &mut HeaderMap,
        header: Result<(HeaderName, HeaderValue)>,
    ) -> Request {
        match header {
            Ok((name, value)) => drop(map(&mut self).insert(name, value)),
            Err(error) => self.refuse(error),
        }
        self
    }

    /// Keeps the first fault.
    pub(super) fn refuse(&mut self, error: Error) {
        self.fault.get_or_insert(error);
    }
}

/// A GET for that URL.
impl From<Url> for Request {
    fn from(url: Url) -> Request {
        Request::to(url.into())
    }
}

impl fmt::Debug for Request {
    /// Names the headers without their values, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.unredirected.keys().chain(self.headers.keys()).collect();
        f.debug_struct("Request")
            .field("method", self.get_method())
            .field("url", &address::without_user_info(&self.url))
            .field("headers", &names)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
