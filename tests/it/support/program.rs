//! A program that runs beside a test.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::SocketAddr,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
};

use super::PATIENCE;

/// A started program: it is killed when the guard is dropped, and what it prints is read all the time, so that it
/// never waits for a full pipe.
pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    /// What was printed so far, for the message of a failure.
    seen: Vec<String>,
}

/// What a program left behind when it ended by itself.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    /// Standard output and standard error, line by line as they came.
    pub(crate) lines: Vec<String>,
}

impl Program {
    /// Starts it, all its pipes held by the guard.
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Program {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (sender, lines) = mpsc::channel();
        let (out, err): (Option<ChildStdout>, Option<ChildStderr>) =
            (child.stdout.take(), child.stderr.take());
        forward(out.unwrap(), sender.clone());
        forward(err.unwrap(), sender);
        Program { child, lines, seen: Vec::new() }
    }

    /// Starts a server, and waits until it prints `listening on ADDRESS` (or `http://ADDRESS/`).
    #[track_caller]
    pub(crate) fn serve(command: &mut Command) -> (Program, SocketAddr) {
        let mut program = Program::start(command);
        let addr = program.wait_for(|line| address_in(line, "listening on "));
        (program, addr)
    }

    /// Waits for a line of its output that `look` makes something of.
    #[track_caller]
    pub(crate) fn wait_for<T>(&mut self, look: impl Fn(&str) -> Option<T>) -> T {
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("it never printed what was waited for, but:\n{}", self.seen.join("\n"));
            };
            let found = look(&line);
            self.seen.push(line);
            if let Some(found) = found {
                return found;
            }
        }
    }

    /// Types into it.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let stdin: &mut ChildStdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(bytes).unwrap();
        stdin.flush().unwrap();
    }

    /// Whether it hasn't ended.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Closes its standard input and reads to the end of what it prints.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Finished {
        drop(self.child.stdin.take());
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.seen.push(line),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("it never ended:\n{}", self.seen.join("\n")),
            }
        }
        let code = self.child.wait().unwrap().code();
        Finished { code, lines: std::mem::take(&mut self.seen) }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    /// The output of a program that ended well.
    #[track_caller]
    pub(crate) fn success(self) -> String {
        let text = self.lines.join("\n");
        assert_eq!(self.code, Some(0), "{text}");
        text
    }
}

/// The address that follows `words` in a line, with or without `http://` before it.
pub(crate) fn address_in(line: &str, words: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(words)?;
    let rest = rest.strip_prefix("http://").unwrap_or(rest);
    let end = rest.find(|c: char| !(c.is_ascii_hexdigit() || "[].:".contains(c))).unwrap_or(rest.len());
    rest[..end].trim_end_matches('.').parse().ok()
}

fn forward(pipe: impl Read + Send + 'static, lines: mpsc::Sender<String>) {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
            if lines.send(text).is_err() {
                return;
            }
            line.clear();
        }
    });
}

#[test]
fn addresses_are_found_in_lines() {
    let expect = |line: &str, addr: Option<&str>| {
        assert_eq!(address_in(line, "listening on "), addr.map(|addr| addr.parse().unwrap()), "{line}");
    };
    expect("listening on 127.0.0.1:80", Some("127.0.0.1:80"));
    expect("now listening on http://127.0.0.1:80/ (Ctrl-C ends it)", Some("127.0.0.1:80"));
    expect("listening on [::1]:8000.", Some("[::1]:8000"));
    expect("listening on nothing", None);
    expect("127.0.0.1:80", None);
}

#[test]
fn a_program_is_read_and_ended() {
    let mut shell = Command::new("sh");
    let mut echo =
        Program::start(shell.args(["-c", "echo ready >&2; read line; echo \"got $line\"; exit 3"]));
    echo.wait_for(|line| (line == "ready").then_some(()));
    echo.write(b"it\n");
    let finished = echo.finish();
    assert_eq!((finished.code, finished.lines), (Some(3), vec!["ready".to_owned(), "got it".to_owned()]));
}
