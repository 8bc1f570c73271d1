//! The three modes, exactly as Python has them but where that is a trap; see the table in the page above.

use std::{env, io, process::Command, thread, time::Duration};

use sockeye::{
    ErrorKind,
    server::{Datagram, DatagramServer},
    socket::*,
};

use super::{LONG, SHORT, check, nobody, pair, tcp, udp};

/// On Linux.
const EINPROGRESS: i32 = 115;
const EISCONN: i32 = 106;
const EAGAIN: i32 = 11;
const O_NONBLOCK: u32 = 0o4000;

/// Whether the system says so of the descriptor.
fn nonblocking(number: i32) -> bool {
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
    u32::from_str_radix(flags.trim(), 8).unwrap() & O_NONBLOCK != 0
}

#[cfg(target_os = "linux")]
#[test]
fn trap_01_one_descriptor_flag() {
    let socket = tcp();
    assert!(!nonblocking(socket.fileno()));
    socket.settimeout(LONG).unwrap();
    assert!(nonblocking(socket.fileno()));
    socket.settimeout(None).unwrap();
    assert!(!nonblocking(socket.fileno()));
    // Clones share it, and have it stay: calls wait all the same. Who gets the descriptor gets it as the mode says.
    let clone = socket.try_clone().unwrap();
    clone.settimeout(LONG).unwrap();
    socket.settimeout(None).unwrap();
    assert!(nonblocking(socket.fileno()));
    drop(clone);
    let socket = Socket::from(socket.detach().unwrap());
    assert!(!nonblocking(socket.fileno()));
    socket.setblocking(false).unwrap();
    assert!(nonblocking(socket.fileno()));
    socket.settimeout(LONG).unwrap();
    let fd = socket.detach().unwrap();
    assert!(nonblocking(std::os::fd::AsRawFd::as_raw_fd(&fd)));
}

#[test]
fn trap_02_a_timeout_is_not_a_call_that_would_block() {
    let (client, _server) = pair();
    client.settimeout(SHORT).unwrap();
    let error = check(client.recv(&mut [0; 8]), ErrorKind::TimedOut);
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::TimedOut);
    client.setblocking(false).unwrap();
    let error = check(client.recv(&mut [0; 8]), ErrorKind::WouldBlock);
    assert_eq!(error.raw_os_error(), Some(EAGAIN));
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::WouldBlock);
}

/// What the test below runs in a process of its own, as the setting is the whole process's.
#[test]
#[ignore = "run by the test below"]
fn sockets_with_a_default_timeout() {
    assert_eq!(getdefaulttimeout(), None);
    setdefaulttimeout(LONG);
    assert_eq!(getdefaulttimeout(), Some(LONG));
    let server = create_server("127.0.0.1:0").unwrap();
    assert_eq!(server.gettimeout(), Some(LONG));
    server.settimeout(SHORT).unwrap();
    let client = tcp();
    client.connect(server.getsockname().unwrap()).unwrap();
    let (conn, _) = server.accept().unwrap();
    let (one, _other) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
    assert_eq!([&client, &conn, &one].map(Socket::gettimeout), [Some(LONG); 3]);
    // The kind says more than the default.
    let own = Socket::new(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, Protocol::default()).unwrap();
    assert_eq!(own.gettimeout(), Some(Duration::ZERO));

    setdefaulttimeout(Duration::ZERO);
    assert!(!tcp().getblocking());
    setdefaulttimeout(None);
    assert_eq!((tcp().gettimeout(), client.gettimeout()), (None, Some(LONG)));
}

#[test]
fn the_default_timeout_is_that_of_new_sockets() {
    let probe = "socket::modes::sockets_with_a_default_timeout";
    let output =
        Command::new(env::current_exe().unwrap()).args(["--exact", probe, "--ignored"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
}

#[test]
fn trap_01_three_modes() {
    let (client, server) = pair();
    client.settimeout(None).unwrap();
    assert!(client.getblocking() && client.gettimeout().is_none());

    client.settimeout(SHORT).unwrap();
    assert!(client.getblocking() && client.gettimeout() == Some(SHORT));
    let error = check(client.recv(&mut [0; 8]), ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "recv failed: timed out");

    client.setblocking(false).unwrap();
    assert!(!client.getblocking() && client.gettimeout() == Some(Duration::ZERO));
    check(client.recv(&mut [0; 8]), ErrorKind::WouldBlock);

    server.sendall(b"x").unwrap();
    client.setblocking(true).unwrap();
    assert_eq!(client.recv(&mut [0; 8]).unwrap(), 1);
}

#[test]
fn an_endless_timeout_is_one() {
    let (client, server) = pair();
    client.settimeout(Duration::MAX).unwrap();
    server.sendall(b"x").unwrap();
    assert_eq!(client.recv(&mut [0; 8]).unwrap(), 1);
    assert!(client.gettimeout().unwrap() > Duration::from_secs(500 * 365 * 86400));
}

#[test]
fn an_accepted_connection_has_the_default_mode() {
    let server = create_server("127.0.0.1:0").unwrap();
    server.settimeout(LONG).unwrap();
    let _client = create_connection(server.getsockname().unwrap(), None).unwrap();
    let (accepted, _peer) = server.accept().unwrap();
    assert_eq!(accepted.gettimeout(), None);
    // As the mode says, so that a `recv` that waits is one system call.
    #[cfg(target_os = "linux")]
    assert!(!nonblocking(accepted.fileno()));
}

#[test]
fn a_blocking_call_waits_for_data_on_both_kinds_of_descriptor() {
    let (blocking, other) = pair();
    let (nonblocking, another) = pair();
    nonblocking.settimeout(LONG).unwrap();
    nonblocking.settimeout(None).unwrap();
    for (reader, writer) in [(&blocking, &other), (&nonblocking, &another)] {
        thread::scope(|scope| {
            let waiting = scope.spawn(|| reader.recv(&mut [0; 8]).unwrap());
            writer.sendall(b"data").unwrap();
            assert_eq!(waiting.join().unwrap(), 4);
        });
    }
}

#[test]
fn trap_06_connect_ex_gives_the_errno() {
    let (_held, address) = nobody();
    let errno = tcp().connect_ex(&address).unwrap();
    assert_eq!(std::io::Error::from_raw_os_error(errno).kind(), std::io::ErrorKind::ConnectionRefused);

    let server = create_server("127.0.0.1:0").unwrap();
    let socket = tcp();
    socket.setblocking(false).unwrap();
    let connect = || socket.connect_ex(server.getsockname().unwrap()).unwrap();
    let first = connect();
    let _conn = server.accept().unwrap();
    if first == EINPROGRESS {
        assert_eq!(connect(), 0);
    }
    assert_eq!(connect(), EISCONN);

    check(tcp().connect_ex(("no such host", 80)), ErrorKind::UnknownHost);
}

#[test]
fn trap_06_connect_without_waiting_would_block() {
    let server = create_server("127.0.0.1:0").unwrap();
    let socket = tcp();
    socket.setblocking(false).unwrap();
    if let Err(error) = socket.connect(server.getsockname().unwrap()) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
    assert!(server.accept().is_ok());
}

#[test]
fn trap_06_a_full_queue_ends_a_timed_connect() {
    let server = tcp();
    server.bind("127.0.0.1:0").unwrap();
    server.listen(0).unwrap();
    let address = server.getsockname().unwrap();
    let mut waiting = Vec::new();
    let error = (0..64).find_map(|_| {
        create_connection(&address, Duration::from_millis(20)).map(|conn| waiting.push(conn)).err()
    });
    let error = error.expect("a queue of none took 64");
    assert_eq!(error.to_string(), format!("connect to {address} failed: timed out"));
    // As an errno it is EAGAIN, as in Python.
    let socket = tcp();
    socket.settimeout(SHORT).unwrap();
    assert_eq!(socket.connect_ex(&address).unwrap(), EAGAIN);
}

/// poll(2) calls a socket ready whose queue of errors holds one, and MSG_PEEK behind the data finds nothing.
#[test]
#[cfg(target_os = "linux")]
fn a_time_limit_holds_though_poll_is_always_ready() {
    let limit = Duration::from_millis(50);
    let server = create_server("127.0.0.1:0").unwrap();
    let sender = create_connection(server.getsockname().unwrap(), None).unwrap();
    let flags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    sender.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, flags).unwrap();
    sender.send(b"stamped").unwrap();
    let clone = sender.try_clone().unwrap();
    for socket in [sender, clone] {
        socket.settimeout(limit).unwrap();
        check(socket.recv(&mut [0; 8]), ErrorKind::TimedOut);
    }

    let (refused, gone) = (udp(), udp());
    refused.setsockopt(IPPROTO_IP, IP_RECVERR, true).unwrap();
    refused.connect(gone.getsockname().unwrap()).unwrap();
    drop(gone);
    refused.settimeout(limit).unwrap();
    refused.send(b"anybody?").unwrap();
    check(refused.recv(&mut [0; 8]), ErrorKind::ConnectionRefused);
    check(refused.recv(&mut [0; 8]), ErrorKind::TimedOut);
    let server = DatagramServer::from(refused).request_timeout(limit);
    for _ in 0..2 {
        check(server.handle_request(|_: &mut Datagram<'_>| Ok(())), ErrorKind::TimedOut);
    }

    let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Default::default()).unwrap();
    ours.setsockopt(SOL_SOCKET, SO_PEEK_OFF, 4).unwrap();
    ours.settimeout(limit).unwrap();
    theirs.send(b"data").unwrap();
    check(ours.recv_with_flags(&mut [0; 8], MSG_PEEK), ErrorKind::TimedOut);
}

/// As when the connection takes too long.
#[test]
fn connect_ex_gives_an_errno_when_the_look_up_takes_too_long() {
    let socket = tcp();
    socket.settimeout(Duration::from_nanos(1)).unwrap();
    assert_eq!(socket.connect_ex(("localhost", 9)).unwrap(), EAGAIN);
}
