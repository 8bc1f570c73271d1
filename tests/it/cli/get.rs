//! `sockeye get`.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use super::{Unprivileged, folder_of_mode, set_mode, sockeye};
use crate::support::{Program, Scripted, Turn, peer};

fn answer(text: &str) -> Scripted {
    Scripted::answer(text)
}

fn get(url: &str, more: &[&str]) -> Output {
    sockeye(&["get", url]).args(more).output().unwrap()
}

fn into_file(url: &str, file: &Path) -> Output {
    get(url, &["-o", file.to_str().unwrap()])
}

#[track_caller]
fn check(output: &Output, code: i32, stdout: &str, stderr: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (output.status.code(), &*String::from_utf8_lossy(&output.stdout)),
        (Some(code), stdout),
        "{said}"
    );
    assert!(said.contains(stderr) && (code != 0 || said.is_empty()), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

/// The names in a folder.
fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn to_standard_output_and_into_a_file() {
    let page = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    check(&get(&answer(page).url("/"), &[]), 0, "hello", "");
    check(&get(&answer(page).url("/"), &["-o", "-"]), 0, "hello", "");
    check(&get(&answer(page).url("/"), &["-o", "/dev/null", "--timeout", "20.5"]), 0, "", "");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page");
    check(&into_file(&answer(page).url("/"), &file), 0, "", "");
    assert_eq!(
        (fs::read_to_string(&file).unwrap(), names(&folder)),
        ("hello".to_owned(), vec!["page".to_owned()])
    );
}

#[test]
fn an_old_file_is_replaced_with_its_mode_and_through_its_link() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("old"), folder.path().join("link"));
    fs::write(&file, "something longer").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("old", &link).unwrap();
    check(&into_file(&answer("HTTP/1.0 200 OK\r\n\r\nnew").url("/"), &link), 0, "", "");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
}

/// As the shell's `>` does: the link stays, and its file appears where it leads.
#[test]
fn a_link_to_nothing_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (link, next, file) =
        (folder.path().join("link"), folder.path().join("next"), folder.path().join("file"));
    std::os::unix::fs::symlink("next", &link).unwrap();
    std::os::unix::fs::symlink(&file, &next).unwrap();
    check(&into_file(&answer("HTTP/1.0 200 OK\r\n\r\nnew").url("/"), &link), 0, "", "");
    for link in [&link, &next] {
        assert!(fs::symlink_metadata(link).unwrap().is_symlink());
    }
    assert!(fs::symlink_metadata(&file).unwrap().is_file());
    assert_eq!((&*fs::read_to_string(&file).unwrap(), names(&folder).len()), ("new", 3));
    // One that leads to itself is an error, one into no folder as well.
    let circle = folder.path().join("circle");
    std::os::unix::fs::symlink("circle", &circle).unwrap();
    check(&into_file(&answer("HTTP/1.0 200 OK\r\n\r\nnew").url("/"), &circle), 1, "", "circle: ");
    let lost = folder.path().join("lost");
    std::os::unix::fs::symlink("no/file", &lost).unwrap();
    check(&into_file(&answer("HTTP/1.0 200 OK\r\n\r\nnew").url("/"), &lost), 1, "", "there is no folder");
    assert_eq!(names(&folder).len(), 5);
}

#[test]
fn a_name_as_long_as_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("n".repeat(255));
    check(&into_file(&answer("HTTP/1.0 200 OK\r\n\r\nnew").url("/"), &file), 0, "", "");
    assert_eq!((&*fs::read_to_string(&file).unwrap(), names(&folder).len()), ("new", 1));
    let file = folder.path().join("n".repeat(256));
    check(&into_file(&answer("HTTP/1.0 200 OK\r\n\r\nnew").url("/"), &file), 1, "", "name too long");
}

/// They have a body, or an empty one, that must not pass for the page.
#[test]
fn what_is_neither_the_page_nor_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for (head, why) in [
        ("206 Partial Content\r\nContent-Range: bytes 0-3/9", "a part of the page"),
        ("302 Found", "a redirect that doesn't say where to"),
        ("304 Not Modified", "the page hasn't changed"),
        ("300 Multiple Choices", "neither the page nor a redirect"),
    ] {
        let server = answer(&format!("HTTP/1.1 {head}\r\nContent-Length: 4\r\n\r\npart"));
        let output = into_file(&server.url("/"), &folder.path().join("page"));
        let status = head.split("\r\n").next().unwrap();
        check(&output, 3, "", &format!("sockeye: 127.0.0.1 answered {status}: {why}"));
        assert!(names(&folder).is_empty());
    }
    // The other successes are the page.
    for head in ["201 Created", "203 Non-Authoritative Information"] {
        let server = answer(&format!("HTTP/1.1 {head}\r\nContent-Length: 4\r\n\r\npage"));
        check(&get(&server.url("/"), &[]), 0, "page", "");
    }
}

#[test]
fn redirects_that_lead_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    for (location, why) in [
        ("http://127.0.0.1:99999/", "which is not a URL"),
        ("ftp://127.0.0.1/", "leads to the scheme \"ftp\", which is not followed"),
        ("/", "leads in a circle"),
    ] {
        let server =
            answer(&format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\ngone"));
        check(&into_file(&server.url("/"), &folder.path().join("page")), 3, "", why);
        assert!(names(&folder).is_empty());
    }
}

#[test]
fn credentials_in_the_url_go_to_its_host_alone() {
    let second = answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere");
    let first = answer(&format!("HTTP/1.1 302 Found\r\nLocation: {}\r\n\r\n", second.url("/")));
    check(&get(&first.url("/").replace("http://", "http://me:secret@"), &[]), 0, "there", "");
    let (first, second) = (first.heard().concat(), second.heard().concat());
    assert!(first.to_ascii_lowercase().contains("\r\nauthorization: basic "), "{first}");
    // `me:secret`
    assert!(first.contains(" bWU6c2VjcmV0\r\n"), "{first}");
    assert!(!second.to_ascii_lowercase().contains("authorization"), "{second}");
}

#[test]
fn redirects_are_followed() {
    // By `-L` only for curl.
    for more in [&[][..], &["-L"]] {
        let second = answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere");
        let first = answer(&format!("HTTP/1.1 302 Found\r\nLocation: {}\r\n\r\n", second.url("/")));
        check(&get(&first.url("/"), more), 0, "there", "");
    }
}

#[test]
fn what_is_cut_short_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page");
    for (text, why) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello", "only 5 of 100 bytes came"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "only 5 bytes came"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx", "malformed chunk size"),
        ("", "closed without an answer"),
    ] {
        let output = into_file(&answer(text).url("/"), &file);
        check(&output, 1, "", why);
        assert_eq!(output.stderr.iter().filter(|&&byte| byte == b'\n').count(), 1);
        assert!(names(&folder).is_empty());
    }
    // What was there before stays.
    fs::write(&file, "before").unwrap();
    check(
        &into_file(&answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello").url("/"), &file),
        1,
        "",
        "cut short",
    );
    assert_eq!((fs::read_to_string(&file).unwrap(), names(&folder).len()), ("before".to_owned(), 1));
}

#[test]
fn a_password_is_not_shown() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx",
        "HTTP/1.1 404 Not Found\r\n\r\n",
        "nonsense\r\n\r\n",
    ] {
        let server = answer(text);
        let output = get(&server.url("/").replace("http://", "http://me:secret@"), &["-o", "/dev/null"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("sockeye: ") && said.contains("127.0.0.1"), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
}

#[test]
fn an_error_status_is_reported_with_its_page() {
    let folder = tempfile::tempdir().unwrap();
    for (status, code) in [
        ("404 Not Found", 4),
        ("410 Sold out, sorry", 4),
        ("499", 4),
        ("503 Service Unavailable", 5),
        ("599", 5),
        // As RFC 9110 §15 has clients take a status that can't be.
        ("600", 5),
        ("999", 5),
    ] {
        let server = answer(&format!("HTTP/1.1 {status}\r\nContent-Length: 7\r\n\r\nno such"));
        let output = into_file(&server.url("/"), &folder.path().join("page"));
        check(&output, code, "", &format!("answered {status}\nno such\n"));
        assert!(names(&folder).is_empty());
    }
}

#[test]
fn wrong_usage_and_no_connection() {
    check(&get("example.org/x", &[]), 2, "", "perhaps http://example.org/x");
    check(&get("http://127.0.0.1/a b", &[]), 2, "", "must be percent-coded");
    for (url, why) in [
        ("ftp://h/x", "http, https, file and data are the ones that are known"),
        ("localhost:8000/x", "perhaps http://localhost:8000/x"),
    ] {
        // One of them keeps all from being fetched.
        let server = Scripted::new(vec![]);
        check(&get(&server.url("/"), &[url]), 2, "", why);
        assert!(server.heard().is_empty());
    }
    check(
        &get("me:secret@h/x", &[]),
        2,
        "",
        "sockeye: the URL has no scheme: perhaps http:// is missing before …@h/x",
    );
    for seconds in ["soon", "nan", "-1", "1e300"] {
        check(&get("http://127.0.0.1/", &["--timeout", seconds]), 2, "", "not a number of seconds");
    }
    check(&get("http://127.0.0.1:1/", &[]), 1, "", "connect to 127.0.0.1:1 failed: connection refused");
    if !cfg!(feature = "tls") {
        check(&get("https://127.0.0.1:1/", &[]), 1, "", "build sockeye with its feature `tls`");
    }
    let help = sockeye(&["get", "--help"]).output().unwrap();
    check(&help, 0, &String::from_utf8_lossy(&help.stdout), "");
    assert!(String::from_utf8_lossy(&help.stdout).contains("Exit status"));
}

#[test]
fn a_file_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let page = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let there = folder.path().display();
    for name in [format!("{there}"), format!("{there}/")] {
        let why =
            format!("{name} is a folder; name a file with --output, such as {there}/page, or use -O in it");
        check(&into_file(&answer(page).url("/"), Path::new(&name)), 1, "", &format!("sockeye: {why}\n"));
    }
    check(
        &into_file(&answer(page).url("/"), &folder.path().join("no/such")),
        1,
        "",
        &format!("sockeye: there is no folder {}; make it", folder.path().join("no").display()),
    );
    let missing = format!("{}/new/", folder.path().display());
    check(
        &get(&answer(page).url("/"), &["-o", &missing]),
        1,
        "",
        &format!(
            "sockeye: there is no folder {missing}; --output takes a file's name, such as {missing}page"
        ),
    );
    check(&get(&answer(page).url("/"), &["-o", "/dev/full"]), 1, "", "/dev/full: no space left on device");
}

/// As curl does: in its place, where it can't be replaced. What breaks off leaves nothing that looks whole.
#[test]
fn a_file_in_a_folder_that_cannot_be_written_to() {
    let Some(user) = Unprivileged::new() else { return };
    let folder = folder_of_mode(0o755);
    let (file, new) = (folder.path().join("page"), folder.path().join("new"));
    let prepared = |mode: u32, folder_mode: u32| {
        set_mode(folder.path(), 0o755);
        let _ = fs::remove_file(&file);
        fs::write(&file, "something longer").unwrap();
        set_mode(&file, mode);
        set_mode(folder.path(), folder_mode);
    };
    let get = |text: &str, file: &Path| {
        let server = answer(text);
        user.sockeye(&["get", &server.url("/"), "-o", file.to_str().unwrap()]).output().unwrap()
    };
    let whole = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew";
    for (text, code, stderr, left) in [
        (whole, 0, "", "new"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, "", ""),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnew", 1, "cut short", ""),
        ("HTTP/1.1 404 Not Found\r\n\r\n", 4, "404", "something longer"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 1, "cut short", "something longer"),
    ] {
        prepared(0o666, 0o555);
        check(&get(text, &file), code, "", stderr);
        assert_eq!((&*fs::read_to_string(&file).unwrap(), names(&folder).len()), (left, 1), "{text:?}");
    }
    let no_file = format!("sockeye: no permission to make a file in the folder {};", folder.path().display());
    check(&get(whole, &new), 1, "", &no_file);
    // A file that may not be written to isn't replaced either.
    for folder_mode in [0o555, 0o777] {
        prepared(0o444, folder_mode);
        let refused = format!("sockeye: write to {}: permission denied", file.display());
        check(&get(whole, &file), 1, "", &refused);
        assert_eq!(fs::read_to_string(&file).unwrap(), "something longer");
    }
    set_mode(folder.path(), 0o755);
}

#[test]
fn a_time_limit_ends_it() {
    let server = Scripted::new(vec![vec![Turn::End]]);
    check(&get(&server.url("/"), &["--timeout", "0.1"]), 1, "", "timed out");
    // As for curl.
    for none in ["-t0", "-m0", "--max-time=0.0"] {
        let server = answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        check(&get(&server.url("/"), &[none]), 0, "hello", "");
    }
}

#[test]
fn ctrl_c_ends_it_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let file = folder.path().join("page");
    let program = Program::start(&mut sockeye(&["get", &url, "-o", file.to_str().unwrap()]));
    let (mut peer, _) = listener.accept().unwrap();
    assert!(peer.read(&mut [0; 1024]).unwrap() > 0);
    peer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello").unwrap();
    let killed = Command::new("kill").args(["-INT", &program.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let finished = program.finish();
    assert_eq!((finished.code, finished.lines), (Some(130), vec!["sockeye: interrupted".to_owned()]));
    assert!(names(&folder).is_empty());
}

/// An error page must not move the cursor of whoever reads it on a terminal; in a pipe it stays what it is.
#[test]
fn an_error_page_has_no_control_characters_on_a_terminal() {
    let page = "\x1b[2Jsafe\x07";
    let head = format!("HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\n\r\n", page.len());
    let server = answer(&format!("{head}{page}"));
    check(&get(&server.url("/"), &[]), 4, "", page);
    let Some(python) = peer("python3") else { return };
    let server = answer(&format!("{head}{page}"));
    let in_terminal = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    let mut command = Command::new(python);
    command.args(["-c", in_terminal]).arg(sockeye(&[]).get_program()).args(["get", &server.url("/")]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{shown}");
    assert!(
        shown.contains("[2Jsafe") && !shown.contains("\x1b[2Jsafe") && !shown.contains('\x07'),
        "{shown:?}"
    );
}
