//! Handlers of the user's own have the rights of those that are built in.

use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use sockeye::{
    Error, ErrorKind, Result,
    urllib::{
        Data, ErrorProcessor, Exchange, Handler, HeaderMap, HeaderValue, Next, Opener, Request, Response,
        StatusCode, build_opener, install_opener, urlopen,
    },
};

use super::{hear, moved, ok, one, say, text};
use crate::support::{Scripted, Turn};

/// Answers a challenge: asks for another round, once.
struct Login;

impl Handler for Login {
    fn order(&self) -> i32 {
        300
    }

    fn response(
        &self,
        request: &mut Request,
        response: Response,
        exchange: &mut Exchange<'_>,
    ) -> Result<Next> {
        if response.status() != StatusCode::UNAUTHORIZED || exchange.round() > 1 {
            return Ok(Next::Pass(response));
        }
        request.unredirected_headers_mut().insert("authorization", HeaderValue::from_static("me"));
        response.discard();
        Ok(Next::Again)
    }
}

#[test]
fn another_round() -> Result<()> {
    let challenge = || say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nwho?");
    let server = one([hear(), challenge(), hear(), ok("in")]);
    let opener = build_opener().add_handler(Login).build();
    assert_eq!(text(opener.open(server.url("/"))?)?, "in");
    assert_eq!(server.heard()[0].matches("authorization: me").count(), 1);
    let server = one([hear(), challenge(), hear(), challenge()]);
    assert_eq!(opener.open(server.url("/")).unwrap_err().kind(), ErrorKind::Status);
    Ok(())
}

/// Sees failures, and tries again.
struct Persistent;

impl Handler for Persistent {
    fn error(&self, _: &mut Request, error: Error, exchange: &mut Exchange<'_>) -> Result<Next> {
        let tries = exchange.state::<usize>();
        *tries += 1;
        if *tries < 3 { Ok(Next::Again) } else { Err(error) }
    }
}

#[test]
fn a_failure_is_seen_and_tried_again() -> Result<()> {
    let server = Scripted::new(vec![vec![hear()], vec![hear()], vec![hear(), ok("at last")]]);
    let opener = build_opener().add_handler(Persistent).build();
    assert_eq!(text(opener.open(server.url("/"))?)?, "at last");
    assert_eq!(opener.open("http://127.0.0.1:1/").unwrap_err().kind(), ErrorKind::ConnectionRefused);
    Ok(())
}

/// Counts what it sees, and replaces bodies.
#[derive(Clone, Default)]
struct Shout(Arc<AtomicUsize>);

impl Handler for Shout {
    fn response(&self, _: &mut Request, response: Response, _: &mut Exchange<'_>) -> Result<Next> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Next::Pass(response.map_body(|body| body.chain(&b"!"[..]))))
    }
}

#[test]
fn a_body_is_replaced() -> Result<()> {
    let server = one([hear(), moved(302, "/x"), hear(), ok("hello"), hear(), ok("again")]);
    let shout = Shout::default();
    let opener = build_opener().add_handler(shout.clone()).build();
    assert_eq!(text(opener.open(server.url("/"))?)?, "hello!");
    // The redirect, whose order is lower, has kept its answer to itself.
    assert_eq!(shout.0.load(Ordering::SeqCst), 1);
    assert_eq!(text(opener.open(server.url("/"))?)?, "again!");
    Ok(())
}

/// Never content.
struct Endless;

impl Handler for Endless {
    fn response(&self, _: &mut Request, _: Response, _: &mut Exchange<'_>) -> Result<Next> {
        Ok(Next::Again)
    }
}

#[test]
fn rounds_are_bounded() {
    let server = one((0..100).flat_map(|_| [hear(), ok("")]).collect::<Vec<_>>());
    let error = build_opener().add_handler(Endless).build().open(server.url("/")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[test]
fn an_error_status_is_an_error_with_the_response() -> Result<()> {
    let missing = || say("HTTP/1.1 404 Not Found\r\nX-A: b\r\nContent-Length: 7\r\n\r\nno such");
    let server = one([hear(), missing(), hear(), missing(), hear(), ok("fine")]);
    let opener = Opener::new();
    let error = opener.open(server.url("/x")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status);
    assert_eq!(error.to_string(), format!("GET {} failed: 404 Not Found", server.url("/x")));
    let response = error.response().expect("the response");
    assert_eq!((response.getcode(), &response.info()["x-a"]), (404, &HeaderValue::from_static("b")));
    // Another error around it keeps it.
    let response = error.context("fetch the page").into_response()?;
    assert_eq!(text(response)?, "no such");
    let error = opener.open(server.url("/x")).unwrap_err();
    drop(error);
    assert_eq!(text(opener.open(server.url("/"))?)?, "fine");
    assert!(Error::from(ErrorKind::Closed).into_response().is_err());
    Ok(())
}

#[test]
fn an_error_status_can_be_a_response() -> Result<()> {
    let server = one([hear(), say("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")]);
    let opener = build_opener().add_handler(ErrorProcessor::off()).build();
    let response = opener.open(server.url("/"))?;
    assert_eq!((response.getcode(), text(response)?), (503, "busy".to_owned()));
    Ok(())
}

/// Answers one scheme by itself.
struct Memory;

impl Handler for Memory {
    fn open(&self, request: &mut Request, _: &mut Exchange<'_>) -> Option<Result<Response>> {
        let path = request.url().as_str().strip_prefix("memory:")?.to_owned();
        Some(Ok(
            Response::new(request.url().clone(), std::io::Cursor::new(path)).with_status(StatusCode::CREATED)
        ))
    }
}

/// The one test that changes the default opener: it only adds a scheme.
#[test]
fn the_installed_opener_is_the_default() -> Result<()> {
    install_opener(build_opener().add_handler(Memory).build());
    let response = urlopen("memory:hello")?;
    assert_eq!((response.getcode(), text(response)?), (201, "hello".to_owned()));
    Ok(())
}

/// Puts in what no opener may say.
struct Wrong;

impl Handler for Wrong {
    fn headers(&self, headers: &mut HeaderMap) {
        for (name, value) in [
            ("transfer-encoding", "chunked"),
            ("content-length", "7"),
            ("trailer", "x-sum"),
            ("upgrade", "websocket"),
            ("expect", "100-continue"),
            ("host", "wrong"),
            ("content-type", "text/plain"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
    }
}

#[test]
fn an_opener_says_nothing_of_where_a_request_ends() -> Result<()> {
    let server = one([hear(), ok(""), Turn::Until("abc"), ok(""), Turn::Until("0\r\n\r\n"), ok("")]);
    let opener = build_opener().add_handler(Wrong).build();
    opener.open(server.url("/"))?;
    opener.open(Request::new(server.url("/"))?.data("abc"))?;
    opener.open(Request::new(server.url("/"))?.add_header("X-A", "b").data(Data::reader(&b"abc"[..])))?;
    let heard = server.heard()[0].to_ascii_lowercase();
    for (line, times) in [
        ("content-length: 3\r\n", 1),
        ("transfer-encoding: chunked\r\n", 1),
        ("content-length:", 1),
        ("transfer-encoding:", 1),
        ("trailer:", 0),
        ("upgrade:", 0),
        ("expect:", 0),
        ("wrong", 0),
        ("content-type: text/plain\r\n", 3),
        ("content-type:", 3),
    ] {
        assert_eq!(heard.matches(line).count(), times, "{line:?}: {heard}");
    }
    Ok(())
}
