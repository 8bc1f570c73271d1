//! System calls, counted by strace.

use std::{env, fmt, fs, process::Command};

use super::peer;

/// How often each system call was made.
pub(crate) struct Calls {
    report: String,
}

/// Where a probe finds what [`calls_of`] hands it.
pub(crate) const ARGUMENT: &str = "SOCKEYE_PROBE";

/// Runs one of this binary's ignored tests, by its full name, under strace. `None` where that can't be had.
#[track_caller]
pub(crate) fn calls_of(probe: &str, argument: &str) -> Option<Calls> {
    let strace = peer("strace")?;
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let mut command = Command::new(strace);
    command.args(["-c", "-f", "-o"]).arg(&report).arg(env::current_exe().unwrap());
    let output = command.env(ARGUMENT, argument).args(["--exact", probe, "--ignored"]).output().unwrap();
    let report = fs::read_to_string(&report).unwrap_or_default();
    if report.is_empty() && env::var("CI").as_deref() != Ok("true") {
        eprintln!("skipped: strace may not trace here");
        return None;
    }
    assert!(
        output.status.success() && output.stdout.windows(8).any(|it| it == b"1 passed"),
        "{output:?}\n{report}"
    );
    Some(Calls { report })
}

impl Calls {
    /// The number in strace's table: `% time  seconds  usecs/call  calls  [errors]  syscall`.
    pub(crate) fn of(&self, name: &str) -> usize {
        let line = self.report.lines().find(|line| line.split_ascii_whitespace().last() == Some(name));
        line.map_or(0, |line| line.split_ascii_whitespace().nth(3).unwrap().parse().unwrap())
    }

    /// So many for each of the rounds, and nothing beside that grows with them: a few belong to the test itself.
    #[track_caller]
    pub(crate) fn check(&self, rounds: usize, expected: &[(&str, usize)]) {
        for (call, each) in expected {
            let (count, least) = (self.of(call), each * rounds);
            assert!((least..least + rounds / 10).contains(&count), "{count} of {call}\n{}", self.report);
        }
    }
}

/// strace's table.
impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report)
    }
}
