//! How many system calls a timed call takes, counted by strace.

use std::{
    io::{IoSlice, IoSliceMut},
    os::fd::AsFd,
    time::Duration,
};

use sockeye::socket::{
    AF_UNIX, DatagramBatch, MSG_PEEK, MSG_WAITALL, OutgoingAncillary, Protocol, SHUT_WR, SO_PEEK_OFF,
    SO_TIMESTAMPING, SOCK_STREAM, SOF_TIMESTAMPING_SOFTWARE, SOF_TIMESTAMPING_TX_SOFTWARE, SOL_SOCKET,
    create_connection, create_server, socketpair,
};

use super::{LONG, pair, udp};
use crate::support::calls_of;

const ROUNDS: usize = 500;

/// What strace runs: timed calls with data there.
#[test]
#[ignore = "run by the test below"]
fn timed_recv_with_data_there() {
    let (client, server) = pair();
    client.settimeout(LONG).unwrap();
    server.settimeout(LONG).unwrap();
    for _ in 0..ROUNDS {
        server.sendall(b"x").unwrap();
        assert_eq!(client.recv(&mut [0; 8]).unwrap(), 1);
    }
}

#[test]
fn a_timed_recv_with_data_there_is_one_system_call() {
    if let Some(calls) = calls_of("socket::strace::timed_recv_with_data_there", "") {
        calls.check(ROUNDS, &[("recvfrom", 1), ("sendto", 1), ("poll", 0), ("fcntl", 0)]);
    }
}

/// What strace runs: blocking calls whose data isn't there yet, on the end that connected and on the accepted one.
#[test]
#[ignore = "run by the test below"]
fn blocking_recv_without_data() {
    let listening = create_server("127.0.0.1:0").unwrap();
    let client = &create_connection(listening.getsockname().unwrap(), None).unwrap();
    let server = &listening.accept().unwrap().0;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut buf = [0; 8];
            while let n @ 1.. = server.recv(&mut buf).unwrap() {
                server.sendall(&buf[..n]).unwrap();
            }
        });
        for _ in 0..ROUNDS {
            client.sendall(b"x").unwrap();
            assert_eq!(client.recv(&mut [0; 8]).unwrap(), 1);
        }
        client.shutdown(SHUT_WR).unwrap();
    });
}

#[test]
fn a_blocking_recv_that_waits_is_one_system_call() {
    if let Some(calls) = calls_of("socket::strace::blocking_recv_without_data", "") {
        calls.check(ROUNDS, &[("recvfrom", 2), ("sendto", 2), ("poll", 0), ("fcntl", 0)]);
    }
}

/// What strace runs: every other way to move bytes, with a time limit that none has to wait for.
#[test]
#[ignore = "run by the test below"]
fn timed_transfers_with_data_there() {
    let (client, server) = pair();
    let datagrams = udp();
    let own = datagrams.getsockname().unwrap();
    let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
    for socket in [&client, &server, &datagrams, &ours, &theirs] {
        socket.settimeout(LONG).unwrap();
    }
    let mut file = server.makefile().unwrap();
    let source = tempfile::tempfile().unwrap();
    source.set_len(8).unwrap();
    let (mut buf, mut batch) = ([0; 64], DatagramBatch::new(16, 64));
    for _ in 0..ROUNDS {
        // sendto and recvfrom are the system's names for send and recv, too.
        assert_eq!(datagrams.sendto(b"x", &own).unwrap(), 1);
        assert_eq!(datagrams.recvfrom(&mut buf).unwrap().0, 1);
        client.sendall(b"whole").unwrap();
        assert_eq!(server.recv_with_flags(&mut buf[..5], MSG_WAITALL).unwrap(), 5);
        client.sendall(b"line\n").unwrap();
        assert_eq!(file.readline().unwrap(), b"line\n");

        assert_eq!(ours.sendmsg(&[IoSlice::new(b"he"), IoSlice::new(b"llo")], &[]).unwrap(), 5);
        assert_eq!(theirs.recvmsg(&mut [IoSliceMut::new(&mut buf)], 64).unwrap().len, 5);
        ours.sendmsg(&[IoSlice::new(b"x")], &[OutgoingAncillary::Rights(&[ours.as_fd()])]).unwrap();
        assert_eq!(theirs.recv_fds(&mut buf, 1).unwrap().1.len(), 1);

        for _ in 0..10 {
            batch.push(b"x", &own).unwrap();
        }
        assert_eq!(datagrams.sendmmsg(&mut batch).unwrap(), 10);
        assert_eq!(datagrams.recvmmsg(&mut batch).unwrap(), 10);
        batch.clear();

        assert_eq!(client.sendfile(&source, 0, 8).unwrap(), 8);
        assert_eq!(server.recv(&mut buf).unwrap(), 8);
    }
}

/// On Linux: elsewhere a batch is a call for each datagram, and a file is read and sent.
#[cfg(not(sockeye_portable))]
#[test]
fn each_timed_transfer_with_data_there_is_one_system_call() {
    let Some(calls) = calls_of("socket::strace::timed_transfers_with_data_there", "") else { return };
    let once = [("sendmmsg", 1), ("recvmmsg", 1), ("sendfile", 1)];
    calls.check(ROUNDS, &once);
    let several = [("sendto", 3), ("recvfrom", 4), ("sendmsg", 2), ("recvmsg", 2)];
    calls.check(ROUNDS, &several);
    // The descriptor that arrives is close-on-exec without another call. (In debug builds std looks at one by fcntl
    // before it closes it.)
    let asked = usize::from(cfg!(debug_assertions));
    calls.check(ROUNDS, &[("poll", 0), ("fcntl", asked), ("getsockopt", 0), ("close", 1)]);
}

/// What strace runs: a timed call that poll(2) wakes at once, because the socket's queue of errors holds something.
#[test]
#[ignore = "run by the test below"]
fn timed_recv_with_an_error_queued() {
    let (client, _server) = pair();
    let flags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, flags).unwrap();
    client.sendall(b"stamped").unwrap();
    client.settimeout(Duration::from_millis(ROUNDS as u64)).unwrap();
    assert!(client.recv(&mut [0; 8]).unwrap_err().is_timeout());
}

#[test]
fn a_queued_error_keeps_no_core_busy() {
    if let Some(calls) = calls_of("socket::strace::timed_recv_with_an_error_queued", "") {
        // Each time at least a millisecond passes.
        assert!(calls.of("recvfrom") <= ROUNDS + 10, "{calls}");
    }
}

/// What strace runs: a look ahead at what is behind all that is there.
#[test]
#[ignore = "run by the test below"]
fn peeking_behind_the_end() {
    let (one, other) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
    one.setsockopt(SOL_SOCKET, SO_PEEK_OFF, 1).unwrap();
    other.sendall(b"x").unwrap();
    one.settimeout(Duration::from_millis(200)).unwrap();
    for _ in 0..2 {
        assert!(one.recv_with_flags(&mut [0; 8], MSG_PEEK).unwrap_err().is_timeout());
    }
}

#[test]
fn peeking_behind_the_end_keeps_no_core_busy() {
    if let Some(calls) = calls_of("socket::strace::peeking_behind_the_end", "") {
        let tries = calls.of("recvfrom");
        assert!((4..100).contains(&tries), "{tries}");
    }
}
