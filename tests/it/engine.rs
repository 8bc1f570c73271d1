//! What the engine under every server promises when its users and peers do their worst.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use sockeye::{
    Result,
    http::{HttpServer, StatusCode, handler},
    server::{Connection, Next, RequestHandler, Server, ServerHandle},
    socket::Address,
};

/// Long enough for any machine; a test that fails ends after it.
const PATIENCE: Duration = Duration::from_secs(30);

fn connect(server: &ServerHandle) -> TcpStream {
    let stream = TcpStream::connect(server.addr().as_socket_addr().unwrap()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[track_caller]
fn expect(stream: &mut TcpStream, answer: &[u8]) {
    let mut got = vec![0; answer.len()];
    stream.read_exact(&mut got).unwrap();
    assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(answer));
}

#[track_caller]
fn end(server: ServerHandle) {
    server.shutdown();
    join(&server);
    assert_eq!((server.counts().open, server.counts().threads), (0, 0));
}

/// Joins, but not for ever.
#[track_caller]
fn join(server: &ServerHandle) {
    let (told, ended) = mpsc::channel();
    let server = server.clone();
    thread::spawn(move || told.send(server.join()).unwrap());
    ended.recv_timeout(PATIENCE).expect("the server doesn't end").unwrap();
}

fn echo_line(conn: &mut Connection<'_>) -> Result<Next> {
    let line = conn.readline()?;
    conn.sendall(&line)?;
    Ok(Next::Wait)
}

/// The peer's end, for a handler that plays the peer at the very moment that a test is about.
type Peer = Arc<Mutex<Option<TcpStream>>>;

/// Data that comes while a connection stands in the queue because it has more to do.
#[test]
fn data_that_comes_between_two_turns_is_served() {
    let peer = Peer::default();
    let far = Arc::clone(&peer);
    let handler = move |conn: &mut Connection<'_>| {
        let line = conn.readline()?;
        if line == b"one\n" {
            far.lock().unwrap().as_ref().unwrap().write_all(b"three\n")?;
        }
        conn.sendall(&line)?;
        Ok(Next::Wait)
    };
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(handler).unwrap();
    let mut stream = connect(&server);
    *peer.lock().unwrap() = Some(stream.try_clone().unwrap());
    stream.write_all(b"zero\n").unwrap();
    expect(&mut stream, b"zero\n");
    stream.write_all(b"one\ntwo\n").unwrap();
    expect(&mut stream, b"one\ntwo\nthree\n");
    end(server);
}

/// The same in HTTP: after so many pipelined requests a connection lets others go first.
#[test]
fn a_request_that_comes_between_two_turns_is_answered() {
    const PIPELINED: usize = 200;
    let peer = Peer::default();
    let far = Arc::clone(&peer);
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: here\r\n\r\n");
    let server = HttpServer::bind("127.0.0.1:0").unwrap();
    let server = server
        .spawn(handler(move |asked, response| {
            if asked.path() == "/more" {
                far.lock().unwrap().as_ref().unwrap().write_all(request("/last").as_bytes())?;
            }
            let size = asked.path().len();
            response.send_response(StatusCode::OK).send_header("Path-Length", size).body("")
        }))
        .unwrap();
    let mut stream = connect(&server);
    *peer.lock().unwrap() = Some(stream.try_clone().unwrap());
    let mut answers = Vec::new();
    let mut read_to = |stream: &mut TcpStream, count: usize| {
        while answers.windows(4).filter(|end| end == b"\r\n\r\n").count() < count {
            let mut block = [0; 65536];
            let read = stream.read(&mut block).unwrap();
            assert_ne!(read, 0);
            answers.extend_from_slice(&block[..read]);
        }
    };
    stream.write_all(request("/").as_bytes()).unwrap();
    read_to(&mut stream, 1);
    let batch = request("/more") + &request("/").repeat(PIPELINED);
    stream.write_all(batch.as_bytes()).unwrap();
    read_to(&mut stream, 1 + PIPELINED + 2);
    end(server);
}

#[test]
fn every_join_waits_for_the_end() {
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(echo_line).unwrap();
    let shut = Arc::new(AtomicBool::new(false));
    let joins: Vec<_> = (0..4)
        .map(|_| {
            let (server, shut) = (server.clone(), Arc::clone(&shut));
            thread::spawn(move || {
                server.join().unwrap();
                assert!(shut.load(Ordering::SeqCst), "it was still serving");
                server.counts().threads
            })
        })
        .collect();
    let mut stream = connect(&server);
    for _ in 0..2_000 {
        stream.write_all(b"still here\n").unwrap();
        expect(&mut stream, b"still here\n");
    }
    shut.store(true, Ordering::SeqCst);
    server.shutdown();
    for join in joins {
        assert_eq!(join.join().unwrap(), 0);
    }
}

#[test]
fn a_hook_that_blocks_delays_nobody() {
    struct Slow {
        first: AtomicBool,
        gate: Mutex<mpsc::Receiver<()>>,
    }
    impl RequestHandler for Slow {
        fn handle(&self, conn: &mut Connection<'_>) -> Result<Next> {
            echo_line(conn)
        }
        fn verify_request(&self, _: &Address) -> bool {
            if !self.first.swap(true, Ordering::SeqCst) {
                self.gate.lock().unwrap().recv().unwrap();
            }
            true
        }
    }
    let (release, gate) = mpsc::channel();
    let slow = Slow { first: AtomicBool::new(false), gate: Mutex::new(gate) };
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(slow).unwrap();
    let mut first = connect(&server);
    let mut second = connect(&server);
    for stream in [&mut first, &mut second] {
        stream.write_all(b"x\n").unwrap();
    }
    expect(&mut second, b"x\n");
    release.send(()).unwrap();
    expect(&mut first, b"x\n");
    end(server);
}

/// Its connection always has more to do, so it never waits, and is in the queue when its time is over.
#[test]
fn a_peer_that_never_stops_sending_does_not_hold_up_the_end() {
    let (told, begun) = mpsc::channel();
    let peer = Peer::default();
    let far = Arc::clone(&peer);
    let handler = move |conn: &mut Connection<'_>| {
        let data = conn.recv(4096)?;
        // The peer sends as much as is taken.
        let _ = far.lock().unwrap().as_ref().unwrap().write_all(&data);
        let _ = told.send(());
        Ok(Next::Wait)
    };
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(handler).unwrap();
    let mut stream = connect(&server);
    stream.set_nodelay(true).unwrap();
    *peer.lock().unwrap() = Some(stream.try_clone().unwrap());
    stream.write_all(&[7; 32 * 1024]).unwrap();
    begun.recv().unwrap();
    server.shutdown_within(Duration::ZERO);
    join(&server);
    assert_eq!((server.counts().open, server.counts().threads), (0, 0));
}
