//! A row of what a careful client does, as a file: the bytes that a server sends, and what comes of them.
//!
//! The first line is the row's name; what follows it, up to the first `@case`, is a remark. Lines that begin with `@`
//! say what happens:
//!
//! - `@case NAME`: what follows is one case; a row has several
//! - `@needs FEATURE`: only in builds that have it; `@requests N`: so many, one after the other; default is 1;
//!   `@timeout N`: a total limit of so many milliseconds
//! - `@hear`: reads a request's head; `@hear GET /x HTTP/1.1`: which begins so
//! - `@send`: sends the lines that follow; `@forever`: over and over
//! - `@end`: waits for the client to close; `@reset`: resets the connection; `@connection`: the turns of the next one
//! - `@expect ok TEXT`, `@expect error KIND`: the bodies of all answers, or the kind of the error; ends the case
//!
//! Lines of bytes are joined without their line ends. `\r`, `\n`, `\t`, `\0`, `\\` and `\x1f` are bytes, `\{host}` is the
//! server's address.

use std::{fs, path::Path, time::Duration};

use crate::support::Turn;

/// The row of one file.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) cases: Vec<Case>,
}

#[derive(Default)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) needs: Option<String>,
    pub(super) requests: Option<usize>,
    pub(super) timeout: Option<Duration>,
    /// The turns of each connection, with their addresses unwritten.
    connections: Vec<Vec<Turn>>,
    /// The first lines of the requests, in order.
    pub(super) asked: Vec<String>,
    /// `ok TEXT` or `error KIND`.
    pub(super) expected: String,
}

/// How the bytes come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    Whole,
    ByteByByte,
}

impl Row {
    pub(super) fn read(path: &Path) -> Row {
        let text = fs::read_to_string(path).unwrap();
        let (name, rest) = text.split_once('\n').unwrap();
        let cases = rest.split("\n@case ").skip(1).map(|case| Case::parse(case, path)).collect();
        Row { name: name.to_owned(), cases }
    }
}

impl Case {
    fn parse(text: &str, path: &Path) -> Case {
        let mut lines = text.lines();
        let name = lines.next().unwrap_or_default().to_owned();
        let mut case = Case { name, connections: vec![Vec::new()], ..Case::default() };
        for line in lines.filter(|line| !line.is_empty()) {
            let known = match line.strip_prefix('@') {
                Some(words) => {
                    let (word, value) = words.split_once(' ').unwrap_or((words, ""));
                    case.obey(word, value)
                }
                None => case.gather(line),
            };
            assert!(known.is_some(), "{}, {}: {line:?}", path.display(), case.name);
        }
        assert!(!case.expected.is_empty(), "{}, {}: nothing is expected", path.display(), case.name);
        case
    }

    fn obey(&mut self, word: &str, value: &str) -> Option<()> {
        match word {
            "needs" => self.needs = Some(value.to_owned()),
            "requests" => self.requests = Some(value.parse().ok()?),
            "timeout" => self.timeout = Some(Duration::from_millis(value.parse().ok()?)),
            "connection" => self.connections.push(Vec::new()),
            "expect" => self.expected = value.to_owned(),
            "hear" if value.is_empty() => self.turn(Turn::Until("\r\n\r\n")),
            "hear" => {
                self.asked.push(value.to_owned());
                self.turn(Turn::Until("\r\n\r\n"));
            }
            "send" => self.turn(Turn::Send(Vec::new())),
            "forever" => self.turn(Turn::Forever(Vec::new())),
            "end" => self.turn(Turn::End),
            "reset" => self.turn(Turn::Reset),
            _ => return None,
        }
        Some(())
    }

    fn turn(&mut self, turn: Turn) {
        self.connections.last_mut().unwrap().push(turn);
    }

    /// One more line of bytes.
    fn gather(&mut self, line: &str) -> Option<()> {
        match self.connections.last_mut()?.last_mut()? {
            Turn::Send(bytes) | Turn::Forever(bytes) => {
                bytes.extend(line.bytes());
                Some(())
            }
            _ => None,
        }
    }

    /// What the server does whose address that is.
    pub(super) fn turns(&self, host: &str, pace: Pace) -> Vec<Vec<Turn>> {
        let ready = |turn: &Turn| match (turn, pace) {
            (Turn::Send(bytes), Pace::Whole) => Turn::Send(unescaped(bytes, host)),
            (Turn::Send(bytes), Pace::ByteByByte) => Turn::Drip(unescaped(bytes, host)),
            (Turn::Forever(bytes), _) => Turn::Forever(unescaped(bytes, host)),
            (other, _) => other.clone(),
        };
        self.connections.iter().map(|turns| turns.iter().map(ready).collect()).collect()
    }
}

fn unescaped(text: &[u8], host: &str) -> Vec<u8> {
    let text = std::str::from_utf8(text).unwrap().replace("\\{host}", host);
    let (mut bytes, mut rest) = (Vec::new(), text.as_str());
    while let Some((plain, escape)) = rest.split_once('\\') {
        bytes.extend(plain.bytes());
        let (byte, length) = match escape.as_bytes() {
            [b'r', ..] => (b'\r', 1),
            [b'n', ..] => (b'\n', 1),
            [b't', ..] => (b'\t', 1),
            [b'0', ..] => (b'\0', 1),
            [b'\\', ..] => (b'\\', 1),
            [b'x', _, _, ..] => (u8::from_str_radix(&escape[1..3], 16).unwrap(), 3),
            _ => panic!("an escape that isn't known: {escape:?}"),
        };
        bytes.push(byte);
        rest = &escape[length..];
    }
    bytes.extend(rest.bytes());
    bytes
}

#[test]
fn every_escape_is_a_byte() {
    assert_eq!(unescaped(br"a\r\n\t\0\\\xff\{host}", "h:1"), b"a\r\n\t\0\\\xffh:1");
}
