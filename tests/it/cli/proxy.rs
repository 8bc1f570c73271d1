//! `sockeye get` through proxies and to Unix sockets: options and environment.

use std::{
    io::{Read, Write},
    net::TcpListener,
    os::unix::net::UnixListener,
    process::Output,
    thread,
};

use super::sockeye;
use crate::support::{Scripted, Turn};

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const VARIABLES: [&str; 4] = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];

/// With this environment alone.
fn get(url: &str, more: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = sockeye(&["get", url]);
    for name in VARIABLES {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.args(more).envs(variables.iter().copied()).output().unwrap()
}

#[track_caller]
fn check(output: &Output, code: i32, stdout: &str, stderr: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    let found = (output.status.code(), String::from_utf8_lossy(&output.stdout));
    assert_eq!(found, (Some(code), stdout.into()), "{said}");
    assert!(said.contains(stderr) && (code != 0 || said.is_empty()), "{said}");
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn a_proxy_comes_from_the_option_or_the_environment() {
    let url = "http://h.example/x";
    for (option, variable) in [(true, ""), (false, "http_proxy"), (false, "HTTP_PROXY"), (false, "ALL_PROXY")]
    {
        let proxy = Scripted::answer(PAGE);
        let place = format!("http://me:secret@{}", proxy.addr());
        let output = match option {
            true => get(url, &["--proxy", &place], &[("http_proxy", "http://127.0.0.1:1")]),
            false => get(url, &[], &[(variable, &place)]),
        };
        check(&output, 0, "hello", "");
        let heard = proxy.heard();
        assert!(heard[0].starts_with("GET http://h.example/x HTTP/1.1\r\n"), "{heard:?}");
        assert!(heard[0].contains("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"), "{heard:?}");
    }
    let proxy = Scripted::new(vec![vec![
        Turn::Until("\x05\x01\0"),
        Turn::Send(b"\x05\0".into()),
        Turn::Until("\x09h.example\0\x50"),
        Turn::Send(b"\x05\0\0\x01\0\0\0\0\0\0".into()),
        Turn::Until("\r\n\r\n"),
        Turn::Send(PAGE.into()),
    ]]);
    check(&get(url, &["-x", &format!("socks5h://{}", proxy.addr())], &[]), 0, "hello", "");
}

#[test]
fn some_hosts_are_reached_directly() {
    let nobody = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    for (more, variables) in [
        (&["--proxy", &nobody, "--noproxy", "127.0.0.0/8"][..], &[][..]),
        (&["--proxy", ""], &[("http_proxy", &*nobody)]),
        (&["--noproxy", "*"], &[("http_proxy", &nobody)]),
        (&[], &[("http_proxy", &nobody), ("NO_PROXY", "127.0.0.1")]),
        // Another machine can't reach this one's loopback.
        (&[], &[("http_proxy", "http://proxy.invalid:3128")]),
    ] {
        let server = Scripted::answer(PAGE);
        check(&get(&server.url("/"), more, variables), 0, "hello", "");
    }
    // The option replaces the variable.
    let server = Scripted::answer(PAGE);
    let output =
        get(&server.url("/"), &["--noproxy", "h"], &[("http_proxy", &nobody), ("no_proxy", "127.0.0.1")]);
    check(&output, 1, "", &format!("reach the proxy {nobody} failed"));
}

#[test]
fn what_is_none_is_wrong_usage() {
    for (more, variables, said) in [
        (&["--proxy", "ftp://me:secret@h"][..], &[][..], "a proxy's URL begins with http, https, socks4"),
        (&["--proxy", "http://me:secret@h/x"], &[], "the proxy http://h/x has a path"),
        (&["--proxy", "h", "--noproxy", "10.0.0.0/99"], &[], "\"10.0.0.0/99\" is no host"),
        (&[], &[("http_proxy", "ftp://me:secret@h")], "the environment's http_proxy: a proxy's URL begins"),
        (&["--unix-socket", "/x", "--proxy", "h"], &[], "cannot be used with"),
    ] {
        check(&get("http://h.example/", more, variables), 2, "", said);
    }
}

#[test]
fn a_refusal_is_the_proxys() {
    let page = "HTTP/1.1 407 Who\r\nContent-Length: 4\r\n\r\nwho?";
    let proxy = Scripted::answer(page);
    let output = get("http://h.example/", &["--proxy", &proxy.addr().to_string()], &[]);
    check(&output, 4, "", "the proxy answered 407 Who\nwho?\n");
}

#[test]
fn a_tunnel_that_is_refused_names_both_ends() {
    let proxy = Scripted::answer("HTTP/1.1 403 Not Here\r\nContent-Length: 0\r\n\r\n");
    let place = proxy.addr().to_string();
    let output = get("https://h.example/", &["--proxy", &format!("me:secret@{place}")], &[]);
    let said =
        format!("sockeye: ask the proxy http://{place} to connect to h.example:443 failed: 403 Not Here\n");
    check(&output, 1, "", &said);
    assert!(proxy.heard()[0].starts_with("CONNECT h.example:443 HTTP/1.1\r\n"));
}

#[test]
fn a_unix_socket_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut buf = [0; 4096];
        let n = peer.read(&mut buf).unwrap();
        peer.write_all(PAGE.as_bytes()).unwrap();
        String::from_utf8_lossy(&buf[..n]).into_owned()
    });
    let path = path.to_str().unwrap();
    let output = get("http://h.example/x", &["--unix-socket", path], &[("http_proxy", "http://127.0.0.1:1")]);
    check(&output, 0, "hello", "");
    assert!(server.join().unwrap().starts_with("GET /x HTTP/1.1\r\nHost: h.example\r\n"));
    check(&get("http://h.example/x", &["--unix-socket", "/no/such"], &[]), 1, "", "/no/such");
}
