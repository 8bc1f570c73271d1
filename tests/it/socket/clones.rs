//! Clones and descriptors that went through std: O_NONBLOCK is shared, the mode isn't.

use std::{
    net::{TcpListener, TcpStream},
    os::fd::OwnedFd,
    thread,
    time::Duration,
};

use sockeye::{
    ErrorKind,
    cancel::CancelToken,
    socket::{Socket, create_connection, create_server},
};

use super::{LONG, SHORT, check, pair, tcp};

/// On Linux.
const EAGAIN: i32 = 11;
const EINPROGRESS: i32 = 115;

/// A clone that is given away in blocking mode: takes O_NONBLOCK away from both.
fn detached(socket: &Socket) -> OwnedFd {
    let clone = socket.try_clone().unwrap();
    clone.settimeout(None).unwrap();
    clone.detach().unwrap()
}

/// Each blocks for ever, if the socket trusts in what it knew of the flag.
#[test]
fn a_detached_clone_leaves_the_time_limit_of_accept_alone() {
    let server = create_server("127.0.0.1:0").unwrap();
    let clone = server.try_clone().unwrap();
    let _std = TcpListener::try_from(clone).unwrap();
    server.settimeout(SHORT).unwrap();
    check(server.accept(), ErrorKind::TimedOut);
    // Also where the limit was there before.
    let _fd = detached(&server);
    check(server.accept(), ErrorKind::TimedOut);
    server.settimeout(Duration::ZERO).unwrap();
    let _fd = detached(&server);
    check(server.accept(), ErrorKind::WouldBlock);
}

#[test]
fn a_detached_clone_leaves_the_time_limit_of_connect_alone() {
    let server = tcp();
    server.bind("127.0.0.1:0").unwrap();
    server.listen(0).unwrap();
    let address = server.getsockname().unwrap();
    let mut waiting = Vec::new();
    while let Ok(conn) = create_connection(&address, Duration::from_millis(20)) {
        waiting.push(conn);
        assert!(waiting.len() < 64, "a queue of none took 64");
    }
    for (timeout, errno) in [(SHORT, EAGAIN), (Duration::ZERO, EINPROGRESS)] {
        let socket = tcp();
        socket.settimeout(timeout).unwrap();
        let _fd = detached(&socket);
        assert_eq!(socket.connect_ex(&address).unwrap(), errno);
    }
}

#[test]
fn a_detached_clone_leaves_the_time_limit_of_sendfile_alone() {
    let (client, _server) = pair();
    let file = tempfile::tempfile().unwrap();
    file.set_len(1 << 26).unwrap();
    client.settimeout(SHORT).unwrap();
    let _fd = detached(&client);
    let error = check(client.sendfile(&file, 0, None), ErrorKind::TimedOut);
    assert!(error.sent() > Some(0));
}

#[test]
fn a_detached_clone_leaves_the_token_alone() {
    let (client, _peer) = pair();
    let server = create_server("127.0.0.1:0").unwrap();
    for socket in [&client, &server] {
        socket.settimeout(None).unwrap();
        let token = CancelToken::new().unwrap();
        socket.set_cancel(token.clone()).unwrap();
        let _fd = detached(socket);
        thread::scope(|scope| {
            scope.spawn(|| token.cancel());
            let outcome = if socket.getpeername().is_ok() {
                socket.recv(&mut [0; 8]).map(drop)
            } else {
                socket.accept().map(drop)
            };
            check(outcome, ErrorKind::Cancelled);
        });
    }
}

/// What is given away is as the mode says, whatever a clone did to it.
#[test]
fn a_timed_socket_is_given_away_non_blocking() {
    let server = create_server("127.0.0.1:0").unwrap();
    server.settimeout(LONG).unwrap();
    let _fd = detached(&server);
    let std = TcpListener::try_from(server).unwrap();
    assert_eq!(std.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_non_blocking_socket_of_std_comes_back_blocking() {
    let (client, server) = pair();
    let std = TcpStream::try_from(client).unwrap();
    std.set_nonblocking(true).unwrap();
    let socket = Socket::from(std);
    assert_eq!(socket.gettimeout(), None);
    thread::scope(|scope| {
        let received = scope.spawn(|| socket.recv(&mut [0; 8]).unwrap());
        server.sendall(b"x").unwrap();
        assert_eq!(received.join().unwrap(), 1);
    });
    let std = TcpStream::try_from(socket).unwrap();
    thread::scope(|scope| {
        let peeked = scope.spawn(|| std.peek(&mut [0; 8]).unwrap());
        server.sendall(b"xy").unwrap();
        assert!(peeked.join().unwrap() > 0);
    });
    assert!(!is_nonblocking(&std));
}

/// Whether the system says so of the descriptor.
fn is_nonblocking(fd: &impl std::os::fd::AsFd) -> bool {
    socket2::SockRef::from(fd).nonblocking().unwrap()
}
