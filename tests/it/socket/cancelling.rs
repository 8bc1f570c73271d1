//! A token ends every kind of blocked call, in blocking and in timed mode.

use std::{fmt::Debug, fs, sync::mpsc, thread, time::Instant};

use sockeye::{ErrorKind, Result, cancel::CancelToken, socket::*};

use super::{LONG, SHORT, check, pair, udp};
use crate::support::PATIENCE;

/// Runs the call in a thread, cancels once that thread sleeps in the kernel, and wants it to end so.
#[track_caller]
fn ends<T: Debug + Send>(socket: &Socket, call: impl Fn() -> Result<T> + Sync) {
    for timeout in [None, Some(LONG)] {
        let token = CancelToken::new().unwrap();
        socket.settimeout(timeout).unwrap();
        socket.set_cancel(token.clone()).unwrap();
        thread::scope(|scope| {
            let (tell, told) = mpsc::channel();
            let call = &call;
            let blocked = scope.spawn(move || {
                // PID/task/TID
                tell.send(fs::read_link("/proc/thread-self").unwrap()).unwrap();
                call()
            });
            let stat = std::path::Path::new("/proc").join(told.recv().unwrap()).join("stat");
            let asleep = |stat: &str| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'));
            let start = Instant::now();
            // Not an assert here: the scope would wait for a call that nothing ends.
            let mut late = false;
            while !asleep(&fs::read_to_string(&stat).unwrap_or_default()) && !blocked.is_finished() {
                late = start.elapsed() > PATIENCE;
                if late {
                    break;
                }
                thread::yield_now();
            }
            token.cancel();
            check(blocked.join().unwrap(), ErrorKind::Cancelled);
            assert!(!late, "the call was busy instead of asleep");
        });
        socket.set_cancel(None).unwrap();
    }
}

#[test]
fn accept_ends() {
    let server = create_server("127.0.0.1:0").unwrap();
    ends(&server, || server.accept());
}

#[test]
fn recv_ends() {
    let (client, _server) = pair();
    ends(&client, || client.recv(&mut [0; 8]));
    ends(&client, || client.recv_with_flags(&mut [0; 8], MSG_PEEK));
}

#[test]
fn recvfrom_ends() {
    let udp = udp();
    ends(&udp, || udp.recvfrom(&mut [0; 8]));
}

#[test]
fn send_ends() {
    // Not TCP, whose buffers find room later on.
    let (client, _server) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
    client.setblocking(false).unwrap();
    let block = vec![0; 1 << 20];
    while client.send(&block).is_ok() {}
    ends(&client, || client.send(&block));
}

#[test]
fn sendall_ends_and_tells_what_was_sent() {
    let (client, _server) = pair();
    let block = vec![0; 1 << 26];
    let sent = std::sync::Mutex::new(Vec::new());
    ends(&client, || {
        let outcome = client.sendall(&block);
        sent.lock().unwrap().push(outcome.as_ref().unwrap_err().sent().unwrap());
        outcome
    });
    let sent = sent.into_inner().unwrap();
    assert!(sent[0] > 0 && sent.iter().sum::<usize>() < block.len(), "{sent:?}");
}

#[test]
fn sendto_a_full_unix_queue_sleeps_and_ends() {
    let receiver = Socket::new(AF_UNIX, SOCK_DGRAM, Protocol::default()).unwrap();
    receiver.bind(Address::from_pathname("").unwrap()).unwrap();
    let address = receiver.getsockname().unwrap();
    let sender = Socket::new(AF_UNIX, SOCK_DGRAM, Protocol::default()).unwrap();
    sender.setblocking(false).unwrap();
    while sender.sendto(&[0; 1 << 10], &address).is_ok() {}
    ends(&sender, || sender.sendto(&[0; 1 << 10], &address));
    sender.settimeout(SHORT).unwrap();
    check(sender.sendto(&[0; 1 << 10], &address), ErrorKind::TimedOut);
    sender.settimeout(LONG).unwrap();
    thread::scope(|scope| {
        let blocked = scope.spawn(|| sender.sendto(&[7; 1 << 10], &address));
        assert_eq!(receiver.recv(&mut [0; 1 << 10]).unwrap(), 1 << 10);
        assert_eq!(blocked.join().unwrap().unwrap(), 1 << 10);
    });
}

#[test]
fn connect_ends() {
    let server = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP).unwrap();
    server.bind("127.0.0.1:0").unwrap();
    server.listen(0).unwrap();
    let address = server.getsockname().unwrap();
    // More than fit into a queue of none: whoever comes now waits.
    let _waiting: Vec<Socket> = (0..8)
        .map(|_| {
            let socket = Socket::new(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP).unwrap();
            socket.connect_ex(&address).unwrap();
            socket
        })
        .collect();
    let client = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP).unwrap();
    ends(&client, || client.connect(&address));
}

#[test]
fn connect_to_a_full_unix_queue_ends() {
    let server = Socket::new(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
    server.bind(Address::from_pathname("").unwrap()).unwrap();
    server.listen(0).unwrap();
    let address = server.getsockname().unwrap();
    let new = |kind| Socket::new(AF_UNIX, kind, Protocol::default()).unwrap();
    let mut waiting = Vec::new();
    loop {
        let socket = new(SOCK_STREAM | SOCK_NONBLOCK);
        if socket.connect_ex(&address).unwrap() != 0 {
            break;
        }
        waiting.push(socket);
    }
    let client = new(SOCK_STREAM);
    ends(&client, || client.connect(&address));
}

#[test]
fn one_token_ends_many_calls_for_good() {
    let server = create_server("127.0.0.1:0").unwrap();
    let token = CancelToken::new().unwrap();
    server.set_cancel(token.clone()).unwrap();
    let client = create_connection(server.getsockname().unwrap(), None).unwrap();
    let (conn, _) = server.accept().unwrap();
    conn.set_cancel(token.clone()).unwrap();
    let big = vec![0; 1 << 26];
    thread::scope(|scope| {
        let blocked = [
            scope.spawn(|| check(server.accept(), ErrorKind::Cancelled)),
            scope.spawn(|| check(conn.recv(&mut [0; 8]), ErrorKind::Cancelled)),
            scope.spawn(|| check(conn.sendall(&big), ErrorKind::Cancelled)),
        ];
        token.cancel();
        for thread in blocked {
            thread.join().unwrap();
        }
    });
    // For good: also where data is there.
    client.sendall(b"x").unwrap();
    check(conn.recv(&mut [0; 8]), ErrorKind::Cancelled);
    conn.set_cancel(None).unwrap();
    assert_eq!(conn.recv(&mut [0; 8]).unwrap(), 1);
}
