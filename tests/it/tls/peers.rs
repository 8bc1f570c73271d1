//! Other people's TLS: OpenSSL's own server, and Python's.

use std::{fs, path::Path, process::Command};

use rcgen::{CertificateParams, IsCa, date_time_ymd};
use sockeye::{
    Result,
    client::{Client, Connector},
    socket::Shutdown,
    tls::{ClientTls, TlsVersion},
};

use super::trusting;
use crate::support::{
    PATIENCE, Program, peer,
    tls::{Authority, Identity},
};

/// Writes what a server needs: `cert.pem` and `key.pem`.
fn write_identity(folder: &Path, root: &Authority) {
    let identity = root.issue(&["localhost"]);
    fs::write(folder.join("cert.pem"), &identity.chain_pem).unwrap();
    fs::write(folder.join("key.pem"), identity.key.serialize_pem()).unwrap();
}

/// `openssl s_server -rev` turns every line around.
fn openssl(folder: &Path, arguments: &[&str]) -> Option<(Program, u16)> {
    let mut command = Command::new(peer("openssl")?);
    command.args([
        "s_server",
        "-accept",
        "localhost:0",
        "-cert",
        "cert.pem",
        "-key",
        "key.pem",
        "-rev",
        "-no_ticket",
    ]);
    let mut program = Program::start(command.args(arguments).current_dir(folder));
    // "ACCEPT [::1]:41233"
    let port = program.wait_for(|line| line.strip_prefix("ACCEPT ")?.rsplit(':').next()?.trim().parse().ok());
    Some((program, port))
}

#[test]
fn openssl_answers() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let root = Authority::new("Test CA");
    write_identity(folder.path(), &root);
    for (flag, version) in [("-tls1_2", TlsVersion::Tls12), ("-tls1_3", TlsVersion::Tls13)] {
        let Some((_program, port)) = openssl(folder.path(), &[flag, "-alpn", "turn"]) else { return Ok(()) };
        let tls = trusting(&root).alpn(["turn"]);
        let mut client = Connector::new().timeout(PATIENCE).connect_tls(("localhost", port), &tls)?;
        client.sendall(b"hello\n")?;
        assert_eq!(client.readline()?, b"olleh\n");
        let info = client.tls().unwrap();
        assert_eq!((info.version(), info.alpn()), (version, Some(&b"turn"[..])));
    }
    Ok(())
}

/// Chains made by OpenSSL too, and what is said of them.
#[test]
fn openssl_made_certificates_are_read() -> Result<()> {
    let Some(openssl_program) = peer("openssl") else { return Ok(()) };
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(openssl_program)
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"])
        .args(["-subj", "/O=Great Org/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let Some((_program, port)) = openssl(folder.path(), &[]) else { return Ok(()) };
    let limited = Connector::new().timeout(PATIENCE);
    let strict = trusting(&Authority::new("Test CA"));
    let error = limited.connect_tls(("localhost", port), &strict).unwrap_err();
    assert!(
        error.to_string().contains("the certificate \"localhost\" (self-signed) isn't trusted"),
        "{error}"
    );
    // `openssl req -x509` makes an authority of it, which is what most people name.
    let tls = ClientTls::new().add_ca_file(folder.path().join("cert.pem"))?;
    let mut client = limited.connect_tls(("localhost", port), &tls)?;
    client.sendall(b"abc\n")?;
    assert_eq!(client.readline()?, b"cba\n");
    Ok(())
}

/// OpenSSL presents what is wrong in each way, and it is said what.
#[test]
fn bad_certificates_of_openssl_are_refused() -> Result<()> {
    let (root, other) = (Authority::new("Test CA"), Authority::new("Other CA"));
    let serial =
        |number: u64| move |params: &mut CertificateParams| params.serial_number = Some(number.into());
    let (revoked, middle) = (root.below("Revoked CA", serial(666)), root.below("Middle CA", |_| {}));
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.pem");
    fs::write(&list, root.revocations(&[666]))?;
    let tls = trusting(&root).add_crl_file(&list)?;
    let expired = |params: &mut CertificateParams| {
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2022, 2, 3));
    };
    for (identity, said) in [
        (root.issue_with(&["localhost"], expired), "expired on Thu, 03 Feb 2022"),
        (root.issue(&["other.example"]), "isn't for \"localhost\" but for \"other.example\""),
        (other.issue(&["localhost"]), "\"Other CA\""),
        (Identity::self_signed(&["localhost"], IsCa::NoCa), "isn't trusted"),
        (root.issue_with(&["localhost"], serial(666)), "\"localhost\" (issued by \"Test CA\") was revoked"),
        (revoked.issue(&["localhost"]), "\"Revoked CA\" (issued by \"Test CA\") was revoked"),
        (middle.issue(&["localhost"]), ""),
    ] {
        fs::write(folder.path().join("cert.pem"), &identity.chain_pem)?;
        fs::write(folder.path().join("key.pem"), identity.key.serialize_pem())?;
        fs::write(folder.path().join("chain.pem"), &identity.above_pem)?;
        let above: &[&str] = if identity.chain.len() > 1 { &["-cert_chain", "chain.pem"] } else { &[] };
        let Some((_program, port)) = openssl(folder.path(), above) else { return Ok(()) };
        let outcome = Connector::new().timeout(PATIENCE).connect_tls(("localhost", port), &tls);
        let error = outcome.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(said) && error.is_empty() == said.is_empty(), "{said:?} isn't said: {error}");
    }
    Ok(())
}

const PYTHON: &str = r#"
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server = socket.create_server(("127.0.0.1", 0))
print("listening on 127.0.0.1:%d" % server.getsockname()[1], flush=True)
conn, _ = server.accept()
conn = context.wrap_socket(conn, server_side=True)
data = b""
while piece := conn.recv(65536):
    data += piece
conn.sendall(data[::-1])
print(conn.version(), len(data), flush=True)
conn.unwrap()
"#;

#[test]
fn python_answers() -> Result<()> {
    let Some(python) = peer("python3") else { return Ok(()) };
    let folder = tempfile::tempdir().unwrap();
    let root = Authority::new("Test CA");
    write_identity(folder.path(), &root);
    let mut command = Command::new(python);
    let (mut program, addr) = Program::serve(command.args(["-c", PYTHON]).current_dir(folder.path()));
    let mut client = Client::connect_tls(("localhost", addr.port()), &trusting(&root))?;
    let data: Vec<u8> = (0..300_000_u32).map(|at| (at % 251) as u8).collect();
    client.settimeout(PATIENCE);
    client.sendall(&data)?;
    client.shutdown(Shutdown::Write)?;
    let mut back = Vec::new();
    std::io::Read::read_to_end(&mut client, &mut back)?;
    back.reverse();
    assert!(back == data);
    program.wait_for(|line| (line == "TLSv1.3 300000").then_some(()));
    Ok(())
}
