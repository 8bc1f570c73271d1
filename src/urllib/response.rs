//! [`Response`]: what came back, with a body to read.

mod body;

use std::{
    borrow::Cow,
    fmt,
    io::{self, BufRead, Read},
    sync::{Arc, OnceLock},
    time::Duration,
};

use ::http::{HeaderMap, HeaderName, StatusCode, Version};
use url::Url;

use super::{address, transport::Connection};
pub use body::Body;
pub(super) use body::Layer;

/// An answer: its head, and its body to be read.
///
/// What a server sends is an [`http::Response`](crate::http::Response).
///
/// Read it with [`Read`] or [`BufRead`]: to the end, by lines, into a large buffer (8 KiB and more go straight
/// from the socket into it). A body that is cut short is an [`io::ErrorKind::UnexpectedEof`], whatever way
/// its length was told. Once it is read to the end, its connection goes back to the opener's pool; that of a
/// response that is dropped earlier does so if the rest has already come, else it is closed.
///
/// Python: `http.client.HTTPResponse`, as `urlopen` returns it.
///
/// # Examples
///
/// ```
/// # use std::{io::{Read, Write}, net::TcpListener, thread};
/// use std::io::BufRead;
/// use sockeye::urllib::urlopen;
///
/// # fn main() -> sockeye::Result<()> {
/// # let listener = TcpListener::bind("127.0.0.1:0")?;
/// # let url = format!("http://{}/", listener.local_addr()?);
/// # let server = thread::spawn(move || -> std::io::Result<()> {
/// #     let (mut peer, _) = listener.accept()?;
/// #     peer.read(&mut [0; 1024])?;
/// #     peer.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\none\ntwo\n")
/// # });
/// let response = urlopen(&url)?;
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.headers()["content-type"], "text/plain");
/// assert_eq!(response.geturl(), url);
/// let lines: Vec<String> = response.lines().collect::<Result<_, _>>()?;
/// assert_eq!(lines, ["one", "two"]);
/// # server.join().unwrap()?;
/// # Ok(())
/// # }
/// ```
pub struct Response(Box<Parts>);

/// In one allocation, so that a response is cheap to hand from handler to handler.
struct Parts {
    head: Head,
    /// Shared with the request.
    url: Arc<Url>,
    history: Vec<Url>,
    body: Body,
}

/// The head: its bytes, of which a map is made when somebody asks for one.
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) phrase: Phrase,
    pub(super) version: Version,
    /// INVARIANT: a response's head that was parsed before, or empty when the map is there.
    pub(super) bytes: Box<[u8]>,
    /// Of those bytes.
    pub(super) lengths: NameLengths,
    /// Boxed, because a head is moved often and mostly has none.
    pub(super) map: OnceLock<Box<HeaderMap>>,
}

/// How long the names of the fields are: what tells of most names, without a search, that they aren't there.
#[derive(Clone, Copy, Default)]
pub(super) struct NameLengths(u64);

impl NameLengths {
    pub(super) fn of<'n>(names: impl Iterator<Item = &'n str>) -> NameLengths {
        NameLengths(names.fold(0, |set, name| set | NameLengths::bit(name)))
    }

    fn allow(self, name: &str) -> bool {
        self.0 & NameLengths::bit(name) != 0
    }

    /// The longest ones share a bit.
    fn bit(name: &str) -> u64 {
        1 << name.len().min(63)
    }
}

/// What the status is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phrase {
    /// As the head says.
    Sent,
    /// As everybody does: the status isn't the head's.
    Usual,
}

impl Response {
    /// An answer that a [`Handler`](super::Handler) makes by itself: 200, without headers.
    ///
    /// Python: `urllib.response.addinfourl`.
    ///
    /// ```
    /// use std::io::Read;
    /// use sockeye::urllib::Response;
    ///
    /// let url = "data:,hello".parse().expect("a URL");
    /// let mut text = String::new();
    /// Response::new(url, &b"hello"[..]).read_to_string(&mut text)?;
    /// assert_eq!(text, "hello");
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn new(url: Url, body: impl Read + Send + 'static) -> Response {
        let head = Head {
            status: StatusCode::OK,
            phrase: Phrase::Usual,
            version: Version::HTTP_11,
            bytes: Box::default(),
            lengths: NameLengths::default(),
            map: OnceLock::from(Box::default()),
        };
        Response(Box::new(Parts { head, url: url.into(), history: Vec::new(), body: Body::new(body) }))
    }

    pub(super) fn from_wire(head: Head, url: Arc<Url>, body: Body) -> Response {
        Response(Box::new(Parts { head, url, history: Vec::new(), body }))
    }

    /// The status.
    ///
    /// Python: `HTTPResponse.status`.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.head.status
    }

    /// What the server calls the status: `Not Found`, or words of its own, or nothing. It is for people only. A
    /// control character, which may not be there, shows as U+FFFD.
    ///
    /// Python: `HTTPResponse.reason`.
    ///
    /// ```
    /// use sockeye::urllib::{Response, StatusCode};
    ///
    /// let url = "data:,".parse().expect("a URL");
    /// assert_eq!(Response::new(url, std::io::empty()).with_status(StatusCode::NOT_FOUND).reason(), "Not Found");
    /// ```
    #[doc(alias = "msg")]
    #[must_use]
    pub fn reason(&self) -> Cow<'_, str> {
        match self.0.head.phrase {
            Phrase::Sent => self.0.head.phrase().into(),
            Phrase::Usual => self.status().canonical_reason().unwrap_or_default().into(),
        }
    }

    /// The protocol's version that the server spoke.
    ///
    /// Python: `HTTPResponse.version`, which is 10 or 11.
    #[must_use]
    pub fn version(&self) -> Version {
        self.0.head.version
    }

    /// The headers.
    ///
    /// Python: `HTTPResponse.headers`.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.0.head.map()
    }

    /// Where it came from in the end: redirects may have led away from the request's URL.
    ///
    /// Python: `HTTPResponse.url`.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0.url
    }

    /// The URLs from which redirects led here, the request's first; empty without any.
    #[must_use]
    pub fn history(&self) -> &[Url] {
        &self.0.history
    }

    /// How many bytes of the body are still to come, if the server told beforehand.
    ///
    /// Python: `HTTPResponse.length`.
    #[must_use]
    pub fn bytes_left(&self) -> Option<u64> {
        self.0.body.bytes_left()
    }

    /// The fields that came after a chunked body, once it is read to its end; `None` without any.
    ///
    /// Python: none; `http.client` reads and drops them.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.0.body.trailers()
    }
}

/// For handlers, which replace a response or parts of it.
impl Response {
    /// With another status, and its usual [`reason`](Self::reason).
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Response {
        (self.0.head.status, self.0.head.phrase) = (status, Phrase::Usual);
        self
    }

    /// The headers, to be changed.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        if self.0.head.map.get().is_none() {
            self.0.head.map = OnceLock::from(Box::new(self.0.head.parse()));
        }
        // Filled by the lines above; `get_mut_or_init` isn't stable.
        match self.0.head.map.get_mut() {
            Some(map) => map,
            None => unreachable!("the map was made just now"),
        }
    }

    /// Done with it: reads the rest of the body if that is short (64 KiB) and soon there (200 ms), so that its
    /// connection can be used again. For a handler that asks for another round.
    pub fn discard(mut self) {
        self.0.body.drain();
    }

    /// Puts another body in the place of this one, made of it: a decoder, a counter.
    ///
    /// ```
    /// use std::io::Read;
    /// use sockeye::urllib::Response;
    ///
    /// let url = "data:,hello".parse().expect("a URL");
    /// let mut text = String::new();
    /// Response::new(url, &b"hello"[..]).map_body(|body| body.take(4)).read_to_string(&mut text)?;
    /// assert_eq!(text, "hell");
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[must_use]
    pub fn map_body<R: Read + Send + 'static>(self, make: impl FnOnce(Body) -> R) -> Response {
        let parts = *self.0;
        Response(Box::new(Parts { body: Body::new(make(parts.body)), ..parts }))
    }
}

/// The names of Python's response.
impl Response {
    /// The status as a number.
    ///
    /// Python: `HTTPResponse.getcode`.
    #[must_use]
    pub fn getcode(&self) -> u16 {
        self.status().as_u16()
    }

    /// [`url`](Self::url) as text.
    ///
    /// Python: `HTTPResponse.geturl`.
    #[must_use]
    pub fn geturl(&self) -> &str {
        self.0.url.as_str()
    }

    /// [`headers`](Self::headers).
    ///
    /// Python: `HTTPResponse.info`.
    #[must_use]
    pub fn info(&self) -> &HeaderMap {
        self.headers()
    }
}

impl Response {
    /// The status as a server writes it: `404 Not Found`.
    pub(super) fn status_line(&self) -> String {
        format!("{} {}", self.getcode(), self.reason()).trim_end().to_owned()
    }

    /// The same as [`map_body`](Self::map_body) for a body of the crate's own.
    pub(super) fn map_layer<L: Layer + 'static>(self, make: impl FnOnce(Body) -> L) -> Response {
        let parts = *self.0;
        Response(Box::new(Parts { body: Body::layer(make(parts.body)), ..parts }))
    }

    /// The connection, if both sides have switched to another protocol on it.
    pub(super) fn take_switched(&mut self) -> Option<(Box<Connection>, Option<Duration>)> {
        self.0.body.take_switched()
    }

    pub(super) fn body(&self) -> &Body {
        &self.0.body
    }

    /// An answer whose body is of the crate's own.
    pub(super) fn from_layer<L: Layer + 'static>(url: Url, layer: L) -> Response {
        Response::new(url, io::empty()).map_layer(|_| layer)
    }

    /// Whether it has that header; makes no map.
    pub(super) fn has_header(&self, name: &HeaderName) -> bool {
        if let Some(map) = self.0.head.map.get() {
            return map.contains_key(name);
        }
        if !self.0.head.lengths.allow(name.as_str()) {
            return false;
        }
        let name = name.as_str().as_bytes();
        self.0
            .head
            .bytes
            .split(|&byte| byte == b'\n')
            .any(|line| line.get(name.len()) == Some(&b':') && line[..name.len()].eq_ignore_ascii_case(name))
    }

    pub(super) fn with_history(mut self, history: Vec<Url>) -> Response {
        self.0.history = history;
        self
    }
}

impl Read for Response {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.body.read(buf)
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.0.body.read_to_end(buf)
    }

    fn read_to_string(&mut self, buf: &mut String) -> io::Result<usize> {
        self.0.body.read_to_string(buf)
    }
}

impl BufRead for Response {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.body.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.body.consume(amount);
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .field("url", &address::without_user_info(&self.0.url))
            .field("bytes_left", &self.bytes_left())
            .finish_non_exhaustive()
    }
}
