//! What goes out.

use std::{
    fs::File,
    io::{Cursor, Read, Seek, SeekFrom, Write},
};

use sockeye::{
    ErrorKind, Result,
    urllib::{Data, HeaderValue, Opener, Request, build_opener, urlencode, urlopen},
};

use super::{accepted, fetch, hear, ok, one, text};
use crate::support::Turn;

#[test]
fn a_plain_get() -> Result<()> {
    let server = one([hear(), ok("hello")]);
    let (url, addr) = (server.url("/a/b?c=d#e"), server.addr());
    let mut page = String::new();
    urlopen(url)?.read_to_string(&mut page)?;
    assert_eq!(page, "hello");
    let (version, accepted) = (env!("CARGO_PKG_VERSION"), accepted());
    assert_eq!(
        server.heard()[0],
        format!(
            "GET /a/b?c=d HTTP/1.1\r\nHost: {addr}\r\nUser-Agent: sockeye/{version}\r\n{accepted}\r\n\r\n"
        ),
    );
    Ok(())
}

#[test]
fn a_form() -> Result<()> {
    let server = one([Turn::Until("password=secret"), ok("in")]);
    let login = urlencode([("username", "me"), ("password", "secret")]);
    let request = Request::new(server.url("/login"))?.data(login).add_header("User-Agent", "mozilla");
    assert_eq!(fetch(request)?, "in");
    let heard = &server.heard()[0];
    assert!(heard.starts_with("POST /login HTTP/1.1\r\n"), "{heard}");
    for line in
        ["user-agent: mozilla", "Content-Length: 27", "Content-Type: application/x-www-form-urlencoded"]
    {
        assert_eq!(heard.matches(line).count(), 1, "{heard}");
    }
    assert!(heard.ends_with("\r\n\r\nusername=me&password=secret"), "{heard}");
    Ok(())
}

#[test]
fn headers_win_by_their_closeness() -> Result<()> {
    let server = one([hear(), ok("")]);
    let opener = build_opener().add_header("X-A", "opener").add_header("User-Agent", "opener").build();
    let mut request = Request::new(server.url("/"))?
        .add_header("X-A", "request")
        .add_unredirected_header("x-a", "unredirected")
        .add_header("X-B", "1")
        .add_header("x-b", "2")
        .add_header("Host", "example.org");
    request.headers_mut().append("x-c", HeaderValue::from_static("1"));
    request.headers_mut().append("x-c", HeaderValue::from_static("2"));
    opener.open(request)?;
    let heard = server.heard().concat();
    let own: Vec<_> = heard.lines().filter(|line| line.starts_with("x-")).collect();
    assert_eq!(own, ["x-a: unredirected", "x-b: 2", "x-c: 1", "x-c: 2"]);
    assert!(heard.contains("user-agent: opener") && !heard.contains("sockeye"), "{heard}");
    assert_eq!(heard.to_lowercase().matches("host: ").count(), 1);
    assert!(heard.contains("host: example.org"), "{heard}");
    Ok(())
}

#[test]
fn data_of_every_kind() -> Result<()> {
    let big = "0123456789".repeat(30_000);
    let sized = || Data::sized_reader(Cursor::new(big.clone() + "surplus"), 300_000);
    for data in [Data::from(big.clone()), sized()] {
        let server = one([hear(), Turn::Until(Box::leak(big.clone().into_boxed_str())), ok("ok")]);
        assert_eq!(fetch(Request::new(server.url("/"))?.data(data))?, "ok");
        let heard = server.heard().concat();
        assert!(heard.contains("Content-Length: 300000\r\n") && heard.ends_with(&big));
    }
    let server = one([hear(), Turn::Until("\r\n0\r\n\r\n"), ok("ok")]);
    let request = Request::new(server.url("/"))?.method("PUT").data(Data::reader(Cursor::new(big.clone())));
    assert_eq!(fetch(request)?, "ok");
    let heard = server.heard().concat();
    assert!(heard.contains("Transfer-Encoding: chunked\r\n") && !heard.contains("Content-Length"));
    let (_, chunked) = heard.split_once("\r\n\r\n").unwrap();
    assert_eq!(unchunk(chunked), big);
    let server = one([Turn::Until("0\r\n\r\n"), ok("ok")]);
    assert_eq!(fetch(Request::new(server.url("/"))?.data(Data::reader(std::io::empty())))?, "ok");
    Ok(())
}

fn unchunk(mut text: &str) -> String {
    let mut all = String::new();
    while let Some((size, rest)) = text.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        all.push_str(&rest[..size]);
        text = &rest[size + 2..];
    }
    all
}

#[test]
fn methods_that_carry_data_say_how_much() -> Result<()> {
    for (method, says) in [("POST", true), ("PUT", true), ("PATCH", true), ("GET", false), ("DELETE", false)]
    {
        let server = one([hear(), ok("")]);
        fetch(Request::new(server.url("/"))?.method(method))?;
        assert_eq!(server.heard()[0].contains("Content-Length: 0\r\n"), says, "{method}");
    }
    Ok(())
}

#[test]
fn a_reader_that_ends_early_breaks_the_request_off() -> Result<()> {
    let server = one([hear(), Turn::End]);
    let request = Request::new(server.url("/"))?.data(Data::sized_reader(&b"abc"[..], 5));
    let error = fetch(request).unwrap_err();
    assert!(
        error.kind() == ErrorKind::UnexpectedEof && error.to_string().contains("2 bytes early"),
        "{error}"
    );
    Ok(())
}

#[test]
fn what_a_peer_could_misread_is_refused() -> Result<()> {
    // Nobody listens there: it is refused before anything is connected.
    let url = "http://127.0.0.1:1/";
    let with = |name: &str, value: &str| Request::new(url).map(|request| request.add_header(name, value));
    for request in [
        with("Content-Length", "5")?,
        with("Content-Length", "5")?.data("abc"),
        with("Content-Length", "x")?.data("abc"),
        with("Transfer-Encoding", "chunked")?.data("abc"),
        with("Host", "a b")?,
        with("Host", "")?,
        with("X-A", "a\r\nX-Injected: 1")?,
        Request::new(url)?.method("GET /x HTTP/1.1\r\nX:"),
    ] {
        assert_eq!(fetch(request).map_err(|error| error.kind()), Err(ErrorKind::InvalidInput));
    }
    let told = |request| fetch(request).unwrap_err().to_string();
    assert!(told(with("X-A", "a\nb")?).contains("the value of x-a holds a line break"));
    assert!(told(with("X A", "b")?).contains("a header's name is empty or holds"));
    assert!(
        told(Request::new("htp://h/")?)
            .ends_with("unknown scheme \"htp\": http, https, file and data are the ones that are known")
    );
    for (name, value) in [("X-A", "a\nb"), ("a b", "x"), ("Host", "h"), ("Transfer-Encoding", "chunked")] {
        let opener = build_opener().add_header(name, value).build();
        assert_eq!(opener.open(url).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    Ok(())
}

#[test]
fn unfit_urls_are_errors() {
    let https = if cfg!(feature = "tls") { ErrorKind::ConnectionRefused } else { ErrorKind::Unsupported };
    for (url, kind) in [
        ("https://127.0.0.1:1/", https),
        ("gopher://127.0.0.1/", ErrorKind::Unsupported),
        ("127.0.0.1:1/", ErrorKind::InvalidInput),
        ("localhost/x", ErrorKind::InvalidInput),
        ("http://", ErrorKind::InvalidInput),
        ("http://127.0.0.1:99999/", ErrorKind::InvalidInput),
        ("http://127.0.0.1/ HTTP/1.1\r\nX: y", ErrorKind::InvalidInput),
        ("http://127.0.0.1:1/", ErrorKind::ConnectionRefused),
        ("http://no-such-host.invalid/", ErrorKind::UnknownHost),
    ] {
        let error = Opener::new().open(url).unwrap_err();
        assert_eq!(error.kind(), kind, "{url}: {error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
    let error = Opener::new().open("http://me:secret@127.0.0.1:1/x").unwrap_err().to_string();
    assert!(
        error.starts_with("open http://127.0.0.1:1/x failed: connect to 127.0.0.1:1 failed: "),
        "{error}"
    );
}

/// A server that has had enough says why and closes.
#[test]
fn an_early_answer_is_read() -> Result<()> {
    let too_large = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig";
    // The reset that follows stands behind the answer in the client's queue, on one machine.
    for _ in 0..8 {
        let server = one([Turn::Until("\r\n\r\n"), super::say(too_large)]);
        let request = Request::new(server.url("/"))?.data(vec![b'x'; 32 << 20]);
        let error = Opener::new().open(request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Status, "{error}");
        assert_eq!(error.into_response()?.text()?, "big");
    }
    Ok(())
}

/// From where it stands, as long as it was said; a file that is shorter breaks the request off.
#[test]
fn a_file_is_sent_from_where_it_stands() -> Result<()> {
    let mut file = tempfile::tempfile()?;
    let content: String = (0..40_000).map(|number| format!("{number:05} ")).collect();
    file.write_all(content.as_bytes())?;
    let end = "39999 ";
    let server = one([Turn::Until(end), ok("one"), Turn::Until("39998 "), ok("two"), hear(), Turn::End]);
    let opener = Opener::new();
    let from = |start: u64| -> Result<File> {
        let mut file = file.try_clone()?;
        file.seek(SeekFrom::Start(start))?;
        Ok(file)
    };
    let request = |file: File, length| {
        Request::new(server.url("/")).map(|it| it.data(Data::sized_reader(file, length)))
    };
    assert_eq!(text(opener.open(request(from(60)?, 240_000 - 60)?)?)?, "one");
    assert_eq!(text(opener.open(request(from(0)?, 240_000 - 6)?)?)?, "two");
    let error = opener.open(request(from(0)?, 240_001)?).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert!(error.to_string().contains("the request's data ended 1 bytes early"), "{error}");
    drop(opener);
    let heard = server.heard().concat();
    let bodies: Vec<_> = heard.split("\r\n\r\n").collect();
    assert!(bodies[1].starts_with(&content[60..]) && bodies[2].starts_with(&content[..240_000 - 6]));
    assert!(content.starts_with(bodies[3]));
    Ok(())
}
