//! How many system calls a timed call takes, counted by strace.

use std::{env, fs, process::Command};

use super::{LONG, pair};
use crate::support::peer;

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
    let Some(strace) = peer("strace") else { return };
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let mut command = Command::new(strace);
    command.args(["-c", "-f", "-o"]).arg(&report).arg(env::current_exe().unwrap());
    let probe = "socket::strace::timed_recv_with_data_there";
    let output = command.args(["--exact", probe, "--ignored"]).output().unwrap();
    let report = fs::read_to_string(&report).unwrap_or_default();
    if report.is_empty() && env::var("CI").as_deref() != Ok("true") {
        eprintln!("skipped: strace may not trace here");
        return;
    }
    assert!(output.status.success(), "{output:?}\n{report}");
    // One each, and nothing beside them that grows with the rounds; a few belong to the test itself.
    for (call, expected) in [("recvfrom", ROUNDS), ("sendto", ROUNDS), ("poll", 0), ("fcntl", 0)] {
        let count = calls(&report, call);
        assert!((expected..expected + ROUNDS / 10).contains(&count), "{count} of {call}\n{report}");
    }
}

/// The number in strace's table: `% time  seconds  usecs/call  calls  [errors]  syscall`.
fn calls(report: &str, name: &str) -> usize {
    let line = report.lines().find(|line| line.split_ascii_whitespace().last() == Some(name));
    line.map_or(0, |line| line.split_ascii_whitespace().nth(3).unwrap().parse().unwrap())
}
