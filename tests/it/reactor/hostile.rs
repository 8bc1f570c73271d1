//! What a peer can't do to a reactor.

use std::{io::Write, net::TcpStream, time::Duration};

use sockeye::{
    reactor::{Reactor, Transport, factory, testing::MemoryTransport},
    socket::{AF_UNIX, SOCK_STREAM, socketpair},
};

use super::recorder::{Log, Recorder, turn_until};

#[test]
fn a_peer_that_reads_nothing_cant_fill_the_memory() {
    let log = Log::default();
    // A protocol that answers each byte by a thousand, and looks at no mark.
    let flood = |transport: &mut Transport<'_>, what: &str| {
        if what == "made" {
            transport.max_buffered(300_000);
        }
        if what.starts_with("data") {
            transport.write(&[b'.'; 1000]);
            assert!(transport.buffered() <= 300_000);
        }
    };
    let mut memory = MemoryTransport::new(Recorder::doing(&log, flood)).unwrap();
    memory.set_room(0);
    for _ in 0..301 {
        memory.receive(b"x");
    }
    let lines = log.take();
    assert_eq!(lines.last().unwrap(), "lost TooLarge");
    assert_eq!(lines.iter().filter(|line| *line == "paused").count(), 1);
    assert_eq!(lines.len(), 1 + 301 + 1 + 1);
}

#[test]
fn the_same_over_a_socket() {
    let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Default::default()).unwrap();
    let mut reactor = Reactor::new().unwrap();
    let log = Log::default();
    let flood = |transport: &mut Transport<'_>, what: &str| match what {
        "made" => transport.max_buffered(1 << 20),
        _ if what.starts_with("data") => transport.write(&[b'.'; 1 << 16]),
        _ => {}
    };
    let id = reactor.adopt_stream(ours, Recorder::doing(&log, flood)).unwrap();
    let mut most = 0;
    turn_until(&mut reactor, |reactor| {
        // Fails in the end: it was broken off.
        let _ = theirs.send(b"x");
        most = most.max(reactor.transport(id).map_or(0, |transport| transport.buffered()));
        log.has("lost TooLarge")
    });
    assert!(most <= 1 << 20, "{most}");
}

#[test]
fn a_protocol_that_heeds_the_marks_keeps_a_silent_peer_for_as_long_as_it_likes() {
    let log = Log::default();
    let heed = |transport: &mut Transport<'_>, what: &str| match what {
        "paused" => transport.pause_reading(),
        "resumed" => transport.resume_reading(),
        _ if what.starts_with("data") => transport.write(&[b'.'; 10_000]),
        _ => {}
    };
    let mut memory = MemoryTransport::new(Recorder::doing(&log, heed)).unwrap();
    memory.set_room(0);
    for _ in 0..1000 {
        memory.receive(b"x");
    }
    assert_eq!(memory.with(|transport| transport.buffered()), Some(70_000));
    memory.set_room(usize::MAX);
    memory.receive(b"");
    assert_eq!(memory.take().len(), 80_000, "the rest came as one piece");
}

#[test]
fn connections_that_come_and_go_leave_nothing_behind() {
    let mut reactor = Reactor::new().unwrap();
    let log = Log::default();
    let recorder = log.clone();
    let lose = |transport: &mut Transport<'_>, what: &str| {
        if what == "eof" {
            transport.lose_connection();
        }
        transport.set_timeout(Duration::from_secs(1000));
    };
    let port = reactor.listen_tcp("127.0.0.1:0", factory(move |_| Recorder::doing(&recorder, lose))).unwrap();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(port.host().as_socket_addr().unwrap()).unwrap();
        stream.write_all(b"x").unwrap();
        drop(stream);
        reactor.iterate(Duration::ZERO).unwrap();
    }
    turn_until(&mut reactor, |_| log.count() >= 800);
    assert_eq!(reactor.delayed_calls(), 0);
}
