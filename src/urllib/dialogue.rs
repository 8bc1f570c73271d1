//! [`Dialogue`]: what is said between a request and its answer: `Expect: 100-continue`, and interim answers.

use std::{fmt, sync::Arc};

use ::http::{HeaderMap, StatusCode};

use super::{OpenerBuilder, Request};

/// Up to so many bytes go out unasked: asking costs a turn, sending them in vain seldom more. As curl has it.
const UNASKED: u64 = 1024 * 1024;

/// What a request, or all of an opener, wants to say and hear before the answer.
#[derive(Clone, Default)]
pub(super) struct Dialogue {
    expect_above: Option<u64>,
    interim: Option<Told>,
}

/// Who is told of interim answers.
pub(super) type Told = Arc<dyn Fn(StatusCode, &HeaderMap) + Send + Sync>;

impl Dialogue {
    /// Of more bytes than these the server is asked whether it wants them.
    pub(super) fn unasked(&self, opener: &Dialogue) -> u64 {
        self.expect_above.or(opener.expect_above).unwrap_or(UNASKED)
    }

    pub(super) fn told(&self, opener: &Dialogue) -> Option<Told> {
        self.interim.as_ref().or(opener.interim.as_ref()).cloned()
    }
}

impl Request {
    /// Asks the server before more data than so many bytes are sent (`Expect: 100-continue`, RFC 9110 §10.1.1): they go
    /// out when it says `100 Continue`, or nothing for a second. If it answers instead (401, 413, a redirect), they
    /// don't: a reader is still untouched then, and can go with the request that follows. An answer
    /// `417 Expectation Failed` has the request repeated once without asking.
    ///
    /// 0 asks for all data; data of unknown length are asked for only then. `None` never asks. A header `Expect` of
    /// the request's own asks as well. Default is the opener's ([`OpenerBuilder::expect_above`]).
    ///
    /// Python: urllib has none. `curl` asks above 1 MiB.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::{io::{Read, Write}, net::TcpListener, thread};
    /// use sockeye::{ErrorKind, urllib::{Data, Request, urlopen}};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// # let listener = TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # let server = thread::spawn(move || -> std::io::Result<String> {
    /// #     let (mut peer, _) = listener.accept()?;
    /// #     let mut heard = String::new();
    /// #     while !heard.ends_with("\r\n\r\n") {
    /// #         let mut byte = [0];
    /// #         peer.read_exact(&mut byte)?;
    /// #         heard.push(byte[0].into());
    /// #     }
    /// #     peer.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")?;
    /// #     peer.read_to_string(&mut heard)?;
    /// #     Ok(heard)
    /// # });
    /// // The server wants no uploads, and gets no byte of it.
    /// let upload = Data::sized_reader(std::io::repeat(b'x'), 1 << 40);
    /// let error = urlopen(Request::new(&url)?.data(upload).expect_above(1000)).unwrap_err();
    /// assert_eq!(error.response().map(|response| response.getcode()), Some(413));
    /// # drop(error);
    /// # assert!(server.join().unwrap()?.ends_with("\r\n\r\n"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn expect_above(mut self, bytes: impl Into<Option<u64>>) -> Request {
        self.dialogue_mut().expect_above = Some(limit(bytes.into()));
        self
    }

    /// Calls that function with every interim answer (1xx): `103 Early Hints` with links to what can be fetched
    /// meanwhile, `102 Processing`, `100 Continue`. It runs in the thread that opens the request, before the answer is
    /// there. More than 16 of them are an error, with or without it. Default is the opener's
    /// ([`OpenerBuilder::interim`]).
    ///
    /// Python: urllib has none. curl: `CURLOPT_HEADERFUNCTION`, which gets the final head too.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::{io::{Read, Write}, net::TcpListener, thread};
    /// use std::sync::{Arc, Mutex};
    /// use sockeye::urllib::{Request, urlopen};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// # let listener = TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # let server = thread::spawn(move || -> std::io::Result<()> {
    /// #     let (mut peer, _) = listener.accept()?;
    /// #     peer.read(&mut [0; 1024])?;
    /// #     peer.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")?;
    /// #     peer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    /// # });
    /// let links = Arc::new(Mutex::new(Vec::new()));
    /// let found = links.clone();
    /// let request = Request::new(&url)?.interim(move |_status, headers| {
    ///     found.lock().unwrap().extend(headers.get("link").cloned());
    /// });
    /// assert_eq!(urlopen(request)?.text()?, "hello");
    /// assert_eq!(links.lock().unwrap()[..], ["</style.css>; rel=preload"]);
    /// # server.join().unwrap()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn interim(mut self, told: impl Fn(StatusCode, &HeaderMap) + Send + Sync + 'static) -> Request {
        self.dialogue_mut().interim = Some(Arc::new(told));
        self
    }
}

impl OpenerBuilder {
    /// Asks servers before more data than so many bytes are sent, of requests that
    /// [don't say](Request::expect_above) when. Default is 1 MiB; `None` never asks.
    pub fn expect_above(mut self, bytes: impl Into<Option<u64>>) -> OpenerBuilder {
        self.dialogue_mut().expect_above = Some(limit(bytes.into()));
        self
    }

    /// Calls that function with every interim answer, of requests that have [none of their own](Request::interim).
    /// Default is none: they are skipped.
    pub fn interim(mut self, told: impl Fn(StatusCode, &HeaderMap) + Send + Sync + 'static) -> OpenerBuilder {
        self.dialogue_mut().interim = Some(Arc::new(told));
        self
    }
}

impl fmt::Debug for Dialogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialogue").field("expect_above", &self.expect_above).finish_non_exhaustive()
    }
}

fn limit(bytes: Option<u64>) -> u64 {
    bytes.unwrap_or(u64::MAX)
}
