//! The constants that keep their C names: families, kinds, well-known addresses and ports. Protocols and levels stand
//! in `protocol`, flags in `flags`, options in `options`.
//!
//! Each group is a newtype over the C number, open for numbers without a name here by `raw`. Where several
//! names have one number, `Debug` prints the first.

use std::{fmt, net::Ipv4Addr, ops::BitOr};

pub use std::net::Shutdown;

use super::numbers::{debug_by_name, numbers};
use crate::sys::c;

numbers! {
    /// A family of addresses: [`AF_INET`], [`AF_INET6`], [`AF_UNIX`].
    ///
    /// Python: `socket.AddressFamily`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, Family};
    /// assert_eq!(format!("{AF_INET:?}"), "AF_INET");
    /// assert_eq!(Family::raw(AF_INET.number()), AF_INET);
    /// assert_eq!(format!("{:?}", Family::raw(-5)), "Family(-5)");
    /// ```
    Family {
        /// Any family: only for look-ups.
        AF_UNSPEC,
        /// IPv4.
        AF_INET,
        /// IPv6.
        AF_INET6,
        /// Paths on this machine.
        AF_UNIX,
        /// Frames of an interface; needs a privilege (Linux).
        AF_PACKET,
        /// Messages with the kernel (Linux).
        AF_NETLINK,
        /// Between a virtual machine and its host (Linux).
        AF_VSOCK,
        /// The bus of vehicles (Linux).
        AF_CAN,
        /// Bluetooth (Linux).
        AF_BLUETOOTH,
    }
}

numbers! {
    /// A kind of socket: [`SOCK_STREAM`], [`SOCK_DGRAM`]; when it is made, [`SOCK_NONBLOCK`] may be joined by `|`.
    ///
    /// Python: `socket.SocketKind`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::socket::{AF_INET, SOCK_NONBLOCK, SOCK_STREAM, Socket};
    /// assert_eq!(format!("{SOCK_STREAM:?}"), "SOCK_STREAM");
    ///
    /// let socket = Socket::new(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, Default::default())?;
    /// assert_eq!(socket.gettimeout(), Some(Duration::ZERO));
    /// assert_eq!(socket.kind()?, SOCK_STREAM);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    Kind {
        /// A stream of bytes: TCP.
        SOCK_STREAM,
        /// Datagrams: UDP.
        SOCK_DGRAM,
        /// Packets with the protocol's head; needs a privilege.
        SOCK_RAW,
        /// Datagrams that arrive in order and are kept whole.
        SOCK_SEQPACKET,
        /// Datagrams that arrive, in any order.
        SOCK_RDM,
        /// Joined to another: the socket starts in the non-blocking mode.
        SOCK_NONBLOCK,
        /// Joined to another: close-on-exec. Every socket of this crate is; the bit changes nothing.
        SOCK_CLOEXEC,
    }
}

impl Kind {
    /// The kind alone, and whether the mode was joined to it.
    pub(super) fn split(self) -> (Kind, bool) {
        let kind = Kind(self.0 & !(SOCK_NONBLOCK.0 | SOCK_CLOEXEC.0));
        (kind, self.0 & SOCK_NONBLOCK.0 != 0)
    }
}

impl BitOr for Kind {
    type Output = Kind;

    fn bitor(self, other: Kind) -> Kind {
        Kind(self.0 | other.0)
    }
}

/// Prints the kind's name as in Python, and what was joined to it.
impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |number: i32| Kind::NAMES.iter().find(|(_, value)| value.0 == number);
        if let Some((name, _)) = named(self.0) {
            return f.write_str(name);
        }
        let (kind, _) = self.split();
        match named(kind.0) {
            Some((name, _)) => f.write_str(name)?,
            None => write!(f, "Kind({})", kind.0)?,
        }
        for (name, bit) in &Kind::NAMES[5..] {
            if self.0 & bit.0 != 0 {
                write!(f, " | {name}")?;
            }
        }
        Ok(())
    }
}

numbers! {
    /// What a socket does about packets that are larger than the path takes: the value of
    /// [`IP_MTU_DISCOVER`](super::IP_MTU_DISCOVER) and, with the same numbers, of
    /// [`IPV6_MTU_DISCOVER`](super::IPV6_MTU_DISCOVER) (Linux).
    ///
    /// Python: the integers of `linux/in.h`, which have no names there.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::IP_PMTUDISC_DO;
    /// assert_eq!(format!("{IP_PMTUDISC_DO:?}"), "IP_PMTUDISC_DO");
    /// ```
    PathMtu {
        /// Routers may cut packets up.
        IP_PMTUDISC_DONT,
        /// As the route says.
        IP_PMTUDISC_WANT,
        /// Routers may not: what is too large is an error.
        IP_PMTUDISC_DO,
        /// As [`IP_PMTUDISC_DO`], and what is known of the path is ignored.
        IP_PMTUDISC_PROBE,
        /// The interface's size alone counts, whatever routers say.
        IP_PMTUDISC_INTERFACE,
        /// As [`IP_PMTUDISC_INTERFACE`], and packets may be cut up.
        IP_PMTUDISC_OMIT,
    }
}

debug_by_name!(Family PathMtu);

/// The largest backlog that [`listen`](super::Socket::listen) takes; the system lowers it to its own limit.
///
/// Python: `socket.SOMAXCONN`.
pub const SOMAXCONN: i32 = c::SOMAXCONN;

/// Every IPv4 address of this machine, to bind to.
///
/// Python: `socket.INADDR_ANY`, an integer; `u32::from` gives it. In `std::net`: `Ipv4Addr::UNSPECIFIED`.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{INADDR_ANY, INADDR_LOOPBACK};
/// assert_eq!(u32::from(INADDR_ANY), 0);
/// assert_eq!(INADDR_LOOPBACK.to_string(), "127.0.0.1");
/// ```
pub const INADDR_ANY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;
/// This machine. In `std::net`: `Ipv4Addr::LOCALHOST`.
pub const INADDR_LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Everybody on the local network. In `std::net`: `Ipv4Addr::BROADCAST`.
pub const INADDR_BROADCAST: Ipv4Addr = Ipv4Addr::BROADCAST;
/// What C's `inet_addr` answers for no address; the same as [`INADDR_BROADCAST`].
pub const INADDR_NONE: Ipv4Addr = Ipv4Addr::BROADCAST;
/// The first address of all groups.
pub const INADDR_UNSPEC_GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 0);
/// The group of all machines on this network.
pub const INADDR_ALLHOSTS_GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
/// The last address of the groups that no router passes on.
pub const INADDR_MAX_LOCAL_GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 255);

/// The first port that a program without privileges may bind to.
///
/// Python: `socket.IPPORT_RESERVED`.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{IPPORT_RESERVED, create_server};
/// assert!(create_server("127.0.0.1:0")?.getsockname()?.port() >= Some(IPPORT_RESERVED));
/// # Ok::<(), sockeye::Error>(())
/// ```
pub const IPPORT_RESERVED: u16 = 1024;
/// The first port that was meant for servers of users; history.
pub const IPPORT_USERRESERVED: u16 = 5000;

/// How far packets to a group go unless [`IP_MULTICAST_TTL`](super::IP_MULTICAST_TTL) says otherwise.
///
/// Python: `socket.IP_DEFAULT_MULTICAST_TTL`.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{AF_INET, IP_DEFAULT_MULTICAST_TTL, IP_MULTICAST_TTL, IPPROTO_IP, SOCK_DGRAM, Socket};
/// let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
/// assert_eq!(udp.getsockopt(IPPROTO_IP, IP_MULTICAST_TTL)?, IP_DEFAULT_MULTICAST_TTL);
/// # Ok::<(), sockeye::Error>(())
/// ```
pub const IP_DEFAULT_MULTICAST_TTL: i32 = 1;
/// Whether this machine gets what it sends to a group unless [`IP_MULTICAST_LOOP`](super::IP_MULTICAST_LOOP) says
/// otherwise: 1.
pub const IP_DEFAULT_MULTICAST_LOOP: i32 = 1;
/// How many groups a socket may join, in BSD's headers; Linux has a setting of its own.
pub const IP_MAX_MEMBERSHIPS: i32 = 20;

/// [`shutdown`](super::Socket::shutdown) ends receiving. In `std::net`: `Shutdown::Read`.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{SHUT_WR, create_connection, create_server};
/// let server = create_server("127.0.0.1:0")?;
/// let client = create_connection(server.getsockname()?, None)?;
/// client.shutdown(SHUT_WR)?;
/// assert_eq!(server.accept()?.0.recv(&mut [0; 8])?, 0);
/// # Ok::<(), sockeye::Error>(())
/// ```
pub const SHUT_RD: Shutdown = Shutdown::Read;
/// It ends sending: the peer sees the end of data. In `std::net`: `Shutdown::Write`.
pub const SHUT_WR: Shutdown = Shutdown::Write;
/// It ends both. In `std::net`: `Shutdown::Both`.
pub const SHUT_RDWR: Shutdown = Shutdown::Both;
