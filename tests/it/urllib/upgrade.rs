//! Another protocol on the same connection.

use std::{
    io::{Read, Write},
    os::fd::{AsFd, AsRawFd},
    time::Duration,
};

use sockeye::{
    ErrorKind, Result,
    cancel::CancelToken,
    socket::Socket,
    urllib::{Opener, Proxy, Request, build_opener},
};

use super::{fetch, hear, ok, one, say, text};
use crate::support::{Scripted, Turn};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
                        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
/// A frame of text, as a server sends it.
const HELLO: &[u8] = b"\x81\x05hello";

fn chat(server: &Scripted) -> Result<Request> {
    let request = Request::new(server.url("/chat"))?.upgrade("websocket");
    Ok(request.add_header("Sec-WebSocket-Version", "13").add_header("Sec-WebSocket-Key", KEY))
}

#[test]
fn frames_go_both_ways() -> Result<()> {
    for turn in [Turn::Send, Turn::Drip] {
        // A frame comes with the head, and one after the client's.
        let early = [SWITCHED.as_bytes(), HELLO].concat();
        let server = one([hear(), turn(early), Turn::Until("ping"), turn(b"\x8a\x04pong".into()), Turn::End]);
        let opener = build_opener().max_body(1).build();
        let response = opener.open(chat(&server)?)?;
        assert_eq!((response.getcode(), response.bytes_left()), (101, Some(0)));
        assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let mut stream = response.into_stream()?;
        let mut frame = [0; 7];
        stream.read_exact(&mut frame)?;
        assert_eq!(frame, HELLO);
        stream.write_all(b"\x89\x04ping")?;
        stream.read_exact(&mut frame[..6])?;
        assert_eq!(&frame[..6], b"\x8a\x04pong");
        assert!(stream.as_fd().as_raw_fd() >= 0);
        drop(stream);
        let heard = server.heard().remove(0).to_ascii_lowercase();
        assert!(
            heard.contains("\r\nupgrade: websocket\r\n") && heard.contains("\r\nconnection: upgrade\r\n")
        );
    }
    Ok(())
}

/// The connection isn't the pool's any more, whoever drops it.
#[test]
fn a_switched_connection_is_never_kept() -> Result<()> {
    let server = Scripted::new(vec![vec![hear(), say(SWITCHED), Turn::End], vec![hear(), ok("fresh")]]);
    let opener = Opener::new();
    let mut response = opener.open(chat(&server)?)?;
    assert_eq!(response.read(&mut [0; 16])?, 0);
    drop(response);
    assert_eq!(text(opener.open(server.url("/"))?)?, "fresh");
    Ok(())
}

#[test]
fn a_server_that_does_not_switch_answers() -> Result<()> {
    let server = one([hear(), ok("no"), hear(), ok("kept")]);
    let opener = Opener::new();
    let response = opener.open(chat(&server)?)?;
    let error = response.into_stream().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(error.to_string(), "the server didn't switch protocols, it answered 200 OK");
    assert_eq!(text(opener.open(server.url("/"))?)?, "kept");
    Ok(())
}

#[test]
fn it_switches_to_what_was_asked_for_alone() -> Result<()> {
    for wrong in ["Upgrade: h2c", "Upgrade: websocket, h2c", "X: y"] {
        let server = one([hear(), say(format!("HTTP/1.1 101 Switching\r\n{wrong}\r\n\r\n"))]);
        let error = Opener::new().open(chat(&server)?).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{wrong}: {error}");
    }
    let server = one([hear(), say(SWITCHED)]);
    assert_eq!(fetch(server.url("/")).unwrap_err().kind(), ErrorKind::Protocol);
    let server = one([hear(), say("HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n"), Turn::End]);
    assert!(
        Opener::new().open(Request::new(server.url("/"))?.upgrade("websocket, h2c"))?.into_stream().is_ok()
    );
    Ok(())
}

#[test]
fn a_proxy_passes_it_on() -> Result<()> {
    let tunnel = "HTTP/1.1 200 Connection established\r\n\r\n";
    let proxy = one([hear(), say(tunnel), hear(), say(SWITCHED), Turn::End]);
    let request = Request::new("http://h.example/chat")?.upgrade("websocket");
    let request = request.proxy(Proxy::new(format!("http://{}", proxy.addr()))?);
    drop(Opener::new().open(request)?.into_stream()?);
    let heard = proxy.heard().remove(0);
    assert!(heard.starts_with("CONNECT h.example:80 ") && heard.contains("GET /chat "), "{heard}");
    Ok(())
}

#[test]
fn the_limits_of_the_request_go_on() -> Result<()> {
    let server = one([hear(), say(SWITCHED), Turn::End]);
    let each = Duration::from_millis(50);
    let mut stream = Opener::new().open(chat(&server)?.read_timeout(each))?.into_stream()?;
    assert_eq!(stream.recv(1).unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(Socket::try_from(stream)?.gettimeout(), Some(each));
    let server = one([hear(), say(SWITCHED), Turn::End]);
    let token = CancelToken::new()?;
    let mut stream = Opener::new().open(chat(&server)?.cancel_token(&token))?.into_stream()?;
    token.cancel();
    assert_eq!(stream.recv(1).unwrap_err().kind(), ErrorKind::Cancelled);
    Ok(())
}
