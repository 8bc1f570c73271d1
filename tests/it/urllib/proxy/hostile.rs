//! What proxies may send without harm.

use std::{
    thread,
    time::{Duration, Instant},
};

use sockeye::{
    Error, ErrorKind, Result,
    cancel::CancelToken,
    urllib::{Proxy, Request},
};

use super::{hear, ok, one, say, text, through};
use crate::support::{PATIENCE, Scripted, Turn};

fn by_socks(proxy: &Scripted) -> Error {
    through(format!("socks5h://{}", proxy.addr())).open("http://h.example/").unwrap_err()
}

#[test]
fn what_isnt_socks_is_refused() {
    for (answer, kind, text) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], ErrorKind::Protocol, "its answer begins with byte 0x48"),
        (b"\x05", ErrorKind::UnexpectedEof, "it closed the connection"),
        (b"", ErrorKind::UnexpectedEof, "it closed the connection"),
        (b"\x05\xff", ErrorKind::Proxy, "it wants a user name and a password"),
        (b"\x05\x80", ErrorKind::Protocol, "method 0x80, which wasn't offered"),
        (b"\x05\0\x05\0\0\x09", ErrorKind::Protocol, "its answer is malformed"),
        (b"\x05\0\x05\0\0\x01\0\0\0\0\0\0HTTP/1.1 200 OK", ErrorKind::Protocol, "it sent more bytes"),
    ] {
        let mut turns = vec![Turn::Until("\x05\x01\0"), Turn::Send(answer.into())];
        if answer.starts_with(b"\x05\0") {
            turns.push(Turn::Until("\0\x50"));
        }
        let proxy = one(turns);
        let error = by_socks(&proxy);
        assert!(error.to_string().contains(text), "{answer:?}: {error}");
        assert_eq!(error.kind(), kind, "{answer:?}: {error}");
    }
}

#[test]
fn a_stream_without_end_ends() {
    for bytes in [&b"\x05\0"[..], b"\0", b"x", b"HTTP/1.1 100 Continue\r\n\r\n"] {
        let proxy = one([Turn::Until("\x05\x01\0"), Turn::Forever(bytes.repeat(100))]);
        assert_ne!(by_socks(&proxy).kind(), ErrorKind::Other);
    }
}

#[test]
fn one_deadline_covers_the_handshake() -> Result<()> {
    for (scheme, turns) in [
        ("socks5h", vec![Turn::End]),
        ("socks5h", vec![say(b"\x05\0\x05"), Turn::End]),
        ("socks4a", vec![say(b"\0"), Turn::End]),
        ("http", vec![Turn::End]),
    ] {
        let proxy = one(turns);
        let start = Instant::now();
        let request = Request::new("http://h.example/")?.timeout(Duration::from_millis(200));
        let error = through(format!("{scheme}://{}", proxy.addr())).open(request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{scheme}: {error}");
        assert!(start.elapsed() < PATIENCE);
    }
    Ok(())
}

#[test]
fn a_token_ends_the_handshake() -> Result<()> {
    for scheme in ["socks5h", "http"] {
        let proxy = one([Turn::End]);
        let token = CancelToken::new()?;
        let request = Request::new("http://h.example/")?
            .cancel_token(&token)
            .proxy(Proxy::new(format!("{scheme}://{}", proxy.addr()))?);
        let opened = thread::spawn(move || through("http://127.0.0.1:1").open(request).map(drop));
        token.cancel();
        assert_eq!(opened.join().unwrap().unwrap_err().kind(), ErrorKind::Cancelled);
    }
    Ok(())
}

#[test]
fn bytes_that_drip_are_read() -> Result<()> {
    let proxy = one([
        Turn::Until("\x05\x01\0"),
        Turn::Drip(b"\x05\0".into()),
        Turn::Until("\0\x50"),
        Turn::Drip(b"\x05\0\0\x03\x04host\0\0".into()),
        hear(),
        ok("there"),
    ]);
    let opener = through(format!("socks5h://{}", proxy.addr()));
    assert_eq!(text(opener.open("http://h.example/")?)?, "there");
    Ok(())
}
