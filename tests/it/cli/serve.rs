//! `sockeye serve`.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    path::Path,
    process::Command,
};

use super::{Unprivileged, folder_of_mode, set_mode, sockeye};
use crate::support::{Program, connect, exchange};

/// A served folder with one file, and the URLs that were printed.
struct Served {
    folder: tempfile::TempDir,
    program: Program,
    urls: Vec<String>,
    port: u16,
}

fn serve(arguments: &[&str]) -> Served {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file.txt"), "contents").unwrap();
    let mut command = sockeye(&["serve", "0", "--directory"]);
    let mut program = Program::start(command.arg(folder.path()).args(arguments));
    let mut urls = Vec::new();
    let last = loop {
        let line = program.wait_for(|line| Some(line.to_owned()));
        match line.strip_prefix("  ") {
            Some(url) => urls.push(url.to_owned()),
            None if urls.is_empty() => assert!(line.starts_with("Serving "), "{line}"),
            None => break line,
        }
    };
    assert_eq!(last, "Press Ctrl-C to stop.");
    let (_, port) = urls[0].rsplit_once(':').unwrap();
    let port = port.trim_end_matches('/').parse().unwrap();
    Served { folder, program, urls, port }
}

impl Served {
    fn addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    fn signal(&self, name: &str) {
        let killed = Command::new("kill").args([name, &self.program.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }
}

fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

#[test]
fn serves_logs_and_ends() {
    for signal in ["-INT", "-TERM"] {
        let mut served = serve(&["--bind", "127.0.0.1"]);
        assert_eq!(served.urls, [format!("http://127.0.0.1:{}/", served.port)]);
        let answer = exchange(served.addr(), b"GET /file.txt HTTP/1.0\r\n\r\n");
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\ncontents"),
            "{answer}"
        );
        let logged = served.program.wait_for(|line| line.contains("GET").then(|| line.to_owned()));
        assert!(logged.starts_with("127.0.0.1 - - ["), "{logged}");
        assert!(logged.ends_with(" +0000] \"GET /file.txt HTTP/1.0\" 200 8"), "{logged}");
        served.signal(signal);
        let finished = served.program.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let totals = finished.lines.iter().find(|line| line.starts_with("Served ")).expect("totals");
        assert!(totals.starts_with("Served 1 request, 8 B, in ") && totals.ends_with('.'), "{totals}");
    }
}

#[test]
fn listens_on_all_addresses_by_default() {
    let served = serve(&[]);
    assert_eq!(served.urls[0], format!("http://localhost:{}/", served.port));
    let mut hosts = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, served.port))];
    if has_ipv6() {
        hosts.push((Ipv6Addr::LOCALHOST, served.port).into());
    }
    // What is printed can be clicked on.
    hosts.extend(served.urls[1..].iter().map(|url| {
        url.strip_prefix("http://")
            .and_then(|url| url.strip_suffix('/'))
            .unwrap()
            .parse::<SocketAddr>()
            .unwrap()
    }));
    for host in hosts {
        let answer = exchange(host, b"GET / HTTP/1.0\r\n\r\n");
        assert!(answer.contains("href=\"file.txt\""), "{host}: {answer}");
    }
}

#[test]
fn what_the_peer_sends_can_not_forge_a_log_line() {
    let mut served = serve(&["-b", "127.0.0.1"]);
    let mut stream = connect(served.addr());
    stream.write_all(b"GET /\x1b[31m\"\x07 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
    exchange(served.addr(), b"GET /%0A%1b?end HTTP/1.0\r\n\r\n");
    served.program.wait_for(|line| {
        assert!(!line.contains(char::is_control), "{line:?}");
        line.contains("?end").then_some(())
    });
}

/// The peer is told that nothing is there; who serves the folder would look for the reason for long.
#[test]
fn a_link_out_of_the_folder_is_logged() {
    let mut served = serve(&["-b", "127.0.0.1"]);
    let outside = tempfile::NamedTempFile::new().unwrap();
    for (name, target) in [("out", outside.path()), ("up", Path::new("../x")), ("lost", Path::new("nowhere"))]
    {
        std::os::unix::fs::symlink(target, served.folder.path().join(name)).unwrap();
    }
    for (name, why) in
        [("out", ": a symbolic link leads out of the folder"), ("up", ": a symbolic"), ("lost", "")]
    {
        let answer = exchange(served.addr(), format!("GET /{name} HTTP/1.0\r\n\r\n").as_bytes());
        assert!(answer.starts_with("HTTP/1.1 404 ") && !answer.contains("link"), "{answer}");
        let logged = served.program.wait_for(|line| line.contains(name).then(|| line.to_owned()));
        let (_, end) = logged.split_once("\" 404 ").unwrap();
        assert_eq!(end.contains(':'), !why.is_empty(), "{logged}");
        assert!(end.contains(why), "{logged}");
    }
}

#[test]
fn a_second_interruption_ends_at_once() {
    let mut served = serve(&["-b", "127.0.0.1"]);
    File::create(served.folder.path().join("big")).unwrap().set_len(64 * 1024 * 1024).unwrap();
    // An answer that nobody reads keeps the first one waiting.
    let mut stream = connect(served.addr());
    stream.write_all(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    stream.read_exact(&mut [0; 100]).unwrap();
    served.signal("-INT");
    served.program.wait_for(|line| line.starts_with("Stopping.").then_some(()));
    served.signal("-INT");
    assert_eq!(served.program.finish().code, Some(130));
}

/// One line that says what to do, and nothing else.
#[track_caller]
fn check_failure(arguments: &[&str], status: i32, words: &[&str]) {
    check_failure_of(sockeye(&["serve"]).args(arguments), status, words);
}

#[track_caller]
fn check_failure_of(command: &mut Command, status: i32, words: &[&str]) {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert!(output.stdout.is_empty());
    assert!(said.starts_with("sockeye: ") && said.lines().count() == 1, "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} isn't in {said:?}");
    }
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    check_failure(
        &["-b", "127.0.0.1", &port.to_string()],
        1,
        &[&format!("port {port} is taken"), "use another one"],
    );
}

#[test]
fn folders_that_are_none() {
    check_failure(&["0", "-d", "/no/such folder"], 2, &["there is no folder /no/such folder", "--directory"]);
    check_failure(&["0", "-d", env!("CARGO_BIN_EXE_sockeye")], 2, &["is not a folder", "--directory"]);
}

#[test]
fn ports_that_are_none() {
    for port in ["70000", "http", "", "-1"] {
        let output = sockeye(&["serve", port]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("a number from 0 to 65535 is wanted"), "{said}");
        // No advice that fails as well.
        assert!(!said.contains("tip:"), "{said}");
    }
}

#[test]
fn addresses_that_are_none() {
    check_failure(
        &["0", "-b", "198.51.100.77"],
        2,
        &["198.51.100.77 is no address of this machine", "--bind"],
    );
    check_failure(&["0", "-b", ":::"], 2, &["there is no address", "--bind"]);
    if has_ipv6() {
        check_failure(&["0", "-b", "fe80::1"], 2, &["link-local", "say which one, such as fe80::1%eth0"]);
    }
}

/// As Python's server has it.
#[test]
fn a_star_is_every_address() {
    let served = serve(&["-b", "*"]);
    let mut own = vec![served.addr()];
    if has_ipv6() {
        own.push((Ipv6Addr::LOCALHOST, served.port).into());
    }
    for addr in own {
        let answer = exchange(addr, b"GET /file.txt HTTP/1.0\r\n\r\n");
        assert!(answer.ends_with("\r\n\r\ncontents"), "{answer}");
    }
}

/// As it stands in a URL.
#[test]
fn an_address_in_brackets() {
    if !has_ipv6() {
        return;
    }
    let served = serve(&["-b", "[::1]"]);
    assert_eq!(served.urls, [format!("http://[::1]:{}/", served.port)]);
    let answer = exchange((Ipv6Addr::LOCALHOST, served.port).into(), b"GET /file.txt HTTP/1.0\r\n\r\n");
    assert!(answer.ends_with("\r\n\r\ncontents"), "{answer}");
}

/// The port has no option, and whoever tries one is told so.
#[test]
fn a_port_is_no_option() {
    for arguments in [&["--port", "8080"][..], &["--port=8080"], &["-p", "8080"], &["-p8080"]] {
        let output = sockeye(&["serve"]).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("given without an option: sockeye serve 8080"), "{said}");
    }
    let help = sockeye(&["serve", "--help"]).output().unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains("--port"));
}

#[test]
fn a_working_directory_that_was_removed() {
    let mut shell = Command::new("sh");
    let script = "cd \"$1\" && rmdir \"$1\" && exec \"$2\" serve 0";
    let folder = tempfile::tempdir().unwrap();
    shell.args(["-c", script, "sh"]).arg(folder.path()).arg(env!("CARGO_BIN_EXE_sockeye"));
    check_failure_of(&mut shell, 2, &["the folder . was removed", "--directory"]);
}

#[test]
fn what_needs_rights_that_are_lacking() {
    let Some(user) = Unprivileged::new() else { return };
    // Root's own folders, or this user's: for the others the last digit counts, for the owner the first.
    for (mode, word) in [(0o000, "list"), (0o311, "list"), (0o644, "enter")] {
        let folder = folder_of_mode(mode);
        let mut serve = user.sockeye(&["serve", "0", "-d", folder.path().to_str().unwrap()]);
        let words =
            [&format!("no permission to {word} the folder {}", folder.path().display()), "--directory"];
        check_failure_of(&mut serve, 1, &words);
        set_mode(folder.path(), 0o700);
    }
    let first_free: u32 = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start")
        .ok()
        .and_then(|port| port.trim().parse().ok())
        .unwrap_or(1024);
    if first_free > 1 {
        let mut serve = user.sockeye(&["serve", "-b", "127.0.0.1", "1"]);
        check_failure_of(&mut serve, 1, &["no permission to listen on port 1", "8080"]);
    }
}
