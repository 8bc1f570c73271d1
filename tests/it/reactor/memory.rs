//! Whole programs without a socket.

use std::time::Duration;

use sockeye::{
    ErrorKind,
    reactor::{Reconnecting, factory, policies::Policies, testing::MemoryReactor},
    socket::Address,
};

use super::recorder::{Log, Recorder};

fn server(log: &Log) -> impl sockeye::reactor::Factory + use<> {
    let log = log.clone();
    factory(move |_: &Address| {
        Recorder::doing(&log, |transport, what| match what {
            "data bye" => transport.lose_connection(),
            what if what.starts_with("data") => transport.write(what.as_bytes()),
            _ => {}
        })
        .named("server ")
    })
}

fn client(log: &Log) -> impl sockeye::reactor::Factory + use<> {
    let log = log.clone();
    factory(move |_: &Address| {
        Recorder::doing(&log, |transport, what| match what {
            "made" => transport.write(b"hi"),
            "eof" => transport.lose_connection(),
            _ => {}
        })
        .named("client ")
    })
}

#[test]
fn a_client_finds_who_listens_and_nobody_else() {
    let mut reactor = MemoryReactor::new().unwrap();
    let log = Log::default();
    let port = reactor.listen_tcp("192.0.2.1:0", server(&log)).unwrap();
    assert_eq!(reactor.listening(), [port.host().clone()]);
    let taken = reactor.listen_tcp(port.host(), server(&log)).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AddressInUse);
    assert_eq!(reactor.listen_tcp(("", 80), server(&log)).unwrap_err().kind(), ErrorKind::Unsupported);
    reactor.connect_tcp(port.host(), client(&log)).unwrap();
    reactor.pump(100);
    log.check(&["server made", "client made", "server data hi", "client data data hi"]);
    let (near, far) = reactor.connections()[0];
    assert_ne!(near, far);
    reactor.transport(near).unwrap().write(b"bye");
    reactor.pump(100);
    log.check(&["server data bye", "server lost Done", "client eof", "client lost Done"]);
    assert!(
        reactor.connections().is_empty() || {
            reactor.pump(1);
            reactor.connections().is_empty()
        }
    );
    port.stop_listening(&mut reactor);
    assert!(reactor.listening().is_empty());
}

#[test]
fn a_client_that_reconnects_waits_by_the_clock() {
    let mut reactor = MemoryReactor::new().unwrap();
    let log = Log::default();
    let again = Reconnecting::new(client(&log)).jitter(0.0).factor(1.0).max_delay(Duration::from_secs(1));
    reactor.connect_tcp("192.0.2.1:7", again).unwrap();
    reactor.pump(1);
    reactor.advance(Duration::from_secs(1));
    log.check(&[]);
    reactor.listen_tcp("192.0.2.1:7", server(&log).limit(1)).unwrap();
    reactor.advance(Duration::from_millis(999));
    log.check(&[]);
    reactor.advance(Duration::from_millis(1));
    log.check(&["server made", "client made"]);
    // The one place is taken.
    reactor.connect_tcp("192.0.2.1:7", client(&log)).unwrap();
    reactor.pump(100);
    log.check(&["server data hi", "client data data hi"]);
}
