//! The flags of recv and send, each on real sockets and in each mode.

use std::{io::IoSlice, thread, time::Duration};

use sockeye::{
    ErrorKind,
    socket::{
        AF_UNIX, IP_RECVERR, IPPROTO_IP, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB, MSG_PEEK, MSG_TRUNC,
        MSG_WAITALL, MsgFlags, Protocol, SOCK_DGRAM, Shutdown, Socket, socketpair,
    },
};

use super::{LONG, SHORT, check, pair, udp};

/// Blocking on both kinds of descriptor, and timed.
fn waiting_modes() -> [(Socket, Socket); 3] {
    let ((timed, a), (connected, b), (c, accepted)) = (pair(), pair(), pair());
    timed.settimeout(LONG).unwrap();
    connected.settimeout(None).unwrap();
    [(timed, a), (connected, b), (accepted, c)]
}

#[test]
fn waitall_waits_for_the_whole_buffer() {
    for (reader, writer) in waiting_modes() {
        thread::scope(|scope| {
            let reading = scope.spawn(|| {
                let mut buf = [0; 6];
                let n = reader.recv_with_flags(&mut buf, MSG_WAITALL).unwrap();
                (n, buf)
            });
            // Each part is on its way before the next: whether they arrive as one or not, all six are waited for.
            for part in [b"ab", b"cd", b"ef"] {
                writer.sendall(part).unwrap();
                thread::yield_now();
            }
            assert_eq!(reading.join().unwrap(), (6, *b"abcdef"));
        });
    }
}

#[test]
fn waitall_gives_what_came_before_the_end_or_the_time() {
    for (reader, writer) in waiting_modes() {
        writer.sendall(b"abc").unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(reader.recv_with_flags(&mut [0; 6], MSG_WAITALL).unwrap(), 3);
        assert_eq!(reader.recv_with_flags(&mut [0; 6], MSG_WAITALL).unwrap(), 0);
    }
    let (reader, writer) = pair();
    reader.settimeout(SHORT).unwrap();
    check(reader.recv_with_flags(&mut [0; 6], MSG_WAITALL), ErrorKind::TimedOut);
    writer.sendall(b"abc").unwrap();
    reader.settimeout(Duration::from_millis(50)).unwrap();
    assert_eq!(reader.recv_with_flags(&mut [0; 6], MSG_WAITALL).unwrap(), 3);
    reader.settimeout(Duration::ZERO).unwrap();
    check(reader.recv_with_flags(&mut [0; 6], MSG_WAITALL), ErrorKind::WouldBlock);
}

#[test]
fn waitall_takes_one_datagram_however_short() {
    let udp = udp();
    udp.settimeout(LONG).unwrap();
    let own = udp.getsockname().unwrap();
    for text in [b"one", b"two"] {
        udp.sendto(text, &own).unwrap();
    }
    let mut buf = [0; 64];
    assert_eq!(udp.recv_with_flags(&mut buf, MSG_WAITALL).unwrap(), 3);
    assert_eq!((udp.recvfrom_with_flags(&mut buf, MSG_WAITALL).unwrap().0, &buf[..3]), (3, &b"two"[..]));
}

#[test]
fn peek_waits_and_leaves_the_data() {
    for (reader, writer) in waiting_modes() {
        thread::scope(|scope| {
            let reading = scope.spawn(|| reader.recv_with_flags(&mut [0; 8], MSG_PEEK).unwrap());
            writer.sendall(b"abc").unwrap();
            assert_eq!(reading.join().unwrap(), 3);
        });
        assert_eq!(reader.recv_with_flags(&mut [0; 2], MSG_PEEK | MSG_WAITALL).unwrap(), 2);
        assert_eq!(reader.recv(&mut [0; 8]).unwrap(), 3);
    }
}

#[test]
fn the_number_never_passes_the_buffer() {
    let udp = udp();
    let own = udp.getsockname().unwrap();
    let mut buf = [0; 8];
    for flags in [MSG_TRUNC, MSG_TRUNC | MSG_PEEK, MSG_TRUNC | MSG_WAITALL] {
        udp.sendto(&[7; 100], &own).unwrap();
        assert_eq!(udp.recv_with_flags(&mut buf, flags).unwrap(), 8, "{flags:?}");
        udp.sendto(&[7; 100], &own).unwrap();
        assert_eq!(udp.recvfrom_with_flags(&mut buf, flags).unwrap().0, 8, "{flags:?}");
    }
    assert_eq!(buf, [7; 8]);
}

#[test]
fn trunc_throws_a_streams_data_away() {
    let (reader, writer) = pair();
    writer.sendall(b"abcdef").unwrap();
    let mut buf = [0; 4];
    let thrown = reader.recv_with_flags(&mut buf, MSG_TRUNC).unwrap();
    assert_eq!((thrown, buf), (4, [0; 4]));
    assert_eq!((reader.recv(&mut buf).unwrap(), &buf[..2]), (2, &b"ef"[..]));
}

#[test]
fn urgent_data_is_not_waited_for_by_turning_round() {
    let (reader, writer) = pair();
    // None announced: the system says so at once, in every mode.
    for timeout in [None, Some(LONG), Some(Duration::ZERO)] {
        reader.settimeout(timeout).unwrap();
        check(reader.recv_with_flags(&mut [0; 1], MSG_OOB), ErrorKind::InvalidInput);
    }
    reader.settimeout(LONG).unwrap();
    writer.sendall(b"in line").unwrap();
    writer.sendall_with_flags(b"!", MSG_OOB).unwrap();
    let mut buf = [0; 16];
    assert_eq!(reader.recv(&mut buf).unwrap(), 7);
    assert_eq!((reader.recv_with_flags(&mut buf, MSG_OOB).unwrap(), buf[0]), (1, b'!'));
}

/// A datagram socket whose peer is nobody, one datagram on its way there; and what holds that address, deaf to all
/// but itself, so that nobody else gets it.
pub(super) fn refused() -> (Socket, Socket) {
    let deaf = udp();
    let address = deaf.getsockname().unwrap();
    deaf.connect(&address).unwrap();
    let socket = udp();
    socket.setsockopt(IPPROTO_IP, IP_RECVERR, true).unwrap();
    socket.connect(&address).unwrap();
    socket.send(b"anybody?").unwrap();
    (socket, deaf)
}

#[test]
fn the_queue_of_errors_is_waited_for() {
    for timeout in [None, Some(LONG)] {
        let (socket, _deaf) = refused();
        socket.settimeout(timeout).unwrap();
        let mut buf = [0; 64];
        let (n, to) = socket.recvfrom_with_flags(&mut buf, MSG_ERRQUEUE).unwrap();
        assert_eq!((&buf[..n], to), (&b"anybody?"[..], socket.getpeername().unwrap()));
        check(socket.recv_with_flags(&mut buf, MSG_ERRQUEUE | MSG_DONTWAIT), ErrorKind::WouldBlock);
    }
}

#[test]
fn data_in_line_does_not_wake_those_who_wait_for_errors() {
    let udp = udp();
    udp.settimeout(SHORT).unwrap();
    udp.sendto(b"data", udp.getsockname().unwrap()).unwrap();
    check(udp.recv_with_flags(&mut [0; 8], MSG_ERRQUEUE), ErrorKind::TimedOut);
    assert_eq!(udp.recv(&mut [0; 8]).unwrap(), 4);
}

#[test]
fn without_a_queue_the_pending_error_ends_the_wait() {
    let (socket, _deaf) = refused();
    let mut buf = [0; 64];
    assert_eq!(socket.recv_with_flags(&mut buf, MSG_ERRQUEUE).unwrap(), 8);
    socket.setsockopt(IPPROTO_IP, IP_RECVERR, false).unwrap();
    socket.send(b"again").unwrap();
    socket.settimeout(LONG).unwrap();
    check(socket.recv_with_flags(&mut buf, MSG_ERRQUEUE), ErrorKind::ConnectionRefused);

    let (reader, writer) = pair();
    drop(writer);
    reader.shutdown(Shutdown::Both).unwrap();
    reader.settimeout(LONG).unwrap();
    check(reader.recv_with_flags(&mut buf, MSG_ERRQUEUE), ErrorKind::NotConnected);
}

#[test]
fn sending_without_waiting_says_how_much_went() {
    let (client, _server) = pair();
    let error = check(client.sendall_with_flags(&vec![0; 1 << 26], MSG_DONTWAIT), ErrorKind::WouldBlock);
    assert!((1..1 << 26).contains(&error.sent().unwrap()));
    check(client.send_with_flags(&[0; 1 << 20], MSG_DONTWAIT), ErrorKind::WouldBlock);
    // A datagram that has no room waits for none either: nobody reads, a local socket's queue is full.
    let (one, _other) = socketpair(AF_UNIX, SOCK_DGRAM, Protocol::default()).unwrap();
    let outcome = (0..100_000).find_map(|_| one.send_with_flags(&[0; 1024], MSG_DONTWAIT).err());
    assert!(outcome.unwrap().would_block());
}

/// A look-up has no non-blocking form: it may take its time, the sending not.
#[test]
fn names_are_looked_up_in_every_mode() {
    let receiver = udp();
    let to = ("localhost", receiver.getsockname().unwrap().port().unwrap());
    let sender = udp();
    for timeout in [None, Some(LONG), Some(Duration::ZERO)] {
        sender.settimeout(timeout).unwrap();
        for flags in [MsgFlags::default(), MSG_DONTWAIT] {
            assert_eq!(sender.sendto_with_flags(b"one", flags, to).unwrap(), 3);
            assert_eq!(sender.sendmsg_to(&[IoSlice::new(b"two")], &[], flags, to).unwrap(), 3);
            let mut buf = [0; 8];
            for expected in [b"one", b"two"] {
                assert_eq!(receiver.recv(&mut buf).unwrap(), 3);
                assert_eq!(&buf[..3], expected);
            }
        }
    }
}

/// As Python's: one send(2) even then, which tells what is wrong.
#[test]
fn sendall_of_nothing_is_a_call_too() {
    let (sender, receiver) = (udp(), udp());
    check(sender.sendall(b""), ErrorKind::NotConnected);
    sender.connect(receiver.getsockname().unwrap()).unwrap();
    sender.sendall(b"").unwrap();
    sender.sendall(b"x").unwrap();
    let mut buf = [0; 8];
    assert_eq!(receiver.recv(&mut buf).unwrap(), 0);
    assert_eq!(receiver.recv(&mut buf).unwrap(), 1);

    let (mut client, server) = pair();
    client.sendall(b"").unwrap();
    server.setblocking(false).unwrap();
    check(server.recv(&mut buf), ErrorKind::WouldBlock);
    client.close();
    let error = check(client.sendall(b""), ErrorKind::Closed);
    assert_eq!(error.to_string(), "sendall failed: the socket is closed: bad file descriptor");
}
