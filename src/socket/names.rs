//! Addresses by name: `getaddrinfo`.

use super::{AI_NUMERICSERV, Address, AiFlags, Bounds, Family, Kind, Protocol, database, resolve::look_up};
use crate::{
    error::{Error, ErrorKind, Result},
    sys::{self, c},
};

/// What [`getaddrinfo`] looks for; the default is everything.
///
/// Python: the arguments `family`, `type`, `proto` and `flags`.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{AF_INET, Hints, SOCK_STREAM, getaddrinfo};
/// let hints = Hints::new().family(AF_INET).kind(SOCK_STREAM);
/// let found = getaddrinfo("localhost", 80, hints)?;
/// assert_eq!(found[0].address.to_string(), "127.0.0.1:80");
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    family: Family,
    kind: Kind,
    protocol: Protocol,
    flags: AiFlags,
}

impl Hints {
    /// Everything.
    ///
    /// ```
    /// use sockeye::socket::Hints;
    /// assert_eq!(Hints::new(), Hints::default());
    /// ```
    #[must_use]
    pub fn new() -> Hints {
        Hints::default()
    }

    /// Only addresses of that family. Default is any.
    ///
    /// ```
    /// use sockeye::socket::{AF_INET6, Hints, getaddrinfo};
    /// assert!(getaddrinfo("127.0.0.1", 80, Hints::new().family(AF_INET6)).is_err());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn family(self, family: Family) -> Hints {
        Hints { family, ..self }
    }

    /// Only for sockets of that kind. Default is any: an address comes once for each kind.
    ///
    /// ```
    /// use sockeye::socket::{SOCK_DGRAM, Hints, getaddrinfo};
    /// assert_eq!(getaddrinfo("127.0.0.1", 80, Hints::new().kind(SOCK_DGRAM))?.len(), 1);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn kind(self, kind: Kind) -> Hints {
        Hints { kind, ..self }
    }

    /// Only for that protocol. Default is any.
    ///
    /// ```
    /// use sockeye::socket::{IPPROTO_TCP, Hints, getaddrinfo};
    /// assert_eq!(getaddrinfo("127.0.0.1", 80, Hints::new().protocol(IPPROTO_TCP))?[0].protocol, IPPROTO_TCP);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn protocol<L>(self, protocol: Protocol<L>) -> Hints {
        Hints { protocol: Protocol::raw(protocol.number()), ..self }
    }

    /// The `AI_` flags. Default is none.
    ///
    /// ```
    /// use sockeye::socket::{AI_PASSIVE, Hints, getaddrinfo};
    /// assert!(getaddrinfo(None, 80, Hints::new().flags(AI_PASSIVE))?[0].address.ip().unwrap().is_unspecified());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn flags(self, flags: AiFlags) -> Hints {
        Hints { flags, ..self }
    }
}

/// One answer of [`getaddrinfo`]: what [`Socket::new`](super::Socket::new) and
/// [`connect`](super::Socket::connect) want.
///
/// Python: the 5-tuple.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{Hints, Socket, create_server, getaddrinfo};
/// let server = create_server("127.0.0.1:0")?;
/// let port = server.getsockname()?.port().unwrap();
/// let info = &getaddrinfo("127.0.0.1", port, Hints::new())?[0];
/// let socket = Socket::new(info.family, info.kind, info.protocol)?;
/// assert!(socket.connect(&info.address).is_ok());
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddrInfo {
    /// The family.
    pub family: Family,
    /// The kind.
    pub kind: Kind,
    /// The protocol.
    pub protocol: Protocol,
    /// The host's main name: in the first answer, if [`AI_CANONNAME`](super::AI_CANONNAME) asked for it.
    pub canonical_name: Option<String>,
    /// The address, with the port.
    pub address: Address,
}

/// A port, by number or by its service's name: `80`, `"http"`.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{Hints, getaddrinfo};
/// assert_eq!(getaddrinfo("127.0.0.1", "https", Hints::new())?[0].address.port(), Some(443));
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port<'a> {
    /// By number.
    Number(u16),
    /// By name, or by number in digits.
    Service(&'a str),
}

impl From<u16> for Port<'_> {
    fn from(number: u16) -> Self {
        Port::Number(number)
    }
}

impl<'a> From<&'a str> for Port<'a> {
    fn from(name: &'a str) -> Port<'a> {
        Port::Service(name)
    }
}

/// Looks a host up: `getaddrinfo(3)`. Without a host, it is this machine: loopback, or with
/// [`AI_PASSIVE`](super::AI_PASSIVE) every address.
///
/// It blocks as long as the system's resolver does; [`Resolver`](super::Resolver) has a time limit. A service's
/// name is looked up as [`getservbyname`](super::getservbyname) does, so it doesn't depend on the system's files; an
/// address comes once for each kind of socket that has the service. Names in other scripts are encoded (IDNA).
///
/// Python: `socket.getaddrinfo`, which takes port 70000 for 4464, and no port at all for [`SOCK_RAW`](super::SOCK_RAW).
/// In `std::net`: `ToSocketAddrs`.
///
/// # Errors
///
/// [`UnknownHost`](ErrorKind::UnknownHost), [`NotFound`](ErrorKind::NotFound) for an unknown service,
/// [`InvalidInput`](ErrorKind::InvalidInput) for hints that the system doesn't know and for ports above 65535.
/// [`Error::look_up_code`] has the C library's number.
///
/// # Examples
///
/// ```
/// use sockeye::{ErrorKind, socket::{AI_NUMERICHOST, EAI_SERVICE, Hints, getaddrinfo}};
/// assert!(getaddrinfo("localhost", "http", Hints::new())?.iter().all(|info| info.address.port() == Some(80)));
/// assert!(getaddrinfo(None, 80, Hints::new())?[0].address.ip().unwrap().is_loopback());
/// let error = getaddrinfo("no such host", 80, Hints::new().flags(AI_NUMERICHOST)).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::UnknownHost);
/// let error = getaddrinfo("localhost", "no such service", Hints::new()).unwrap_err();
/// assert_eq!(error.look_up_code(), Some(EAI_SERVICE));
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn getaddrinfo<'h, 'p>(
    host: impl Into<Option<&'h str>>,
    port: impl Into<Port<'p>>,
    hints: Hints,
) -> Result<Vec<AddrInfo>> {
    address_infos(host.into(), port.into(), hints, Bounds::NONE)
}

/// [`getaddrinfo`] within the bounds.
pub(super) fn address_infos(
    host: Option<&str>,
    port: Port<'_>,
    hints: Hints,
    bounds: Bounds<'_>,
) -> Result<Vec<AddrInfo>> {
    let unnamed = |error: Error| match port {
        Port::Service(name) => error.context(format!("look up the service {name}")),
        Port::Number(_) => error,
    };
    let ports = ports(port, hints.flags).map_err(unnamed)?;
    let wanted = sys::Hints {
        family: hints.family.number(),
        kind: hints.kind.number(),
        protocol: hints.protocol.number(),
        flags: hints.flags.number(),
    };
    let found = look_up(host, wanted, bounds)?;
    let main_name = found.first().and_then(|found| found.canonical_name.clone());
    let mut infos: Vec<AddrInfo> = found.into_iter().filter_map(|found| ports.answer(found)).collect();
    match infos.first_mut() {
        None => Err(unnamed(sys::LookUpCode(c::EAI_SERVICE).error())),
        Some(first) => {
            first.canonical_name = main_name;
            Ok(infos)
        }
    }
}

/// The port of an answer, by its protocol.
enum Ports {
    Same(u16),
    Of(Vec<(i32, u16)>),
}

/// The protocols that have services, and their names in the table of those.
const WITH_SERVICES: [(i32, &str); 5] =
    [(c::IPPROTO_TCP, "tcp"), (c::IPPROTO_UDP, "udp"), (33, "dccp"), (132, "sctp"), (136, "udplite")];

fn ports(port: Port<'_>, flags: AiFlags) -> Result<Ports> {
    let name = match port {
        Port::Number(port) => return Ok(Ports::Same(port)),
        Port::Service("") => return Ok(Ports::Same(0)),
        Port::Service(name) => name,
    };
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        let too_large = |_| Error::new(ErrorKind::InvalidInput, "a port is 65535 at most");
        return name.parse().map(Ports::Same).map_err(too_large);
    }
    if flags.contains(AI_NUMERICSERV) {
        return Err(sys::LookUpCode(c::EAI_NONAME).error());
    }
    let known = WITH_SERVICES.iter().filter_map(|&(number, protocol)| {
        database::getservbyname(name, protocol).ok().map(|port| (number, port))
    });
    match known.collect::<Vec<_>>() {
        known if known.is_empty() => Err(sys::LookUpCode(c::EAI_SERVICE).error()),
        known => Ok(Ports::Of(known)),
    }
}

impl Ports {
    /// Nothing, if that protocol doesn't have the service.
    fn answer(&self, found: sys::Found) -> Option<AddrInfo> {
        let port = match self {
            Ports::Same(port) => *port,
            Ports::Of(known) => known.iter().find(|(protocol, _)| *protocol == found.protocol)?.1,
        };
        Some(AddrInfo {
            family: Family::raw(found.family),
            kind: Kind::raw(found.kind),
            protocol: Protocol::raw(found.protocol),
            canonical_name: None,
            address: Address::from_sock_addr(found.address).with_port(port),
        })
    }
}
