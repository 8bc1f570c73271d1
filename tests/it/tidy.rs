//! That nothing is left behind: after all tests of sockets, servers, clients, the engine and the reactor this process
//! has the descriptors and the threads that it had before, but for those that are meant to last.
//!
//! Tests run side by side, so that none could tell what another has left. Here they run once more, one by one, in a
//! process of their own, and behind them one that looks.

use std::{
    collections::BTreeMap,
    env,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::{self, Command, Output},
    thread,
    time::Instant,
};

use crate::support::PATIENCE;

/// The tests' rooms; and the test that looks, which comes behind theirs in the order of the names.
const ROOMS: [&str; 5] = ["client::", "engine::", "reactor::", "server::", "socket::"];
const LAST: &str = "tidy::what_is_left";

/// The descriptors that a process was given, for [`LAST`], which does nothing without.
const GIVEN: &str = "SOCKEYE_GIVEN_DESCRIPTORS";

/// At most so many threads look names up, each until it has had nothing to do for five seconds.
const HELPERS: usize = 16;

#[test]
fn no_descriptor_and_no_thread_is_left_behind() {
    // No other test runs there, which could have something that its children get.
    let output = run(Command::new(env::current_exe().unwrap()), &["tidy::all_tests_one_by_one", "--ignored"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
#[ignore = "run by the test above"]
fn all_tests_one_by_one() {
    let own = env::current_exe().unwrap();
    let listed = Command::new(&own).args(["--list", "--format", "terse"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let mut names: Vec<&str> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    names.retain(|name| ROOMS.iter().any(|room| name.starts_with(room)));
    assert!(ROOMS.iter().all(|room| names.iter().any(|name| name.starts_with(room))));
    assert!(names.iter().all(|name| *name < LAST));
    names.push(LAST);
    let mut command = Command::new(own);
    // What isn't closed on exec.
    let given: Vec<String> = descriptors().into_keys().map(|number| number.to_string()).collect();
    command.env(GIVEN, given.join(" "));
    let output = run(command, &names);
    let text = String::from_utf8_lossy(&output.stdout);
    // Another that fails here says so where all run.
    assert!(text.contains(&format!("test {LAST} ... ok")), "{text}");
}

fn run(mut command: Command, tests: &[&str]) -> Output {
    command.args(["--exact", "--test-threads=1"]).args(tests).output().unwrap()
}

#[test]
fn what_is_left() {
    let Ok(given) = env::var(GIVEN) else { return };
    let given: Vec<u32> = given.split(' ').map(|number| number.parse().unwrap()).collect();
    let look = || {
        let mut left = String::new();
        for (number, what) in descriptors() {
            if !given.contains(&number) && !is_for_nothing(number, &what) {
                writeln!(left, "descriptor {number}: {}", what.display()).unwrap();
            }
        }
        let (helpers, others): (Vec<String>, Vec<String>) =
            threads().into_iter().partition(|name| name == "sockeye-names");
        if helpers.len() > HELPERS {
            writeln!(left, "{} threads that look names up", helpers.len()).unwrap();
        }
        others.iter().for_each(|name| writeln!(left, "thread {name}").unwrap());
        left
    };
    let begun = Instant::now();
    loop {
        let left = look();
        if left.is_empty() {
            return;
        }
        // What has just been told to end may be about to.
        assert!(begun.elapsed() < PATIENCE, "left behind:\n{left}");
        thread::yield_now();
    }
}

/// The one that stands in for the descriptor of a closed socket; it is made once.
fn is_for_nothing(number: u32, what: &Path) -> bool {
    const O_PATH: u32 = 0o10_000_000;
    if cfg!(sockeye_portable) {
        return what == Path::new("/dev/null");
    }
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap_or("0");
    what == Path::new("/") && u32::from_str_radix(flags.trim(), 8).unwrap() & O_PATH != 0
}

/// All descriptors but the one that reads them.
fn descriptors() -> BTreeMap<u32, PathBuf> {
    let folder = PathBuf::from(format!("/proc/{}/fd", process::id()));
    let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let read = entries.filter_map(|entry| {
        // Gone meanwhile: of a thread that ends.
        let what = fs::read_link(&entry).ok().filter(|what| *what != folder)?;
        Some((entry.file_name()?.to_str()?.parse().ok()?, what))
    });
    read.collect()
}

/// The names of all threads but this one and the harness's, which is the first.
fn threads() -> Vec<String> {
    let own = fs::read_link("/proc/thread-self").unwrap();
    let entries = fs::read_dir("/proc/self/task").unwrap().map(|entry| entry.unwrap().path());
    let others = entries.filter(|entry| {
        let number = entry.file_name().unwrap();
        Some(number) != own.file_name() && *number != *process::id().to_string()
    });
    others
        .filter_map(|entry| fs::read_to_string(entry.join("comm")).ok())
        .map(|name| name.trim().to_owned())
        .collect()
}
