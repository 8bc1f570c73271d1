//! [`Address`]: where a socket is bound or connected to.

use std::{
    ffi::OsStr,
    fmt,
    hash::{Hash, Hasher},
    net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    os::unix::ffi::OsStrExt,
    path::Path,
};

use socket2::SockAddr;

use super::{AF_UNSPEC, Family, hints};
use crate::{
    error::{Error, ErrorKind, Result},
    sys,
};

/// An address of any family: IP with port, or a Unix socket's path.
///
/// Python: the tuple or path that `getsockname`, `accept` and `recvfrom` give. In `std::net`: `SocketAddr`.
///
/// # Examples
///
/// ```
/// use std::net::SocketAddr;
/// use sockeye::socket::Address;
///
/// let address = Address::from("127.0.0.1:80".parse::<SocketAddr>().unwrap());
/// assert_eq!(address.to_string(), "127.0.0.1:80");
/// assert_eq!(address.port(), Some(80));
/// assert!(address.ip().unwrap().is_loopback());
/// ```
#[derive(Clone)]
pub struct Address(Repr);

/// IP addresses are by far the most: they stand without a heap, in a quarter of the room.
#[derive(Clone)]
enum Repr {
    Inet(SocketAddr),
    Other(Box<SockAddr>),
}

impl Address {
    /// The address of a Unix socket with that path, at most 107 bytes long on Linux; they needn't be UTF-8.
    ///
    /// Closing the socket doesn't remove the file. The empty path is no name: when a socket is bound to it, Linux
    /// chooses an abstract one.
    ///
    /// ```
    /// let address = sockeye::socket::Address::from_pathname("/tmp/x.sock")?;
    /// assert_eq!(address.as_pathname(), Some("/tmp/x.sock".as_ref()));
    /// assert_eq!(address.to_string(), "/tmp/x.sock");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a path that is too long or holds a NUL byte.
    pub fn from_pathname(path: impl AsRef<Path>) -> Result<Address> {
        let path = path.as_ref();
        if path.as_os_str().as_bytes().contains(&0) {
            return Err(Error::new(ErrorKind::InvalidInput, "a NUL byte in a socket's path"));
        }
        let length = path.as_os_str().len();
        if length > sys::LONGEST_PATH {
            return Err(hints::too_long(&format!("the socket's path {}", path.display()), length));
        }
        let named = |error| Error::from(error).context(format!("use {} as a socket's path", path.display()));
        Ok(Address::from_sock_addr(SockAddr::unix(path).map_err(named)?))
    }

    /// The address of a Unix socket in Linux' abstract namespace: no file, and gone with its socket.
    ///
    /// Python: bytes that start with NUL.
    ///
    /// ```
    /// use sockeye::{ErrorKind, socket::Address};
    /// match Address::from_abstract_name("sockeye") {
    ///     Ok(address) => assert_eq!(address.to_string(), "@sockeye"),
    ///     Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported), // not Linux
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) on other systems, [`InvalidInput`](ErrorKind::InvalidInput) for
    /// a name of more than 107 bytes.
    pub fn from_abstract_name(name: impl AsRef<[u8]>) -> Result<Address> {
        let name = name.as_ref();
        if name.len() > sys::LONGEST_PATH {
            return Err(hints::too_long("the abstract name", name.len()));
        }
        let address = sys::abstract_address(name);
        Ok(Address::from_sock_addr(address.map_err(|error| error.context("use an abstract name"))?))
    }

    /// An address of any family as the system has it: the bytes of its `struct sockaddr`, family first.
    ///
    /// A Unix socket's path needs no NUL byte at its end.
    ///
    /// For families without a form of their own here: [`AF_PACKET`](super::AF_PACKET),
    /// [`AF_NETLINK`](super::AF_NETLINK), [`AF_VSOCK`](super::AF_VSOCK).
    ///
    /// Python: a tuple of its own for each family.
    ///
    /// ```
    /// use sockeye::socket::{AF_NETLINK, Address, Protocol, SOCK_RAW, Socket};
    /// # if AF_NETLINK.number() > 0 {
    /// let anybody = [&[AF_NETLINK.number() as u8, 0][..], &[0; 10]].concat(); // struct sockaddr_nl
    /// let netlink = Socket::new(AF_NETLINK, SOCK_RAW, Protocol::default())?;
    /// netlink.bind(Address::from_raw(&anybody)?)?;
    /// let given = netlink.getsockname()?;
    /// assert_eq!((given.family(), given.to_raw().len()), (AF_NETLINK, 12));
    /// # }
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) if they are too few for a family, or more than any address has, or a
    /// path as [`from_pathname`](Self::from_pathname) refuses it.
    pub fn from_raw(bytes: &[u8]) -> Result<Address> {
        if let Some(path) = sys::path_without_end(bytes) {
            return Address::from_pathname(OsStr::from_bytes(path));
        }
        let address = sys::address_of(bytes).map(Address::from_sock_addr);
        // One of IP that is cut off isn't filled up with zeros.
        let whole = address.filter(|address| address.to_sock_addr().len() as usize <= bytes.len());
        whole.ok_or_else(|| {
            Error::new(ErrorKind::InvalidInput, format!("{} bytes are no socket address", bytes.len()))
        })
    }

    /// The bytes of its `struct sockaddr`.
    ///
    /// ```
    /// use sockeye::socket::Address;
    /// let address = Address::from("127.0.0.1:80".parse::<std::net::SocketAddr>().unwrap());
    /// assert_eq!(address.to_raw()[2..8], [0, 80, 127, 0, 0, 1]);
    /// assert_eq!(Address::from_raw(&address.to_raw())?, address);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn to_raw(&self) -> Vec<u8> {
        sys::bytes_of(&self.to_sock_addr()).to_vec()
    }

    /// The family: `AF_INET`, `AF_INET6`, `AF_UNIX`.
    ///
    /// ```
    /// use sockeye::socket::{Address, AF_UNIX};
    /// assert_eq!(Address::from_pathname("/tmp/x.sock")?.family(), AF_UNIX);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn family(&self) -> Family {
        match &self.0 {
            Repr::Inet(SocketAddr::V4(_)) => super::AF_INET,
            Repr::Inet(SocketAddr::V6(_)) => super::AF_INET6,
            Repr::Other(other) => Family::raw(i32::from(other.family())),
        }
    }

    /// The IP address and port, for an address that has them.
    ///
    /// ```
    /// use sockeye::socket::Address;
    /// assert_eq!(Address::from_pathname("/tmp/x.sock")?.as_socket_addr(), None);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn as_socket_addr(&self) -> Option<SocketAddr> {
        match &self.0 {
            Repr::Inet(address) => Some(*address),
            Repr::Other(_) => None,
        }
    }

    /// The IP address.
    ///
    /// ```
    /// let server = sockeye::socket::create_server("127.0.0.1:0")?;
    /// assert_eq!(server.getsockname()?.ip(), Some([127, 0, 0, 1].into()));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.as_socket_addr().map(|address| address.ip())
    }

    /// The port.
    ///
    /// ```
    /// let server = sockeye::socket::create_server("127.0.0.1:0")?;
    /// assert!(server.getsockname()?.port() > Some(0));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.as_socket_addr().map(|address| address.port())
    }

    /// The path of a Unix socket that has one.
    ///
    /// ```
    /// use std::path::Path;
    /// use sockeye::socket::Address;
    /// assert_eq!(Address::from_pathname("/tmp/x.sock")?.as_pathname(), Some(Path::new("/tmp/x.sock")));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn as_pathname(&self) -> Option<&Path> {
        match &self.0 {
            Repr::Inet(_) => None,
            Repr::Other(other) => other.as_pathname(),
        }
    }

    /// The name of a Unix socket in Linux' abstract namespace, without the leading NUL byte.
    ///
    /// ```
    /// use sockeye::socket::Address;
    /// if let Ok(address) = Address::from_abstract_name("sockeye") {
    ///     assert_eq!(address.as_abstract_name(), Some(&b"sockeye"[..]));
    /// }
    /// ```
    #[must_use]
    pub fn as_abstract_name(&self) -> Option<&[u8]> {
        match &self.0 {
            Repr::Inet(_) => None,
            Repr::Other(other) => other.as_abstract_namespace(),
        }
    }

    /// The same address, with IPv4 written as IPv4: `[::ffff:1.2.3.4]:80`, as a dual-stack server sees an
    /// IPv4 client, becomes `1.2.3.4:80`.
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use sockeye::socket::Address;
    /// let address = Address::from("[::ffff:1.2.3.4]:80".parse::<SocketAddr>().unwrap());
    /// assert_eq!(address.canonical().to_string(), "1.2.3.4:80");
    /// ```
    #[must_use]
    pub fn canonical(&self) -> Address {
        match &self.0 {
            Repr::Inet(address) => SocketAddr::new(address.ip().to_canonical(), address.port()).into(),
            Repr::Other(_) => self.clone(),
        }
    }

    /// The same address with another port; a path stays as it is.
    pub(crate) fn with_port(mut self, port: u16) -> Address {
        if let Repr::Inet(address) = &mut self.0 {
            address.set_port(port);
        }
        self
    }

    /// 255.255.255.255 or a network's broadcast address: only guessed at, for the words of an error.
    pub(crate) fn may_be_broadcast(&self) -> bool {
        match self.ip() {
            Some(IpAddr::V4(ip)) => ip == Ipv4Addr::BROADCAST || ip.octets()[3] == 255,
            _ => false,
        }
    }

    /// As the system calls give it.
    pub(crate) fn from_sock_addr(address: SockAddr) -> Address {
        match address.as_socket() {
            Some(inet) => inet.into(),
            None => Address(Repr::Other(Box::new(address))),
        }
    }

    /// As the system calls take it.
    pub(crate) fn to_sock_addr(&self) -> SockAddr {
        match &self.0 {
            Repr::Inet(address) => SockAddr::from(*address),
            Repr::Other(other) => (**other).clone(),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Address {
        Address(Repr::Inet(address))
    }
}

impl From<SocketAddrV4> for Address {
    fn from(address: SocketAddrV4) -> Address {
        SocketAddr::from(address).into()
    }
}

impl From<SocketAddrV6> for Address {
    fn from(address: SocketAddrV6) -> Address {
        SocketAddr::from(address).into()
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Address) -> bool {
        match (&self.0, &other.0) {
            (Repr::Inet(a), Repr::Inet(b)) => a == b,
            (Repr::Other(a), Repr::Other(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Address {}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Repr::Inet(address) => address.hash(state),
            Repr::Other(other) => other.hash(state),
        }
    }
}

/// `127.0.0.1:80`, `[::1]:80`, `/tmp/x.sock`, `@abstract`; `unnamed` for a Unix socket without a name.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Repr::Inet(address) = &self.0 {
            return address.fmt(f);
        }
        match (self.as_pathname(), self.as_abstract_name(), self.family()) {
            (Some(path), _, _) => path.display().fmt(f),
            (_, Some(name), _) => write!(f, "@{}", name.escape_ascii()),
            (_, _, AF_UNSPEC | super::AF_UNIX) => f.write_str("unnamed"),
            (_, _, family) => write!(f, "an address of family {family:?}"),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}
