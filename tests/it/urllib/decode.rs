//! Coded bodies from scripted servers: what is asked for, and what comes back.

use std::io::{Read, Write};

use flate2::{Compression, write::GzEncoder};
use sockeye::{
    Error, ErrorKind, Result,
    urllib::{DecodeHandler, Exchange, Handler, Next, Opener, Request, Response, build_opener},
};

use super::{fetch, hear, ok, one, say, text};
use crate::support::{Scripted, Turn};

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn coded(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn kind(answer: impl Into<Vec<u8>>) -> Result<String, ErrorKind> {
    fetch(Scripted::answer(answer).url("/")).map_err(|error| error.kind())
}

#[test]
fn whole_and_byte_by_byte() -> Result<()> {
    let answer = coded(&gzip(b"hello"));
    let server = one([hear(), Turn::Send(answer.clone()), hear(), Turn::Drip(answer), hear(), ok("plain")]);
    let opener = Opener::new();
    for expected in ["hello", "hello", "plain"] {
        assert_eq!(text(opener.open(server.url("/"))?)?, expected);
    }
    let heard = server.heard();
    assert_eq!(heard.len(), 1, "one connection carries all: {heard:?}");
    assert_eq!(heard[0].matches("accept-encoding: gzip, deflate").count(), 3, "{heard:?}");
    Ok(())
}

#[test]
fn a_chunked_body_gives_its_connection_back() -> Result<()> {
    let body = gzip(b"hello");
    let mut answer =
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for byte in body {
        answer.extend_from_slice(&[b'1', b'\r', b'\n', byte, b'\r', b'\n']);
    }
    answer.extend_from_slice(b"0\r\n\r\n");
    let server = one([hear(), Turn::Send(answer), hear(), ok("again")]);
    let opener = Opener::new();
    assert_eq!(text(opener.open(server.url("/"))?)?, "hello");
    assert_eq!(text(opener.open(server.url("/"))?)?, "again");
    Ok(())
}

#[test]
fn a_decoded_body_keeps_its_connection_and_trailers() -> Result<()> {
    let body = gzip(b"hello");
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
    let size = format!("{:x}\r\n", body.len());
    let answer = [head.as_bytes(), size.as_bytes(), &body, b"\r\n0\r\nX-Sum: abc\r\n\r\n"].concat();
    let server = one([hear(), Turn::Send(answer.clone()), hear(), Turn::Drip(answer)]);
    let opener = Opener::new();
    for _ in 0..2 {
        let mut response = opener.open(server.url("/"))?;
        assert!(response.fileno() >= 0);
        let mut read = String::new();
        response.read_to_string(&mut read)?;
        assert_eq!(read, "hello");
        assert_eq!(response.trailers().map(|trailers| &trailers["x-sum"]), Some(&"abc".parse().unwrap()));
    }
    Ok(())
}

/// Asks twice, and has no use for the first answer's body.
struct Twice;

impl Handler for Twice {
    fn response(&self, _: &mut Request, response: Response, exchange: &mut Exchange<'_>) -> Result<Next> {
        if exchange.round() > 1 {
            return Ok(Next::Pass(response));
        }
        response.discard();
        Ok(Next::Again)
    }
}

#[test]
fn a_decoded_body_is_drained_when_it_is_discarded() -> Result<()> {
    // More than what comes with the head, and nothing that compresses.
    let mut seed = 1u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    })
    .take(50_000)
    .collect();
    let server = one([hear(), Turn::Send(coded(&gzip(&noise))), hear(), ok("again")]);
    let opener = build_opener().add_handler(Twice).build();
    assert_eq!(text(opener.open(server.url("/"))?)?, "again");
    assert_eq!(server.heard().len(), 1);
    Ok(())
}

/// The rows of the table of what a careful client does.
#[test]
fn cut_wrong_and_too_large() {
    let body = gzip(b"hello");
    assert_eq!(kind(coded(&body)), Ok("hello".into()));
    assert_eq!(kind(coded(&body[..body.len() / 2])), Err(ErrorKind::UnexpectedEof));
    let mut wrong = body.clone();
    let crc = wrong.len() - 8;
    wrong[crc] ^= 1;
    assert_eq!(kind(coded(&wrong)), Err(ErrorKind::Protocol));
    assert_eq!(kind(coded(&gzip(&vec![0; 4 << 20]))), Err(ErrorKind::TooLarge));
    // Cut on the wire as well: the promised length is missed.
    let mut cut = coded(&body);
    cut.truncate(cut.len() - 1);
    assert_eq!(kind(cut), Err(ErrorKind::UnexpectedEof));
}

#[test]
fn the_body_of_a_redirect_is_not_decoded() -> Result<()> {
    let garbage =
        "HTTP/1.1 302 Moved\r\nLocation: /x\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone";
    let server = one([hear(), say(garbage), hear(), ok("there")]);
    assert_eq!(fetch(server.url("/"))?, "there");
    Ok(())
}

#[test]
fn it_is_off_for_a_request_or_an_opener() -> Result<()> {
    let body = gzip(b"hello");
    let server = one([hear(), Turn::Send(coded(&body)), hear(), ok("")]);
    let request = Request::new(server.url("/"))?.add_header("Accept-Encoding", "gzip");
    let mut raw = Vec::new();
    Opener::new().open(request)?.read_to_end(&mut raw).map_err(Error::from)?;
    assert_eq!(raw, body);
    drop(server);
    let server = one([hear(), ok("")]);
    text(build_opener().add_handler(DecodeHandler::off()).build().open(server.url("/"))?)?;
    assert!(server.heard()[0].to_ascii_lowercase().contains("accept-encoding: identity\r\n"));
    let server = one([hear(), ok("")]);
    text(Opener::new().open(Request::new(server.url("/"))?.add_header("Range", "bytes=0-1"))?)?;
    assert!(server.heard()[0].to_ascii_lowercase().contains("accept-encoding: identity\r\n"));
    Ok(())
}
