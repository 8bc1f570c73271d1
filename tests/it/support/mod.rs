//! What the integration tests share: other programs, examples, servers on loopback.
//!
//! Nothing here sleeps or picks a port by number: programs are waited for by what they print.

mod peers;
mod program;
mod scripted;
mod serving;
mod strace;
#[cfg(feature = "tls")]
pub(crate) mod tls;

use std::{
    env,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

pub(crate) use peers::{
    Gate, Peer, gate, go_server, httpbin_server, nginx_server, python_server, twisted_python,
};
pub(crate) use program::Program;
pub(crate) use scripted::{Scripted, Turn};
pub(crate) use serving::{Serving, serve};
pub(crate) use strace::{ARGUMENT, calls_of};

/// How long anything in a test may take before it counts as stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A program that a test talks to, or `None` with a line that says so.
///
/// `tests/peers.sh` installs them all, so where `CI=true` a missing one fails the test.
pub(crate) fn peer(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // nginx and its like live where a plain user's PATH may not look.
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    found_or_skipped(name, folders.map(|folder| folder.join(name)).find(|program| program.is_file()))
}

/// The same for what isn't in a folder of programs.
fn found_or_skipped(name: &str, found: Option<PathBuf>) -> Option<PathBuf> {
    if found.is_none() {
        assert!(env::var("CI").as_deref() != Ok("true"), "no {name}: run tests/peers.sh");
        eprintln!("skipped: no {name} (tests/peers.sh installs it)");
    }
    found
}

/// Waits until it is so.
///
/// What a test has closed may live on for a moment: a child that another test has just forked holds all descriptors
/// until it becomes the program that it shall run (`exec`). Where somebody else would notice, this waits for the end.
#[track_caller]
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain");
        thread::yield_now();
    }
}

/// An example's program, as `cargo test` built it.
pub(crate) fn example(name: &str) -> PathBuf {
    // target/debug/deps/it-… → target/debug/examples/NAME
    let tests = env::current_exe().unwrap();
    let path = tests.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing: run `cargo build --examples --all-features`", path.display());
    path
}

/// Sends bytes on a connection of their own, and reads until the other side closes.
pub(crate) fn exchange(addr: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = connect(addr);
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap_or_else(|error| panic!("no end of the answer: {error}"));
    String::from_utf8(answer).unwrap()
}

/// A connection of std's whose reads end after [`PATIENCE`].
pub(crate) fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&addr, PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn a_peer_is_found_or_skipped() {
    assert!(peer("sh").is_some());
    if env::var_os("CI").is_none() {
        assert_eq!(peer("no-such-program"), None);
    }
}
