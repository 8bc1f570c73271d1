//! Handlers that block, and how many threads they may have.

use std::{
    io::{self, BufReader, Read, Write},
    net::TcpStream,
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

use sockeye::{
    http::{Handler, HttpServer, StatusCode, handler},
    server::ServerHandle,
};

use super::support::Answer;
use crate::support::{PATIENCE, connect};

/// The test's side of the handlers of [`gated`].
struct Gate {
    /// Told when one has come to the gate.
    entered: mpsc::Receiver<()>,
    /// Lets one through.
    open: mpsc::Sender<()>,
}

/// `/block` waits for the gate to open; anything else reads its body and says how much that was.
fn gated() -> (impl Handler + 'static, Gate) {
    let (enter, entered) = mpsc::channel();
    let (open, gate) = mpsc::channel();
    let gate = Mutex::new(gate);
    let answer = handler(move |request, response| {
        if request.path() == "/block" {
            enter.send(()).unwrap();
            gate.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        }
        let read = io::copy(request, &mut io::sink())?;
        response.send_response(StatusCode::OK).body(read.to_string())
    });
    (answer, Gate { entered, open })
}

fn get(server: &ServerHandle, path: &str) -> TcpStream {
    let mut stream = connect(server.addr().as_socket_addr().unwrap());
    write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    stream
}

fn line(stream: TcpStream) -> String {
    Answer::read(&mut BufReader::new(stream), false).unwrap().line()
}

fn end(server: &ServerHandle) {
    server.shutdown();
    server.join().unwrap();
}

#[test]
fn stalled_uploads_leave_threads_for_others() {
    let (handler, gate) = gated();
    let server = HttpServer::bind("127.0.0.1:0").unwrap().max_threads(4).spawn(handler).unwrap();
    let (tell, told) = mpsc::channel();
    let stall = |number: usize| {
        let mut stream = connect(server.addr().as_socket_addr().unwrap());
        write!(stream, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n").unwrap();
        stream.write_all(&[b'x'; 70_000]).unwrap();
        let (answering, tell) = (stream.try_clone().unwrap(), tell.clone());
        thread::spawn(move || tell.send((number, line(answering))));
        stream
    };
    let mut stalled: Vec<_> = (0..8).map(stall).map(Some).collect();
    // Three of four threads may wait; who is too many is told at once.
    for _ in 0..5 {
        let (number, line) = told.recv().unwrap();
        assert_eq!(line, "503 ");
        stalled[number] = None;
    }
    let blocked = get(&server, "/block");
    gate.entered.recv_timeout(PATIENCE).unwrap();
    gate.open.send(()).unwrap();
    assert_eq!(line(blocked), "200 0");
    for mut stream in stalled.into_iter().flatten() {
        stream.write_all(&[b'x'; 30_000]).unwrap();
        assert_eq!(told.recv().unwrap().1, "200 100000");
    }
    end(&server);
}

/// Nobody's time runs out: only the bound on those that wait lets the rest be served.
#[test]
fn readers_who_stall_leave_threads_for_others() {
    const LARGE: usize = 50_000_000;
    let stream_it = handler(|request, response| {
        let mut body = response.send_response(StatusCode::OK).end_headers()?;
        if request.path() == "/large" {
            for _ in 0..LARGE / 50_000 {
                body.write_all(&[b'x'; 50_000])?;
            }
        }
        Ok(())
    });
    let (sender, lines) = mpsc::channel();
    let server = HttpServer::bind("127.0.0.1:0").unwrap().max_threads(4).write_timeout(None);
    let server = server.log_requests(move |entry| {
        sender.send((entry.size(), entry.error().map(ToString::to_string))).unwrap();
    });
    let server = server.spawn(stream_it).unwrap();
    let stalled: Vec<_> = (0..8).map(|_| get(&server, "/large")).collect();
    // Three of four threads may wait; those that have waited longest make room.
    for _ in 0..5 {
        let (size, error) = lines.recv_timeout(PATIENCE).unwrap();
        assert_eq!(error.as_deref(), Some("too many answers wait for their readers"));
        assert!(0 < size && size < LARGE as u64, "{size} bytes were sent");
    }
    assert_eq!(line(get(&server, "/")), "200 ");
    assert_eq!(lines.recv_timeout(PATIENCE).unwrap(), (0, None));
    let mut whole = 0;
    for stream in stalled {
        // What is broken off ends by a reset, perhaps before its head is read.
        let mut body = Vec::new();
        let _ = BufReader::new(stream).take(LARGE as u64).read_to_end(&mut body);
        whole += usize::from(body.len() == LARGE);
    }
    assert_eq!(whole, 3);
    for _ in 0..3 {
        assert_eq!(lines.recv_timeout(PATIENCE).unwrap(), (LARGE as u64, None));
    }
    end(&server);
}

#[test]
fn past_the_limit_of_threads_requests_wait_and_time_goes_on() {
    let (handler, gate) = gated();
    let server = HttpServer::bind("127.0.0.1:0").unwrap().max_threads(2);
    let server = server.head_timeout(Duration::from_millis(300)).spawn(handler).unwrap();
    let blocked: Vec<_> = (0..5).map(|_| get(&server, "/block")).collect();
    gate.entered.recv_timeout(PATIENCE).unwrap();
    gate.entered.recv_timeout(PATIENCE).unwrap();
    // One that wouldn't block has to wait as well: nobody can know that.
    let quick = get(&server, "/");
    let mut half = connect(server.addr().as_socket_addr().unwrap());
    half.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
    assert_eq!(line(half), "408 ", "it is accepted, and its time is kept");
    assert!(gate.entered.try_recv().is_err(), "a third handler runs");
    for _ in &blocked {
        gate.open.send(()).unwrap();
    }
    for stream in blocked {
        assert_eq!(line(stream), "200 0");
    }
    assert_eq!(line(quick), "200 0");
    assert_eq!(gate.entered.try_iter().count(), 3);
    end(&server);
}

/// One who pipelines has a turn of many requests, unless others wait for the thread.
#[test]
fn a_turn_ends_when_others_wait_for_its_thread() {
    const PIPELINED: usize = 100;
    let (tell, begun) = mpsc::channel();
    let (_kept, never) = mpsc::channel::<()>();
    let never = Mutex::new((never, tell, 0));
    let counting = handler(move |request, response| {
        let mut state = never.lock().unwrap();
        // It blocks, so that its class is a slow one.
        let _ = state.0.recv_timeout(Duration::from_millis(5));
        if request.path() == "/many" {
            state.2 += 1;
            state.1.send(()).unwrap();
        }
        response.send_response(StatusCode::OK).body(state.2.to_string())
    });
    let server = HttpServer::bind("127.0.0.1:0").unwrap().max_threads(1).spawn(counting).unwrap();
    let warm = |path| assert_eq!(line(get(&server, path)).split(' ').next(), Some("200"));
    warm("/many");
    warm("/one");
    let addr = server.addr().as_socket_addr().unwrap();
    let mut greedy = connect(addr);
    write!(greedy, "{}", "GET /many HTTP/1.1\r\nHost: a\r\n\r\n".repeat(PIPELINED)).unwrap();
    (0..3).for_each(|_| begun.recv_timeout(PATIENCE).unwrap());
    let answer = line(get(&server, "/one"));
    let served: usize = answer.strip_prefix("200 ").unwrap().parse().unwrap();
    assert!(served < PIPELINED, "all {served} of another peer's came first");
    drop(greedy);
    end(&server);
}

/// Neither a peer that reads as fast as it is sent to, nor one that always has more to send, keeps a server that ends.
#[test]
fn shutdown_ends_handlers_whose_peers_keep_up() {
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let endless = handler(move |request, response| {
        let mut body = response.send_response(StatusCode::OK).end_headers()?;
        let outcome = if request.path() == "/up" {
            io::copy(request, &mut io::sink()).map(drop)
        } else {
            (|| loop {
                body.write_all(b"more")?;
                body.flush()?;
            })()
        };
        let kind = outcome.map_err(|error: io::Error| sockeye::Error::from(error).kind());
        tell.lock().unwrap().send(kind).unwrap();
        Ok(())
    });
    let server = HttpServer::bind("127.0.0.1:0").unwrap().max_body(u64::MAX).spawn(endless).unwrap();
    let mut down = connect(server.addr().as_socket_addr().unwrap());
    down.write_all(b"GET /down HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    down.read_exact(&mut [0; 300]).unwrap();
    let mut up = connect(server.addr().as_socket_addr().unwrap());
    up.write_all(b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999\r\n\r\n").unwrap();
    // More than the buffers on the way hold, so the handler reads.
    up.write_all(&[b'x'; 16 << 20]).unwrap();
    // Nothing of this one's body is sent at all.
    let mut head = connect(server.addr().as_socket_addr().unwrap());
    head.write_all(b"HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    head.read_exact(&mut [0; 20]).unwrap();
    let peers = [
        thread::spawn(move || drop(io::copy(&mut down, &mut io::sink()))),
        thread::spawn(move || drop(io::copy(&mut io::repeat(b'x'), &mut up))),
    ];
    server.shutdown_within(Duration::ZERO);
    server.join().unwrap();
    for _ in 0..3 {
        assert_eq!(told.recv_timeout(PATIENCE), Ok(Err(sockeye::ErrorKind::Cancelled)));
    }
    peers.into_iter().for_each(|peer| peer.join().unwrap());
}

/// An endless answer to HEAD sends nothing that would fail: it's looked whether anybody is there.
#[test]
fn a_head_request_whose_peer_has_gone_frees_its_thread() {
    let next = &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..];
    let ticks = &b"data: tick\n\n"[..];
    for (pieces, behind) in [(ticks, &b""[..]), (&[b'x'; 10_000], b""), (ticks, next)] {
        let (tell, told) = mpsc::channel();
        let tell = Mutex::new(tell);
        let endless = handler(move |_, response| {
            let mut body = response.send_response(StatusCode::OK).end_headers()?;
            let error = (|| loop {
                body.write_all(pieces)?;
                if pieces.len() < 100 {
                    body.flush()?;
                }
            })();
            let error: io::Error = match error {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            tell.lock().unwrap().send(error.kind()).unwrap();
            Err(error.into())
        });
        let server = HttpServer::bind("127.0.0.1:0").unwrap().spawn(endless).unwrap();
        let mut stream = connect(server.addr().as_socket_addr().unwrap());
        stream.write_all(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        // The head comes, though the body goes on; and the end is seen behind what nobody reads.
        stream.read_exact(&mut [0; 20]).unwrap();
        stream.write_all(behind).unwrap();
        drop(stream);
        let kind = told.recv_timeout(PATIENCE).unwrap();
        assert!([io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset].contains(&kind), "{kind:?}");
        end(&server);
    }
}

/// Who only sends no more has asked for what it gets, and sees a clean end.
#[test]
fn a_head_request_of_a_half_closed_peer_is_no_error() {
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let several = handler(move |request, response| {
        let response = response.send_response(StatusCode::OK);
        let outcome = if request.path() == "/whole" {
            response.body(vec![b'x'; 200_000])
        } else {
            let mut body = response.end_headers()?;
            (0..20)
                .try_for_each(|_| body.write_all(&[b'x'; 10_000]).and_then(|()| body.flush()))
                .map_err(Into::into)
        };
        tell.lock().unwrap().send(outcome.is_ok()).unwrap();
        outcome
    });
    let server = HttpServer::bind("127.0.0.1:0").unwrap().spawn(several).unwrap();
    for (path, version) in [("/whole", "1.1"), ("/pieces", "1.1"), ("/whole", "1.0"), ("/pieces", "1.0")] {
        let mut stream = connect(server.addr().as_socket_addr().unwrap());
        stream.write_all(format!("HEAD {path} HTTP/{version}\r\nHost: a\r\n\r\n").as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"), "{answer}");
        assert_eq!(told.recv_timeout(PATIENCE), Ok(true), "{path} {version}");
    }
    end(&server);
}
