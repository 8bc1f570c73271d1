//! How long a peer may take. No test measures time: each waits for what must happen.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpStream,
    sync::{Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use sockeye::{
    http::{HttpServer, StatusCode, handler},
    server::ServerHandle,
};

use super::support::{Answer, Site};
use crate::support::{PATIENCE, connect};

const SHORT: Duration = Duration::from_millis(50);

/// Sends one byte after the other until the server has answered and closed.
pub(super) fn drip(stream: &mut TcpStream) -> String {
    let (answer, _) = drip_timed(stream);
    answer
}

/// As `drip`; and the longest time between two bytes.
fn drip_timed(stream: &mut TcpStream) -> (String, Duration) {
    stream.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    let (mut answer, mut buf) = (Vec::new(), [0; 1000]);
    let began = Instant::now();
    let (mut last, mut longest) = (began, Duration::ZERO);
    loop {
        assert!(began.elapsed() < PATIENCE, "it may drip for ever");
        let sent = stream.write_all(b"x");
        longest = longest.max(last.elapsed());
        last = Instant::now();
        match stream.read(&mut buf) {
            Ok(0) => return (String::from_utf8(answer).unwrap(), longest),
            Ok(read) => answer.extend(&buf[..read]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                assert!(sent.is_ok() || !answer.is_empty(), "{sent:?}");
            }
            Err(_) if !answer.is_empty() => return (String::from_utf8(answer).unwrap(), longest),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_dripping_head_gets_a_408() {
    let site = Site::with(|server| server.head_timeout(SHORT));
    let mut stream = site.connect();
    write!(stream, "GET / HTTP/1.1\r\nX: ").unwrap();
    let answer = drip(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("Connection: close\r\n"), "{answer}");
    // After a request, the time begins with the first byte of the next.
    let mut stream = BufReader::new(site.connect());
    write!(stream.get_mut(), "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT").unwrap();
    assert_eq!(Answer::read(&mut stream, false).unwrap().status, 200);
    assert_eq!(Answer::read(&mut stream, false).unwrap().status, 408);
    assert!(Answer::read(&mut stream, false).is_none());
}

#[test]
fn each_head_has_its_own_time() {
    let limit = Duration::from_millis(500);
    let site = Site::with(|server| server.head_timeout(limit));
    let mut stream = BufReader::new(site.connect());
    write!(stream.get_mut(), "GET / HTTP/1.1\r\nHo").unwrap();
    // The server always holds half a head, but none for long.
    let began = Instant::now();
    while began.elapsed() < 2 * limit {
        write!(stream.get_mut(), "st: a\r\n\r\nGET / HTTP/1.1\r\nHo").unwrap();
        assert_eq!(Answer::read(&mut stream, false).unwrap().status, 200);
    }
}

/// A server whose handler takes longer than heads and bodies may.
fn slow_site(limit: Duration) -> (ServerHandle, BufReader<TcpStream>) {
    let never = Mutex::new(mpsc::channel::<()>());
    let slow = handler(move |request, response| {
        let _ = never.lock().unwrap().1.recv_timeout(limit + SHORT);
        let length = std::io::copy(request, &mut std::io::sink())?;
        response.send_response(StatusCode::OK).body(length.to_string())
    });
    let server = HttpServer::bind("127.0.0.1:0").unwrap().head_timeout(limit).body_timeout(limit);
    let server = server.spawn(slow).unwrap();
    let mut stream = BufReader::new(connect(server.addr().as_socket_addr().unwrap()));
    // From now on it is known to be slow.
    write!(stream.get_mut(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(Answer::read(&mut stream, false).unwrap().status, 200);
    (server, stream)
}

/// The thread of a slow handler may see the next head come: its time isn't that of the head before.
#[test]
fn a_head_after_a_slow_handler_has_its_own_time() {
    let (server, mut stream) = slow_site(Duration::from_millis(400));
    for piece in ["GET / HTTP/1.1\r\nHo", "st: a\r\n\r\n"] {
        assert!(is_silent(&mut stream));
        stream.get_mut().write_all(piece.as_bytes()).unwrap();
    }
    assert_eq!(Answer::read(&mut stream, false).unwrap().status, 200);
    write!(stream.get_mut(), "GET / HTTP/1.1\r\nHo").unwrap();
    assert!(is_silent(&mut stream), "no 408 yet");
    write!(stream.get_mut(), "st: a\r\n\r\n").unwrap();
    assert_eq!(Answer::read(&mut stream, false).unwrap().status, 200);
    server.shutdown();
    server.join().unwrap();
}

/// The time of a body that stands behind a slow request begins when that is answered.
#[test]
fn a_body_behind_a_slow_handler_has_its_own_time() {
    let (server, mut stream) = slow_site(Duration::from_millis(400));
    let both = "GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
    write!(stream.get_mut(), "{both}").unwrap();
    assert_eq!(Answer::read(&mut stream, false).unwrap().status, 200);
    for piece in ["a", "b", "c"] {
        assert!(is_silent(&mut stream), "no 408 yet");
        stream.get_mut().write_all(piece.as_bytes()).unwrap();
    }
    assert_eq!(Answer::read(&mut stream, false).unwrap().status, 200);
    server.shutdown();
    server.join().unwrap();
}

/// After so many pipelined requests others go first; the head behind them isn't the one that was waited for before.
#[test]
fn a_head_behind_many_requests_has_its_own_time() {
    let limit = Duration::from_secs(2);
    let site = Site::with(|server| server.head_timeout(limit));
    let mut stream = BufReader::new(site.connect());
    let (early, late) = ("GET / HTTP/1.1\r\nHo", "st: a\r\n\r\n");
    write!(stream.get_mut(), "{early}").unwrap();
    assert!(is_silent_for(&mut stream, limit * 3 / 4));
    write!(stream.get_mut(), "{late}{}{early}", format!("{early}{late}").repeat(127)).unwrap();
    for _ in 0..128 {
        assert_eq!(Answer::read(&mut stream, false).unwrap().status, 200);
    }
    assert!(is_silent_for(&mut stream, limit / 2), "no 408 yet");
    write!(stream.get_mut(), "{late}").unwrap();
    assert_eq!(Answer::read(&mut stream, false).unwrap().status, 200);
}

fn is_silent(stream: &mut BufReader<TcpStream>) -> bool {
    is_silent_for(stream, SHORT)
}

/// Whether nothing comes for so long.
fn is_silent_for(stream: &mut BufReader<TcpStream>, time: Duration) -> bool {
    stream.get_ref().set_read_timeout(Some(time)).unwrap();
    let silent = stream.fill_buf().is_err();
    stream.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
    silent
}

#[test]
fn a_body_that_stops_gets_a_408() {
    let site = Site::with(|server| server.body_timeout(SHORT));
    for (length, sent) in [(10, 3), (100_000, 3), (100_000, 70_000)] {
        let noted: &[&str] = if sent == 3 { &[] } else { &["POST /length", "TimedOut"] };
        let mut stream = site.connect();
        write!(stream, "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n").unwrap();
        stream.write_all(&vec![b'x'; sent]).unwrap();
        let mut stream = BufReader::new(stream);
        assert_eq!(Answer::read(&mut stream, false).unwrap().status, 408, "{length}");
        assert!(Answer::read(&mut stream, false).is_none());
        assert_eq!(site.notes(), noted);
    }
}

#[test]
fn a_dripping_body_gets_a_408() {
    check_drip("/length", &[3, 66_000], "HTTP/1.1 408 ");
}

#[test]
fn a_dripping_body_that_nobody_reads_is_given_up() {
    check_drip("/", &[66_000], "HTTP/1.1 200 ");
}

/// That a body that begins with so many bytes and then drips gets that answer, and its connection's end.
fn check_drip(path: &str, beginnings: &[usize], expect: &str) {
    let limit = Duration::from_millis(500);
    let site = Site::with(|server| server.body_timeout(limit));
    for &sent in beginnings {
        let began = Instant::now();
        loop {
            let mut stream = site.connect();
            write!(stream, "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n").unwrap();
            stream.write_all(&vec![b'x'; sent]).unwrap();
            let (answer, longest) = drip_timed(&mut stream);
            assert!(answer.starts_with(expect), "{answer}");
            if longest < limit {
                break;
            }
            // The machine is busy: it wasn't a drip, but a stop.
            assert!(began.elapsed() < PATIENCE, "there is no time to drip");
        }
    }
}

#[test]
fn a_silent_connection_is_closed() {
    let site = Site::with(|server| server.idle_timeout(SHORT));
    let mut stream = BufReader::new(site.connect());
    write!(stream.get_mut(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(Answer::read(&mut stream, false).unwrap().status, 200);
    assert!(Answer::read(&mut stream, false).is_none());
}

#[test]
fn one_who_never_reads_is_given_up() {
    let site = Site::with(|server| server.write_timeout(SHORT));
    for (path, served) in [("/whole?50000000", 1), ("/large?50000000", 2)] {
        let mut stream = site.connect();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        // Counted as served when its handler begins, so it is open by then.
        let began = Instant::now();
        while site.handle().counts().served < served || site.handle().counts().open > 0 {
            assert!(began.elapsed() < PATIENCE, "it may keep its connection for ever");
            thread::yield_now();
        }
        let mut body = Vec::new();
        let _ = stream.read_to_end(&mut body);
        assert!(body.len() < 50_000_000);
    }
}

#[test]
fn a_request_in_flight_ends_before_the_server_does() {
    let site = Site::new();
    let mut stream = BufReader::new(site.connect());
    write!(stream.get_mut(), "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na").unwrap();
    // Another request: by now the first one was read as far as it came.
    site.check("GET / HTTP/1.0\r\n\r\n", &["200 hello"]);
    site.handle().shutdown();
    write!(stream.get_mut(), "bc").unwrap();
    let answer = Answer::read(&mut stream, false).unwrap();
    assert_eq!((answer.line().as_str(), answer.header("Connection")), ("200 abc", Some("close")));
}

#[test]
fn a_dripping_head_gets_a_408_from_a_single_request_s_server_too() {
    let server = HttpServer::bind("127.0.0.1:0").unwrap().head_timeout(SHORT);
    let mut stream = TcpStream::connect(server.addr().unwrap().as_socket_addr().unwrap()).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nX: ").unwrap();
    let serving = thread::spawn(move || {
        server.handle_request(handler(|_, response| response.send_response(StatusCode::OK).body("")))
    });
    let answer = drip(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    serving.join().unwrap().unwrap();
}
