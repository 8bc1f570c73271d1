//! Trailer fields behind a request's data.

use std::io::{self, Cursor, Read};

use sockeye::{
    ErrorKind, Result,
    urllib::{Data, Opener, Request, build_opener},
};

use super::{fetch, hear, moved, ok, one, say, text};
use crate::support::{Scripted, Turn};

/// Counts what goes by, and gives it as it is asked for or one byte at a time.
struct Counted(Cursor<Vec<u8>>, usize, usize);

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(self.2);
        let n = self.0.read(&mut buf[..most])?;
        self.1 += n;
        Ok(n)
    }
}

fn counted(bytes: &[u8], piece: usize) -> Result<Data> {
    let reader = Counted(Cursor::new(bytes.to_vec()), 0, piece);
    Data::reader_with_trailers(reader, ["X-Count", "X-Twice"], |read| [read.1, 2 * read.1])
}

const END: &str = "x-twice: 10\r\n\r\n";

#[test]
fn they_are_announced_and_follow_the_data() -> Result<()> {
    for (piece, chunks) in
        [(100, "5\r\nhello\r\n"), (1, "1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n")]
    {
        for drip in [false, true] {
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            let answer = if drip { Turn::Drip(answer.into()) } else { say(answer) };
            let server = one([Turn::Until(END), answer]);
            let request = Request::new(server.url("/"))?.method("PUT").data(counted(b"hello", piece)?);
            assert_eq!(fetch(request)?, "ok");
            let heard = server.heard().remove(0);
            let (head, body) = heard.split_once("\r\n\r\n").unwrap();
            let lines: Vec<&str> = head.lines().filter(|line| line.starts_with("Tra")).collect();
            assert_eq!(lines, ["Transfer-Encoding: chunked", "Trailer: x-count", "Trailer: x-twice"]);
            assert_eq!(body, format!("{chunks}0\r\nx-count: 5\r\nx-twice: 10\r\n\r\n"));
        }
    }
    Ok(())
}

#[test]
fn the_connection_is_kept() -> Result<()> {
    let server =
        one([Turn::Until(END), ok("a"), Turn::Until("0\r\n\r\n"), ok("b"), Turn::Until(END), ok("c")]);
    let opener = Opener::new();
    let none = Data::reader_with_trailers(&b"x"[..], [] as [&str; 0], |_| [] as [&str; 0])?;
    for (data, answer) in [(counted(b"hello", 9)?, "a"), (none, "b"), (counted(b"world", 9)?, "c")] {
        assert_eq!(text(opener.open(Request::new(server.url("/"))?.data(data))?)?, answer);
    }
    Ok(())
}

#[test]
fn what_must_be_known_before_the_body_is_refused() {
    for name in [
        "Content-Length",
        "transfer-encoding",
        "Trailer",
        "TE",
        "Connection",
        "Host",
        "Authorization",
        "Cookie",
        "Set-Cookie",
        "Proxy-Authorization",
        "Expect",
        "If-None-Match",
        "Cache-Control",
        "Content-Type",
        "Content-Encoding",
        "Content-Range",
        "a b",
        "x\r\ny",
        "",
    ] {
        let error = Data::reader_with_trailers(io::empty(), [name], |_| ["x"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name:?}");
    }
}

/// The server gets no end of the body, and nobody a line of his own.
#[test]
fn a_value_that_is_none_breaks_it_off() -> Result<()> {
    for value in ["a\r\nHost: b", "a\nb", "a\0b", "\u{7f}"] {
        let server = one([hear(), say("HTTP/1.1 100 Continue\r\n\r\n"), Turn::End]);
        let data = Data::reader_with_trailers(&b"hello"[..], ["X-A"], move |_| [value])?;
        let error = fetch(Request::new(server.url("/"))?.data(data).expect_above(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains("the value of x-a holds a line break"), "{error}");
        assert!(server.heard()[0].ends_with("\r\n\r\n5\r\nhello\r\n"));
    }
    Ok(())
}

#[test]
fn only_a_body_in_chunks_has_them() -> Result<()> {
    for (name, value, reason) in [
        ("Content-Length", "5", "trailers follow a body in chunks"),
        ("Trailer", "x-count", "Trailer is set by itself"),
        ("Transfer-Encoding", "chunked", "Transfer-Encoding is set by itself"),
    ] {
        let request =
            Request::new("http://127.0.0.1:9/")?.add_header(name, value).data(counted(b"hello", 9)?);
        let error = fetch(request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(reason), "{error}");
    }
    // Nobody announces what doesn't come.
    let request = Request::new("http://127.0.0.1:9/")?.add_header("Trailer", "x").data("hello");
    assert!(fetch(request).unwrap_err().to_string().contains("Trailer is set by itself"));
    let opener = build_opener().add_header("Trailer", "x").build();
    assert_eq!(opener.open("http://127.0.0.1:9/").unwrap_err().kind(), ErrorKind::InvalidInput);
    Ok(())
}

/// Who says 200 by HTTP/1.0 has taken the chunks for something else. A refusal is one.
#[test]
fn a_server_of_http_1_0_knows_none() -> Result<()> {
    let server = one([Turn::Until(END), say("HTTP/1.0 200 OK\r\n\r\nthanks")]);
    let error = fetch(Request::new(server.url("/"))?.data(counted(b"hello", 9)?)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("HTTP/1.0"), "{error}");
    let server = one([Turn::Until(END), say("HTTP/1.0 411 Length Required\r\n\r\n")]);
    let error = fetch(Request::new(server.url("/"))?.data(counted(b"hello", 9)?)).unwrap_err();
    assert_eq!(error.response().map(|response| response.getcode()), Some(411));
    let server = one([Turn::Until("0\r\n\r\n"), say("HTTP/1.0 200 OK\r\n\r\nthanks")]);
    assert_eq!(fetch(Request::new(server.url("/"))?.data(Data::reader(&b"hello"[..])))?, "thanks");
    Ok(())
}

/// A redirect that makes a GET of it leaves them behind; one that keeps the method can't send the reader once more.
#[test]
fn redirects() -> Result<()> {
    let server = one([Turn::Until(END), moved(303, "/x"), hear(), ok("there")]);
    assert_eq!(fetch(Request::new(server.url("/"))?.data(counted(b"hello", 9)?))?, "there");
    let heard = server.heard().remove(0);
    assert!(!heard.rsplit_once("GET /x").unwrap().1.to_lowercase().contains("trailer"), "{heard}");
    let server = Scripted::new(vec![vec![Turn::Until(END), moved(307, "/x")]]);
    let error = fetch(Request::new(server.url("/"))?.data(counted(b"hello", 9)?)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect);
    Ok(())
}

/// The server's consent is asked for before the head's promises are kept.
#[test]
fn with_the_servers_consent() -> Result<()> {
    let server = one([hear(), say("HTTP/1.1 100 Continue\r\n\r\n"), Turn::Until(END), ok("ok")]);
    let request = Request::new(server.url("/"))?.data(counted(b"hello", 9)?).expect_above(0);
    assert_eq!(fetch(request)?, "ok");
    Ok(())
}
