//! `sockeye get --jobs`: one file by several requests.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::{Command, Output},
    sync::{Arc, LazyLock, Mutex},
};

use sockeye::http::{HeaderMap, StatusCode, handler};

use super::{get_in, sockeye};
use crate::support::{Program, Serving, serve};

const MEGABYTE: usize = 1024 * 1024;

/// What one request is answered with.
struct Said {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// How much of the body isn't sent.
    lacking: usize,
}

/// A file of four megabytes and a bit, no two places of which look the same.
static CONTENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let numbers = 0..u32::try_from(MEGABYTE).unwrap() + 5;
    numbers.flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
});

/// The right answer: all, or the part that is asked for.
fn right(headers: &HeaderMap) -> Said {
    let mut said = vec![("ETag", "\"v1\"".to_owned()), ("Accept-Ranges", "bytes".to_owned())];
    let Some(range) = headers.get("range").map(|range| range.to_str().unwrap().to_owned()) else {
        return Said { status: 200, headers: said, body: CONTENT.clone(), lacking: 0 };
    };
    let (first, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    said.push(("Content-Range", format!("bytes {first}-{last}/{}", CONTENT.len())));
    Said { status: 206, headers: said, body: CONTENT[first..=last].to_vec(), lacking: 0 }
}

/// Serves what `change` makes of the right answers, and notes what ranges are asked for.
fn server(change: impl Fn(&mut Said) + Send + Sync + 'static) -> (Serving, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = asked.clone();
    let served = serve(handler(move |request, response| {
        let headers = request.headers().clone();
        let of = |name| headers.get(name).map_or("", |value| value.to_str().unwrap_or("?"));
        noted.lock().unwrap().push([of("range"), of("if-range")].join(" "));
        let mut said = right(&headers);
        change(&mut said);
        let mut head = response.send_response(StatusCode::from_u16(said.status).unwrap());
        for (name, value) in said.headers {
            head = head.send_header(name, value);
        }
        let mut body = head.send_header("Content-Length", said.body.len()).end_headers()?;
        Ok(body.write_all(&said.body[..said.body.len() - said.lacking])?)
    }));
    (served, asked)
}

fn get(folder: &Path, arguments: &[&str]) -> Output {
    get_in(folder, &[&["-o", "f"], arguments].concat())
}

/// The download is the first version, byte by byte, by at least so many requests.
#[track_caller]
fn check(change: impl Fn(&mut Said) + Send + Sync + 'static, requests: usize) {
    let folder = tempfile::tempdir().unwrap();
    let (server, asked) = server(change);
    let output = get(folder.path(), &["-j", "4", &server.url("/")]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(fs::read(folder.path().join("f")).unwrap() == *CONTENT, "other bytes came");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let asked = asked.lock().unwrap();
    assert!(asked.len() == requests || requests > 1 && (2..=requests).contains(&asked.len()), "{asked:?}");
}

#[test]
fn a_big_file_comes_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let (server, asked) = server(|_| ());
    let output = get(folder.path(), &["--jobs", "4", &server.url("/")]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(fs::read(folder.path().join("f")).unwrap() == *CONTENT, "other bytes came");
    let mut asked = asked.lock().unwrap().clone();
    asked.sort();
    let parts = ["1048581-2097161", "2097162-3145742", "3145743-4194323"];
    let parts = parts.map(|part| format!("bytes={part} \"v1\""));
    assert_eq!(asked, [&[" ".to_owned()][..], &parts].concat());
}

#[test]
fn what_has_no_parts_is_asked_for_once() {
    let without =
        |name: &'static str| move |said: &mut Said| said.headers.retain(|(named, _)| *named != name);
    check(without("ETag"), 1);
    check(without("Accept-Ranges"), 1);
    check(|said| said.headers[0].1 = "W/\"weak\"".to_owned(), 1);
    check(|said| said.headers[1].1 = "none".to_owned(), 1);
    // Too small, and just large enough.
    for (size, requests) in [(2 * MEGABYTE - 1, 1), (2 * MEGABYTE, 2)] {
        let folder = tempfile::tempdir().unwrap();
        let (server, asked) = server(move |said| {
            if said.status == 200 {
                said.body.truncate(size);
            }
        });
        let output = get(folder.path(), &["-j", "4", &server.url("/")]);
        assert_eq!(output.status.code(), Some(0));
        assert!(fs::read(folder.path().join("f")).unwrap() == CONTENT[..size]);
        assert_eq!(asked.lock().unwrap().len(), requests);
    }
}

#[test]
fn what_does_not_come_in_parts_comes_in_one() {
    // All, although a part was asked for: there is another version by now.
    check(
        |said| {
            if said.status == 206 {
                (said.status, said.body) = (200, b"another version".to_vec());
            }
        },
        4,
    );
    // Parts of another version, by a server that doesn't look at If-Range.
    check(
        |said| {
            if said.status == 206 {
                said.headers[0].1 = "\"v2\"".to_owned();
                said.body.fill(b'x');
            }
        },
        4,
    );
    // Another part.
    check(
        |said| {
            if said.status == 206 {
                said.headers[2].1 = "bytes 0-1048580/4194324".to_owned();
                said.body.fill(b'x');
            }
        },
        4,
    );
    // One that breaks off, and a server that is asked too much.
    check(|said| said.lacking = if said.status == 206 { 10 } else { 0 }, 4);
    check(|said| said.status = if said.status == 206 { 503 } else { 200 }, 4);
}

#[test]
fn what_is_cut_short_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (server, _) = server(|said| said.lacking = if said.status == 200 { 7 * MEGABYTE / 2 } else { 0 });
    let output = get(folder.path(), &["-j", "3", &server.url("/")]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("of 4194324 bytes came"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn ctrl_c_ends_it_while_parts_are_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut command = sockeye(&["get", "-j", "2", "-o", "f", &url]);
    let program = Program::start(command.current_dir(folder.path()));
    let (mut first, _) = listener.accept().unwrap();
    assert!(first.read(&mut [0; 1024]).unwrap() > 0);
    let head = format!(
        "HTTP/1.1 200 OK\r\nETag: \"v\"\r\nAccept-Ranges: bytes\r\nContent-Length: {}\r\n\r\n",
        4 * MEGABYTE
    );
    first.write_all(head.as_bytes()).unwrap();
    first.write_all(&vec![b'x'; 2 * MEGABYTE]).unwrap();
    let (mut second, _) = listener.accept().unwrap();
    assert!(second.read(&mut [0; 1024]).unwrap() > 0);
    let killed = Command::new("kill").args(["-INT", &program.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let finished = program.finish();
    assert_eq!((finished.code, finished.lines), (Some(130), vec!["sockeye: interrupted".to_owned()]));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn it_needs_a_file_and_a_sensible_count() {
    for (arguments, said) in [
        (&["-j", "0", "-o", "f"][..], "is not in 1..=64"),
        (&["-j", "65", "-o", "f"], "is not in 1..=64"),
        (&["-j", "2"], "--jobs writes at several places of a file: name one with --output"),
        (&["-j", "2", "-o", "/dev/null"], "--jobs writes at several places of a file"),
        (&["-j", "2", "-c", "-o", "f"], "cannot be used with"),
        (&["-j", "2", "-i", "-o", "f"], "cannot be used with"),
    ] {
        let output = sockeye(&["get", "http://127.0.0.1:1/"]).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains(said), "{text}");
    }
}
