//! `sockeye get --timing`.

use super::sockeye;
use crate::support::{Scripted, Turn};

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// The lines of standard error, without what is measured.
fn steps(arguments: &[&str], stdout: &str) -> Vec<String> {
    let output = sockeye(&["get", "--timing"]).args(arguments).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), stdout);
    let said = String::from_utf8(output.stderr).unwrap();
    let is_number = |word: &&str| word.parse::<f64>().is_err();
    said.lines().map(|line| line.split(' ').filter(is_number).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn each_step_is_told_that_happened() {
    let fresh = "resolve ms, connect ms, first byte ms, total ms";
    let server = Scripted::answer(PAGE);
    assert_eq!(steps(&[&server.url("/")], "hello"), [format!("sockeye: {fresh}")]);
    // Two on one connection.
    let hear = || Turn::Until("\r\n\r\n");
    let server = Scripted::new(vec![vec![hear(), Turn::Send(PAGE.into()), hear(), Turn::Send(PAGE.into())]]);
    let (one, two) = (server.url("/1"), server.url("/2"));
    let kept = format!("sockeye: {two}: first byte ms, total ms");
    assert_eq!(steps(&[&one, &two], "hellohello"), [format!("sockeye: {one}: {fresh}"), kept]);
    // What fails is timed as far as it came.
    let lines = steps(&["http://127.0.0.1:1/"], "");
    assert_eq!(lines[0], "sockeye: resolve ms, total ms");
    assert!(lines[1].ends_with("connection refused"), "{lines:?}");
}
