//! Hosts by name and by address: the older sisters of `getaddrinfo`, and this machine's own name.

use std::net::{IpAddr, Ipv4Addr};

use super::{
    AI_CANONNAME, AI_NUMERICHOST, Address, Bounds, NI_DGRAM, NI_NAMEREQD, NI_NUMERICSERV, NiFlags,
    SOCK_STREAM, Target, ToAddress, database, helpers,
    resolve::{in_ascii, look_up},
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
/// The other names are those of all its lines in `/etc/hosts`, each once; of the DNS, the name that was asked for, if it
/// stands for another one (CNAME). Names between those two aren't given: `getaddrinfo(3)` doesn't tell them.
///
/// Python: `socket.gethostbyname_ex`, which gives those between as well, and repeats names.
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
    let mut others = lines_of(&database::read("/etc/hosts"), name, &main);
    if stands_for_another(name, &main, &others) {
        others.insert(0, name.to_owned());
    }
    Ok((main, others, addresses))
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
    let others = line_of(&database::read("/etc/hosts"), ip, &main);
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
    // The system would take what stands before it.
    if name.contains('\0') {
        return Err(Error::new(ErrorKind::InvalidInput, "sethostname: a NUL byte in a name"));
    }
    sys::sethostname(name).map_err(|error| error.context("sethostname"))
}

/// The lines of a hosts file: an address, its main name, other names.
fn hosts(file: &str) -> impl Iterator<Item = (IpAddr, Vec<&str>)> {
    file.lines().filter_map(|line| {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        Some((words.next()?.parse().ok()?, words.collect()))
    })
}

/// Case doesn't count, nor the dot that ends a full name.
fn same(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    plain(one) == plain(other)
}

/// The names beside the main one in all lines with that name that have an IPv4 address. As in C, `::1` is one.
fn lines_of(file: &str, name: &str, main: &str) -> Vec<String> {
    let v4 = |ip: IpAddr| ip.to_canonical().is_ipv4() || ip.is_loopback();
    let mine = |(ip, names): &(IpAddr, Vec<&str>)| v4(*ip) && names.iter().any(|own| same(own, name));
    let mut others: Vec<String> = Vec::new();
    for (_, mut names) in hosts(file).filter(mine) {
        // A later line's main name comes last, as in C.
        names.rotate_left(1);
        for own in names {
            if own != main && !others.iter().any(|other| other == own) {
                others.push(own.to_owned());
            }
        }
    }
    others
}

/// The names beside the main one in the first line with that address and main name.
fn line_of(file: &str, ip: IpAddr, main: &str) -> Vec<String> {
    let mine = hosts(file).find(|(own, names)| *own == ip && names.iter().any(|name| same(name, main)));
    let names = mine.map(|(_, names)| names).unwrap_or_default();
    names.into_iter().filter(|name| *name != main).map(str::to_owned).collect()
}

/// Whether a name is one more name of its host: neither its main one, nor its beginning, which the resolver completed,
/// nor among those that are known.
fn stands_for_another(name: &str, main: &str, others: &[String]) -> bool {
    let name = in_ascii(name);
    let known = std::iter::once(main).chain(main.split('.').next()).chain(others.iter().map(String::as_str));
    !known.into_iter().any(|known| same(known, &name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTS: &str = "127.0.0.1 localhost # me\n::1 localhost ip6\n10.0.0.1\tbox.example box  b\nnonsense\n\
        1.2.3 x y\n10.0.0.2 Two box b\nfe80::2 box far\n::ffff:1.2.3.4 mapped m";

    #[test]
    fn a_hosts_file() {
        let check = |name: &str, main: &str, expected: &[&str]| {
            assert_eq!(lines_of(HOSTS, name, main), expected, "{name}");
        };
        check("box", "box.example", &["box", "b", "Two"]);
        check("BOX.example.", "box.example", &["box", "b"]);
        check("localhost", "localhost", &["ip6"]);
        check("ip6", "localhost", &["ip6"]);
        check("m", "mapped", &["m"]);
        check("me", "me", &[]);
        check("y", "x", &[]);
        assert_eq!(line_of(HOSTS, [10, 0, 0, 2].into(), "two"), ["Two", "box", "b"]);
        assert_eq!(line_of(HOSTS, [10, 0, 0, 1].into(), "two"), [""; 0]);
    }

    #[test]
    fn a_name_that_stands_for_another() {
        let check = |name, main, expected| {
            assert_eq!(stands_for_another(name, main, &["Known".to_owned()]), expected, "{name}");
        };
        check("www.example.test", "real.akamai.test", true);
        check("WWW.example.test.", "www.example.test", false);
        check("www", "www.example.test", false);
        check("known", "www.example.test", false);
        check("bücher.example", "xn--bcher-kva.example", false);
        check("127.0.0.1", "127.0.0.1", false);
    }
}
