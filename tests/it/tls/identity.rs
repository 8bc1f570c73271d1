//! What a client shows, offers and asks for.

use std::{fs, io::Write, sync::Arc};

use rustls::{
    RootCertStore, ServerConfig,
    server::WebPkiClientVerifier,
    version::{TLS12, TLS13},
};
use sockeye::{
    ErrorKind, Result,
    client::Client,
    tls::{ClientTls, TlsVersion},
};

use super::{echo, trusting};
use crate::support::{
    peer,
    tls::{Authority, Identity, TlsServer, provider},
};

/// A server that wants a certificate of that authority's from its clients.
pub(super) fn asking(
    identity: &Identity,
    of: &Authority,
    version: &'static rustls::SupportedProtocolVersion,
) -> ServerConfig {
    let mut roots = RootCertStore::empty();
    roots.add(of.issuer.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap();
    ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain.clone(), identity.key_der())
        .unwrap()
}

fn greet(config: ServerConfig, tls: &ClientTls) -> Result<()> {
    let server = TlsServer::new(config, echo);
    let mut client = Client::connect_tls(server.name(), tls)?;
    client.sendall(b"hello\n")?;
    assert_eq!(client.readline()?, b"hello\n");
    Ok(())
}

#[test]
fn a_client_shows_its_certificate_when_asked() -> Result<()> {
    let (root, staff) = (Authority::new("Test CA"), Authority::new("Staff CA"));
    let (server, me) = (root.issue(&["localhost"]), staff.issue(&["me"]));
    let tls = trusting(&root).cert_chain_pem(me.chain_pem.as_bytes(), me.key.serialize_pem().as_bytes())?;
    for version in [&TLS13, &TLS12] {
        greet(asking(&server, &staff, version), &tls)?;
        let error = greet(asking(&server, &staff, version), &trusting(&root)).unwrap_err();
        let wanted = error.to_string().contains("load_cert_chain");
        // TLS 1.2 has no alert of its own for it.
        assert!(wanted || version.version == TLS12.version, "{error}");
    }
    greet(server.server(), &tls)?;
    let stranger = root.issue(&["stranger"]);
    let stranger = trusting(&root)
        .cert_chain_pem(stranger.chain_pem.as_bytes(), stranger.key.serialize_pem().as_bytes())?;
    let error = greet(asking(&server, &staff, &TLS13), &stranger).unwrap_err();
    assert!(error.to_string().contains("the peer said UnknownCA"), "{error}");
    Ok(())
}

#[test]
fn keys_are_checked_when_they_are_given() {
    let root = Authority::new("Test CA");
    let (one, other) = (root.issue(&["one"]), root.issue(&["other"]));
    let folder = tempfile::tempdir().unwrap();
    let (certfile, keyfile) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&certfile, &one.chain_pem).unwrap();
    let check = |key: &str, reason: &str| {
        fs::write(&keyfile, key).unwrap();
        let error = ClientTls::new().load_cert_chain(&certfile, &keyfile).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(reason) && error.to_string().contains("key.pem"), "{error}");
    };
    check(&other.key.serialize_pem(), "can't be used with that certificate");
    check(
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "is encrypted",
    );
    check("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n", "openssl pkey -in KEY");
    check("", "BEGIN PRIVATE KEY");
    fs::write(&keyfile, format!("{}{}", one.chain_pem, one.key.serialize_pem())).unwrap();
    assert!(ClientTls::new().load_cert_chain(&keyfile, &keyfile).is_ok());
    assert!(!format!("{:?}", ClientTls::new().load_cert_chain(&keyfile, &keyfile)).contains("PRIVATE"));
}

#[test]
fn versions_have_a_floor() -> Result<()> {
    let root = Authority::new("Test CA");
    let identity = root.issue(&["localhost"]);
    for (version, expected) in [(&TLS12, TlsVersion::Tls12), (&TLS13, TlsVersion::Tls13)] {
        let server = TlsServer::new(identity.server_of(&[version]), echo);
        let client = Client::connect_tls(server.name(), &trusting(&root))?;
        let info = client.tls().unwrap();
        assert_eq!(info.version(), expected);
        assert!(info.cipher().starts_with("TLS"), "{info:?}");
        assert_eq!(info.certificates().next(), Some(&*identity.chain[0]));
    }
    let server = TlsServer::new(identity.server_of(&[&TLS12]), echo);
    let tls = trusting(&root).min_version(TlsVersion::Tls13);
    let error = Client::connect_tls(server.name(), &tls).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert_eq!(TlsVersion::Tls13.to_string(), "TLSv1.3");
    Ok(())
}

#[test]
fn a_protocol_is_agreed_on() -> Result<()> {
    let root = Authority::new("Test CA");
    let mut config = root.issue(&["localhost"]).server();
    config.alpn_protocols = vec![b"one".to_vec(), b"two".to_vec()];
    let server = TlsServer::new(config, echo);
    let agreed = |tls: ClientTls| {
        let client = Client::connect_tls(server.name(), &tls)?;
        Ok(client.tls().unwrap().alpn().map(<[u8]>::to_vec))
    };
    assert_eq!(agreed(trusting(&root).alpn(["two", "three"]))?, Some(b"two".to_vec()));
    assert_eq!(agreed(trusting(&root))?, None);
    let error: sockeye::Error = agreed(trusting(&root).alpn(["three"])).unwrap_err();
    assert!(error.to_string().contains("ALPN"), "{error}");
    Ok(())
}

#[test]
fn the_name_can_be_another_one_or_hidden() -> Result<()> {
    let root = Authority::new("Test CA");
    let identity = root.issue(&["example.org", "localhost", "127.0.0.1"]);
    let server = TlsServer::new(identity.server(), |stream| {
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        let name = stream.conn.server_name().unwrap_or("none").to_owned();
        writeln!(stream, "{name}")
    });
    let asked = |host: &str, tls: &ClientTls| -> Result<Vec<u8>> {
        Client::connect_tls((host, server.addr().port()), tls)?.readline()
    };
    let tls = trusting(&root);
    assert_eq!(asked("localhost", &tls)?, b"localhost\n");
    assert_eq!(asked("127.0.0.1", &tls)?, b"none\n");
    assert_eq!(asked("localhost", &tls.clone().server_name("example.org")?)?, b"example.org\n");
    assert_eq!(asked("localhost", &tls.clone().without_sni())?, b"none\n");
    let error = asked("127.0.0.1", &tls.server_name("example.com")?).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Certificate, "{error}");
    Ok(())
}

#[test]
fn sessions_are_resumed_within_one_configuration() -> Result<()> {
    let root = Authority::new("Test CA");
    for version in [&TLS12, &TLS13] {
        let server = TlsServer::new(root.issue(&["localhost"]).server_of(&[version]), echo);
        let resumed = |tls: &ClientTls| -> Result<bool> {
            let mut client = Client::connect_tls(server.name(), tls)?;
            // Tickets come behind the handshake: this reads past them.
            client.sendall(b"x\n")?;
            client.readline()?;
            Ok(client.tls().unwrap().is_resumed())
        };
        let tls = trusting(&root);
        assert!(!resumed(&tls)?);
        assert!(resumed(&tls)? && resumed(&tls.clone())?);
        assert!(!resumed(&tls.clone().without_sni())?);
        let never = trusting(&root).sessions(0);
        assert!(!resumed(&never)? && !resumed(&never)?);
    }
    Ok(())
}

/// An encrypted key as OpenSSL makes it.
#[test]
fn an_encrypted_key_of_openssl_is_refused() {
    let Some(openssl) = peer("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (certfile, keyfile) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let mut command = std::process::Command::new(openssl);
    command.args([
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-subj",
        "/CN=me",
        "-passout",
        "pass:secret",
        "-keyout",
    ]);
    assert!(command.arg(&keyfile).arg("-out").arg(&certfile).output().unwrap().status.success());
    let error = ClientTls::new().load_cert_chain(&certfile, &keyfile).unwrap_err();
    assert!(error.to_string().contains("is encrypted"), "{error}");
}
