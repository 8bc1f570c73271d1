//! [`OpenerBuilder`]: what an [`Opener`] is made of, set step by step.

use std::{any::TypeId, fmt, path::PathBuf, time::Duration};

use ::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_LENGTH, EXPECT, HOST, TRAILER, TRANSFER_ENCODING},
};

use super::{
    Exchange, Handler, Opener, Request,
    dialogue::Dialogue,
    handlers::{self, Watcher},
    header,
    opener::Shared,
    patience::Patience,
    transport::{Defaults, HttpHandler, Outfit, PoolLimits},
};
use crate::{
    error::{Error, ErrorKind, Result},
    socket::Dialler,
};

/// What can't be the same for all requests.
const OF_A_REQUEST: [HeaderName; 5] = [CONTENT_LENGTH, EXPECT, HOST, TRAILER, TRANSFER_ENCODING];

/// Makes an [`Opener`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::{ErrorKind, urllib::{RedirectHandler, build_opener}};
///
/// # use sockeye::http::{HttpServer, StatusCode, handler};
/// # fn main() -> sockeye::Result<()> {
/// # let moved = handler(|request, response| {
/// #     let (hops, agent) = (request.path().len(), request.headers().get("user-agent"));
/// #     assert_eq!(agent.and_then(|agent| agent.to_str().ok()), Some("mozilla"));
/// #     let head = response.send_response(if hops > 4 { StatusCode::OK } else { StatusCode::FOUND });
/// #     head.send_header("Location", format!("{}x", request.path())).body("")
/// # });
/// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(moved)?;
/// # let url = format!("http://{}", server.addr());
/// let opener = build_opener()
///     .add_handler(RedirectHandler::new().limit(3)) // takes the default one's place
///     .add_header("User-Agent", "mozilla")
///     .timeout(Duration::from_secs(30))
///     .build();
/// // Three redirects lead from `/x` to the page, four from `/`.
/// assert_eq!(opener.open(format!("{url}/x"))?.history().len(), 3);
/// assert_eq!(opener.open(format!("{url}/")).unwrap_err().kind(), ErrorKind::Redirect);
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct OpenerBuilder {
    defaults: Vec<Box<dyn Handler>>,
    added: Vec<Box<dyn Handler>>,
    headers: HeaderMap,
    sensitive: Vec<HeaderName>,
    patience: Patience,
    max_body: Option<u64>,
    pool: PoolLimits,
    outfit: Outfit,
    pub(super) unix: Option<PathBuf>,
    /// The first thing that a setter had to refuse: every `open` fails with it.
    fault: Option<Fault>,
}

impl OpenerBuilder {
    pub(super) fn new() -> OpenerBuilder {
        OpenerBuilder {
            defaults: handlers::defaults(),
            added: Vec::new(),
            headers: HeaderMap::new(),
            sensitive: Vec::new(),
            patience: Patience::default(),
            max_body: None,
            pool: PoolLimits::default(),
            outfit: Outfit::default(),
            unix: None,
            fault: None,
        }
    }

    /// Puts a handler into the chain. One of a default handler's type takes that one's place.
    ///
    /// Python: `OpenerDirector.add_handler`, and the arguments of `build_opener`.
    pub fn add_handler<H: Handler>(mut self, handler: H) -> OpenerBuilder {
        self.defaults.retain(|default| (**default).type_id() != TypeId::of::<H>());
        self.added.push(Box::new(handler));
        self
    }

    /// Sets a header that goes with every request which doesn't have it. Default is
    /// `User-Agent: sockeye/VERSION` alone. An unclean one makes every [`Opener::open`] fail.
    ///
    /// Credentials ([`Request::redirect_to`]) don't go along when a redirect leads to another scheme, host or port.
    /// They do go with requests for any URL: give such an opener those of one site only.
    ///
    /// Python: `OpenerDirector.addheaders`.
    pub fn add_header(
        mut self,
        name: impl TryInto<HeaderName>,
        value: impl TryInto<HeaderValue>,
    ) -> OpenerBuilder {
        match header::checked(name, value) {
            Ok((name, _)) if OF_A_REQUEST.contains(&name) => {
                self.refuse(format!("{name} belongs to a single request"));
            }
            Ok((name, value)) => drop(self.headers.insert(name, value)),
            Err(error) => self.refuse(error.to_string()),
        }
        self
    }

    /// Names a header that is as secret as `Authorization`: no redirect carries it to another scheme, host or
    /// port, whichever way it got into the request. Default are those of [`Request::redirect_to`].
    ///
    /// ```
    /// use sockeye::urllib::{Request, build_opener};
    ///
    /// # use sockeye::http::{HttpServer, StatusCode, handler};
    /// # fn main() -> sockeye::Result<()> {
    /// # let there = HttpServer::bind("127.0.0.1:0")?.spawn(handler(|request, response| {
    /// #     let known = request.headers().contains_key("x-session");
    /// #     response.send_response(StatusCode::OK).body(if known { "known" } else { "unknown" })
    /// # }))?;
    /// # let elsewhere = format!("http://{}/", there.addr());
    /// # let here = HttpServer::bind("127.0.0.1:0")?.spawn(handler(move |_request, response| {
    /// #     response.send_response(StatusCode::FOUND).send_header("Location", &elsewhere).body("")
    /// # }))?;
    /// # let url = format!("http://{}/", here.addr());
    /// let opener = build_opener().sensitive_header("X-Session").build();
    /// // A redirect leads to another port.
    /// let response = opener.open(Request::new(&url)?.add_header("X-Session", "42"))?;
    /// assert_eq!(std::io::read_to_string(response)?, "unknown");
    /// # here.shutdown();
    /// # there.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn sensitive_header(mut self, name: impl TryInto<HeaderName>) -> OpenerBuilder {
        match name.try_into() {
            Ok(name) => self.sensitive.push(name),
            Err(_) => self.refuse("a sensitive header has a name that is none".to_owned()),
        }
        self
    }

    /// How long the body of an answer may be, of a request that has no [limit of its own](Request::max_body). Default
    /// is none.
    pub fn max_body(mut self, bytes: u64) -> OpenerBuilder {
        self.max_body = Some(bytes);
        self
    }

    /// How many idle connections are kept in all. Default is 64; 0 keeps none.
    pub fn max_idle(mut self, count: usize) -> OpenerBuilder {
        self.pool.total = count;
        self
    }

    /// How many idle connections are kept to one scheme, host and port, or to one proxy that is asked for http URLs.
    /// Default is 8.
    pub fn max_idle_per_host(mut self, count: usize) -> OpenerBuilder {
        self.pool.per_route = count;
        self
    }

    /// How long a connection may have been idle and still be used. Default is 30 seconds.
    pub fn idle_timeout(mut self, age: Duration) -> OpenerBuilder {
        self.pool.age = age;
        self
    }

    /// How TLS is spoken for `https:` URLs: own authorities, a client's certificate and so on, of requests that
    /// [don't say](super::Request::tls) how. Default is
    /// [`ClientTls::new`](crate::tls::ClientTls::new). Where it offers no protocol, `http/1.1` is offered. It holds for
    /// `https:` proxies too, unless they have [one of their own](super::Proxy::tls). Another name than the URL's, or none
    /// in the clear (SNI): [`ClientTls::server_name`](crate::tls::ClientTls::server_name),
    /// [`ClientTls::without_sni`](crate::tls::ClientTls::without_sni).
    ///
    /// Python: `urlopen(context=…)`, `HTTPSHandler(context=…)`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::{io::{Read, Write}, net::TcpListener, sync::Arc, thread};
    /// use sockeye::{tls::ClientTls, urllib::build_opener};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// # let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    /// # let provider = Arc::new(rustls::crypto::ring::default_provider());
    /// # let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    /// # let (chain, key) = (vec![made.cert.der().clone()], made.signing_key.into());
    /// # let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    /// # let listener = TcpListener::bind("localhost:0")?;
    /// # let port = listener.local_addr()?.port();
    /// # let server = thread::spawn(move || -> std::io::Result<()> {
    /// #     let conn = rustls::ServerConnection::new(config).unwrap();
    /// #     let mut tls = rustls::StreamOwned::new(conn, listener.accept()?.0);
    /// #     tls.read(&mut [0; 1024])?;
    /// #     tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
    /// # });
    /// # let pem = made.cert.pem();
    /// # let pem = pem.as_bytes();
    /// let opener = build_opener().tls(&ClientTls::new().add_ca_pem(pem)?).build();
    /// let mut page = String::new();
    /// opener.open(format!("https://localhost:{port}/"))?.read_to_string(&mut page)?;
    /// assert_eq!(page, "secret");
    /// # server.join().unwrap()?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: &crate::tls::ClientTls) -> OpenerBuilder {
        self.outfit.tls = tls.clone();
        self
    }

    /// The opener.
    pub fn build(self) -> Opener {
        let mut handlers = self.defaults;
        handlers.push(Box::new(Watcher { max_body: self.max_body }));
        handlers.extend(self.added);
        if let Some(fault) = self.fault {
            handlers.insert(0, Box::new(fault));
        }
        handlers.sort_by_key(|handler| handler.order());
        let mut headers = HeaderMap::new();
        for handler in &handlers {
            handler.headers(&mut headers);
        }
        // The user's word is the last one: `extend` replaces.
        headers.extend(self.headers);
        for name in &self.sensitive {
            header::mark(&mut headers, name);
        }
        Shared {
            handlers,
            http: HttpHandler::new(self.pool, self.outfit),
            headers: Defaults::new(headers),
            sensitive: self.sensitive,
            patience: self.patience,
            unix: self.unix,
        }
        .into()
    }

    pub(super) fn patience_mut(&mut self) -> &mut Patience {
        &mut self.patience
    }

    pub(super) fn dialler_mut(&mut self) -> &mut Dialler {
        &mut self.outfit.dialler
    }

    pub(super) fn dialogue_mut(&mut self) -> &mut Dialogue {
        &mut self.outfit.dialogue
    }

    /// Keeps the first fault.
    pub(super) fn refuse(&mut self, why: String) {
        self.fault.get_or_insert(Fault(why));
    }
}

impl fmt::Debug for OpenerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenerBuilder").finish_non_exhaustive()
    }
}

/// Says in every call what the builder had to refuse.
struct Fault(String);

impl Handler for Fault {
    fn order(&self) -> i32 {
        i32::MIN
    }

    fn request(&self, _: &mut Request, _: &mut Exchange<'_>) -> Result<()> {
        Err(Error::new(ErrorKind::InvalidInput, format!("the opener: {}", self.0)))
    }
}
