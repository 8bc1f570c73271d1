//! How many system calls a request takes, counted by strace.

use std::env;

use sockeye::urllib::Opener;

use super::{hear, ok, one, text};
use crate::support::{ARGUMENT, calls_of};

const ROUNDS: usize = 500;

/// What strace runs; the server is in another process, so that its calls aren't counted.
#[test]
#[ignore = "run by the test below"]
fn kept_gets() {
    let url = env::var(ARGUMENT).unwrap();
    let opener = Opener::new();
    for _ in 0..ROUNDS {
        assert_eq!(text(opener.open(&url).unwrap()).unwrap(), "hello");
    }
}

#[test]
fn a_kept_get_is_two_system_calls() {
    let server = one((0..ROUNDS).flat_map(|_| [hear(), ok("hello")]).collect::<Vec<_>>());
    if let Some(calls) = calls_of("urllib::strace::kept_gets", &server.url("/")) {
        calls.check(ROUNDS, &[("recvfrom", 1), ("sendto", 1), ("poll", 0), ("fcntl", 0), ("setsockopt", 0)]);
    }
}
