//! Which requests are understood, and where they end.

use sockeye::http::{HttpServer, StatusCode, handler};

use super::support::Site;
use crate::support::exchange;

/// Refused with that status; nothing behind it is looked at, and no handler ran.
#[track_caller]
fn check_refused(site: &Site, request: &str, status: &str) {
    let request = format!("{request}GET /behind HTTP/1.1\r\nHost: a\r\n\r\n");
    site.check_noted(&request, &[&format!("{status} ")], &[]);
}

#[test]
fn a_body_of_doubtful_length_is_refused() {
    let site = Site::new();
    let check = |fields: &str, status: &str| {
        let post = format!("POST /echo HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\nabc");
        check_refused(&site, &post, status);
    };
    check("Content-Length: +3", "400");
    check("Content-Length: -3", "400");
    check("Content-Length: 3, 3", "400");
    check("Content-Length: 3\r\nContent-Length: 3", "400");
    check("Content-Length: 3\r\nContent-Length: 4", "400");
    check("Content-Length: 0x3", "400");
    check("Content-Length: 3 3", "400");
    check("Content-Length: ", "400");
    check("Content-Length: 18446744073709551616", "400");
    check("Content-Length: 3\r\nTransfer-Encoding: chunked", "400");
    check("Transfer-Encoding: identity", "400");
    check("Transfer-Encoding: gzip", "400");
    check("Transfer-Encoding: chunked, chunked", "400");
    check("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "400");
    check("Transfer-Encoding: chunked, gzip", "400");
    check("Transfer-Encoding: xchunked", "400");
    check("Transfer-Encoding: ", "400");
    check("Transfer-Encoding: gzip, chunked", "501");
    let old = "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    check_refused(&site, old, "400");
}

#[test]
fn a_malformed_head_is_refused() {
    let site = Site::new();
    let check = |request: &str, status: &str| check_refused(&site, request, status);
    check("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400");
    check("GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n", "400");
    check("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", "400");
    check("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", "400");
    check("GET / HTTP/1.1\nHost: a\n\n", "400");
    check("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", "400");
    check("GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n", "400");
    check("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", "400");
    check("GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", "400");
    check("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400");
    check("GET index.html HTTP/1.1\r\nHost: a\r\n\r\n", "400");
    check("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505");
    check("GET / HTTP/0.9\r\nHost: a\r\n\r\n", "505");
    check("GET / HTTP/01.1\r\nHost: a\r\n\r\n", "400");
    check("GET / HTTP/3\r\nHost: a\r\n\r\n", "400");
    check("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400");
    // Hello of a TLS client.
    check("\u{16}\u{3}\u{1}\0\u{1}", "400");
}

#[test]
fn a_higher_minor_version_is_served_like_http11() {
    let site = Site::new();
    let chunks = "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
    let post = format!("POST /echo HTTP/1.2\r\nHost: a\r\n{chunks}");
    site.check(format!("{post}{post}"), &["200 ab", "200 ab"]);
    check_refused(&site, "GET / HTTP/1.2\r\n\r\n", "400");
}

#[test]
fn one_host_is_wanted() {
    let site = Site::new();
    let check = |fields: &str| check_refused(&site, &format!("GET / HTTP/1.1\r\n{fields}\r\n"), "400");
    check("");
    check("Host: a\r\nHost: a\r\n");
    check("Host: a b\r\n");
    check("Host: a/b\r\n");
    check("Host: user@a\r\n");
    check("Host: a:port\r\n");
    check("Host: [::1\r\n");
    site.check("GET / HTTP/1.1\r\nHost: [::1]:8000\r\nConnection: close\r\n\r\n", &["200 hello"]);
    site.check("GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", &["200 hello"]);
    site.check("GET / HTTP/1.0\r\n\r\n", &["200 hello"]);
}

#[test]
fn nothing_is_served_after_the_last_request() {
    let site = Site::new();
    let check = |first: &str, expect: &[&str]| {
        let noted = &["GET /", "GET /204"][..expect.len()];
        site.check_noted(format!("{first}GET /204 HTTP/1.1\r\nHost: a\r\n\r\n"), expect, noted);
    };
    check("GET / HTTP/1.1\r\nHost: a\r\n\r\n", &["200 hello", "204 "]);
    check("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, y\r\n\r\n", &["200 hello", "204 "]);
    check("GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n", &["200 hello", "204 "]);
    check("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &["200 hello"]);
    check("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE ,y\r\n\r\n", &["200 hello"]);
    check("GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n", &["200 hello"]);
    check("GET / HTTP/1.0\r\n\r\n", &["200 hello"]);
    check("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", &["200 hello"]);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let site = Site::new();
    let post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    let chunks = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                  2\r\nde\r\n1;x=y\r\nf\r\n0\r\nTrailer: x\r\n\r\n";
    let head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
    let get = "\r\nGET /pieces HTTP/1.1\r\nHost: a\r\n\r\n";
    site.check(
        format!("{post}{get}{chunks}{head}{post}"),
        &["200 abc", "200 in pieces", "200 def", "200 ", "200 abc"],
    );
}

#[test]
fn forms_of_the_target() {
    let site = Site::new();
    let check = |line: &str, noted: &str| {
        site.check_noted(
            format!("{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
            &["200 hello"],
            &[noted],
        );
    };
    check("GET http://b/", "GET http://b/");
    check("GET http://b", "GET http://b");
    check("GET /?a=%20", "GET /?a=%20");
}

#[test]
fn every_verb_is_501_until_it_is_answered() {
    let site = Site::new();
    for verb in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"] {
        let request = format!("{verb} /verbs HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        site.check(request, &["501 "]);
    }
    site.check("POST /verbs HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\n\r\n", &["417 "]);
}

/// A peer that takes the answer for a tunnel's beginning sends what it likes from there on.
#[test]
fn nothing_is_served_after_connect() {
    let tunnel = handler(|request, response| response.send_response(StatusCode::OK).body(request.target()));
    let server = HttpServer::bind("127.0.0.1:0").unwrap().spawn(tunnel).unwrap();
    let requests = b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\nGET /inside HTTP/1.1\r\nHost: b\r\n\r\n";
    let answer = exchange(server.addr().as_socket_addr().unwrap(), requests);
    assert!(answer.contains("\r\nConnection: close\r\n") && !answer.contains("/inside"), "{answer}");
    server.shutdown();
}
