//! What the engine under every server promises when its users and peers do their worst.

use std::{
    io::{BufRead, Read, Write},
    net::{Shutdown, TcpStream},
    os::unix::net::UnixStream,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
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

use crate::support::{self, Program};

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

/// A connection of a Unix socket, where what is sent is there at once, which its server watches; and a handler that
/// has the peer do that when it reads "now\n".
fn played(
    answer: impl Fn(&mut Connection<'_>) -> Result<Next> + Send + Sync + 'static,
    play: impl Fn(&mut UnixStream) + Send + Sync + 'static,
) -> (ServerHandle, UnixStream) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let peer: Arc<Mutex<Option<UnixStream>>> = Arc::default();
    let far = Arc::clone(&peer);
    let handler = move |conn: &mut Connection<'_>| {
        if conn.fill_buf()? == b"now\n" {
            play(far.lock().unwrap().as_mut().unwrap());
        }
        answer(conn)
    };
    let server = Server::bind(path.as_path()).unwrap().spawn(handler).unwrap();
    let stream = UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    *peer.lock().unwrap() = Some(stream.try_clone().unwrap());
    (server, stream)
}

/// After the first line the connection is watched, after the second that has been told.
fn greet(stream: &mut UnixStream) {
    for line in [b"one\n", b"two\n"] {
        stream.write_all(line).unwrap();
        let mut got = [0; 4];
        stream.read_exact(&mut got).unwrap();
        assert_eq!(&got, line);
    }
}

/// More than a turn reads: nothing tells of the rest, as nothing new comes.
#[test]
fn what_a_turn_leaves_with_the_system_is_served_too() {
    const SIZE: usize = 50_000;
    let left = AtomicUsize::new(SIZE);
    let count = move |conn: &mut Connection<'_>| {
        let data = conn.recv(1 << 20)?;
        if data.ends_with(b"\n") {
            conn.sendall(&data)?;
        } else if left.fetch_sub(data.len(), Ordering::SeqCst) == data.len() {
            conn.sendall(b"all\n")?;
        }
        Ok(Next::Wait)
    };
    let (server, mut stream) = played(count, |peer| peer.write_all(&[7; SIZE]).unwrap());
    greet(&mut stream);
    stream.write_all(b"now\n").unwrap();
    let mut got = [0; 8];
    stream.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"now\nall\n");
    end(server);
}

/// One event tells of both, the data and the end behind it.
#[test]
fn an_end_that_comes_with_the_last_data_is_seen() {
    let (server, mut stream) = played(echo_line, |peer| {
        peer.write_all(b"last\n").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
    });
    greet(&mut stream);
    stream.write_all(b"now\n").unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "now\nlast\n");
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

/// Connections that come in at the very moment of the end are served or closed, and hold nothing up.
#[test]
fn connections_that_come_while_it_ends_are_served_or_closed() {
    for round in 0..30 {
        let server = Server::bind("127.0.0.1:0").unwrap().spawn(echo_line).unwrap();
        let addr = server.addr().as_socket_addr().unwrap();
        let peers: Vec<_> = (0..4)
            .map(|_| {
                thread::spawn(move || {
                    // Until nobody listens any more.
                    while let Ok(mut stream) = TcpStream::connect_timeout(&addr, PATIENCE) {
                        stream.set_read_timeout(Some(PATIENCE)).unwrap();
                        let _ = stream.write_all(b"x\n");
                        let mut got = Vec::new();
                        if let Err(error) = stream.read_exact(&mut [0; 2]).and_then(|()| {
                            stream.shutdown(Shutdown::Write)?;
                            stream.read_to_end(&mut got)
                        }) {
                            assert_ne!(
                                error.kind(),
                                std::io::ErrorKind::WouldBlock,
                                "neither served nor closed"
                            );
                        }
                    }
                })
            })
            .collect();
        while server.counts().served < round {
            thread::yield_now();
        }
        end(server);
        peers.into_iter().for_each(|peer| peer.join().unwrap());
    }
}

/// Each hook of a handler, as it panics.
#[test]
fn hooks_that_panic_cost_their_own_connection_only() {
    struct Fragile(&'static str);
    impl Fragile {
        fn at(&self, hook: &str) {
            assert_ne!(self.0, hook, "as the test wants it");
        }
    }
    impl RequestHandler for Fragile {
        fn setup(&self, _: &mut Connection<'_>) -> Result<()> {
            self.at("setup");
            Ok(())
        }
        fn handle(&self, conn: &mut Connection<'_>) -> Result<Next> {
            match (conn.readline()?.as_slice(), self.0) {
                (b"good\n", _) => conn.sendall(b"good\n").map(|()| Next::Wait),
                (_, "error") => Err(sockeye::ErrorKind::Protocol.into()),
                (_, "detach") => Ok(Next::detach(|_| panic!("as the test wants it"))),
                _ => Ok(Next::Close),
            }
        }
        fn finish(&self, _: &mut Connection<'_>) {
            self.at("finish");
        }
        fn handle_error(&self, _: &Address, _: &sockeye::Error) {
            self.at("error");
        }
    }
    for hook in ["setup", "error", "detach", "finish"] {
        let server = Server::bind("127.0.0.1:0").unwrap().spawn(Fragile(hook)).unwrap();
        let mut good = connect(&server);
        if hook != "setup" {
            good.write_all(b"good\n").unwrap();
            expect(&mut good, b"good\n");
        }
        let mut bad = connect(&server);
        let _ = bad.write_all(b"bad\n");
        assert_eq!(bad.read(&mut [0]).unwrap_or(0), 0, "{hook}");
        if hook != "setup" {
            good.write_all(b"good\n").unwrap();
            expect(&mut good, b"good\n");
        }
        let ended = server.clone();
        end(server);
        assert!(ended.counts().panicked >= 1, "{hook}");
    }
}

/// A user who may have only a few threads: the server says so, or lives with what it gets.
#[test]
#[cfg(target_os = "linux")]
fn threads_that_cannot_be_started_are_done_without() {
    // The limit counts all that a user has, and root has none: one that has nothing else is needed.
    let uid = std::fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own)).unwrap();
    let (Some(setpriv), Some(prlimit)) = (support::peer("setpriv"), support::peer("prlimit")) else { return };
    if uid != 0 {
        eprintln!("skipped: only root can become a user without threads");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).unwrap();
    let program = folder.path().join("bench_hello");
    std::fs::copy(support::example("bench_hello"), &program).unwrap();
    let limited = |threads: u32| {
        let mut command = Command::new(&setpriv);
        // Another process of this suite may run this test too, and has another.
        let user = format!("--reuid={}", 20_000 + std::process::id() % 40_000);
        command.args([&user, "--clear-groups"]).arg(&prlimit).arg(format!("--nproc={threads}"));
        command.arg(&program).arg("0");
        command
    };
    let finished = Program::start(&mut limited(1)).finish();
    let said = finished.lines.join("\n");
    assert!(
        finished.code == Some(1) && said.contains("thread failed: resource temporarily unavailable"),
        "{said}"
    );
    let (_server, mut addr) = Program::serve(&mut limited(4));
    addr.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    // The main thread, the watcher and the lane's driver leave one for handlers that sleep.
    let sleepers: Vec<_> = (0..12)
        .map(|_| {
            thread::spawn(move || {
                support::exchange(addr, b"GET /sleep HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            })
        })
        .collect();
    for sleeper in sleepers {
        assert!(sleeper.join().unwrap().ends_with("Hello, World!"));
    }
}
