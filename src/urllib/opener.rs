//! [`Opener`]: the chain of handlers, and the default one behind [`urlopen`].

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use ::http::{HeaderMap, HeaderName};

use super::{
    Exchange, Handler, IntoRequest, Next, OpenerBuilder, Request, Response, address, local,
    patience::Patience,
    transport::{Defaults, HttpHandler},
};
use crate::error::{Error, ErrorKind, Result};

/// The opener that [`urlopen`] uses; `None` until it is first needed.
static DEFAULT: RwLock<Option<Opener>> = RwLock::new(None);

/// Opens a URL, with the installed default [`Opener`]: connections are kept and used again.
///
/// Blocks until the response's head is there; its body is then read from the [`Response`].
///
/// Python: `urllib.request.urlopen`; its arguments `data` and `timeout` are [`Request`]'s here.
///
/// # Errors
///
/// A status of 400 or above is [`ErrorKind::Status`], with the response [in the error](Error::response).
/// [`ErrorKind::InvalidInput`] for what can't be a request, [`ErrorKind::UnknownHost`] and the kinds of a
/// failing connection, [`ErrorKind::TimedOut`], [`ErrorKind::Protocol`] when the answer isn't HTTP,
/// [`ErrorKind::TooLarge`] when its head is beyond the limits, [`ErrorKind::UnexpectedEof`] when it is cut
/// short, [`ErrorKind::Redirect`] when a redirect isn't followed, [`ErrorKind::Proxy`] when a proxy doesn't make
/// the connection, [`ErrorKind::Unsupported`] for a scheme that this build doesn't have.
///
/// # Examples
///
/// ```
/// use std::{io::{Read, Write}, net::TcpListener, thread};
/// use sockeye::urllib::urlopen;
///
/// # fn main() -> sockeye::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let url = format!("http://{}/", listener.local_addr()?);
/// let server = thread::spawn(move || -> std::io::Result<()> {
///     let (mut peer, _) = listener.accept()?;
///     peer.read(&mut [0; 1024])?;
///     peer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
/// });
/// let mut page = String::new();
/// urlopen(&url)?.read_to_string(&mut page)?;
/// assert_eq!(page, "hello");
/// # server.join().unwrap()?;
/// # Ok(())
/// # }
/// ```
pub fn urlopen(request: impl IntoRequest) -> Result<Response> {
    default_opener().open(request)
}

/// Starts an [`Opener`] that has the default handlers.
///
/// Python: `urllib.request.build_opener`, which takes the handlers as arguments.
///
/// # Examples
///
/// ```
/// use sockeye::{ErrorKind, urllib::build_opener};
///
/// let opener = build_opener().add_header("X-Key", "two\r\nlines").build();
/// assert_eq!(opener.open("http://127.0.0.1/").unwrap_err().kind(), ErrorKind::InvalidInput);
/// ```
pub fn build_opener() -> OpenerBuilder {
    OpenerBuilder::new()
}

/// Makes that opener the default one, which [`urlopen`] uses, for the whole process. Prefer calling
/// [`Opener::open`] where the opener can be passed.
///
/// Python: `urllib.request.install_opener`.
///
/// # Examples
///
/// ```
/// use std::io::Read;
/// use sockeye::urllib::{build_opener, install_opener, urlopen};
///
/// # use sockeye::http::{HttpServer, StatusCode, handler};
/// # fn main() -> sockeye::Result<()> {
/// # let greet = handler(|request, response| {
/// #     let name = request.headers().get("x-name").and_then(|name| name.to_str().ok()).unwrap_or("nobody");
/// #     response.send_response(StatusCode::OK).body(format!("hello {name}"))
/// # });
/// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(greet)?;
/// # let url = format!("http://{}/", server.addr());
/// install_opener(build_opener().add_header("X-Name", "Ada").build());
/// let mut page = String::new();
/// urlopen(&url)?.read_to_string(&mut page)?;
/// assert_eq!(page, "hello Ada");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
pub fn install_opener(opener: Opener) {
    let before = DEFAULT.write().unwrap_or_else(PoisonError::into_inner).replace(opener);
    // Its idle connections are closed outside the lock.
    drop(before);
}

pub(super) fn default_opener() -> Opener {
    if let Some(opener) = &*DEFAULT.read().unwrap_or_else(PoisonError::into_inner) {
        return opener.clone();
    }
    let mut default = DEFAULT.write().unwrap_or_else(PoisonError::into_inner);
    default.get_or_insert_with(Opener::new).clone()
}

/// An ordered chain of [`Handler`]s above one pool of connections.
///
/// Cheap to clone: clones share chain and pool. Any number of threads may use it at once.
///
/// Python: `urllib.request.OpenerDirector`.
///
/// # Examples
///
/// ```
/// use sockeye::{ErrorKind, urllib::Opener};
///
/// let opener = Opener::new();
/// assert_eq!(opener.open("gopher://localhost/").unwrap_err().kind(), ErrorKind::Unsupported);
/// ```
#[derive(Clone)]
pub struct Opener(Arc<Shared>);

/// What an opener is made of.
pub(super) struct Shared {
    /// INVARIANT: sorted by `order()`.
    pub(super) handlers: Vec<Box<dyn Handler>>,
    pub(super) http: HttpHandler,
    pub(super) headers: Defaults,
    /// Headers that are credentials, beside those that always are.
    pub(super) sensitive: Vec<HeaderName>,
    pub(super) patience: Patience,
    /// Where all requests go that don't say another way.
    pub(super) unix: Option<PathBuf>,
}

impl From<Shared> for Opener {
    fn from(shared: Shared) -> Opener {
        Opener(Arc::new(shared))
    }
}

impl Opener {
    /// An opener with the default handlers.
    ///
    /// Python: `urllib.request.build_opener()`.
    #[must_use]
    pub fn new() -> Opener {
        OpenerBuilder::new().build()
    }

    /// Opens a URL or a [`Request`].
    ///
    /// Python: `OpenerDirector.open`.
    ///
    /// # Errors
    ///
    /// As [`urlopen`].
    pub fn open(&self, request: impl IntoRequest) -> Result<Response> {
        let mut request = request.into_request()?;
        local::route(&mut request, self.0.unix.as_deref())?;
        request.take_fault()?;
        let merged;
        let patience = match request.patience() {
            None => &self.0.patience,
            Some(own) => {
                merged = own.or(&self.0.patience);
                &merged
            }
        };
        let mut exchange = Exchange::new(self, patience);
        let outcome = loop {
            match self.round(&mut request, &mut exchange) {
                Ok(Next::Again) => {}
                Ok(Next::Pass(response)) => break Ok(response),
                Err(error) => break Err(error),
            }
        };
        match outcome {
            Ok(response) => Ok(response.with_history(exchange.into_history())),
            // It says already of which URL it speaks.
            Err(error) if error.response().is_some() => Err(error),
            Err(error) => Err(error.context(format!("open {}", address::without_user_info(request.url())))),
        }
    }

    /// Closes the connections that wait in the pool. Those in use are not touched.
    pub fn close_idle(&self) {
        self.0.http.close_idle();
    }

    /// The headers that go with every request that doesn't have them.
    ///
    /// Python: `OpenerDirector.addheaders`.
    #[must_use]
    pub fn default_headers(&self) -> &HeaderMap {
        self.0.headers.map()
    }

    /// These, with the rules of what goes out.
    pub(super) fn defaults(&self) -> &Defaults {
        &self.0.headers
    }

    /// One round through the chain.
    fn round(&self, request: &mut Request, exchange: &mut Exchange<'_>) -> Result<Next> {
        exchange.begin_round()?;
        request.show(None);
        for handler in &self.0.handlers {
            handler.request(request, exchange)?;
        }
        request.mark_sensitive(&self.0.sensitive);
        let mut outcome = self.answer(request, exchange);
        for handler in &self.0.handlers {
            let next = match outcome {
                Ok(response) => handler.response(request, response, exchange),
                Err(error) => handler.error(request, error, exchange),
            };
            outcome = match next {
                Ok(Next::Pass(response)) => Ok(response),
                Ok(Next::Again) => return Ok(Next::Again),
                Err(error) => Err(error),
            };
        }
        outcome.map(Next::Pass)
    }

    /// The first handler's answer; the schemes that are built in come last.
    fn answer(&self, request: &mut Request, exchange: &mut Exchange<'_>) -> Result<Response> {
        for handler in &self.0.handlers {
            if let Some(outcome) = handler.open(request, exchange) {
                return outcome;
            }
        }
        match request.url().scheme() {
            "http" | "https" => self.0.http.open(request, &self.0.headers, exchange),
            _ => Err(Error::new(ErrorKind::Unsupported, address::unknown_scheme(request.url()))),
        }
    }
}

impl Default for Opener {
    fn default() -> Opener {
        Opener::new()
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let orders: Vec<_> = self.0.handlers.iter().map(|handler| handler.order()).collect();
        f.debug_struct("Opener").field("handlers", &orders).finish_non_exhaustive()
    }
}

const _: fn() = || {
    fn shareable<T: Send + Sync>() {}
    shareable::<Opener>();
    shareable::<Response>();
    shareable::<Request>();
};
