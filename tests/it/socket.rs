//! Sockets through the public interface: modes, errors, names, the ways from and to std.

mod addresses;
mod batches;
mod connect;
mod constants;
mod descriptors;
mod files;
mod messages;
mod names;
mod namespace;
mod options;
mod sendfile;
mod strace;
mod transfer;
mod traps;

use std::{
    collections::HashSet,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::Path,
    thread,
    time::Duration,
};

use sockeye::{
    Error, ErrorKind, Result,
    cancel::CancelToken,
    socket::{
        AF_INET, AF_UNIX, Address, IPPROTO_TCP, SO_BROADCAST, SO_REUSEADDR, SO_SNDBUF, SOCK_DGRAM,
        SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET, Socket, create_connection, create_server, getservbyname,
    },
};

/// Long enough never to pass in a test.
const LONG: Duration = Duration::from_secs(60);
/// On Linux.
const EINPROGRESS: i32 = 115;
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
fn three_modes() {
    let (client, server) = pair();
    client.settimeout(None).unwrap();
    assert!(client.getblocking() && client.gettimeout().is_none());

    client.settimeout(SHORT).unwrap();
    assert!(client.getblocking() && client.gettimeout() == Some(SHORT));
    let error = check(client.recv(&mut [0; 8]), ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "recv failed: timed out");

    client.setblocking(false).unwrap();
    assert!(!client.getblocking() && client.gettimeout() == Some(Duration::ZERO));
    check(client.recv(&mut [0; 8]), ErrorKind::WouldBlock);

    server.sendall(b"x").unwrap();
    client.setblocking(true).unwrap();
    assert_eq!(client.recv(&mut [0; 8]).unwrap(), 1);
}

#[test]
fn an_endless_timeout_is_one() {
    let (client, server) = pair();
    client.settimeout(Duration::MAX).unwrap();
    server.sendall(b"x").unwrap();
    assert_eq!(client.recv(&mut [0; 8]).unwrap(), 1);
    assert!(client.gettimeout().unwrap() > Duration::from_secs(500 * 365 * 86400));
}

#[test]
fn an_accepted_connection_has_the_default_mode() {
    let server = create_server("127.0.0.1:0").unwrap();
    server.settimeout(LONG).unwrap();
    let _client = create_connection(server.getsockname().unwrap(), None).unwrap();
    assert_eq!(server.accept().unwrap().0.gettimeout(), None);
}

#[test]
fn a_blocking_call_waits_for_data_on_both_kinds_of_descriptor() {
    // The accepted end's descriptor is non-blocking, the connected one's is not.
    let (client, server) = pair();
    client.settimeout(None).unwrap();
    for (reader, writer) in [(&client, &server), (&server, &client)] {
        thread::scope(|scope| {
            let waiting = scope.spawn(|| reader.recv(&mut [0; 8]).unwrap());
            writer.sendall(b"data").unwrap();
            assert_eq!(waiting.join().unwrap(), 4);
        });
    }
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
fn a_token_ends_what_is_blocked() {
    let server = create_server("127.0.0.1:0").unwrap();
    let token = CancelToken::new().unwrap();
    server.set_cancel(token.clone()).unwrap();
    let client = create_connection(server.getsockname().unwrap(), None).unwrap();
    let (conn, _) = server.accept().unwrap();
    conn.set_cancel(token.clone()).unwrap();
    let big = vec![0; 1 << 26];
    thread::scope(|scope| {
        let blocked = [
            scope.spawn(|| check(server.accept(), ErrorKind::Cancelled)),
            scope.spawn(|| check(conn.recv(&mut [0; 8]), ErrorKind::Cancelled)),
            scope.spawn(|| check(conn.sendall(&big), ErrorKind::Cancelled)),
        ];
        token.cancel();
        for thread in blocked {
            thread.join().unwrap();
        }
    });
    // For good: also where data is there.
    client.sendall(b"x").unwrap();
    check(conn.recv(&mut [0; 8]), ErrorKind::Cancelled);
    conn.set_cancel(None).unwrap();
    assert_eq!(conn.recv(&mut [0; 8]).unwrap(), 1);
}

#[test]
fn connect_ex_gives_the_errno() {
    let (_held, address) = nobody();
    let errno = tcp().connect_ex(&address).unwrap();
    assert_eq!(std::io::Error::from_raw_os_error(errno).kind(), std::io::ErrorKind::ConnectionRefused);

    let server = create_server("127.0.0.1:0").unwrap();
    let socket = tcp();
    socket.setblocking(false).unwrap();
    let first = socket.connect_ex(server.getsockname().unwrap()).unwrap();
    assert!(first == 0 || first == EINPROGRESS, "{first}");

    check(tcp().connect_ex(("no such host", 80)), ErrorKind::UnknownHost);
}

#[test]
fn connect_without_waiting_would_block() {
    let server = create_server("127.0.0.1:0").unwrap();
    let socket = tcp();
    socket.setblocking(false).unwrap();
    if let Err(error) = socket.connect(server.getsockname().unwrap()) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
    assert!(server.accept().is_ok());
}

#[test]
fn a_full_queue_ends_a_timed_connect() {
    let server = tcp();
    server.bind("127.0.0.1:0").unwrap();
    server.listen(0).unwrap();
    let address = server.getsockname().unwrap();
    let mut waiting = Vec::new();
    let error = (0..64).find_map(|_| {
        create_connection(&address, Duration::from_millis(20)).map(|conn| waiting.push(conn)).err()
    });
    let error = error.expect("a queue of none took 64");
    assert_eq!(error.to_string(), format!("connect to {address} failed: timed out"));
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
fn closing_twice_and_calls_after_it() {
    let (mut client, _server) = pair();
    client.close();
    client.close();
    assert_eq!(client.fileno(), -1);
    for outcome in [
        client.recv(&mut [0; 8]).map(drop),
        client.send(b"x").map(drop),
        client.sendall(b"x"),
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
fn a_server_starts_again_on_its_port() {
    let server = create_server("127.0.0.1:0").unwrap();
    let address = server.getsockname().unwrap();
    let client = create_connection(&address, LONG).unwrap();
    let (conn, _) = server.accept().unwrap();
    // The server's end closes first, hence lingers.
    drop((conn, server));
    assert_eq!(client.recv(&mut [0; 8]).unwrap(), 0);
    drop(client);
    create_server(&address).unwrap();
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

    let packets = Socket::new(AF_UNIX, SOCK_SEQPACKET, Default::default()).unwrap();
    packets.bind(folder.path().join("packets")).unwrap();
    packets.listen(1).unwrap();
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
    let number = other.as_raw_fd();
    assert_eq!(Socket::from(OwnedFd::from(other)).fileno(), number);
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
