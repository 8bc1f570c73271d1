//! Answers: no splitting, a failure that costs one connection, no body where there is none; and their framing.

use std::io::Write;

use super::support::Site;
use crate::support::exchange;

fn get(path: &str, version: &str) -> String {
    format!("GET {path} HTTP/{version}\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
}

#[test]
fn framing_is_chosen_for_the_peer() {
    let site = Site::new();
    let check = |path: &str, version: &str, framing: &str, body: &[u8]| {
        let answers = site.ask(get(path, version).as_bytes(), usize::MAX);
        let [answer] = &answers[..] else { panic!("{path}: {} answers", answers.len()) };
        assert!(answer.status == 200 && answer.whole && answer.body == body, "{path} {}", answer.line());
        let fields = ["Content-Length", "Transfer-Encoding", "Connection"];
        let said: Vec<String> =
            fields.iter().filter_map(|name| Some(format!("{name}: {}", answer.header(name)?))).collect();
        assert_eq!(said.join(" "), framing, "{path} {version}");
    };
    check("/", "1.1", "Content-Length: 5", b"hello");
    check("/", "1.0", "Content-Length: 5 Connection: keep-alive", b"hello");
    check("/pieces", "1.1", "Content-Length: 9", b"in pieces");
    check("/pieces", "1.0", "Content-Length: 9 Connection: keep-alive", b"in pieces");
    check("/flushed", "1.1", "Transfer-Encoding: chunked", b"now later");
    check("/flushed", "1.0", "Connection: close", b"now later");
    for size in [1000, 16_000, 17_000, 70_000, 1_000_000] {
        let large = vec![b'x'; size];
        let (counted, chunked) = (format!("Content-Length: {size}"), "Transfer-Encoding: chunked");
        let framing = if size <= 16_384 { &*counted } else { chunked };
        check(&format!("/large?{size}"), "1.1", framing, &large);
        check(&format!("/whole?{size}"), "1.1", &counted, &large);
    }
    check("/large?70000", "1.0", "Connection: close", &[b'x'; 70_000]);
}

#[test]
fn no_body_where_there_is_none() {
    let site = Site::new();
    let check = |method: &str, path: &str, fields: &[(&str, Option<&str>)]| {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        for step in [usize::MAX, 1] {
            let answers = site.ask(request.as_bytes(), step);
            assert_eq!(answers.len(), 2, "{method} {path}");
            assert_eq!(answers[1].line(), "200 hello");
            for (name, value) in fields {
                assert_eq!(answers[0].header(name), *value, "{method} {path} {name}");
            }
        }
    };
    check("HEAD", "/", &[("Content-Length", Some("5"))]);
    check("HEAD", "/pieces", &[("Content-Length", Some("9"))]);
    check("HEAD", "/large?70000", &[("Transfer-Encoding", Some("chunked")), ("Content-Length", None)]);
    check("HEAD", "/flushed", &[("Transfer-Encoding", Some("chunked"))]);
    check("HEAD", "/whole?70000", &[("Content-Length", Some("70000"))]);
    check("GET", "/204", &[("Content-Length", None), ("Transfer-Encoding", None)]);
    check("GET", "/304", &[("Content-Length", Some("5")), ("Transfer-Encoding", None)]);
}

#[test]
fn a_refused_head_request_gets_no_body() {
    let site = Site::new();
    for fields in ["", "Host: a\r\nExpect: more\r\n", "Host: a\r\nContent-Length: 99999999999\r\n"] {
        let answer = exchange(site.addr(), format!("HEAD / HTTP/1.1\r\n{fields}\r\n").as_bytes());
        assert!(answer.starts_with("HTTP/1.1 4") && answer.ends_with("\r\n\r\n"), "{answer}");
    }
}

#[test]
fn a_failed_handler_is_a_500_and_costs_one_connection() {
    let site = Site::new();
    let mut other = site.connect();
    write!(other, "GET / HTTP/1.1\r\n").unwrap();
    for path in ["/panic", "/none", "/half", "/long", "/short"] {
        let request = format!("{}{}", get(path, "1.1"), get("/", "1.1"));
        let note = format!("GET {path}");
        site.check_noted(&request, &["500 "], &[&note]);
    }
    // What is sent can't be taken back: the peer sees that it isn't whole.
    site.check(get("/short-late", "1.1"), &["200 four (torn)"]);
    site.check(get("/panic-late", "1.1"), &["200 so far (torn)"]);
    site.check(get("/panic-late", "1.0"), &["200 so far (torn)"]);
    write!(other, "Host: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut other, &mut answer).unwrap();
    assert!(answer.ends_with("hello"), "{answer}");
}

#[test]
fn answers_before_a_failed_one_stand() {
    let site = Site::new();
    let request = [get("/", "1.1"), get("/pieces", "1.1"), get("/panic", "1.1"), get("/", "1.1")].concat();
    site.check(request, &["200 hello", "200 in pieces", "500 "]);
}

#[test]
fn a_header_cant_split_the_answer() {
    let site = Site::new();
    let check = |header: &str, status: &str, noted: &[&str]| {
        let path = format!("/header?{header}");
        let first = format!("GET {path}");
        let noted = [&[&*first], noted].concat();
        site.check_noted(get(&path, "1.1"), &[status], &noted);
    };
    check("X-A=b", "200 set", &[]);
    check("X-A=a%0D%0AX-Injected:1", "500 ", &["InvalidInput"]);
    check("X-A=a%0Ab", "500 ", &["InvalidInput"]);
    check("X-A=a%0Db", "500 ", &["InvalidInput"]);
    check("X-A=a%00b", "500 ", &["InvalidInput"]);
    check("X:A=b", "500 ", &["InvalidInput"]);
    check("=b", "500 ", &["InvalidInput"]);
    // What decides on framing is the server's.
    check("Transfer-Encoding=chunked", "500 ", &["InvalidInput"]);
    check("Content-Length=4", "500 ", &["InvalidInput"]);
    check("Content-Length=x", "500 ", &["InvalidInput"]);
    check("content-length=3", "200 set", &[]);
    check("Connection=close", "200 set", &[]);
}

#[test]
fn an_error_page_escapes_its_message() {
    let site = Site::new();
    let answers = site.ask(get("/404", "1.1").as_bytes(), usize::MAX);
    let page = String::from_utf8(answers[0].body.clone()).unwrap();
    assert!(page.contains("&lt;b&gt;not here&lt;/b&gt;") && !page.contains("<b>"), "{page}");
    assert_eq!(answers[0].header("Content-Type"), Some("text/html; charset=utf-8"));
}

#[test]
fn a_wrong_server_name_is_an_error() {
    let server = sockeye::http::HttpServer::bind("127.0.0.1:0").unwrap().server_name("a\r\nX: b");
    let nobody =
        sockeye::http::handler(|_, response| response.send_error(sockeye::http::StatusCode::OK, None));
    assert_eq!(server.spawn(nobody).unwrap_err().kind(), sockeye::ErrorKind::InvalidInput);
    let site = Site::with(|server| server.server_name("mine/1.0"));
    let answers = site.ask(get("/", "1.1").as_bytes(), usize::MAX);
    assert_eq!(answers[0].header("Server"), Some("mine/1.0"));
    assert!(answers[0].header("Date").is_some_and(|date| date.len() == 29 && date.ends_with(" GMT")));
}
