//! Hosts by name and by address: the older sisters of `getaddrinfo`, and this machine's own name.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
};

use super::{
    AI_CANONNAME, AI_NUMERICHOST, Address, Bounds, NI_DGRAM, NI_NAMEREQD, NI_NUMERICSERV, NiFlags,
    SOCK_STREAM, Target, ToAddress, database, helpers, resolve::look_up,
};
use crate::{
    error::{Error, ErrorKind, Result},
    sys::{self, c},
};

/// The main name of a host, its other names, and its addresses.
///
/// Python: the 3-tuple.
pub type HostEntry<A> = (String, Vec<String>, Vec<A>);

/// The first IPv4 address of a host. `""` is 0.0.0.0, `<broadcast>` is 255.255.255.255.
///
/// Blocks as [`getaddrinfo`](super::getaddrinfo) does, which knows IPv6 as well.
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
    by_name(name, Bounds::NONE)
}

pub(super) fn by_name(name: &str, bounds: Bounds<'_>) -> Result<Ipv4Addr> {
    match name {
        "" => return Ok(Ipv4Addr::UNSPECIFIED),
        "<broadcast>" => return Ok(Ipv4Addr::BROADCAST),
        _ => {}
    }
    by_name_ex(name, bounds).map(|(_, _, addresses)| addresses[0])
}

/// The main name of a host, its other names, and all its IPv4 addresses.
///
/// The other names are those of `/etc/hosts`: no resolver gives them any more.
///
/// Python: `socket.gethostbyname_ex`.
///
/// # Errors
///
/// As [`gethostbyname`], also for `""` and `<broadcast>`, which are no hosts.
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
pub fn gethostbyname_ex(name: &str) -> Result<HostEntry<Ipv4Addr>> {
    by_name_ex(name, Bounds::NONE)
}

/// INVARIANT: there is at least one address.
pub(super) fn by_name_ex(name: &str, bounds: Bounds<'_>) -> Result<HostEntry<Ipv4Addr>> {
    let flags = AI_CANONNAME.number();
    let name = asked_for(name)?;
    let hints = sys::Hints { family: c::AF_INET, kind: SOCK_STREAM.number(), flags, ..Default::default() };
    let found = look_up(Some(name), hints, bounds)?;
    let main =
        found.first().and_then(|found| found.canonical_name.clone()).unwrap_or_else(|| name.to_owned());
    let mut addresses = Vec::new();
    for found in found {
        if let Some(IpAddr::V4(ip)) = Address::from_sock_addr(found.address).ip() {
            if !addresses.contains(&ip) {
                addresses.push(ip);
            }
        }
    }
    if addresses.is_empty() {
        return Err(Error::new(ErrorKind::UnknownHost, format!("{name} has no IPv4 address")));
    }
    Ok((main.clone(), aliases(&main, |ip, names| ip.is_ipv4() && names.contains(&name)), addresses))
}

/// No host, hence nothing that the network should be asked for.
fn asked_for(host: &str) -> Result<&str> {
    match host {
        "" | "<broadcast>" => {
            Err(sys::LookUpCode(c::EAI_NONAME).error().context(format!("look up {host:?}")))
        }
        host => Ok(host),
    }
}

/// The main name of a host, its other names, and its address, from its address (or any of its names).
///
/// The other names are those of `/etc/hosts`.
///
/// Python: `socket.gethostbyaddr`.
///
/// # Errors
///
/// [`UnknownHost`](ErrorKind::UnknownHost), also for an address without a name.
///
/// # Examples
///
/// ```
/// use sockeye::socket::gethostbyaddr;
/// let (name, _aliases, addresses) = gethostbyaddr("127.0.0.1")?;
/// assert!(!name.is_empty());
/// assert!(addresses[0].is_loopback());
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn gethostbyaddr(host: &str) -> Result<HostEntry<IpAddr>> {
    by_address(host, Bounds::NONE)
}

pub(super) fn by_address(host: &str, bounds: Bounds<'_>) -> Result<HostEntry<IpAddr>> {
    let host = asked_for(host)?;
    let hints = sys::Hints { kind: SOCK_STREAM.number(), ..Default::default() };
    let found = look_up(Some(host), hints, bounds)?.into_iter().next().ok_or(ErrorKind::UnknownHost)?;
    let address = Address::from_sock_addr(found.address);
    let ip = address.ip().ok_or(ErrorKind::UnknownHost)?;
    let main = host_of(&address, NI_NAMEREQD, bounds)?;
    let others = aliases(&main, |own, names| own == ip && names.contains(&main.as_str()));
    Ok((main, others, vec![ip]))
}

/// Name and service of an address: `getnameinfo(3)`, the way back from [`getaddrinfo`](super::getaddrinfo). Without a
/// name it is the address in digits, without a service the port.
///
/// Nothing is looked up to find the address: its host has to be in digits. Services are found as
/// [`getservbyport`](super::getservbyport) does.
///
/// Python: `socket.getnameinfo`.
///
/// # Errors
///
/// [`UnknownHost`](ErrorKind::UnknownHost) with [`NI_NAMEREQD`], and for a host by name;
/// [`InvalidInput`](ErrorKind::InvalidInput) for a Unix socket's address and for unknown flags.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{NI_NUMERICHOST, getnameinfo};
/// assert_eq!(getnameinfo("[::1]:80", NI_NUMERICHOST)?, ("::1".to_owned(), "http".to_owned()));
/// assert!(getnameinfo("localhost:80", NI_NUMERICHOST).is_err());
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn getnameinfo(address: impl ToAddress, flags: NiFlags) -> Result<(String, String)> {
    name_info(&address.target()?, flags, Bounds::NONE)
}

pub(super) fn name_info(target: &Target<'_>, flags: NiFlags, bounds: Bounds<'_>) -> Result<(String, String)> {
    let address = match target {
        Target::Address(address) => address.clone(),
        Target::Host(host, port) => {
            let hints = sys::Hints { flags: AI_NUMERICHOST.number(), ..Default::default() };
            let found =
                look_up(Some(host), hints, bounds)?.into_iter().next().ok_or(ErrorKind::UnknownHost)?;
            Address::from_sock_addr(found.address).with_port(*port)
        }
    };
    let Some(port) = address.port() else {
        return Err(sys::LookUpCode(c::EAI_FAMILY).error().context(format!("look up {address}")));
    };
    let host = host_of(&address, flags, bounds)?;
    let protocol = if flags.contains(NI_DGRAM) { "udp" } else { "tcp" };
    let name =
        if flags.contains(NI_NUMERICSERV) { None } else { database::getservbyport(port, protocol).ok() };
    Ok((host, name.unwrap_or_else(|| port.to_string())))
}

/// The name of an address, within the bounds.
fn host_of(address: &Address, flags: NiFlags, bounds: Bounds<'_>) -> Result<String> {
    let asked = address.to_sock_addr();
    let question = || format!("{address} {flags:?}");
    helpers::within(bounds, question, move || sys::getnameinfo(&asked, flags.number())).map_err(|error| {
        let object = address.ip().map_or_else(|| address.to_string(), |ip| ip.to_string());
        error.context(format!("look up {object}"))
    })
}

/// The full name of a host, with its domain: the first of its names that has a dot, else its main one, else what
/// was given. `""`, `0.0.0.0` and `::` are this machine.
///
/// Python: `socket.getfqdn`.
///
/// # Errors
///
/// None on the systems that are offered: a host that isn't known keeps the name that it was given.
///
/// # Examples
///
/// ```
/// use sockeye::socket::getfqdn;
/// assert_eq!(getfqdn("<broadcast>")?, "<broadcast>");
/// assert!(!getfqdn("localhost")?.is_empty());
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn getfqdn(name: &str) -> Result<String> {
    full_name(name, Bounds::NONE)
}

pub(super) fn full_name(name: &str, bounds: Bounds<'_>) -> Result<String> {
    let name = match name.trim() {
        "" | "0.0.0.0" | "::" => gethostname()?,
        name => name.to_owned(),
    };
    match by_address(&name, bounds) {
        Ok((main, others, _)) => {
            let dotted = std::iter::once(&main).chain(&others).find(|name| name.contains('.')).cloned();
            Ok(dotted.unwrap_or(main))
        }
        Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Cancelled) => Err(error),
        Err(_) => Ok(name),
    }
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

/// Gives this machine another name until it is started anew: `sethostname(2)`.
///
/// Python: `socket.sethostname`.
///
/// # Errors
///
/// [`PermissionDenied`](ErrorKind::PermissionDenied) unless run as root (CAP_SYS_ADMIN);
/// [`InvalidInput`](ErrorKind::InvalidInput) for a name with a NUL byte, and one that is too long (on Linux: of more
/// than 64 bytes).
///
/// # Examples
///
/// ```
/// use sockeye::socket::{gethostname, sethostname};
/// assert!(sethostname(&"x".repeat(1000)).is_err());
/// assert_ne!(gethostname()?.len(), 1000);
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn sethostname(name: &str) -> Result<()> {
    sys::sethostname(name).map_err(|error| error.context("sethostname"))
}

    // The system would take what stands before it.
    if name.contains('\0') {
        return Err(Error::new(ErrorKind::InvalidInput, "sethostname: a NUL byte in a name"));
    }
/// The names beside the main one in the first line of `/etc/hosts` that is wanted.
fn aliases(main: &str, wanted: impl Fn(IpAddr, &[&str]) -> bool) -> Vec<String> {
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    other_names(&hosts, main, wanted)
}

fn other_names(hosts: &str, main: &str, wanted: impl Fn(IpAddr, &[&str]) -> bool) -> Vec<String> {
    let names = hosts.lines().find_map(|line| {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        let ip = words.next()?.parse::<IpAddr>().ok()?;
        let names: Vec<&str> = words.collect();
        wanted(ip, &names).then_some(names)
    });
    names.unwrap_or_default().into_iter().filter(|name| *name != main).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_file() {
        let hosts =
            "127.0.0.1 localhost # me\n::1 localhost ip6\n10.0.0.1\tbox.example box  b\nnonsense\n1.2.3 x y";
        let check = |name: &str, main: &str, expected: &[&str]| {
            let found = other_names(hosts, main, |ip, names| ip.is_ipv4() && names.contains(&name));
            assert_eq!(found, expected, "{name}");
        };
        check("box", "box.example", &["box", "b"]);
        check("box.example", "box.example", &["box", "b"]);
        check("localhost", "localhost", &[]);
        check("ip6", "ip6", &[]);
        check("me", "me", &[]);
        check("y", "x", &[]);
    }
}
