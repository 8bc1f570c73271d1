//! [`Phases`]: time limits of the parts of an exchange, beside those of the whole ([`Patience`](super::patience::Patience)).
//!
//! Each begins with its phase, and again in every round, such as a redirect; the one that ends first has the word, and
//! the error names it. One that isn't set costs nothing, not even a look at the clock.

use std::time::Duration;

use super::{OpenerBuilder, Request};

/// How long each phase may take.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Phases {
    /// All that it takes to have a connection: a name, attempts, a proxy, TLS.
    pub(super) connect: Option<Duration>,
    pub(super) resolve: Option<Duration>,
    pub(super) tls: Option<Duration>,
    pub(super) send: Option<Duration>,
    pub(super) first_byte: Option<Duration>,
}

impl Phases {
    /// These limits; where there are none, the opener's.
    pub(super) fn or(&self, opener: &Phases) -> Phases {
        Phases {
            connect: self.connect.or(opener.connect),
            resolve: self.resolve.or(opener.resolve),
            tls: self.tls.or(opener.tls),
            send: self.send.or(opener.send),
            first_byte: self.first_byte.or(opener.first_byte),
        }
    }
}

impl Request {
    /// The time limit of making a connection, where none is kept: finding the host, connecting, what a proxy takes, and
    /// TLS, all together. Default is the opener's ([`OpenerBuilder::connect_timeout`]).
    ///
    /// Python: none of its own. `curl --connect-timeout`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::{net::TcpListener, time::Duration};
    /// use sockeye::urllib::{Proxy, Request, urlopen};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// # let silent = TcpListener::bind("127.0.0.1:0")?;
    /// # let proxy = Proxy::new(format!("socks5h://{}", silent.local_addr()?))?;
    /// // The proxy takes the connection, and says nothing.
    /// let request = Request::new("http://example.org/")?.proxy(proxy);
    /// let error = urlopen(request.connect_timeout(Duration::from_millis(50))).unwrap_err();
    /// assert!(error.is_timeout());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn connect_timeout(mut self, limit: impl Into<Option<Duration>>) -> Request {
        self.patience_mut().phases.connect = limit.into();
        self
    }

    /// The time limit of looking up one name, the host's or a proxy's; one that is kept, or an address, isn't looked up.
    /// It is a part of [`connect_timeout`](Self::connect_timeout). Own [resolvers](OpenerBuilder::resolver) are told how
    /// much time is left. Default is the opener's ([`OpenerBuilder::resolve_timeout`]).
    ///
    /// Python: none; `getaddrinfo` takes as long as it likes.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{ErrorKind, urllib::{Request, build_opener}};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// // A resolver that waits in vain, and keeps to the time it has.
    /// let opener = build_opener().resolver(|_name, _port, left| {
    ///     let (_server, answers) = std::sync::mpsc::channel();
    ///     answers.recv_timeout(left.unwrap_or_default()).map_err(|_| ErrorKind::TimedOut.into())
    /// });
    /// let request = Request::new("http://box.internal/")?.resolve_timeout(Duration::from_millis(20));
    /// let error = opener.build().open(request).unwrap_err();
    /// assert!(error.is_timeout());
    /// assert!(error.to_string().contains("looking up the name took longer than 20ms"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn resolve_timeout(mut self, limit: impl Into<Option<Duration>>) -> Request {
        self.patience_mut().phases.resolve = limit.into();
        self
    }

    /// The time limit of a TLS handshake, from the moment on that there is a connection: with the server, and of its own
    /// with an `https:` proxy. It is a part of [`connect_timeout`](Self::connect_timeout). Default is the opener's
    /// ([`OpenerBuilder::tls_timeout`]).
    ///
    /// Python: none. Go: `Transport.TLSHandshakeTimeout`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::{net::TcpListener, time::Duration};
    /// use sockeye::urllib::{Request, urlopen};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// # let silent = TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("https://{}/", silent.local_addr()?);
    /// # if cfg!(feature = "tls") {
    /// // It takes connections, and says nothing on them.
    /// let error = urlopen(Request::new(&url)?.tls_timeout(Duration::from_millis(50))).unwrap_err();
    /// assert!(error.to_string().contains("the TLS handshake took longer than 50ms"));
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn tls_timeout(mut self, limit: impl Into<Option<Duration>>) -> Request {
        self.patience_mut().phases.tls = limit.into();
        self
    }

    /// The time limit of sending the request, its head and its data, until the system has taken the last byte; the
    /// [wait for the server's word](Self::expect_above) is a part of it, and what a reader of the program's takes
    /// counts, though it ends no read of it. Default is the opener's ([`OpenerBuilder::send_timeout`]).
    ///
    /// Python: none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::{net::TcpListener, time::Duration};
    /// use sockeye::urllib::{Request, urlopen};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// # let silent = TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", silent.local_addr()?);
    /// // The server reads nothing, and the system's buffers are soon full.
    /// let upload = Request::new(&url)?.data(vec![0; 64 << 20]).expect_above(None);
    /// let error = urlopen(upload.send_timeout(Duration::from_millis(50))).unwrap_err();
    /// assert!(error.to_string().contains("sending the request took longer than 50ms"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn send_timeout(mut self, limit: impl Into<Option<Duration>>) -> Request {
        self.patience_mut().phases.send = limit.into();
        self
    }

    /// The time limit of the wait for the answer's first byte, from the last byte of the request on. Interim answers
    /// (1xx) are none, and don't stop the clock, whole or in pieces: it runs until the first digit of a status says that
    /// this is the answer. How long the answer itself may take is the business of
    /// [`timeout`](Self::timeout), [`read_timeout`](Self::read_timeout) and [`stall_limit`](Self::stall_limit). Default
    /// is the opener's ([`OpenerBuilder::first_byte_timeout`]).
    ///
    /// Python: none. Go: `Transport.ResponseHeaderTimeout`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::{net::TcpListener, time::Duration};
    /// use sockeye::urllib::{Request, urlopen};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// # let silent = TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", silent.local_addr()?);
    /// // The server never answers.
    /// let error = urlopen(Request::new(&url)?.first_byte_timeout(Duration::from_millis(50))).unwrap_err();
    /// assert!(error.to_string().contains("the first byte of the answer took longer than 50ms"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn first_byte_timeout(mut self, limit: impl Into<Option<Duration>>) -> Request {
        self.patience_mut().phases.first_byte = limit.into();
        self
    }
}

impl OpenerBuilder {
    /// The time for making a connection, of a request that has no [limit of its own](Request::connect_timeout). Default
    /// is none.
    pub fn connect_timeout(mut self, limit: impl Into<Option<Duration>>) -> OpenerBuilder {
        self.patience_mut().phases.connect = limit.into();
        self
    }

    /// The time for looking up a name, of a request that has no [limit of its own](Request::resolve_timeout). Default is none.
    pub fn resolve_timeout(mut self, limit: impl Into<Option<Duration>>) -> OpenerBuilder {
        self.patience_mut().phases.resolve = limit.into();
        self
    }

    /// The time for a TLS handshake, of a request that has no [limit of its own](Request::tls_timeout). Default is none.
    pub fn tls_timeout(mut self, limit: impl Into<Option<Duration>>) -> OpenerBuilder {
        self.patience_mut().phases.tls = limit.into();
        self
    }

    /// The time for sending a request, of a request that has no [limit of its own](Request::send_timeout). Default is none.
    pub fn send_timeout(mut self, limit: impl Into<Option<Duration>>) -> OpenerBuilder {
        self.patience_mut().phases.send = limit.into();
        self
    }

    /// The time for the wait for an answer's first byte, of a request that has no [limit of its own](Request::first_byte_timeout). Default is none.
    pub fn first_byte_timeout(mut self, limit: impl Into<Option<Duration>>) -> OpenerBuilder {
        self.patience_mut().phases.first_byte = limit.into();
        self
    }
}
