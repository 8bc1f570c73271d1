//! The kinds of option values that hold addresses: groups, interfaces, the place a packet was meant for.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Address, Readable, Settable, option::sealed::Sealed};

/// An IPv4 address.
impl Readable for Ipv4Addr {
    type Got = Ipv4Addr;

    fn decode(bytes: &[u8]) -> Option<Ipv4Addr> {
        <[u8; 4]>::try_from(bytes).ok().map(Ipv4Addr::from)
    }
}

impl Settable<Ipv4Addr> for Ipv4Addr {
    fn encode(value: Ipv4Addr) -> Vec<u8> {
        value.octets().to_vec()
    }
}

/// An interface: set by its address or by its number, read as its address.
///
/// # Examples
///
/// ```
/// use std::net::Ipv4Addr;
/// use sockeye::socket::{AF_INET, IP_MULTICAST_IF, IPPROTO_IP, SOCK_DGRAM, Socket};
/// let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
/// udp.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, Ipv4Addr::LOCALHOST)?;
/// assert_eq!(udp.getsockopt(IPPROTO_IP, IP_MULTICAST_IF)?, Ipv4Addr::LOCALHOST);
/// udp.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, 0)?; // the system chooses
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
pub enum InterfaceV4 {}

impl Readable for InterfaceV4 {
    type Got = Ipv4Addr;

    fn decode(bytes: &[u8]) -> Option<Ipv4Addr> {
        Ipv4Addr::decode(bytes)
    }
}

impl Settable<Ipv4Addr> for InterfaceV4 {
    fn encode(value: Ipv4Addr) -> Vec<u8> {
        Ipv4Addr::encode(value)
    }
}

/// `struct ip_mreqn`.
impl Settable<u32> for InterfaceV4 {
    fn encode(value: u32) -> Vec<u8> {
        GroupV4::encode((Ipv4Addr::UNSPECIFIED, value))
    }
}

/// A group, and the interface by its address (unspecified: the system chooses) or its number.
#[derive(Debug)]
pub enum GroupV4 {}

/// `struct ip_mreq`.
impl Settable<(Ipv4Addr, Ipv4Addr)> for GroupV4 {
    fn encode((group, interface): (Ipv4Addr, Ipv4Addr)) -> Vec<u8> {
        [group.octets(), interface.octets()].concat()
    }
}

/// `struct ip_mreqn`.
impl Settable<(Ipv4Addr, u32)> for GroupV4 {
    fn encode((group, interface): (Ipv4Addr, u32)) -> Vec<u8> {
        [group.octets(), [0; 4], interface.to_ne_bytes()].concat()
    }
}

/// `struct ip_mreq_source`: a group, the address of the interface, and the one sender that is meant.
#[derive(Debug)]
pub enum SourceV4 {}

impl Settable<(Ipv4Addr, Ipv4Addr, Ipv4Addr)> for SourceV4 {
    fn encode((group, interface, source): (Ipv4Addr, Ipv4Addr, Ipv4Addr)) -> Vec<u8> {
        [group.octets(), interface.octets(), source.octets()].concat()
    }
}

/// `struct ipv6_mreq`: a group, and the number of the interface (0: the system chooses). `struct in6_pktinfo` is
/// the same: a source address, and the interface.
#[derive(Debug)]
pub enum GroupV6 {}

impl Settable<(Ipv6Addr, u32)> for GroupV6 {
    fn encode((group, interface): (Ipv6Addr, u32)) -> Vec<u8> {
        [&group.octets()[..], &interface.to_ne_bytes()].concat()
    }
}

/// `struct sockaddr`.
impl Readable for Address {
    type Got = Address;

    fn decode(bytes: &[u8]) -> Option<Address> {
        Address::from_raw(bytes).ok()
    }
}

impl Sealed for Ipv4Addr {}
impl Sealed for InterfaceV4 {}
impl Sealed for GroupV4 {}
impl Sealed for SourceV4 {}
impl Sealed for GroupV6 {}
impl Sealed for Address {}
