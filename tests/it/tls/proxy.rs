//! `https:` URLs through proxies, and proxies that speak TLS themselves.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sockeye::{
    Error, ErrorKind, Result,
    cancel::CancelToken,
    urllib::{Opener, PasswordManager, Proxy, ProxyBasicAuthHandler, ProxyHandler, Request, build_opener},
};

use super::trusting;
use crate::support::{
    PATIENCE, Program, Scripted, Turn, gate as real_gate, peer,
    tls::{Authority, TlsServer},
};

const ME: &str = "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n";
const OPEN: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// What was heard, head by head.
type Heard = Arc<Mutex<Vec<String>>>;

/// Reads a head.
fn hear(stream: &mut impl Read, heard: &Heard) -> io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    heard.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
    Ok(())
}

/// Speaks TLS, and answers as often as it is asked.
fn hello<S: Read + Write>(stream: S, config: &Arc<ServerConfig>, heard: &Heard) -> io::Result<()> {
    let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
    loop {
        hear(&mut stream, heard)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")?;
    }
}

/// A proxy that is the server as well: it answers CONNECT with these in turn, one a connection, and then speaks TLS.
fn gate(root: &Authority, answers: Vec<Vec<u8>>) -> (TlsServer, Heard) {
    let config = Arc::new(root.issue(&["h.example", "g.example"]).server());
    let heard = Heard::default();
    let (hears, mut answers) = (heard.clone(), answers.into_iter());
    let server = TlsServer::raw(move |mut socket: TcpStream| {
        hear(&mut socket, &hears)?;
        let answer = answers.next().unwrap_or_else(|| OPEN.into());
        socket.write_all(&answer)?;
        match answer.starts_with(b"HTTP/1.1 2") {
            true => hello(socket, &config, &hears),
            false => Ok(()),
        }
    });
    (server, heard)
}

fn opener(root: &Authority, proxy: impl AsRef<str>) -> Opener {
    build_opener().tls(&trusting(root)).add_handler(ProxyHandler::new([("all", proxy)]).unwrap()).build()
}

fn text(opener: &Opener, url: &str) -> Result<String> {
    opener.open(url)?.text()
}

fn heads(heard: &Heard) -> Vec<String> {
    heard.lock().unwrap().clone()
}

#[test]
fn https_goes_through_a_tunnel() -> Result<()> {
    let root = Authority::new("Test CA");
    let (proxy, heard) = gate(&root, vec![]);
    let opener = opener(&root, format!("http://me:secret@{}", proxy.addr()));
    for path in ["/x", "/y"] {
        assert_eq!(text(&opener, &format!("https://h.example{path}"))?, "hello");
    }
    let heard = heads(&heard);
    assert_eq!(heard.len(), 3, "{heard:?}");
    let connect = format!("CONNECT h.example:443 HTTP/1.1\r\nHost: h.example:443\r\n{ME}\r\n");
    assert_eq!(heard[0], connect);
    for (head, path) in heard[1..].iter().zip(["/x", "/y"]) {
        assert!(head.starts_with(&format!("GET {path} HTTP/1.1\r\nHost: h.example\r\n")), "{head}");
        assert!(!head.contains("roxy") && !head.contains("uthorization"), "{head}");
    }
    Ok(())
}

/// A proxy that reads along shows a certificate of its own.
#[test]
fn a_server_that_isnt_the_one_is_told_of_the_proxy() {
    let (proxy, heard) = gate(&Authority::new("Nosy CA"), vec![]);
    let opener = opener(&Authority::new("Test CA"), format!("http://{}", proxy.addr()));
    let error = opener.open("https://h.example/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Certificate);
    let said = format!("use the proxy http://{} failed: TLS handshake with h.example failed: ", proxy.addr());
    assert!(error.to_string().contains(&said), "{error}");
    assert_eq!(heads(&heard).len(), 1);
}

#[test]
fn a_header_of_the_users_own_goes_to_the_proxy_alone() -> Result<()> {
    let root = Authority::new("Test CA");
    let (proxy, heard) = gate(&root, vec![]);
    let opener = opener(&root, format!("http://{}", proxy.addr()));
    let request = Request::new("https://h.example:8443/")?.add_header("Proxy-Authorization", "Bearer x");
    assert_eq!(opener.open(request)?.text()?, "hello");
    let heard = heads(&heard);
    assert!(
        heard[0].starts_with("CONNECT h.example:8443 ") && heard[0].contains("Proxy-Authorization: Bearer x")
    );
    assert!(!heard[1].contains("roxy") && !heard[1].contains("Bearer"), "{heard:?}");
    Ok(())
}

/// From http, where the proxy reads the requests, to https, where it doesn't.
#[test]
fn a_redirect_into_a_tunnel_takes_nothing_along() -> Result<()> {
    let root = Authority::new("Test CA");
    let moved = "HTTP/1.1 302 Moved\r\nLocation: https://h.example/x\r\nConnection: close\r\n\r\n";
    let (proxy, heard) = gate(&root, vec![moved.into()]);
    let opener = opener(&root, format!("http://me:secret@{}", proxy.addr()));
    let response = opener.open(Request::new("http://h.example/")?.add_header("Cookie", "secret=1"))?;
    assert_eq!((response.history().len(), response.text()?.as_str()), (1, "hello"));
    let heard = heads(&heard);
    assert!(heard[0].starts_with("GET http://h.example/ HTTP/1.1\r\n") && heard[0].contains(ME), "{heard:?}");
    assert!(heard[1].starts_with("CONNECT h.example:443 ") && heard[1].contains(ME), "{heard:?}");
    assert!(!heard[2].contains("roxy") && !heard[2].contains("ookie"), "{heard:?}");
    Ok(())
}

#[test]
fn a_proxy_may_speak_tls() -> Result<()> {
    let root = Authority::new("Test CA");
    let (outer, inner) = (root.issue(&["localhost"]).server(), root.issue(&["h.example"]).server());
    let (outer, inner) = (Arc::new(outer), Arc::new(inner));
    let heard = Heard::default();
    let hears = heard.clone();
    let proxy = TlsServer::raw(move |socket| {
        let mut secure = StreamOwned::new(ServerConnection::new(outer.clone()).unwrap(), socket);
        hear(&mut secure, &hears)?;
        if hears.lock().unwrap().last().is_some_and(|head| head.starts_with("GET ")) {
            return secure.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain");
        }
        secure.write_all(OPEN)?;
        hello(secure, &inner, &hears)
    });
    let url = format!("https://me:secret@localhost:{}", proxy.addr().port());
    let through = opener(&root, &url);
    for path in ["/x", "/y"] {
        assert_eq!(text(&through, &format!("https://h.example{path}"))?, "hello");
    }
    through.close_idle();
    assert_eq!(text(&through, "http://h.example/z")?, "plain");
    let heard = heads(&heard);
    assert!(heard[0].starts_with("CONNECT h.example:443 ") && heard[0].contains(ME), "{heard:?}");
    assert!(!heard[1].contains("roxy") && !heard[2].contains("roxy"), "{heard:?}");
    assert!(heard[3].starts_with("GET http://h.example/z ") && heard[3].contains(ME), "{heard:?}");
    // Nothing is shown to a proxy that isn't the one it says, nor to one that doesn't speak TLS.
    let other = opener(&Authority::new("Other CA"), &url);
    let error = text(&other, "https://h.example/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Certificate);
    assert!(error.to_string().contains("reach the proxy https://localhost:"), "{error}");
    let own = Proxy::new(&url)?.tls(&trusting(&root));
    let request = Request::new("http://h.example/")?.proxy(own);
    assert_eq!(build_opener().build().open(request)?.text()?, "plain");
    let plain = Scripted::new(vec![vec![Turn::Send(OPEN.into()), Turn::End]]);
    let error = text(&opener(&root, format!("https://me:secret@{}", plain.addr())), "http://h.example/");
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Protocol);
    assert!(!plain.heard().concat().contains("HTTP"));
    Ok(())
}

/// TLS within TLS, with more than any buffer holds, both ways.
#[test]
fn much_goes_through_two_layers() -> Result<()> {
    let root = Authority::new("Test CA");
    let (outer, inner) = (root.issue(&["localhost"]).server(), root.issue(&["h.example"]).server());
    let (outer, inner) = (Arc::new(outer), Arc::new(inner));
    let proxy = TlsServer::raw(move |socket| {
        let heard = Heard::default();
        let mut secure = StreamOwned::new(ServerConnection::new(outer.clone()).unwrap(), socket);
        hear(&mut secure, &heard)?;
        secure.write_all(OPEN)?;
        let mut server = StreamOwned::new(ServerConnection::new(inner.clone()).unwrap(), secure);
        loop {
            hear(&mut server, &heard)?;
            let mut data = vec![0; MUCH];
            server.read_exact(&mut data)?;
            server.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {MUCH}\r\n\r\n").as_bytes())?;
            server.write_all(&data)?;
        }
    });
    const MUCH: usize = 3 << 20;
    let opener = opener(&root, format!("https://localhost:{}", proxy.addr().port()));
    for round in 0..2_u8 {
        let data: Vec<u8> = (0..MUCH).map(|at| (at % 251) as u8 ^ round).collect();
        let mut back = Vec::new();
        let request = Request::new("https://h.example/")?.data(data.clone()).timeout(PATIENCE);
        opener.open(request)?.read_to_end(&mut back)?;
        assert!(back == data);
    }
    Ok(())
}

#[test]
fn a_refusal_holds_the_proxys_answer() -> Result<()> {
    let root = Authority::new("Test CA");
    let page =
        "HTTP/1.1 403 Not Here\r\nX-Why: rules\r\nSet-Cookie: a=b\r\nContent-Length: 9\r\n\r\nforbidden";
    let (proxy, _) = gate(&root, vec![page.into()]);
    let opener = opener(&root, format!("http://me:secret@{}", proxy.addr()));
    let error = opener.open("https://h.example/secret").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Proxy);
    let addr = proxy.addr();
    let said = format!("ask the proxy http://{addr} to connect to h.example:443 failed: 403 Not Here");
    assert_eq!(error.to_string(), said);
    let response = error.response().unwrap();
    assert_eq!((response.getcode(), &response.headers()["x-why"]), (403, &"rules".parse().unwrap()));
    assert_eq!(response.geturl(), format!("http://{addr}/"));
    assert_eq!(error.into_response()?.text()?, "forbidden");
    Ok(())
}

fn refused(answer: impl Into<Vec<u8>>) -> Error {
    let root = Authority::new("Test CA");
    let (proxy, _) = gate(&root, vec![answer.into()]);
    opener(&root, format!("http://{}", proxy.addr())).open("https://h.example/").unwrap_err()
}

#[test]
fn what_a_proxy_says_is_bounded_and_not_followed() -> Result<()> {
    // Nothing of the proxy's passes for the server's.
    let redirect =
        refused("HTTP/1.1 302 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(redirect.kind(), ErrorKind::Proxy);
    assert_eq!(redirect.response().map(|response| response.getcode()), Some(302));
    let early = refused([OPEN, b"HTTP/1.1 200 OK\r\n\r\n"].concat());
    assert_eq!(early.kind(), ErrorKind::Protocol);
    assert!(early.to_string().contains("it sent 19 bytes before anybody used the tunnel"), "{early}");
    for (answer, kind) in [
        (&b"SSH-2.0-x\r\n"[..], ErrorKind::Protocol),
        (b"HTTP/1.1 403 No\r\nX: y", ErrorKind::UnexpectedEof),
        (b"", ErrorKind::UnexpectedEof),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", ErrorKind::Protocol),
        (b"HTTP/1.1 403 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", ErrorKind::Protocol),
    ] {
        let error = refused(answer);
        assert_eq!(error.kind(), kind, "{}: {error}", String::from_utf8_lossy(answer));
    }
    let head = [b"HTTP/1.1 403 No\r\nX: ", &[b'x'; 128 * 1024][..]].concat();
    assert_eq!(refused(head).kind(), ErrorKind::TooLarge);
    let interim = refused(b"HTTP/1.1 103 Early\r\n\r\n".repeat(64));
    assert_eq!(interim.kind(), ErrorKind::TooLarge);
    let large = refused([b"HTTP/1.1 403 No\r\n\r\n", &[b'x'; 200 * 1024][..]].concat());
    assert_eq!(large.into_response()?.text()?.len(), 64 * 1024);
    Ok(())
}

#[test]
fn one_deadline_and_one_token_cover_all_of_it() -> Result<()> {
    let root = Authority::new("Test CA");
    // Silence before CONNECT's answer, within it, and in the server's handshake.
    for answer in [&b""[..], b"HTTP/1.1 20", OPEN] {
        let turns = || vec![Turn::Until("\r\n\r\n"), Turn::Send(answer.into()), Turn::End];
        let proxy = Scripted::new(vec![turns(), turns()]);
        let opener = opener(&root, format!("http://{}", proxy.addr()));
        let request = Request::new("https://h.example/")?;
        let error = opener.open(request.timeout(Duration::from_millis(150))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
        let token = CancelToken::new()?;
        let request = Request::new("https://h.example/")?.cancel_token(&token);
        let opened = thread::spawn(move || opener.open(request).map(drop));
        token.cancel();
        assert_eq!(opened.join().unwrap().unwrap_err().kind(), ErrorKind::Cancelled);
    }
    // A head that drips in, one byte after the other without end.
    let proxy = Scripted::new(vec![vec![
        Turn::Until("\r\n\r\n"),
        Turn::Send(b"HTTP/1.1 200 OK\r\n".into()),
        Turn::Forever(b"X: y\r\n".into()),
    ]]);
    let error = opener(&root, format!("http://{}", proxy.addr())).open("https://h.example/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    Ok(())
}

fn who(challenge: &str) -> Vec<u8> {
    format!("HTTP/1.1 407 Who?\r\nProxy-Authenticate: {challenge}\r\nContent-Length: 4\r\n\r\nwho?").into()
}

#[test]
fn a_challenge_to_connect_is_answered() -> Result<()> {
    let root = Authority::new("Test CA");
    let (proxy, heard) = gate(&root, vec![who("Basic realm=\"Gate\"")]);
    let place = format!("http://{}", proxy.addr());
    let passwords = PasswordManager::new().add_password("Gate", &place, "me", "secret")?;
    let opener = build_opener()
        .tls(&trusting(&root))
        .add_handler(ProxyHandler::new([("https", &place)])?)
        .add_handler(ProxyBasicAuthHandler::new(passwords))
        .build();
    for _ in 0..2 {
        assert_eq!(text(&opener, "https://h.example/")?, "hello");
    }
    let heard = heads(&heard);
    assert_eq!(heard.len(), 4, "{heard:?}");
    assert!(!heard[0].contains("uthorization") && heard[1].contains(ME), "{heard:?}");
    assert!(!heard[2..].concat().contains("uthorization"), "{heard:?}");
    // Without an answer it is the error.
    let error = refused(who("Basic realm=\"Gate\""));
    assert_eq!(error.response().map(|response| response.getcode()), Some(407));
    Ok(())
}

#[cfg(feature = "digest")]
#[test]
fn a_digest_for_connect_is_one_of_connect() -> Result<()> {
    use sockeye::urllib::ProxyDigestAuthHandler;

    let root = Authority::new("Test CA");
    let challenge = who("Digest realm=\"Gate\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256");
    let (proxy, heard) = gate(&root, vec![challenge]);
    let opener = build_opener()
        .tls(&trusting(&root))
        .add_handler(ProxyHandler::new([("https", format!("http://me:secret@{}", proxy.addr()))])?)
        .add_handler(ProxyDigestAuthHandler::new(PasswordManager::new()))
        .build();
    // The tunnel is kept, though each answer is another one.
    for _ in 0..2 {
        assert_eq!(text(&opener, "https://h.example/x")?, "hello");
    }
    let heard = heads(&heard);
    assert_eq!(heard.len(), 4, "{heard:?}");
    assert!(!heard[0].contains("uthorization"), "{heard:?}");
    assert!(heard[1].contains("Digest username=\"me\"") && heard[1].contains("uri=\"h.example:443\""));
    assert!(!heard[2..].concat().contains("uthorization") && !heard.concat().contains("secret"), "{heard:?}");
    Ok(())
}

#[test]
fn a_busy_proxy_is_asked_again() -> Result<()> {
    use sockeye::urllib::RetryHandler;

    let root = Authority::new("Test CA");
    let (proxy, heard) = gate(&root, vec![b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".into()]);
    let opener = build_opener()
        .tls(&trusting(&root))
        .add_handler(ProxyHandler::new([("https", proxy.addr().to_string())])?)
        .add_handler(RetryHandler::new().backoff(Duration::ZERO, Duration::ZERO))
        .build();
    assert_eq!(text(&opener, "https://h.example/")?, "hello");
    assert_eq!(heads(&heard).len(), 3);
    Ok(())
}

#[test]
fn https_goes_through_socks() -> Result<()> {
    let root = Authority::new("Test CA");
    let config = Arc::new(root.issue(&["h.example"]).server());
    let heard = Heard::default();
    let hears = heard.clone();
    let proxy = TlsServer::raw(move |mut socket| {
        socket.read_exact(&mut [0; 3])?;
        socket.write_all(b"\x05\0")?;
        socket.read_exact(&mut [0; 4 + 1 + 9 + 2])?;
        socket.write_all(b"\x05\0\0\x01\0\0\0\0\0\0")?;
        hello(socket, &config, &hears)
    });
    let opener = opener(&root, format!("socks5h://{}", proxy.addr()));
    for _ in 0..2 {
        assert_eq!(text(&opener, "https://h.example/x")?, "hello");
    }
    assert_eq!(heads(&heard).len(), 2);
    Ok(())
}

/// A real proxy, and OpenSSL's server behind it.
#[test]
fn tinyproxy_makes_tunnels() -> Result<()> {
    let (Some(openssl), Some(tinyproxy)) = (peer("openssl"), peer("tinyproxy")) else { return Ok(()) };
    let folder = tempfile::tempdir().unwrap();
    let root = Authority::new("Test CA");
    let identity = root.issue(&["localhost"]);
    std::fs::write(folder.path().join("cert.pem"), &identity.chain_pem)?;
    std::fs::write(folder.path().join("key.pem"), identity.key.serialize_pem())?;
    std::fs::write(folder.path().join("hello.txt"), "hello")?;
    let mut command = std::process::Command::new(openssl);
    command.args(["s_server", "-accept", "localhost:0", "-cert", "cert.pem", "-key", "key.pem", "-WWW"]);
    let mut server = Program::start(command.current_dir(folder.path()));
    let port: u16 =
        server.wait_for(|line| line.strip_prefix("ACCEPT ")?.rsplit(':').next()?.trim().parse().ok());
    let gate = real_gate(|gate, config| {
        let path = config.path().join("tinyproxy.conf");
        std::fs::write(&path, format!("Port {gate}\nListen 127.0.0.1\nConnectPort {port}\n")).unwrap();
        let mut command = std::process::Command::new(&tinyproxy);
        command.args(["-d", "-c"]).arg(path);
        command
    });
    let opener = opener(&root, format!("http://127.0.0.1:{}", gate.port));
    let page = text(&opener, &format!("https://localhost:{port}/hello.txt"))?;
    assert_eq!(page, "hello");
    let error = text(&opener, &format!("https://localhost:{}/", port ^ 1)).unwrap_err();
    assert_eq!(error.response().map(|response| response.getcode()), Some(403), "{error}");
    Ok(())
}
