//! Calls that signals interrupt, and queues that are full.

use std::{sync::mpsc, thread, time::Duration};

use super::*;
use crate::{ErrorKind, sys::signals::Interrupted};

const LONG: Duration = Duration::from_secs(60);

/// Runs the call in a thread, interrupts it often while it is blocked (or just before: both have to do), lets
/// `release` end its wait, and gives what came out.
fn interrupted<T: Send>(call: impl FnOnce() -> T + Send, release: impl FnOnce()) -> T {
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let blocked = scope.spawn(move || {
            sender.send(Interrupted::here()).unwrap();
            call()
        });
        let thread = receiver.recv().unwrap();
        thread.interrupt(50);
        release();
        blocked.join().unwrap()
    })
}

fn pair() -> (Socket, Socket) {
    let server = create_server("127.0.0.1:0").unwrap();
    let client = create_connection(server.getsockname().unwrap(), None).unwrap();
    (client, server.accept().unwrap().0)
}

#[test]
fn trap_05_signals_end_no_call() {
    for timeout in [None, Some(LONG)] {
        let (client, server) = pair();
        client.settimeout(timeout).unwrap();
        let received = interrupted(|| client.recv(&mut [0; 8]), || server.sendall(b"data").unwrap());
        assert_eq!(received.unwrap(), 4);

        let big = vec![0; 1 << 24];
        let mut total = 0;
        let sent = interrupted(
            || client.sendall(&big),
            || {
                let mut buf = vec![0; 1 << 20];
                while total < big.len() {
                    total += server.recv(&mut buf).unwrap();
                }
            },
        );
        sent.unwrap();

        let server = create_server("127.0.0.1:0").unwrap();
        server.settimeout(timeout).unwrap();
        let address = server.getsockname().unwrap();
        let mut client = None;
        let accepted = interrupted(|| server.accept(), || client = create_connection(&address, None).ok());
        assert_eq!(accepted.unwrap().1, client.unwrap().getsockname().unwrap());
    }
}

#[test]
fn trap_05_signals_make_no_wait_longer() {
    let (client, _server) = pair();
    client.settimeout(Duration::from_millis(20)).unwrap();
    let received = interrupted(|| client.recv(&mut [0; 8]), || ());
    assert_eq!(received.unwrap_err().kind(), ErrorKind::TimedOut);
}

#[test]
fn signals_do_not_end_a_patient_wait() {
    let server = create_server("127.0.0.1:0").unwrap();
    let port = server.getsockname().unwrap().port().unwrap();
    let deadline = crate::deadline::Deadline::after(LONG);
    let (dialler, bounds) = (Dialler::default(), Bounds { deadline, cancel: None });
    let client = dialler.connect(dialler.find("127.0.0.1", port, bounds).unwrap(), bounds).unwrap();
    let (conn, _) = server.accept().unwrap();
    let received = interrupted(|| client.recv_by(&mut [0; 8], deadline), || conn.sendall(b"x").unwrap());
    assert_eq!(received.unwrap(), 1);
}

/// A server on a Unix socket whose queue is full, and what fills it.
fn full(folder: &tempfile::TempDir) -> (Socket, Address, Vec<Socket>) {
    let server = Socket::new(AF_UNIX, SOCK_STREAM, Default::default()).unwrap();
    server.bind(folder.path().join("x.sock")).unwrap();
    server.listen(0).unwrap();
    let address = server.getsockname().unwrap();
    let mut waiting = Vec::new();
    loop {
        let socket = Socket::new(AF_UNIX, SOCK_STREAM, Default::default()).unwrap();
        socket.setblocking(false).unwrap();
        match socket.connect(&address) {
            Ok(()) => waiting.push(socket),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return (server, address, waiting);
            }
        }
    }
}

#[test]
fn connecting_to_a_full_unix_queue_waits_for_room_in_spite_of_signals() {
    for timeout in [None, Some(LONG)] {
        let folder = tempfile::tempdir().unwrap();
        let (server, address, _waiting) = full(&folder);
        let client = Socket::new(AF_UNIX, SOCK_STREAM, Default::default()).unwrap();
        client.settimeout(timeout).unwrap();
        interrupted(|| client.connect(&address), || drop(server.accept().unwrap())).unwrap();
        assert_eq!(client.getpeername().unwrap(), address);
    }
}

#[test]
fn connecting_to_a_full_unix_queue_ends_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, address, _waiting) = full(&folder);
    let client = Socket::new(AF_UNIX, SOCK_STREAM, Default::default()).unwrap();
    client.settimeout(Duration::from_millis(5)).unwrap();
    assert_eq!(client.connect(&address).unwrap_err().kind(), ErrorKind::TimedOut);
}

/// What is left is computed anew after each signal: were the whole limit, this would never end.
#[test]
fn trap_05_signals_neither_end_a_call_nor_give_it_time() {
    let (client, _server) = pair();
    client.settimeout(Duration::from_millis(50)).unwrap();
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let blocked = scope.spawn(move || {
            sender.send(Interrupted::here()).unwrap();
            client.recv(&mut [0; 8])
        });
        let thread = receiver.recv().unwrap();
        let begun = std::time::Instant::now();
        while !blocked.is_finished() {
            thread.interrupt(1);
            assert!(begun.elapsed() < LONG, "signals give it time");
        }
        assert_eq!(blocked.join().unwrap().unwrap_err().kind(), ErrorKind::TimedOut);
    });
}

/// The calls that came with messages, batches and files.
#[test]
fn trap_05_signals_end_no_message_batch_or_file() {
    for timeout in [None, Some(LONG)] {
        let (client, server) = pair();
        client.settimeout(timeout).unwrap();
        let buf = &mut [0; 8];
        let received = interrupted(
            || client.recvmsg(&mut [std::io::IoSliceMut::new(buf)], 64),
            || server.sendall(b"data").unwrap(),
        );
        assert_eq!(received.unwrap().len, 4);
        let whole = interrupted(
            || client.recv_with_flags(&mut [0; 8], MSG_WAITALL),
            || server.sendall(b"all of it").unwrap(),
        );
        assert_eq!(whole.unwrap(), 8);
        let mut file = client.makefile().unwrap();
        let line = interrupted(|| file.readline(), || server.sendall(b"\n").unwrap());
        assert_eq!(line.unwrap(), b"t\n");

        let file = tempfile::tempfile().unwrap();
        file.set_len(1 << 24).unwrap();
        let mut total = 0;
        let sent = interrupted(
            || client.sendfile(&file, 0, None),
            || {
                let mut buf = vec![0; 1 << 20];
                while total < 1 << 24 {
                    total += server.recv(&mut buf).unwrap();
                }
            },
        );
        assert_eq!(sent.unwrap(), 1 << 24);

        let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default()).unwrap();
        udp.bind("127.0.0.1:0").unwrap();
        udp.settimeout(timeout).unwrap();
        let own = udp.getsockname().unwrap();
        let mut batch = DatagramBatch::new(8, 64);
        let received =
            interrupted(|| udp.recvmmsg(&mut batch), || assert_eq!(udp.sendto(b"x", &own).unwrap(), 1));
        assert_eq!(received.unwrap(), 1);
    }
}

/// A TCP server that takes nobody, as its queue is full: the handshake goes on when there is room again, which the
/// system finds out when it asks for the second time, a second later.
#[test]
fn trap_05_a_connection_goes_on_after_a_signal() {
    let server = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP).unwrap();
    server.bind("127.0.0.1:0").unwrap();
    server.listen(0).unwrap();
    let address = server.getsockname().unwrap();
    let mut waiting = Vec::new();
    while let Ok(conn) = create_connection(&address, Duration::from_millis(20)) {
        waiting.push(conn);
    }
    let client = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP).unwrap();
    let release = || drop(server.incoming().take(waiting.len()).collect::<Vec<_>>());
    interrupted(|| client.connect(&address), release).unwrap();
    assert_eq!(client.getpeername().unwrap(), address);
}

/// One that came between a look and the call, which nothing but luck brings about.
#[test]
fn a_kept_error_is_told_once_by_a_clone_too_and_after_the_data() {
    let reset = || crate::Error::from_errno(crate::sys::c::ECONNRESET);
    let ways: [fn(&Socket) -> crate::Result<usize>; 4] = [
        |socket| socket.recv(&mut [0; 8]),
        |socket| socket.try_recv(&mut [0; 8]),
        |socket| socket.recv_by(&mut [0; 8], crate::deadline::Deadline::after(LONG)),
        |socket| socket.try_clone()?.recv(&mut [0; 8]),
    ];
    for receive in ways {
        let (reader, peer) = pair();
        let _clone = reader.try_clone().unwrap();
        peer.sendall(b"answer").unwrap();
        drop(peer);
        reader.overdue.keep(&reset());
        assert_eq!(receive(&reader).unwrap(), 6);
        assert_eq!(receive(&reader).unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(receive(&reader).unwrap(), 0);
    }
    let (writer, _peer) = pair();
    writer.overdue.keep(&reset());
    assert_eq!(writer.try_send(b"x").unwrap_err().kind(), ErrorKind::ConnectionReset);
}
