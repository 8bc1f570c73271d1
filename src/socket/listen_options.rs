//! [`ListenOptions`]: what `create_server` may be told.

use std::net::{Ipv6Addr, SocketAddr};

use socket2::SockRef;

use super::{
    AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC, Address, Bounds, Family, Kind, Protocol, SOCK_DGRAM, SOCK_STREAM,
    SOMAXCONN, Socket, Target, ToAddress, resolve,
};
use crate::{
    error::{Error, ErrorKind, Result},
    sys::c,
};

/// [`create_server`](super::create_server) with a family, a backlog, and the rest.
///
/// Python: the arguments of `socket.create_server`.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{AF_INET, ListenOptions};
/// let server = ListenOptions::new().family(AF_INET).backlog(16).create_server(("", 0))?;
/// assert!(server.getsockname()?.to_string().starts_with("0.0.0.0:"));
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ListenOptions {
    family: Family,
    kind: Kind,
    backlog: i32,
    ports: Ports,
    stack: Stack,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ports {
    Own,
    Shared,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stack {
    Dual,
    Ipv6,
}

impl ListenOptions {
    /// Nothing set.
    ///
    /// ```
    /// use sockeye::socket::{ListenOptions, SOCK_STREAM};
    /// assert_eq!(ListenOptions::new().create_server("127.0.0.1:0")?.kind()?, SOCK_STREAM);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn new() -> ListenOptions {
        ListenOptions {
            family: AF_UNSPEC,
            kind: SOCK_STREAM,
            backlog: SOMAXCONN,
            ports: Ports::Own,
            stack: Stack::Dual,
        }
    }

    /// The family of which a name's address is taken, and what `""` stands for. Default is `AF_UNSPEC`: any, and
    /// both IPv6 and IPv4 for `""`.
    ///
    /// Python: `family`, of which the default is `AF_INET`.
    ///
    /// ```
    /// # use sockeye::socket::{AF_INET, AF_INET6, ListenOptions};
    /// assert_eq!(ListenOptions::new().family(AF_INET).create_server(("localhost", 0))?.family(), AF_INET);
    /// assert!(ListenOptions::new().family(AF_INET6).create_server("127.0.0.1:0").is_err());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn family(self, family: Family) -> ListenOptions {
        ListenOptions { family, ..self }
    }

    /// The kind of socket: `SOCK_STREAM`, `SOCK_SEQPACKET`, or `SOCK_DGRAM`, which is bound and doesn't listen; its
    /// port is no other's, as it is without `SO_REUSEADDR`. Default is `SOCK_STREAM`.
    ///
    /// Python: has no such argument; `UDPServer` binds by itself.
    ///
    /// ```
    /// # use sockeye::socket::{ListenOptions, SOCK_DGRAM};
    /// let socket = ListenOptions::new().kind(SOCK_DGRAM).create_server("127.0.0.1:0")?;
    /// socket.sendto(b"to myself", socket.getsockname()?)?;
    /// assert_eq!(socket.recvfrom(&mut [0; 64])?.0, 9);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn kind(self, kind: Kind) -> ListenOptions {
        ListenOptions { kind, ..self }
    }

    /// How many connections may wait for `accept`: see [`listen`](Socket::listen). Default is
    /// [`SOMAXCONN`](super::SOMAXCONN).
    ///
    /// Python: `backlog`.
    ///
    /// ```
    /// # use sockeye::socket::ListenOptions;
    /// assert!(ListenOptions::new().backlog(1).create_server("127.0.0.1:0").is_ok());
    /// ```
    pub fn backlog(self, backlog: i32) -> ListenOptions {
        ListenOptions { backlog, ..self }
    }

    /// Lets several sockets of this user listen on the same port, between which the system shares connections out:
    /// `SO_REUSEPORT`. Default is one alone.
    ///
    /// Python: `reuse_port`.
    ///
    /// ```
    /// # use sockeye::socket::{ListenOptions, create_server};
    /// let one = ListenOptions::new().reuse_port().create_server("127.0.0.1:0")?;
    /// let other = ListenOptions::new().reuse_port().create_server(one.getsockname()?)?;
    /// assert_eq!(one.getsockname()?, other.getsockname()?);
    /// assert!(create_server(one.getsockname()?).is_err());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn reuse_port(self) -> ListenOptions {
        ListenOptions { ports: Ports::Shared, ..self }
    }

    /// Keeps a server on every IPv6 address from serving IPv4 too. Default is both.
    ///
    /// Python: `dualstack_ipv6=False`, which is the default there.
    ///
    /// ```
    /// # use sockeye::socket::{AF_INET6, ListenOptions, create_connection, has_ipv6};
    /// if has_ipv6() {
    ///     let server = ListenOptions::new().family(AF_INET6).only_ipv6().create_server(("", 0))?;
    ///     let port = server.getsockname()?.port().unwrap();
    ///     assert!(create_connection(("127.0.0.1", port), None).is_err());
    /// }
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn only_ipv6(self) -> ListenOptions {
        ListenOptions { stack: Stack::Ipv6, ..self }
    }

    /// Listens as [`create_server`](super::create_server) does.
    ///
    /// # Errors
    ///
    /// As [`create_server`](super::create_server); [`InvalidInput`](ErrorKind::InvalidInput) for an address of
    /// another family.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::socket::ListenOptions;
    /// let server = ListenOptions::new().create_server("127.0.0.1:0")?;
    /// let error = ListenOptions::new().create_server(server.getsockname()?).unwrap_err();
    /// assert!(error.to_string().starts_with("bind to 127.0.0.1:"));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn create_server(&self, address: impl ToAddress) -> Result<Socket> {
        let target = address.target()?.for_bind();
        if let Some(every) = self.every_address(&target) {
            match self.listen_on(&every) {
                // No IPv6 here: IPv4 has to do, unless it was ruled out.
                Err(error) if lacks_ipv6(&error) && self.takes_ipv4(&target) => {}
                outcome => return outcome,
            }
        }
        let mut last = Error::from(ErrorKind::UnknownHost);
        for address in resolve(&target, self.family, Bounds::NONE)? {
            match self.listen_on(&address) {
                Ok(socket) => return Ok(socket),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The IPv6 address for "every address", if that is what is meant.
    fn every_address(&self, target: &Target<'_>) -> Option<Address> {
        let port = match target {
            Target::Host(host, port) if host.is_empty() && self.family != AF_INET => *port,
            Target::Address(address) if address.ip() == Some(Ipv6Addr::UNSPECIFIED.into()) => {
                address.port()?
            }
            _ => return None,
        };
        Some(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)).into())
    }

    fn takes_ipv4(&self, target: &Target<'_>) -> bool {
        matches!(target, Target::Host(..)) && self.family == AF_UNSPEC && self.stack == Stack::Dual
    }

    fn listen_on(&self, address: &Address) -> Result<Socket> {
        if self.family != AF_UNSPEC && address.family() != self.family {
            let message = format!("{address} is not an address of the family {:?}", self.family);
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let socket = Socket::new(address.family(), self.kind, Protocol::default())?;
        let options = SockRef::from(&socket);
        if address.family() != AF_UNIX && self.kind != SOCK_DGRAM {
            options.set_reuse_address(true)?;
        }
        if self.ports == Ports::Shared {
            let named = |error| Error::from(error).context(format!("set SO_REUSEPORT for {address}"));
            options.set_reuse_port(true).map_err(named)?;
        }
        if address.family() == AF_INET6 {
            // Said either way, as systems differ in what they start with.
            let every = address.ip() == Some(Ipv6Addr::UNSPECIFIED.into());
            options.set_only_v6(!every || self.stack == Stack::Ipv6)?;
        }
        socket.bind(address)?;
        if self.kind != SOCK_DGRAM {
            socket.listen(self.backlog).map_err(|error| error.context(format!("serve on {address}")))?;
        }
        Ok(socket)
    }
}

impl Default for ListenOptions {
    fn default() -> ListenOptions {
        ListenOptions::new()
    }
}

fn lacks_ipv6(error: &Error) -> bool {
    matches!(error.raw_os_error(), Some(c::EAFNOSUPPORT | c::EADDRNOTAVAIL))
}

/// Whether this system has IPv6 at all; whether it has a way anywhere by it is another question.
///
/// It tries: makes a socket, and binds it to the loopback address.
///
/// Python: `socket.has_ipv6`, which says what Python was built with.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{create_server, has_ipv6};
/// assert_eq!(create_server("[::1]:0").is_ok(), has_ipv6());
/// ```
#[must_use]
pub fn has_ipv6() -> bool {
    let bound = || {
        let socket = Socket::new(AF_INET6, SOCK_STREAM, Protocol::default())?;
        socket.bind((Ipv6Addr::LOCALHOST, 0))
    };
    bound().is_ok()
}

/// Whether one IPv6 socket can serve IPv4 as well: `IPV6_V6ONLY` can be switched off.
///
/// Python: `socket.has_dualstack_ipv6`.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{AF_INET6, create_server, has_dualstack_ipv6};
/// if has_dualstack_ipv6() {
///     assert_eq!(create_server(("", 0))?.family(), AF_INET6);
/// }
/// # Ok::<(), sockeye::Error>(())
/// ```
#[must_use]
pub fn has_dualstack_ipv6() -> bool {
    let switched = || {
        let socket = Socket::new(AF_INET6, SOCK_STREAM, Protocol::default())?;
        Ok::<(), Error>(SockRef::from(&socket).set_only_v6(false)?)
    };
    switched().is_ok()
}
