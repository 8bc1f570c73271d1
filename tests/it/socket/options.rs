//! Every option: a row each, what is set and what is read back.

use std::{
    fmt::Debug,
    net::{Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use sockeye::{
    ErrorKind,
    socket::{self, *},
};

/// Sets, reads, compares.
#[track_caller]
fn check<L, K, V>(socket: &Socket, level: impl Into<Level<L>>, option: SockOpt<L, K>, value: V)
where
    K: Readable<Got = V> + for<'v> Settable<Set<'v> = V>,
    V: PartialEq + Debug + Clone,
{
    let level = level.into();
    socket.setsockopt(level, option, value.clone()).unwrap();
    assert_eq!(socket.getsockopt(level, option).unwrap(), value, "{option:?}");
}

/// Only readable, or changed by the system.
#[track_caller]
fn reads<L, K: Readable>(
    socket: &Socket,
    level: impl Into<Level<L>>,
    option: SockOpt<L, K>,
    expected: impl Fn(K::Got) -> bool,
) {
    assert!(expected(socket.getsockopt(level, option).unwrap()), "{option:?}");
}

#[test]
fn of_every_socket() {
    let s = &Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP).unwrap();
    for value in [true, false] {
        check(s, SOL_SOCKET, SO_REUSEADDR, value);
        check(s, SOL_SOCKET, SO_REUSEPORT, value);
        check(s, SOL_SOCKET, SO_BROADCAST, value);
        check(s, SOL_SOCKET, SO_KEEPALIVE, value);
        check(s, SOL_SOCKET, SO_OOBINLINE, value);
        check(s, SOL_SOCKET, SO_DONTROUTE, value);
    }
    for value in [None, Some(Duration::ZERO), Some(Duration::from_secs(7))] {
        check(s, SOL_SOCKET, SO_LINGER, value);
    }
    for value in [None, Some(Duration::from_secs(7))] {
        check(s, SOL_SOCKET, SO_SNDTIMEO, value);
        check(s, SOL_SOCKET, SO_RCVTIMEO, value);
    }
    check(s, SOL_SOCKET, SO_RCVLOWAT, 2);
    s.setsockopt(SOL_SOCKET, SO_SNDBUF, 8192).unwrap();
    s.setsockopt(SOL_SOCKET, SO_RCVBUF, 8192).unwrap();
    reads(s, SOL_SOCKET, SO_SNDBUF, |size| size >= 8192);
    reads(s, SOL_SOCKET, SO_RCVBUF, |size| size >= 8192);
    reads(s, SOL_SOCKET, SO_ERROR, |errno| errno == 0);
    reads(s, SOL_SOCKET, SO_TYPE, |kind| kind == SOCK_STREAM.number());
    reads(s, SOL_SOCKET, SO_ACCEPTCONN, |listens| !listens);
}

#[cfg(target_os = "linux")]
#[test]
fn of_linux() {
    let s = &Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP).unwrap();
    reads(s, SOL_SOCKET, SO_DOMAIN, |family| family == AF_INET.number());
    reads(s, SOL_SOCKET, SO_PROTOCOL, |protocol| protocol == IPPROTO_TCP.number());
    check(s, SOL_SOCKET, SO_PRIORITY, 3);
    reads(s, SOL_SOCKET, SO_MARK, |mark| mark == 0);
    reads(s, SOL_SOCKET, SO_BINDTODEVICE, |name| name.is_empty());
    check(&Socket::new(AF_UNIX, SOCK_DGRAM, Default::default()).unwrap(), SOL_SOCKET, SO_PASSCRED, true);
    check(s, IPPROTO_IP, IP_RECVERR, true);
    check(s, IPPROTO_IP, IP_FREEBIND, true);
    check(s, IPPROTO_TCP, TCP_CORK, true);
    check(s, IPPROTO_TCP, TCP_USER_TIMEOUT, 1500);
    s.setsockopt(IPPROTO_TCP, TCP_DEFER_ACCEPT, 3).unwrap();
    reads(s, IPPROTO_TCP, TCP_DEFER_ACCEPT, |seconds| seconds >= 3);
    check(s, IPPROTO_TCP, TCP_QUICKACK, true);
    check(s, IPPROTO_TCP, TCP_SYNCNT, 3);
    check(s, IPPROTO_TCP, TCP_FASTOPEN, 5);
    s.setsockopt(IPPROTO_TCP, TCP_CONGESTION, "reno").unwrap();
    reads(s, IPPROTO_TCP, TCP_CONGESTION, |name| name == "reno");
    reads(s, IPPROTO_TCP, TCP_INFO, |info| info.len() > 64);
}

#[test]
fn of_ipv4() {
    let s = &Socket::new(AF_INET, SOCK_DGRAM, Default::default()).unwrap();
    check(s, IPPROTO_IP, IP_TTL, 12);
    check(s, IPPROTO_IP, IP_TOS, 0x10);
    check(s, IPPROTO_IP, IP_MULTICAST_TTL, 3);
    check(s, IPPROTO_IP, IP_MULTICAST_LOOP, false);
    check(s, IPPROTO_IP, IP_MULTICAST_IF, Ipv4Addr::LOCALHOST);
    let group = (Ipv4Addr::new(239, 1, 2, 3), Ipv4Addr::LOCALHOST);
    s.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, group).unwrap();
    s.setsockopt(IPPROTO_IP, IP_DROP_MEMBERSHIP, group).unwrap();
    assert!(s.setsockopt(IPPROTO_IP, IP_DROP_MEMBERSHIP, group).is_err());
    reads(s, IPPROTO_IP, IP_OPTIONS, |options| options.is_empty());
    // For raw sockets only, which take a privilege.
    assert!(s.setsockopt(IPPROTO_IP, IP_HDRINCL, true).is_err());
}

#[test]
fn of_ipv6() {
    let Ok(s) = &Socket::new(AF_INET6, SOCK_DGRAM, Default::default()) else { return };
    check(s, IPPROTO_IPV6, IPV6_V6ONLY, true);
    check(s, IPPROTO_IPV6, IPV6_V6ONLY, false);
    check(s, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 12);
    check(s, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 3);
    check(s, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, false);
    check(s, IPPROTO_IPV6, IPV6_MULTICAST_IF, 1);
    check(s, IPPROTO_IPV6, IPV6_TCLASS, 0x10);
    let group = (Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0x12, 0x34), 1);
    s.setsockopt(IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, group).unwrap();
    s.setsockopt(IPPROTO_IPV6, IPV6_DROP_MEMBERSHIP, group).unwrap();
}

#[test]
fn of_tcp() {
    let s = &Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP).unwrap();
    check(s, IPPROTO_TCP, TCP_NODELAY, true);
    check(s, IPPROTO_TCP, TCP_KEEPIDLE, 30);
    check(s, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    check(s, IPPROTO_TCP, TCP_KEEPCNT, 4);
    reads(s, IPPROTO_TCP, TCP_MAXSEG, |bytes| bytes > 0);
}

/// A new line in `options.rs` wants a row here.
#[test]
fn every_option_has_a_row() {
    let lines = include_str!("../../../src/socket/options.rs").lines();
    let table = include_str!("options.rs");
    let mut count = 0;
    for line in lines.map(str::trim).filter(|line| line.ends_with(',') && line.contains(": ")) {
        let Some((name, _)) = line.split_once(": ") else { continue };
        if name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_') {
            assert!(table.contains(&format!(", {name},")), "{name} has no row");
            count += 1;
        }
    }
    assert!(count > 40, "only {count} options were found");
}

#[test]
fn an_option_that_is_not_there_is_unsupported() {
    let s = &Socket::new(AF_INET, SOCK_DGRAM, Default::default()).unwrap();
    let error = s.setsockopt(IPPROTO_IP, SockOpt::<_, i32>::raw(9999), 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().starts_with("setsockopt IPPROTO_IP SockOpt(9999) failed: "), "{error}");
    let unnamed =
        s.getsockopt(Level::raw(SOL_SOCKET.number()), SockOpt::<_, i32>::raw(socket::SO_TYPE.number()));
    assert_eq!(unnamed.unwrap(), SOCK_DGRAM.number());
}
