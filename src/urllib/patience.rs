//! [`Patience`]: how long one request may take, and who may end it. The limits of its [`phases`](super::phases) stand
//! in a file of their own.

use std::time::Duration;

use super::{OpenerBuilder, Request, phases::Phases};
use crate::cancel::CancelToken;

/// The limits of a request, or of all that an opener opens.
#[derive(Clone, Debug, Default)]
pub(super) struct Patience {
    /// From opening it to the last byte.
    pub(super) total: Option<Duration>,
    /// For each wait.
    pub(super) each: Option<Duration>,
    pub(super) phases: Phases,
    pub(super) stall: Option<Stall>,
    pub(super) cancel: Option<CancelToken>,
}

/// So many bytes must travel in that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stall {
    pub(super) bytes: u64,
    pub(super) per: Duration,
}

impl Patience {
    /// These limits; where there are none, the opener's.
    pub(super) fn or(&self, opener: &Patience) -> Patience {
        Patience {
            total: self.total.or(opener.total),
            each: self.each.or(opener.each),
            phases: self.phases.or(&opener.phases),
            stall: self.stall.or(opener.stall),
            cancel: self.cancel.clone(),
        }
    }
}

impl Request {
    /// The time limit of everything: finding the host, connecting, sending, every redirect, and reading the
    /// body to its last byte, whatever the program does between two reads. The clock starts when the request
    /// is opened. Default is the opener's ([`OpenerBuilder::timeout`](OpenerBuilder::timeout)).
    ///
    /// Python: its `timeout` limits each wait; that is [`read_timeout`](Self::read_timeout) here.
    #[must_use]
    pub fn timeout(mut self, total: impl Into<Option<Duration>>) -> Request {
        self.patience_mut().total = total.into();
        self
    }

    /// The time limit of each single wait for the server: to be connected, to take some bytes, to give the
    /// next ones. It ends a download that stalls and never one that goes on. Default is the opener's
    /// ([`OpenerBuilder::read_timeout`](OpenerBuilder::read_timeout)).
    ///
    /// Python: the argument `timeout` of `urllib.request.urlopen`.
    #[must_use]
    pub fn read_timeout(mut self, each: impl Into<Option<Duration>>) -> Request {
        self.patience_mut().each = each.into();
        self
    }

    /// Gives up a body, of the answer or of the request, of which fewer than so many bytes come or go in that time, with
    /// [`TimedOut`](crate::ErrorKind::TimedOut). Where `timeout` would end a long download that goes well and
    /// `read_timeout` never ends one that drips, this does. Only the waiting for the network counts, not what the
    /// program does between two reads; nor the wait for the answer's head. 0 of either is no limit. Default is the
    /// opener's ([`OpenerBuilder::stall_limit`]).
    ///
    /// Python: none. `curl --speed-limit … --speed-time …`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::{io::{Read, Write}, net::TcpListener, thread, time::Duration};
    /// use sockeye::urllib::{Request, urlopen};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// # let listener = TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # let server = thread::spawn(move || -> std::io::Result<usize> {
    /// #     let (mut peer, _) = listener.accept()?;
    /// #     peer.read(&mut [0; 1024])?;
    /// #     peer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello")?;
    /// #     peer.read(&mut [0; 1])
    /// # });
    /// // Five bytes come, and then nothing.
    /// let request = Request::new(&url)?.stall_limit(100, Duration::from_millis(50));
    /// let error = urlopen(request)?.text().unwrap_err();
    /// assert!(error.to_string().contains("fewer than 100 bytes in 50ms"));
    /// # server.join().unwrap()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn stall_limit(mut self, bytes: u64, per: Duration) -> Request {
        self.patience_mut().stall = Some(Stall { bytes, per });
        self
    }

    /// Lets [`CancelToken::cancel`] end it, from any thread, until its body is read. Default is none.
    #[must_use]
    pub fn cancel_token(mut self, token: &CancelToken) -> Request {
        self.patience_mut().cancel = Some(token.clone());
        self
    }
}

impl OpenerBuilder {
    /// The total time of a request that has no [limit of its own](Request::timeout). Default is none.
    pub fn timeout(mut self, total: impl Into<Option<Duration>>) -> OpenerBuilder {
        self.patience_mut().total = total.into();
        self
    }

    /// The time of each single wait of a request that has no [limit of its own](Request::read_timeout).
    /// Default is none.
    ///
    /// Python: `socket.setdefaulttimeout`.
    pub fn read_timeout(mut self, each: impl Into<Option<Duration>>) -> OpenerBuilder {
        self.patience_mut().each = each.into();
        self
    }

    /// So many bytes of a body must come or go in that time, of a request that has no
    /// [limit of its own](Request::stall_limit). Default is none.
    pub fn stall_limit(mut self, bytes: u64, per: Duration) -> OpenerBuilder {
        self.patience_mut().stall = Some(Stall { bytes, per });
        self
    }
}
