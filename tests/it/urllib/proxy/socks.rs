//! SOCKS proxies, byte by byte.

use sockeye::{ErrorKind, Result};

use super::{hear, ok, one, say, text, through};
use crate::support::{Scripted, Turn};

/// SOCKS5's way to `h.example` and port 80, without a login.
fn named() -> [Turn; 4] {
    [
        Turn::Until("\x05\x01\0"),
        say(b"\x05\0"),
        Turn::Until("\x05\x01\0\x03\x09h.example\0\x50"),
        say(b"\x05\0\0\x01\0\0\0\0\0\0"),
    ]
}

fn then(mut turns: Vec<Turn>, answer: &str) -> Vec<Turn> {
    turns.extend([hear(), ok(answer)]);
    turns
}

#[test]
fn socks5h_leaves_the_name_to_the_proxy() -> Result<()> {
    let mut turns = then(named().into(), "one");
    turns.extend([hear(), ok("two")]);
    let proxy = one(turns);
    let opener = through(format!("socks5h://{}", proxy.addr()));
    assert_eq!(text(opener.open("http://h.example/x")?)?, "one");
    // On the same connection.
    assert_eq!(text(opener.open("http://h.example/y")?)?, "two");
    let heard = proxy.heard();
    // A server's request, not a proxy's.
    assert!(heard[0].contains("\0\x50GET /x HTTP/1.1\r\nHost: h.example\r\n"), "{heard:?}");
    assert!(!heard[0].contains("roxy"), "{heard:?}");
    Ok(())
}

#[test]
fn socks5_looks_names_up_and_takes_addresses_in_turn() -> Result<()> {
    // Whatever the order is in which `localhost` has them, the second try reaches this address.
    let four = "\x05\x01\0\x01\x7f\0\0\x01\0\x50";
    let way =
        |reply: &[u8]| vec![Turn::Until("\x05\x01\0"), say(b"\x05\0"), Turn::Until("\0\x50"), say(reply)];
    let refused = way(b"\x05\x05\0\x01\0\0\0\0\0\0");
    let open = then(way(b"\x05\0\0\x01\0\0\0\0\0\0"), "there");
    let proxy = Scripted::new(vec![refused, open.clone(), open]);
    let opener = through(format!("socks5://{}", proxy.addr()));
    let first = opener.open("http://localhost/").and_then(text);
    let heard = match first {
        // Two addresses: the second one did.
        Ok(page) => {
            assert_eq!(page, "there");
            proxy.heard()
        }
        // One address: it was refused; the next call isn't.
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            assert!(error.to_string().contains("to connect to localhost:80 failed: SOCKS"), "{error}");
            assert_eq!(text(opener.open("http://localhost/")?)?, "there");
            proxy.heard()
        }
    };
    assert!(heard.iter().any(|heard| heard.contains(four)), "{heard:?}");
    Ok(())
}

/// However many addresses the name has.
#[test]
fn a_wrong_login_is_shown_once() {
    let way =
        || vec![Turn::Until("\x05\x02\0\x02"), say(b"\x05\x02"), Turn::Until("ecret"), say(b"\x01\x01")];
    let proxy = Scripted::new(vec![way(), way()]);
    let error =
        through(format!("socks5://me:secret@{}", proxy.addr())).open("http://localhost/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Proxy);
    assert_eq!(proxy.heard().len(), 1);
}

#[test]
fn addresses_stay_addresses() -> Result<()> {
    for (scheme, url, asked) in [
        ("socks5h", "http://10.1.2.3/", "\x05\x01\0\x01\x0a\x01\x02\x03\0\x50"),
        ("socks5", "http://[::1]/", "\x05\x01\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x50"),
    ] {
        let turns =
            [Turn::Until("\x05\x01\0"), say(b"\x05\0"), Turn::Until(asked), say(b"\x05\0\0\x01\0\0\0\0\0\0")];
        let proxy = one(then(turns.into(), "there"));
        assert_eq!(text(through(format!("{scheme}://{}", proxy.addr())).open(url)?)?, "there");
    }
    Ok(())
}

#[test]
fn a_login_goes_to_the_proxy_alone() -> Result<()> {
    let turns = [
        Turn::Until("\x05\x02\0\x02"),
        say(b"\x05\x02"),
        Turn::Until("\x01\x02me\x07s:ecret"),
        say(b"\x01\0"),
        Turn::Until("\x09h.example\0\x50"),
        say(b"\x05\0\0\x03\x01h\0\0"),
    ];
    let proxy = one(then(turns.into(), "there"));
    let opener = through(format!("socks5h://me:s%3Aecret@{}", proxy.addr()));
    assert_eq!(text(opener.open("http://h.example/")?)?, "there");
    let heard = proxy.heard();
    assert_eq!(heard[0].matches("ecret").count(), 1, "{heard:?}");
    assert!(!heard[0].contains("uthorization"), "{heard:?}");

    let turns = [Turn::Until("\x05\x02\0\x02"), say(b"\x05\x02"), Turn::Until("ecret"), say(b"\x01\x01")];
    let proxy = one(turns);
    let error =
        through(format!("socks5h://me:secret@{}", proxy.addr())).open("http://h.example/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Proxy);
    let expected = format!(
        "open http://h.example/ failed: ask the proxy socks5h://{} to connect to h.example:80 failed: \
         SOCKS: it doesn't accept the user name and the password",
        proxy.addr()
    );
    assert_eq!(error.to_string(), expected);
    Ok(())
}

#[test]
fn socks4_and_4a() -> Result<()> {
    let open = || say(b"\0\x5a\0\0\0\0\0\0");
    for (scheme, url, asked) in [
        ("socks4a", "http://h.example/", "\x04\x01\0\x50\0\0\0\x01me\0h.example\0"),
        ("socks4a", "http://10.1.2.3/", "\x04\x01\0\x50\x0a\x01\x02\x03me\0"),
        ("socks4", "http://localhost/", "\x04\x01\0\x50\x7f\0\0\x01me\0"),
    ] {
        let proxy = one(then(vec![Turn::Until(asked), open()], "there"));
        assert_eq!(text(through(format!("{scheme}://me@{}", proxy.addr())).open(url)?)?, "there", "{scheme}");
    }
    let proxy = one([hear()]);
    let error = through(format!("socks4://{}", proxy.addr())).open("http://[::1]/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().ends_with("SOCKS4 knows no IPv6 addresses: use socks5 or socks5h"), "{error}");
    let proxy = one([Turn::Until("\0h.example\0"), say(b"\0\x5b\0\0\0\0\0\0")]);
    let error = through(format!("socks4a://{}", proxy.addr())).open("http://h.example/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Proxy);
    Ok(())
}

#[test]
fn refusals_have_kinds() {
    for (code, kind) in [
        (1, ErrorKind::Proxy),
        (2, ErrorKind::Proxy),
        (3, ErrorKind::Unreachable),
        (4, ErrorKind::Unreachable),
        (5, ErrorKind::ConnectionRefused),
        (77, ErrorKind::Proxy),
    ] {
        let [a, b, c, _] = named();
        let proxy = one([a, b, c, say([5, code, 0, 1, 0, 0, 0, 0, 0, 0])]);
        let error = through(format!("socks5h://{}", proxy.addr())).open("http://h.example/").unwrap_err();
        assert_eq!(error.kind(), kind, "{code}: {error}");
        assert!(error.response().is_none());
    }
}
