//! [`Connector`]: what is set before a connection is made.

use std::{net::SocketAddr, time::Duration};

use super::Client;
use crate::{
    cancel::CancelToken,
    error::Result,
    socket::{ConnectOptions, Kind, ToAddress, errno_of},
};

/// Makes [`Client`]s: a time limit and a cancel token that hold for connecting too.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::{client::Connector, socket::create_server};
/// let server = create_server("127.0.0.1:0")?;
/// let client = Connector::new().timeout(Duration::from_secs(5)).connect(server.getsockname()?)?;
/// assert_eq!(client.gettimeout(), Some(Duration::from_secs(5)));
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Connector(pub(super) ConnectOptions);

impl Connector {
    /// Nothing set.
    ///
    /// ```
    /// # use sockeye::{client::Connector, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// assert!(Connector::new().connect(server.getsockname()?).is_ok());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn new() -> Connector {
        Connector(ConnectOptions::new())
    }

    /// The time limit for look-up and all attempts together, and then of each call of the client. Default is
    /// [`getdefaulttimeout`](crate::socket::getdefaulttimeout): none. `Duration::ZERO` waits for nothing: a name fails at once
    /// with [`TimedOut`](crate::ErrorKind::TimedOut), an address of this machine may be connected.
    ///
    /// ```
    /// # use sockeye::{client::Connector, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let client = Connector::new().timeout(None).connect(server.getsockname()?)?;
    /// assert_eq!(client.gettimeout(), None);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn timeout(self, timeout: impl Into<Option<Duration>>) -> Connector {
        Connector(self.0.timeout(timeout))
    }

    /// The token that ends connecting, and then each call of the client. Default is none.
    ///
    /// ```
    /// # use sockeye::{ErrorKind, cancel::CancelToken, client::Connector, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let token = CancelToken::new()?;
    /// token.cancel();
    /// let error = Connector::new().cancel(token).connect(server.getsockname()?).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Cancelled);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn cancel(self, token: impl Into<Option<CancelToken>>) -> Connector {
        Connector(self.0.cancel(token))
    }

    /// The kind of socket: [`SOCK_STREAM`](crate::socket::SOCK_STREAM); [`SOCK_DGRAM`](crate::socket::SOCK_DGRAM) for
    /// UDP and its like over Unix sockets, see [`Client::connect_udp`];
    /// [`SOCK_SEQPACKET`](crate::socket::SOCK_SEQPACKET). Default is `SOCK_STREAM`.
    ///
    /// ```
    /// # use sockeye::{client::Connector, socket::{ListenOptions, SOCK_SEQPACKET}};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("records");
    /// let server = ListenOptions::new().kind(SOCK_SEQPACKET).create_server(&path)?;
    /// let mut client = Connector::new().kind(SOCK_SEQPACKET).connect(&path)?;
    /// client.send(b"one record")?;
    /// client.send(b"another")?;
    /// let mut record = [0; 64];
    /// assert_eq!(server.accept()?.0.recv(&mut record)?, 10);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn kind(self, kind: Kind) -> Connector {
        Connector(self.0.kind(kind))
    }

    /// The address of this end: see [`ConnectOptions::source_address`]. Default is what the system chooses.
    ///
    /// ```
    /// # use sockeye::{client::Connector, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let connector = Connector::new().source_address(([127, 0, 0, 1], 0));
    /// assert!(connector.connect(server.getsockname()?).is_ok());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn source_address(self, source: impl Into<SocketAddr>) -> Connector {
        Connector(self.0.source_address(source))
    }

    /// How long an attempt stays alone: see [`ConnectOptions::attempt_delay`]. Default is 250 ms.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use sockeye::{client::Connector, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let connector = Connector::new().attempt_delay(Duration::from_millis(50));
    /// assert!(connector.connect(server.getsockname()?).is_ok());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn attempt_delay(self, delay: Duration) -> Connector {
        Connector(self.0.attempt_delay(delay))
    }

    /// Connects to the first address of the name that answers. TCP connections get `TCP_NODELAY`.
    ///
    /// Python: `socket.create_connection`. In `std::net`: `TcpStream::connect_timeout`.
    ///
    /// # Errors
    ///
    /// As [`Client::connect`], and [`TimedOut`](crate::ErrorKind::TimedOut),
    /// [`Cancelled`](crate::ErrorKind::Cancelled).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::{client::Connector, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let mut client = Connector::new().connect(server.getsockname()?)?;
    /// assert_eq!(client.send(b"x")?, 1);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn connect(&self, address: impl ToAddress) -> Result<Client> {
        Ok(Client::over(self.0.connect_to(address)?.into(), self.0.chosen_kind(), self.0.limit()))
    }

    /// Connects, or gives the errno why not (EAGAIN when the time was over).
    ///
    /// Python: `socket.connect_ex`, which gives 0 for a connection.
    ///
    /// # Errors
    ///
    /// [`UnknownHost`](crate::ErrorKind::UnknownHost) and whatever else has no errno.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::{client::Connector, socket::create_server};
    /// let nobody = create_server("127.0.0.1:0")?.getsockname()?; // closed again
    /// let errno = Connector::new().connect_ex(nobody)?.unwrap_err();
    /// assert_eq!(std::io::Error::from_raw_os_error(errno).kind(), std::io::ErrorKind::ConnectionRefused);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn connect_ex(&self, address: impl ToAddress) -> Result<Result<Client, i32>> {
        match self.connect(address) {
            Ok(client) => Ok(Ok(client)),
            Err(error) => errno_of(&error).map(Err).ok_or(error),
        }
    }
}

impl Default for Connector {
    fn default() -> Connector {
        Connector::new()
    }
}
