//! URLs into files, and downloads that go on.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use sockeye::{
    ErrorKind, Result,
    urllib::{Opener, Request, urlretrieve},
};

use super::{hear, ok, one, say};
use crate::support::{Scripted, Turn};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_appears_when_it_is_complete() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    fs::write(&path, "before").unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    let server = one([hear(), ok("hello")]);
    let mut seen = Vec::new();
    let response =
        urlretrieve(server.url("/"), &path, |progress| seen.push((progress.received, progress.total)))?;
    assert_eq!((response.getcode(), fs::read_to_string(&path).unwrap().as_str()), (200, "hello"));
    assert_eq!(seen.last(), Some(&(5, Some(5))));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(names(folder.path()), ["f"]);
    urlretrieve("data:,x", "/dev/null", |_| ())?;
    Ok(())
}

#[test]
fn a_name_may_be_as_long_as_names_can_be() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let name = "n".repeat(255);
    urlretrieve("data:,hello", folder.path().join(&name), |_| ())?;
    assert_eq!(names(folder.path()), [name]);
    Ok(())
}

#[test]
fn what_is_cut_short_leaves_everything_as_it_was() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    fs::write(&path, "before").unwrap();
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ncut\r\n",
    ] {
        let server = Scripted::answer(answer);
        let error = Opener::new().retrieve(server.url("/"), &path, |_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
    }
    let server = one([hear(), say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")]);
    assert_eq!(Opener::new().retrieve(server.url("/"), &path, |_| ()).unwrap_err().kind(), ErrorKind::Status);
    let server = one([hear(), ok("x")]);
    let nowhere = folder.path().join("none/f");
    assert_eq!(
        Opener::new().retrieve(server.url("/"), nowhere, |_| ()).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        (names(folder.path()), fs::read_to_string(&path).unwrap().as_str()),
        (vec!["f".to_owned()], "before")
    );
    Ok(())
}

/// Says `version` headers and breaks off after `hello `.
fn cut(version: &str) -> Turn {
    say(format!("HTTP/1.1 200 OK\r\n{version}\r\nContent-Length: 11\r\n\r\nhello "))
}

fn rest(range: &str, version: &str) -> Turn {
    say(format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Range: {range}\r\n{version}\r\nContent-Length: 5\r\n\r\nworld"
    ))
}

/// Two calls against one server, by the same URL: the outcome of the second and what the server heard.
fn twice(first: Turn, second: Vec<Turn>) -> (Result<String, ErrorKind>, Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    let server = Scripted::new(vec![vec![hear(), first], second]);
    let opener = Opener::new();
    let error = opener.resume(server.url("/big"), &path, |_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert!(!path.exists());
    let outcome = opener.resume(server.url("/big"), &path, |_| ());
    let outcome = outcome.map(|_| fs::read_to_string(&path).unwrap()).map_err(|error| error.kind());
    let names = names(folder.path());
    (outcome, server.heard(), names)
}

const TAG: &str = "ETag: \"v1\"";

#[test]
fn a_download_goes_on() {
    let (outcome, heard, names) = twice(cut(TAG), vec![hear(), rest("bytes 6-10/11", TAG)]);
    assert_eq!(outcome.as_deref(), Ok("hello world"));
    assert!(
        heard[1].contains("range: bytes=6-\r\n") && heard[1].contains("if-range: \"v1\"\r\n"),
        "{heard:?}"
    );
    assert!(heard.iter().all(|heard| heard.contains("accept-encoding: identity\r\n")), "{heard:?}");
    assert_eq!(names, ["f"]);
    let old = "Date: Sun, 06 Nov 1994 08:59:37 GMT\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT";
    let (outcome, heard, _) = twice(cut(old), vec![hear(), rest("bytes 6-10/11", old)]);
    assert_eq!(outcome.as_deref(), Ok("hello world"));
    assert!(heard[1].contains("if-range: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), "{heard:?}");
}

#[test]
fn another_version_begins_anew() {
    let whole = || vec![hear(), say("HTTP/1.1 200 OK\r\nETag: \"v2\"\r\nContent-Length: 4\r\n\r\nnew!")];
    let (outcome, _, names) = twice(cut(TAG), whole());
    assert_eq!((outcome.as_deref(), names), (Ok("new!"), vec!["f".to_owned()]));
    // What can't be told from another version isn't asked for in pieces.
    let young = "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT";
    for version in ["X-None: x", "ETag: W/\"weak\"", young] {
        let (outcome, heard, _) = twice(cut(version), whole());
        assert_eq!(outcome.as_deref(), Ok("new!"));
        assert!(!heard[1].contains("range:"), "{heard:?}");
    }
    let gone = say("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n");
    let (outcome, heard, _) = twice(cut(TAG), [vec![hear(), gone], whole()].concat());
    assert_eq!(outcome.as_deref(), Ok("new!"));
    assert_eq!(heard[1].matches("if-range").count(), 1, "{heard:?}");
}

#[test]
fn a_range_that_was_not_asked_for_is_an_error() {
    for (range, version) in [
        ("bytes 5-10/11", TAG),
        ("bytes */11", TAG),
        ("", TAG),
        ("bytes 6-10/11", "ETag: \"v2\""),
        // To another end than before.
        ("bytes 6-8/9", TAG),
        ("bytes 6-8/*", TAG),
        // Not to the end, and not at all an end.
        ("bytes 6-10/12", TAG),
        ("bytes 6-/11", TAG),
        ("bytes 6-18446744073709551615/11", TAG),
    ] {
        let (outcome, ..) = twice(cut(TAG), vec![hear(), rest(range, version)]);
        assert_eq!(outcome, Err(ErrorKind::Protocol), "{range}");
    }
    let (outcome, ..) = twice(cut(TAG), vec![hear(), rest("bytes 6-10/*", TAG)]);
    assert_eq!(outcome.as_deref(), Ok("hello world"));
    // Nobody asked for a part.
    let (folder, server) = (tempfile::tempdir().unwrap(), one([hear(), rest("bytes 0-4/11", TAG)]));
    let error = Opener::new().resume(server.url("/"), folder.path().join("f"), |_| ()).unwrap_err();
    assert_eq!((error.kind(), names(folder.path()).len()), (ErrorKind::Protocol, 0));
}

#[test]
fn what_goes_on_takes_the_place_as_a_whole_one_would() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode() & 0o777;
    fs::write(at("real"), "before").unwrap();
    fs::set_permissions(at("real"), PermissionsExt::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink("real", at("link")).unwrap();
    std::os::unix::fs::symlink("made", at("nowhere")).unwrap();
    for (name, real) in [("link", "real"), ("nowhere", "made")] {
        let server = Scripted::new(vec![vec![hear(), cut(TAG)], vec![hear(), rest("bytes 6-10/11", TAG)]]);
        assert!(Opener::new().resume(server.url("/"), at(name), |_| ()).is_err());
        Opener::new().resume(server.url("/"), at(name), |_| ())?;
        assert!(fs::symlink_metadata(at(name)).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(at(real)).unwrap(), "hello world");
    }
    assert_eq!((mode("real"), names(folder.path()).len()), (0o600, 4));
    // A FIFO stays one, and is written to.
    let status = std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap();
    assert!(status.success());
    let fifo = at("fifo");
    let reader = std::thread::spawn(move || fs::read_to_string(fifo).unwrap());
    let server = one([hear(), ok("hello")]);
    Opener::new().resume(server.url("/"), at("fifo"), |_| ())?;
    // Who opens it for writing alone lets the reader go, also when nobody wrote.
    drop(fs::OpenOptions::new().read(true).write(true).open(at("fifo")));
    assert!(!fs::metadata(at("fifo")).unwrap().is_file());
    assert_eq!(reader.join().unwrap(), "hello");
    Ok(())
}

#[test]
fn another_version_in_a_range_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    let other = rest("bytes 6-10/11", "ETag: \"v2\"");
    let server = Scripted::new(vec![vec![hear(), cut(TAG)], vec![hear(), other]]);
    assert!(Opener::new().resume(server.url("/"), &path, |_| ()).is_err());
    let error = Opener::new().resume(server.url("/"), &path, |_| ()).unwrap_err().to_string();
    assert!(error.contains("\"v2\"") && error.contains("\"v1\"") && !error.contains("range"), "{error}");
}

/// Who may read the folder isn't told a password.
#[test]
fn what_waits_holds_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let server = one([hear(), cut(TAG)]);
    let url = server.url("/big").replace("http://", "http://me:secret@");
    assert!(Opener::new().resume(url, folder.path().join("f"), |_| ()).is_err());
    let note = fs::read_to_string(folder.path().join("f.part.from")).unwrap();
    assert_eq!(note, format!("{}\n\"v1\"\n11\n", server.url("/big")));
}

#[test]
fn only_a_plain_get_goes_on() -> Result<()> {
    for request in [
        Request::new("http://127.0.0.1:1/")?.data("x"),
        Request::new("http://127.0.0.1:1/")?.method("HEAD"),
        Request::new("http://127.0.0.1:1/")?.add_header("Range", "bytes=1-"),
    ] {
        assert_eq!(Opener::new().resume(request, "f", |_| ()).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    Ok(())
}

/// What came with a range is as long as that range, or the file isn't there. Gives the error and what waits.
#[track_caller]
fn check_range(answer: &str, kind: ErrorKind, said: &str, waits: &str) {
    const FIRST: &str = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 11\r\n\r\nhello ";
    let head = "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 6-10/11\r\n";
    for turn in [Turn::Send, Turn::Drip] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let server = Scripted::new(vec![
            vec![hear(), say(FIRST)],
            vec![hear(), turn(format!("{head}{answer}").into())],
            vec![hear(), rest("bytes 6-10/11", TAG)],
        ]);
        let opener = Opener::new();
        let resume = |most: u64| {
            opener.resume(server.url("/big"), &path, |progress| {
                assert!(progress.received <= most && progress.total == Some(11), "{progress:?}");
            })
        };
        assert!(resume(6).is_err());
        let error = resume(11).map(|answer| answer.getcode()).unwrap_err();
        assert!(error.kind() == kind && error.to_string().contains(said), "{answer:?}: {error}");
        assert_eq!(names(folder.path()), ["f.part", "f.part.from"], "{answer:?}");
        assert_eq!(fs::read_to_string(folder.path().join("f.part")).unwrap(), waits, "{answer:?}");
        if waits == "hello " {
            resume(11).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "hello world");
        }
    }
}

#[test]
fn a_range_that_ends_early_is_no_whole_file() {
    let said = "after 8 bytes failed: the server's range ended 3 bytes early";
    for answer in ["Connection: close\r\n\r\nwo", "Transfer-Encoding: chunked\r\n\r\n2\r\nwo\r\n0\r\n\r\n"] {
        check_range(answer, ErrorKind::UnexpectedEof, said, "hello wo");
    }
    let said = "after 6 bytes failed: the server's range ended 5 bytes early";
    check_range("Connection: close\r\n\r\n", ErrorKind::UnexpectedEof, said, "hello ");
}

#[test]
fn a_range_of_another_length_is_not_written() {
    for (length, body) in [(8, "worldXYZ"), (3, "wor"), (0, "")] {
        let said = format!("a range of 5 bytes in a body of {length}");
        let answer = format!("Content-Length: {length}\r\n\r\n{body}");
        check_range(&answer, ErrorKind::Protocol, &said, "hello ");
    }
    let said = "more than its range, which ends after 11 bytes";
    for answer in [
        "Connection: close\r\n\r\nworldXYZ",
        "Transfer-Encoding: chunked\r\n\r\n8\r\nworldXYZ\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nworld\r\n3\r\nXYZ\r\n0\r\n\r\n",
    ] {
        check_range(answer, ErrorKind::Protocol, said, "hello ");
    }
}
