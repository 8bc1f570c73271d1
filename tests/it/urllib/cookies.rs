//! Cookies on the wire, and over redirects.

use sockeye::{
    Result,
    urllib::{CookieHandler, CookieJar, Opener, Request, build_opener},
};

use super::{hear, ok, one, say, text};
use crate::support::Turn;

fn opener() -> (CookieJar, Opener) {
    let jar = CookieJar::new();
    (jar.clone(), build_opener().add_handler(CookieHandler::new(jar)).build())
}

fn setting(cookies: &[&str]) -> Turn {
    let lines: String = cookies.iter().map(|cookie| format!("Set-Cookie: {cookie}\r\n")).collect();
    say(format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n"))
}

fn moved(location: &str, cookie: &str) -> Turn {
    say(format!(
        "HTTP/1.1 302 Moved\r\nLocation: {location}\r\nSet-Cookie: {cookie}\r\nContent-Length: 0\r\n\r\n"
    ))
}

/// The `Cookie` lines that were heard, in order.
fn cookies(heard: &[String]) -> Vec<&str> {
    heard.iter().flat_map(|text| text.lines()).filter_map(|line| line.strip_prefix("cookie: ")).collect()
}

#[test]
fn they_come_and_go() -> Result<()> {
    let (jar, opener) = opener();
    let server = one([
        hear(),
        setting(&["a=1", "b=2; Path=/deep"]),
        hear(),
        setting(&["a=; Max-Age=0; Path=/"]),
        hear(),
        ok(""),
    ]);
    for path in ["/", "/deep/x", "/deep"] {
        text(opener.open(server.url(path))?)?;
    }
    assert_eq!(cookies(&server.heard()), ["b=2; a=1", "b=2"]);
    assert_eq!(jar.len(), 1);
    Ok(())
}

#[test]
fn each_hop_takes_its_own_from_the_jar() -> Result<()> {
    let (_, opener) = opener();
    let other = one([hear(), ok("there")]);
    // Cookies know no ports, so another host: this machine by name.
    let named = format!("http://localhost:{}/", other.addr().port());
    let server = one([hear(), moved("/two", "a=1"), hear(), moved(&named, "a=2")]);
    assert_eq!(text(opener.open(server.url("/"))?)?, "there");
    assert_eq!(cookies(&server.heard()), ["a=1"]);
    assert_eq!(cookies(&other.heard()), [""; 0]);
    Ok(())
}

#[test]
fn a_request_can_have_its_own() -> Result<()> {
    let (jar, opener) = opener();
    let server = one([hear(), setting(&["a=1"]), hear(), ok("")]);
    text(opener.open(server.url("/"))?)?;
    text(opener.open(Request::new(server.url("/"))?.add_header("Cookie", "mine=1"))?)?;
    assert_eq!(cookies(&server.heard()), ["mine=1"]);
    assert_eq!(jar.len(), 1);
    Ok(())
}

#[test]
fn secure_ones_stay_off_http_even_here() -> Result<()> {
    let (jar, opener) = opener();
    let https = "https://127.0.0.1/".parse().unwrap();
    assert!(jar.set_cookie("a=1; Secure", &https));
    let server = one([hear(), setting(&["b=2; Secure", "d=4"]), hear(), ok("")]);
    for _ in 0..2 {
        text(opener.open(server.url("/"))?)?;
    }
    assert_eq!(cookies(&server.heard()), ["d=4"]);
    Ok(())
}

#[test]
fn third_parties_can_be_left_out() -> Result<()> {
    let jar = CookieJar::new();
    let handler = CookieHandler::new(jar.clone()).first_party_only();
    let opener = build_opener().add_handler(handler).build();
    let server = one([hear(), setting(&["a=1"]), hear(), setting(&["a=1"]), hear(), ok("")]);
    let picture = |origin: &str| {
        Ok::<_, sockeye::Error>(Request::new(server.url("/"))?.unverifiable().origin_req_host(origin))
    };
    text(opener.open(picture("www.example.org")?)?)?;
    assert!(jar.is_empty());
    text(opener.open(picture("127.0.0.1")?)?)?;
    assert_eq!(jar.len(), 1);
    text(opener.open(picture("www.example.org")?)?)?;
    assert_eq!(cookies(&server.heard()), [""; 0]);
    Ok(())
}
