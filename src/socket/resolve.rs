//! From a [`Target`] to addresses, bounded by a deadline.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{AF_INET, AF_INET6, AF_UNSPEC, Address, Family, Target, resolver};
use crate::{
    cancel::CancelToken,
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    sys,
};

/// How long an operation may take, and who may end it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds<'a> {
    pub(crate) deadline: Deadline,
    pub(crate) cancel: Option<&'a CancelToken>,
}

/// The addresses of that family (`AF_UNSPEC`: of any) that the target names, in the resolver's order; never
/// an empty list.
pub(super) fn resolve(target: &Target<'_>, family: Family, bounds: Bounds<'_>) -> Result<Vec<Address>> {
    match target {
        Target::Address(address) => Ok(vec![address.clone()]),
        Target::Host(host, port) => match special(host, family)? {
            Some(address) => Ok(vec![address.with_port(*port)]),
            None => resolver::look_up(host, streams_of(family), bounds)
                .map(|found| found.into_iter().map(|address| address.with_port(*port)).collect())
                .map_err(|error| error.context(format!("look up {host}"))),
        },
    }
}

/// The first of them.
pub(super) fn resolve_one(target: Target<'_>, family: Family, bounds: Bounds<'_>) -> Result<Address> {
    if let Target::Address(address) = target {
        return Ok(address);
    }
    let found = resolve(&target, family, bounds)?;
    found.into_iter().next().ok_or_else(|| ErrorKind::UnknownHost.into())
}

/// `""` and `<broadcast>`, as Python has them.
fn special(host: &str, family: Family) -> Result<Option<Address>> {
    let ip = match host {
        "" if family == AF_INET6 => Ipv6Addr::UNSPECIFIED.into(),
        "" => Ipv4Addr::UNSPECIFIED.into(),
        "<broadcast>" if matches!(family, AF_INET | AF_UNSPEC) => Ipv4Addr::BROADCAST.into(),
        "<broadcast>" => return Err(Error::new(ErrorKind::InvalidInput, "<broadcast> is an IPv4 address")),
        _ => return Ok(None),
    };
    Ok(Some(SocketAddr::new(ip, 0).into()))
}

/// Each address once: for one kind of socket.
fn streams_of(family: Family) -> sys::Hints {
    sys::Hints { family: family.number(), kind: sys::c::SOCK_STREAM, ..sys::Hints::default() }
}
