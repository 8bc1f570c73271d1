//! Sockets through the public interface: their life, modes, options, addresses and errors.
//!
//! Where Python's `socket` has a trap, a test is named after it:
//!
//! | trap | tests |
//! |---|---|
//! | 1 three modes, one flag of the descriptor | `modes::trap_01_…` |
//! | 2 timed out, or would block | `modes::trap_02_…` |
//! | 3 `MSG_DONTWAIT` under a timeout | `traps::trap_03_…` |
//! | 4 one deadline for all of `sendall`, which says how far it came | `deadlines::trap_04_…`, `traps::trap_04_…` |
//! | 5 calls that signals interrupt | `src/socket/tests.rs`: `trap_05_…`, `connecting_to_a_full_unix_queue_…` |
//! | 6 what `connect_ex` answers | `modes::trap_06_…` |
//! | 7 ports whose last connections linger | `a_server_starts_again_on_its_port` |
//! | 8 buffers read back doubled | `options::of_every_socket`: `SO_RCVBUF` |
//! | 9 scopes, and IPv4 within IPv6 | `addresses::trap_09_…`, `places::ipv6_alone_or_both` |
//! | 10 names of Unix sockets | `addresses::trap_10_…`, `places` |
//! | 11 services and protocols without their files | `names::services_and_protocols_…` |
//! | 12 look-ups without end | `names::every_look_up_within_limits_…`, `src/socket/resolver.rs` |
//! | 13 `""` and `<broadcast>` | `addresses::trap_13_…` |
//! | 14 the queue of errors | `traps::trap_14_…` |
//! | 15 peeking, urgent data, cut and empty datagrams | `traps::trap_15_…` |
//! | 16 a peer that has closed | `traps::trap_16_…`, `src/sys/sigpipe.rs` |
//! | 17 files of sockets | `traps::trap_17_…` |
//! | 18 broadcasting without the option | `traps::trap_18_…` |
//! | 19 ports past 65535 | `addresses::trap_19_…` |
//! | 20 `accept` when descriptors are short | `connect::trap_20_…` |
//! | 21 raw sockets | `connect::trap_21_…` |
//! | 22 Windows | isn't offered |

mod addresses;
mod batches;
mod cancelling;
mod clones;
mod connect;
mod constants;
mod deadlines;
mod descriptors;
mod files;
mod lifecycle;
mod messages;
mod modes;
mod names;
mod namespace;
mod options;
mod places;
mod sendfile;
mod strace;
mod transfer;
mod traps;

use std::{
    io::{Read, Write},
    path::Path,
    time::Duration,
};

use sockeye::{
    Error, ErrorKind, Result,
    socket::{
        AF_INET, Address, IPPROTO_TCP, SO_BROADCAST, SO_REUSEADDR, SO_SNDBUF, SOCK_DGRAM, SOCK_STREAM,
        SOL_SOCKET, Socket, create_connection, create_server, getservbyname,
    },
};

use crate::support::until;

/// Long enough never to pass in a test.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(1);

fn tcp() -> Socket {
    Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP).unwrap()
}

fn udp() -> Socket {
    let socket = Socket::new(AF_INET, SOCK_DGRAM, Default::default()).unwrap();
    socket.bind("127.0.0.1:0").unwrap();
    socket
}

/// Two ends of a TCP connection.
fn pair() -> (Socket, Socket) {
    let server = create_server("127.0.0.1:0").unwrap();
    let client = create_connection(server.getsockname().unwrap(), LONG).unwrap();
    (client, server.accept().unwrap().0)
}

/// An address where nobody listens, held by the socket so that nobody will.
fn nobody() -> (Socket, Address) {
    let socket = tcp();
    socket.bind("127.0.0.1:0").unwrap();
    let address = socket.getsockname().unwrap();
    (socket, address)
}

#[track_caller]
fn check<T: std::fmt::Debug>(outcome: Result<T>, kind: ErrorKind) -> Error {
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    error
}

/// The socket part of the facade, as it is written in the design.
#[test]
fn the_facade() -> Result<()> {
    let server = create_server("127.0.0.1:0")?;
    let getservbyname = |name: &str, protocol: &str| {
        getservbyname(name, protocol)?;
        Ok::<u16, Error>(server.getsockname()?.port().unwrap())
    };
    let udp = udp();
    udp.setsockopt(SOL_SOCKET, SO_BROADCAST, true)?;

    let sock = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
    sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, true)?;
    let size: i32 = sock.getsockopt(SOL_SOCKET, SO_SNDBUF)?;
    sock.settimeout(Duration::from_secs(5))?;
    match sock.connect_ex(("localhost", getservbyname("http", "tcp")?))? {
        0 => sock.sendall(b"GET / HTTP/1.0\r\n\r\n")?,
        errno => panic!("{errno}"),
    }
    udp.sendto(b"who is there?", ("localhost", udp.getsockname()?.port().unwrap()))?;
    let mut buf = [0; 64];
    let (n, from) = udp.recvfrom(&mut buf)?;

    assert!(size > 0);
    assert_eq!((n, from), (13, udp.getsockname()?));
    Ok(())
}

#[test]
fn a_broken_pipe_is_an_error() {
    let (client, server) = pair();
    drop(server);
    let error = (0..1000).find_map(|_| client.sendall(&[0; 1 << 16]).err()).unwrap();
    assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error}");
    assert!(error.sent().is_some());
}

#[test]
fn errors_name_operation_object_and_cause() {
    let (_held, address) = nobody();
    let error = check(tcp().connect(&address), ErrorKind::ConnectionRefused);
    assert_eq!(error.to_string(), format!("connect to {address} failed: connection refused"));
    let error = check(create_connection(&address, LONG), ErrorKind::ConnectionRefused);
    assert_eq!(error.to_string(), format!("connect to {address} failed: connection refused"));
    let error = check(tcp().bind(&address), ErrorKind::AddressInUse);
    assert_eq!(error.to_string(), format!("bind to {address} failed: address already in use"));
    let error = check(create_server(&address), ErrorKind::AddressInUse);
    assert_eq!(error.to_string(), format!("bind to {address} failed: address already in use"));
    let error = check(tcp().connect(("no such host", 80)), ErrorKind::UnknownHost);
    assert!(error.to_string().starts_with("look up no such host failed: "), "{error}");
    let error = check(create_connection("/no/such/socket", None), ErrorKind::NotFound);
    assert_eq!(error.to_string(), "connect to /no/such/socket failed: no such file or directory");
    let error = check(tcp().recv(&mut [0; 8]), ErrorKind::NotConnected);
    assert!(error.to_string().starts_with("recv failed: "), "{error}");
    check(tcp().connect("127.0.0.1:70000"), ErrorKind::InvalidInput);
    check(tcp().bind(Path::new(&"x".repeat(200))), ErrorKind::InvalidInput);
}

#[test]
fn a_server_starts_again_on_its_port() {
    let server = create_server("127.0.0.1:0").unwrap();
    let address = server.getsockname().unwrap();
    let client = create_connection(&address, LONG).unwrap();
    let (conn, _) = server.accept().unwrap();
    // The server's end closes first, hence lingers.
    drop((conn, server));
    assert_eq!(client.recv(&mut [0; 8]).unwrap(), 0);
    drop(client);
    until(|| create_server(&address).is_ok());
}

#[test]
fn read_and_write_by_reference() {
    let (client, server) = pair();
    (&client).write_all(b"hello").unwrap();
    client.shutdown(sockeye::socket::Shutdown::Write).unwrap();
    let mut text = String::new();
    (&server).read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello");
}

#[test]
fn no_argument_panics() {
    let udp = udp();
    for address in
        ["", ":", "::", "[", "]", "[]:1", "a:b:c", "\0:1", "host\0:1", "é:1", "%:1", "/", "/\0", "[::1%]:0"]
    {
        let _ = udp.connect(address);
        let _ = udp.sendto(b"", address);
    }
    let _ = udp.listen(i32::MIN);
    let _ = Socket::new(
        sockeye::socket::Family::raw(i32::MAX),
        sockeye::socket::Kind::raw(-1),
        sockeye::socket::Protocol::raw(i32::MIN),
    );
    let _ =
        udp.setsockopt(sockeye::socket::Level::raw(-1), sockeye::socket::SockOpt::<_, i32>::raw(i32::MIN), 0);
    udp.settimeout(Duration::from_nanos(1)).unwrap();
    let _ = udp.recv(&mut []);
}
