//! Protocols, and the levels of options that stand behind some of them.

use std::{fmt, marker::PhantomData};

use crate::sys::c;

/// The names of levels, as types: what keeps an option with its level. No values of them exist.
pub mod level {
    /// [`SOL_SOCKET`](super::SOL_SOCKET): options of every socket.
    #[derive(Debug)]
    pub enum Sol {}
    /// [`IPPROTO_IP`](super::IPPROTO_IP): IPv4.
    #[derive(Debug)]
    pub enum Ip {}
    /// [`IPPROTO_IPV6`](super::IPPROTO_IPV6): IPv6.
    #[derive(Debug)]
    pub enum Ipv6 {}
    /// [`IPPROTO_TCP`](super::IPPROTO_TCP): TCP.
    #[derive(Debug)]
    pub enum Tcp {}
    /// [`IPPROTO_UDP`](super::IPPROTO_UDP): UDP.
    #[derive(Debug)]
    pub enum Udp {}
    /// [`IPPROTO_UDPLITE`](super::IPPROTO_UDPLITE): UDP-Lite (RFC 3828).
    #[derive(Debug)]
    pub enum UdpLite {}
    /// Any other level or protocol, by its number.
    #[derive(Debug)]
    pub enum Any {}
}

/// A protocol within a family; `Protocol::default()` lets the system choose.
///
/// A protocol that has options of its own is their level as well: [`IPPROTO_TCP`] says by its type which
/// options [`setsockopt`](super::Socket::setsockopt) takes with it.
///
/// Python: the `IPPROTO_` integers.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{IPPROTO_UDP, Protocol};
/// assert_eq!(format!("{IPPROTO_UDP:?}"), "IPPROTO_UDP");
/// assert_eq!(Protocol::raw(17), IPPROTO_UDP);
/// assert_eq!(Protocol::default().number(), 0);
/// ```
pub struct Protocol<L = level::Any>(i32, PhantomData<fn() -> L>);

/// A level of options: [`SOL_SOCKET`], or what a [`Protocol`] such as [`IPPROTO_TCP`] becomes.
///
/// Python: the `SOL_` integers.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{Level, SOL_SOCKET};
/// assert_eq!(format!("{SOL_SOCKET:?}"), "SOL_SOCKET");
/// assert_eq!(format!("{:?}", Level::raw(99)), "Level(99)");
/// ```
pub struct Level<L>(i32, PhantomData<fn() -> L>);

/// One line for each level that isn't known by a protocol's name.
macro_rules! levels {
    ($($(#[$doc:meta])* $name:ident: $level:ident,)*) => {
        $($(#[$doc])* pub const $name: Level<level::$level> = Level(c::$name as i32, PhantomData);)*

        const LEVELS: &[(&str, i32)] = &[$((stringify!($name), $name.0),)*];
    };
}

levels! {
    /// The options that every socket has.
    SOL_SOCKET: Sol,
    /// [`IPPROTO_IP`] under Linux' name.
    SOL_IP: Ip,
    /// [`IPPROTO_TCP`] under Linux' name.
    SOL_TCP: Tcp,
    /// [`IPPROTO_UDP`] under Linux' name.
    SOL_UDP: Udp,
    /// Sockets of [`AF_PACKET`](super::AF_PACKET) (Linux).
    SOL_PACKET: Any,
    /// Sockets of [`AF_NETLINK`](super::AF_NETLINK) (Linux).
    SOL_NETLINK: Any,
    /// The kernel's ciphers (Linux).
    SOL_ALG: Any,
    /// The first level of [`AF_CAN`](super::AF_CAN) (Linux).
    SOL_CAN_BASE: Any,
    /// Raw frames of [`AF_CAN`](super::AF_CAN) (Linux).
    SOL_CAN_RAW: Any,
    /// Reliable datagrams (Linux).
    SOL_RDS: Any,
    /// TIPC (Linux).
    SOL_TIPC: Any,
}

/// One line for each: its name, and the level that its type names.
macro_rules! protocols {
    ($($(#[$doc:meta])* $name:ident: $level:ident,)*) => {
        $($(#[$doc])* pub const $name: Protocol<level::$level> = Protocol(c::$name as i32, PhantomData);)*

        const NAMES: &[(&str, i32)] = &[$((stringify!($name), $name.0),)*];
    };
}

protocols! {
    /// IPv4, and the level of its options.
    IPPROTO_IP: Ip,
    /// ICMP.
    IPPROTO_ICMP: Any,
    /// Groups of IPv4.
    IPPROTO_IGMP: Any,
    /// TCP, and the level of its options.
    IPPROTO_TCP: Tcp,
    /// UDP, and the level of its options.
    IPPROTO_UDP: Udp,
    /// IPv6, and the level of its options.
    IPPROTO_IPV6: Ipv6,
    /// ICMP for IPv6.
    IPPROTO_ICMPV6: Any,
    /// SCTP.
    IPPROTO_SCTP: Any,
    /// UDP-Lite, and the level of its options.
    IPPROTO_UDPLITE: UdpLite,
    /// TCP over several paths: a stream socket made with it takes the options of [`IPPROTO_TCP`] (Linux).
    IPPROTO_MPTCP: Any,
    /// IPv4 within IPv4.
    IPPROTO_IPIP: Any,
    /// Any network protocol within IP.
    IPPROTO_GRE: Any,
    /// Reservations.
    IPPROTO_RSVP: Any,
    /// Groups across networks.
    IPPROTO_PIM: Any,
    /// IPsec: encrypted.
    IPPROTO_ESP: Any,
    /// IPsec: signed.
    IPPROTO_AH: Any,
    /// IPv6: options for each router; its number is that of [`IPPROTO_IP`].
    IPPROTO_HOPOPTS: Any,
    /// IPv6: the route.
    IPPROTO_ROUTING: Any,
    /// IPv6: a part of a packet.
    IPPROTO_FRAGMENT: Any,
    /// IPv6: nothing follows.
    IPPROTO_NONE: Any,
    /// IPv6: options for the destination.
    IPPROTO_DSTOPTS: Any,
    /// Exterior gateways; history.
    IPPROTO_EGP: Any,
    /// Xerox' PUP; history.
    IPPROTO_PUP: Any,
    /// Xerox' IDP; history.
    IPPROTO_IDP: Any,
    /// ISO's TP4; history.
    IPPROTO_TP: Any,
    /// Whole IP packets.
    IPPROTO_RAW: Any,
}

impl Protocol {
    /// The protocol with that number, for those that have no name here.
    ///
    /// ```
    /// use sockeye::socket::Protocol;
    /// assert_eq!(format!("{:?}", Protocol::raw(200)), "Protocol(200)");
    /// ```
    #[must_use]
    pub const fn raw(number: i32) -> Protocol {
        Protocol(number, PhantomData)
    }
}

impl<L> Protocol<L> {
    /// The C number.
    ///
    /// ```
    /// assert_eq!(sockeye::socket::IPPROTO_TCP.number(), 6);
    /// ```
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }
}

impl Level<level::Any> {
    /// The level with that number, for those that have no name here; it goes with
    /// [`SockOpt::raw`](super::SockOpt::raw).
    ///
    /// ```
    /// assert_eq!(sockeye::socket::Level::raw(99).number(), 99);
    /// ```
    #[must_use]
    pub const fn raw(number: i32) -> Level<level::Any> {
        Level(number, PhantomData)
    }
}

impl<L> Level<L> {
    /// The C number.
    ///
    /// ```
    /// assert!(sockeye::socket::SOL_SOCKET.number() > 0);
    /// ```
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }
}

impl<L> From<Protocol<L>> for Level<L> {
    fn from(protocol: Protocol<L>) -> Level<L> {
        Level(protocol.0, PhantomData)
    }
}

/// The system's choice: 0. Only this one has a default, so that `Default::default()` needs no type.
impl Default for Protocol {
    fn default() -> Protocol {
        Protocol::raw(0)
    }
}

// By hand: a derive would ask the same of `L`.
impl<L> Clone for Protocol<L> {
    fn clone(&self) -> Protocol<L> {
        *self
    }
}

impl<L> Copy for Protocol<L> {}

impl<L> Clone for Level<L> {
    fn clone(&self) -> Level<L> {
        *self
    }
}

impl<L> Copy for Level<L> {}

impl<A, B> PartialEq<Protocol<B>> for Protocol<A> {
    fn eq(&self, other: &Protocol<B>) -> bool {
        self.0 == other.0
    }
}

impl<L> Eq for Protocol<L> {}

impl<L> fmt::Debug for Protocol<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match name_of(self.0, NAMES) {
            Some(name) => f.write_str(name),
            None => write!(f, "Protocol({})", self.0),
        }
    }
}

impl<L> fmt::Debug for Level<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SOL_SOCKET first: it is also the number of ICMP.
        match name_of(self.0, &LEVELS[..1]).or(name_of(self.0, NAMES)).or(name_of(self.0, LEVELS)) {
            Some(name) => f.write_str(name),
            None => write!(f, "Level({})", self.0),
        }
    }
}

fn name_of(number: i32, names: &'static [(&str, i32)]) -> Option<&'static str> {
    names.iter().find(|(_, known)| *known == number).map(|(name, _)| *name)
}
