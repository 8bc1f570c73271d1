//! A response read at once, and as Python's file.

use std::io::{self, Read};

use sockeye::{
    ErrorKind, Result,
    urllib::{Multipart, Opener, Request, build_opener},
};

use super::{hear, moved, ok, one, say, text};
use crate::support::Turn;

fn typed(media: &str, body: &[u8]) -> Turn {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n", body.len());
    Turn::Send([head.as_bytes(), body].concat())
}

#[test]
fn text_by_its_charset() -> Result<()> {
    for (media, body, expected) in [
        ("text/plain", &b"caf\xc3\xa9"[..], Ok("café")),
        ("text/plain; charset=ISO-8859-1", b"caf\xe9", Ok("café")),
        ("text/plain; Charset=\"utf-8\"; x=y", b"caf\xc3\xa9", Ok("café")),
        ("text/plain; charset=nonsense", b"x", Err(ErrorKind::Unsupported)),
    ] {
        let server = one([hear(), typed(media, body)]);
        let read = Opener::new().open(server.url("/"))?.text();
        assert_eq!(read.as_deref().map_err(|error| error.kind()), expected, "{media}");
    }
    let server = one([hear(), say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut")]);
    assert_eq!(Opener::new().open(server.url("/"))?.text().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    Ok(())
}

/// Short or long, by a length or in chunks: behind what the buffer holds already.
#[test]
fn the_rest_at_once() -> Result<()> {
    for size in [0, 1, 8191, 8192, 8193, 300_000] {
        let body = "abcdefgh".repeat(size / 8 + 1)[..size].to_owned();
        let chunked =
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n");
        let chunked = if size > 0 { chunked } else { chunked.replacen("0\r\n\r\n", "", 1) };
        let server = one([hear(), ok(&body), hear(), say(&chunked), hear(), ok(&body)]);
        let opener = Opener::new();
        for _ in 0..2 {
            let (mut bytes, mut response) = (b"before ".to_vec(), opener.open(server.url("/"))?);
            assert_eq!(response.read_to_end(&mut bytes)?, size);
            assert_eq!(bytes, [b"before ", body.as_bytes()].concat());
            assert_eq!(response.read_to_end(&mut bytes)?, 0);
        }
        let (mut text, mut response) = ("before ".to_owned(), opener.open(server.url("/"))?);
        let first = size.min(3);
        response.read_exact(&mut [0; 3][..first])?;
        assert_eq!(response.read_to_string(&mut text)?, size - first);
        assert_eq!(text, ["before ", &body[first..]].concat());
    }
    Ok(())
}

#[test]
fn the_rest_that_is_cut_or_no_text() -> Result<()> {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut";
    let server = one([hear(), say(cut)]);
    let (mut bytes, mut response) = (Vec::new(), Opener::new().open(server.url("/"))?);
    assert_eq!(response.read_to_end(&mut bytes).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(bytes, b"cut");
    let server = one([hear(), say(cut)]);
    let mut read = "so far ".to_owned();
    let error = Opener::new().open(server.url("/"))?.read_to_string(&mut read).unwrap_err();
    assert_eq!((error.kind(), read.as_str()), (io::ErrorKind::UnexpectedEof, "so far cut"));
    let server = one([hear(), typed("text/plain", b"caf\xe9")]);
    let error = Opener::new().open(server.url("/"))?.read_to_string(&mut read).unwrap_err();
    assert_eq!((error.kind(), read.as_str()), (io::ErrorKind::InvalidData, "so far cut"));
    Ok(())
}

#[test]
fn lines_and_the_descriptor() -> Result<()> {
    let server = one([hear(), ok("one\n\ntwo"), hear(), ok("again")]);
    let opener = Opener::new();
    let mut response = opener.open(server.url("/"))?;
    assert!(response.fileno() > 2);
    assert_eq!(response.readline()?, b"one\n");
    assert_eq!(response.readlines()?, [&b"\n"[..], b"two"]);
    assert_eq!((response.readline()?, response.fileno()), (Vec::new(), -1));
    response.close();
    assert_eq!(text(opener.open(server.url("/"))?)?, "again");
    Ok(())
}

#[cfg(feature = "json")]
#[test]
fn json_both_ways() -> Result<()> {
    let server = one([
        Turn::Until("\"n\":7}"),
        typed("application/json", b"\xef\xbb\xbf{\"n\":8}"),
        hear(),
        ok("{"),
        hear(),
        ok("{\"n\":\"x\"}"),
    ]);
    let opener = Opener::new();
    let sent = std::collections::BTreeMap::from([("n", 7)]);
    let response = opener.open(Request::new(server.url("/"))?.json(&sent))?;
    assert_eq!(response.json::<std::collections::BTreeMap<String, u8>>()?["n"], 8);
    for _ in 0..2 {
        let wrong = opener.open(server.url("/"))?.json::<std::collections::BTreeMap<String, u8>>();
        assert_eq!(wrong.unwrap_err().kind(), ErrorKind::Protocol);
    }
    let heard = server.heard();
    assert!(
        heard[0].contains("content-type: application/json\r\n") && heard[0].starts_with("POST / "),
        "{heard:?}"
    );
    // What JSON has no words for.
    let odd = std::collections::BTreeMap::from([(vec![1], 2)]);
    let error = opener.open(Request::new("http://127.0.0.1:1/")?.json(&odd)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    Ok(())
}

#[test]
fn a_form_with_a_file_goes_out_twice() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, vec![b'x'; 100_000]).unwrap();
    let form = Multipart::new().text("title", "Notes").file("upload", &path)?;
    let (kind, end) = (form.content_type(), "--\r\n");
    let server = one([Turn::Until(end), moved(307, "/there"), Turn::Until(end), ok("done")]);
    let request = Request::new(server.url("/"))?.multipart(form);
    let length = request.data_ref().and_then(|data| data.len()).unwrap();
    assert_eq!(text(build_opener().build().open(request)?)?, "done");
    let heard = server.heard();
    assert_eq!(heard[0].matches(&format!("content-type: {kind}\r\n")).count(), 2);
    assert_eq!(heard[0].matches(&format!("Content-Length: {length}\r\n")).count(), 2);
    assert_eq!(heard[0].matches(&"x".repeat(100_000)).count(), 2);
    Ok(())
}
