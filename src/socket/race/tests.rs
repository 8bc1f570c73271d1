//! Attempts against servers that answer, refuse, or say nothing.

use std::time::Duration;

use super::*;
use crate::{
    cancel::CancelToken,
    socket::{AF_INET, create_server},
};

const LONG: Duration = Duration::from_secs(60);

/// Short enough not to wait for, as RFC 8305 allows.
const SOON: Attempting<'static> =
    Attempting { source: None, kind: SOCK_STREAM, delay: Duration::from_millis(10), prepare: None };

/// So long that no second attempt starts beside the first.
const LATE: Attempting<'static> = Attempting { source: None, kind: SOCK_STREAM, delay: LONG, prepare: None };

fn within(limit: Duration) -> Bounds<'static> {
    Bounds { deadline: Deadline::after(limit), cancel: None }
}

fn server() -> (Socket, Address) {
    let server = create_server("127.0.0.1:0").unwrap();
    let address = server.getsockname().unwrap();
    (server, address)
}

/// An address where nobody listens, held so that nobody will.
fn nobody() -> (Socket, Address) {
    let socket = Socket::new(AF_INET, SOCK_STREAM, Protocol::default()).unwrap();
    socket.bind("127.0.0.1:0").unwrap();
    let address = socket.getsockname().unwrap();
    (socket, address)
}

/// A server whose queue is full, so that it answers nobody; with what fills it.
fn silent() -> (Address, Vec<Socket>) {
    let (server, address) = nobody();
    server.listen(0).unwrap();
    let mut held = vec![server];
    for _ in 0..64 {
        let socket = Socket::new(AF_INET, SOCK_STREAM, Protocol::default()).unwrap();
        socket.settimeout(Duration::from_millis(30)).unwrap();
        let full = socket.connect(&address).is_err();
        held.push(socket);
        if full {
            return (address, held);
        }
    }
    panic!("a queue of none took 64");
}

fn lost(addresses: &[&Address], attempting: Attempting<'_>, bounds: Bounds<'_>) -> Error {
    let addresses = addresses.iter().map(|address| (*address).clone()).collect();
    let target = Target::Host("name".into(), 80);
    race(addresses, attempting, bounds).unwrap_err().into_error(&target)
}

#[test]
fn an_address_that_says_nothing_does_not_keep_the_next_one_waiting() {
    let ((dead, _held), (_server, good)) = (silent(), server());
    for bounds in [within(LONG), Bounds::NONE] {
        let socket = race(vec![dead.clone(), good.clone()], SOON, bounds).unwrap();
        assert_eq!(socket.getpeername().unwrap(), good);
        assert_eq!(socket.gettimeout(), None);
    }
}

#[test]
fn a_refusal_starts_the_next_attempt_at_once() {
    let ((_held, refusing), (_server, good)) = (nobody(), server());
    let socket = race(vec![refusing, good.clone()], LATE, within(LONG)).unwrap();
    assert_eq!(socket.getpeername().unwrap(), good);
}

#[test]
fn the_first_that_answers_wins() {
    let ((_one, first), (_other, second)) = (server(), server());
    let socket = race(vec![first.clone(), second], LATE, within(LONG)).unwrap();
    assert_eq!(socket.getpeername().unwrap(), first);
}

#[test]
fn a_winner_blocks_or_has_its_token_as_a_single_attempt_leaves_it() {
    let ((_held, refusing), (_server, good)) = (nobody(), server());
    let addresses = || vec![refusing.clone(), good.clone()];
    assert!(race(addresses(), SOON, Bounds::NONE).unwrap().blocks());
    assert!(!race(addresses(), SOON, within(LONG)).unwrap().blocks());
    let token = CancelToken::new().unwrap();
    let bounds = Bounds { deadline: Deadline::NEVER, cancel: Some(&token) };
    let socket = race(addresses(), SOON, bounds).unwrap();
    token.cancel();
    assert_eq!(socket.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::Cancelled);
}

#[test]
fn all_refused_lists_each() {
    let ((_one, first), (_other, second)) = (nobody(), nobody());
    let error = lost(&[&first, &second], SOON, within(LONG));
    let expected =
        format!("connect to name:80 failed: {first}: connection refused; {second}: connection refused");
    assert_eq!(error.to_string(), expected);
    assert_eq!((error.kind(), error.raw_os_error()), (ErrorKind::ConnectionRefused, Some(c::ECONNREFUSED)));
    let error = error.context("open x");
    assert_eq!(error.attempts().iter().map(|(address, _)| address).collect::<Vec<_>>(), [&first, &second]);
}

#[test]
fn the_deadline_ends_all_and_says_how_far_it_came() {
    let ((dead, _held), (_other, refusing), (_server, good)) = (silent(), nobody(), server());
    let error = lost(&[&refusing, &dead, &good], LATE, within(Duration::from_millis(20)));
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let reasons = [
        format!("{refusing}: connection refused"),
        format!("{dead}: timed out"),
        format!("{good}: not tried any more"),
    ];
    assert_eq!(error.to_string(), format!("connect to name:80 failed: {}", reasons.join("; ")));
    let error = lost(&[&dead], SOON, within(Duration::from_millis(20)));
    assert_eq!(error.to_string(), format!("connect to name:80 failed: {dead}: timed out"));
}

#[test]
fn a_token_ends_all() {
    let (dead, _held) = silent();
    let token = CancelToken::new().unwrap();
    let bounds = Bounds { deadline: Deadline::NEVER, cancel: Some(&token) };
    let error = std::thread::scope(|scope| {
        let racing = scope.spawn(|| lost(&[&dead, &dead], SOON, bounds));
        token.cancel();
        racing.join().unwrap()
    });
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(lost(&[&dead, &dead], SOON, bounds).kind(), ErrorKind::Cancelled);
}

#[test]
fn the_source_address_is_bound_and_rules_other_families_out() {
    let (_server, good) = server();
    let other: Address = "[::1]:9".parse::<SocketAddr>().unwrap().into();
    let from = |source: &str| Attempting { source: Some(source.parse().unwrap()), ..SOON };
    let socket = race(vec![other, good.clone()], from("127.0.0.3:0"), within(LONG)).unwrap();
    assert_eq!(socket.getsockname().unwrap().ip(), Some([127, 0, 0, 3].into()));
    let error = lost(&[&good], from("[::1]:0"), within(LONG));
    assert_eq!(error.kind(), ErrorKind::AddressNotAvailable);
    assert!(error.to_string().contains("source address [::1]:0 (AF_INET6)"), "{error}");
    let error = lost(&[&good], from("192.0.2.1:0"), within(LONG));
    assert!(error.to_string().contains("bind to 192.0.2.1:0 failed"), "{error}");
}

#[test]
fn a_socket_that_is_connected_to_itself_is_no_connection() {
    let (socket, address) = nobody();
    socket.connect_by(&address, Deadline::NEVER).unwrap();
    assert_eq!(finished(socket, &address, SOCK_STREAM).unwrap_err().raw_os_error(), Some(c::ECONNREFUSED));
}
