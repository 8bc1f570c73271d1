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

/// The level of the options that every socket has.
pub const SOL_SOCKET: Level<level::Sol> = Level(c::SOL_SOCKET, PhantomData);

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
        match name_of(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "Protocol({})", self.0),
        }
    }
}

impl<L> fmt::Debug for Level<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match name_of(self.0) {
            _ if self.0 == SOL_SOCKET.0 => f.write_str("SOL_SOCKET"),
            Some(name) => f.write_str(name),
            None => write!(f, "Level({})", self.0),
        }
    }
}

fn name_of(number: i32) -> Option<&'static str> {
    NAMES.iter().find(|(_, known)| *known == number).map(|(name, _)| *name)
}
