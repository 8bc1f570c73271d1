//! [`Opener`]: the chain of handlers, and the default one behind [`urlopen`].

use std::{
    any::{Any, TypeId},
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use ::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
};

use super::{
    ErrorProcessor, Exchange, Handler, IntoRequest, Next, RedirectHandler, Request, Response, address,
    header,
    patience::Patience,
    transport::{HttpHandler, PoolLimits},
};
use crate::error::{Error, ErrorKind, Result};

/// What can't be the same for all requests.
const OF_A_REQUEST: [HeaderName; 3] = [CONTENT_LENGTH, HOST, TRANSFER_ENCODING];

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
/// short, [`ErrorKind::Redirect`] when a redirect isn't followed, [`ErrorKind::Unsupported`] for a scheme that
/// this build doesn't have.
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
/// use std::time::Duration;
/// use sockeye::urllib::{build_opener, install_opener};
///
/// install_opener(build_opener().timeout(Duration::from_secs(30)).build());
/// # assert!(sockeye::urllib::urlopen("nonsense:").is_err());
/// ```
pub fn install_opener(opener: Opener) {
    let before = DEFAULT.write().unwrap_or_else(PoisonError::into_inner).replace(opener);
    // Its idle connections are closed outside the lock.
    drop(before);
}

fn default_opener() -> Opener {
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

struct Shared {
    /// INVARIANT: sorted by `order()`.
    handlers: Vec<Box<dyn Handler>>,
    http: HttpHandler,
    headers: HeaderMap,
    patience: Patience,
}

impl Opener {
    /// An opener with the default handlers.
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
        request.take_fault()?;
        let mut exchange = Exchange::new(self, request.patience().or(&self.0.patience));
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
            Err(error) => Err(error.context(format!("open {}", address::shown(request.url())))),
        }
    }

    /// Closes the connections that wait in the pool. Those in use are not touched.
    pub fn close_idle(&self) {
        self.0.http.close_idle();
    }

    /// One round through the chain.
    fn round(&self, request: &mut Request, exchange: &mut Exchange<'_>) -> Result<Next> {
        exchange.begin_round()?;
        for handler in &self.0.handlers {
            handler.request(request, exchange)?;
        }
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
            "http" => self.0.http.open(request, &self.0.headers, exchange),
            "https" => {
                let message = "https needs TLS, which is not built in yet";
                Err(Error::new(ErrorKind::Unsupported, message))
            }
            scheme => {
                let hint = if address::is_host_and_port(request.url()) {
                    format!("perhaps http://{}", request.url())
                } else {
                    "http is the one that is built in".to_owned()
                };
                Err(Error::new(ErrorKind::Unsupported, format!("unknown scheme {scheme:?}: {hint}")))
            }
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

/// Makes an [`Opener`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::urllib::{RedirectHandler, build_opener};
///
/// let opener = build_opener()
///     .add_handler(RedirectHandler::new().limit(3)) // takes the default one's place
///     .add_header("User-Agent", "mozilla")
///     .timeout(Duration::from_secs(30))
///     .build();
/// # assert!(opener.open("nonsense:").is_err());
/// ```
#[must_use]
pub struct OpenerBuilder {
    defaults: Vec<Box<dyn Handler>>,
    added: Vec<Box<dyn Handler>>,
    headers: HeaderMap,
    patience: Patience,
    pool: PoolLimits,
    /// The first thing that a setter had to refuse: every `open` fails with it.
    fault: Option<Fault>,
}

impl OpenerBuilder {
    fn new() -> OpenerBuilder {
        OpenerBuilder {
            defaults: vec![Box::new(RedirectHandler::new()), Box::new(ErrorProcessor::new())],
            added: Vec::new(),
            headers: HeaderMap::new(),
            patience: Patience::default(),
            pool: PoolLimits::default(),
            fault: None,
        }
    }

    /// Puts a handler into the chain. One of a default handler's type takes that one's place.
    pub fn add_handler<H: Handler>(mut self, handler: H) -> OpenerBuilder {
        self.defaults.retain(|default| (**default).type_id() != TypeId::of::<H>());
        self.added.push(Box::new(handler));
        self
    }

    /// Sets a header that goes with every request which doesn't have it. Default is
    /// `User-Agent: sockeye/VERSION` alone. An unclean one makes every [`Opener::open`] fail.
    ///
    /// Credentials (`Authorization`, `Cookie`, `Proxy-Authorization`) don't go along when a redirect leads to another
    /// scheme, host or port. They do go with requests for any URL: give such an opener those of one site only.
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

    /// The total time of a request that has no [limit of its own](Request::timeout). Default is none.
    pub fn timeout(mut self, total: impl Into<Option<Duration>>) -> OpenerBuilder {
        self.patience.total = total.into();
        self
    }

    /// The time of each single wait of a request that has no [limit of its own](Request::read_timeout).
    /// Default is none.
    pub fn read_timeout(mut self, each: impl Into<Option<Duration>>) -> OpenerBuilder {
        self.patience.each = each.into();
        self
    }

    /// How many idle connections are kept in all. Default is 64; 0 keeps none.
    pub fn max_idle(mut self, count: usize) -> OpenerBuilder {
        self.pool.total = count;
        self
    }

    /// How many idle connections are kept to one scheme, host and port. Default is 8.
    pub fn max_idle_per_host(mut self, count: usize) -> OpenerBuilder {
        self.pool.per_route = count;
        self
    }

    /// How long a connection may have been idle and still be used. Default is 30 seconds.
    pub fn idle_timeout(mut self, age: Duration) -> OpenerBuilder {
        self.pool.age = age;
        self
    }

    /// The opener.
    pub fn build(self) -> Opener {
        let mut handlers = self.defaults;
        handlers.extend(self.added);
        if let Some(fault) = self.fault {
            handlers.insert(0, Box::new(fault));
        }
        handlers.sort_by_key(|handler| handler.order());
        Opener(Arc::new(Shared {
            handlers,
            http: HttpHandler::new(self.pool),
            headers: self.headers,
            patience: self.patience,
        }))
    }

    fn refuse(&mut self, why: String) {
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
        Err(Error::new(ErrorKind::InvalidInput, format!("the opener's headers: {}", self.0)))
    }
}

const _: fn() = || {
    fn shareable<T: Send + Sync + Any>() {}
    shareable::<Opener>();
    shareable::<Response>();
    shareable::<Request>();
};
