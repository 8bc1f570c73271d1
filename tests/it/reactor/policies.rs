//! What factories are wrapped in, clients that connect again, and endpoints.

use std::{cell::RefCell, io::Write, net::TcpListener, rc::Rc, time::Duration};

use sockeye::{
    ErrorKind,
    reactor::{
        Clock, Endpoint, Factory, Protocol, Reactor, Reconnecting, Transport, factory, policies::Policies,
        testing::MemoryTransport,
    },
    socket::Address,
};

use super::recorder::{Log, Recorder, turn_until};

fn peer(number: u8) -> Address {
    std::net::SocketAddr::from(([192, 0, 2, number], 1)).into()
}

fn recorders(log: &Log) -> impl Factory<Protocol = Recorder> + use<> {
    let log = log.clone();
    factory(move |_: &Address| Recorder::new(&log))
}

#[test]
fn a_limit_counts_those_that_live() {
    let mut limited = recorders(&Log::default()).limit(2);
    let (one, two) = (limited.build(&peer(1)), limited.build(&peer(2)));
    assert!(one.is_some() && two.is_some() && limited.build(&peer(3)).is_none());
    drop(one);
    let three = limited.build(&peer(3));
    assert!(three.is_some() && limited.build(&peer(4)).is_none());
}

#[test]
fn a_limit_by_peer_counts_for_each_address() {
    let mut limited = recorders(&Log::default()).limit_by_peer(1);
    let one = limited.build(&peer(1));
    assert!(one.is_some() && limited.build(&peer(1)).is_none());
    let other = limited.build(&peer(2));
    assert!(other.is_some());
    drop(one);
    assert!(limited.build(&peer(1)).is_some());
}

#[test]
fn an_idle_connection_times_out_and_a_busy_one_doesnt() {
    let log = Log::default();
    let mut timed = factory({
        let log = log.clone();
        move |_: &Address| {
            Recorder::doing(&log, |transport, what| {
                if what == "timed out" {
                    transport.lose_connection();
                }
            })
        }
    })
    .timeout(Duration::from_secs(10));
    let mut memory = MemoryTransport::new(timed.build(&peer(1)).unwrap()).unwrap();
    for _ in 0..3 {
        memory.advance(Duration::from_secs(9));
        memory.receive(b"x");
    }
    memory.advance(Duration::from_secs(10));
    log.check(&["made", "data x", "data x", "data x", "timed out", "lost Done"]);
}

#[test]
fn a_throttled_connection_rests_until_its_debt_is_paid() {
    let log = Log::default();
    let mut throttled = recorders(&log).throttle(10, None);
    let mut memory = MemoryTransport::new(throttled.build(&peer(1)).unwrap()).unwrap();
    memory.receive(b"1234567890");
    memory.receive(b"x");
    log.check(&["made", "data 1234567890"]);
    memory.advance(Duration::from_millis(900));
    log.check(&[]);
    memory.advance(Duration::from_millis(200));
    log.check(&["read resumed", "data x"]);
}

/// What is written can be looked at.
#[derive(Clone, Default)]
struct Sink(Rc<RefCell<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().write(data)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_log_tells_all_that_happens() {
    struct Echo;
    impl Protocol for Echo {
        fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
            transport.write(data);
            transport.lose_connection();
        }
    }
    let sink = Sink::default();
    let mut logged = factory(|_| Echo).log(sink.clone());
    let mut memory = MemoryTransport::new(logged.build(&peer(7)).unwrap()).unwrap();
    memory.receive(b"hi\n");
    let text = String::from_utf8(sink.0.take()).unwrap();
    let lines: Vec<&str> = text.lines().map(|line| line.strip_prefix("192.0.2.7:1 ").unwrap()).collect();
    assert_eq!(lines, ["connected", "received hi\\n", "wrote 3 bytes", "the connection was closed"]);
}

/// Lets the real work of sockets happen while the clock stands.
fn look(reactor: &mut Reactor) {
    for _ in 0..20 {
        reactor.iterate(Duration::from_millis(1)).unwrap();
    }
}

#[test]
fn a_client_connects_again_after_ever_longer_pauses() {
    let clock = Clock::new();
    let mut reactor = Reactor::with_clock(&clock).unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = server.local_addr().unwrap();
    let log = Log::default();
    let recorder = log.clone();
    let client = factory(move |_: &Address| {
        Recorder::doing(&recorder, |transport, what| {
            if what == "eof" {
                transport.lose_connection();
            }
        })
    });
    let client = Reconnecting::new(client).jitter(0.0).factor(2.0).max_delay(Duration::from_secs(5));
    let connector = reactor.connect_tcp(addr, client).unwrap();
    turn_until(&mut reactor, |_| log.has("made"));
    drop(server.accept().unwrap());
    turn_until(&mut reactor, |_| log.has("lost Done"));
    drop(server);
    // 2, 4, 5, 5: the first one is longer than the initial delay, as in Twisted.
    for pause in [2, 4, 5, 5] {
        assert_eq!(reactor.delayed_calls(), 1);
        reactor.advance(Duration::from_millis(pause * 1000 - 1)).unwrap();
        assert_eq!(reactor.delayed_calls(), 1);
        reactor.advance(Duration::from_millis(1)).unwrap();
        look(&mut reactor);
    }
    let server = TcpListener::bind(addr).unwrap();
    reactor.advance(Duration::from_secs(5)).unwrap();
    log.take();
    turn_until(&mut reactor, |_| connector.connection().is_some());
    drop(server.accept().unwrap());
    turn_until(&mut reactor, |_| log.has("lost Done"));
    reactor.advance(Duration::from_millis(1999)).unwrap();
    assert_eq!(reactor.delayed_calls(), 1, "the pauses begin anew");
}

#[test]
fn a_client_gives_up_when_it_may_and_when_it_is_told_to() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let clock = Clock::new();
    let mut reactor = Reactor::with_clock(&clock).unwrap();
    let client = Reconnecting::new(recorders(&Log::default())).max_retries(2);
    reactor.connect_tcp(nobody, client).unwrap();
    for _ in 0..4 {
        look(&mut reactor);
        reactor.advance(Duration::from_secs(60)).unwrap();
    }
    look(&mut reactor);
    assert_eq!(reactor.delayed_calls(), 0);

    let connector = reactor.connect_tcp(nobody, Reconnecting::new(recorders(&Log::default()))).unwrap();
    reactor.iterate(Duration::ZERO).unwrap();
    connector.stop_connecting(&mut reactor);
    look(&mut reactor);
    // Unless the refusal was faster.
    assert!(reactor.delayed_calls() <= 1);
}

#[test]
fn endpoints_listen_and_connect() {
    let folder = tempfile::tempdir().unwrap();
    let mut reactor = Reactor::new().unwrap();
    let log = Log::default();
    let path = Endpoint::quote(folder.path().join("it").to_str().unwrap());
    let endpoint = Endpoint::parse(&format!("unix:{path}")).unwrap();
    endpoint.listen(&mut reactor, recorders(&log)).unwrap();
    let connected = endpoint.connect(&mut reactor, recorders(&Log::default())).unwrap();
    let id = connected.wait(&mut reactor).unwrap();
    reactor.transport(id).unwrap().write(b"over it");
    turn_until(&mut reactor, |_| log.has("data over it"));

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = Endpoint::tcp("127.0.0.1", nobody.port()).connect(&mut reactor, recorders(&log)).unwrap();
    assert_eq!(refused.wait(&mut reactor).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let nowhere = Endpoint::parse("tcp:80").unwrap().connect(&mut reactor, recorders(&log));
    assert_eq!(nowhere.err().unwrap().kind(), ErrorKind::InvalidInput);
}
