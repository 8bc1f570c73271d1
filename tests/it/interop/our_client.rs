//! `urlopen` reads from Python's `http.server`, from nginx, and from Go's `net/http`.

use std::{
    fs,
    io::{BufRead, Read},
};

use sockeye::{
    ErrorKind,
    urllib::{Opener, Request, Response, StatusCode, urlopen},
};
use tempfile::TempDir;

use crate::support::{Peer, go_server, nginx_server, python_server};

/// A folder with something of each kind.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("hello.txt"), "hello\nworld\n").unwrap();
    fs::write(at("empty.txt"), "").unwrap();
    fs::write(at("big.bin"), big()).unwrap();
    fs::create_dir(at("sub")).unwrap();
    fs::write(at("sub/index.html"), "<p>index</p>").unwrap();
    folder
}

/// 3 MiB that differ everywhere.
fn big() -> Vec<u8> {
    (0..3u32 << 18).flat_map(|n| n.wrapping_mul(0x9E37_79B9).to_le_bytes()).collect()
}

/// Runs a check against each server that is there.
fn with_each(check: impl Fn(&Peer)) {
    let folder = folder();
    let servers = [python_server(folder.path()), nginx_server(folder.path()), go_server(folder.path())];
    for server in servers.into_iter().flatten() {
        check(&server);
    }
}

fn text(mut response: Response) -> String {
    let mut text = String::new();
    response.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn files_come_whole() {
    with_each(|server| {
        // nginx tells no length of what it compresses.
        let plain = Request::new(server.url("/hello.txt")).unwrap().add_header("Accept-Encoding", "identity");
        let response = urlopen(plain).unwrap();
        assert_eq!((response.getcode(), response.headers()["content-length"].as_bytes()), (200, &b"12"[..]));
        let lines: Vec<String> = response.lines().map(Result::unwrap).collect();
        assert_eq!(lines, ["hello", "world"]);
        assert_eq!(text(urlopen(server.url("/empty.txt")).unwrap()), "");
        let mut bytes = Vec::new();
        urlopen(server.url("/big.bin")).unwrap().read_to_end(&mut bytes).unwrap();
        assert!(bytes == big(), "{} bytes came", bytes.len());
    });
}

#[test]
fn a_missing_file_is_an_error_that_can_be_read() {
    with_each(|server| {
        let error = urlopen(server.url("/nothing")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Status);
        let response = error.into_response().unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert!(text(response).contains("404"));
    });
}

#[test]
fn a_folder_without_its_slash_redirects() {
    with_each(|server| {
        let response = urlopen(server.url("/sub")).unwrap();
        assert_eq!(response.geturl(), server.url("/sub/"));
        assert_eq!(text(response), "<p>index</p>");
    });
}

#[test]
fn listings_come_in_whatever_framing() {
    with_each(|server| {
        // Python gives a length, nginx chunks.
        let listing = text(urlopen(server.url("/")).unwrap());
        for name in ["hello.txt", "big.bin", "sub/"] {
            assert!(listing.contains(&format!("href=\"{name}\"")), "{listing}");
        }
    });
}

#[test]
fn a_head_has_a_length_and_no_body() {
    with_each(|server| {
        let request = Request::new(server.url("/hello.txt")).unwrap().method("HEAD");
        let request = request.add_header("Accept-Encoding", "identity");
        let response = urlopen(request).unwrap();
        assert_eq!(response.headers()["content-length"], "12");
        assert_eq!(text(response), "");
    });
}

#[test]
fn one_opener_asks_many_times() {
    with_each(|server| {
        let opener = Opener::new();
        for _ in 0..20 {
            assert_eq!(text(opener.open(server.url("/hello.txt")).unwrap()), "hello\nworld\n");
            assert_eq!(opener.open(server.url("/none")).unwrap_err().kind(), ErrorKind::Status);
        }
    });
}

#[test]
fn nginx_redirects_ranges_and_refuses() {
    let folder = folder();
    let Some(server) = nginx_server(folder.path()) else { return };
    let moved = urlopen(server.url("/moved")).unwrap();
    assert_eq!(moved.geturl(), server.url("/hello.txt"));
    assert_eq!(text(moved), "hello\nworld\n");

    let range = Request::new(server.url("/hello.txt")).unwrap().add_header("Range", "bytes=6-10");
    let part = urlopen(range).unwrap();
    assert_eq!((part.getcode(), text(part)), (206, "world".to_owned()));

    let gone = urlopen(server.url("/gone")).unwrap_err().into_response().unwrap();
    assert_eq!((gone.getcode(), text(gone)), (410, "gone for good".to_owned()));

    let post = Request::new(server.url("/hello.txt")).unwrap().data("name=value");
    assert_eq!(urlopen(post).unwrap_err().response().map(Response::getcode), Some(405));
}
