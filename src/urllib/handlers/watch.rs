//! What watches a request: [`Request::max_body`] and [`Request::progress`] its answer's body while it is read,
//! [`Request::steps`] the way there.

use std::{
    fmt,
    io::{self, BufRead, Read},
    sync::Arc,
};

use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{Body, Exchange, Handler, Next, Request, Response, response::Layer},
};

/// How far the reading of a body has come: [`Request::progress`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The bytes that were read; of a coded body, decoded ones.
    pub received: u64,
    /// How many there will be, if that is known: it isn't for chunked and for coded bodies.
    pub total: Option<u64>,
}

/// What a request wants to be watched.
#[derive(Clone, Default)]
pub(in crate::urllib) struct Watch {
    max_body: Option<u64>,
    progress: Option<Report>,
    steps: Option<Arc<dyn Fn(Step) + Send + Sync>>,
}

type Report = Arc<dyn Fn(Progress) + Send + Sync>;

/// What is over on the way to an answer: [`Request::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The host's addresses are known. Not told of a proxy's and of a Unix socket.
    Resolved,
    /// There is a connection; through a proxy, one to the server.
    Connected,
    /// The TLS handshake with the server is over.
    Secured,
    /// The answer's head is there; interim ones (1xx) don't count.
    Answered,
}

/// Puts the watch into the chain, behind the decoder.
#[derive(Debug, Default)]
pub(in crate::urllib) struct Watcher {
    /// For requests without a limit of their own.
    pub(in crate::urllib) max_body: Option<u64>,
}

/// A body that is watched.
struct Watched {
    body: Body,
    received: u64,
    total: Option<u64>,
    limit: Option<u64>,
    progress: Option<Report>,
}

impl Request {
    /// How long the answer's body may be: [`ErrorKind::TooLarge`] as soon as it is known to be longer, from opening
    /// it or from a read. Of a coded body the decoded bytes count. Default is the opener's
    /// ([`OpenerBuilder::max_body`](crate::urllib::OpenerBuilder::max_body)).
    #[must_use]
    pub fn max_body(mut self, bytes: u64) -> Request {
        self.watch_mut().max_body = Some(bytes);
        self
    }

    /// Calls that function whenever some of the answer's body was read. It runs in the reading
    /// thread. For what is sent, wrap the reader that is given to [`Data::reader`](crate::urllib::Data::reader).
    ///
    /// Python: `urlretrieve`'s `reporthook`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
    /// use sockeye::urllib::{Request, urlopen};
    ///
    /// # use sockeye::http::{HttpServer, StatusCode, handler};
    /// # fn main() -> sockeye::Result<()> {
    /// # let hello = handler(|_request, response| response.send_response(StatusCode::OK).body("hello"));
    /// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(hello)?;
    /// # let url = format!("http://{}/", server.addr());
    /// let seen = Arc::new(AtomicU64::new(0));
    /// let count = seen.clone();
    /// let request = Request::new(url)?.progress(move |progress| {
    ///     assert_eq!(progress.total, Some(5));
    ///     count.store(progress.received, Ordering::Relaxed);
    /// });
    /// std::io::copy(&mut urlopen(request)?, &mut std::io::sink())?;
    /// assert_eq!(seen.load(Ordering::Relaxed), 5);
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn progress(mut self, report: impl Fn(Progress) + Send + Sync + 'static) -> Request {
        self.watch_mut().progress = Some(Arc::new(report));
        self
    }

    /// Calls that function whenever a step on the way to the answer is over, in the opening thread: it may look at the
    /// clock, or log. A kept connection is there from the beginning: what follows is [`Step::Answered`] alone. Each
    /// round, such as a redirect, has its own steps.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use sockeye::urllib::{Request, Step, urlopen};
    ///
    /// # use sockeye::http::{HttpServer, StatusCode, handler};
    /// # fn main() -> sockeye::Result<()> {
    /// # let hello = handler(|_request, response| response.send_response(StatusCode::OK).body("hello"));
    /// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(hello)?;
    /// # let url = format!("http://{}/", server.addr());
    /// let seen = Arc::new(Mutex::new(Vec::new()));
    /// let steps = seen.clone();
    /// urlopen(Request::new(url)?.steps(move |step| steps.lock().unwrap().push(step)))?;
    /// assert_eq!(*seen.lock().unwrap(), [Step::Resolved, Step::Connected, Step::Answered]);
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn steps(mut self, report: impl Fn(Step) + Send + Sync + 'static) -> Request {
        self.watch_mut().steps = Some(Arc::new(report));
        self
    }
}

impl Watch {
    /// That step is over.
    pub(in crate::urllib) fn step(&self, step: Step) {
        if let Some(report) = &self.steps {
            report(step);
        }
    }
}

impl Handler for Watcher {
    fn order(&self) -> i32 {
        460
    }

    fn response(&self, request: &mut Request, response: Response, _: &mut Exchange<'_>) -> Result<Next> {
        let watch = request.watch();
        let limit = watch.max_body.or(self.max_body);
        if limit.is_none() && watch.progress.is_none() {
            return Ok(Next::Pass(response));
        }
        let total = response.bytes_left();
        // The body of an error status matters less than the status.
        if let (Some(total), Some(limit), ..400) = (total, limit, response.getcode()) {
            if total > limit {
                let message = format!("the answer's body has {total} bytes, {limit} are allowed");
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
        }
        let progress = watch.progress.clone();
        Ok(Next::Pass(response.map_layer(|body| Watched { body, received: 0, total, limit, progress })))
    }
}

impl Watched {
    /// How many bytes may still be given; an error if none may, and there are more.
    fn allowed(&mut self) -> io::Result<usize> {
        let Some(limit) = self.limit else { return Ok(usize::MAX) };
        let left = limit.saturating_sub(self.received);
        if left == 0 && !self.body.fill_buf()?.is_empty() {
            let message = format!("the answer's body is longer than the {limit} bytes that are allowed");
            return Err(Error::new(ErrorKind::TooLarge, message).into());
        }
        Ok(usize::try_from(left).unwrap_or(usize::MAX))
    }

    fn count(&mut self, bytes: usize) {
        self.received += bytes as u64;
        if let Some(progress) = &self.progress {
            progress(Progress { received: self.received, total: self.total });
        }
    }
}

impl Read for Watched {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let allowed = self.allowed()?.min(buf.len());
        let n = self.body.read(&mut buf[..allowed])?;
        if n > 0 {
            self.count(n);
        }
        Ok(n)
    }
}

impl BufRead for Watched {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let allowed = self.allowed()?;
        let there = self.body.fill_buf()?;
        Ok(&there[..there.len().min(allowed)])
    }

    fn consume(&mut self, amount: usize) {
        self.body.consume(amount);
        if amount > 0 {
            self.count(amount);
        }
    }
}

impl Layer for Watched {
    fn bytes_left(&self) -> Option<u64> {
        self.body.bytes_left()
    }

    fn below(&self) -> Option<&Body> {
        Some(&self.body)
    }

    fn below_mut(&mut self) -> Option<&mut Body> {
        Some(&mut self.body)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("max_body", &self.max_body).finish_non_exhaustive()
    }
}
