//! A socket's life: every family and kind, pairs, std's types and back, what programs inherit, the end.

use std::{
    io::Read,
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::net::{UnixDatagram, UnixListener, UnixStream},
    },
    process::Command,
    thread,
};

use sockeye::{ErrorKind, socket::*};

use super::{LONG, check, pair, tcp};

/// On Linux: no such protocol or kind in that family.
const EPROTONOSUPPORT: i32 = 93;
const ESOCKTNOSUPPORT: i32 = 94;

/// Made, it is what was asked for; and so it is again when only its descriptor is known.
#[track_caller]
fn is_made<L>(family: Family, kind: Kind, protocol: Protocol<L>) {
    let socket = match Socket::new(family, kind, protocol) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            assert!(kind != SOCK_RAW || error.to_string().contains("CAP_NET_RAW"), "{error}");
            eprintln!("skipped: {error}");
            return;
        }
        made => made.unwrap(),
    };
    let known = |socket: &Socket| (socket.family(), socket.kind().unwrap(), socket.protocol().unwrap());
    let before = known(&socket);
    assert_eq!((before.0, before.1), (family, kind));
    // Not every system can be asked for the protocol.
    let asked = socket.getsockopt(SOL_SOCKET, SO_PROTOCOL).unwrap_or(before.2);
    assert!(protocol.number() == 0 || asked == protocol, "{asked:?}");
    assert!(before.2 == asked || before.2 == Protocol::default());
    let again = Socket::from(socket.detach().unwrap());
    assert_eq!(known(&again), before);
}

#[test]
fn every_family_and_kind_of_the_article() {
    for family in [AF_INET, AF_INET6] {
        is_made(family, SOCK_STREAM, Protocol::default());
        is_made(family, SOCK_STREAM, IPPROTO_TCP);
        is_made(family, SOCK_DGRAM, Protocol::default());
        is_made(family, SOCK_DGRAM, IPPROTO_UDP);
        is_made(family, SOCK_RAW, IPPROTO_RAW);
        is_made(family, SOCK_RAW, IPPROTO_TCP);
    }
    is_made(AF_INET, SOCK_RAW, getprotobyname("icmp").unwrap());
    is_made(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
    for kind in [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET] {
        is_made(AF_UNIX, kind, Protocol::default());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn other_families_by_name_and_by_number() {
    is_made(AF_NETLINK, SOCK_RAW, Protocol::default());
    is_made(Family::raw(16), Kind::raw(3), Protocol::raw(0));
    is_made(AF_PACKET, SOCK_DGRAM, Protocol::raw(0));
    is_made(AF_PACKET, SOCK_RAW, Protocol::raw(0));
    // Not in every kernel.
    for family in [AF_VSOCK, AF_CAN, AF_BLUETOOTH] {
        if let Err(error) = Socket::new(family, SOCK_RAW, Protocol::default()) {
            assert!(error.to_string().starts_with(&format!("make a socket {family:?} SOCK_RAW ")), "{error}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn combinations_that_are_none_say_what_they_are() {
    for (kind, protocol, errno) in [
        (SOCK_SEQPACKET, Protocol::default(), ESOCKTNOSUPPORT),
        (SOCK_STREAM, Protocol::raw(17), EPROTONOSUPPORT),
        (SOCK_DGRAM, Protocol::raw(6), EPROTONOSUPPORT),
    ] {
        let error = Socket::new(AF_INET, kind, protocol).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(errno), "{error}");
        assert!(
            error.to_string().starts_with(&format!("make a socket AF_INET {kind:?} {protocol:?} failed: "))
        );
    }
}

#[test]
fn a_kind_may_hold_the_mode() {
    let socket =
        Socket::new(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, Protocol::default()).unwrap();
    assert!(!socket.getblocking() && !socket.get_inheritable().unwrap());
    assert_eq!(socket.kind().unwrap(), SOCK_DGRAM);
    socket.bind("127.0.0.1:0").unwrap();
    check(socket.recv(&mut [0; 8]), ErrorKind::WouldBlock);
    let (one, other) = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, Protocol::default()).unwrap();
    check(one.recv(&mut [0; 8]), ErrorKind::WouldBlock);
    assert!(!other.getblocking());
}

#[test]
fn pairs_of_every_kind() {
    for kind in [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET] {
        let (one, other) = socketpair(AF_UNIX, kind, Protocol::default()).unwrap();
        assert_eq!((one.kind().unwrap(), one.family()), (kind, AF_UNIX));
        assert_eq!(one.getpeername().unwrap().to_string(), "unnamed");
        one.send(b"one").unwrap();
        one.send(b"two").unwrap();
        let mut buf = [0; 8];
        let expected = if kind == SOCK_STREAM { 6 } else { 3 };
        assert_eq!(other.recv(&mut buf).unwrap(), expected);
        other.send(b"back").unwrap();
        assert_eq!(one.recv(&mut buf).unwrap(), 4);
    }
    assert!(socketpair(AF_INET, SOCK_STREAM, IPPROTO_TCP).is_err());
}

#[test]
fn a_wrong_kind_becomes_no_type_of_std() {
    let udp = || Socket::new(AF_INET, SOCK_DGRAM, Protocol::default()).unwrap();
    let unix = || Socket::new(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
    let error = check(TcpStream::try_from(udp()), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "a socket of AF_INET and SOCK_DGRAM is no TcpStream");
    check(TcpListener::try_from(unix()), ErrorKind::InvalidInput);
    check(UdpSocket::try_from(tcp()), ErrorKind::InvalidInput);
    check(UnixStream::try_from(tcp()), ErrorKind::InvalidInput);
    check(UnixListener::try_from(udp()), ErrorKind::InvalidInput);
    check(UnixDatagram::try_from(unix()), ErrorKind::InvalidInput);
    let mut closed = tcp();
    closed.close();
    check(TcpStream::try_from(closed), ErrorKind::Closed);
}

#[cfg(target_os = "linux")]
#[test]
fn programs_inherit_what_they_shall() {
    let socket = tcp();
    let inherited = |number: i32| {
        let path = format!("/proc/self/fd/{number}");
        Command::new("/bin/sh").args(["-c", "test -e $0", &path]).status().unwrap().success()
    };
    assert!(!socket.get_inheritable().unwrap() && !inherited(socket.fileno()));
    socket.set_inheritable(true).unwrap();
    assert!(socket.get_inheritable().unwrap() && inherited(socket.fileno()));
    // A clone is born without it.
    assert!(!socket.try_clone().unwrap().get_inheritable().unwrap());
    socket.set_inheritable(false).unwrap();
    assert!(!socket.get_inheritable().unwrap() && !inherited(socket.fileno()));
}

#[test]
fn closing_twice_and_calls_after_it() {
    let (mut client, _server) = pair();
    client.close();
    client.close();
    assert_eq!(client.fileno(), -1);
    for outcome in [
        client.recv(&mut [0; 8]).map(drop),
        client.send(b"x").map(drop),
        client.sendall(b"x"),
        client.recv_with_flags(&mut [0; 8], MSG_PEEK).map(drop),
        client.recvfrom(&mut [0; 8]).map(drop),
        client.sendto(b"x", "127.0.0.1:1").map(drop),
        client.shutdown(Shutdown::Both),
        client.kind().map(drop),
        client.protocol().map(drop),
        client.getsockopt(SOL_SOCKET, SO_BROADCAST).map(drop),
        client.get_inheritable().map(drop),
        client.set_inheritable(true),
        client.setblocking(true),
        client.set_cancel(None),
        client.accept().map(drop),
        client.connect("127.0.0.1:1"),
        client.bind("127.0.0.1:0"),
        client.listen(1),
        client.settimeout(LONG),
        client.getsockname().map(drop),
        client.getpeername().map(drop),
        client.setsockopt(SOL_SOCKET, SO_BROADCAST, true),
        client.try_clone().map(drop),
    ] {
        let error = check(outcome, ErrorKind::Closed);
        assert_eq!(error.raw_os_error(), Some(9));
    }
    assert_eq!(client.connect_ex("127.0.0.1:1").unwrap(), 9);
    assert_eq!((client.family(), client.as_raw_fd()), (AF_INET, -1));
    assert_eq!(format!("{client:?}"), "<Socket fd=-1, family=AF_INET [closed]>");
    check(client.detach(), ErrorKind::Closed);
}

#[test]
fn debug_is_pythons_repr() {
    let (client, server) = pair();
    let expected = format!(
        "<Socket fd={}, family=AF_INET, type=SOCK_STREAM, proto={}, laddr={}, raddr={}>",
        client.fileno(),
        client.protocol().unwrap().number(),
        client.getsockname().unwrap(),
        server.getsockname().unwrap(),
    );
    assert_eq!(format!("{client:?}"), expected);
}

#[test]
fn from_std_and_back() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, client) = (Socket::from(listener), Socket::from(stream));
    assert_eq!((server.family(), client.kind().unwrap()), (AF_INET, SOCK_STREAM));
    let (conn, _) = server.accept().unwrap();

    // Back it goes in the mode of the socket.
    let mut stream = TcpStream::try_from(conn).unwrap();
    thread::scope(|scope| {
        let reader = scope.spawn(|| stream.read(&mut [0; 8]).unwrap());
        client.sendall(b"data").unwrap();
        assert_eq!(reader.join().unwrap(), 4);
    });
    client.settimeout(LONG).unwrap();
    let mut stream = TcpStream::try_from(client).unwrap();
    assert_eq!(stream.read(&mut [0; 8]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);

    let address: SocketAddr =
        Socket::from(UdpSocket::bind("[::1]:0").unwrap()).getsockname().unwrap().as_socket_addr().unwrap();
    assert!(address.is_ipv6());
    let (one, other) = UnixStream::pair().unwrap();
    assert_eq!(Socket::from(one).family(), AF_UNIX);
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join("x")).unwrap();
    UnixListener::try_from(Socket::from(listener)).unwrap();
    let datagrams = UnixDatagram::unbound().unwrap();
    UnixDatagram::try_from(Socket::from(datagrams)).unwrap();
    let number = other.as_raw_fd();
    assert_eq!(Socket::from(OwnedFd::from(other)).fileno(), number);
}

/// The system keeps it in the socket's address alone. It is every protocol's number (ETH_P_ALL), in network order.
#[cfg(not(sockeye_portable))]
#[test]
fn a_packet_socket_knows_its_protocol() {
    let every = i32::from(3_u16.to_be());
    for kind in [SOCK_RAW, SOCK_DGRAM] {
        let socket = match Socket::new(AF_PACKET, kind, Protocol::raw(every)) {
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
                eprintln!("skipped: no CAP_NET_RAW");
                return;
            }
            Ok(socket) => socket,
        };
        assert_eq!(socket.protocol().unwrap().number(), every);
        assert!(format!("{socket:?}").contains(&format!("proto={every}")), "{socket:?}");
        assert_eq!(
            Socket::new(AF_PACKET, kind, Protocol::default()).unwrap().protocol().unwrap().number(),
            0
        );
    }
}

#[test]
fn a_file_that_is_no_socket_says_so() {
    let socket = Socket::from(OwnedFd::from(tempfile::tempfile().unwrap()));
    assert!(socket.recv(&mut [0; 8]).is_err());
    assert!(socket.getsockname().is_err());
    assert!(format!("{socket:?}").starts_with("<Socket fd="));
}

#[test]
fn descriptors_are_close_on_exec() {
    let (client, server) = pair();
    let listener = create_server("127.0.0.1:0").unwrap();
    let clone = client.try_clone().unwrap();
    for socket in [&client, &server, &listener, &clone] {
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", socket.fileno())).unwrap();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
        let flags = u32::from_str_radix(flags.trim(), 8).unwrap();
        assert_ne!(flags & 0o2_000_000, 0, "O_CLOEXEC of {socket:?}");
    }
}
