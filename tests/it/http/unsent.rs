//! Answers that wait in memory for readers who don't take them.

use std::{
    io::{BufReader, Read, Write},
    net::TcpStream,
    sync::mpsc,
    time::{Duration, Instant},
};

use sockeye::{
    ErrorKind,
    http::{FileHandler, Handler, HttpServer, StatusCode, handler},
    server::ServerHandle,
    socket::{SO_RCVBUF, SO_SNDBUF, SOL_SOCKET, Socket},
};

use super::support::Answer;
use crate::support::{PATIENCE, connect};

/// Far more than a connection's buffers hold.
const LARGE: usize = 8_000_000;
/// Two large answers and a half.
const LIMIT: usize = LARGE * 5 / 2;
/// So many peers that read nothing.
const MANY: usize = 8;

/// What the log was told: bytes of a body that were sent, and why not all.
type Lines = mpsc::Receiver<(usize, Option<ErrorKind>)>;

fn serve(handler: impl Handler + 'static, limit: usize) -> (ServerHandle, Lines) {
    let server = HttpServer::bind("127.0.0.1:0").unwrap().write_timeout(None).max_unsent(limit);
    // Else the kernel may take a whole answer.
    server.sockets()[0].setsockopt(SOL_SOCKET, SO_SNDBUF, 100_000).unwrap();
    let (tell, lines) = mpsc::channel();
    let server = server.log_requests(move |entry| {
        tell.send((entry.size() as usize, entry.error().map(|error| error.kind()))).unwrap();
    });
    (server.spawn(handler).unwrap(), lines)
}

/// So many bytes as the query says.
fn whole() -> impl Handler + 'static {
    let shared = vec![b'x'; LARGE];
    handler(move |request, response| {
        let size: usize = request.query().unwrap_or("2").parse().unwrap_or(2);
        response.send_response(StatusCode::OK).body(&shared[..size])
    })
}

fn send(server: &ServerHandle, request: &str, step: usize) -> TcpStream {
    let mut stream = connect(server.addr().as_socket_addr().unwrap());
    stream.set_nodelay(true).unwrap();
    request.as_bytes().chunks(step).for_each(|piece| stream.write_all(piece).unwrap());
    stream
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

fn line(stream: TcpStream) -> String {
    Answer::read(&mut BufReader::new(stream), false).unwrap().line()
}

/// Until all so far are answered, as far as that goes.
fn wait_for(server: &ServerHandle, served: u64, expired: u64) {
    let began = Instant::now();
    while (server.counts().served, server.counts().expired) != (served, expired) {
        assert!(began.elapsed() < PATIENCE, "{:?}, not {served} and {expired}", server.counts());
        std::thread::yield_now();
    }
}

fn end(server: &ServerHandle) {
    server.shutdown_within(Duration::ZERO);
    server.join().unwrap();
}

/// That this connection's answer began, and broke off: by an error, not an end.
fn check_broken(mut stream: TcpStream, size: usize) {
    let mut read = Vec::new();
    let error = stream.read_to_end(&mut read).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(read.len() < size);
}

#[test]
fn answers_that_nobody_reads_are_bounded_together() {
    for step in [usize::MAX, 1] {
        let (server, lines) = serve(whole(), LIMIT);
        let mut stalled = Vec::new();
        for number in 1..=MANY {
            stalled.push(send(&server, &get(&format!("/?{LARGE}")), step));
            // Two of them have room.
            wait_for(&server, number as u64, number.saturating_sub(2) as u64);
        }
        let waiting = stalled.split_off(MANY - 2);
        for stream in stalled {
            let (sent, error) = lines.recv_timeout(PATIENCE).unwrap();
            assert!(sent < LARGE && error == Some(ErrorKind::OutOfResources), "{sent} {error:?}");
            check_broken(stream, LARGE);
        }
        // What is small is answered beside them, and who reads gets all.
        assert_eq!(line(send(&server, &get("/"), step)), "200 xx");
        assert_eq!(lines.recv_timeout(PATIENCE).unwrap(), (2, None));
        for stream in waiting {
            let answer = Answer::read(&mut BufReader::new(stream), false).unwrap();
            assert!(answer.whole && answer.body.len() == LARGE);
            assert_eq!(lines.recv_timeout(PATIENCE).unwrap(), (LARGE, None));
        }
        assert_eq!(server.counts().expired, MANY as u64 - 2);
        end(&server);
    }
}

#[test]
fn who_goes_on_reading_is_not_given_up() {
    let (server, _lines) = serve(whole(), LIMIT);
    let mut reader = send(&server, &get(&format!("/?{LARGE}")), usize::MAX);
    let small = Socket::from(reader.try_clone().unwrap());
    small.setsockopt(SOL_SOCKET, SO_RCVBUF, 100_000).unwrap();
    let mut piece = vec![0; LARGE / 5];
    let mut stalled = Vec::new();
    for number in 1..=4 {
        stalled.push(send(&server, &get(&format!("/?{LARGE}")), usize::MAX));
        // It has room beside the reader's.
        wait_for(&server, number + 1, number - 1);
        // More than the buffers hold: the server has sent more since.
        reader.read_exact(&mut piece).unwrap();
    }
    let mut rest = Vec::new();
    reader.take((LARGE / 5) as u64).read_to_end(&mut rest).unwrap();
    assert_eq!(rest.len(), LARGE / 5);
    let waits = stalled.pop().unwrap();
    stalled.into_iter().for_each(|stream| check_broken(stream, LARGE));
    let answer = Answer::read(&mut BufReader::new(waits), false).unwrap();
    assert!(answer.whole && answer.body.len() == LARGE);
    end(&server);
}

#[test]
fn an_answer_larger_than_the_limit_reaches_who_reads_it() {
    for limit in [0, LARGE / 2] {
        let (server, lines) = serve(whole(), limit);
        for step in [usize::MAX, 1] {
            let large = send(&server, &get(&format!("/?{LARGE}")), step);
            let answer = Answer::read(&mut BufReader::new(large), false).unwrap();
            assert!(answer.whole && answer.body.len() == LARGE);
            assert_eq!(lines.recv_timeout(PATIENCE).unwrap(), (LARGE, None));
        }
        assert_eq!(server.counts().expired, 0);
        end(&server);
    }
}

/// They take no memory, and ending them would gain none.
#[test]
fn files_cost_nobody_anything() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("large"), vec![b'x'; LARGE]).unwrap();
    let (files, bytes) = (FileHandler::new(folder.path()), whole());
    let both = handler(move |request, response| match request.path() {
        "/large" => files.handle(request, response),
        _ => bytes.handle(request, response),
    });
    let (server, _lines) = serve(both, LIMIT);
    let of_files: Vec<_> = (0..MANY).map(|_| send(&server, &get("/large"), usize::MAX)).collect();
    wait_for(&server, MANY as u64, 0);
    let stalled: Vec<_> = (0..3).map(|_| send(&server, &get(&format!("/?{LARGE}")), usize::MAX)).collect();
    wait_for(&server, MANY as u64 + 3, 1);
    for stream in of_files {
        let answer = Answer::read(&mut BufReader::new(stream), false).unwrap();
        assert!(answer.whole && answer.body.len() == LARGE);
    }
    drop(stalled);
    end(&server);
}

/// To HTTP/1.0 the connection's end is the body's: one that is broken off must not look whole.
#[test]
fn a_body_up_to_the_connection_s_end_breaks_off_by_a_reset() {
    const LAST: usize = 50_000;
    let (large, (tell, told)) = (whole(), mpsc::channel());
    let both = handler(move |request, response| {
        if request.path() == "/whole" {
            return large.handle(request, response);
        }
        let size: usize = request.query().unwrap_or_default().parse().unwrap_or(0);
        let mut body = response.send_response(StatusCode::OK).end_headers()?;
        body.write_all(&vec![b'x'; size])?;
        body.flush()?;
        body.write_all(&[b'x'; LAST])?;
        tell.send(()).unwrap();
        Ok(())
    });
    let (server, _lines) = serve(both, 0);
    let began = Instant::now();
    // With one of these sizes the kernel takes what is flushed, and not all of the rest.
    for size in (LAST..).step_by(LAST / 2) {
        let mut stream = send(&server, &format!("GET /?{size} HTTP/1.0\r\n\r\n"), usize::MAX);
        let before = server.counts().expired;
        let is_done = told.recv_timeout(Duration::from_millis(100)).is_ok();
        let ask = |_| send(&server, &get(&format!("/whole?{LARGE}")), usize::MAX);
        let others: Vec<_> = (0..2).map(ask).collect();
        // Each costs those before it.
        while server.counts().expired == before {
            assert!(began.elapsed() < PATIENCE, "nobody is given up");
            std::thread::yield_now();
        }
        drop(others);
        let mut body = Vec::new();
        match stream.read_to_end(&mut body) {
            Ok(_) => assert!(body.len() > size + LAST, "it looks whole"),
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
                break;
            }
        }
        if !is_done {
            told.recv_timeout(PATIENCE).unwrap();
        }
        assert!(began.elapsed() < PATIENCE, "nothing is broken off");
    }
    end(&server);
}

/// The log is told of the victim when its memory is free: who comes meanwhile finds room.
#[test]
fn one_victim_is_enough_while_the_log_is_slow() {
    let (enter, entered) = mpsc::channel();
    let (open, gate) = mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let server = HttpServer::bind("127.0.0.1:0").unwrap().write_timeout(None).max_unsent(LIMIT);
    server.sockets()[0].setsockopt(SOL_SOCKET, SO_SNDBUF, 100_000).unwrap();
    let server = server.log_requests(move |entry| {
        if entry.error().is_some() {
            enter.send(()).unwrap();
            let _ = gate.lock().unwrap().recv_timeout(PATIENCE);
        }
    });
    let server = server.spawn(whole()).unwrap();
    let large = get(&format!("/?{LARGE}"));
    let _two: Vec<_> = (1..=2)
        .map(|number| {
            let stream = send(&server, &large, usize::MAX);
            wait_for(&server, number, 0);
            stream
        })
        .collect();
    let _third = send(&server, &large, usize::MAX);
    entered.recv_timeout(PATIENCE).unwrap();
    // Half an answer's room was left, and then some.
    let _fourth = send(&server, &get(&format!("/?{}", LARGE / 4)), usize::MAX);
    wait_for(&server, 4, 1);
    assert_eq!(line(send(&server, &get("/"), usize::MAX)), "200 xx");
    assert_eq!(server.counts().expired, 1);
    drop(open);
    end(&server);
}
