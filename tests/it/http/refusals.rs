//! What the peer and the log are told when a request isn't served: the cause, in plain words.

use std::{
    io::{BufReader, Write},
    sync::mpsc,
    time::Duration,
};

use sockeye::http::HttpServer;

use super::support::{Answer, Site};
use crate::support::PATIENCE;

/// A server, and what it logs.
fn site(configure: impl FnOnce(HttpServer) -> HttpServer) -> (Site, mpsc::Receiver<String>) {
    let (sender, lines) = mpsc::channel();
    let log = move |server: HttpServer| {
        server.log_requests(move |entry| {
            let error = entry.error().map_or_else(String::new, ToString::to_string);
            let line = format!("{entry:#}");
            assert_eq!(line, if error.is_empty() { format!("{entry}") } else { format!("{entry}: {error}") });
            sender.send(line).unwrap();
        })
    };
    (Site::with(|server| log(configure(server))), lines)
}

/// The page's message.
#[track_caller]
fn message(answer: &Answer) -> String {
    let page = String::from_utf8(answer.body.clone()).unwrap();
    let (_, after) = page.split_once("<p>Message: ").unwrap_or_else(|| panic!("{page}"));
    after.split_once(".</p>").unwrap().0.replace("&#x27;", "'")
}

/// That the page says why, and the log line ends with it.
#[track_caller]
fn check_answer(answer: &Answer, lines: &mpsc::Receiver<String>, status: u16, why: &str) -> String {
    assert_eq!((answer.status, &*message(answer)), (status, why));
    let line = lines.recv_timeout(PATIENCE).unwrap();
    assert!(line.contains(&format!("\" {status} ")) && line.ends_with(why), "{line}");
    line
}

#[test]
fn the_cause_is_told() {
    let (site, lines) = site(|server| server.max_body(1000));
    let check = |request: &str, status: u16, why: &str| {
        for step in [usize::MAX, 1] {
            let answers = site.ask(request.as_bytes(), step);
            assert_eq!(answers.len(), 1, "{request}");
            check_answer(&answers[0], &lines, status, why);
        }
    };
    let get = |fields: &str| format!("GET / HTTP/1.1\r\n{fields}\r\n\r\n");
    check(&get("Accept: */*"), 400, "no Host field");
    check(&get("Host: a\r\nHost: b"), 400, "Host more than once");
    check(&get("Host: a b"), 400, "malformed Host");
    check(
        &get("Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked"),
        400,
        "both Content-Length and Transfer-Encoding",
    );
    check(&get("Host: a\r\nContent-Length: +3"), 400, "malformed Content-Length");
    check(&get("Host: a\r\nTransfer-Encoding: gzip, chunked"), 501, "unknown transfer coding");
    check(&get("Host: a\r\n folded: b"), 400, "field line folded onto the next (obs-fold)");
    check(&get("Host : a"), 400, "white space before the colon of a field");
    check(&get("Host: a\nX: y"), 400, "line of the head ended by a bare line feed");
    check(&get("Host: a\r\nX: y\rz"), 400, "bare carriage return in the head");
    check(&get("Host: a\r\nExpect: tea"), 417, "unknown expectation: only 100-continue is understood");
    check("GET / HTTP/2.0\r\n\r\n", 505, "HTTP version not supported");
    check("GET / SPDY/1\r\n\r\n", 400, "malformed HTTP version");
    check(&format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(9000)), 414, "request target too long");
    check(&get(&"X: y\r\n".repeat(101)), 431, "too many fields");
    check(&get(&"X".repeat(40)), 400, "malformed field name");
    check("GET / HTTP/1.1\r\nHost:", 400, "the connection ended inside a request's head");
    let post = |fields: &str| format!("POST /echo HTTP/1.1\r\nHost: a\r\n{fields}");
    check(&post("Content-Length: 1001\r\n\r\n"), 413, "the request's body is larger than allowed");
    for target in ["http:///dump", "http://[zz/dump", "http://", "/a#frag", "http://a/#frag"] {
        check(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "malformed request target");
    }
    check(&post("Content-Length: 3\r\n\r\nab"), 400, "the body ended before its end");
    check(&post("Transfer-Encoding: chunked\r\n\r\n+3\r\nabc"), 400, "malformed chunk size");
    // The peer's words aren't repeated.
    check("<script> / HTTP/1.1\r\n\r\n", 400, "malformed method");
}

#[test]
fn one_who_was_too_slow_is_told_and_logged() {
    let short = Duration::from_millis(50);
    let (site, lines) = site(|server| server.head_timeout(short).body_timeout(short));
    for (request, why, line) in [
        ("GET / HTTP/1.1\r\nHo", "the request's head took too long", "\"-\" 408 "),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab",
            "the request's body took too long",
            "\"POST / HTTP/1.1\" 408 ",
        ),
    ] {
        let mut stream = site.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let answer = Answer::read(&mut BufReader::new(stream), false).unwrap();
        assert!(check_answer(&answer, &lines, 408, why).contains(line));
    }
}

/// A small body is collected before its handler runs; the log knows whose it was.
#[test]
fn a_small_body_s_failure_is_logged_with_its_request() {
    let (site, lines) = site(|server| server.body_timeout(Duration::from_millis(200)));
    for (method, fields, status) in [
        ("POST", "Content-Length: 3\r\n\r\nab", 400),
        ("POST", "Content-Length: 100000\r\n\r\nab", 400),
        ("HEAD", "Transfer-Encoding: chunked\r\n\r\n3\r\nab", 400),
        ("PUT", "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd", 400),
    ] {
        let request = format!("{method} /echo?a HTTP/1.1\r\nHost: a\r\n{fields}");
        for step in [usize::MAX, 1] {
            assert_eq!(site.ask(request.as_bytes(), step)[0].status, status);
            let line = lines.recv_timeout(PATIENCE).unwrap();
            assert!(line.contains(&format!("\"{method} /echo?a HTTP/1.1\" {status} ")), "{line}");
        }
    }
    // One that drips is given up while it is read, not while it is parked.
    let mut stream = site.connect();
    stream.write_all(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n").unwrap();
    super::times::drip(&mut stream);
    let line = lines.recv_timeout(PATIENCE).unwrap();
    assert!(line.contains("\"POST /echo HTTP/1.1\" 408 "), "{line}");
}

/// The status is the body's fault, whatever the handler makes of the error.
#[test]
fn a_handler_that_gives_up_on_a_body_blames_the_body() {
    let (site, lines) = site(|server| server.max_body(2_000_000).body_timeout(Duration::from_millis(200)));
    let check = |path: &str, body: &str, status: u16, why: &str| {
        let mut stream = site.connect();
        write!(stream, "POST {path} HTTP/1.1\r\nHost: a\r\n{body}").unwrap();
        let answer = Answer::read(&mut BufReader::new(stream), false).unwrap();
        assert_eq!((answer.status, &*message(&answer)), (status, why));
        let line = lines.recv_timeout(PATIENCE).unwrap();
        assert!(line.contains(&format!("POST {path} HTTP/1.1\" {status} ")), "{line}");
    };
    let much = "x".repeat(1_100_000);
    let sized = format!("Content-Length: {}\r\n\r\n{much}", much.len());
    let chunked = format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{much}", much.len());
    for body in [&sized, &chunked] {
        check("/echo", body, 413, "the request's body is larger than 1 MiB");
    }
    check(
        "/length",
        &format!("{chunked}\r\n{:x}\r\n{much}", much.len()),
        413,
        "the request's body is larger than allowed",
    );
    check("/length", &chunked, 408, "the request's body took too long");
    check("/length", &format!("{chunked}\r\nno size"), 400, "malformed chunk size");
}

#[test]
fn a_panic_in_the_log_costs_no_answer() {
    let site = Site::with(|server| server.log_requests(|_| panic!("as the test wants it")));
    let two = "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2);
    site.check(&two, &["200 hello", "200 hello"]);
    site.check("nonsense\r\n\r\n", &["400 "]);
    assert_eq!(site.handle().counts().panicked, 6);
    // A handler's panics are counted as well.
    site.check("GET /panic HTTP/1.0\r\n\r\n", &["500 "]);
    assert_eq!(site.handle().counts().panicked, 10);
}
