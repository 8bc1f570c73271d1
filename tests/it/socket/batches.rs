//! Datagrams in batches: `recvmmsg`, `sendmmsg`, segments.

use std::{thread, time::Duration};

use sockeye::{
    ErrorKind,
    socket::{
        AF_INET, AF_UNIX, Address, DatagramBatch, IPPROTO_UDP, Protocol, SO_RCVMARK, SO_TIMESTAMPING,
        SO_TIMESTAMPNS, SOCK_DGRAM, SOCK_STREAM, SOF_TIMESTAMPING_RX_SOFTWARE, SOF_TIMESTAMPING_SOFTWARE,
        SOL_SOCKET, Socket, UDP_GRO, socketpair,
    },
};

use super::{LONG, SHORT, check, transfer::refused, udp};

/// Of 100 datagrams in modes that wait and one that doesn't, each arrives once and in its order.
#[test]
fn there_and_back() {
    for timeout in [None, Some(LONG), Some(Duration::ZERO)] {
        let (server, client) = (udp(), udp());
        let (to, from) = (server.getsockname().unwrap(), client.getsockname().unwrap());
        let mut batch = DatagramBatch::new(100, 64);
        for i in 0..100 {
            batch.push(format!("number {i}").as_bytes(), &to).unwrap();
        }
        client.settimeout(timeout).unwrap();
        server.settimeout(timeout).unwrap();
        assert_eq!(client.sendmmsg(&mut batch).unwrap(), 100);
        let mut seen = Vec::new();
        while seen.len() < 100 {
            let n = server.recvmmsg(&mut batch).unwrap();
            assert!(n > 0 && n == batch.len());
            for datagram in batch.iter() {
                assert_eq!(datagram.address(), Some(from.clone()));
                seen.push(String::from_utf8(datagram.data().to_vec()).unwrap());
            }
            // Back to where it came from.
            batch.data_mut(0).unwrap()[0] = b'N';
            assert_eq!(server.sendmmsg(&mut batch).unwrap(), n);
        }
        assert!(seen.iter().enumerate().all(|(i, text)| *text == format!("number {i}")), "{seen:?}");
        client.recvmmsg(&mut batch).unwrap();
        assert_eq!(batch.iter().next().unwrap().data(), b"Number 0");
    }
}

#[test]
fn the_first_is_waited_for_and_no_more() {
    let socket = udp();
    let mut batch = DatagramBatch::new(8, 64);
    socket.settimeout(SHORT).unwrap();
    let error = check(socket.recvmmsg(&mut batch), ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "recvmmsg failed: timed out");
    socket.settimeout(Duration::ZERO).unwrap();
    check(socket.recvmmsg(&mut batch), ErrorKind::WouldBlock);
    socket.settimeout(None).unwrap();
    let own = socket.getsockname().unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| socket.recvmmsg(&mut batch).unwrap());
        socket.sendto(b"one", &own).unwrap();
        assert_eq!(waiting.join().unwrap(), 1);
    });
}

#[test]
fn cut_and_empty_datagrams() {
    let socket = udp();
    let own = socket.getsockname().unwrap();
    for data in [&b"fits"[..], b"does not fit", b""] {
        socket.sendto(data, &own).unwrap();
    }
    let mut batch = DatagramBatch::new(8, 4);
    let mut seen = Vec::new();
    while seen.len() < 3 {
        socket.recvmmsg(&mut batch).unwrap();
        seen.extend(batch.iter().map(|datagram| {
            let segments = datagram.segments().count();
            (datagram.data().to_vec(), datagram.is_truncated(), segments)
        }));
    }
    assert_eq!(seen, [(b"fits".to_vec(), false, 1), (b"does".to_vec(), true, 1), (vec![], false, 1)]);
}

#[test]
fn an_error_leaves_what_was_not_sent() {
    let socket = udp();
    let own = socket.getsockname().unwrap();
    let nowhere = Address::from_pathname("/no/such/socket").unwrap();
    let mut batch = DatagramBatch::new(8, 65_536);
    batch.push(b"one", &own).unwrap();
    batch.push(&vec![0; 65_536], &own).unwrap();
    batch.push(b"three", &own).unwrap();
    batch.push(b"four", &nowhere).unwrap();
    let error = socket.sendmmsg(&mut batch).unwrap_err();
    assert_eq!((error.sent(), batch.len()), (Some(1), 3));
    assert!(error.to_string().starts_with(&format!("sendmmsg to {own} failed: ")), "{error}");
    batch.remove_first();
    let error = socket.sendmmsg(&mut batch).unwrap_err();
    assert_eq!((error.sent(), batch.len()), (Some(1), 1));
    assert!(error.to_string().starts_with("sendmmsg to /no/such/socket (a socket of AF_INET "), "{error}");
    batch.remove_first();
    batch.remove_first();
    assert_eq!((batch.is_empty(), socket.sendmmsg(&mut batch).unwrap()), (true, 0));

    // A refusal of what was sent before costs no datagram.
    let (socket, _deaf) = refused();
    batch.push(b"again", None).unwrap();
    check(socket.sendmmsg(&mut batch), ErrorKind::ConnectionRefused);
    assert_eq!((batch.len(), socket.sendmmsg(&mut batch).unwrap()), (1, 1));
}

#[test]
fn a_full_queue_is_waited_for_within_the_limit() {
    let (one, other) = socketpair(AF_UNIX, SOCK_DGRAM, Protocol::default()).unwrap();
    let mut batch = DatagramBatch::new(1024, 4096);
    let fill = |batch: &mut DatagramBatch| {
        while batch.push(&[0; 4096], None).is_ok() {}
    };
    fill(&mut batch);
    one.settimeout(SHORT).unwrap();
    let error = check(one.sendmmsg(&mut batch), ErrorKind::TimedOut);
    let sent = error.sent().unwrap();
    assert!(sent > 0 && sent + batch.len() == 1024);
    one.settimeout(Duration::ZERO).unwrap();
    let error = check(one.sendmmsg(&mut batch), ErrorKind::WouldBlock);
    assert_eq!(error.sent(), Some(0));
    one.settimeout(LONG).unwrap();
    let left = batch.len();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut received = DatagramBatch::new(64, 4096);
            let mut count = 0;
            while count < 1024 {
                count += other.recvmmsg(&mut received).unwrap();
            }
        });
        assert_eq!(one.sendmmsg(&mut batch).unwrap(), left);
    });
}

/// 20 segments go as one datagram of the batch, and come as 20, or as fewer that say how they are joined.
#[test]
fn segments() {
    let (server, client) = (udp(), udp());
    let to = server.getsockname().unwrap();
    let data: Vec<u8> = (0..19 * 1000 + 7).map(|i| (i % 251) as u8).collect();
    for joined in [false, true] {
        server.setsockopt(IPPROTO_UDP, UDP_GRO, joined).unwrap();
        let mut batch = DatagramBatch::new(64, 65_535);
        batch.push_segments(&data, 1000, &to).unwrap();
        batch.push_segments(b"short", 1000, &to).unwrap();
        match client.sendmmsg(&mut batch) {
            Err(error) if error.kind() == ErrorKind::Unsupported => return, // not Linux
            sent => assert_eq!(sent.unwrap(), 2),
        }
        let (mut sizes, mut all, mut datagrams) = (Vec::new(), Vec::new(), 0);
        while all.len() < data.len() + 5 {
            datagrams += server.recvmmsg(&mut batch).unwrap();
            for segment in batch.iter().flat_map(|datagram| datagram.segments()) {
                sizes.push(segment.len());
                all.extend_from_slice(segment);
            }
        }
        assert!(all[..data.len()] == data && all.ends_with(b"short"));
        assert_eq!(sizes, [vec![1000; 19], vec![7, 5]].concat());
        assert_eq!(datagrams, if joined { 2 } else { 21 });
    }
    let mut batch = DatagramBatch::new(1, 65_535);
    check(batch.push_segments(b"x", 0, &to), ErrorKind::InvalidInput);
    batch.push_segments(&[0; 65_000], 1, &to).unwrap();
    let error = client.sendmmsg(&mut batch).unwrap_err().to_string();
    assert!(
        error.contains(" (its 65000 segments are more than the system cuts: 64 on most) failed: "),
        "{error}"
    );
}

/// The system tells the segments' size behind all that options of sockets ask for.
#[test]
fn segments_beside_other_messages() {
    let (server, client) = (udp(), udp());
    let stamps = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    let asked = [
        server.setsockopt(IPPROTO_UDP, UDP_GRO, true),
        server.setsockopt(SOL_SOCKET, SO_TIMESTAMPNS, true),
        server.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, stamps),
        server.setsockopt(SOL_SOCKET, SO_RCVMARK, true),
    ];
    if asked.iter().any(Result::is_err) {
        return; // before Linux 5.19, or not allowed
    }
    let mut batch = DatagramBatch::new(2, 65_535);
    batch.push_segments(&[b'x'; 10_500], 1000, &server.getsockname().unwrap()).unwrap();
    match client.sendmmsg(&mut batch) {
        Err(error) if error.kind() == ErrorKind::Unsupported => return, // not Linux
        sent => assert_eq!(sent.unwrap(), 1),
    }
    server.recvmmsg(&mut batch).unwrap();
    let datagram = batch.iter().next().unwrap();
    let sizes: Vec<_> = datagram.segments().map(<[u8]>::len).collect();
    assert_eq!((sizes, datagram.is_truncated()), ([vec![1000; 10], vec![500]].concat(), false));
}

#[test]
fn no_number_is_too_much() {
    let batch = DatagramBatch::new(usize::MAX, 1);
    assert_eq!(batch.capacity(), 1024);
    let mut batch = DatagramBatch::new(0, usize::MAX);
    assert!(batch.push(&[0; 65_537], None).is_err());
    assert!(batch.push(&[0; 65_536], None).is_ok());
    assert_eq!(format!("{batch:?}"), "[65536 bytes]");
    assert!(batch.data_mut(usize::MAX).is_none());

    let mut closed = Socket::new(AF_INET, SOCK_DGRAM, Default::default()).unwrap();
    closed.close();
    check(closed.recvmmsg(&mut batch), ErrorKind::Closed);
    let stream = Socket::new(AF_INET, SOCK_STREAM, Default::default()).unwrap();
    check(stream.recvmmsg(&mut batch), ErrorKind::NotConnected);
}

/// The system calls a datagram sent, whatever part of it a stream has taken.
#[test]
fn a_batch_is_nothing_for_a_stream() {
    let (ours, _theirs) = socketpair(AF_UNIX, SOCK_STREAM, Default::default()).unwrap();
    ours.settimeout(Duration::from_millis(50)).unwrap();
    let mut batch = DatagramBatch::new(16, 65_536);
    while batch.len() < 16 {
        batch.push(&[b'x'; 65_536], None).unwrap();
    }
    let error = ours.sendmmsg(&mut batch).unwrap_err();
    assert_eq!((error.kind(), batch.len()), (ErrorKind::InvalidInput, 16), "{error}");
}
