//! The rows of `IPPROTO_IP` and `IPPROTO_IPV6`.

use std::net::{Ipv4Addr, Ipv6Addr};

use sockeye::{ErrorKind, socket::*};

use super::{
    LATE, PRIVILEGED, table,
    table::{Table, reached},
};

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 2, 3);
const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;

#[test]
fn of_ipv4() {
    let s = table(AF_INET, SOCK_DGRAM);
    s.check(IPPROTO_IP, IP_TTL, 12);
    s.check(IPPROTO_IP, IP_TOS, 0x10);
    s.check(IPPROTO_IP, IP_MULTICAST_TTL, 3);
    s.check(IPPROTO_IP, IP_MULTICAST_LOOP, false);
    s.sets(IPPROTO_IP, IP_MULTICAST_IF, 1);
    // The number is looked at: no interface has that one.
    assert!(s.socket.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, u32::MAX >> 1).is_err());
    s.check(IPPROTO_IP, IP_MULTICAST_IF, LOOPBACK);
    s.sets(IPPROTO_IP, IP_ADD_MEMBERSHIP, (GROUP, LOOPBACK));
    s.sets(IPPROTO_IP, IP_DROP_MEMBERSHIP, (GROUP, LOOPBACK));
    s.sets(IPPROTO_IP, IP_ADD_MEMBERSHIP, (GROUP, 1));
    s.sets(IPPROTO_IP, IP_DROP_MEMBERSHIP, (GROUP, 1));
    s.refuses((IPPROTO_IP, IP_DROP_MEMBERSHIP), (GROUP, LOOPBACK), ErrorKind::AddressNotAvailable);
    s.reads(IPPROTO_IP, IP_OPTIONS, |options| options.is_empty());
    // Three times "no operation", and the end.
    s.sets(IPPROTO_IP, IP_OPTIONS, &[1, 1, 1, 0]);
    s.reads(IPPROTO_IP, IP_OPTIONS, |options| options == [1, 1, 1, 0]);
    s.check(IPPROTO_IP, IP_RECVOPTS, true);
    s.check(IPPROTO_IP, IP_RETOPTS, true);
    s.check(IPPROTO_IP, IP_RECVTOS, true);
    s.check(IPPROTO_IP, IP_RECVTTL, true);
    // For raw sockets only.
    assert!(s.socket.setsockopt(IPPROTO_IP, IP_HDRINCL, true).is_err());
    s.python_reads_the_same(8);
}

#[cfg(target_os = "linux")]
#[test]
fn of_ipv4_on_linux() {
    let s = table(AF_INET, SOCK_DGRAM);
    s.check(IPPROTO_IP, IP_PKTINFO, true);
    s.check(IPPROTO_IP, IP_RECVORIGDSTADDR, true);
    s.check(IPPROTO_IP, IP_RECVFRAGSIZE, true);
    s.check(IPPROTO_IP, IP_CHECKSUM, true);
    s.check(IPPROTO_IP, IP_PASSSEC, true);
    s.check(IPPROTO_IP, IP_RECVERR, true);
    s.check(IPPROTO_IP, IP_MULTICAST_ALL, false);
    s.check(IPPROTO_IP, IP_UNICAST_IF, 1);
    s.check(IPPROTO_IP, IP_FREEBIND, true);
    s.may((IPPROTO_IP, IP_TRANSPARENT), true, PRIVILEGED);
    s.check(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, true);
    s.may((IPPROTO_IP, IP_LOCAL_PORT_RANGE), 40_000 | 50_000 << 16, LATE);
    for value in [IP_PMTUDISC_DONT, IP_PMTUDISC_WANT, IP_PMTUDISC_DO, IP_PMTUDISC_PROBE] {
        s.check(IPPROTO_IP, IP_MTU_DISCOVER, value);
    }
    s.check(IPPROTO_IP, IP_MINTTL, 255);
    sources(&s);
    // Not connected yet.
    assert_eq!(s.socket.getsockopt(IPPROTO_IP, IP_MTU).unwrap_err().kind(), ErrorKind::NotConnected);
    s.socket.connect("127.0.0.1:9").unwrap();
    s.reads(IPPROTO_IP, IP_MTU, |bytes| bytes >= 1500);
    // Nothing was redirected, or the firewall isn't there.
    assert!(s.socket.getsockopt(IPPROTO_IP, SO_ORIGINAL_DST).is_err());
    // Bytes that are no policy.
    assert!(s.socket.setsockopt(IPPROTO_IP, IP_XFRM_POLICY, &[0; 4]).is_err());
    s.python_reads_the_same(2);
    of_raw_ipv4();
}

fn sources(s: &Table) {
    let of = |group, source| (group, LOOPBACK, source);
    s.sets(IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, of(GROUP, LOOPBACK));
    s.sets(IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, of(GROUP, LOOPBACK));
    s.sets(IPPROTO_IP, IP_ADD_MEMBERSHIP, (GROUP, LOOPBACK));
    s.sets(IPPROTO_IP, IP_BLOCK_SOURCE, of(GROUP, LOOPBACK));
    s.sets(IPPROTO_IP, IP_UNBLOCK_SOURCE, of(GROUP, LOOPBACK));
    // struct ip_msfilter: group, interface, MCAST_EXCLUDE, no sources.
    let everybody = [GROUP.octets(), LOOPBACK.octets(), 0_u32.to_ne_bytes(), 0_u32.to_ne_bytes()].concat();
    s.sets(IPPROTO_IP, IP_MSFILTER, &everybody);
}

fn of_raw_ipv4() {
    let raw = Socket::new(AF_INET, SOCK_RAW, IPPROTO_RAW);
    let Some(raw) = reached(raw, PRIVILEGED) else { return };
    let s = Table::new(raw);
    s.check(IPPROTO_IP, IP_HDRINCL, false);
    s.check(IPPROTO_IP, IP_NODEFRAG, true);
    // Not for IPPROTO_RAW, which sends only.
    s.refuses((IPPROTO_IP, IP_ROUTER_ALERT), true, ErrorKind::InvalidInput);
    let s = Table::new(Socket::new(AF_INET, SOCK_RAW, IPPROTO_ICMP).unwrap());
    s.sets(IPPROTO_IP, IP_ROUTER_ALERT, true);
}

#[test]
fn of_ipv6() {
    let Ok(socket) = Socket::new(AF_INET6, SOCK_DGRAM, Protocol::default()) else { return };
    let s = Table::new(socket);
    s.check(IPPROTO_IPV6, IPV6_V6ONLY, true);
    s.check(IPPROTO_IPV6, IPV6_V6ONLY, false);
    s.check(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 12);
    s.check(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 3);
    s.check(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, false);
    s.check(IPPROTO_IPV6, IPV6_MULTICAST_IF, 1);
    s.check(IPPROTO_IPV6, IPV6_TCLASS, 0x10);
    s.check(IPPROTO_IPV6, IPV6_DONTFRAG, true);
    s.check(IPPROTO_IPV6, IPV6_RECVPKTINFO, true);
    s.check(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, true);
    s.check(IPPROTO_IPV6, IPV6_RECVTCLASS, true);
    let group = (Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0x12, 0x34), 1);
    s.sets(IPPROTO_IPV6, IPV6_JOIN_GROUP, group);
    s.sets(IPPROTO_IPV6, IPV6_LEAVE_GROUP, group);
    s.sets(IPPROTO_IPV6, IPV6_PKTINFO, (Ipv6Addr::UNSPECIFIED, 0));
    // A type of control messages.
    s.refuses((IPPROTO_IPV6, IPV6_HOPLIMIT), 1, LATE);
    s.python_reads_the_same(10);
}

#[cfg(target_os = "linux")]
#[test]
fn of_ipv6_on_linux() {
    let Ok(socket) = Socket::new(AF_INET6, SOCK_DGRAM, Protocol::default()) else { return };
    let s = Table::new(socket);
    s.check(IPPROTO_IPV6, IPV6_RECVHOPOPTS, true);
    s.check(IPPROTO_IPV6, IPV6_RECVDSTOPTS, true);
    s.check(IPPROTO_IPV6, IPV6_RECVRTHDR, true);
    s.check(IPPROTO_IPV6, IPV6_RECVPATHMTU, true);
    s.check(IPPROTO_IPV6, IPV6_RECVERR, true);
    s.check(IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, true);
    s.check(IPPROTO_IPV6, IPV6_RECVFRAGSIZE, true);
    s.check(IPPROTO_IPV6, IPV6_MULTICAST_ALL, false);
    s.check(IPPROTO_IPV6, IPV6_UNICAST_IF, 1);
    s.check(IPPROTO_IPV6, IPV6_FREEBIND, true);
    s.may((IPPROTO_IPV6, IPV6_TRANSPARENT), true, PRIVILEGED);
    s.check(IPPROTO_IPV6, IPV6_MTU_DISCOVER, IP_PMTUDISC_DO);
    s.sets(IPPROTO_IPV6, IPV6_MTU, 1280);
    s.check(IPPROTO_IPV6, IPV6_MINHOPCOUNT, 255);
    s.becomes(IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, 2, |flags| flags & 2 != 0); // IPV6_PREFER_SRC_PUBLIC
    s.check(IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, true);
    s.check(IPPROTO_IPV6, IPV6_FLOWINFO_SEND, true);
    s.check(IPPROTO_IPV6, IPV6_FLOWINFO, true);
    // Bytes that are no request, no policy, and a way of routing that is forbidden.
    s.refuses((IPPROTO_IPV6, IPV6_FLOWLABEL_MGR), &[0; 4], ErrorKind::InvalidInput);
    assert!(s.socket.setsockopt(IPPROTO_IPV6, IPV6_XFRM_POLICY, &[0; 4]).is_err());
    s.refuses((IPPROTO_IPV6, IPV6_RTHDR), &[17, 0, 0, 0, 0, 0, 0, 0], ErrorKind::InvalidInput);
    s.reads(IPPROTO_IPV6, IPV6_RTHDR, |route| route.is_empty());
    // Six bytes of padding: an extension head of eight.
    for option in [IPV6_HOPOPTS, IPV6_DSTOPTS, IPV6_RTHDRDSTOPTS] {
        let padding = [0, 0, 1, 4, 0, 0, 0, 0];
        if reached(s.socket.setsockopt(IPPROTO_IPV6, option, &padding), PRIVILEGED).is_some() {
            s.reads(IPPROTO_IPV6, option, |bytes| bytes == padding);
        }
    }
    // For the privileged, until Linux took it away.
    if let Err(error) = s.socket.setsockopt(IPPROTO_IPV6, IPV6_NEXTHOP, &[]) {
        assert!([PRIVILEGED, LATE].contains(&error.kind()), "{error}");
    }
    let loopback = (Ipv6Addr::LOCALHOST, 1);
    // On loopback there is no router that could be shared.
    assert!(s.socket.setsockopt(IPPROTO_IPV6, IPV6_JOIN_ANYCAST, loopback).is_err());
    assert!(s.socket.setsockopt(IPPROTO_IPV6, IPV6_LEAVE_ANYCAST, loopback).is_err());
    assert!(s.socket.getsockopt(IPPROTO_IPV6, IP6T_SO_ORIGINAL_DST).is_err());
    let unconnected = s.socket.getsockopt(IPPROTO_IPV6, IPV6_PATHMTU).unwrap_err();
    assert_eq!(unconnected.kind(), ErrorKind::NotConnected);
    s.python_reads_the_same(4);
    connected_ipv6();
    of_raw_ipv6();
}

fn connected_ipv6() {
    let s = table(AF_INET6, SOCK_DGRAM);
    s.socket.connect("[::1]:9").unwrap();
    s.reads(IPPROTO_IPV6, IPV6_MTU, |bytes| bytes >= 1280);
    s.reads(IPPROTO_IPV6, IPV6_PATHMTU, |info| info.len() == 32);
    let s = table(AF_INET6, SOCK_DGRAM);
    s.socket.connect("[::ffff:127.0.0.1]:9").unwrap();
    s.sets(IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET.number());
    s.reads(SOL_SOCKET, SO_DOMAIN, |family| family == AF_INET);
}

fn of_raw_ipv6() {
    let raw = Socket::new(AF_INET6, SOCK_RAW, IPPROTO_RAW);
    let Some(raw) = reached(raw, PRIVILEGED) else { return };
    let s = Table::new(raw);
    s.check(IPPROTO_IPV6, IPV6_CHECKSUM, 2);
    s.check(IPPROTO_IPV6, IPV6_HDRINCL, true);
    s.sets(IPPROTO_IPV6, IPV6_ROUTER_ALERT, 0);
    s.check(IPPROTO_IPV6, IPV6_ROUTER_ALERT_ISOLATE, true);
}
