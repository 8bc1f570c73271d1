//! In which order a protocol is called, and what it may do meanwhile: facts of Twisted's tests on transports.

use std::{cell::RefCell, rc::Rc, time::Duration};

use sockeye::{
    ErrorKind,
    reactor::{
        ConnectionId,
        testing::{MemoryTransport, pair},
    },
};

use super::recorder::{Log, Recorder};

#[test]
fn made_data_eof_lost_each_in_its_place_and_nothing_after() {
    let log = Log::default();
    let mut memory = MemoryTransport::new(Recorder::doing(&log, |transport, what| {
        if what == "eof" {
            transport.lose_connection();
        }
    }))
    .unwrap();
    memory.receive(b"one");
    memory.receive(b"two");
    memory.receive_eof();
    memory.receive(b"late");
    memory.advance(Duration::from_secs(3600));
    log.check(&["made", "data one", "data two", "eof", "lost Done"]);
    assert!(memory.is_over());
}

#[test]
fn what_a_callback_writes_leaves_in_its_order() {
    let log = Log::default();
    let mut memory = MemoryTransport::new(Recorder::doing(&log, |transport, what| {
        transport.write(what.as_bytes());
        transport.write(b";");
        let id = transport.id();
        transport.reactor().call_soon(move |reactor| reactor.transport(id).unwrap().write(b"soon;"));
    }))
    .unwrap();
    memory.receive(b"1");
    assert_eq!(memory.take(), b"made;soon;data 1;soon;");
}

#[test]
fn lose_connection_sends_all_first_and_receives_no_more() {
    let log = Log::default();
    let mut memory = MemoryTransport::new(Recorder::doing(&log, |transport, what| {
        if what.starts_with("data") {
            transport.write(b"answer");
            transport.lose_connection();
            transport.write(b"more");
            assert!(transport.is_disconnecting());
        }
    }))
    .unwrap();
    memory.set_room(3);
    memory.receive(b"1");
    memory.receive(b"2");
    log.check(&["made", "data 1"]);
    assert_eq!(memory.take(), b"ans");
    memory.set_room(100);
    assert_eq!(memory.take(), b"wer");
    log.check(&["lost Done"]);
}

#[test]
fn a_peer_that_doesnt_take_the_last_bytes_is_not_waited_for_for_ever() {
    let log = Log::default();
    let mut memory = MemoryTransport::new(Recorder::new(&log)).unwrap();
    memory.set_room(0);
    memory.with(|transport| {
        transport.write(b"x");
        transport.lose_connection();
    });
    memory.advance(Duration::from_secs(29));
    log.check(&["made"]);
    memory.advance(Duration::from_secs(1));
    log.check(&["lost TimedOut"]);
}

#[test]
fn abort_drops_what_was_written_and_tells_the_protocol_after_it_has_returned() {
    let log = Log::default();
    let mut memory = MemoryTransport::new(Recorder::doing(&log, |transport, what| {
        if what.starts_with("data") {
            transport.write(b"answer");
            transport.abort();
            transport.lose_connection();
        }
    }))
    .unwrap();
    memory.set_room(0);
    memory.receive(b"1");
    log.check(&["made", "data 1", "lost Aborted"]);
    assert_eq!(memory.written(), b"");
}

#[test]
fn a_connection_can_be_lost_while_it_is_made() {
    let log = Log::default();
    let lose = |transport: &mut sockeye::reactor::Transport<'_>, what: &str| {
        if what == "made" {
            transport.write(b"bye");
            transport.lose_connection();
        }
    };
    let memory = MemoryTransport::new(Recorder::doing(&log, lose)).unwrap();
    log.check(&["made", "lost Done"]);
    assert_eq!(memory.written(), b"bye");
}

#[test]
fn nothing_can_be_done_to_a_connection_that_is_over() {
    let log = Log::default();
    let ended = log.clone();
    let mut memory = MemoryTransport::new(Recorder::doing(&log, move |transport, what| {
        if what.starts_with("lost") {
            transport.write(b"late");
            transport.lose_connection();
            transport.abort();
            transport.lose_write();
            transport.pause_reading();
            transport.resume_reading();
            transport.set_timeout(Duration::from_secs(1));
            ended.add(format!("{:?}", transport.peer().is_some()));
        }
    }))
    .unwrap();
    memory.break_off(ErrorKind::ConnectionReset.into());
    memory.receive(b"x");
    memory.advance(Duration::from_secs(60));
    log.check(&["made", "lost ConnectionReset", "true"]);
    assert_eq!(memory.written(), b"");
    let id = memory.id();
    assert!(memory.reactor().transport(id).is_none());
}

#[test]
fn half_close_each_way() {
    let log = Log::default();
    let mut memory = MemoryTransport::new(Recorder::doing(&log, |transport, what| {
        if what == "data ask" {
            transport.write(b"answer");
            transport.lose_write();
            transport.write(b"more");
        }
    }))
    .unwrap();
    memory.receive(b"ask");
    memory.receive(b"thanks");
    assert!(memory.has_sent_eof());
    memory.receive_eof();
    log.check(&["made", "data ask", "write lost", "data thanks", "eof", "lost Done"]);
    assert_eq!(memory.take(), b"answer");

    let mut memory = MemoryTransport::new(Recorder::new(&log)).unwrap();
    memory.receive_eof();
    memory.with(|transport| transport.write(b"after the peer's end"));
    assert_eq!(memory.take(), b"after the peer's end");
    memory.with(|transport| transport.lose_write());
    log.check(&["made", "eof", "write lost", "lost Done"]);
}

#[test]
fn producers_are_paused_above_the_high_mark_and_resumed_below_the_low_one() {
    let log = Log::default();
    let mut memory = MemoryTransport::new(Recorder::new(&log)).unwrap();
    memory.with(|transport| transport.write_marks(10, 20));
    memory.set_room(0);
    memory.with(|transport| transport.write(&[b'x'; 20]));
    log.check(&["made"]);
    memory.with(|transport| transport.write(b"x"));
    log.check(&["paused"]);
    assert_eq!(
        memory.with(|transport| (transport.buffered(), transport.is_write_paused())),
        Some((21, true))
    );
    memory.set_room(10);
    log.check(&[]);
    memory.set_room(1);
    log.check(&["resumed"]);
    // Both ways within one callback: nothing to tell.
    memory.set_room(100);
    memory.with(|transport| transport.write(&[b'x'; 21]));
    log.check(&[]);
}

#[test]
fn a_producer_may_write_in_write_resumed() {
    let log = Log::default();
    let mut rounds = 0;
    let mut memory = MemoryTransport::new(Recorder::doing(&log, move |transport, what| {
        transport.write_marks(1, 2);
        if what == "resumed" && rounds < 3 {
            rounds += 1;
            transport.write(b"abcde");
        }
    }))
    .unwrap();
    memory.set_room(0);
    memory.with(|transport| transport.write(b"abcde"));
    for _ in 0..4 {
        memory.set_room(5);
    }
    assert_eq!(memory.take(), b"abcdeabcdeabcdeabcde");
    log.check(&["made", "paused", "resumed", "paused", "resumed", "paused", "resumed", "paused", "resumed"]);
}

#[test]
fn reading_pauses_and_resumes() {
    let log = Log::default();
    let mut memory = MemoryTransport::new(Recorder::doing(&log, |transport, what| {
        if what == "data 1" {
            transport.pause_reading();
        }
    }))
    .unwrap();
    memory.receive(b"1");
    memory.receive(b"2");
    memory.receive_eof();
    log.check(&["made", "data 1"]);
    memory.with(|transport| transport.resume_reading());
    memory.receive(b"");
    log.check(&["read resumed", "data 2", "eof"]);
}

#[test]
fn a_timeout_that_is_reset_in_time_never_comes() {
    let log = Log::default();
    let mut memory = MemoryTransport::new(Recorder::doing(&log, |transport, what| match what {
        "made" => transport.set_timeout(Duration::from_secs(10)),
        "timed out" => transport.lose_connection(),
        _ => transport.reset_timeout(),
    }))
    .unwrap();
    for _ in 0..5 {
        memory.advance(Duration::from_secs(9));
        memory.receive(b"x");
    }
    assert_eq!(log.take().len(), 6);
    memory.advance(Duration::from_secs(9));
    log.check(&[]);
    memory.advance(Duration::from_secs(1));
    log.check(&["timed out", "lost Done"]);
}

#[test]
fn a_timeout_can_be_taken_back() {
    let log = Log::default();
    let mut memory = MemoryTransport::new(Recorder::new(&log)).unwrap();
    memory.with(|transport| transport.set_timeout(Duration::from_secs(10)));
    memory.with(|transport| transport.set_timeout(None));
    memory.advance(Duration::from_secs(100));
    log.check(&["made"]);
    assert_eq!(memory.reactor().delayed_calls(), 0);
}

#[test]
fn another_connections_protocol_can_be_reached_and_ended() {
    let log = Log::default();
    let other: Rc<RefCell<Option<ConnectionId>>> = Rc::default();
    let server = Recorder::new(&log).named("server ");
    let target = other.clone();
    let client = Recorder::doing(&log, move |transport, what| {
        if what == "made" {
            let id = target.borrow().unwrap();
            transport.reactor().transport(id).unwrap().write(b"x");
            transport.reactor().transport(id).unwrap().lose_connection();
        }
    });
    let mut pair = {
        let holder = other.clone();
        let mut server = server;
        server.action = Box::new(move |transport, what| {
            if what == "made" {
                *holder.borrow_mut() = Some(transport.id());
            }
        });
        pair(server, client.named("client ")).unwrap()
    };
    log.check(&["server made", "client made", "server lost Done"]);
    pair.pump(10);
    log.check(&["client data x", "client eof"]);
}

#[test]
fn a_protocol_that_panics_ends_its_connection_and_nothing_else() {
    let log = Log::default();
    let mut memory = MemoryTransport::new(Recorder::doing(&log, |_, what| {
        assert_ne!(what, "data bad", "as the test wants it");
    }))
    .unwrap();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| memory.receive(b"bad")));
    assert!(outcome.is_err());
    let id = memory.id();
    assert!(memory.reactor().transport(id).is_none());
    memory.receive(b"more");
    let after = log.clone();
    memory.reactor().call_later(Duration::from_secs(1), move |_| after.add("timer"));
    memory.advance(Duration::from_secs(1));
    log.check(&["made", "data bad", "timer"]);
}

#[test]
fn another_protocol_takes_over() {
    let log = Log::default();
    let then = log.clone();
    let mut memory = MemoryTransport::new(Recorder::doing(&log, move |transport, what| {
        if what == "data 1" {
            transport.set_protocol(Recorder::new(&then).named("second "));
        }
    }))
    .unwrap();
    memory.receive(b"1");
    memory.receive(b"2");
    memory.receive_eof();
    log.check(&["made", "data 1", "second data 2", "second eof"]);
}
