//! How connections end: in order, whatever the handler left unread.

use std::{
    io::{BufRead, Read, Write},
    net::TcpStream,
    sync::mpsc,
    thread,
};

use sockeye::{
    Error, ErrorKind, Result,
    server::{Connection, Next, RequestHandler, Server},
    socket::{
        Address, ConnectOptions, ListenOptions, SO_SNDBUF, SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET, Socket,
    },
};

use super::end;
use crate::support::{PATIENCE, Program, connect, peer};

const UNREAD: usize = 100_000;

/// A client that has sent more than anybody reads, before the server begins.
fn eager(server: &Server) -> TcpStream {
    let mut stream = connect(server.addr().unwrap().as_socket_addr().unwrap());
    stream.write_all(&vec![b'x'; UNREAD]).unwrap();
    stream
}

/// Whether it reads all of the answer and then the end, where a reset would be an error.
#[track_caller]
fn check_answer(mut stream: TcpStream, answer: &str) {
    let mut got = String::new();
    stream.read_to_string(&mut got).unwrap_or_else(|error| panic!("after {got:?}: {error}"));
    assert_eq!(got, answer);
}

/// In a running server and by `handle_request`.
#[track_caller]
fn check_end<H: RequestHandler + 'static>(handler: impl Fn() -> H + Sync, answer: &str) {
    let server = Server::bind("127.0.0.1:0").unwrap();
    let stream = eager(&server);
    let server = server.spawn(handler()).unwrap();
    check_answer(stream, answer);
    end(server);

    let server = Server::bind("127.0.0.1:0").unwrap();
    let stream = eager(&server);
    // A panic is the caller's.
    let _ = thread::scope(|scope| scope.spawn(|| server.handle_request(handler())).join());
    check_answer(stream, answer);
}

#[test]
fn a_handler_that_closes_ends_in_order() {
    check_end(
        || {
            |conn: &mut Connection<'_>| {
                conn.recv(1)?;
                conn.sendall(b"go away")?;
                Ok(Next::Close)
            }
        },
        "go away",
    );
}

/// Where Python's server has it end by a reset.
#[test]
fn a_unix_socket_ends_in_order_too() {
    let folder = tempfile::tempdir().unwrap();
    for kind in [SOCK_STREAM, SOCK_SEQPACKET] {
        let path = folder.path().join(format!("{kind:?}"));
        let listening = ListenOptions::new().kind(kind).create_server(path.as_path()).unwrap();
        let client = ConnectOptions::new().kind(kind).timeout(PATIENCE);
        let client = client.create_connection(path.as_path()).unwrap();
        let send = |client: &Socket| {
            for record in
                [&[b'x'; 10_000][..]].into_iter().chain((0..50).flat_map(|_| [&b"x"[..], b"", b"x"]))
            {
                client.sendall(record).unwrap();
            }
        };
        send(&client);
        let refuse = |conn: &mut Connection<'_>| {
            conn.recv(1)?;
            conn.sendall(b"go away")?;
            Ok(Next::Close)
        };
        let server = Server::from(listening);
        server.handle_request(refuse).unwrap();
        let mut buf = [0; 64];
        assert_eq!((client.recv(&mut buf).unwrap(), client.recv(&mut buf).unwrap()), (7, 0));

        let client = ConnectOptions::new().kind(kind).create_connection(path.as_path()).unwrap();
        send(&client);
        server.handle_request(Nobody).unwrap();
        assert_eq!(client.recv(&mut buf).unwrap(), 0);
    }
}

#[test]
fn a_handler_that_fails_ends_in_order() {
    check_end(
        || {
            |conn: &mut Connection<'_>| {
                conn.sendall(b"sorry")?;
                Err(Error::new(ErrorKind::Protocol, "as always"))
            }
        },
        "sorry",
    );
}

#[test]
fn a_handler_that_panics_ends_in_order() {
    check_end(
        || {
            |conn: &mut Connection<'_>| {
                conn.sendall(b"sorry")?;
                panic!("as always")
            }
        },
        "sorry",
    );
}

struct Nobody;

impl RequestHandler for Nobody {
    fn verify_request(&self, _: &Address) -> bool {
        false
    }
    fn handle(&self, _: &mut Connection<'_>) -> Result<Next> {
        unreachable!()
    }
}

#[test]
fn who_is_refused_sees_the_end() {
    check_end(|| Nobody, "");
}

const CLIENT: &str = r#"
import socket, sys
host, port = sys.argv[1].rsplit(":", 1)
s = socket.create_connection((host, int(port)), timeout=30)
s.sendall(b"QUIT\n" + b"x" * 30000)
answer = b""
while part := s.recv(100):
    answer += part
assert answer == b"bye\n", answer
"#;

#[test]
fn pythons_client_sees_the_end() {
    let Some(python) = peer("python3") else { return };
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(|conn: &mut Connection<'_>| {
        conn.readline()?;
        conn.sendall(b"bye\n")?;
        Ok(Next::Close)
    });
    let server = server.unwrap();
    for _ in 0..5 {
        let mut command = std::process::Command::new(&python);
        let client = Program::start(command.args(["-c", CLIENT]).arg(server.addr().to_string()));
        client.finish().success();
    }
    end(server);
}

/// Waits until there is so much, and tells of errors.
struct Hoarding {
    wanted: usize,
    limit: Option<usize>,
    told: mpsc::Sender<(ErrorKind, String)>,
}

impl RequestHandler for Hoarding {
    fn setup(&self, conn: &mut Connection<'_>) -> Result<()> {
        self.limit.into_iter().for_each(|limit| conn.set_line_limit(limit));
        Ok(())
    }
    fn handle(&self, conn: &mut Connection<'_>) -> Result<Next> {
        if conn.fill_buf()?.len() < self.wanted {
            return Ok(Next::Wait);
        }
        conn.consume(self.wanted);
        conn.sendall(b"enough")?;
        Ok(Next::Close)
    }
    fn handle_error(&self, _: &Address, error: &Error) {
        self.told.send((error.kind(), error.to_string())).unwrap();
    }
}

#[track_caller]
fn check_hoarding(wanted: usize, limit: Option<usize>, answer: &str) -> Vec<(ErrorKind, String)> {
    let (tell, told) = mpsc::channel();
    let server = Server::bind("127.0.0.1:0").unwrap();
    let mut stream = connect(server.addr().unwrap().as_socket_addr().unwrap());
    let server = server.spawn(Hoarding { wanted, limit, told: tell }).unwrap();
    let mut sending = stream.try_clone().unwrap();
    // The server may have had enough before the end.
    let sending = thread::spawn(move || (0..20).try_for_each(|_| sending.write_all(&[b'x'; 10_000])));
    let mut got = String::new();
    stream.read_to_string(&mut got).unwrap();
    assert_eq!(got, answer);
    let _ = sending.join().unwrap();
    end(server);
    told.into_iter().collect()
}

#[test]
fn what_a_handler_may_leave_is_bounded_and_it_is_told() {
    assert_eq!(check_hoarding(60_000, None, "enough"), []);
    assert_eq!(check_hoarding(200_000, Some(200_000), "enough"), []);
    let told = check_hoarding(200_000, None, "");
    let [(ErrorKind::TooLarge, words)] = &told[..] else { panic!("{told:?}") };
    assert!(words.contains("it may leave 65536") && words.contains("set_line_limit"), "{words}");
}

/// Read before its handler is called, or by it.
#[test]
fn of_a_record_that_is_too_long_its_handler_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records");
    let listening = ListenOptions::new().kind(SOCK_SEQPACKET).create_server(path.as_path()).unwrap();
    let (tell, told) = mpsc::channel();
    let handler = Hoarding { wanted: 1, limit: None, told: tell };
    let client = ConnectOptions::new().kind(SOCK_SEQPACKET);
    let client = client.create_connection(path.as_path()).unwrap();
    client.setsockopt(SOL_SOCKET, SO_SNDBUF, 1 << 20).unwrap();
    if client.send(&[0; 300 * 1024]).is_err() {
        eprintln!("skipped: the system's limit for SO_SNDBUF is too low");
        return;
    }
    Server::from(listening).handle_request(handler).unwrap();
    assert_eq!(told.recv().unwrap().0, ErrorKind::TooLarge);
}
