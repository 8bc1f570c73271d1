//! Runs every program of examples/: a new one without a test of its name fails.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::Command,
};

use crate::support::{Program, connect, example, exchange};

/// An example that serves, on a port that the system chose.
fn serve(name: &str) -> (Program, SocketAddr) {
    let (program, mut addr) = Program::serve(Command::new(example(name)).arg("0"));
    if addr.ip().is_unspecified() {
        addr.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    (program, addr)
}

#[test]
fn every_example_has_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let names: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(!names.is_empty());
    for name in names {
        let test = format!("#[test]\nfn {name}()");
        assert!(include_str!("examples.rs").contains(&test), "examples/{name}.rs has no test `{name}` here");
    }
}

#[test]
fn tcp_echo_server() {
    let (_server, addr) = serve("tcp_echo_server");
    let mut streams = [connect(addr), connect(addr)];
    for text in ["one", "two"] {
        for stream in &mut streams {
            stream.write_all(text.as_bytes()).unwrap();
            let mut echo = [0; 3];
            stream.read_exact(&mut echo).unwrap();
            assert_eq!(echo, text.as_bytes());
        }
    }
}

#[test]
fn static_files() {
    let (_server, addr) = serve("static_files");
    let answer = exchange(addr, b"GET /Cargo.toml HTTP/1.0\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("name = \"sockeye\""), "{answer}");
    let listing = exchange(addr, b"GET /src/ HTTP/1.0\r\n\r\n");
    assert!(listing.contains("href=\"lib.rs\""), "{listing}");
}
