//! Runs every program of examples/: a new one without a test of its name fails.

mod reactor;

use std::{
    collections::HashSet,
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    path::Path,
    process::Command,
};

use sockeye::socket::{AF_INET, Protocol, SOCK_STREAM, Socket};

use crate::support::{self, PATIENCE, Program, Scripted, example, exchange, peer};

/// An example that serves, on a port that the system chose.
fn serve(name: &str) -> (Program, SocketAddr) {
    let (program, mut addr) = Program::serve(Command::new(example(name)).arg("0"));
    if addr.ip().is_unspecified() {
        addr.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    (program, addr)
}

#[test]
fn every_example_has_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let names: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(!names.is_empty());
    for name in names {
        let test = format!("#[test]\nfn {name}()");
        let tests = concat!(include_str!("examples.rs"), include_str!("examples/reactor.rs"));
        assert!(tests.contains(&test), "examples/{name}.rs has no test `{name}` here");
    }
}

#[test]
fn tcp_echo_server() {
    let (_server, addr) = serve("tcp_echo_server");
    let mut streams = [support::connect(addr), support::connect(addr)];
    for text in ["one", "two"] {
        for stream in &mut streams {
            stream.write_all(text.as_bytes()).unwrap();
            let mut echo = [0; 3];
            stream.read_exact(&mut echo).unwrap();
            assert_eq!(echo, text.as_bytes());
        }
    }
}

#[test]
fn bind_listen() {
    let (_server, addr) = serve("bind_listen");
    for text in ["one", "two"] {
        let mut stream = support::connect(addr);
        stream.write_all(text.as_bytes()).unwrap();
        let mut echo = [0; 3];
        stream.read_exact(&mut echo).unwrap();
        assert_eq!(echo, text.as_bytes());
    }
}

#[test]
fn create_close() {
    let (code, lines) = run("create_close", &[]);
    assert_eq!(code, Some(0), "{lines:?}");
    let tcp = lines.iter().position(|line| line.contains("AF_INET") && line.contains("SOCK_STREAM")).unwrap();
    assert!(lines[tcp].contains("fd="), "{lines:?}");
    assert!(lines[tcp + 1].ends_with("then: the socket is closed: bad file descriptor"), "{lines:?}");
    // With the privilege it is there; without, it says what is missing.
    let raw = lines.iter().find(|line| line.contains("SOCK_RAW")).unwrap();
    assert!(raw.contains("fd=") || raw.contains("CAP_NET_RAW"), "{raw}");
}

#[test]
fn modes() {
    let (code, lines) = run("modes", &[]);
    let starts = ["non-blocking: ", "timed: recv failed: timed out", "blocking: at last"];
    assert!(code == Some(0) && lines.len() == starts.len(), "{lines:?}");
    assert!(lines.iter().zip(starts).all(|(line, start)| line.starts_with(start)), "{lines:?}");
}

#[test]
fn socket_options() {
    let (code, lines) = run("socket_options", &[]);
    assert_eq!(code, Some(0), "{lines:?}");
    let said = ["time to live: 9", "no delay: true", "IPv6 only: true"];
    assert!(said.iter().all(|said| lines.iter().any(|line| line == said)), "{lines:?}");
    let size = |start: &str| lines.iter().find_map(|line| line.strip_prefix(start)).map(str::to_owned);
    assert_ne!(size("send buffer before: "), size("send buffer after: "), "{lines:?}");
}

/// The example of that name, not what it shows: that is `socket::connect`'s.
#[test]
fn connect() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port().to_string();
    let (code, lines) = run("connect", &["127.0.0.1", &port]);
    assert_eq!(code, Some(0), "{lines:?}");
    assert!(lines[0].starts_with("connect: 127.0.0.1:") && lines[0].ends_with(&port), "{lines:?}");
    assert_eq!(lines[1], format!("connect_ex: 0, connected to 127.0.0.1:{port}"));
    // Held, so that nobody will listen there.
    let held = Socket::new(AF_INET, SOCK_STREAM, Protocol::default()).unwrap();
    held.bind("127.0.0.1:0").unwrap();
    let port = held.getsockname().unwrap().port().unwrap().to_string();
    let (code, lines) = run("connect", &["127.0.0.1", &port]);
    assert_eq!(code, Some(0), "{lines:?}");
    assert_eq!(lines[0], format!("connect: connect to 127.0.0.1:{port} failed: connection refused"));
    assert!(lines[1].starts_with("connect_ex: 111, ") || cfg!(not(target_os = "linux")), "{lines:?}");
}

#[test]
fn names() {
    let (code, lines) = run("names", &["localhost", "domain"]);
    assert_eq!(code, Some(0), "{lines:?}");
    assert!(lines[0].starts_with("this machine: "), "{lines:?}");
    assert_eq!(lines[1..3], ["domain: port 53, which is domain", "localhost: 127.0.0.1"]);
    assert!(lines[3].starts_with("its name: localhost, ") && lines[3].ends_with("[127.0.0.1]"), "{lines:?}");
    let (code, lines) = run("names", &["localhost", "nosuch"]);
    assert!(
        code == Some(1) && lines.iter().any(|line| line.contains("service nosuch over tcp not found")),
        "{lines:?}"
    );
}

#[test]
fn line_server() {
    let (mut server, addr) = serve("line_server");
    let answer = exchange(addr, b"one\r\ntwo\r\n\r\n");
    assert_eq!(answer, "Send me lines.\r\nONE\r\nTWO\r\n2 lines. Bye.\r\n");
    server.wait_for(|line| line.ends_with("wrote: two").then_some(()));
}

#[test]
fn unix_socket() {
    let (code, lines) = run("unix_socket", &["one", "two"]);
    assert_eq!((code, &lines[1..]), (Some(0), &["one".to_owned(), "two".to_owned()][..]));
    let path = lines[0].strip_prefix("listening on ").unwrap();
    assert!(!Path::new(path).exists(), "{path} was left behind");
}

#[test]
fn tcp_echo_client() {
    let (_server, addr) = serve("tcp_echo_server");
    let mut client = Command::new(example("tcp_echo_client"));
    let finished = Program::start(client.args([&addr.to_string(), "one", "two"])).finish();
    assert_eq!((finished.code, finished.lines), (Some(0), vec!["one".to_owned(), "two".to_owned()]));
}

#[test]
fn udp_echo_server() {
    let (_server, addr) = serve("udp_echo_server");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(b"hello", addr).unwrap();
    let mut echo = [0; 8];
    assert_eq!(socket.recv_from(&mut echo).unwrap(), (5, addr));
    assert_eq!(&echo[..5], b"hello");
}

#[test]
fn udp_broadcast() {
    let mut answerer = Command::new(example("udp_broadcast"));
    let (_answerer, addr) = Program::serve(answerer.args(["answer", "0"]));
    // Everybody on the loopback: it leaves this machine on no interface.
    let mut asker = Command::new(example("udp_broadcast"));
    let mut asker = Program::start(asker.args([&addr.port().to_string(), "127.255.255.255"]));
    asker.wait_for(|line| line.ends_with(" is").then_some(()));
}

#[test]
fn fd_passing() {
    let (server, addr) = serve("fd_passing");
    let mut pids = HashSet::new();
    for _ in 0..2 {
        let mut text = String::new();
        support::connect(addr).read_to_string(&mut text).unwrap();
        pids.insert(text.strip_prefix("served by process ").unwrap().trim().parse::<u32>().unwrap());
    }
    // One worker, and not the process that accepted.
    assert!(pids.len() == 1 && !pids.contains(&server.id()), "{pids:?}");
}

#[test]
fn udp_batch() {
    let (_server, addr) = serve("udp_batch");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let texts = ["one", "two", "three"];
    for text in texts {
        socket.send_to(text.as_bytes(), addr).unwrap();
    }
    for text in texts {
        let mut buf = [0; 64];
        let n = socket.recv(&mut buf).unwrap();
        assert_eq!(&buf[..n], text.as_bytes());
    }
}

#[test]
fn static_files() {
    let (_server, addr) = serve("static_files");
    let answer = exchange(addr, b"GET /Cargo.toml HTTP/1.0\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("name = \"sockeye\""), "{answer}");
    let listing = exchange(addr, b"GET /src/ HTTP/1.0\r\n\r\n");
    assert!(listing.contains("href=\"lib.rs\""), "{listing}");
}

#[test]
fn http_hello() {
    let (_server, addr) = serve("http_hello");
    let answer = exchange(addr, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nHello World"), "{answer}");
}

#[test]
fn bench_hello() {
    let (_server, addr) = serve("bench_hello");
    let check = |request: &str, status: &str, body: &str| {
        let answer = exchange(addr, request.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        assert!(answer.ends_with(body), "{request}: {answer}");
    };
    let close = "Host: a\r\nConnection: close\r\n\r\n";
    check(&format!("GET / HTTP/1.1\r\n{close}"), "200", "Hello, World!");
    check(&format!("HEAD / HTTP/1.1\r\n{close}"), "200", "\r\n\r\n");
    check(&format!("GET /sleep HTTP/1.1\r\n{close}"), "200", "Hello, World!");
    check(&format!("GET /stream HTTP/1.1\r\n{close}"), "200", "stream of parts");
    check(&format!("GET /204 HTTP/1.1\r\n{close}"), "204", "\r\n\r\n");
    check(&format!("GET /304 HTTP/1.1\r\n{close}"), "304", "\r\n\r\n");
    check(&format!("GET /nothing HTTP/1.1\r\n{close}"), "404", "</html>\n");
    check(&format!("GET /panic HTTP/1.1\r\n{close}"), "500", "</html>\n");
    check(&format!("POST /echo HTTP/1.1\r\nContent-Length: 4\r\n{close}echo"), "200", "echo");
    check(&format!("POST /ignore HTTP/1.1\r\nContent-Length: 4\r\n{close}echo"), "200", "ignored");
    let dump = "M GET\nT /dump?q\nV HTTP/1.1\nH Host: a\nH Connection: close\n";
    check(&format!("GET /dump?q HTTP/1.1\r\n{close}"), "200", dump);
    let inject = exchange(addr, format!("GET /inject HTTP/1.1\r\n{close}").as_bytes());
    assert!(inject.starts_with("HTTP/1.1 500 ") && !inject.contains("Injected"), "{inject}");
}

#[test]
fn urlopen() {
    let server = Scripted::answer("HTTP/1.1 404 Not Found\r\nX-A: b\r\nContent-Length: 7\r\n\r\nno such");
    let (code, lines) = run("urlopen", &[&server.url("/x")]);
    let url = server.url("/x");
    let said = [&format!("GET {url} failed: 404 Not Found"), &format!("404 {url}"), "x-a: b", "no such"];
    assert!(code == Some(0) && said.iter().all(|said| lines.iter().any(|line| line == said)), "{lines:?}");
    assert!(server.heard()[0].contains("user-agent: mozilla"));
}

#[test]
fn proxy() {
    let server = Scripted::answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let gate = format!("http://{}", server.addr());
    let (code, lines) = run("proxy", &["http://h.example/x", &gate]);
    assert_eq!((code, lines), (Some(0), vec!["hello".to_owned()]));
    let heard = server.heard();
    assert!(heard[0].starts_with("GET http://h.example/x HTTP/1.1\r\nHost: h.example\r\n"), "{heard:?}");
    assert!(heard[0].contains("user-agent: mozilla\r\n"), "{heard:?}");
    let server = Scripted::answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let (code, lines) = run("proxy", &[&server.url("/x")]);
    assert_eq!((code, lines), (Some(0), vec!["hello".to_owned()]));
    assert!(server.heard()[0].starts_with("GET /x HTTP/1.1\r\n"));
}

#[test]
fn http_get_form() {
    let server = Scripted::answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let (code, lines) =
        run("http_get_form", &[&server.url("/login"), "username=myaccount@163.com", "password=a b"]);
    let asked = "/login?username=myaccount%40163.com&password=a+b";
    let expected = vec![format!("200 {}", server.url(asked)), "hello".to_owned()];
    assert_eq!((code, lines), (Some(0), expected));
    let heard = server.heard();
    assert!(heard[0].starts_with(&format!("GET {asked} HTTP/1.1\r\n")), "{heard:?}");
    assert!(heard[0].contains("user-agent: mozilla\r\n"), "{heard:?}");
}

#[test]
fn http_post_form() {
    let (_server, addr) = serve("bench_hello");
    let (code, lines) = run("http_post_form", &[&format!("http://{addr}/echo"), "name=a b", "x=1&2"]);
    assert_eq!((code, lines.last().map(String::as_str)), (Some(0), Some("name=a+b&x=1%262")), "{lines:?}");
}

#[test]
fn a_port_that_is_none() {
    for name in [
        "tcp_echo_server",
        "static_files",
        "http_hello",
        "bench_hello",
        "udp_broadcast",
        "udp_echo_server",
        "line_server",
        "bind_listen",
        "fd_passing",
        "udp_batch",
    ] {
        for port in ["http", "70000", "-1", ""] {
            let (code, lines) = run(name, &[port]);
            let usage = format!("usage: {name} ");
            assert!(code == Some(2) && lines.len() == 1 && lines[0].starts_with(&usage), "{name}: {lines:?}");
            assert!(lines[0].ends_with("with a port from 0 to 65535"), "{lines:?}");
        }
    }
}

#[test]
fn ping() {
    // Plain users may do so in namespaces of their own.
    let (unshare, ping) = (peer("unshare"), example("ping").display().to_string());
    let own = unshare.map(|unshare| {
        let mut command = Command::new(unshare);
        command.args([
            "--user",
            "--map-root-user",
            "--net",
            "sh",
            "-c",
            "ip link set lo up && exec \"$0\" \"$@\"",
            &ping,
        ]);
        command
    });
    for mut command in [Some(Command::new(&ping)), own].into_iter().flatten() {
        let finished = Program::start(&mut command).finish();
        if finished.code == Some(0) {
            assert!(
                finished.lines.iter().any(|line| line.starts_with("answer 2 from 127.0.0.1 after ")),
                "{finished:?}"
            );
        } else {
            let text = finished.lines.join("\n");
            assert!(
                text.contains("CAP_NET_RAW") || text.contains("unshare") || text.contains("ip: "),
                "{text}"
            );
            eprintln!("skipped: no ICMP here: {text}");
        }
    }
}

#[test]
fn port_scan() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let (code, lines) = run("port_scan", &["127.0.0.1", &port.to_string(), &port.to_string()]);
    assert_eq!((code, lines), (Some(0), vec![format!("{port}/tcp open ")]));
    assert_eq!(run("port_scan", &["127.0.0.1", "1", "70000"]).0, Some(2));
}

#[test]
fn bench_sockets() {
    let serve = |role: &str, variables: &[(&str, &str)]| {
        let mut command = Command::new(example("bench_sockets"));
        let mut program = Program::start(command.arg(role).envs(variables.iter().copied()));
        let port = program.wait_for(|line| line.strip_prefix("READY ").map(str::to_owned));
        (program, port)
    };
    let load = |role: &str, port: &str, variables: &[(&str, &str)]| {
        let mut command = Command::new(example("bench_sockets"));
        let command = command.args([role, port, "64", "0"]).envs(variables.iter().copied());
        let finished = Program::start(command).finish();
        assert!(finished.code == Some(0) && finished.lines[0].starts_with("{\"rate\":"), "{finished:?}");
    };
    for variables in [&[][..], &[("THREADS", "1")], &[("THREADS", "1"), ("TIMED", "1")]] {
        let (server, port) = serve("tcp-echo", variables);
        let mut stream = support::connect(format!("127.0.0.1:{port}").parse().unwrap());
        stream.write_all(b"echo").unwrap();
        let mut echo = [0; 4];
        stream.read_exact(&mut echo).unwrap();
        assert_eq!(&echo, b"echo");
        load("tcp-ping", &port, variables);
        assert_eq!(server.finish().code, Some(0));
    }
    for variables in [&[][..], &[("TIMED", "1")], &[("BATCH", "1")], &[("GSO", "1")]] {
        let (server, port) = serve("udp-echo", variables);
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.set_read_timeout(Some(PATIENCE)).unwrap();
        udp.send_to(b"echo", format!("127.0.0.1:{port}")).unwrap();
        assert_eq!(udp.recv(&mut [0; 8]).unwrap(), 4);
        load("udp-send", &port, variables);
        assert_eq!(server.finish().code, Some(0));
    }
    assert_eq!(run("bench_sockets", &["timers", "1", "spread"]).0, Some(64));
}

#[test]
fn bench_client() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&[b'x'; 100_000]).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    let (_server, addr) = serve("bench_hello");
    let hello = "Hello, World!".len();
    for (path, mode, bytes) in [
        ("", "keep", 8 * hello),
        ("", "new", 8 * hello),
        ("", "down", 8 * hello),
        ("", "threads:4", 8 * hello),
        ("echo", "up:100000", 800_000),
        ("echo", &format!("upfile:{path}"), 8 * 100_000),
    ] {
        let (code, lines) = run("bench_client", &[&format!("http://{addr}/{path}"), "8", mode]);
        let expected = format!("{{\"requests\": 8, \"bytes\": {bytes}, \"seconds\": ");
        assert!(code == Some(0) && lines[0].starts_with(&expected), "{mode}: {lines:?}");
    }
    assert_eq!(run("bench_client", &["http://127.0.0.1/", "1", "sideways"]).0, Some(64));
    assert_eq!(run("bench_client", &["http://127.0.0.1/", "one", "keep"]).0, Some(2));
}

/// An example that ends by itself: its exit status and what it printed.
fn run(name: &str, arguments: &[&str]) -> (Option<i32>, Vec<String>) {
    let finished = Program::start(Command::new(example(name)).args(arguments)).finish();
    (finished.code, finished.lines)
}
