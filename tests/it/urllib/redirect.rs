//! Redirects: where they lead, what goes along, and which are refused.

use sockeye::{
    ErrorKind, Result,
    urllib::{Data, Opener, RedirectHandler, Request, build_opener},
};

use super::{fetch, hear, moved, ok, one, say, text};
use crate::support::{Scripted, Turn};

/// The first line and the body of each request on the first connection.
fn lines(server: Scripted) -> Vec<String> {
    let heard = server.heard().concat();
    heard
        .lines()
        .filter(|line| line.ends_with(" HTTP/1.1"))
        .map(|line| line.replace(" HTTP/1.1", ""))
        .collect()
}

#[test]
fn locations_are_followed() -> Result<()> {
    for (location, target) in [
        ("/x", "/x"),
        ("?q", "/a/b?q"),
        ("c", "/a/c"),
        ("../c", "/c"),
        ("/a b", "/a%20b"),
        ("/\u{e4}", "/%C3%A4"),
        ("/x#y", "/x"),
        ("", "/a/b"),
    ] {
        let server = one([hear(), moved(302, location), hear(), ok("hello")]);
        if location.is_empty() {
            assert_eq!(fetch(server.url("/a/b")).map_err(|e| e.kind()), Err(ErrorKind::Redirect));
            continue;
        }
        assert_eq!(fetch(server.url("/a/b"))?, "hello", "{location}");
        assert_eq!(lines(server), ["GET /a/b".to_owned(), format!("GET {target}")]);
    }
    Ok(())
}

#[test]
fn without_a_scheme_and_to_itself_by_another_name() -> Result<()> {
    let second = one([hear(), ok("hello")]);
    let first = one([hear(), moved(302, &format!("//{}/x?y", second.addr()))]);
    let opener = Opener::new();
    let response = opener.open(first.url("/start"))?;
    assert_eq!(response.geturl(), second.url("/x?y"));
    let history: Vec<_> = response.history().iter().map(|url| url.as_str().to_owned()).collect();
    assert_eq!(history, [first.url("/start")]);
    assert_eq!(text(response)?, "hello");
    Ok(())
}

#[test]
fn methods_and_data_follow_the_rules() -> Result<()> {
    for (status, method, then) in [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (302, "HEAD", "HEAD"),
        (308, "PATCH", "PATCH"),
    ] {
        let with_data = !matches!(method, "HEAD" | "DELETE");
        let end = |method| Turn::Until(if with_data && method != "GET" { "data" } else { "\r\n\r\n" });
        let redirect = format!("HTTP/1.1 {status} Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n");
        let server = one([end(method), say(redirect), end(then), say("HTTP/1.1 204 No Content\r\n\r\n")]);
        let mut request = Request::new(server.url("/"))?.method(method);
        if with_data {
            request = request.data("data").add_header("Content-Type", "text/plain");
        }
        fetch(request)?;
        let heard = server.heard().concat();
        let second = heard.rsplit_once(&format!("{then} /x HTTP/1.1\r\n")).map(|(_, rest)| rest);
        let second = second.unwrap_or_else(|| panic!("{status} {method}: {heard}"));
        assert_eq!(
            second.contains("content-type: text/plain"),
            with_data && then != "GET",
            "{status} {method}"
        );
        assert_eq!(second.ends_with("data"), with_data && then != "GET", "{status} {method}");
    }
    Ok(())
}

#[test]
fn data_from_a_reader_do_not_go_out_twice() -> Result<()> {
    let server = one([Turn::Until("data"), moved(307, "/x"), hear(), ok("twice")]);
    let request = Request::new(server.url("/"))?.data(Data::sized_reader(&b"data"[..], 4));
    let error = fetch(request).unwrap_err();
    assert_eq!((error.kind(), error.response().map(|r| r.getcode())), (ErrorKind::Redirect, Some(307)));
    drop(error); // and its connection with it
    assert_eq!(lines(server), ["POST /"]);
    Ok(())
}

#[test]
fn refused() {
    for location in [
        "file:///etc/hostname",
        "ftp://127.0.0.1/",
        "data:,hello",
        "javascript:alert(1)",
        "mailto:me@h",
        "http://127.0.0.1:99999/",
        "http://[::1/",
        "http://",
        "http://%00/",
        "http:\\\\",
    ] {
        let server = one([hear(), moved(302, location)]);
        let error = fetch(server.url("/")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Redirect, "{location}: {error}");
        assert_eq!(error.into_response().map(|response| response.getcode()).ok(), Some(302));
    }
}

/// Whatever a server writes there: an error or an answer.
#[test]
fn strange_locations() {
    for location in
        [&b"//"[..], b"///", b"?", b"#", b"http:", b"\xff\xfe", b"/\x80", b"%", b"/%", b"//@", b"//:@:"]
    {
        let mut answer = b"HTTP/1.1 302 Found\r\nLocation: ".to_vec();
        answer.extend(location);
        answer.extend(b"\r\nContent-Length: 0\r\n\r\n");
        let server = one([hear(), say(answer), hear(), ok("x")]);
        let opener = build_opener().add_handler(RedirectHandler::new().limit(1)).build();
        let _ = opener.open(server.url("/"));
    }
}

#[test]
fn circles_and_long_ways_end() -> Result<()> {
    let server = one([hear(), moved(302, "/")]);
    let error = fetch(server.url("/")).unwrap_err();
    assert!(error.kind() == ErrorKind::Redirect && error.to_string().contains("circle"), "{error}");

    let there_and_back = one([hear(), moved(302, "/b"), hear(), moved(302, "/")]);
    assert_eq!(fetch(there_and_back.url("/")).map_err(|e| e.kind()), Err(ErrorKind::Redirect));

    let hops = |count| (0..count).flat_map(|n| [hear(), moved(302, &format!("/{n}"))]).collect::<Vec<_>>();
    let server = one([hops(10), vec![hear(), ok("far")]].concat());
    assert_eq!(fetch(server.url("/"))?, "far");
    let server = one(hops(11));
    let error = fetch(server.url("/")).unwrap_err();
    assert!(error.kind() == ErrorKind::Redirect && error.to_string().contains("10"), "{error}");
    Ok(())
}

/// A page that sets a cookie and sends back to itself isn't a circle yet.
#[test]
fn a_cookie_may_change_the_answer() -> Result<()> {
    let again = || say("HTTP/1.1 302 Found\r\nLocation: /\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
    let server = one([hear(), again(), hear(), ok("hello")]);
    assert_eq!(fetch(server.url("/"))?, "hello");
    let server = one((0..9).flat_map(|_| [hear(), again()]).collect::<Vec<_>>());
    assert_eq!(fetch(server.url("/")).map_err(|e| e.kind()), Err(ErrorKind::Redirect));
    Ok(())
}

fn secretive(url: String) -> Result<Request> {
    Ok(Request::new(url)?
        .add_header("Authorization", "Bearer secret")
        .add_header("Cookie", "secret=1")
        .add_header("Proxy-Authorization", "Basic secret")
        .add_header("X-Kept", "kept"))
}

#[test]
fn credentials_stay_within_the_origin() -> Result<()> {
    let server = one([hear(), moved(302, "/x"), hear(), ok("a")]);
    fetch(secretive(server.url("/"))?)?;
    assert_eq!(server.heard()[0].matches("secret").count(), 4);
    Ok(())
}

/// Another port is another place; and they don't come back where they came from (CVE-2024-45336).
#[test]
fn credentials_do_not_travel() -> Result<()> {
    let last = one([hear(), ok("a")]);
    let other = one([hear(), moved(302, &last.url("/back"))]);
    let first = one([hear(), moved(302, &format!("http://me:secret@{}/", other.addr()))]);
    fetch(secretive(first.url("/"))?)?;
    for server in [other, last] {
        let heard = server.heard().concat();
        assert!(heard.contains("x-kept: kept") && !heard.contains("secret"), "{heard}");
    }
    // What is for a proxy goes to no server.
    assert_eq!(first.heard()[0].matches("secret").count(), 2);
    Ok(())
}

#[test]
fn credentials_do_not_come_back_to_the_first_host() -> Result<()> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let first_url = format!("http://{}", listener.local_addr()?);
    let other = one([hear(), moved(302, &format!("{first_url}/again"))]);
    let to_other = other.url("/");
    let first = std::thread::spawn(move || -> std::io::Result<String> {
        use std::io::{Read, Write};
        let mut heard = String::new();
        let answers = [
            format!(
                "HTTP/1.1 302 Found\r\nLocation: {to_other}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            ),
            "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_owned(),
        ];
        for answer in answers {
            let (mut peer, _) = listener.accept()?;
            let mut buf = [0; 4096];
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let n = peer.read(&mut buf)?;
                head.extend(&buf[..n]);
            }
            peer.write_all(answer.as_bytes())?;
            heard.push_str(&String::from_utf8_lossy(&head));
        }
        Ok(heard)
    });
    fetch(secretive(format!("{first_url}/"))?)?;
    let heard = first.join().unwrap()?;
    let (before, after) = heard.split_once("GET /again").unwrap();
    assert!(before.contains("secret") && !after.contains("secret") && after.contains("x-kept"), "{heard}");
    Ok(())
}

#[test]
fn credentials_of_the_opener_stay_with_the_first_host() -> Result<()> {
    let other = one([hear(), moved(302, "/x"), hear(), ok("hello")]);
    let first = one([hear(), moved(302, "/y"), hear(), moved(302, &other.url("/"))]);
    let opener = build_opener().add_header("Authorization", "secret").add_header("X-Kept", "kept").build();
    opener.open(first.url("/"))?;
    assert_eq!(first.heard().concat().matches("secret").count(), 2);
    let heard = other.heard().concat();
    assert!(heard.contains("x-kept") && !heard.contains("secret"), "{heard}");
    Ok(())
}

#[test]
fn a_redirect_without_a_location_is_the_answer() -> Result<()> {
    for answer in ["302 Found", "304 Not Modified", "300 Multiple Choices\r\nLocation: /x"] {
        let server = one([hear(), say(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n"))]);
        assert!(Opener::new().open(server.url("/"))?.status().is_redirection());
    }
    Ok(())
}

#[test]
fn redirects_can_be_left_alone() -> Result<()> {
    let server = one([hear(), moved(302, "/x")]);
    let opener = build_opener().add_handler(RedirectHandler::off()).build();
    let response = opener.open(server.url("/"))?;
    assert_eq!(response.headers()["location"], "/x");
    assert_eq!(text(response)?, "gone");
    Ok(())
}

/// The body of a redirect may have no end.
#[test]
fn a_long_body_of_a_redirect_is_not_read() -> Result<()> {
    for head in ["Content-Length: 1000000000", "Transfer-Encoding: chunked", "X: until close"] {
        let head = format!("HTTP/1.1 302 Found\r\nLocation: /x\r\n{head}\r\n\r\n");
        let endless = Turn::Forever(b"3e8\r\n".iter().copied().chain([b'x'; 1000]).chain(*b"\r\n").collect());
        let server = Scripted::new(vec![vec![hear(), say(head), endless], vec![hear(), ok("hello")]]);
        assert_eq!(fetch(server.url("/"))?, "hello");
    }
    Ok(())
}
