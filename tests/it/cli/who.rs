//! Who asks: passwords, tokens and cookies of `sockeye get`, and that none is shown.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
};

use super::{answers, sockeye};

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

fn get(arguments: &[&str]) -> Command {
    let mut command = sockeye(&["get"]);
    command.args(arguments);
    command
}

#[track_caller]
fn check(output: &Output, code: i32, stdout: &str, stderr: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    let found = (output.status.code(), String::from_utf8_lossy(&output.stdout));
    assert_eq!(found, (Some(code), stdout.into()), "{said}");
    assert!(said.contains(stderr) && !said.contains("secret"), "{said}");
}

#[test]
fn passwords_and_tokens_go_to_their_host_alone() {
    for (arguments, sent) in [
        (["-u", "me:secret:x"], "authorization: Basic bWU6c2VjcmV0Ong="),
        (["--bearer", "secret"], "authorization: Bearer secret"),
        (["-H", "Authorization: secret"], "authorization: secret"),
    ] {
        let elsewhere = answers(&[PAGE]);
        let here = answers(&[&format!("HTTP/1.1 302 F\r\nLocation: {}\r\n\r\n", elsewhere.url("/"))]);
        check(&get(&[arguments[0], arguments[1], &here.url("/")]).output().unwrap(), 0, "hello", "");
        assert!(here.heard()[0].contains(&format!("\r\n{sent}\r\n")));
        assert!(!elsewhere.heard()[0].to_lowercase().contains("authorization"));
    }
}

#[test]
fn digest_answers_a_challenge_and_never_shows_the_password() {
    let asks =
        |scheme| format!("HTTP/1.1 401 Who\r\nWWW-Authenticate: {scheme} realm=\"r\", nonce=\"n\"\r\n\r\n");
    let server = answers(&[&asks("Digest"), PAGE]);
    check(&get(&["--digest", "-u", "me:secret", &server.url("/x")]).output().unwrap(), 0, "hello", "");
    let heard = server.heard();
    assert!(!heard[0].to_lowercase().contains("authorization"), "{heard:?}");
    assert!(heard[1].contains("authorization: Digest username=\"me\""), "{heard:?}");
    let server = answers(&[&asks("Basic"), PAGE]);
    check(&get(&["--digest", "-u", "me:secret", &server.url("/x")]).output().unwrap(), 4, "", "401 Who");
    assert_eq!(server.heard().len(), 1);
}

#[test]
fn netrc_is_read_when_it_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("netrc");
    fs::write(&file, "machine 127.0.0.1 login me password secret").unwrap();
    let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o600);
    for (arguments, sent) in [(&["--netrc"][..], true), (&[], false)] {
        let server = answers(&[PAGE]);
        let url = server.url("/");
        check(&get(&[arguments, &[&url]].concat()).env("NETRC", &file).output().unwrap(), 0, "hello", "");
        assert_eq!(server.heard()[0].contains("authorization: Basic bWU6c2VjcmV0\r\n"), sent);
    }
    mode(0o644);
    let output = get(&["-n", "http://h/"]).env("NETRC", &file).output().unwrap();
    check(&output, 2, "", "can be read by others: chmod 600");
}

#[test]
fn cookies_are_kept_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let jar = folder.path().join("jar");
    let jar = jar.to_str().unwrap();
    let sets = "HTTP/1.1 404 N\r\nSet-Cookie: id=secret; Max-Age=3600\r\nContent-Length: 0\r\n\r\n";
    // Also what comes with an error is kept, and the next URL is sent it.
    let server = answers(&[sets, PAGE, PAGE]);
    let (first, second) = (server.url("/1"), server.url("/2"));
    check(&get(&["-b", jar, &first, &second]).output().unwrap(), 4, "hello", "404 N");
    assert!(fs::read_to_string(jar).unwrap().contains("\tid\tsecret\n"));
    assert_eq!(fs::metadata(jar).unwrap().permissions().mode() & 0o777, 0o600);
    check(&get(&["--cookie-jar", jar, &first]).output().unwrap(), 0, "hello", "");
    let heard = server.heard();
    assert!(!heard[0].contains("id=") && heard[1..].iter().all(|head| head.contains("ookie: id=secret\r\n")));
    // What is no jar, and what can't become one.
    check(&get(&["-b", "id=secret", &first]).output().unwrap(), 2, "", "-H 'Cookie: name=value'");
    fs::write(jar, "secret").unwrap();
    check(&get(&["-b", jar, &first]).output().unwrap(), 2, "", "read cookies from");
    let server = answers(&[PAGE]);
    check(
        &get(&["-b", "/no/such", &server.url("/")]).output().unwrap(),
        1,
        "hello",
        "write cookies to /no/such",
    );
}

#[test]
fn a_session_lasts_over_several_calls() {
    let folder = tempfile::tempdir().unwrap();
    let jar = folder.path().join("jar");
    // As curl writes one.
    fs::write(&jar, "127.0.0.1\tFALSE\t/\tFALSE\t0\told\t1\n").unwrap();
    let login = "HTTP/1.1 200 OK\r\nSet-Cookie: session=7; Path=/\r\nContent-Length: 5\r\n\r\nhello";
    let server = answers(&[login, PAGE]);
    for _ in 0..2 {
        check(&get(&["-b", jar.to_str().unwrap(), &server.url("/")]).output().unwrap(), 0, "hello", "");
    }
    assert!(server.heard()[1].contains("ookie: old=1; session=7\r\n"));
}

#[test]
fn a_domain_of_many_sets_no_cookie_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let jar = folder.path().join("jar");
    let sets =
        |cookie: &str| format!("HTTP/1.1 200 OK\r\nSet-Cookie: {cookie}\r\nContent-Length: 5\r\n\r\nhello");
    let super_cookie = sets("evil=1; Domain=github.io; Max-Age=999");
    let proxy = answers(&[&super_cookie, PAGE]);
    let (evil, victim) = ("http://evil.github.io/", "http://victim.github.io/");
    let output = get(&["-x", &proxy.url("/"), "-b", jar.to_str().unwrap(), evil, victim]).output().unwrap();
    check(&output, 0, "hellohello", "");
    assert!(!proxy.heard()[1].contains("evil=1"));
}

#[test]
fn what_is_wrong_is_said_without_the_password() {
    for (arguments, said) in [
        (&["-u", "secret"][..], "--user is written as USER:PASSWORD"),
        (&["-u", "me:secret\n"], "the credentials hold a"),
        (&["--bearer", "secret token"], "token"),
        (&["--bearer", "secret", "-u", "me:x"], "cannot be used with"),
    ] {
        check(&get(&[arguments, &["http://127.0.0.1:1/"]].concat()).output().unwrap(), 2, "", said);
    }
    // Nor when all fails.
    for arguments in
        [&["-u", "me:secret"][..], &["--bearer", "secret"], &["-d", "secret"], &["-H", "X: secret"]]
    {
        check(&get(&[arguments, &["http://127.0.0.1:1/"]].concat()).output().unwrap(), 1, "", "refused");
    }
}
