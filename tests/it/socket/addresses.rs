//! What addresses are known to surprise people with, each under its number in the list of traps that this crate keeps
//! clear of.

use std::{ffi::OsStr, net::Ipv4Addr, os::unix::ffi::OsStrExt, path::Path};

use sockeye::{
    ErrorKind,
    socket::{
        AF_INET, AF_INET6, AF_UNIX, Address, Hints, IPPROTO_IPV6, IPV6_V6ONLY, ListenOptions, SOCK_DGRAM,
        Socket, create_connection, create_server, getaddrinfo, gethostbyname, has_ipv6, if_nametoindex,
    },
};

use super::{LONG, check, tcp, udp};
use crate::support::until;

/// A link-local address means nothing without its interface; systems differ in whether IPv6 takes IPv4 in.
#[test]
fn trap_09_ipv6_has_scopes_and_both_stacks() {
    if !has_ipv6() {
        eprintln!("skipped: no IPv6 here");
        return;
    }
    let socket = Socket::new(AF_INET6, SOCK_DGRAM, Default::default()).unwrap();
    check(socket.connect("[fe80::1]:9"), ErrorKind::InvalidInput);
    let scoped = getaddrinfo("fe80::1%lo", 9, Hints::new()).unwrap()[0].address.as_socket_addr();
    let expected = if_nametoindex("lo").unwrap();
    assert!(
        matches!(scoped, Some(std::net::SocketAddr::V6(name)) if name.scope_id() == expected),
        "{scoped:?}"
    );

    let every = create_server(("", 0)).unwrap();
    let only = ListenOptions::new().family(AF_INET6).only_ipv6().create_server(("", 0)).unwrap();
    let one = create_server("[::1]:0").unwrap();
    for (server, expected) in [(&every, false), (&only, true), (&one, true)] {
        assert_eq!(server.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY).unwrap(), expected, "{server:?}");
    }
    let port = every.getsockname().unwrap().port().unwrap();
    let client = create_connection(("127.0.0.1", port), LONG).unwrap();
    let peer = every.accept().unwrap().1;
    assert!(peer.to_string().starts_with("[::ffff:127.0.0.1]:"));
    assert_eq!(peer.canonical(), client.getsockname().unwrap());
}

/// Paths are bytes, have room for few of them, and outlive their sockets.
#[test]
fn trap_10_paths_of_unix_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsStr::from_bytes(b"not \xff UTF-8"));
    let server = create_server(path.as_path()).unwrap();
    assert_eq!(server.getsockname().unwrap().as_pathname(), Some(path.as_path()));
    let client = create_connection(path.as_path(), LONG).unwrap();
    assert_eq!(client.getsockname().unwrap().to_string(), "unnamed");
    drop(server);
    assert!(path.exists());
    until(|| {
        let error = check(create_server(path.as_path()), ErrorKind::AddressInUse);
        error.to_string().contains("left by a server that has ended")
    });

    assert!(Address::from_pathname("x".repeat(107)).is_ok());
    let error = check(Address::from_pathname("x".repeat(200)), ErrorKind::InvalidInput);
    assert!(error.to_string().ends_with("has 200 bytes, 107 are allowed"), "{error}");
    check(tcp().bind(Path::new("a\0b")), ErrorKind::InvalidInput);
}

/// Linux' names that are no paths; an empty one lets the system choose.
#[test]
fn trap_10_abstract_names() {
    let socket = || Socket::new(AF_UNIX, SOCK_DGRAM, Default::default()).unwrap();
    let mut own = b"sockeye \xff\0 ".to_vec();
    // The names are the whole system's.
    let number = std::process::id().to_string();
    own.extend_from_slice(number.as_bytes());
    let Ok(address) = Address::from_abstract_name(&own) else { return };
    let one = socket();
    one.bind(&address).unwrap();
    let name = one.getsockname().unwrap();
    assert_eq!(name.as_abstract_name(), Some(&own[..]));
    assert_eq!((name.as_pathname(), name.to_string()), (None, format!("@sockeye \\xff\\x00 {number}")));
    check(socket().bind(&address), ErrorKind::AddressInUse);
    drop(one);
    until(|| socket().bind(&address).is_ok());
}

/// They are IPv4 only.
#[test]
fn trap_13_the_empty_host_and_broadcast() {
    let (v4, v6) = (udp(), Socket::new(AF_INET6, SOCK_DGRAM, Default::default()));
    assert_eq!(gethostbyname("").unwrap().to_string(), "0.0.0.0");
    assert_eq!(gethostbyname("<broadcast>").unwrap().to_string(), "255.255.255.255");
    let error = check(v4.sendto(b"x", ("<broadcast>", 9)), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("255.255.255.255:9"), "{error}");
    let every = Socket::new(AF_INET, SOCK_DGRAM, Default::default()).unwrap();
    every.bind(("", 0)).unwrap();
    assert!(every.getsockname().unwrap().to_string().starts_with("0.0.0.0:"));
    if let (Ok(v6), true) = (v6, has_ipv6()) {
        check(v6.sendto(b"x", ("<broadcast>", 9)), ErrorKind::InvalidInput);
        v6.bind(("", 0)).unwrap();
        assert!(v6.getsockname().unwrap().to_string().starts_with("[::]:"));
    }
}

/// A u16 can't hold 70000, but a text can.
#[test]
fn trap_19_ports_above_65535() {
    for text in ["127.0.0.1:65536", "127.0.0.1:70000", "localhost:-1", "[::1]:99999999999", "127.0.0.1:+80"] {
        for outcome in [tcp().bind(text), tcp().connect(text), create_server(text).map(drop)] {
            let error = check(outcome, ErrorKind::InvalidInput);
            assert!(error.to_string().contains("a port from 0 to 65535"), "{error}");
        }
    }
}

#[test]
fn a_dual_stack_server_serves_both() {
    for address in [("", 0), ("::", 0)] {
        let server = create_server(address).unwrap();
        let port = server.getsockname().unwrap().port().unwrap();
        let client = create_connection((Ipv4Addr::LOCALHOST, port), LONG).unwrap();
        let (_conn, peer) = server.accept().unwrap();
        assert_eq!(peer.canonical(), client.getsockname().unwrap());
        if server.family() == AF_INET6 {
            let client = create_connection(("::1", port), LONG).unwrap();
            assert_eq!(server.accept().unwrap().1, client.getsockname().unwrap());
        }
    }
}

#[test]
fn link_local_addresses_keep_their_scope() {
    let socket = Socket::new(AF_INET6, SOCK_DGRAM, Default::default()).unwrap();
    // Fails unless the interface has such an address; but never as an unknown host.
    if let Err(error) = socket.connect(("fe80::1%lo", 9)) {
        assert_ne!(error.kind(), ErrorKind::UnknownHost, "{error}");
    }
    check(socket.connect(("fe80::1%no-such-interface", 9)), ErrorKind::UnknownHost);
}
