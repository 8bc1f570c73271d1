//! How an opener makes connections: resolvers, fixed addresses, source addresses, options of sockets.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use sockeye::{
    Error, ErrorKind, Result,
    cancel::CancelToken,
    http::{HttpServer, StatusCode, handler},
    server::ServerHandle,
    socket::Socket,
    urllib::{Opener, Proxy, Request, build_opener},
};

use super::{hear, ok, one, say, text};
use crate::support::{Scripted, Turn};

const LONG: Duration = Duration::from_secs(60);

/// A server that says who asks.
fn mirror() -> Result<ServerHandle> {
    HttpServer::bind("127.0.0.1:0")?.spawn(handler(|request, response| {
        let peer = request.peer().ip().unwrap().to_string();
        response.send_response(StatusCode::OK).body(peer)
    }))
}

/// An address where nobody listens any more.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn page(opener: &Opener, url: &str) -> Result<String> {
    text(opener.open(url)?)
}

#[test]
fn a_resolver_is_asked_for_names_of_new_connections() -> Result<()> {
    let server = Scripted::new(vec![vec![hear(), ok("a"), hear(), ok("b")], vec![hear(), ok("c")]]);
    let (asked, address) = (Arc::new(Mutex::new(Vec::new())), server.addr());
    let notes = asked.clone();
    let opener = build_opener().timeout(LONG).connect_timeout(LONG / 2).resolver(move |name, port, left| {
        notes.lock().unwrap().push((name.to_owned(), port));
        assert!(left.is_some_and(|left| left <= LONG / 2 && left > LONG / 4), "{left:?}");
        // The first one refuses; the second is another port.
        Ok(vec![nobody(), address])
    });
    let opener = opener.build();
    for expected in ["a", "b"] {
        assert_eq!(page(&opener, "http://Box.internal:81/")?, expected);
    }
    assert_eq!(page(&opener, &server.url("/"))?, "c");
    assert_eq!(*asked.lock().unwrap(), [("box.internal".to_owned(), 81)]);
    assert!(server.heard()[0].contains("\r\nHost: box.internal:81\r\n"));
    Ok(())
}

#[test]
fn a_resolver_that_fails() {
    let failing = |find: fn() -> Result<Vec<SocketAddr>>| {
        let opener = build_opener().resolver(move |_, _, _| find()).build();
        opener.open("http://box.internal/").unwrap_err()
    };
    let error = failing(|| Err(Error::new(ErrorKind::PermissionDenied, "not today")));
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.to_string().ends_with("look up box.internal failed: not today"), "{error}");
    assert_eq!(failing(|| Ok(Vec::new())).kind(), ErrorKind::UnknownHost);
}

#[test]
fn a_resolver_that_is_late_or_cancelled() -> Result<()> {
    let server = one([hear(), ok("never")]);
    let address = server.addr();
    let opener = build_opener().connect_timeout(Duration::from_millis(20)).resolver(move |_, _, left| {
        let end = Instant::now() + left.unwrap();
        while Instant::now() < end {}
        Ok(vec![address])
    });
    let error = opener.build().open("http://box.internal/").unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("look up box.internal"), "{error}");
    let token = CancelToken::new()?;
    let ending = token.clone();
    let opener = build_opener().resolver(move |_, _, _| {
        ending.cancel();
        Ok(vec![address])
    });
    let request = Request::new("http://box.internal/")?.cancel_token(&token);
    assert_eq!(opener.build().open(request).unwrap_err().kind(), ErrorKind::Cancelled);
    Ok(())
}

#[test]
fn fixed_addresses_come_before_any_resolver() -> Result<()> {
    let server = Scripted::new(vec![vec![hear(), ok("here")]; 3]);
    let opener = build_opener()
        .resolver(|_, _, _| Err(Error::new(ErrorKind::UnknownHost, "nobody was to ask")))
        .resolve("BÜCHER.example:80", [nobody(), server.addr()])
        .resolve("[2001:db8::1]:81", [server.addr()])
        .resolve("proxy.example:3128", [server.addr()])
        .build();
    assert_eq!(page(&opener, "http://bücher.example/")?, "here");
    assert_eq!(page(&opener, "http://[2001:db8::1]:81/")?, "here");
    let request = Request::new("http://h.example/")?.proxy(Proxy::new("http://proxy.example:3128")?);
    assert_eq!(text(opener.open(request)?)?, "here");
    // Another port is another place.
    assert_eq!(page(&opener, "http://bücher.example:81/").unwrap_err().kind(), ErrorKind::UnknownHost);
    Ok(())
}

#[test]
fn a_place_that_is_none_is_refused() {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    for place in ["h.example", "h.example:", "h.example:+1", "h.example:70000", ":80", "a b:80", "::1:80"] {
        let error = build_opener().resolve(place, [address]).build().open("http://h.example/").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{place}: {error}");
    }
    let error = build_opener().resolve("h.example:80", []).build().open("http://h.example/").unwrap_err();
    assert!(error.to_string().contains("no addresses"), "{error}");
}

/// SOCKS5 without `h`: names are looked up on this side.
#[test]
fn a_socks_proxy_gets_the_addresses() -> Result<()> {
    let proxy = one([
        Turn::Until("\x05\x01\0"),
        say("\x05\0"),
        Turn::Until("\x05\x01\0\x01\x7f\0\0\x09\0\x50"),
        say("\x05\0\0\x01\0\0\0\0\0\0"),
        hear(),
        ok("through"),
    ]);
    let opener = build_opener().resolver(|_, port, _| Ok(vec![([127, 0, 0, 9], port).into()])).build();
    let request = Request::new("http://h.example/")?.proxy(Proxy::new(format!("socks5://{}", proxy.addr()))?);
    assert_eq!(text(opener.open(request)?)?, "through");
    Ok(())
}

#[test]
fn connections_begin_at_the_source_address() -> Result<()> {
    let server = mirror()?;
    let url = format!("http://{}/", server.addr());
    let opener = build_opener().source_address(Ipv4Addr::new(127, 0, 0, 3)).build();
    assert_eq!(page(&opener, &url)?, "127.0.0.3");
    let opener = build_opener().source_address(std::net::Ipv6Addr::LOCALHOST).build();
    assert_eq!(page(&opener, &url).unwrap_err().kind(), ErrorKind::AddressNotAvailable);
    server.shutdown();
    Ok(())
}

#[test]
fn each_new_socket_is_prepared() -> Result<()> {
    let server = mirror()?;
    let url = format!("http://{}/", server.addr());
    let seen = Arc::new(Mutex::new(0));
    let count = seen.clone();
    let opener = build_opener().prepare_socket(move |socket: &Socket| {
        *count.lock().unwrap() += 1;
        // Neither bound nor connected yet; and what it does to the mode doesn't matter.
        socket.settimeout(Duration::ZERO)?;
        socket.bind(("127.0.0.4", 0))
    });
    let opener = opener.build();
    for _ in 0..2 {
        assert_eq!(page(&opener, &url)?, "127.0.0.4");
    }
    assert_eq!(*seen.lock().unwrap(), 1);
    let opener = build_opener().prepare_socket(|_| Err(Error::new(ErrorKind::PermissionDenied, "no option")));
    let error = opener.build().open(&url).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("prepare the socket failed: no option"), "{error}");
    server.shutdown();
    Ok(())
}
