//! Connecting to names of several addresses, in a network where some of them say nothing; and accepting without
//! descriptors left.

use std::{env, net::SocketAddr, os::fd::OwnedFd, process::Command, time::Duration};

use sockeye::{
    ErrorKind, Result,
    socket::{
        AF_INET, ConnectOptions, Family, Hints, IPPROTO_ICMP, IPPROTO_RAW, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM,
        Socket, create_connection, create_server, getaddrinfo,
    },
};

use super::{LONG, check, namespace::in_namespace};
use crate::support::peer;

/// `dead` has no address that answers, `half` a dead one first, `two` one that refuses first.
const HOSTS: &str = "2001:db8::2 dead half\n127.0.0.1 half two localhost\n::1 two\n";

fn families(name: &str) -> Vec<Family> {
    let found = getaddrinfo(name, 80, Hints::new().kind(SOCK_STREAM)).unwrap();
    found.iter().map(|info| info.family).collect()
}

#[test]
#[ignore = "run by the test below"]
fn in_a_network_with_dead_addresses() {
    let server = create_server("127.0.0.1:0").unwrap();
    let port = server.getsockname().unwrap().port().unwrap();
    let options = ConnectOptions::new().timeout(LONG).attempt_delay(Duration::ZERO);

    for name in ["half", "two"] {
        let families = families(name);
        assert!(families.len() == 2 && families[0] != AF_INET, "{name}: {families:?}");
        let socket = options.create_connection((name, port)).unwrap();
        assert_eq!(socket.getpeername().unwrap(), server.getsockname().unwrap());
        assert_eq!(socket.gettimeout(), Some(LONG));
        assert!(socket.sendall(b"x").is_ok());
        drop(create_connection((name, port), None).unwrap());
    }
    let mut client = sockeye::client::Client::connect(("half", port)).unwrap();
    client.sendall(b"x").unwrap();

    // The limit covers the look-up too, which may take longer than the shortest where the machine is busy.
    let tried = [20, 200, 2000, 20_000].map(Duration::from_millis).into_iter().find_map(|limit| {
        let error = check(create_connection(("dead", port), limit), ErrorKind::TimedOut);
        (!error.attempts().is_empty()).then(|| error.to_string())
    });
    let expected = format!("connect to dead:{port} failed: [2001:db8::2]:{port}: timed out");
    assert_eq!(tried, Some(expected));
    drop(server);
    let error = check(options.create_connection(("two", port)), ErrorKind::ConnectionRefused);
    let each = [format!("[::1]:{port}: connection refused"), format!("127.0.0.1:{port}: connection refused")];
    assert_eq!(error.to_string(), format!("connect to two:{port} failed: {}", each.join("; ")));
    let source: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let error =
        check(options.source_address(source).create_connection(("two", port)), ErrorKind::ConnectionRefused);
    assert_eq!(error.attempts().len(), 1);
}

#[test]
fn a_dead_address_or_one_that_refuses_does_not_keep_from_the_one_that_answers() {
    let Some(ip) = peer("ip") else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hosts"), HOSTS).unwrap();
    std::fs::write(folder.path().join("switch"), "hosts: files\n").unwrap();
    let (ip, folder) = (ip.display(), folder.path().display());
    let setup = format!(
        "{ip} link set lo up && {ip} link add v0 type veth peer name v1 && {ip} addr add 2001:db8::1/64 dev v0 nodad \
         && {ip} link set v1 up && {ip} link set v0 up && {ip} neigh add 2001:db8::2 lladdr 02:00:00:00:00:01 dev v0 \
         && mount --bind {folder}/hosts /etc/hosts && mount --bind {folder}/switch /etc/nsswitch.conf"
    );
    in_namespace(&["--mount", "--net"], &setup, "socket::connect::in_a_network_with_dead_addresses");
}

#[test]
#[ignore = "run by the test below"]
fn with_few_descriptors() {
    let server = create_server("127.0.0.1:0").unwrap();
    let client = Socket::new(AF_INET, SOCK_STREAM, Default::default()).unwrap();
    client.connect(server.getsockname().unwrap()).unwrap();
    let mut held: Vec<OwnedFd> = Vec::new();
    while let Ok(fd) = std::fs::File::open("/dev/null") {
        held.push(fd.into());
    }
    for _ in 0..3 {
        let error = check(server.accept(), ErrorKind::OutOfResources);
        assert_eq!(error.to_string(), "accept failed: too many open files");
    }
    check(Socket::new(AF_INET, SOCK_STREAM, Default::default()), ErrorKind::OutOfResources);
    held.truncate(held.len() - 1);
    assert_eq!(server.accept().unwrap().1, client.getsockname().unwrap());
}

/// A loop of `accept` goes on after it: the connection waits in the queue.
#[test]
fn trap_20_accept_without_descriptors_left() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 32; exec \"$0\" \"$@\""]).arg(env::current_exe().unwrap());
    let output =
        shell.args(["--exact", "socket::connect::with_few_descriptors", "--ignored"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
#[ignore = "run by the test below"]
fn without_privileges() {
    let words = |outcome: Result<Socket>| check(outcome, ErrorKind::PermissionDenied).to_string();
    let raw = words(Socket::new(AF_INET, SOCK_RAW, IPPROTO_RAW));
    assert!(
        raw.starts_with("make a socket AF_INET SOCK_RAW IPPROTO_RAW (") && raw.contains("CAP_NET_RAW"),
        "{raw}"
    );
    // Where the sysctl allows it, there is nothing to say.
    if let Err(error) = Socket::new(AF_INET, SOCK_DGRAM, IPPROTO_ICMP) {
        assert!(error.to_string().contains("net.ipv4.ping_group_range"), "{error}");
    }
}

/// The error says what is missing. In the example `ping` both forms are used.
#[test]
fn trap_21_raw_sockets_need_a_privilege() {
    // Nobody in a namespace of users has a right on the network outside.
    in_namespace(&[], "true", "socket::connect::without_privileges");
}
