//! `sockeye get` of several URLs, and where each goes.

use std::process::{Command, Output};

use super::{check_files, get_in, sockeye};
use crate::support::{Scripted, peer};

fn page(text: &str) -> Scripted {
    Scripted::answer(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()))
}

#[track_caller]
fn check(output: &Output, code: i32, stdout: &str, stderr: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    let found = (output.status.code(), String::from_utf8_lossy(&output.stdout));
    assert_eq!(found, (Some(code), stdout.into()), "{said}");
    for words in stderr {
        assert!(said.contains(words), "{said}");
    }
    assert!(!said.contains("secret") && (code != 0 || said.is_empty()), "{said}");
}

#[test]
fn each_goes_to_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (one, two) = (page("one"), page("two"));
    check(&get_in(folder, &[&one.url("/"), &two.url("/")]), 0, "onetwo", &[]);
    let (one, two) = (page("one"), page("two"));
    check(&get_in(folder, &["-o", "a", &one.url("/"), "-o", "-", &two.url("/")]), 0, "two", &[]);
    check_files(folder, &[("a", "one")]);
    let (one, two) = (page("one"), page("two"));
    check(&get_in(folder, &["-O", &one.url("/x/a?q=/r"), &two.url("/%2e%2e%2Fb%0a")]), 0, "", &[]);
    check_files(folder, &[("_b_", "two"), ("a", "one")]);
    let (one, two) = (page("one"), page("two"));
    let nowhere = ["-o", "/dev/null", "-o", "/dev/null"];
    check(&get_in(folder, &[&nowhere[..], &[&one.url("/"), &two.url("/")]].concat()), 0, "", &[]);
}

#[test]
fn one_failure_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let missing = Scripted::answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let cut = Scripted::answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    let (one, last) = (page("one"), page("last"));
    let urls = [one.url("/a"), missing.url("/b"), cut.url("/c"), last.url("/d")];
    let with_password = urls[1].replace("http://", "http://me:secret@");
    let output = get_in(folder, &["-O", &urls[0], &with_password, &urls[2], &urls[3]]);
    let said = format!("sockeye: {}: 127.0.0.1 answered 404 Not Found\n", urls[1]);
    check(&output, 4, "", &[&said, &format!("get {}: the answer was cut short", urls[2])]);
    check_files(folder, &[("a", "one"), ("d", "last")]);
    // The first failure's status, whatever follows.
    let broken = Scripted::answer("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
    check(&get_in(folder, &["http://127.0.0.1:1/", &broken.url("/")]), 1, "", &["refused", "500 Oh"]);
}

#[test]
fn what_cannot_be_meant_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::new(vec![]);
    let url = server.url("/x");
    let end = url.replace("http://", "http://me:secret@").replace("/x", "/x/");
    for (arguments, said) in [
        (&["-O", &*end][..], "/x/ ends without a name for a file: give one with --output"),
        (&["-O", &url, &url], "two URLs would be written to x"),
        (&["-o", "y", "-o", "y", &url, &url], "two URLs would be written to y"),
        (&["-o", "y", &url, &url], "2 URLs and 1 --output: give one for each, or -O for all"),
        (&["-o", "y", "-o", "z", &url], "1 URL and 2 --output: give one for each"),
        (&["-O", "-o", "y", &url], "cannot be used with"),
        (&["-O"], "<URL>"),
        // One that is none keeps all from being fetched.
        (&[&url, "h/x"], "perhaps http://h/x"),
    ] {
        check(&get_in(folder.path(), arguments), 2, "", &[said]);
    }
    check_files(folder.path(), &[]);
    assert!(server.heard().is_empty());
}

#[test]
fn a_bar_for_each_file_on_a_terminal() {
    let Some(python) = peer("python3") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (page("one"), page("two"));
    let in_terminal = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    let mut command = Command::new(python);
    command.args(["-c", in_terminal]).arg(sockeye(&[]).get_program());
    command.args(["get", "-O", &one.url("/first"), &two.url("/second")]).current_dir(folder.path());
    let output = command.stdin(std::process::Stdio::null()).env("TERM", "xterm").output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("first 3 B/3 B") && shown.contains("second 3 B/3 B"), "{shown:?}");
    check_files(folder.path(), &[("first", "one"), ("second", "two")]);
}
