//! Requests that have settings of TLS of their own.

use std::io::{self, Write};

use rustls::version::TLS13;
use sockeye::{
    ErrorKind, Result,
    tls::ClientTls,
    urllib::{Opener, Proxy, Request, build_opener},
};

use super::{https::hear, identity::asking, trusting};
use crate::support::{
    Scripted,
    tls::{Authority, Identity, Secure, TlsServer},
};

/// Tells the connection's number, the name that was asked for, and how long the certificates are that were shown.
fn tell(stream: &mut Secure, number: usize) -> io::Result<()> {
    loop {
        let path = hear(stream)?;
        let name = stream.conn.server_name().unwrap_or("no name").to_owned();
        let shown = stream.conn.peer_certificates().map_or("nobody", |_| "somebody");
        let told = format!("{number} {name} {shown}");
        match path.strip_prefix("GET /to/").and_then(|rest| rest.split_once(' ')) {
            Some((there, _)) => {
                let there = there.replace("%2F", "/");
                write!(stream, "HTTP/1.1 302 Found\r\nLocation: {there}\r\nContent-Length: 0\r\n\r\n")?;
            }
            None => {
                write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{told}", told.len())?;
            }
        }
    }
}

/// Lets in who has a certificate of that authority.
fn server(identity: &Identity, staff: &Authority) -> TlsServer {
    TlsServer::at_once(asking(identity, staff, &TLS13), tell)
}

fn with_identity(tls: ClientTls, me: &Identity) -> Result<ClientTls> {
    tls.cert_chain_pem(me.chain_pem.as_bytes(), me.key.serialize_pem().as_bytes())
}

fn ask(opener: &Opener, url: &str, tls: Option<&ClientTls>) -> Result<String> {
    let mut request = Request::new(url)?;
    if let Some(tls) = tls {
        request = request.tls(tls);
    }
    opener.open(request)?.text()
}

/// ureq's PR 1201: a request with an identity of its own got a connection that was made without, and the other way.
#[test]
fn an_identity_is_of_its_requests_alone() -> Result<()> {
    let (root, staff) = (Authority::new("Test CA"), Authority::new("Staff CA"));
    let server = server(&root.issue(&["localhost"]), &staff);
    let opener = build_opener().tls(&trusting(&root)).build();
    let me = with_identity(trusting(&root), &staff.issue(&["me"]))?;
    let you = with_identity(trusting(&root), &staff.issue(&["you"]))?;
    let url = server.url("/");
    for _ in 0..2 {
        assert_eq!(ask(&opener, &url, Some(&me))?, "0 localhost somebody");
        assert_eq!(ask(&opener, &url, Some(&you))?, "1 localhost somebody");
        assert_eq!(ask(&opener, &url, Some(&me.clone()))?, "0 localhost somebody");
        // Without one it isn't let in, though connections wait that are.
        assert!(ask(&opener, &url, None).is_err());
    }
    Ok(())
}

#[test]
fn trust_is_of_its_requests_alone() -> Result<()> {
    let root = Authority::new("Test CA");
    let server = TlsServer::at_once(root.issue(&["localhost"]).server(), tell);
    let opener = build_opener().tls(&trusting(&Authority::new("Other CA"))).build();
    let careless = ClientTls::new().dangerous_accept_any_certificate();
    let url = server.url("/");
    for tls in [&trusting(&root), &careless] {
        assert!(ask(&opener, &url, Some(tls)).is_ok());
        assert_eq!(ask(&opener, &url, None).unwrap_err().kind(), ErrorKind::Certificate);
    }
    Ok(())
}

#[test]
fn a_name_is_of_its_requests_alone() -> Result<()> {
    let root = Authority::new("Test CA");
    let server = TlsServer::at_once(root.issue(&["localhost", "box.internal"]).server(), tell);
    let opener = build_opener().tls(&trusting(&root)).build();
    let (other, none) = (trusting(&root).server_name("box.internal")?, trusting(&root).without_sni());
    let url = server.url("/");
    for _ in 0..2 {
        assert_eq!(ask(&opener, &url, None)?, "0 localhost nobody");
        assert_eq!(ask(&opener, &url, Some(&other))?, "1 box.internal nobody");
        assert_eq!(ask(&opener, &url, Some(&none))?, "2 no name nobody");
    }
    let stranger = trusting(&root).server_name("example.org")?;
    assert_eq!(ask(&opener, &url, Some(&stranger)).unwrap_err().kind(), ErrorKind::Certificate);
    Ok(())
}

/// The same server sees the identity at each hop; another one, or a plain one in between, ends it.
#[test]
fn an_identity_stays_with_its_server() -> Result<()> {
    let (root, staff) = (Authority::new("Test CA"), Authority::new("Staff CA"));
    let mine = server(&root.issue(&["mine.internal"]), &staff);
    let other = TlsServer::at_once(root.issue(&["localhost"]).server(), tell);
    let opener = build_opener().tls(&trusting(&root)).build();
    // Nobody else has a certificate for that name.
    let me = with_identity(trusting(&root), &staff.issue(&["me"]))?.server_name("mine.internal")?;
    assert_eq!(ask(&opener, &mine.url("/to/%2Fx"), Some(&me))?, "0 mine.internal somebody");
    let leads = format!("/to/{}", other.url("/").replace('/', "%2F"));
    assert_eq!(ask(&opener, &mine.url(&leads), Some(&me))?, "0 localhost nobody");
    assert_eq!(ask(&opener, &other.url("/"), Some(&me)).unwrap_err().kind(), ErrorKind::Certificate);
    let plain = Scripted::answer(format!("HTTP/1.1 302 Found\r\nLocation: {}\r\n\r\n", other.url("/")));
    assert_eq!(ask(&opener, &plain.url("/"), Some(&me))?, "0 localhost nobody");
    Ok(())
}

/// What is said to a server isn't said to the proxy.
#[test]
fn a_proxy_has_its_own() -> Result<()> {
    let (root, staff) = (Authority::new("Test CA"), Authority::new("Staff CA"));
    let proxy = TlsServer::at_once(asking(&root.issue(&["localhost"]), &staff, &TLS13), tell);
    let opener = build_opener().tls(&trusting(&root)).build();
    let me = with_identity(trusting(&root), &staff.issue(&["me"]))?;
    let via = Proxy::new(format!("https://localhost:{}", proxy.addr().port()))?;
    let request = |via: Proxy| Ok::<_, sockeye::Error>(Request::new("http://h.example/")?.proxy(via));
    assert!(opener.open(request(via.clone())?.tls(&me)).is_err());
    assert_eq!(opener.open(request(via.tls(&me))?)?.text()?, "1 localhost somebody");
    Ok(())
}
