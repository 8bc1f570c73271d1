//! [`ConnectOptions`]: what `create_connection` may be told.

use std::{net::SocketAddr, time::Duration};

use super::{
    AF_UNSPEC, Bounds, Kind, SOCK_STREAM, Socket, Target, ToAddress, getdefaulttimeout,
    race::{Attempting, race},
    resolve,
};
use crate::{cancel::CancelToken, deadline::Deadline, error::Result};

/// RFC 8305 §8: recommended.
pub(super) const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// RFC 8305 §8: less would flood the network.
const LEAST_DELAY: Duration = Duration::from_millis(10);

/// [`create_connection`](super::create_connection) with a source address, a cancel token, and the rest.
///
/// Python: the arguments of `socket.create_connection`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::socket::{ConnectOptions, create_server};
/// let server = create_server("127.0.0.1:0")?;
/// let options = ConnectOptions::new().timeout(Duration::from_secs(5)).source_address(([127, 0, 0, 1], 0));
/// let socket = options.create_connection(server.getsockname()?)?;
/// assert_eq!(socket.gettimeout(), Some(Duration::from_secs(5)));
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ConnectOptions {
    timeout: Option<Duration>,
    cancel: Option<CancelToken>,
    attempting: Attempting<'static>,
}

impl ConnectOptions {
    /// Nothing set.
    ///
    /// ```
    /// use sockeye::socket::{ConnectOptions, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// assert!(ConnectOptions::new().create_connection(server.getsockname()?).is_ok());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn new() -> ConnectOptions {
        let attempting = Attempting { source: None, kind: SOCK_STREAM, delay: ATTEMPT_DELAY, prepare: None };
        ConnectOptions { timeout: getdefaulttimeout(), cancel: None, attempting }
    }

    /// The time limit for look-up and all attempts together, and then of each call of the socket. Default is
    /// [`getdefaulttimeout`](super::getdefaulttimeout): none. `Duration::ZERO` waits for nothing: a name fails at once
    /// with [`TimedOut`](crate::ErrorKind::TimedOut), an address of this machine may be connected.
    ///
    /// ```
    /// # use sockeye::socket::{ConnectOptions, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let socket = ConnectOptions::new().timeout(None).create_connection(server.getsockname()?)?;
    /// assert_eq!(socket.gettimeout(), None);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn timeout(self, timeout: impl Into<Option<Duration>>) -> ConnectOptions {
        ConnectOptions { timeout: timeout.into(), ..self }
    }

    /// The token that ends look-up and connecting, and then each call of the socket. Default is none.
    ///
    /// Python: there is no such thing.
    ///
    /// ```
    /// # use sockeye::{ErrorKind, cancel::CancelToken, socket::{ConnectOptions, create_server}};
    /// let server = create_server("127.0.0.1:0")?;
    /// let token = CancelToken::new()?;
    /// token.cancel();
    /// let error = ConnectOptions::new().cancel(token).create_connection(server.getsockname()?).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Cancelled);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn cancel(self, token: impl Into<Option<CancelToken>>) -> ConnectOptions {
        ConnectOptions { cancel: token.into(), ..self }
    }

    /// The kind of socket: `SOCK_STREAM`; `SOCK_DGRAM`, for which connecting only fixes where packets go and of whom
    /// they are taken; `SOCK_SEQPACKET`. Default is `SOCK_STREAM`.
    ///
    /// A datagram socket to a Unix address gets a name of its own, to which answers can go (Linux).
    ///
    /// ```
    /// # use sockeye::socket::{ConnectOptions, ListenOptions, SOCK_DGRAM};
    /// let server = ListenOptions::new().kind(SOCK_DGRAM).create_server("127.0.0.1:0")?;
    /// let client = ConnectOptions::new().kind(SOCK_DGRAM).create_connection(server.getsockname()?)?;
    /// client.send(b"hello")?;
    /// assert_eq!(server.recvfrom(&mut [0; 64])?, (5, client.getsockname()?));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn kind(mut self, kind: Kind) -> ConnectOptions {
        self.attempting.kind = kind;
        self
    }

    /// The address of this end; port 0 lets the system choose one. Only addresses of its family are tried. Default
    /// is what the system chooses.
    ///
    /// Python: `source_address`.
    ///
    /// ```
    /// # use sockeye::socket::{ConnectOptions, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let options = ConnectOptions::new().source_address(([127, 0, 0, 1], 0));
    /// let socket = options.create_connection(server.getsockname()?)?;
    /// assert_eq!(socket.getsockname()?.ip(), Some([127, 0, 0, 1].into()));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn source_address(mut self, source: impl Into<SocketAddr>) -> ConnectOptions {
        self.attempting.source = Some(source.into());
        self
    }

    /// How long an attempt may stay without an answer before the next address is tried beside it (RFC 8305 §5); less
    /// than 10 ms counts as that. Default is 250 ms.
    ///
    /// In `asyncio`: `happy_eyeballs_delay`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use sockeye::socket::{ConnectOptions, create_server};
    /// let server = create_server(("localhost", 0))?;
    /// let port = server.getsockname()?.port().unwrap();
    /// let options = ConnectOptions::new().attempt_delay(Duration::from_millis(50));
    /// assert!(options.create_connection(("localhost", port)).is_ok());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn attempt_delay(mut self, delay: Duration) -> ConnectOptions {
        self.attempting.delay = delay.max(LEAST_DELAY);
        self
    }

    /// Connects as [`create_connection`](super::create_connection) does.
    ///
    /// # Errors
    ///
    /// As [`create_connection`](super::create_connection), [`Cancelled`](crate::ErrorKind::Cancelled), and those of
    /// [`bind`](Socket::bind) for the source address.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::socket::{ConnectOptions, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let socket = ConnectOptions::new().create_connection(server.getsockname()?)?;
    /// assert_eq!(socket.getpeername()?, server.getsockname()?);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn create_connection(&self, address: impl ToAddress) -> Result<Socket> {
        let socket = self.connect_to(address)?;
        socket.settimeout(self.timeout)?;
        Ok(socket)
    }

    /// The same for the rooms above: the socket is in blocking mode.
    pub(crate) fn connect_to(&self, address: impl ToAddress) -> Result<Socket> {
        let bounds = Bounds { deadline: Deadline::after(self.timeout), cancel: self.cancel.as_ref() };
        self.connect_any(&address.target()?, bounds)
    }

    pub(crate) fn chosen_kind(&self) -> Kind {
        self.attempting.kind
    }

    /// The time limit.
    pub(crate) fn limit(&self) -> Option<Duration> {
        self.timeout
    }

    /// How each attempt is made.
    pub(super) fn attempting(&self) -> Attempting<'static> {
        self.attempting
    }

    fn connect_any(&self, target: &Target<'_>, bounds: Bounds<'_>) -> Result<Socket> {
        let addresses = resolve(target, AF_UNSPEC, bounds)?;
        race(addresses, self.attempting, bounds).map_err(|lost| lost.into_error(target))
    }
}

impl Default for ConnectOptions {
    fn default() -> ConnectOptions {
        ConnectOptions::new()
    }
}
