//! Addresses that aren't IPv4's: Unix paths and names, IPv6 scopes, any other family's bytes.

use std::{
    collections::HashSet,
    ffi::OsStr,
    net::{Ipv6Addr, SocketAddr, SocketAddrV6},
    os::unix::ffi::OsStrExt,
    path::Path,
};

use sockeye::{ErrorKind, socket::*};

use super::{LONG, check};
use crate::support::until;

fn unix(kind: Kind) -> Socket {
    Socket::new(AF_UNIX, kind, Protocol::default()).unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn abstract_names() {
    // Any bytes, NUL among them; no file.
    let name = [&b"sockeye\0\xff"[..], &std::process::id().to_ne_bytes()].concat();
    let Ok(address) = Address::from_abstract_name(&name) else { return };
    let server = unix(SOCK_STREAM);
    server.bind(&address).unwrap();
    server.listen(1).unwrap();
    let own = server.getsockname().unwrap();
    assert_eq!((own.as_abstract_name(), own.as_pathname()), (Some(&name[..]), None));
    assert_eq!(own, address);
    assert!(own.to_string().starts_with("@sockeye\\x00\\xff"), "{own}");
    let client = unix(SOCK_STREAM);
    client.connect(&address).unwrap();
    assert_eq!(client.getpeername().unwrap(), address);
    // Gone with its socket.
    drop(server);
    until(|| unix(SOCK_STREAM).connect(&address).is_err());
    check(unix(SOCK_STREAM).connect(&address), ErrorKind::ConnectionRefused);
    check(Address::from_abstract_name([7; 108]), ErrorKind::InvalidInput);
    Address::from_abstract_name([7; 107]).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn the_system_chooses_a_name_for_none() {
    let (one, other) = (unix(SOCK_DGRAM), unix(SOCK_DGRAM));
    assert_eq!(one.getsockname().unwrap().to_string(), "unnamed");
    for socket in [&one, &other] {
        socket.bind(Path::new("")).unwrap();
        assert_eq!(socket.getsockname().unwrap().as_abstract_name().unwrap().len(), 5);
    }
    one.sendto(b"x", other.getsockname().unwrap()).unwrap();
    assert_eq!(other.recvfrom(&mut [0; 8]).unwrap(), (1, one.getsockname().unwrap()));
}

#[test]
fn paths_have_any_bytes_and_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsStr::from_bytes(b"\xff\xfe.sock"));
    let server = create_server(path.as_path()).unwrap();
    assert_eq!(server.getsockname().unwrap().as_pathname(), Some(path.as_path()));
    create_connection(path.as_path(), LONG).unwrap();

    let rest = 107 - folder.path().as_os_str().len() - 1;
    let longest = folder.path().join("x".repeat(rest));
    let server = unix(SOCK_STREAM);
    server.bind(longest.as_path()).unwrap();
    assert_eq!(server.getsockname().unwrap().as_pathname(), Some(longest.as_path()));
    let too_long = folder.path().join("x".repeat(rest + 1));
    let error = check(unix(SOCK_STREAM).bind(too_long.as_path()), ErrorKind::InvalidInput);
    let expected = format!("the socket's path {} has 108 bytes, 107 are allowed", too_long.display());
    assert_eq!(error.to_string(), expected);
    check(unix(SOCK_STREAM).connect(too_long.to_str().unwrap()), ErrorKind::InvalidInput);
}

#[test]
fn scopes_print() {
    let address = Address::from(SocketAddrV6::new("fe80::1".parse().unwrap(), 9, 0, 3));
    assert_eq!(address.to_string(), "[fe80::1%3]:9");
}

#[test]
fn ipv6_alone_or_both() {
    for alone in [true, false] {
        let server = Socket::new(AF_INET6, SOCK_STREAM, IPPROTO_TCP).unwrap();
        server.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, alone).unwrap();
        server.bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap();
        server.listen(1).unwrap();
        let port = server.getsockname().unwrap().port().unwrap();
        // The same port of IPv4 is free, or taken as well.
        let ipv4 = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP).unwrap();
        let taken = ipv4.bind(("", port)).is_err();
        assert!(taken || alone, "IPv4's port {port} was free beside a dual-stack socket");
        if !alone {
            let client = create_connection(("127.0.0.1", port), LONG).unwrap();
            let (_conn, from) = server.accept().unwrap();
            assert!(from.to_string().starts_with("[::ffff:127.0.0.1]:"), "{from}");
            assert_eq!(from.canonical(), client.getsockname().unwrap());
        }
    }
}

#[test]
fn bytes_of_addresses_there_and_back() {
    let (v4, v6): (SocketAddr, SocketAddr) =
        ("1.2.3.4:80".parse().unwrap(), "[fe80::1%3]:80".parse().unwrap());
    for address in [v4.into(), v6.into(), Address::from_pathname("/tmp/x.sock").unwrap()] {
        assert_eq!(Address::from_raw(&address.to_raw()).unwrap(), address);
    }
    // Cut off, without a family, too long.
    let bytes = Address::from(v6).to_raw();
    for length in 0..bytes.len() {
        check(Address::from_raw(&bytes[..length]), ErrorKind::InvalidInput);
    }
    check(Address::from_raw(&[0; 16]), ErrorKind::InvalidInput);
    check(Address::from_raw(&[1; 129]), ErrorKind::InvalidInput);
    // Any bytes are an address of some family: nothing asks more of them than they have.
    for family in 0..=255 {
        for length in 0..=128 {
            for filling in [0, 1, 0xff] {
                let mut bytes = vec![filling; length];
                bytes.iter_mut().zip([family, 0]).for_each(|(byte, value)| *byte = value);
                if let Ok(address) = Address::from_raw(&bytes) {
                    // A path gets the NUL byte that it lacks.
                    assert!(address.to_raw().len() <= length + usize::from(address.family() == AF_UNIX));
                    let _ = (address.to_string(), address.as_pathname(), address.as_abstract_name());
                }
            }
        }
    }
}

#[test]
fn unix_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sock");
    let server = create_server(path.as_path()).unwrap();
    let name = server.getsockname().unwrap();
    assert_eq!((name.as_pathname(), name.family()), (Some(path.as_path()), AF_UNIX));
    let client = create_connection(path.to_str().unwrap(), LONG).unwrap();
    let (conn, peer) = server.accept().unwrap();
    assert_eq!(peer.to_string(), "unnamed");
    conn.sendall(b"hello").unwrap();
    assert_eq!(client.recv(&mut [0; 8]).unwrap(), 5);
    drop(server);
    assert!(path.exists(), "closing doesn't unlink");

    let packets = unix(SOCK_SEQPACKET);
    packets.bind(folder.path().join("packets")).unwrap();
    packets.listen(1).unwrap();
}

#[test]
fn addresses_compare_hash_and_print() {
    let parse = |text: &str| Address::from(text.parse::<SocketAddr>().unwrap());
    let set: HashSet<Address> =
        [parse("127.0.0.1:80"), parse("127.0.0.1:80"), parse("[::1]:80")].into_iter().collect();
    assert_eq!(set.len(), 2);
    let path = Address::from_pathname("/tmp/x.sock").unwrap();
    assert_eq!(path, Address::from_pathname("/tmp/x.sock").unwrap());
    assert_ne!(path, parse("[::1]:80"));
    assert_eq!(format!("{:?}", parse("[::1]:80")), "Address([::1]:80)");
    assert!(Address::from_pathname("a\0b").is_err());
}

#[test]
fn a_star_is_every_address_for_who_binds() {
    let ip = |socket: &Socket| socket.getsockname().unwrap().ip().unwrap();
    let bound = |host: &str, family| {
        let socket = Socket::new(family, SOCK_DGRAM, Protocol::default()).unwrap();
        socket.bind((host, 0)).unwrap();
        ip(&socket)
    };
    let families = if has_ipv6() { &[AF_INET, AF_INET6][..] } else { &[AF_INET] };
    for &family in families {
        assert_eq!(bound("*", family), bound("", family));
        let listens = |host: &str| ip(&ListenOptions::new().family(family).create_server((host, 0)).unwrap());
        assert_eq!(listens("*"), listens(""));
    }
    let server = create_server("*:0").unwrap();
    assert_eq!(ip(&server), ip(&create_server(":0").unwrap()));
    let port = server.getsockname().unwrap().port().unwrap();
    create_connection(("127.0.0.1", port), None).unwrap();

    for error in [
        create_connection(("*", port), None).map(drop).unwrap_err(),
        unix(SOCK_DGRAM).sendto(b"x", ("*", port)).map(drop).unwrap_err(),
        sockeye::client::Client::connect(("*", port)).map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains("\"*\" is every address"), "{error}");
    }
}

/// A bind that fails asks the server that is there nothing, not even to find its hint.
#[test]
fn a_failing_bind_leaves_the_server_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (name, kind) in [("s", SOCK_STREAM), ("p", SOCK_SEQPACKET), ("d", SOCK_DGRAM)] {
        let path = folder.path().join(name);
        let server = unix(kind);
        server.bind(&path).unwrap();
        if kind != SOCK_DGRAM {
            server.listen(8).unwrap();
        }
        for other in [SOCK_STREAM, SOCK_DGRAM] {
            let error = check(unix(other).bind(&path), ErrorKind::AddressInUse).to_string();
            assert!(error.ends_with(&format!("{name} failed: address already in use")), "{error}");
        }
        server.settimeout(std::time::Duration::ZERO).unwrap();
        if kind != SOCK_DGRAM {
            check(server.accept(), ErrorKind::WouldBlock);
        }
        drop(server);
        let error = check(unix(kind).bind(&path), ErrorKind::AddressInUse).to_string();
        assert!(error.contains("remove it first"), "{error}");
    }
}

/// A path without the NUL byte that ends it is one all the same.
#[test]
fn raw_paths_need_no_nul() {
    let bytes = [&(AF_UNIX.number() as u16).to_ne_bytes()[..], b"/tmp/s"].concat();
    let address = Address::from_raw(&bytes).unwrap();
    assert_eq!(address.as_pathname(), Some(Path::new("/tmp/s")));
    assert_eq!(address, Address::from_pathname("/tmp/s").unwrap());
    let long = [&bytes[..2], &[b'x'; 108]].concat();
    check(Address::from_raw(&long), ErrorKind::InvalidInput);
}

#[track_caller]
fn says(outcome: sockeye::Result<impl std::fmt::Debug>, expected: &str) {
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn addresses_of_another_family_are_called_so() {
    let socket = |family, kind| Socket::new(family, kind, Protocol::default()).unwrap();
    let path = Path::new("/tmp/no such folder/x");
    says(socket(AF_INET, SOCK_STREAM).bind(path), "a socket of AF_INET has no address of AF_UNIX: make one");
    says(socket(AF_INET, SOCK_STREAM).connect(path), "has no address of AF_UNIX: make one of that family)");
    says(unix(SOCK_STREAM).bind("127.0.0.1:0"), "a socket of AF_UNIX has no address of AF_INET: make one");
    says(unix(SOCK_DGRAM).sendto(b"x", "127.0.0.1:9"), "a socket of AF_UNIX has no address of AF_INET: make");
    says(
        unix(SOCK_STREAM).connect("localhost:80"),
        "\"localhost\" is a host, and a socket of AF_UNIX wants a path",
    );
    says(unix(SOCK_STREAM).bind("server.sock"), "a path needs a / in it, or to be a Path");
    if has_ipv6() {
        says(socket(AF_INET6, SOCK_STREAM).connect("127.0.0.1:80"), "has no address of AF_INET: make one");
        says(
            socket(AF_INET6, SOCK_DGRAM).connect("[fe80::1]:9"),
            "(a link-local address needs its interface",
        );
        says(socket(AF_INET6, SOCK_DGRAM).bind("[fe80::1]:0"), "(a link-local address needs its interface");
    }
}
