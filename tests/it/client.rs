//! The client through the public interface: lines, time limits, tokens, both kinds of sockets.

use std::{
    io::{BufRead, Read, Write},
    thread,
    time::Duration,
};

use sockeye::{
    ErrorKind,
    cancel::CancelToken,
    client::{Client, Connector},
    socket::{AF_INET, Address, Protocol, SOCK_DGRAM, SOCK_STREAM, Shutdown, Socket, create_server},
};

const SHORT: Duration = Duration::from_millis(1);

/// A client and the other end of its connection.
fn connected() -> (Client, Socket) {
    let server = create_server("127.0.0.1:0").unwrap();
    let client = Client::connect(server.getsockname().unwrap()).unwrap();
    (client, server.accept().unwrap().0)
}

/// An address where nobody listens, held by the socket so that nobody will.
fn nobody() -> (Socket, Address) {
    let socket = Socket::new(AF_INET, SOCK_STREAM, Protocol::default()).unwrap();
    socket.bind("127.0.0.1:0").unwrap();
    let address = socket.getsockname().unwrap();
    (socket, address)
}

/// The input as a whole and byte by byte gives these lines.
fn check_lines(input: &[u8], expected: &[&[u8]]) {
    for size in [input.len().max(1), 1] {
        let (mut client, conn) = connected();
        let pieces = input.chunks(size).map(<[u8]>::to_vec).collect::<Vec<_>>();
        let sender = thread::spawn(move || pieces.iter().for_each(|piece| conn.sendall(piece).unwrap()));
        for line in expected {
            assert_eq!(client.readline().unwrap(), *line, "in pieces of {size}");
        }
        assert_eq!(client.readline().unwrap(), b"", "in pieces of {size}");
        sender.join().unwrap();
    }
}

#[test]
fn lines() {
    check_lines(b"", &[]);
    check_lines(b"one\ntwo\r\n\nlast", &[b"one\n", b"two\r\n", b"\n", b"last"]);
    check_lines(b"\n\n", &[b"\n", b"\n"]);
    let long = [&[b'x'; 30_000][..], b"\n"].concat();
    check_lines(&[&long[..], b"y\n"].concat(), &[&long, b"y\n"]);
}

#[test]
fn a_line_that_a_time_limit_cut_goes_on() {
    let (mut client, conn) = connected();
    client.settimeout(SHORT);
    for piece in [&b"a li"[..], b"ne in ", b"pieces"] {
        conn.sendall(piece).unwrap();
        assert_eq!(client.readline().unwrap_err().kind(), ErrorKind::TimedOut);
    }
    conn.sendall(b"\nrest").unwrap();
    client.settimeout(None);
    assert_eq!(client.readline().unwrap(), b"a line in pieces\n");
    assert_eq!(client.recv(64).unwrap(), b"rest");
}

#[test]
fn lines_bytes_and_reads_mix() {
    let (mut client, conn) = connected();
    conn.sendall(b"line\nabcdefgh").unwrap();
    drop(conn);
    assert_eq!(client.readline().unwrap(), b"line\n");
    assert_eq!(client.recv(3).unwrap(), b"abc");
    let mut two = [0; 2];
    client.read_exact(&mut two).unwrap();
    assert_eq!(&two, b"de");
    assert_eq!(client.fill_buf().unwrap(), b"fgh");
    client.consume(1);
    let mut rest = String::new();
    client.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "gh");
    assert_eq!(client.recv(8).unwrap(), b"");
    assert_eq!(client.recv(0).unwrap(), b"");
}

/// What doesn't fit of a datagram is lost, so there is always room for the longest.
#[test]
fn lines_of_long_datagrams_are_whole() {
    let peer = Socket::new(AF_INET, SOCK_DGRAM, Protocol::default()).unwrap();
    peer.bind("127.0.0.1:0").unwrap();
    let mut client = Client::connect_udp(peer.getsockname().unwrap()).unwrap();
    let own = client.socket().unwrap().getsockname().unwrap();
    let line = |byte: u8| [&vec![byte; 60_000][..], b"\n"].concat();
    for datagram in [[&line(b'a')[..], b"short\nre"].concat(), [b"st\n", &line(b'b')[..]].concat()] {
        peer.sendto(&datagram, &own).unwrap();
    }
    for expected in [line(b'a'), b"short\n".to_vec(), b"rest\n".to_vec(), line(b'b')] {
        assert!(client.readline().unwrap() == expected, "{} bytes", expected.len());
    }
}

#[test]
fn a_line_without_end_is_bounded() {
    let (mut client, conn) = connected();
    let sender = thread::spawn(move || {
        let mut sent = 0;
        while conn.send(&[b'x'; 4096]).is_ok() {
            sent += 4096;
        }
        sent
    });
    let error = client.readline().unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::TooLarge, "a line of more than 65536 bytes")
    );
    drop(client);
    assert!(sender.join().unwrap() >= 65_536);
}

#[test]
fn a_huge_recv_takes_no_huge_memory() {
    let (mut client, conn) = connected();
    conn.sendall(b"x").unwrap();
    assert_eq!(client.recv(usize::MAX).unwrap(), b"x");
}

#[test]
fn connect_ex_gives_the_errno() {
    let (_held, address) = nobody();
    let errno = Client::connect_ex(address).unwrap().unwrap_err();
    assert_eq!(std::io::Error::from_raw_os_error(errno).kind(), std::io::ErrorKind::ConnectionRefused);
    let server = create_server("127.0.0.1:0").unwrap();
    assert!(Client::connect_ex(server.getsockname().unwrap()).unwrap().is_ok());
    assert_eq!(Client::connect_ex(("no such host", 80)).unwrap_err().kind(), ErrorKind::UnknownHost);
}

#[test]
fn names_are_looked_up_within_the_limit() {
    let server = create_server(("localhost", 0)).unwrap();
    let port = server.getsockname().unwrap().port().unwrap();
    let connector = Connector::new().timeout(Duration::from_secs(60));
    assert!(connector.connect(("localhost", port)).is_ok());
    let error = connector.connect(("no such host", port)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownHost);
    let token = CancelToken::new().unwrap();
    token.cancel();
    let error = Connector::new().cancel(token).connect(("localhost", port)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn a_timeout_of_zero_never_waits() {
    let (mut client, conn) = connected();
    client.settimeout(Duration::ZERO);
    assert_eq!(client.recv(8).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(client.readline().unwrap_err().kind(), ErrorKind::WouldBlock);
    let error = client.sendall(&vec![0; 1 << 26]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    assert!(error.sent() > Some(0));
    drop(conn);
}

#[test]
fn a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sock");
    let server = create_server(path.as_path()).unwrap();
    let mut client = Client::connect(path.as_path()).unwrap();
    let (conn, _) = server.accept().unwrap();
    client.write_all(b"to you").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut text = String::new();
    (&conn).read_to_string(&mut text).unwrap();
    assert_eq!(text, "to you");
    conn.sendall(b"and back\n").unwrap();
    assert_eq!(client.readline().unwrap(), b"and back\n");
}

#[test]
fn a_socket_becomes_a_client_and_back() {
    let (client, conn) = connected();
    let mut other = Client::from(conn);
    assert_eq!(other.gettimeout(), None);
    other.sendall(b"x").unwrap();
    let socket = Socket::try_from(client).unwrap();
    assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 1);
    other.close();
    other.close();
    assert_eq!(other.sendall(b"x").unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(Socket::try_from(other).unwrap_err().kind(), ErrorKind::Closed);
}

/// As Python's, and as a socket's own.
#[test]
fn nothing_is_a_datagram_too() {
    let peer = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(crate::support::PATIENCE)).unwrap();
    let mut client = Client::connect_udp(peer.local_addr().unwrap()).unwrap();
    client.sendall(b"").unwrap();
    assert_eq!(peer.recv(&mut [0; 8]).unwrap(), 0);
}
