//! Hosts by name: `getaddrinfo` and its older sisters.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
};

use super::{
    AF_INET, AI_CANONNAME, Address, AiFlags, Bounds, Family, Kind, Protocol, SOCK_STREAM, database, resolve,
    target::host,
};
use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    sys,
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
    /// The host's main name: in the first answer, if [`AI_CANONNAME`] asked for it.
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
/// It blocks as long as the system's resolver does; where a limit is wanted, use
/// [`create_connection`](super::create_connection) or a socket's own
/// [`settimeout`](super::Socket::settimeout).
///
/// Python: `socket.getaddrinfo`. In `std::net`: `ToSocketAddrs`.
///
/// # Errors
///
/// [`UnknownHost`](ErrorKind::UnknownHost), [`NotFound`](ErrorKind::NotFound) for an unknown service.
///
/// # Examples
///
/// ```
/// use sockeye::{ErrorKind, socket::{Hints, getaddrinfo}};
/// assert!(getaddrinfo("localhost", "http", Hints::new())?.iter().all(|info| info.address.port() == Some(80)));
/// assert!(getaddrinfo(None, 80, Hints::new())?[0].address.ip().unwrap().is_loopback());
/// let error = getaddrinfo("no such host", 80, Hints::new()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::UnknownHost);
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn getaddrinfo<'h, 'p>(
    host: impl Into<Option<&'h str>>,
    port: impl Into<Port<'p>>,
    hints: Hints,
) -> Result<Vec<AddrInfo>> {
    let host = host.into();
    let port = match port.into() {
        Port::Number(port) => port,
        Port::Service(name) => match name.parse() {
            Ok(port) => port,
            Err(_) => database::getservbyname(name, None)?,
        },
    };
    let wanted = sys::Hints {
        family: hints.family.number(),
        kind: hints.kind.number(),
        protocol: hints.protocol.number(),
        flags: hints.flags.number(),
    };
    // The C library knows services by its own file alone: it gets the number.
    let found = sys::getaddrinfo(host, Some(&port.to_string()), wanted)
        .map_err(|error| error.context(format!("look up {}", host.unwrap_or("this machine"))))?;
    let answer = |found: sys::Found| AddrInfo {
        family: Family::raw(found.family),
        kind: Kind::raw(found.kind),
        protocol: Protocol::raw(found.protocol),
        canonical_name: found.canonical_name,
        address: Address::from_sock_addr(found.address),
    };
    Ok(found.into_iter().map(answer).collect())
}

/// The first IPv4 address of a host. `""` is 0.0.0.0, `<broadcast>` is 255.255.255.255.
///
/// Blocks as [`getaddrinfo`] does, which knows IPv6 as well.
///
/// Python: `socket.gethostbyname`.
///
/// # Errors
///
/// [`UnknownHost`](ErrorKind::UnknownHost), also for a host that has IPv6 addresses only.
///
/// # Examples
///
/// ```
/// use std::net::Ipv4Addr;
/// use sockeye::socket::gethostbyname;
/// assert_eq!(gethostbyname("localhost")?, Ipv4Addr::LOCALHOST);
/// assert_eq!(gethostbyname("<broadcast>")?, Ipv4Addr::BROADCAST);
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn gethostbyname(name: &str) -> Result<Ipv4Addr> {
    let bounds = Bounds { deadline: Deadline::NEVER, cancel: None };
    let found = resolve(&host(name, 0), AF_INET, bounds)?;
    found.iter().find_map(v4).ok_or_else(|| no_ipv4(name))
}

/// The main name of a host, its other names, and all its IPv4 addresses.
///
/// The other names are those of `/etc/hosts`: no resolver gives them any more.
///
/// Python: `socket.gethostbyname_ex`.
///
/// # Errors
///
/// As [`gethostbyname`].
///
/// # Examples
///
/// ```
/// use std::net::Ipv4Addr;
/// use sockeye::socket::gethostbyname_ex;
/// let (name, _aliases, addresses) = gethostbyname_ex("localhost")?;
/// assert!(!name.is_empty());
/// assert!(addresses.contains(&Ipv4Addr::LOCALHOST));
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn gethostbyname_ex(name: &str) -> Result<(String, Vec<String>, Vec<Ipv4Addr>)> {
    let hints = Hints::new().family(AF_INET).kind(SOCK_STREAM).flags(AI_CANONNAME);
    let found = match host(name, 0) {
        super::Target::Host(..) if !matches!(name, "" | "<broadcast>") => getaddrinfo(name, 0, hints)?,
        _ => return Ok((name.to_owned(), Vec::new(), vec![gethostbyname(name)?])),
    };
    let main = found.first().and_then(|info| info.canonical_name.clone()).unwrap_or_else(|| name.to_owned());
    let mut addresses = Vec::new();
    for address in found.iter().filter_map(|info| v4(&info.address)) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(no_ipv4(name));
    }
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    let aliases = other_names(&hosts, name).into_iter().filter(|alias| *alias != main).collect();
    Ok((main, aliases, addresses))
}

/// This machine's name: `gethostname(2)`.
///
/// Python: `socket.gethostname`.
///
/// # Errors
///
/// None on the systems that are offered.
///
/// # Examples
///
/// ```
/// assert!(!sockeye::socket::gethostname()?.is_empty());
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn gethostname() -> Result<String> {
    let name = sys::gethostname().map_err(|error| error.context("gethostname"))?;
    Ok(name.to_string_lossy().into_owned())
}

fn v4(address: &Address) -> Option<Ipv4Addr> {
    match address.ip()? {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(_) => None,
    }
}

fn no_ipv4(name: &str) -> Error {
    Error::new(ErrorKind::UnknownHost, format!("{name} has no IPv4 address"))
}

/// The names beside this one in the lines with IPv4 addresses.
fn other_names(hosts: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in hosts.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        let is_v4 = words.next().is_some_and(|address| address.parse::<Ipv4Addr>().is_ok());
        let names: Vec<&str> = words.collect();
        if is_v4 && names.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            found.extend(names.into_iter().map(str::to_owned));
        }
    }
    found.dedup();
    found
}

/// A number in the order of the network, from this machine's: `u16::to_be`.
///
/// Python: `socket.htons`.
///
/// ```
/// assert_eq!(sockeye::socket::htons(0x1234).to_ne_bytes(), [0x12, 0x34]);
/// ```
#[must_use]
pub const fn htons(host: u16) -> u16 {
    host.to_be()
}

/// A number in the order of the network, from this machine's: `u32::to_be`.
///
/// Python: `socket.htonl`.
///
/// ```
/// assert_eq!(sockeye::socket::htonl(0x0102_0304).to_ne_bytes(), [1, 2, 3, 4]);
/// ```
#[must_use]
pub const fn htonl(host: u32) -> u32 {
    host.to_be()
}

/// A number in the order of this machine, from the network's: `u16::from_be`.
///
/// Python: `socket.ntohs`.
///
/// ```
/// use sockeye::socket::{htons, ntohs};
/// assert_eq!(ntohs(htons(80)), 80);
/// ```
#[must_use]
pub const fn ntohs(network: u16) -> u16 {
    u16::from_be(network)
}

/// A number in the order of this machine, from the network's: `u32::from_be`.
///
/// Python: `socket.ntohl`.
///
/// ```
/// use sockeye::socket::{htonl, ntohl};
/// assert_eq!(ntohl(htonl(80)), 80);
/// ```
#[must_use]
pub const fn ntohl(network: u32) -> u32 {
    u32::from_be(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_file() {
        let hosts = "127.0.0.1 localhost # me\n::1 localhost ip6\n10.0.0.1\tbox.example box  b\nnonsense";
        assert_eq!(other_names(hosts, "box"), ["box.example", "box", "b"]);
        assert_eq!(other_names(hosts, "localhost"), ["localhost"]);
        assert!(other_names(hosts, "me").is_empty());
    }

    #[test]
    fn literal_addresses_name_themselves() {
        let itself = ("127.0.0.1".to_owned(), vec![], vec![Ipv4Addr::LOCALHOST]);
        assert_eq!(gethostbyname_ex("127.0.0.1").unwrap(), itself);
        assert_eq!(gethostbyname("::1").unwrap_err().kind(), ErrorKind::UnknownHost);
        assert_eq!(Hints::new().family, crate::socket::AF_UNSPEC);
    }
}
