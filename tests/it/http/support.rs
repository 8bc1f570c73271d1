//! A server that remembers what it was asked, and a client that knows what an answer is.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use sockeye::{
    Result,
    http::{Handler, HttpServer, Request, Response, StatusCode},
    server::ServerHandle,
};

use crate::support::connect;

/// A server on loopback; dropping it ends it and waits for its threads.
pub(super) struct Site {
    server: ServerHandle,
    notes: Arc<Mutex<Vec<String>>>,
}

/// One path for each thing that a handler may do.
struct Paths {
    notes: Arc<Mutex<Vec<String>>>,
}

impl Site {
    pub(super) fn new() -> Site {
        Site::with(|server| server)
    }

    pub(super) fn with(configure: impl FnOnce(HttpServer) -> HttpServer) -> Site {
        let notes = Arc::new(Mutex::new(Vec::new()));
        let server = configure(HttpServer::bind("127.0.0.1:0").unwrap());
        let server = server.spawn(Paths { notes: notes.clone() }).unwrap();
        Site { server, notes }
    }

    pub(super) fn handle(&self) -> &ServerHandle {
        &self.server
    }

    pub(super) fn connect(&self) -> TcpStream {
        let stream = connect(self.addr());
        stream.set_nodelay(true).unwrap();
        stream
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.server.addr().as_socket_addr().unwrap()
    }

    /// What handlers noted since the last call: which requests they got, and how reading the body ended.
    pub(super) fn notes(&self) -> Vec<String> {
        std::mem::take(&mut *self.notes.lock().unwrap())
    }

    /// Sends that at once, and again byte by byte, and compares the statuses and bodies of all answers until
    /// the server closes. `expect` has a line `STATUS body` for each.
    #[track_caller]
    pub(super) fn check(&self, request: impl AsRef<[u8]>, expect: &[&str]) {
        for step in [usize::MAX, 1] {
            let answers = self.ask(request.as_ref(), step);
            let answers: Vec<String> = answers.iter().map(Answer::line).collect();
            assert_eq!(answers, expect, "step {step}: {}", request.as_ref().escape_ascii());
        }
    }

    /// As `check`; and handlers noted exactly that, each time.
    #[track_caller]
    pub(super) fn check_noted(&self, request: impl AsRef<[u8]>, expect: &[&str], noted: &[&str]) {
        self.notes();
        self.check(request.as_ref(), expect);
        assert_eq!(self.notes(), [noted, noted].concat(), "{}", request.as_ref().escape_ascii());
    }

    /// Sends that in pieces, ends sending, and reads answers until the server closes.
    #[track_caller]
    pub(super) fn ask(&self, request: &[u8], step: usize) -> Vec<Answer> {
        let stream = self.connect();
        let mut sending = stream.try_clone().unwrap();
        thread::scope(|scope| {
            scope.spawn(move || {
                for piece in request.chunks(step) {
                    // A server that has refused may be gone before all is sent.
                    if sending.write_all(piece).is_err() {
                        return;
                    }
                }
                let _ = sending.shutdown(Shutdown::Write);
            });
            let mut stream = BufReader::new(stream);
            let mut answers = Vec::new();
            let methods = request.split(|&byte| byte == b'\n').filter_map(method_of);
            let mut methods: Vec<&[u8]> = methods.collect();
            methods.reverse();
            while let Some(answer) = Answer::read(&mut stream, methods.pop() == Some(b"HEAD")) {
                answers.push(answer);
            }
            answers
        })
    }
}

/// The method, if that line begins a request.
fn method_of(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    let starts = line.ends_with(b"HTTP/1.1") || line.ends_with(b"HTTP/1.0");
    starts.then(|| line.split(|&byte| byte == b' ').next()).flatten()
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.shutdown();
        self.server.join().unwrap();
    }
}

/// An answer, as a client sees it.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    /// Its framing's end was found.
    pub(super) whole: bool,
}

impl Answer {
    /// Reads one; `None` at the connection's end.
    pub(super) fn read(stream: &mut impl BufRead, head_only: bool) -> Option<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            match stream.read_line(&mut head) {
                Ok(0) | Err(_) if head.is_empty() => return None,
                Ok(0) => panic!("half a head: {head:?}"),
                Ok(_) => {}
                Err(error) => panic!("{error} in {head:?}"),
            }
        }
        assert!(head.starts_with("HTTP/1.1 "), "{head:?}");
        let status: u16 = head[9..12].parse().unwrap();
        let mut answer = Answer { status, head, body: Vec::new(), whole: true };
        if !head_only && !matches!(status, 100..=199 | 204 | 304) {
            answer.read_body(stream);
        }
        Some(answer)
    }

    fn read_body(&mut self, stream: &mut impl BufRead) {
        if self.header("transfer-encoding").is_some() {
            return self.read_chunks(stream);
        }
        let length = self.header("content-length").map(|length| length.parse().unwrap());
        let outcome = stream.take(length.unwrap_or(u64::MAX)).read_to_end(&mut self.body);
        self.whole = outcome.is_ok() && length.is_none_or(|length| self.body.len() as u64 == length);
    }

    fn read_chunks(&mut self, stream: &mut impl BufRead) {
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).unwrap_or(0) == 0 {
                self.whole = false;
                return;
            }
            let size = usize::from_str_radix(line.trim_end(), 16).unwrap();
            let start = self.body.len();
            self.body.resize(start + size + 2, 0);
            match stream.read_exact(&mut self.body[start..]) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => self.whole = false,
                Err(error) => panic!("{error}"),
            }
            assert!(self.body.ends_with(b"\r\n") || !self.whole);
            self.body.truncate(start + size);
            if size == 0 || !self.whole {
                return;
            }
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    /// `STATUS body`; an error page is left out, and a torn body marked.
    pub(super) fn line(&self) -> String {
        let body = if self.body.starts_with(b"<!DOCTYPE html>") { &[] } else { &self.body[..] };
        let torn = if self.whole { "" } else { " (torn)" };
        format!("{} {}{torn}", self.status, body.escape_ascii())
    }
}

impl Handler for Paths {
    fn handle(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        let path = request.path().to_owned();
        self.note(format!("{} {}", request.method(), request.target()));
        match &*path {
            "/" => response.send_response(StatusCode::OK).body("hello"),
            "/echo" => {
                let body = request.bytes().inspect_err(|error| self.note(format!("{:?}", error.kind())))?;
                response.send_response(StatusCode::OK).body(body)
            }
            "/length" => {
                let read = std::io::copy(request, &mut std::io::sink());
                let read = read.inspect_err(|error| self.note(format!("{:?}", error.kind())))?;
                response.send_response(StatusCode::OK).body(read.to_string())
            }
            "/panic" => panic!("as asked"),
            "/none" => Ok(()),
            "/half" => {
                let _ = response.send_response(StatusCode::OK);
                Ok(())
            }
            "/404" => response.send_error(StatusCode::NOT_FOUND, "<b>not here</b>"),
            "/204" => response.send_response(StatusCode::NO_CONTENT).body(""),
            "/304" => {
                response.send_response(StatusCode::NOT_MODIFIED).send_header("Content-Length", 5).body("")
            }
            "/verbs" => Verbs.handle(request, response),
            path => self.write(path, request, response),
        }
    }
}

/// Says nothing: every verb is refused.
struct Verbs;

impl Handler for Verbs {}

impl Paths {
    fn note(&self, note: String) {
        self.notes.lock().unwrap().push(note);
    }

    /// Answers that are written piece by piece.
    fn write(&self, path: &str, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        let head = response.send_response(StatusCode::OK);
        match path {
            "/pieces" => {
                let mut body = head.end_headers()?;
                "in pieces".split_inclusive(' ').try_for_each(|piece| body.write_all(piece.as_bytes()))?;
            }
            "/flushed" => {
                let mut body = head.end_headers()?;
                body.write_all(b"now ")?;
                body.flush()?;
                body.write_all(b"later")?;
            }
            "/copy" => {
                let length = request.header("Content-Length").unwrap_or_default().to_owned();
                let sized = request.query() == Some("sized");
                let head = if sized { head.send_header("Content-Length", length) } else { head };
                std::io::copy(request, &mut head.end_headers()?)?;
            }
            "/large" => {
                let size: usize = request.query().unwrap().parse().unwrap();
                let mut body = head.end_headers()?;
                (0..size / 1000).try_for_each(|_| body.write_all(&[b'x'; 1000]))?;
            }
            "/whole" => {
                let size: usize = request.query().unwrap().parse().unwrap();
                head.body(vec![b'x'; size])?;
            }
            "/long" => head.send_header("Content-Length", 3).end_headers()?.write_all(b"four")?,
            "/short" => head.send_header("Content-Length", 5).end_headers()?.write_all(b"four")?,
            "/short-late" => {
                let mut body = head.send_header("Content-Length", 5).end_headers()?;
                body.write_all(b"four")?;
                body.flush()?;
            }
            "/panic-late" => {
                let mut body = head.end_headers()?;
                body.write_all(b"so far")?;
                body.flush()?;
                panic!("as asked");
            }
            "/header" => {
                let (name, value) = request.query().unwrap().split_once('=').unwrap();
                let value = value.replace("%0D", "\r").replace("%0A", "\n").replace("%00", "\0");
                head.send_header(name, value).body("set").inspect_err(|error| {
                    self.note(format!("{:?}", error.kind()));
                })?;
            }
            _ => panic!("no such path"),
        }
        Ok(())
    }
}
