//! Connections are kept, used again, and given up.

use std::{
    io::{self, Read, Write},
    net::TcpListener,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use sockeye::{
    ErrorKind, Result,
    urllib::{Data, HeaderValue, Opener, Request, build_opener},
};

use super::{hear, ok, one, say, text};
use crate::support::{PATIENCE, Scripted, Turn, connect};

/// Fetches so many times with one opener; what came, in one string.
fn fetch_all(server: &Scripted, times: usize) -> Result<String> {
    let opener = Opener::new();
    (0..times).map(|_| text(opener.open(server.url("/"))?)).collect()
}

#[test]
fn one_connection_serves_all() -> Result<()> {
    let chunked = say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\nX: y\r\n\r\n");
    let kept_by_1_0 = say("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nd");
    let empty = say("HTTP/1.1 204 No Content\r\n\r\n");
    let server = one([hear(), ok("a"), hear(), chunked, hear(), empty, hear(), kept_by_1_0, hear(), ok("e")]);
    assert_eq!(fetch_all(&server, 5)?, "abde");
    assert_eq!(server.heard()[0].matches("GET / HTTP/1.1\r\n").count(), 5);
    Ok(())
}

#[test]
fn what_cannot_last_is_not_used_again() -> Result<()> {
    for answer in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nConnection: X, Close\r\nContent-Length: 1\r\n\r\na",
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive, close\r\n\r\na",
        // Surplus bytes could be another answer, for whoever comes next.
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nevil",
    ] {
        let first = vec![hear(), say(answer), hear(), ok("used again")];
        let server = Scripted::new(vec![first, vec![hear(), ok("b")]]);
        assert_eq!(fetch_all(&server, 2)?, "ab", "{answer:?}");
    }
    Ok(())
}

/// A second answer that nobody asked for must not become that of the next request.
#[test]
fn surplus_is_seen_when_it_comes_late() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let (taken, is_taken) = mpsc::channel();
    let (sent, is_sent) = mpsc::channel();
    let server = thread::spawn(move || -> io::Result<()> {
        let (mut peer, _) = listener.accept()?;
        assert_ne!(peer.read(&mut [0; 4096])?, 0);
        peer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")?;
        is_taken.recv().unwrap();
        peer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")?;
        sent.send(Instant::now()).unwrap();
        let (mut peer, _) = listener.accept()?;
        assert_ne!(peer.read(&mut [0; 4096])?, 0);
        peer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb")
    });
    let opener = Opener::new();
    assert_eq!(text(opener.open(&url)?)?, "a");
    taken.send(()).unwrap();
    let sent = is_sent.recv().unwrap();
    while sent.elapsed() < Duration::from_millis(2) {
        thread::yield_now();
    }
    assert_eq!(text(opener.open(&url)?)?, "b");
    server.join().unwrap()?;
    Ok(())
}

/// The head alone comes first, so that the body is read straight to where it is wanted.
#[test]
fn surplus_is_seen_in_large_reads_too() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let (opened, is_open) = mpsc::channel();
    let server = thread::spawn(move || -> io::Result<()> {
        let (mut peer, _) = listener.accept()?;
        assert!(peer.read(&mut [0; 1024])? > 0);
        peer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")?;
        is_open.recv().expect("the client opens it");
        peer.write_all(b"aHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")?;
        let (mut other, _) = listener.accept()?;
        assert!(other.read(&mut [0; 1024])? > 0);
        other.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb")
    });
    let opener = build_opener().read_timeout(PATIENCE).build();
    let mut response = opener.open(&url)?;
    opened.send(()).expect("the server waits");
    let mut all = Vec::new();
    let mut buf = vec![0; 100_000];
    while let n @ 1.. = response.read(&mut buf)? {
        all.extend(&buf[..n]);
    }
    assert_eq!((all, text(opener.open(&url)?)?), (b"a".to_vec(), "b".to_owned()));
    Ok(server.join().expect("the server")?)
}

#[test]
fn a_body_that_was_not_read_is_not_left_for_the_next() -> Result<()> {
    let server = Scripted::new(vec![
        vec![hear(), say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), Turn::End],
        vec![hear(), ok("b")],
    ]);
    let opener = Opener::new();
    drop(opener.open(server.url("/"))?);
    assert_eq!(text(opener.open(server.url("/"))?)?, "b");
    Ok(())
}

#[test]
fn a_short_body_that_nobody_reads_costs_no_connection() -> Result<()> {
    let server = one([hear(), ok("ignored"), hear(), ok("b")]);
    let opener = Opener::new();
    drop(opener.open(server.url("/"))?);
    assert_eq!(text(opener.open(server.url("/"))?)?, "b");
    Ok(())
}

/// Closed by the server while idle, on the next request, and by a reset: the request goes out once more.
#[test]
fn a_dead_connection_is_replaced() -> Result<()> {
    let idle = vec![];
    let on_request = vec![hear()];
    let by_reset = vec![Turn::Until("G")];
    let gave_up = vec![say("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")];
    for end in [idle, on_request, by_reset, gave_up] {
        let script = |body| [vec![hear(), ok(body)], end.clone()].concat();
        let server = Scripted::new(vec![script("hello"), script("hello"), script("hello")]);
        assert_eq!(fetch_all(&server, 3)?, "hellohellohello", "{end:?}");
    }
    Ok(())
}

#[test]
fn a_fresh_connection_is_not_tried_twice() {
    let server = Scripted::new(vec![vec![hear()], vec![hear(), ok("never")]]);
    let error = Opener::new().open(server.url("/")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert!(error.to_string().contains("closed without an answer"), "{error}");
}

/// The server may have read it, so nobody knows what it did.
#[test]
fn a_post_is_never_sent_twice() -> Result<()> {
    for end in [Turn::Until("pay"), Turn::Until("P")] {
        let server = Scripted::new(vec![vec![hear(), ok("a"), end], vec![hear(), ok("twice")]]);
        let opener = Opener::new();
        text(opener.open(server.url("/"))?)?;
        let error = opener.open(Request::new(server.url("/"))?.data("pay")).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset), "{error}");
        assert_eq!(server.heard().len(), 1);
    }
    Ok(())
}

/// A server that closed while the connection was idle is noticed before a request that can't be repeated.
#[test]
fn a_post_finds_a_closed_connection_in_time() -> Result<()> {
    let closed = vec![say("the first connection is closed")];
    let server = Scripted::new(vec![vec![hear(), ok("a")], closed, vec![Turn::Until("pay"), ok("paid")]]);
    let opener = Opener::new();
    text(opener.open(server.url("/"))?)?;
    connect(server.addr()).read_to_end(&mut Vec::new())?;
    assert_eq!(text(opener.open(Request::new(server.url("/"))?.data("pay"))?)?, "paid");
    Ok(())
}

#[test]
fn data_from_a_reader_go_out_once() -> Result<()> {
    let server = Scripted::new(vec![vec![hear(), ok("a"), hear()], vec![hear(), ok("twice")]]);
    let opener = Opener::new();
    text(opener.open(server.url("/"))?)?;
    let put = Request::new(server.url("/"))?.method("PUT").data(Data::sized_reader(&b"pay"[..], 3));
    assert_eq!(opener.open(put).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    Ok(())
}

#[test]
fn the_pool_can_be_switched_off_and_emptied() -> Result<()> {
    let connection = || vec![hear(), ok("a"), Turn::End];
    let server = Scripted::new(vec![connection(), connection(), connection()]);
    let opener = build_opener().max_idle(0).build();
    text(opener.open(server.url("/"))?)?;
    text(opener.open(server.url("/"))?)?;
    let opener = Opener::new();
    text(opener.open(server.url("/"))?)?;
    opener.close_idle();
    assert_eq!(server.heard().len(), 3);
    Ok(())
}

/// A server that sends a body with an answer to HEAD: it must not become the next answer.
#[test]
fn a_body_that_must_not_be_there_is_seen() -> Result<()> {
    let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    let head = || say("HTTP/1.1 200 OK\r\nContent-Length: 45\r\n\r\n");
    let server = Scripted::new(vec![
        vec![hear(), head(), say(evil)],
        vec![say("the body was sent")],
        vec![hear(), ok("good")],
    ]);
    let opener = Opener::new();
    opener.open(Request::new(server.url("/"))?.method("HEAD"))?;
    connect(server.addr()).read_to_end(&mut Vec::new())?;
    assert_eq!(text(opener.open(server.url("/"))?)?, "good");
    Ok(())
}

/// RFC 9112 §9.6: who says `close` sends no further request, whether the request or the opener says it.
#[test]
fn a_request_that_says_close_ends_its_connection() -> Result<()> {
    let listed = || build_opener().add_header("Connection", "X, Close").build();
    let opened = |opener: &Opener, server: &Scripted, own: &[&'static str]| {
        let mut request = Request::new(server.url("/"))?;
        for value in own {
            request.headers_mut().append("connection", HeaderValue::from_static(value));
        }
        text(opener.open(request)?)
    };
    for (opener, own) in
        [(listed(), &[][..]), (Opener::new(), &["close"]), (Opener::new(), &["keep-alive", "x, close"])]
    {
        let first = vec![hear(), ok("a"), hear(), ok("used again")];
        let server = Scripted::new(vec![first, vec![hear(), ok("b")]]);
        let got = opened(&opener, &server, own)? + &opened(&opener, &server, own)?;
        assert_eq!(got, "ab", "{own:?}");
    }
    // What the request says itself wins over the opener.
    let server = one([hear(), ok("a"), hear(), ok("b")]);
    let (opener, own) = (listed(), &["keep-alive"]);
    assert_eq!(opened(&opener, &server, own)? + &opened(&opener, &server, own)?, "ab");
    Ok(())
}
