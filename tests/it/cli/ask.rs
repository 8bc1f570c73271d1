//! What `sockeye get` asks for: method, headers, data, forms, the head; and how often.

use std::{fs, io::Write, path::Path, process::Stdio};

use super::sockeye;
use crate::support::{Scripted, Turn};

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Shown: yes\r\n\r\nhello";

/// Runs it with these arguments and a URL, and gives what the server heard: up to `end`.
#[track_caller]
fn heard(folder: &Path, arguments: &[&str], end: &'static str) -> String {
    let server = Scripted::new(vec![vec![Turn::Until(end), Turn::Send(PAGE.into())]]);
    let mut command = sockeye(&["get"]);
    command.args(arguments).arg(server.url("/")).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who isn't told to read it may be gone already.
    let _ = child.stdin.take().unwrap().write_all(b"typed");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    server.heard().concat()
}

#[track_caller]
fn check(arguments: &[&str], code: i32, stdout: &str, stderr: &str) {
    let output = sockeye(&["get"]).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let found = (output.status.code(), String::from_utf8_lossy(&output.stdout));
    assert_eq!(found, (Some(code), stdout.into()), "{said}");
    assert!(said.contains(stderr) && !said.contains("secret"), "{said}");
}

fn here() -> &'static Path {
    Path::new(".")
}

#[test]
fn headers_methods_and_the_agent() {
    let text = heard(here(), &["-H", "X-One: a:b", "-H", "x-one:c", "-A", "me", "-X", "PUT"], "\r\n\r\n");
    assert!(text.starts_with("PUT / HTTP/1.1\r\n"), "{text}");
    let lines =
        ["x-one: a:b", "x-one: c", "user-agent: me", "Content-Length: 0", "Accept-Encoding: identity"];
    for line in lines {
        assert_eq!(text.matches(&format!("\r\n{line}\r\n")).count(), 1, "{line}: {text}");
    }
}

#[test]
fn data_are_a_form_unless_they_are_said_to_be_something_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "from\nfile").unwrap();
    let text =
        heard(folder.path(), &["-d", "a=1", "-d", "@file", "-d", "@-"], "\r\n\r\na=1&from\nfile&typed");
    assert!(text.starts_with("POST / ") && text.contains("Content-Length: 19\r\n"), "{text}");
    assert!(text.contains("Content-Type: application/x-www-form-urlencoded\r\n"), "{text}");
    let text = heard(folder.path(), &["-d", "@file", "-H", "Content-Type: text/x"], "\r\n\r\nfrom\nfile");
    assert!(text.contains("content-type: text/x\r\n") && text.contains("Content-Length: 9\r\n"), "{text}");
    let text = heard(folder.path(), &["--json", "{\"a\":-1}"], "\r\n\r\n{\"a\":-1}");
    assert!(text.contains("content-type: application/json\r\naccept: application/json\r\n"), "{text}");
    assert!(heard(folder.path(), &["-X", "GET", "-d", "-"], "\r\n\r\n-").starts_with("GET / "));
}

#[test]
fn fields_and_files_of_a_form() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "@file").unwrap();
    let text = heard(folder.path(), &["-F", "title=a=b", "-F", "up=@notes.txt"], "--\r\n");
    assert!(text.contains("multipart/form-data; boundary="), "{text}");
    assert!(text.contains("name=\"title\"\r\n\r\na=b\r\n"), "{text}");
    let file = "name=\"up\"; filename=\"notes.txt\"\r\nContent-Type: text/plain\r\n\r\n@file\r\n";
    assert!(text.contains(file), "{text}");
    let said = "up=@notes.txt;type=text/x;filename=\"other.md\"";
    let text = heard(folder.path(), &["-F", "a;b=c;d;type=application/json", "-F", said], "--\r\n");
    assert!(text.contains("name=\"a;b\"\r\nContent-Type: application/json\r\n\r\nc;d\r\n"), "{text}");
    let file = "name=\"up\"; filename=\"other.md\"\r\nContent-Type: text/x\r\n\r\n@file\r\n";
    assert!(text.contains(file), "{text}");
}

#[test]
fn the_head_is_shown_with_the_page_or_alone() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-shown: yes\r\n\r\n";
    check(&["-i", &Scripted::answer(PAGE).url("/")], 0, &format!("{head}hello"), "");
    let server = Scripted::answer(head);
    check(&["-I", &server.url("/")], 0, head, "");
    assert!(server.heard()[0].starts_with("HEAD / "));
    let missing = Scripted::answer("HTTP/1.0 404 No\r\nX-Shown: yes\r\n\r\nnone");
    check(&["-i", &missing.url("/")], 4, "", "404 No\nHTTP/1.0 404 No\r\nx-shown: yes\r\n\r\nnone\n");
}

#[test]
fn it_asks_again() {
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let turns = |answers: &[&str]| {
        let turn = |answer: &&str| vec![Turn::Until("\r\n\r\n"), Turn::Send((*answer).into())];
        Scripted::new(answers.iter().map(turn).collect())
    };
    check(&["--retry", "2", &turns(&[busy, busy, PAGE]).url("/")], 0, "hello", "");
    check(&["--retry", "1", &turns(&[busy, busy, PAGE]).url("/")], 5, "", "503 Busy");
    check(&[&turns(&[busy, PAGE]).url("/")], 5, "", "503 Busy");
    check(&["--retry", "often", "http://h/"], 2, "", "--retry");
    let silent = Scripted::new(vec![vec![Turn::End]]);
    check(&["--max-time", "0.1", &silent.url("/")], 1, "", "timed out");
}

#[test]
fn what_is_compressed_is_asked_for_and_decompressed() {
    // `hello`, by gzip, stored.
    let coded = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x05\0\xfa\xffhello\x86\xa6\x10\x36\x05\0\0\0";
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", coded.len());
    let answer = [head.as_bytes(), coded].concat();
    let server = Scripted::answer(answer.clone());
    check(&["--compressed", &server.url("/")], 0, "hello", "");
    let text = server.heard().concat();
    assert!(text.contains("gzip") && !text.contains("identity"), "{text}");
    let output = sockeye(&["get", &Scripted::answer(answer).url("/")]).output().unwrap();
    assert_eq!(output.stdout, coded, "as the server has it");
}

#[test]
fn what_cannot_be_sent_is_wrong_usage() {
    let url = "http://127.0.0.1:1/";
    for (arguments, said) in [
        (&["-H", "secret"][..], "a header is written as -H 'Name: value'"),
        (&["-H", "a secret: x"], "a header is written as -H 'Name: value'"),
        (&["-H", "X-Key: sec\nsecret"], "the header x-key holds a line break"),
        (&["-H", "Transfer-Encoding: chunked"], "Transfer-Encoding is set by itself"),
        (&["-A", "a\nb"], "the user agent holds a line break"),
        (&["-X", "post"], "methods are written in capitals: POST"),
        (&["-X", "CONNECT"], "it asks for a tunnel"),
        (&["-X", "a b"], "not a method"),
        (&["-d", "@/no/such"], "read /no/such: no such file or directory"),
        (&["-d", "x", "-d", "@/no/such"], "read /no/such: no such file or directory"),
        (&["-F", "secret"], "-F name=value or -F name=@FILE"),
        (&["-F", "=secret"], "-F name=value or -F name=@FILE"),
        (&["-F", "a=@/no/such"], "read /no/such: no such file or directory"),
        (&["-F", "a=@/"], "/ isn't a regular file"),
        (&["-F", "a=b;type=text"], "\"text\" isn't a media type"),
        (&["-F", "a=b", "-d", "x"], "cannot be used with"),
        (&["-I", "-d", "x"], "cannot be used with"),
        (&["--json", "{}", "-d", "x"], "cannot be used with"),
    ] {
        check(&[arguments, &[url]].concat(), 2, "", said);
    }
}
