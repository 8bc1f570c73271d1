//! Connections over real sockets.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    os::unix::net::UnixStream,
    thread,
};

use sockeye::{
    reactor::{Reactor, Transport, factory},
    socket::{AF_UNIX, SOCK_STREAM, socketpair},
};

use super::recorder::{Log, Recorder, turn_until};

fn echo(transport: &mut Transport<'_>, what: &str) {
    match what.strip_prefix("data ") {
        Some(data) => transport.write(data.as_bytes()),
        None if what == "eof" => transport.lose_connection(),
        None => {}
    }
}

#[test]
fn an_echo_over_tcp_and_over_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("echo");
    let log = Log::default();
    let mut reactor = Reactor::new().unwrap();
    let recorder = log.clone();
    let tcp = reactor.listen_tcp("127.0.0.1:0", factory(move |_| Recorder::doing(&recorder, echo))).unwrap();
    let recorder = log.clone();
    let unix = reactor.listen_unix(&path, factory(move |_| Recorder::doing(&recorder, echo))).unwrap();
    assert_eq!(unix.host().as_pathname(), Some(path.as_path()));
    let addr = tcp.host().as_socket_addr().unwrap();
    let client = thread::spawn(move || {
        let mut answers = Vec::new();
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.write_all(b"over tcp").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        stream.read_to_end(&mut answers).unwrap();
        let mut stream = UnixStream::connect(path).unwrap();
        stream.write_all(b", over unix").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        stream.read_to_end(&mut answers).unwrap();
        String::from_utf8(answers).unwrap()
    });
    turn_until(&mut reactor, |_| client.is_finished());
    assert_eq!(client.join().unwrap(), "over tcp, over unix");
    turn_until(&mut reactor, |_| log.count() == 8);
    log.check(&["made", "data over tcp", "eof", "lost Done", "made", "data , over unix", "eof", "lost Done"]);
}

#[test]
fn a_large_echo_passes_through_small_buffers() {
    let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Default::default()).unwrap();
    let mut reactor = Reactor::new().unwrap();
    struct Relay;
    impl sockeye::reactor::Protocol for Relay {
        fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
            transport.write(data);
        }
        fn write_paused(&mut self, transport: &mut Transport<'_>) {
            transport.pause_reading();
        }
        fn write_resumed(&mut self, transport: &mut Transport<'_>) {
            transport.resume_reading();
        }
    }
    let id = reactor.adopt_stream(ours, Relay).unwrap();
    let data: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let (mut sink, expected) = (theirs.try_clone().unwrap(), data.clone());
    let writer = thread::spawn(move || {
        theirs.sendall(&data).unwrap();
        theirs.shutdown(Shutdown::Write).unwrap();
    });
    let reader = thread::spawn(move || {
        let mut all = Vec::new();
        sink.read_to_end(&mut all).unwrap();
        all
    });
    let mut most = 0;
    turn_until(&mut reactor, |reactor| {
        most = most.max(reactor.transport(id).map_or(0, |transport| transport.buffered()));
        reader.is_finished()
    });
    writer.join().unwrap();
    assert!(reader.join().unwrap() == expected);
    assert!(most <= 128 * 1024, "{most}");
}

#[test]
fn abort_is_a_reset_for_the_peer() {
    let log = Log::default();
    let mut reactor = Reactor::new().unwrap();
    let recorder = log.clone();
    let port = reactor
        .listen_tcp(
            "127.0.0.1:0",
            factory(move |_| {
                Recorder::doing(&recorder, |transport, what| {
                    if what.starts_with("data") {
                        transport.abort();
                    }
                })
            }),
        )
        .unwrap();
    let mut stream = TcpStream::connect(port.host().as_socket_addr().unwrap()).unwrap();
    stream.write_all(b"x").unwrap();
    turn_until(&mut reactor, |_| log.has("lost Aborted"));
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    log.check(&["made", "data x", "lost Aborted"]);
}

#[test]
fn one_greedy_peer_keeps_nobody_waiting() {
    let (greedy_here, greedy_there) = socketpair(AF_UNIX, SOCK_STREAM, Default::default()).unwrap();
    let (quiet_here, quiet_there) = socketpair(AF_UNIX, SOCK_STREAM, Default::default()).unwrap();
    let mut reactor = Reactor::new().unwrap();
    let log = Log::default();
    let recorder = log.clone();
    // Whenever the greedy one is served, the quiet one says something, and has to be heard before the greedy one
    // twice.
    let greedy = Recorder::doing(&log, move |_, what| {
        if what.starts_with("data") {
            quiet_there.sendall(b"quiet").unwrap();
        }
    });
    reactor.adopt_stream(greedy_here, greedy.named("greedy ")).unwrap();
    reactor.adopt_stream(quiet_here, Recorder::new(&recorder).named("quiet ")).unwrap();
    let writer = thread::spawn(move || {
        let _ = greedy_there.sendall(&[b'.'; 2_000_000]);
    });
    turn_until(&mut reactor, |_| writer.is_finished());
    reactor.iterate(std::time::Duration::ZERO).unwrap();
    let mut waiting = 0;
    for line in log.take() {
        waiting = if line.starts_with("greedy data") { waiting + 1 } else { 0 };
        assert!(waiting <= 2, "the quiet one waited for {waiting} turns");
    }
    writer.join().unwrap();
}

#[test]
fn a_port_can_be_closed_by_what_it_made_and_paused() {
    let log = Log::default();
    let mut reactor = Reactor::new().unwrap();
    let recorder = log.clone();
    let port = reactor.listen_tcp("127.0.0.1:0", factory(move |_| Recorder::new(&recorder))).unwrap();
    let addr = port.host().as_socket_addr().unwrap();
    port.pause(&mut reactor);
    let stream = TcpStream::connect(addr).unwrap();
    reactor.iterate(std::time::Duration::ZERO).unwrap();
    reactor.iterate(std::time::Duration::ZERO).unwrap();
    log.check(&[]);
    port.resume(&mut reactor);
    turn_until(&mut reactor, |_| log.has("made"));
    port.stop_listening(&mut reactor);
    port.stop_listening(&mut reactor);
    assert!(TcpStream::connect(addr).is_err());
    drop(stream);
    turn_until(&mut reactor, |_| log.has("eof"));
}

#[test]
fn what_arrives_while_a_callback_waits_is_not_lost() {
    let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Default::default()).unwrap();
    let (mut reactor, log) = (Reactor::new().unwrap(), Log::default());
    theirs.sendall(b"1").unwrap();
    let recorder = log.clone();
    let waiting = Recorder::doing(&log, move |transport, what| {
        if what == "data 1" {
            theirs.sendall(b"2").unwrap();
            let reactor = transport.reactor();
            let later =
                reactor.defer_later(std::time::Duration::from_millis(5), |_| Ok::<_, sockeye::Error>(()));
            later.wait(reactor).unwrap();
            recorder.add("waited");
        }
    });
    reactor.adopt_stream(ours, waiting).unwrap();
    turn_until(&mut reactor, |_| log.count() == 4);
    log.check(&["made", "data 1", "waited", "data 2"]);
}
