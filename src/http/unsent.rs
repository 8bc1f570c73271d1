//! Sending what is ready without waiting: bytes first, then a part of a file; and what becomes of the rest.

use std::{mem, ops::ControlFlow, time::Duration};

use crate::{
    error::{Error, ErrorKind, Result},
    server::engine::service::{Expiry, Verdict, Wait},
    stream::Stream,
    sys,
};

use super::{
    Handler,
    answer::break_off,
    connection::{Next, Phase, Unsent},
    output::FilePart,
    service::{KEEP, Turn},
};

/// How far sending got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Done,
    /// The peer has to read first.
    Blocked,
    /// The peer takes all it gets, but others want their turn.
    Paused,
}

/// Of a file, so much is sent in a turn.
const TURN: usize = 1024 * 1024;

/// Where `sendfile` isn't to be had, so much is copied at a time.
const COPY: usize = 64 * 1024;

impl Unsent {
    /// How much isn't sent.
    pub(super) fn left(&self) -> u64 {
        (self.bytes.len() - self.sent) as u64 + self.file.as_ref().map_or(0, |part| part.left)
    }

    /// Sends what the peer takes.
    fn go(&mut self, stream: &Stream) -> Result<Progress> {
        while self.sent < self.bytes.len() {
            match stream.try_write(&self.bytes[self.sent..]) {
                Ok(sent) => self.sent += sent,
                Err(error) if error.would_block() => return Ok(Progress::Blocked),
                Err(error) => return Err(error),
            }
        }
        let Some(part) = &mut self.file else { return Ok(Progress::Done) };
        // However long the file takes, they aren't needed any more.
        (self.bytes, self.sent, self.share) = (Vec::new(), 0, None);
        part.go(stream)
    }

    /// It is sent, or won't be: its memory is free before the log hears of it, which may take its time.
    pub(super) fn forget(&mut self) {
        (self.bytes, self.sent, self.share, self.file) = (Vec::new(), 0, None, None);
    }

    /// How a connection waits for room to write it.
    pub(super) fn wait(&self) -> Wait {
        if self.share.is_some() { Wait::WriteKept } else { Wait::Write }
    }
}

impl<H: Handler> Turn<'_, '_, H> {
    /// Sends what is ready, and goes on when all of it is sent.
    pub(super) fn send(&mut self, next: Next) -> ControlFlow<Verdict> {
        let bytes = &mut self.output.bytes;
        if !bytes.is_empty() || self.file.is_some() {
            let sent = match self.conn.stream.try_write(bytes) {
                Ok(sent) => sent,
                Err(error) if error.would_block() => 0,
                Err(error) => {
                    let left = bytes.len() as u64 + self.file.as_ref().map_or(0, |part| part.left);
                    self.service.log_kept(&self.conn.peer, self.kept.as_deref(), left, Some(error));
                    return ControlFlow::Break(Verdict::Close);
                }
            };
            if sent < bytes.len() || self.file.is_some() {
                let unsent = self.keep_unsent(sent, next);
                self.conn.state.phase = Phase::Write(Box::new(unsent));
                return ControlFlow::Continue(());
            }
            bytes.clear();
            if let Some(kept) = self.kept.take() {
                self.service.log_kept(&self.conn.peer, Some(&kept), 0, None);
            }
        }
        self.proceed(next)
    }

    /// What is left of the output behind so many bytes. It is counted, and may cost others theirs.
    fn keep_unsent(&mut self, sent: usize, next: Next) -> Unsent {
        let output = &mut self.output.bytes;
        // Much leaves with its buffer; little is copied, and the thread keeps its buffer.
        let (bytes, sent) = match output.len() - sent > KEEP {
            true => (mem::take(output), sent),
            false => (output[sent..].to_vec(), 0),
        };
        output.clear();
        let (file, kept) = (self.file.take(), self.kept.take());
        let share = (!bytes.is_empty())
            .then(|| self.service.backlog.add(bytes.capacity(), || self.desk.end_longest(Wait::WriteKept)));
        Unsent { bytes, sent, file, next, kept, share, waits: None }
    }

    /// Goes on sending.
    pub(super) fn resume(&mut self, mut unsent: Box<Unsent>) -> ControlFlow<Verdict, Next> {
        let outcome = unsent.go(&self.conn.stream);
        let left = unsent.left();
        let outcome = match outcome {
            Ok(Progress::Blocked) => {
                let (since, then) = *unsent.waits.get_or_insert((self.desk.now(), left));
                let waited = self.desk.now().saturating_duration_since(since);
                match self.service.settings.write_patience(then - left, waited) {
                    Some(Duration::ZERO) => Err(too_slow()),
                    _ => Ok(Verdict::Park(unsent.wait())),
                }
            }
            Ok(Progress::Paused) => Ok(Verdict::Again),
            Ok(Progress::Done) => {
                unsent.forget();
                self.service.log_kept(&self.conn.peer, unsent.kept.as_deref(), 0, None);
                // Whatever has come meanwhile would have the kernel answer by a reset.
                return ControlFlow::Continue(match unsent.next {
                    Next::Close => Next::Linger,
                    next => next,
                });
            }
            Err(error) => Err(error),
        };
        let verdict = match outcome {
            Ok(verdict) => verdict,
            Err(error) => {
                break_off(&self.conn.stream);
                unsent.forget();
                self.service.log_kept(&self.conn.peer, unsent.kept.as_deref(), left, Some(error));
                return ControlFlow::Break(Verdict::Close);
            }
        };
        let state = &mut self.conn.state;
        // While it is parked for writing, nobody notes what can be read.
        state.unsure = true;
        state.phase = Phase::Write(unsent);
        ControlFlow::Break(verdict)
    }
}

impl FilePart {
    fn go(&mut self, stream: &Stream) -> Result<Progress> {
        let mut turn = TURN;
        while self.left > 0 {
            let most = usize::try_from(self.left).map_or(turn, |left| left.min(turn));
            match self.send(stream, most) {
                // The head promised more than the file has.
                Ok(0) => return Err(Error::new(ErrorKind::UnexpectedEof, "the file ended before its end")),
                Ok(sent) => {
                    self.offset += sent as u64;
                    self.left -= sent as u64;
                    turn -= sent.min(turn);
                }
                Err(error) if error.would_block() => return Ok(Progress::Blocked),
                Err(error) => return Err(error),
            }
            if turn == 0 && self.left > 0 {
                return Ok(Progress::Paused);
            }
        }
        Ok(Progress::Done)
    }

    fn send(&self, stream: &Stream, most: usize) -> Result<usize> {
        match stream.try_send_file(&self.file, self.offset, most) {
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                let mut copy = vec![0; most.min(COPY)];
                let read = sys::read_at(&self.file, &mut copy, self.offset)?;
                if read == 0 {
                    return Ok(0);
                }
                stream.try_write(&copy[..read])
            }
            sent => sent,
        }
    }

    /// Appends all of it to `out`; false if the file is shorter.
    pub(super) fn read_whole(&self, out: &mut Vec<u8>) -> Result<bool> {
        let start = out.len();
        let length = usize::try_from(self.left).unwrap_or(usize::MAX);
        out.resize(start + length, 0);
        let mut read = 0;
        while read < length {
            match sys::read_at(&self.file, &mut out[start + read..], self.offset + read as u64)? {
                0 => {
                    out.truncate(start);
                    return Ok(false);
                }
                more => read += more,
            }
        }
        Ok(true)
    }
}

/// What the log is told of an answer that is broken off.
pub(super) fn ended_by(why: Expiry) -> Error {
    match why {
        Expiry::Time => too_slow(),
        Expiry::Memory => Error::new(ErrorKind::OutOfResources, "too much waits in memory for its readers"),
        Expiry::Shutdown => Error::new(ErrorKind::Cancelled, "the server ended before the answer was read"),
    }
}

/// What the log is told of a peer that doesn't read.
fn too_slow() -> Error {
    Error::new(ErrorKind::TimedOut, "the peer took too long to read the answer")
}
