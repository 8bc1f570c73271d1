//! Real proxies: tinyproxy and microsocks, with Python's `http.server` behind them; and Python's rules for `no_proxy`.

use std::{fs, net::TcpListener, process::Command};

use sockeye::{
    ErrorKind, Result,
    urllib::{Opener, PasswordManager, ProxyBasicAuthHandler, ProxyHandler, build_opener},
};
use tempfile::TempDir;

use super::{text, through};
use crate::support::{Gate, Peer, Program, gate, peer, python_server};

fn tinyproxy(more: &str) -> Option<Gate> {
    let program = peer("tinyproxy")?;
    Some(gate(|port, config| {
        let path = config.path().join("tinyproxy.conf");
        let text =
            format!("Port {port}\nListen 127.0.0.1\nLogLevel Critical\nDisableViaHeader Yes\n{more}\n");
        fs::write(&path, text).unwrap();
        let mut command = Command::new(&program);
        command.args(["-d", "-c"]).arg(path);
        command
    }))
}

fn microsocks(more: &[&str]) -> Option<Gate> {
    let program = peer("microsocks")?;
    Some(gate(|port, _| {
        let mut command = Command::new(&program);
        command.args(["-i", "127.0.0.1", "-p", &port.to_string()]).args(more);
        command
    }))
}

fn site() -> Option<(TempDir, Peer)> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hello.txt"), "hello").unwrap();
    let server = python_server(folder.path())?;
    Some((folder, server))
}

#[test]
fn tinyproxy_passes_requests_on() -> Result<()> {
    let (Some(gate), Some((_folder, server))) = (tinyproxy(""), site()) else { return Ok(()) };
    let opener = through(format!("http://127.0.0.1:{}", gate.port));
    for _ in 0..3 {
        assert_eq!(text(opener.open(server.url("/hello.txt"))?)?, "hello");
    }
    assert_eq!(opener.open(server.url("/none")).unwrap_err().response().unwrap().getcode(), 404);
    // Nobody listens there: the proxy's own page.
    let nobody = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let error = opener.open(format!("http://{nobody}/")).unwrap_err();
    assert!(error.response().is_some_and(|response| response.getcode() >= 500), "{error}");
    Ok(())
}

#[test]
fn tinyproxy_asks_who_is_asking() -> Result<()> {
    let (Some(gate), Some((_folder, server))) = (tinyproxy("BasicAuth me secret"), site()) else {
        return Ok(());
    };
    let place = format!("127.0.0.1:{}", gate.port);
    let error = through(&place).open(server.url("/hello.txt")).unwrap_err();
    assert_eq!(error.response().unwrap().getcode(), 407, "{error}");
    assert_eq!(text(through(format!("http://me:secret@{place}")).open(server.url("/hello.txt"))?)?, "hello");
    let passwords = PasswordManager::new().add_password(None, format!("http://{place}"), "me", "secret")?;
    let opener = build_opener()
        .add_handler(ProxyHandler::new([("http", &place)])?)
        .add_handler(ProxyBasicAuthHandler::new(passwords))
        .build();
    assert_eq!(text(opener.open(server.url("/hello.txt"))?)?, "hello");
    Ok(())
}

#[test]
fn microsocks_connects() -> Result<()> {
    let Some((_folder, server)) = site() else { return Ok(()) };
    let port = server.addr.port();
    let (Some(open), Some(closed)) = (microsocks(&[]), microsocks(&["-u", "me", "-P", "secret"])) else {
        return Ok(());
    };
    let fetch = |opener: &Opener, host: &str| text(opener.open(format!("http://{host}:{port}/hello.txt"))?);
    for scheme in ["socks5", "socks5h"] {
        let opener = through(format!("{scheme}://127.0.0.1:{}", open.port));
        for host in ["127.0.0.1", "localhost"] {
            assert_eq!(fetch(&opener, host)?, "hello", "{scheme} {host}");
        }
        let named = through(format!("{scheme}://me:secret@127.0.0.1:{}", closed.port));
        assert_eq!(fetch(&named, "127.0.0.1")?, "hello");
        for wrong in ["", "me:wrong@"] {
            let opener = through(format!("{scheme}://{wrong}127.0.0.1:{}", closed.port));
            assert_eq!(fetch(&opener, "127.0.0.1").unwrap_err().kind(), ErrorKind::Proxy, "{wrong}");
        }
    }
    let nobody = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let opener = through(format!("socks5h://127.0.0.1:{}", open.port));
    let error = opener.open(format!("http://{nobody}/")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
    Ok(())
}

const PYTHON: &str = "
import sys
from urllib.request import proxy_bypass_environment
for line in sys.stdin:
    hosts, host = line.rstrip('\\n').split('\\t')
    print('direct' if proxy_bypass_environment(host, {'no': hosts}) else 'proxy')
";

/// Lists, hosts, and whether Python takes them for the same.
const LISTS: &[(&str, &str, bool)] = &[
    ("", "h", true),
    ("h", "h", true),
    ("h", "H", true),
    ("H", "h", true),
    ("h", "a.h", true),
    ("h", "ah", true),
    (".h", "h", true),
    (".h", "a.h", true),
    ("a.h", "h", true),
    ("x, h ,y", "h", true),
    ("x,,h,", "h", true),
    ("h:8080", "h:8080", true),
    ("h:8080", "a.h:8080", true),
    ("h:8080", "h", true),
    ("h", "h:8080", true),
    ("*", "h", true),
    ("127.0.0.1", "127.0.0.1", true),
    ("127.0.0.1", "127.0.0.2", true),
    ("127.0.0.1:81", "127.0.0.1:81", true),
    // Python compares text: no networks, nothing that stands for the same address or port, ends of addresses.
    ("10.0.0.0/8", "10.1.2.3", false),
    ("h:80", "h", false),
    ("h:443", "h:443", true),
    ("*.h", "a.h", false),
    ("x,*", "h", false),
    ("x h", "h", false),
    ("h.", "h", false),
    ("::1", "[::1]", false),
    ("[::1]", "[::1]", true),
];

#[test]
fn no_proxy_is_pythons_where_both_can_be() -> Result<()> {
    let Some(python) = peer("python3") else { return Ok(()) };
    let mut program = Program::start(Command::new(python).args(["-c", PYTHON]));
    for (hosts, host, _) in LISTS {
        program.write(format!("{hosts}\t{host}\n").as_bytes());
    }
    let said = program.finish().lines;
    assert_eq!(said.len(), LISTS.len(), "{said:?}");
    for ((hosts, host, same), python) in LISTS.iter().zip(said) {
        let handler = ProxyHandler::new([("all", "http://p")])?.bypass(hosts);
        let found = handler.find(&format!("http://{host}/").parse().unwrap())?;
        let ours = if found.is_some() { "proxy" } else { "direct" };
        assert_eq!(ours == python, *same, "{hosts:?} {host}: {ours}, and {python} in Python");
    }
    Ok(())
}
