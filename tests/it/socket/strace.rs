//! How many system calls a timed call takes, counted by strace.

use super::{LONG, pair};
use crate::support::calls_of;

const ROUNDS: usize = 500;

/// What strace runs: timed calls with data there.
#[test]
#[ignore = "run by the test below"]
fn timed_recv_with_data_there() {
    let (client, server) = pair();
    client.settimeout(LONG).unwrap();
    server.settimeout(LONG).unwrap();
    for _ in 0..ROUNDS {
        server.sendall(b"x").unwrap();
        assert_eq!(client.recv(&mut [0; 8]).unwrap(), 1);
    }
}

#[test]
fn a_timed_recv_with_data_there_is_one_system_call() {
    if let Some(calls) = calls_of("socket::strace::timed_recv_with_data_there", "") {
        calls.check(ROUNDS, &[("recvfrom", 1), ("sendto", 1), ("poll", 0), ("fcntl", 0)]);
    }
}
