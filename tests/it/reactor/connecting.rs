//! Clients: attempts, failures, and trying again.

use std::{net::TcpListener, time::Duration};

use sockeye::{
    Error,
    reactor::{Connector, Factory, Reactor, Reason, factory},
    socket::{Address, ConnectOptions, create_server},
};

use super::recorder::{Log, Recorder, turn_until};

/// Writes down what becomes of the attempts.
struct Client {
    log: Log,
    again: usize,
}

impl Factory for Client {
    type Protocol = Recorder;

    fn build(&mut self, _peer: &Address) -> Option<Recorder> {
        Some(Recorder::doing(&self.log, |transport, what| {
            if what == "eof" {
                transport.lose_connection();
            }
        }))
    }

    fn start(&mut self, _reactor: &mut Reactor) {
        self.log.add("start");
    }

    fn stop(&mut self) {
        self.log.add("stop");
    }

    fn started_connecting(&mut self, _reactor: &mut Reactor, _connector: &Connector) {
        self.log.add("connecting");
    }

    fn connection_failed(&mut self, reactor: &mut Reactor, connector: &Connector, error: &Error) {
        self.log.add(format!("failed {:?}", error.kind()));
        if self.again > 0 {
            self.again -= 1;
            connector.connect(reactor).unwrap();
        }
    }

    fn connection_lost(&mut self, _reactor: &mut Reactor, _connector: &Connector, reason: &Reason) {
        self.log.add(format!("connection {reason:?}"));
    }
}

#[test]
fn an_attempt_its_connection_and_its_end_are_told_in_this_order() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut reactor = Reactor::new().unwrap();
    let log = Log::default();
    let addr = server.local_addr().unwrap();
    let connector = reactor.connect_tcp(addr, Client { log: log.clone(), again: 0 }).unwrap();
    assert_eq!(connector.destination(), Some(addr.into()));
    assert!(connector.connect(&mut reactor).is_err(), "it does already");
    turn_until(&mut reactor, |_| log.has("made"));
    assert!(connector.connection().is_some());
    drop(server.accept().unwrap());
    turn_until(&mut reactor, |_| log.has("connection Done"));
    drop(connector);
    log.check(&["start", "connecting", "made", "eof", "lost Done", "connection Done", "stop"]);
}

#[test]
fn a_refusal_is_told_and_can_be_answered_by_another_attempt() {
    let nobody = create_server("127.0.0.1:0").unwrap().getsockname().unwrap();
    let mut reactor = Reactor::new().unwrap();
    let log = Log::default();
    reactor.connect_tcp(nobody, Client { log: log.clone(), again: 1 }).unwrap();
    turn_until(&mut reactor, |_| log.has("stop"));
    log.check(&[
        "start",
        "connecting",
        "failed ConnectionRefused",
        "connecting",
        "failed ConnectionRefused",
        "stop",
    ]);
}

#[test]
fn a_name_is_looked_up_by_another_thread_and_all_its_addresses_are_tried() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let mut reactor = Reactor::new().unwrap();
    let log = Log::default();
    reactor.connect_tcp(("localhost", port), Client { log: log.clone(), again: 0 }).unwrap();
    turn_until(&mut reactor, |_| log.has("made"));
    log.check(&["start", "connecting", "made"]);

    reactor.connect_tcp(("no-such-host.invalid", port), Client { log: log.clone(), again: 0 }).unwrap();
    turn_until(&mut reactor, |_| log.has("stop"));
    assert!(log.has("failed UnknownHost"));
}

#[test]
fn an_attempt_ends_with_its_time_and_can_be_stopped() {
    // A queue that is full: nobody answers.
    let server = sockeye::socket::ListenOptions::new().backlog(0).create_server("127.0.0.1:0").unwrap();
    let address = server.getsockname().unwrap();
    let fill: Vec<_> = (0..4)
        .filter_map(|_| {
            ConnectOptions::new().timeout(Duration::from_millis(100)).create_connection(&address).ok()
        })
        .collect();
    let mut reactor = Reactor::new().unwrap();
    let log = Log::default();
    let options = ConnectOptions::new().timeout(Duration::from_millis(50));
    reactor.connect_with(&options, &address, Client { log: log.clone(), again: 0 }).unwrap();
    turn_until(&mut reactor, |_| log.has("stop"));
    log.check(&["start", "connecting", "failed TimedOut", "stop"]);

    let connector = reactor.connect_tcp(&address, Client { log: log.clone(), again: 0 }).unwrap();
    reactor.iterate(Duration::ZERO).unwrap();
    connector.stop_connecting(&mut reactor);
    drop(connector);
    turn_until(&mut reactor, |_| log.has("stop"));
    log.check(&["start", "connecting", "failed Cancelled", "stop"]);
    assert_eq!(reactor.delayed_calls(), 0);
    drop(fill);
}

#[test]
fn a_client_talks_to_a_server_of_the_same_reactor() {
    let mut reactor = Reactor::new().unwrap();
    let log = Log::default();
    let recorder = log.clone();
    let port = reactor
        .listen_tcp(
            "127.0.0.1:0",
            factory(move |_| {
                Recorder::doing(&recorder, |transport, what| {
                    if what == "data hello" {
                        transport.write(b"and goodbye");
                        transport.lose_connection();
                    }
                })
                .named("server ")
            }),
        )
        .unwrap();
    let recorder = log.clone();
    let client = factory(move |_: &Address| {
        Recorder::doing(&recorder, |transport, what| match what {
            "made" => transport.write(b"hello"),
            "eof" => transport.lose_connection(),
            _ => {}
        })
        .named("client ")
    });
    let connector = reactor.connect_tcp(port.host(), client).unwrap();
    turn_until(&mut reactor, |_| log.has("client lost Done"));
    assert!(connector.connection().is_none());
    let lines = log.take();
    for line in ["client data and goodbye", "server lost Done", "client eof"] {
        assert!(lines.iter().any(|l| l == line), "{line}: {lines:?}");
    }
}
