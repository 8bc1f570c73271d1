//! How much a peer may send, and how much may wait for it.

use std::{
    io::{BufRead, BufReader, Write},
    net::Shutdown,
};

use super::support::{Answer, Site};

/// The status that answers that request, sent in pieces, and whether a handler saw it.
#[track_caller]
fn check(site: &Site, request: &str, status: u16) {
    for step in [usize::MAX, 997] {
        site.notes();
        let answers = site.ask(request.as_bytes(), step);
        assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [status], "step {step}");
        assert_eq!(site.notes().is_empty(), status != 200);
    }
}

#[test]
fn heads_are_bounded() {
    let site = Site::new();
    let get = |target: &str, fields: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    check(&site, &get(&format!("/?{}", "x".repeat(8000)), ""), 200);
    check(&site, &get(&format!("/?{}", "x".repeat(8192)), ""), 414);
    check(&site, &format!("GET /{}", "x".repeat(100_000)), 414);
    check(&site, &get("/", &"X: y\r\n".repeat(99)), 200);
    check(&site, &get("/", &"X: y\r\n".repeat(100)), 431);
    check(&site, &get("/", &format!("X: {}\r\n", "y".repeat(60_000))), 200);
    check(&site, &get("/", &format!("X: {}\r\n", "y".repeat(66_000))), 431);
    check(&site, &get("/", &format!("{}: y\r\n", "X".repeat(66_000))), 431);
    check(&site, &format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "X".repeat(100)), 501);
    let small = Site::with(|server| server.max_head(1000).max_headers(3).max_target(20));
    check(&small, &get("/", "X: y\r\nX: y\r\n"), 200);
    check(&small, &get("/", "X: y\r\nX: y\r\nX: y\r\n"), 431);
    check(&small, &get("/", &format!("X: {}\r\n", "y".repeat(1000))), 431);
    check(&small, &get("/?2345678901234567890", ""), 414);
}

#[test]
fn bodies_are_bounded() {
    let site = Site::with(|server| server.max_body(100_000));
    let sized = |size: usize| {
        let body = "x".repeat(size);
        format!("POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n{body}")
    };
    check(&site, &sized(100_000), 200);
    check(&site, &sized(100_001), 413);
    let chunked = |chunk: &str, count: usize| {
        let body = chunk.repeat(count);
        format!("POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}0\r\n\r\n")
    };
    let thousand = format!("3e8\r\n{}\r\n", "x".repeat(1000));
    check(&site, &chunked(&thousand, 100), 200);
    let answers = site.ask(chunked(&thousand, 101).as_bytes(), 997);
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [413]);
    let small = Site::with(|server| server.max_body(10));
    let answers = small.ask(chunked("4\r\nabcd\r\n", 3).as_bytes(), usize::MAX);
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [413]);
}

#[test]
fn chunk_framing_is_bounded() {
    let site = Site::new();
    let chunked =
        |body: &str| format!("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    check(&site, &chunked(&format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(2000))), 400);
    check(
        &site,
        &chunked(&format!("{}0\r\n\r\n", format!("1;{}\r\nx\r\n", "e".repeat(500)).repeat(100))),
        400,
    );
    check(&site, &chunked(&format!("0\r\nT: {}\r\n\r\n", "t".repeat(9000))), 431);
    check(&site, &chunked(&format!("0\r\n{}\r\n", "T: t\r\n".repeat(101))), 431);
}

#[test]
fn a_long_pipeline_is_answered_in_order() {
    let site = Site::new();
    let count = 3000;
    let mut requests = String::new();
    for number in 0..count {
        requests += &format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n{number:04}");
    }
    let answers = site.ask(requests.as_bytes(), usize::MAX);
    assert_eq!(answers.len(), count);
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer.line(), format!("200 {number:04}"));
    }
}

#[test]
fn one_who_reads_nothing_delays_nobody_and_gets_all_in_the_end() {
    let site = Site::new();
    let mut stream = site.connect();
    // Far more answers than a connection's buffers hold.
    let count = 200;
    stream.write_all("GET /whole?100000 HTTP/1.1\r\nHost: a\r\n\r\n".repeat(count).as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    site.check("GET / HTTP/1.0\r\n\r\n", &["200 hello"]);
    let mut stream = BufReader::new(stream);
    for _ in 0..count {
        let answer = Answer::read(&mut stream, false).unwrap();
        assert!(answer.whole && answer.body.len() == 100_000);
    }
    assert!(Answer::read(&mut stream, false).is_none());
}

#[test]
fn a_request_that_comes_while_an_answer_waits_is_served() {
    let site = Site::new();
    let mut stream = BufReader::new(site.connect());
    write!(stream.get_mut(), "GET /whole?20000000 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    // The answer has begun, and can't be sent whole.
    assert!(stream.fill_buf().unwrap().starts_with(b"HTTP/1.1 200 OK"));
    write!(stream.get_mut(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let first = Answer::read(&mut stream, false).unwrap();
    assert!(first.whole && first.body.len() == 20_000_000);
    assert_eq!(Answer::read(&mut stream, false).unwrap().line(), "200 hello");
}

#[test]
fn half_heads_and_half_bodies_delay_nobody() {
    let site = Site::new();
    let halves = ["GET / HTTP/1.1\r\nHost:", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"];
    let waiting: Vec<_> = (0..200)
        .map(|number| {
            let mut stream = site.connect();
            stream.write_all(halves[number % 2].as_bytes()).unwrap();
            stream
        })
        .collect();
    site.check("GET / HTTP/1.0\r\n\r\n", &["200 hello"]);
    for (number, mut stream) in waiting.into_iter().enumerate() {
        let rest = [" a\r\n\r\n", "cde"][number % 2];
        stream.write_all(rest.as_bytes()).unwrap();
        let answer = Answer::read(&mut BufReader::new(stream), false).unwrap();
        assert_eq!(answer.line(), ["200 hello", "200 abcde"][number % 2]);
    }
}
