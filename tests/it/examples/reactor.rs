//! The reactor's examples.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    process::Command,
};

use super::{run, serve};
use crate::support::{self, PATIENCE, Program, example, exchange};

#[test]
fn bench_reactor() {
    for (role, fired) in [("spread", 1000), ("cancel", 0)] {
        let (code, lines) = run("bench_reactor", &["timers", "1000", role]);
        assert_eq!((code, lines.len()), (Some(0), 1), "{lines:?}");
        assert!(
            lines[0].starts_with(&format!("{{\"n\":1000,\"fired\":{fired},\"schedule_s\":0.")),
            "{lines:?}"
        );
    }
    assert_eq!(run("bench_reactor", &["nothing"]).0, Some(64));
    let port_in = |line: &str| line.strip_prefix("READY ")?.parse::<u16>().ok();
    let mut tcp = Program::start(Command::new(example("bench_reactor")).arg("tcp-echo"));
    let mut stream = support::connect((Ipv4Addr::LOCALHOST, tcp.wait_for(port_in)).into());
    stream.write_all(b"hello").unwrap();
    stream.read_exact(&mut [0; 5]).unwrap();
    let mut udp = Program::start(Command::new(example("bench_reactor")).arg("udp-echo"));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(b"hello", (Ipv4Addr::LOCALHOST, udp.wait_for(port_in))).unwrap();
    assert_eq!(socket.recv(&mut [0; 64]).unwrap(), 5);
    tcp.finish().success();
    udp.finish().success();
}

#[test]
fn periodic_task() {
    let (code, lines) = run("periodic_task", &["4", "1"]);
    assert!(code == Some(0) && lines.len() == 5 && lines[4] == "done", "{lines:?}");
    for (number, line) in (1..).zip(&lines[..4]) {
        assert!(line.starts_with(&format!("call {number}, ")), "{lines:?}");
    }
}

#[test]
fn deferred_chain() {
    let (code, lines) = run("deferred_chain", &[]);
    let expected = [
        "apple and pear: 7",
        "stone: not found",
        "together: [3, 4, 3]",
        "in an hour: timed out",
        "unwanted: cancelled",
        "calls left: 0",
    ];
    assert_eq!((code, &lines[..]), (Some(0), &expected.map(str::to_owned)[..]));
}

#[test]
fn reactor_echo() {
    let (_server, addr) = serve("reactor_echo");
    let mut stream = support::connect(addr);
    stream.write_all(b"hello").unwrap();
    let mut echo = [0; 5];
    stream.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"hello");
}

/// Sends a line and reads one.
fn say(stream: &mut std::io::BufReader<std::net::TcpStream>, line: &str) -> String {
    use std::io::BufRead;
    if !line.is_empty() {
        stream.get_mut().write_all(format!("{line}\n").as_bytes()).unwrap();
    }
    let mut answer = String::new();
    stream.read_line(&mut answer).unwrap();
    answer.trim_end().to_owned()
}

#[test]
fn chat() {
    let (_server, addr) = serve("chat");
    let mut ann = std::io::BufReader::new(support::connect(addr));
    let mut bob = std::io::BufReader::new(support::connect(addr));
    assert_eq!(say(&mut ann, ""), "your name?");
    assert_eq!(say(&mut ann, "ann"), "* ann is in lobby");
    assert_eq!(say(&mut bob, ""), "your name?");
    assert_eq!(say(&mut bob, "bob"), "* bob is in lobby");
    assert_eq!(say(&mut ann, ""), "* bob is in lobby");
    assert_eq!(say(&mut bob, "hello"), "bob: hello");
    assert_eq!(say(&mut ann, ""), "bob: hello");
    assert_eq!(say(&mut bob, "/join den"), "* bob is in den");
    assert_eq!(say(&mut bob, "alone"), "bob: alone");
    assert_eq!(say(&mut ann, "still here"), "ann: still here");
}

#[test]
fn key_value_store() {
    let (_server, addr) = serve("key_value_store");
    let mut session = std::io::BufReader::new(support::connect(addr));
    for (line, answer) in [
        ("get a", "none"),
        ("set a one two", "ok"),
        ("get a", "value one two"),
        ("del a", "ok"),
        ("del a", "none"),
        ("what", "error: set KEY VALUE, get KEY, del KEY, quit"),
        ("quit", ""),
    ] {
        assert_eq!(say(&mut session, line), answer, "{line}");
    }
}

#[test]
fn port_forwarder() {
    let (_echo, server) = serve("reactor_echo");
    let mut command = Command::new(example("port_forwarder"));
    let (_forwarder, addr) = Program::serve(command.args(["0", &server.to_string()]));
    let mut stream = support::connect(addr);
    let (data, mut writer) = (vec![b'x'; 3_000_000], stream.try_clone().unwrap());
    let sent = data.clone();
    let sending = std::thread::spawn(move || {
        writer.write_all(&sent).unwrap();
        writer.shutdown(std::net::Shutdown::Write).unwrap();
    });
    let mut echo = Vec::new();
    stream.read_to_end(&mut echo).unwrap();
    assert!(echo == data);
    sending.join().unwrap();
}

/// Looks for a line that is this one.
fn prints(expected: impl Into<String>) -> impl Fn(&str) -> Option<()> {
    let expected = expected.into();
    move |line| (line == expected).then_some(())
}

#[test]
fn udp_heartbeat() {
    let mut command = Command::new(example("udp_heartbeat"));
    let (mut watcher, addr) = Program::serve(command.arg("0"));
    let mut command = Command::new(example("udp_heartbeat"));
    let (beating, peer) = Program::serve(command.args(["0", &addr.to_string()]));
    watcher.wait_for(prints(format!("{peer} is alive")));
    drop(beating);
    watcher.wait_for(prints(format!("{peer} is silent")));
}

#[test]
fn reconnecting_client() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = server.local_addr().unwrap();
    let mut client = Program::start(Command::new(example("reconnecting_client")).arg(addr.to_string()));
    for line in ["one", "two"] {
        let (mut stream, _) = server.accept().unwrap();
        client.wait_for(prints(format!("connected to {addr}")));
        stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        client.wait_for(prints(line));
        // What it has sent is read first: else this end would be a reset.
        stream.read_exact(&mut [0; 6]).unwrap();
        drop(stream);
        client.wait_for(prints("the connection was closed"));
    }
}

#[test]
fn status_page() {
    let (mut server, http) = serve("status_page");
    let addr: SocketAddr = server.wait_for(|line| line.strip_prefix("echo on ")?.parse().ok());
    let mut stream = support::connect(addr);
    stream.write_all(b"hello").unwrap();
    stream.read_exact(&mut [0; 5]).unwrap();
    let page = exchange(http, b"GET / HTTP/1.0\r\n\r\n");
    assert!(page.ends_with("1 connections, 5 bytes\n"), "{page}");
}
