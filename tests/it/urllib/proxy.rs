//! Through proxies that play a script, and to Unix sockets.

mod auth;
mod hostile;
mod peers;
mod socks;
mod unix;

use sockeye::{
    ErrorKind, Result,
    http::{HttpServer, StatusCode, handler},
    urllib::{HeaderValue, Opener, Proxy, ProxyHandler, Request, build_opener},
};

use super::{accepted, hear, moved, ok, one, say, text};
use crate::support::{Scripted, Turn};

const ME: &str = "Basic bWU6c2VjcmV0";

/// For http and https.
fn through(proxy: impl AsRef<str>) -> Opener {
    build_opener().add_handler(ProxyHandler::new([("all", proxy)]).unwrap()).build()
}

#[test]
fn a_proxy_is_asked_for_the_whole_url() -> Result<()> {
    let proxy = one([hear(), ok("one"), hear(), ok("two")]);
    let opener = through(proxy.url(""));
    assert_eq!(text(opener.open("http://me:secret@One.example/x?y#z")?)?, "one");
    // Another host's request takes the same connection.
    assert_eq!(text(opener.open("http://two.example:81")?)?, "two");
    let heard = proxy.heard();
    let agent = concat!("User-Agent: sockeye/", env!("CARGO_PKG_VERSION"), "\r\n");
    let (first, second) = (
        format!("GET http://one.example/x?y HTTP/1.1\r\nHost: one.example\r\n{agent}"),
        format!(
            "GET http://two.example:81/ HTTP/1.1\r\nHost: two.example:81\r\n{agent}{}\r\n\r\n",
            accepted()
        ),
    );
    assert!(heard[0].starts_with(&first) && heard[0].ends_with(&second), "{heard:?}");
    assert!(
        heard[0].contains(&format!("authorization: {ME}\r\n")) && !heard[0].contains("roxy-"),
        "{heard:?}"
    );
    Ok(())
}

#[test]
fn user_and_password_go_to_the_proxy_alone() -> Result<()> {
    let server = one([hear(), ok("there")]);
    let elsewhere = server.addr();
    let proxy = one([hear(), ok("one"), hear(), moved(307, &format!("http://{elsewhere}/x"))]);
    let handler = ProxyHandler::new([("http", format!("http://me:s%65cret@{}", proxy.addr()))])?;
    let opener = build_opener().add_handler(handler.bypass(&elsewhere.to_string())).build();
    assert_eq!(text(opener.open("http://one.example/")?)?, "one");
    // A redirect to what is reached directly.
    assert_eq!(text(opener.open("http://one.example/")?)?, "there");
    let heard = proxy.heard();
    assert_eq!(heard[0].matches(&format!("Proxy-Authorization: {ME}\r\n")).count(), 2, "{heard:?}");
    let heard = server.heard();
    assert!(heard[0].starts_with("GET /x HTTP/1.1\r\n") && !heard[0].contains("uthorization"), "{heard:?}");
    Ok(())
}

#[test]
fn another_proxy_gets_nothing_of_the_first_ones() -> Result<()> {
    let second = one([hear(), ok("second")]);
    let first = one([hear(), moved(302, "http://b.example/")]);
    let (a, b) = (
        Proxy::new(format!("http://me:secret@{}", first.addr()))?,
        Proxy::new(format!("http://{}", second.addr()))?,
    );
    let handler = ProxyHandler::by(move |url| match url.host_str() {
        Some("a.example") => Some(a.clone()),
        _ => Some(b.clone()),
    });
    // A header of the user's own is for the first hop as well.
    let mut own = HeaderValue::from_static("own secret");
    own.set_sensitive(true);
    let opener = build_opener().add_handler(handler).build();
    let request = Request::new("http://a.example/")?.add_header("Proxy-Authorization", own);
    assert_eq!(text(opener.open(request)?)?, "second");
    let heard = first.heard();
    assert!(heard[0].contains("Proxy-Authorization: own secret\r\n") && !heard[0].contains(ME), "{heard:?}");
    assert!(!second.heard()[0].contains("roxy-"));
    Ok(())
}

/// Neither within the same place, where other headers stay.
#[test]
fn a_header_is_for_the_first_proxy() -> Result<()> {
    let second = one([hear(), ok("second")]);
    let first = one([hear(), moved(302, "/b")]);
    let (a, b) = (Proxy::new(first.url(""))?, Proxy::new(second.url(""))?);
    let handler = ProxyHandler::by(move |url| Some(if url.path() == "/a" { a.clone() } else { b.clone() }));
    let request = Request::new("http://h.example/a")?
        .add_header("Proxy-Authorization", "secret")
        .add_header("Authorization", "kept");
    let opener = build_opener().add_handler(handler).build();
    assert_eq!(text(opener.open(request)?)?, "second");
    assert!(first.heard()[0].contains("Proxy-Authorization: secret\r\n"));
    let heard = second.heard();
    assert!(!heard[0].contains("secret") && heard[0].contains("authorization: kept\r\n"), "{heard:?}");
    Ok(())
}

#[test]
fn the_requests_own_word_counts() -> Result<()> {
    let server = one([hear(), ok("direct")]);
    let proxy = one([hear(), moved(302, "http://b.example/"), hear(), ok("proxied")]);
    let opener = through("http://127.0.0.1:1");
    assert_eq!(text(opener.open(Request::new(server.url("/"))?.proxy(None))?)?, "direct");
    let request = Request::new("http://a.example/")?.proxy(Proxy::new(proxy.url(""))?);
    assert_eq!(text(opener.open(request)?)?, "proxied");
    assert_eq!(text(build_opener().add_handler(ProxyHandler::none()).build().open("data:,x")?)?, "x");
    assert!(proxy.heard()[0].contains("GET http://b.example/ HTTP/1.1\r\n"));
    Ok(())
}

#[test]
fn connections_are_of_one_way() -> Result<()> {
    // A server that says from where it was asked: as a proxy, as a proxy for somebody else, as a server.
    let place = HttpServer::bind("127.0.0.1:0")?.spawn(handler(|request, response| {
        let from = request.peer().to_string();
        response.send_response(StatusCode::OK).body(from)
    }))?;
    let url = format!("http://{}/", place.addr());
    let (opener, proxy) = (Opener::new(), Proxy::new(&url)?);
    let ways = [
        Request::new("http://h.example/")?.proxy(proxy.clone()),
        Request::new("http://h.example/")?.proxy(proxy.clone().credentials("me", "secret")?),
        Request::new("http://h.example/")?.proxy(proxy).add_header("Proxy-Authorization", "x"),
        Request::new(&url)?.proxy(None),
    ];
    let mut from = Vec::new();
    for request in ways {
        from.push(text(opener.open(request)?)?);
    }
    let first = from[0].clone();
    from.sort();
    from.dedup();
    assert_eq!(from.len(), 4, "{from:?}");
    let again = Request::new("http://g.example/")?.proxy(Proxy::new(&url)?);
    assert_eq!(text(opener.open(again)?)?, first);
    place.shutdown();
    Ok(())
}

#[test]
fn a_proxy_that_cant_be_reached_is_named() -> Result<()> {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    for (scheme, secret) in [("http", ":secret"), ("socks5h", ":secret"), ("socks4a", "")] {
        let error =
            through(format!("{scheme}://me{secret}@{nobody}")).open("http://h.example/x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let expected = format!(
            "open http://h.example/x failed: reach the proxy {scheme}://{nobody} failed: \
             connect to {nobody} failed: connection refused"
        );
        assert_eq!(error.to_string(), expected);
    }
    Ok(())
}

#[test]
fn data_go_through_it() -> Result<()> {
    let proxy = one([Turn::Until("a=b"), ok("posted")]);
    let opener = through(proxy.url(""));
    assert_eq!(text(opener.open(Request::new("http://h.example/")?.data("a=b"))?)?, "posted");
    assert!(proxy.heard()[0].starts_with("POST http://h.example/ HTTP/1.1\r\n"));
    // A connection that the proxy has closed is replaced like any other.
    let proxy = Scripted::new(vec![vec![hear(), ok("one")], vec![hear(), ok("two")]]);
    let opener = through(proxy.url(""));
    for expected in ["one", "two"] {
        assert_eq!(text(opener.open("http://h.example/")?)?, expected);
    }
    Ok(())
}

#[test]
fn only_http_and_https_have_proxies() -> Result<()> {
    assert_eq!(text(through("http://127.0.0.1:1").open("data:,x")?)?, "x");
    assert_eq!(ProxyHandler::new([("ftp", "http://h")]).unwrap_err().kind(), ErrorKind::InvalidInput);
    let wrong = ProxyHandler::none().bypass("10.0.0.0/99");
    let error = build_opener().add_handler(wrong).build().open("http://127.0.0.1:1/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("\"10.0.0.0/99\" is no host"), "{error}");
    Ok(())
}

#[test]
fn a_407_is_an_answer_like_any_other() {
    let proxy = one([hear(), say("HTTP/1.1 407 Who?\r\nContent-Length: 4\r\n\r\nwho?")]);
    let error = through(proxy.url("")).open("http://h.example/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status);
    assert_eq!(error.response().map(|response| response.getcode()), Some(407));
}
