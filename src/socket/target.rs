//! [`ToAddress`]: everything that names a place to bind or connect to.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    path::{Path, PathBuf},
};

use super::Address;
use crate::error::{Error, ErrorKind, Result};

/// Whatever names a place to bind or connect to.
///
/// | form | means |
/// |---|---|
/// | `("", 80)` | every address of this machine |
/// | `("example.org", 80)`, `"example.org:80"` | a name, looked up by the system; literal IP addresses aren't looked up |
/// | `("<broadcast>", 80)` | 255.255.255.255 |
/// | `(Ipv4Addr::LOCALHOST, 80)`, `SocketAddr`, [`Address`] | an IP address and port |
/// | `Path`, `PathBuf`, a string with a `/` in it | a Unix socket |
///
/// A name may stand for several addresses: [`bind`](super::Socket::bind),
/// [`connect`](super::Socket::connect) and [`sendto`](super::Socket::sendto) take the first one of the
/// socket's family, [`create_connection`](super::create_connection) tries them in turn.
///
/// Python: the address tuples. In `std::net`: `ToSocketAddrs`. Sealed: it has no methods for users.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{AF_INET, SOCK_DGRAM, Socket};
/// # fn main() -> sockeye::Result<()> {
/// let socket = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
/// socket.bind(("localhost", 0))?;
/// assert!(socket.getsockname()?.ip().unwrap().is_loopback());
/// assert!(socket.connect("127.0.0.1:70000").is_err());
/// # Ok(())
/// # }
/// ```
pub trait ToAddress: sealed::Sealed {
    #[doc(hidden)]
    fn target(&self) -> Result<Target<'_>>;
}

/// What was named, before any look-up.
#[derive(Clone, Debug)]
pub enum Target<'a> {
    /// Known already.
    Address(Address),
    /// A host's name or literal address, `""` or `<broadcast>`; and a port.
    Host(Cow<'a, str>, u16),
}

impl Target<'_> {
    /// The same, for keeps.
    pub(super) fn into_owned(self) -> Target<'static> {
        match self {
            Target::Address(address) => Target::Address(address),
            Target::Host(host, port) => Target::Host(host.into_owned().into(), port),
        }
    }

    /// The same for who binds to it: `*` is every address, as the empty host is. The C library would take it for this
    /// machine's loopback address.
    pub(super) fn for_bind(self) -> Self {
        match self {
            Target::Host(host, port) if host == "*" => Target::Host("".into(), port),
            target => target,
        }
    }
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! to_address {
    ($($type:ty: $this:ident => $target:expr;)*) => {$(
        impl sealed::Sealed for $type {}
        impl ToAddress for $type {
            fn target(&self) -> Result<Target<'_>> {
                let $this = self;
                $target
            }
        }
    )*};
}

to_address! {
    Address: this => Ok(Target::Address(this.clone()));
    SocketAddr: this => Ok(Target::Address((*this).into()));
    SocketAddrV4: this => Ok(Target::Address((*this).into()));
    SocketAddrV6: this => Ok(Target::Address((*this).into()));
    (IpAddr, u16): this => Ok(Target::Address(SocketAddr::from(*this).into()));
    (Ipv4Addr, u16): this => Ok(Target::Address(SocketAddr::from(*this).into()));
    (Ipv6Addr, u16): this => Ok(Target::Address(SocketAddr::from(*this).into()));
    (&str, u16): this => Ok(host(this.0, this.1));
    (String, u16): this => Ok(host(&this.0, this.1));
    (&String, u16): this => Ok(host(this.0, this.1));
    Path: this => Ok(Target::Address(Address::from_pathname(this)?));
    PathBuf: this => Ok(Target::Address(Address::from_pathname(this)?));
    str: this => parse(this);
    String: this => parse(this);
}

impl<T: ToAddress + ?Sized> sealed::Sealed for &T {}
impl<T: ToAddress + ?Sized> ToAddress for &T {
    fn target(&self) -> Result<Target<'_>> {
        (**self).target()
    }
}

/// A literal address needs no look-up.
pub(super) fn host(host: &str, port: u16) -> Target<'_> {
    match host.parse::<IpAddr>() {
        Ok(ip) => Target::Address(SocketAddr::new(ip, port).into()),
        Err(_) => Target::Host(Cow::Borrowed(host), port),
    }
}

/// The name or IP address that it is meant to be, for whoever has to prove that it is; none for a Unix socket.
#[cfg(feature = "tls")]
pub(crate) fn host_of(address: impl ToAddress) -> Result<Option<String>> {
    Ok(match address.target()? {
        Target::Host(host, _) => Some(host.into_owned()),
        Target::Address(address) => address.ip().map(|ip| ip.to_string()),
    })
}

/// `host:port`, `[v6]:port`, `:port` or a path.
fn parse(text: &str) -> Result<Target<'_>> {
    if text.contains("://") {
        let message = format!("{text:?} is a URL, not an address: host:port is wanted");
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    if text.contains('/') {
        return Ok(Target::Address(Address::from_pathname(text)?));
    }
    let malformed = || {
        let unix = if text.contains(':') { "" } else { "; a path needs a / in it, or to be a Path" };
        let message =
            format!("{text:?} is not an address: host:port with a port from 0 to 65535 is wanted{unix}");
        Error::new(ErrorKind::InvalidInput, message)
    };
    let (name, port) = text.rsplit_once(':').ok_or_else(malformed)?;
    // u16's parser takes a plus sign.
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed());
    }
    let port = port.parse().map_err(|_| malformed())?;
    match name.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
        Some(Some(name)) if name.contains(':') => Ok(host(name, port)),
        Some(_) => Err(malformed()),
        None if name.contains([':', ']']) => Err(malformed()),
        None => Ok(host(name, port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let name = text.target().ok().map(|target| match target {
            Target::Address(address) => address.to_string(),
            Target::Host(host, port) => format!("{host}|{port}"),
        });
        assert_eq!(name.as_deref(), expected, "{text:?}");
    }

    #[test]
    fn text() {
        check("127.0.0.1:80", Some("127.0.0.1:80"));
        check("[::1]:0", Some("[::1]:0"));
        check("[fe80::1%lo]:5", Some("fe80::1%lo|5"));
        check("example.org:65535", Some("example.org|65535"));
        check(":80", Some("|80"));
        check("/tmp/x.sock", Some("/tmp/x.sock"));
        for port in ["", "x", "70000", "-1", "+1"] {
            check(&format!("host:{port}"), None);
        }
        for wrong in ["", "host", "::1:80", "[::1]", "[::1:80", "[x]:1", "a]:1", "http://h:80", "http://h/"] {
            check(wrong, None);
        }
    }
}
