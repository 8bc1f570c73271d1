//! What Python's `socket` is known to surprise people with, each under its number in the list of traps that this
//! crate keeps clear of. Those of names, connecting and serving stand with their rooms.

use std::{
    io::IoSliceMut,
    thread,
    time::{Duration, Instant},
};

use sockeye::{
    ErrorKind,
    socket::{
        Ancillary, ErrorOrigin, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB, MSG_PEEK, MSG_TRUNC, SO_BROADCAST,
        SOL_SOCKET,
    },
};

use super::{LONG, check, pair, transfer::refused, udp};

/// Python waits for the whole timeout.
#[test]
fn trap_03_dontwait_with_a_timeout_never_waits() {
    let (client, _server) = pair();
    let begun = Instant::now();
    for timeout in [None, Some(LONG), Some(Duration::ZERO)] {
        client.settimeout(timeout).unwrap();
        check(client.recv_with_flags(&mut [0; 8], MSG_DONTWAIT), ErrorKind::WouldBlock);
        check(client.recvfrom_with_flags(&mut [0; 8], MSG_DONTWAIT), ErrorKind::WouldBlock);
        let error = check(client.sendall_with_flags(&vec![0; 1 << 26], MSG_DONTWAIT), ErrorKind::WouldBlock);
        assert!(error.sent().is_some());
    }
    assert!(begun.elapsed() < LONG);
}

/// Python's `sendall` can't say how much went out. (That it has one deadline is shown in `deadlines`.)
#[test]
fn trap_04_sendall_says_what_was_sent() {
    let (client, server) = pair();
    client.settimeout(Duration::from_millis(50)).unwrap();
    let data = vec![7; 1 << 26];
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut total = 0;
            while let Ok(n @ 1..) = server.recv(&mut [0; 64]) {
                total += n;
            }
            total
        });
        let error = check(client.sendall(&data), ErrorKind::TimedOut);
        drop(client);
        assert_eq!(error.sent(), Some(reader.join().unwrap()));
        assert!(error.sent() < Some(data.len()));
        assert_eq!(error.to_string(), "sendall failed: timed out");
    });
}

/// What Python's users parse by hand.
#[test]
fn trap_14_the_queue_of_errors_tells_what_and_who() {
    let (socket, deaf) = refused();
    let mut buf = [0; 64];
    let message = socket.recvmsg_with_flags(&mut [IoSliceMut::new(&mut buf)], 512, MSG_ERRQUEUE).unwrap();
    assert_eq!(&buf[..message.len], b"anybody?");
    assert_eq!(message.flags, MSG_ERRQUEUE);
    assert_eq!(message.from, Some(deaf.getsockname().unwrap()), "whereto it was sent");
    let [Ancillary::ExtendedError(report)] = &message.ancillary[..] else { panic!("{message:?}") };
    // ICMP: destination unreachable, port unreachable.
    assert_eq!((report.origin, report.kind, report.code), (ErrorOrigin::Icmp, 3, 3));
    assert_eq!(report.error().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(report.offender.as_ref().unwrap().ip(), Some([127, 0, 0, 1].into()));
}

#[test]
fn trap_15_peek_urgent_and_empty_datagrams() {
    let (client, server) = pair();
    server.sendall(b"ab").unwrap();
    server.send_with_flags(b"!", MSG_OOB).unwrap();
    let mut buf = [0; 8];
    assert_eq!(client.recv_with_flags(&mut buf, MSG_PEEK).unwrap(), 2);
    assert_eq!(client.recv(&mut buf).unwrap(), 2);
    assert_eq!((client.recv_with_flags(&mut buf, MSG_OOB).unwrap(), buf[0]), (1, b'!'));

    let udp = udp();
    let own = udp.getsockname().unwrap();
    udp.sendto(b"", &own).unwrap();
    udp.sendto(b"after it", &own).unwrap();
    assert_eq!(udp.recvfrom(&mut buf).unwrap(), (0, own.clone()));
    assert_eq!(udp.recvfrom(&mut buf).unwrap(), (8, own.clone()));
    // recvfrom hides that a datagram was cut, recvmsg tells.
    for _ in 0..2 {
        udp.sendto(b"too long for it", &own).unwrap();
    }
    assert_eq!(udp.recvfrom(&mut buf).unwrap(), (8, own));
    assert!(udp.recvmsg(&mut [IoSliceMut::new(&mut buf)], 0).unwrap().flags.contains(MSG_TRUNC));
}

/// The first send after the peer's end may work, the second can't. (That no SIGPIPE comes is `sys`'s test.)
#[test]
fn trap_16_a_second_send_to_a_closed_peer_is_a_broken_pipe() {
    let (client, server) = pair();
    drop(server);
    assert_eq!(client.recv(&mut [0; 8]).unwrap(), 0);
    let error = (0..1000).find_map(|_| client.send(b"x").err()).unwrap();
    assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error}");
    check(client.send(b"x"), ErrorKind::BrokenPipe);
}

/// Python refuses to read on after a timeout: "cannot read from timed out object".
#[test]
fn trap_17_a_file_survives_a_timeout_and_its_sockets_end() {
    let (mut client, server) = pair();
    let mut file = client.makefile().unwrap();
    client.close();
    server.sendall(b"one\nhalf a").unwrap();
    file.socket().settimeout(Duration::from_millis(1)).unwrap();
    assert_eq!(file.readline().unwrap(), b"one\n");
    for _ in 0..3 {
        let error = check(file.readline(), ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "readline failed: timed out");
    }
    server.sendall(b" line\n").unwrap();
    file.socket().settimeout(LONG).unwrap();
    assert_eq!(file.readline().unwrap(), b"half a line\n");
    // The peer sees the end when the file is gone, and no earlier.
    server.settimeout(Duration::ZERO).unwrap();
    check(server.recv(&mut [0; 8]), ErrorKind::WouldBlock);
    drop(file);
    server.settimeout(LONG).unwrap();
    assert_eq!(server.recv(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn trap_18_a_broadcast_without_the_option_has_a_hint() {
    let socket = udp();
    let error = check(socket.sendto(b"x", ("127.255.255.255", 9)), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("SO_BROADCAST"), "{error}");
    socket.setsockopt(SOL_SOCKET, SO_BROADCAST, true).unwrap();
    assert_eq!(socket.sendto(b"x", ("127.255.255.255", 9)).unwrap(), 1);
}
