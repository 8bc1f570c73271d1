//! `sockeye get` over TLS: what comes from the environment needs a process of its own.

use std::{
    fs, io,
    io::{Read, Write},
    process::{Command, Output},
};

use rcgen::IsCa;

use crate::support::tls::{Authority, Identity, Secure, TlsServer, close};

fn hello(stream: &mut Secure) -> io::Result<()> {
    stream.read_exact(&mut [0; 16])?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")?;
    stream.flush()?;
    close(stream)?;
    io::copy(&mut stream.sock, &mut io::sink()).map(drop)
}

fn get(server: &TlsServer, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(["get", &server.url("/")]).args(arguments).env_remove("SSL_CERT_DIR");
    command.envs(variables.iter().copied()).output().unwrap()
}

#[track_caller]
fn check(output: &Output, code: i32, stdout: &str, stderr: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    let found = (output.status.code(), String::from_utf8_lossy(&output.stdout));
    assert_eq!(found, (Some(code), stdout.into()), "{said}");
    assert!(said.contains(stderr), "{said}");
}

#[test]
fn trust_comes_from_options_and_from_the_environment() {
    let root = Authority::new("Test CA");
    let server = TlsServer::new(root.issue(&["localhost"]).server(), hello);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("ca.pem"), root.pem()).unwrap();
    fs::write(path("other.pem"), Authority::new("Other CA").pem()).unwrap();
    let (ca, other) = (path("ca.pem"), path("other.pem"));

    check(&get(&server, &["--cacert", &ca], &[]), 0, "hello", "");
    check(&get(&server, &["--cacert", &other, "--insecure"], &[]), 0, "hello", "");
    check(&get(&server, &[], &[("SSL_CERT_FILE", &ca)]), 0, "hello", "");
    let refusal =
        "TLS handshake with localhost failed: the certificate \"localhost\" (issued by \"Test CA\") leads to";
    check(&get(&server, &[], &[("SSL_CERT_FILE", &other)]), 1, "", refusal);
    check(&get(&server, &["--cacert", "no-such.pem"], &[]), 2, "", "read no-such.pem failed");
}

#[test]
fn a_machine_without_authorities_is_told_what_to_do() {
    let root = Authority::new("Test CA");
    let server = TlsServer::new(root.issue(&["localhost"]).server(), hello);
    let folder = tempfile::tempdir().unwrap();
    for file in ["/dev/null", "/no/such/file"] {
        let empty = [("SSL_CERT_FILE", file)];
        for words in ["no list of trusted authorities", "ca-certificates", "SSL_CERT_FILE", "--cacert"] {
            check(&get(&server, &[], &empty), 1, "", words);
        }
        let ca = folder.path().join("ca.pem");
        fs::write(&ca, root.pem()).unwrap();
        check(&get(&server, &["--cacert", ca.to_str().unwrap()], &empty), 0, "hello", "");
    }
}

/// The library's words name its own setters.
#[test]
fn hints_are_the_options() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.pem");
    fs::write(&other, Authority::new("Other CA").pem()).unwrap();
    let variables = [("SSL_CERT_FILE", other.to_str().unwrap())];
    let root = Authority::new("Test CA");
    let own = Identity::self_signed(&["localhost"], IsCa::NoCa);
    for (server, hint) in [
        (root.issue(&["localhost"]).server(), "name that authority's certificate with --cacert, or have"),
        (own.server(), "isn't trusted: if it should be, name it with --cacert\n"),
    ] {
        let output = get(&TlsServer::new(server, hello), &[], &variables);
        check(&output, 1, "", hint);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("ClientTls"), "{said}");
    }
}

#[test]
fn secrets_are_logged_on_demand() {
    let root = Authority::new("Test CA");
    let server = TlsServer::new(root.issue(&["localhost"]).server(), hello);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("keys");
    check(&get(&server, &["--insecure"], &[("SSLKEYLOGFILE", log.to_str().unwrap())]), 0, "hello", "");
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("CLIENT_TRAFFIC_SECRET_0 ") && log.contains("SERVER_TRAFFIC_SECRET_0 "), "{log}");
}

#[test]
fn the_handshake_is_a_step_that_is_timed() {
    let root = Authority::new("Test CA");
    let server = TlsServer::new(root.issue(&["localhost"]).server(), hello);
    let output = get(&server, &["--insecure", "--timing"], &[]);
    check(&output, 0, "hello", " ms, TLS ");
    let said = String::from_utf8_lossy(&output.stderr);
    let steps = ["sockeye: resolve ", "connect ", "TLS ", "first byte ", "total "];
    let places: Vec<_> = steps.iter().map(|step| said.find(step)).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{said}");
    // One that is refused never was there.
    let output = get(&server, &["--timing"], &[]);
    check(&output, 1, "", "sockeye: resolve ");
    assert!(!String::from_utf8_lossy(&output.stderr).contains(" ms, TLS "), "{output:?}");
}
