//! From a [`Target`] to addresses, bounded by a deadline.

use std::{
    borrow::Cow,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

use super::{
    AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC, Address, Family, Target,
    helpers::{self, Asked},
    hints,
};
use crate::{
    cancel::CancelToken,
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    sys::{self, Found, Hints},
};

/// How long an operation may take, and who may end it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds<'a> {
    pub(crate) deadline: Deadline,
    pub(crate) cancel: Option<&'a CancelToken>,
}

impl Bounds<'static> {
    /// None: as long as the system likes.
    pub(super) const NONE: Bounds<'static> = Bounds { deadline: Deadline::NEVER, cancel: None };
}

/// The addresses of that family (`AF_UNSPEC`: of any) that the target names, in the resolver's order; never
/// an empty list.
pub(super) fn resolve(target: &Target<'_>, family: Family, bounds: Bounds<'_>) -> Result<Vec<Address>> {
    let (host, port) = match target {
        Target::Address(address) => return Ok(vec![address.clone()]),
        Target::Host(host, port) => (host, *port),
    };
    if let Some(address) = special(host, family)? {
        return Ok(vec![address.with_port(port)]);
    }
    if family == AF_UNIX {
        return Err(hints::no_path(host));
    }
    let found = look_up(Some(host), streams_of(family), bounds)?;
    Ok(found.into_iter().map(|found| Address::from_sock_addr(found.address).with_port(port)).collect())
}

/// The addresses of a target, or the question for them.
pub(super) enum Asking {
    Known(Vec<Address>),
    UnderWay(Asked<Vec<Found>>),
}

/// [`resolve`] that waits for nothing.
///
/// # Errors
///
/// As [`resolve`] for what needs no look-up, and when there is no thread for one.
pub(super) fn ask(target: &Target<'_>) -> Result<Asking> {
    match target {
        Target::Host(host, _) if special(host, AF_UNSPEC)?.is_none() && !host.contains(':') => {
            let host = in_ascii(host).into_owned();
            let hints = streams_of(AF_UNSPEC);
            let asked = helpers::ask(question(&host, Some("0"), hints), move || {
                sys::getaddrinfo(Some(&host), Some("0"), hints)
            });
            Ok(Asking::UnderWay(asked?))
        }
        target => Ok(Asking::Known(resolve(target, AF_UNSPEC, Bounds::NONE)?)),
    }
}

/// What came of it.
pub(super) fn answered(target: &Target<'_>, outcome: Result<Vec<Found>>) -> Result<Vec<Address>> {
    let Target::Host(host, port) = target else { return Ok(Vec::new()) };
    let found = outcome.map_err(|error| error.context(format!("look up {host}")))?;
    Ok(found.into_iter().map(|found| Address::from_sock_addr(found.address).with_port(*port)).collect())
}

/// What tells look-ups apart.
fn question(host: &str, port: Option<&str>, hints: Hints) -> String {
    format!("{host} {port:?} {hints:?}")
}

/// The first of them.
pub(super) fn resolve_one(target: Target<'_>, family: Family, bounds: Bounds<'_>) -> Result<Address> {
    if let Target::Address(address) = target {
        return Ok(address);
    }
    let found = resolve(&target, family, bounds)?;
    found.into_iter().next().ok_or_else(|| ErrorKind::UnknownHost.into())
}

/// `getaddrinfo(3)` within the bounds, for port 0.
pub(super) fn look_up(host: Option<&str>, hints: Hints, bounds: Bounds<'_>) -> Result<Vec<Found>> {
    // For raw sockets glibc refuses any port, even 0; without a host there has to be one.
    let port = (hints.kind != sys::c::SOCK_RAW || host.is_none()).then_some("0");
    let outcome = match host.map(in_ascii) {
        None => sys::getaddrinfo(None, port, hints),
        // `fe80::1%eth0`: no name has a colon, so there is nobody to ask, only a scope to be found.
        Some(host) if host.contains(':') => {
            let hints = Hints { flags: hints.flags | sys::c::AI_NUMERICHOST, ..hints };
            sys::getaddrinfo(Some(&host), port, hints)
        }
        Some(host) => {
            let host = host.into_owned();
            let question = || question(&host, port, hints);
            helpers::within(bounds, question, {
                let host = host.clone();
                move || sys::getaddrinfo(Some(&host), port, hints)
            })
        }
    };
    let what = match host {
        None => "this machine",
        Some("") => "an empty name",
        Some(name) => name,
    };
    outcome.map_err(|error| error.context(format!("look up {what}")))
}

/// A name in another script, as the DNS has it: `bücher.example` is `xn--bcher-kva.example` (RFC 5891, by the
/// rules of UTS 46). What can't be written so stays as it is, and the system won't know it.
pub(super) fn in_ascii(host: &str) -> Cow<'_, str> {
    if host.is_ascii() {
        return host.into();
    }
    url::Host::parse(host).map_or(host.into(), |host| host.to_string().into())
}

/// `""` and `<broadcast>`, as Python has them. `*` has become `""` where something is bound to it.
fn special(host: &str, family: Family) -> Result<Option<Address>> {
    let ip = match host {
        "" if family == AF_INET6 => Ipv6Addr::UNSPECIFIED.into(),
        "" => Ipv4Addr::UNSPECIFIED.into(),
        "<broadcast>" if matches!(family, AF_INET | AF_UNSPEC) => Ipv4Addr::BROADCAST.into(),
        "<broadcast>" => return Err(Error::new(ErrorKind::InvalidInput, "<broadcast> is an IPv4 address")),
        "*" => {
            let why = "\"*\" is every address of this machine, to be bound to: name one of them";
            return Err(Error::new(ErrorKind::InvalidInput, why));
        }
        _ => return Ok(None),
    };
    Ok(Some(SocketAddr::new(ip, 0).into()))
}

/// Each address once: for one kind of socket.
fn streams_of(family: Family) -> Hints {
    Hints { family: family.number(), kind: sys::c::SOCK_STREAM, ..Hints::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_other_scripts() {
        assert_eq!(in_ascii("bücher.example"), "xn--bcher-kva.example");
        assert_eq!(in_ascii("例え.jp"), "xn--r8jz45g.jp");
        assert_eq!(in_ascii("box"), "box");
        assert_eq!(in_ascii("ü b"), "ü b");
    }

    #[test]
    fn an_error_comes_through_a_helper() {
        let bounds = Bounds { deadline: Deadline::after(std::time::Duration::from_secs(60)), cancel: None };
        for bounds in [Bounds::NONE, bounds] {
            let numeric = Hints { flags: sys::c::AI_NUMERICHOST, ..Hints::default() };
            let error = look_up(Some("no name"), numeric, bounds).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnknownHost);
        }
    }

    #[test]
    fn the_empty_host_and_broadcast() {
        let first = |host, family| {
            resolve_one(Target::Host(Cow::Borrowed(host), 9), family, Bounds::NONE)
                .map(|found| found.to_string())
        };
        assert_eq!(first("", AF_UNSPEC).unwrap(), "0.0.0.0:9");
        assert_eq!(first("", AF_INET6).unwrap(), "[::]:9");
        assert_eq!(first("<broadcast>", AF_INET).unwrap(), "255.255.255.255:9");
        assert_eq!(first("<broadcast>", AF_INET6).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}
