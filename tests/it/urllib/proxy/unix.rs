//! Requests to Unix sockets.

use std::{
    io::{Read, Write},
    os::unix::net::UnixListener,
    path::Path,
    thread::{self, JoinHandle},
};

use sockeye::{
    ErrorKind, Result,
    urllib::{Opener, Request, build_opener, quote_safe},
};

use super::{super::text, through};

/// Answers on one connection, and gives what it was sent.
fn listen(path: &Path, answers: Vec<&'static str>) -> JoinHandle<String> {
    let listener = UnixListener::bind(path).unwrap();
    thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut heard = Vec::new();
        for answer in answers {
            let start = heard.len();
            while !heard[start..].ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                peer.read_exact(&mut byte).unwrap();
                heard.push(byte[0]);
            }
            peer.write_all(answer.as_bytes()).unwrap();
        }
        String::from_utf8(heard).unwrap()
    })
}

#[test]
fn the_url_names_the_host_and_the_path_the_place() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let moved = "HTTP/1.1 302 Moved\r\nLocation: http://other.example:81/y\r\nContent-Length: 0\r\n\r\n";
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere";
    let server = listen(&path, vec![ok, ok]);
    // No proxy stands between, whatever the opener says.
    let opener = through("http://127.0.0.1:1");
    for _ in 0..2 {
        let request = Request::new("http://me:secret@h.example/x?y")?.unix_socket(&path);
        assert_eq!(text(opener.open(request)?)?, "there");
    }
    let heard = server.join().unwrap();
    assert!(heard.starts_with("GET /x?y HTTP/1.1\r\nHost: h.example\r\n"), "{heard}");
    assert_eq!(heard.matches("GET ").count(), 2);

    // A redirect stays at the socket, and takes no secret along.
    std::fs::remove_file(&path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        [moved, ok].map(|answer| {
            let (mut peer, _) = listener.accept().unwrap();
            let mut buf = [0; 4096];
            let n = peer.read(&mut buf).unwrap();
            peer.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&buf[..n]).into_owned()
        })
    });
    let request = Request::new("http://me:secret@h.example/")?.unix_socket(&path);
    assert_eq!(text(opener.open(request)?)?, "there");
    let [first, second] = server.join().unwrap();
    assert!(first.contains("authorization: Basic") && !second.contains("authorization"), "{second}");
    assert!(second.starts_with("GET /y HTTP/1.1\r\nHost: other.example:81\r\n"), "{second}");
    Ok(())
}

#[test]
fn a_url_or_an_opener_names_the_place() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a socket");
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere";
    let server = listen(&path, vec![ok]);
    let coded = quote_safe(path.to_str().unwrap(), "");
    let response = Opener::new().open(format!("http+unix://me:secret@{coded}/x%20?y#z"))?;
    assert_eq!(response.geturl(), "http://me:secret@localhost/x%20?y#z");
    assert_eq!(text(response)?, "there");
    let heard = server.join().unwrap();
    assert!(heard.starts_with("GET /x%20?y HTTP/1.1\r\nHost: localhost\r\n"), "{heard}");
    assert!(heard.contains("authorization: Basic "), "{heard}");

    std::fs::remove_file(&path).unwrap();
    // Nobody elsewhere says which sockets of this machine are spoken to.
    let moved: &str =
        format!("HTTP/1.1 302 M\r\nLocation: http+unix://{coded}/\r\nContent-Length: 0\r\n\r\n").leak();
    let server = listen(&path, vec![ok, moved]);
    let opener = build_opener().unix_socket(&path).build();
    assert_eq!(text(opener.open("http://h.example/")?)?, "there");
    assert_eq!(opener.open("http://h.example/").unwrap_err().kind(), ErrorKind::Redirect);
    assert!(server.join().unwrap().contains("Host: h.example\r\n"));
    for wrong in ["http+unix:///x", "http+unix:x"] {
        assert_eq!(Opener::new().open(wrong).unwrap_err().kind(), ErrorKind::InvalidInput, "{wrong}");
    }
    let long = build_opener().unix_socket("x".repeat(200)).build();
    assert_eq!(long.open("http://h/").unwrap_err().kind(), ErrorKind::InvalidInput);
    Ok(())
}

#[test]
fn a_path_where_nobody_listens() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let error = Opener::new().open(Request::new("http://h/")?.unix_socket(&path)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    let long = Request::new("http://h/")?.unix_socket("x".repeat(200));
    assert_eq!(Opener::new().open(long).unwrap_err().kind(), ErrorKind::InvalidInput);
    Ok(())
}
