//! Bodies of requests: unread, promised, broken off; and errors that reach one who still sends.

use std::{
    io::{BufReader, Read, Write},
    net::Shutdown,
};

use sockeye::http::{HttpServer, StatusCode, handler};

use super::support::{Answer, Site};
use crate::support::connect;

/// A request that only a body may hold.
const EVIL: &str = "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn an_unread_body_is_no_request() {
    let site = Site::new();
    let check = |path: &str, status: &str, after: &[&str]| {
        for (fields, body) in [
            (format!("Content-Length: {}", EVIL.len()), EVIL.to_owned()),
            ("Transfer-Encoding: chunked".to_owned(), format!("{:x}\r\n{EVIL}\r\n0\r\n\r\n", EVIL.len())),
        ] {
            let post = format!("POST {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}");
            let request = format!("{post}GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            let expect = [&[status], after].concat();
            let first = format!("POST {path}");
            let noted = [&[&*first], &["GET /"][..after.len()]].concat();
            site.check_noted(request, &expect, &noted);
        }
    };
    check("/", "200 hello", &["200 hello"]);
    check("/404", "404 ", &["200 hello"]);
    check("/204", "204 ", &["200 hello"]);
    check("/verbs", "501 ", &["200 hello"]);
    check("/panic", "500 ", &[]);
    let length = EVIL.len();
    let expect = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\nExpect: x\r\n\r\n{EVIL}");
    site.check_noted(&expect, &["417 "], &[]);
}

#[test]
fn a_larger_unread_body_is_drained_or_ends_the_connection() {
    let site = Site::new();
    let check = |size: usize, expect: &[&str]| {
        let evil = EVIL.repeat(size / EVIL.len());
        let length = evil.len();
        let mut post = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        post += &evil;
        post += "GET /204 HTTP/1.1\r\nHost: a\r\n\r\n";
        let answers = site.ask(post.as_bytes(), 10_000);
        assert_eq!(answers.iter().map(Answer::line).collect::<Vec<_>>(), expect, "{size}");
        let noted = &["POST /", "GET /204"][..expect.len()];
        assert_eq!(site.notes(), noted);
    };
    check(1000, &["200 hello", "204 "]);
    check(100_000, &["200 hello", "204 "]);
    check(200_000, &["200 hello", "204 "]);
    check(1_000_000, &["200 hello"]);
    check(20_000_000, &["200 hello"]);
}

#[test]
fn bodies_of_every_size_arrive() {
    let site = Site::new();
    for size in [0, 1, 1000, 65_535, 65_536, 65_537, 200_000, 1_000_000] {
        let data: Vec<u8> = (0..size).map(|at: usize| (at % 251) as u8).collect();
        let mut sized =
            format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n").into_bytes();
        sized.extend(&data);
        let mut chunked = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for chunk in data.chunks(7919) {
            chunked.extend(format!("{:x}\r\n", chunk.len()).bytes());
            chunked.extend(chunk);
            chunked.extend(b"\r\n");
        }
        chunked.extend(b"0\r\n\r\n");
        let both = [sized, chunked].concat();
        for step in [usize::MAX, 9973] {
            let answers = site.ask(&both, step);
            assert_eq!(answers.len(), 2, "{size}");
            assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == data), "{size}");
        }
    }
}

/// The answer's head is sent long before the body is read; its connection stays open all the same.
#[test]
fn a_large_echo_keeps_the_connection() {
    let site = Site::new();
    let data = "x".repeat(1_000_000);
    for path in ["/copy", "/copy?sized"] {
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", data.len());
        let answers = site.ask(format!("{head}{data}").repeat(3).as_bytes(), usize::MAX);
        assert_eq!(answers.len(), 3, "{path}");
        for answer in answers {
            assert!(answer.status == 200 && answer.whole && answer.body == data.as_bytes());
            assert_eq!(answer.header("Connection"), None);
        }
    }
    // What was left of a body isn't taken for a request, though nobody could tell the peer in time.
    let evil = EVIL.repeat(1_000_000 / EVIL.len());
    let head = format!("POST /flushed HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", evil.len());
    let answers = site.ask(format!("{head}{evil}").as_bytes(), usize::MAX);
    assert_eq!(answers.iter().map(Answer::line).collect::<Vec<_>>(), ["200 now later"]);
}

#[test]
fn a_broken_off_body_is_an_error() {
    let site = Site::new();
    // A small one never reaches the handler.
    site.check_noted("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabc", &["400 "], &[]);
    site.check_noted(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        &["400 "],
        &[],
    );
    let check = |fields: &str, body: &str, status: u16, kind: &str| {
        let request = format!("POST /length HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}");
        let answers = site.ask(request.as_bytes(), 5000);
        assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [status]);
        assert_eq!(site.notes(), ["POST /length", kind], "{fields}");
    };
    let much = "x".repeat(100_000);
    check("Content-Length: 100001", &much, 400, "UnexpectedEof");
    check("Content-Length: 60000000", &much, 400, "UnexpectedEof");
    check("Transfer-Encoding: chunked", &format!("30d40\r\n{much}"), 400, "UnexpectedEof");
    // Whether the handler gets to see the beginning depends on how much comes at a time.
    let broken = format!("186a0\r\n{much}XX0\r\n\r\n");
    let request = format!("POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{broken}");
    for step in [usize::MAX, 5000] {
        assert_eq!(site.ask(request.as_bytes(), step)[0].status, 400);
    }
}

#[test]
fn broken_chunks_are_refused() {
    let site = Site::new();
    let check = |body: &str| {
        let head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        site.check_noted(format!("{head}{body}{EVIL}"), &["400 "], &[]);
    };
    check("3\nabc\r\n0\r\n\r\n");
    check("3\r\nabcd\r\n0\r\n\r\n");
    check("+3\r\nabc\r\n0\r\n\r\n");
    check("0x3\r\nabc\r\n0\r\n\r\n");
    check("\r\nabc\r\n0\r\n\r\n");
    check("10000000000000000\r\nabc\r\n0\r\n\r\n");
    check("3\r\nabc\r\n0\r\nFolded\r\n : x\r\n\r\n");
}

#[test]
fn a_promise_takes_no_memory() {
    let site = Site::with(|server| server.max_body(u64::MAX));
    for length in ["9223372036854775807", "18446744073709551615"] {
        let request = format!("POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\nabc");
        site.check_noted(&request, &["400 "], &[]);
    }
    let much = "x".repeat(70_000);
    let request =
        format!("POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n{much}");
    assert_eq!(site.ask(request.as_bytes(), usize::MAX)[0].status, 400);
    assert_eq!(site.notes(), ["POST /length", "UnexpectedEof"]);
    let chunk =
        "POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nabc";
    site.check_noted(chunk, &["400 "], &[]);
    site.check("GET / HTTP/1.0\r\n\r\n", &["200 hello"]);
}

#[test]
fn continue_is_sent_to_one_who_waits() {
    let site = Site::new();
    for length in [3, 100_000] {
        let mut stream = site.connect();
        let head = format!(
            "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(&vec![b'x'; length]).unwrap();
        let answer = Answer::read(&mut BufReader::new(stream), false).unwrap();
        assert_eq!(answer.line(), format!("200 {length}"));
    }
}

#[test]
fn one_who_waits_for_continue_in_vain_is_told_to_close() {
    let site = Site::new();
    let mut stream = site.connect();
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut stream = BufReader::new(stream);
    let answer = Answer::read(&mut stream, false).unwrap();
    assert_eq!((answer.line().as_str(), answer.header("Connection")), ("200 hello", Some("close")));
    stream.get_mut().write_all(EVIL.as_bytes()).unwrap();
    stream.get_mut().shutdown(Shutdown::Write).unwrap();
    assert!(Answer::read(&mut stream, false).is_none());
    assert_eq!(site.notes(), ["POST /"]);
}

/// Its later bytes would have a closed connection answer by a reset.
#[test]
fn one_who_pipelines_past_the_end_may_go_on_sending() {
    let site = Site::new();
    for request in ["GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"] {
        let mut stream = site.connect();
        stream.write_all(format!("{request}{EVIL}").as_bytes()).unwrap();
        let mut stream = BufReader::new(stream);
        assert_eq!(Answer::read(&mut stream, false).unwrap().line(), "200 hello");
        assert!(Answer::read(&mut stream, false).is_none());
        for _ in 0..100 {
            stream.get_mut().write_all(EVIL.as_bytes()).unwrap();
        }
        assert_eq!(site.notes(), ["GET /"]);
    }
}

/// So do bytes that the server hasn't seen: the request fills exactly what it reads at a time.
#[test]
fn one_whose_later_bytes_were_not_read_ends_without_a_reset() {
    const READ: usize = 64 * 1024;
    let site = Site::new();
    let head = |length: usize| {
        format!("POST /length HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n")
    };
    let length = READ - head(10_000).len();
    let request = format!("{}{}", head(length), "x".repeat(length));
    assert_eq!(request.len(), READ);
    // Whether the later bytes are there in time, nobody knows: mostly they are.
    for _ in 0..20 {
        let mut stream = site.connect();
        stream.write_all(format!("{request}{EVIL}").as_bytes()).unwrap();
        let mut stream = BufReader::new(stream);
        assert_eq!(Answer::read(&mut stream, false).unwrap().status, 200);
        assert!(matches!(stream.get_mut().read(&mut [0]), Ok(0)), "a reset, or a second answer");
    }
}

/// What comes while a long last answer is on its way.
#[test]
fn a_long_last_answer_is_whole_whatever_comes_meanwhile() {
    const LONG: usize = 8 << 20;
    let long = handler(|_, response| response.send_response(StatusCode::OK).body(vec![b'x'; LONG]));
    let server = HttpServer::bind("127.0.0.1:0").unwrap().spawn(long).unwrap();
    for request in ["GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"] {
        let mut stream = connect(server.addr().as_socket_addr().unwrap());
        stream.write_all(request.as_bytes()).unwrap();
        // The answer has begun, and more of it doesn't fit into the kernels' buffers.
        stream.read_exact(&mut [0]).unwrap();
        stream.write_all(EVIL.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(answer.len() > LONG, "{} bytes", answer.len());
    }
    server.shutdown();
    server.join().unwrap();
}

#[test]
fn an_error_reaches_a_peer_that_is_still_sending() {
    let site = Site::with(|server| server.max_body(1000));
    let mut stream = site.connect();
    let size = 10_000_000;
    write!(stream, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n").unwrap();
    stream.write_all(&vec![b'x'; size]).unwrap();
    let answer = Answer::read(&mut BufReader::new(stream), false).unwrap();
    assert_eq!((answer.status, answer.header("Connection")), (413, Some("close")));
    assert_eq!(site.notes(), [""; 0]);
}
