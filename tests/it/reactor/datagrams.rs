//! Datagrams, foreign descriptors, relays and files.

use std::{
    fs::File,
    io::{Read, Write},
    net::{Shutdown, UdpSocket},
    os::{fd::AsFd, unix::net::UnixStream},
    thread,
};

use sockeye::{
    reactor::{DatagramProtocol, DatagramTransport, Interest, Reactor, testing::MemoryTransport},
    socket::{AF_UNIX, Address, SOCK_STREAM, Socket, socketpair},
};

use super::recorder::{Log, Recorder, turn_until};

struct Datagrams(Log);

impl DatagramProtocol for Datagrams {
    fn started(&mut self, transport: &mut DatagramTransport<'_>) {
        self.0.add(format!("started {}", transport.host().is_ok()));
    }

    fn datagram_received(&mut self, transport: &mut DatagramTransport<'_>, data: &[u8], from: &Address) {
        self.0.add(format!("got {}", String::from_utf8_lossy(data)));
        match data {
            b"stop" => transport.stop_listening(),
            data => transport.send_to(data, from).unwrap(),
        }
    }

    fn connection_refused(&mut self, _: &mut DatagramTransport<'_>) {
        self.0.add("refused");
    }

    fn stopped(&mut self, transport: &mut DatagramTransport<'_>) {
        assert!(transport.send_to(b"late", "127.0.0.1:9").is_err());
        self.0.add("stopped");
    }
}

#[test]
fn datagrams_come_go_and_end() {
    let mut reactor = Reactor::new().unwrap();
    let log = Log::default();
    let port = reactor.listen_udp("127.0.0.1:0", Datagrams(log.clone())).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(port.host().as_socket_addr().unwrap()).unwrap();
    for data in ["one", "", "three", "stop", "late"] {
        client.send(data.as_bytes()).unwrap();
    }
    turn_until(&mut reactor, |_| log.has("stopped"));
    let mut buf = [0; 64];
    assert_eq!(client.recv(&mut buf).unwrap(), 3);
    assert_eq!(client.recv(&mut buf).unwrap(), 0);
    let lines = log.take();
    assert_eq!(lines[..5], ["started true", "got one", "got ", "got three", "got stop"]);
    assert!(port.transport(&mut reactor).is_none());
}

#[test]
fn a_refusal_is_told_to_who_is_connected() {
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut reactor = Reactor::new().unwrap();
    let log = Log::default();
    let port = reactor.listen_udp("127.0.0.1:0", Datagrams(log.clone())).unwrap();
    let mut transport = port.transport(&mut reactor).unwrap();
    transport.connect(nobody).unwrap();
    transport.send(b"anybody?").unwrap();
    turn_until(&mut reactor, |_| log.has("refused"));
}

#[test]
fn a_foreign_descriptor_is_told_for_as_long_as_it_is_ready() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let mut reactor = Reactor::new().unwrap();
    let log = Log::default();
    let (seen, mut reader) = (log.clone(), ours.try_clone().unwrap());
    let source = reactor
        .add_source(ours, Interest::Read, move |_, ready| {
            assert!(ready.readable);
            let mut byte = [0];
            reader.read_exact(&mut byte).unwrap();
            seen.add(String::from_utf8_lossy(&byte));
        })
        .unwrap();
    theirs.write_all(b"abc").unwrap();
    turn_until(&mut reactor, |_| log.count() == 3);
    log.check(&["a", "b", "c"]);
    source.remove(&mut reactor);
    source.remove(&mut reactor);
    assert!(theirs.write_all(b"d").is_err(), "it was closed");
    reactor.iterate(std::time::Duration::ZERO).unwrap();
    log.check(&[]);
    assert!(reactor.add_source(File::open("/dev/null").unwrap(), Interest::Read, |_, _| {}).is_err());
}

fn pair_of_sockets() -> (Socket, Socket) {
    socketpair(AF_UNIX, SOCK_STREAM, Default::default()).unwrap()
}

#[test]
fn a_relay_passes_on_data_ends_and_back_pressure() {
    let ((a, left), (b, right)) = (pair_of_sockets(), pair_of_sockets());
    let mut reactor = Reactor::new().unwrap();
    let log = Log::default();
    let a = reactor.adopt_stream(a, Recorder::new(&log).named("a ")).unwrap();
    let b = reactor.adopt_stream(b, Recorder::new(&log).named("b ")).unwrap();
    turn_until(&mut reactor, |_| log.count() == 2);
    reactor.relay(a, b);
    let data: Vec<u8> = (0..2_000_000_u32).map(|n| (n % 253) as u8).collect();
    let expected = data.clone();
    let sender = thread::spawn(move || {
        left.sendall(&data).unwrap();
        left.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        (&left).read_to_end(&mut answer).unwrap();
        answer
    });
    // Nobody reads yet: what waits here stays small.
    let mut most = 0;
    for _ in 0..1000 {
        reactor.iterate(std::time::Duration::ZERO).unwrap();
        most = most.max(reactor.transport(b).unwrap().buffered());
    }
    assert!(most <= 128 * 1024, "{most}");
    let receiver = thread::spawn(move || {
        let mut all = Vec::new();
        (&right).read_to_end(&mut all).unwrap();
        right.sendall(b"thanks").unwrap();
        all
    });
    turn_until(&mut reactor, |_| sender.is_finished() && log.count() >= 4);
    assert!(receiver.join().unwrap() == expected);
    assert_eq!(sender.join().unwrap(), b"thanks");
    let lines = log.take();
    assert!(
        lines.contains(&"a lost Done".to_owned()) && lines.contains(&"b lost Done".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn a_file_goes_out_between_what_is_written_before_and_after() {
    let mut file = tempfile::tempfile().unwrap();
    let data: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 241) as u8).collect();
    file.write_all(&data).unwrap();
    let copy = |mut file: &File| {
        use std::io::Seek;
        file.rewind().unwrap();
        file.try_clone().unwrap()
    };
    let (ours, theirs) = pair_of_sockets();
    let mut reactor = Reactor::new().unwrap();
    let log = Log::default();
    let id = reactor.adopt_stream(ours, Recorder::new(&log)).unwrap();
    let mut transport = reactor.transport(id).unwrap();
    transport.write(b"<");
    let sent = transport.send_file(copy(&file));
    transport.write(b">");
    transport.lose_connection();
    let done = log.clone();
    let _ = sent.map(move |bytes| done.add(format!("sent {bytes}")));
    let reader = thread::spawn(move || {
        let mut all = Vec::new();
        (&theirs).read_to_end(&mut all).unwrap();
        all
    });
    turn_until(&mut reactor, |_| reader.is_finished());
    assert!(reader.join().unwrap() == [b"<", data.as_slice(), b">"].concat());
    turn_until(&mut reactor, |_| log.count() == 3);
    log.check(&["made", "sent 1000000", "lost Done"]);
}

#[test]
fn a_file_that_isnt_sent_whole_is_told() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[b'x'; 1000]).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let log = Log::default();
    let mut memory = MemoryTransport::new(Recorder::new(&log)).unwrap();
    memory.set_room(10);
    let failed = log.clone();
    memory.with(move |transport| {
        let sent = transport.send_file(file);
        drop(sent.both(move |_, result| {
            failed.add(result.unwrap_err().to_string());
            Ok::<_, sockeye::Error>(())
        }));
        transport.write(b"behind");
    });
    assert_eq!(memory.take(), [b'x'; 10]);
    memory.with(|transport| transport.abort());
    log.check(&["made", "lost Aborted", "send a file failed: the connection is over"]);
}

#[test]
fn descriptors_travel_over_unix_sockets() {
    let (ours, theirs) = pair_of_sockets();
    let mut reactor = Reactor::new().unwrap();
    struct Taker(Log);
    impl sockeye::reactor::Protocol for Taker {
        fn data_received(&mut self, transport: &mut sockeye::reactor::Transport<'_>, data: &[u8]) {
            self.0.add(format!("data {}", String::from_utf8_lossy(data)));
            transport.send_fd(File::open("/dev/null").unwrap().into()).unwrap();
            transport.write(b"back");
        }
        fn fd_received(&mut self, _: &mut sockeye::reactor::Transport<'_>, fd: std::os::fd::OwnedFd) {
            File::from(fd).write_all(b"gone").unwrap();
            self.0.add("fd");
        }
    }
    let log = Log::default();
    reactor.adopt_stream(ours, Taker(log.clone())).unwrap();
    let null = File::options().write(true).open("/dev/null").unwrap();
    theirs.send_fds(b"take", &[null.as_fd()]).unwrap();
    turn_until(&mut reactor, |_| log.count() == 2);
    log.check(&["fd", "data take"]);
    let mut buf = [0; 64];
    let (n, fds, _) = theirs.recv_fds(&mut buf, 4).unwrap();
    assert_eq!((&buf[..n], fds.len()), (&b"back"[..], 1));
}
