//! A request on its way out, with an ear for a server that answers before it has read all (RFC 9112 §9.5).
//!
//! The ear is used where sending would have to wait, and nowhere else: a request that the server takes costs no system
//! call more. What is heard then: interim answers, as ever; a refusal (300 and above), which ends the sending. After
//! any other answer the data go on, and nothing more is read before its time.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    mem,
    os::unix::fs::FileExt,
};

use ::http::StatusCode;

use super::{
    connection::{Connection, Wait, paced, read_full},
    receive::{Answer, Listener, Said, is_loss},
};
use crate::{
    error::{Error, ErrorKind, Result},
    socket::is_refusal,
    stream::{Buffer, Stream},
    sys::Interest,
    urllib::{
        Data,
        data::{Input, Sending, unread, wrong_data},
    },
    wire::{chunk, head::HeadScanner, trailer},
};

/// How much of data in memory, or of a file's, is copied behind the head, to go out in the same `send`.
const FIRST: usize = 32 * 1024;

/// How much of a reader's data travels at once. A quarter of that takes a fifth more time on loopback.
const PIECE: usize = 128 * 1024;

/// A piece of a reader's data needs at most so many bytes of framing before it.
const CHUNK_HEADER: usize = 18;

/// A file's bytes that go out between two looks at the clock.
const FILE_PIECE: u64 = 1024 * 1024;

/// Why it didn't go out whole.
pub(super) enum Stop {
    Failed(Error),
    /// The server doesn't want the rest.
    Refused(Box<Answer>),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Failed(error)
    }
}

impl Stop {
    /// How much went out doesn't matter: a reader can't be read again, and a head that went ahead was read.
    pub(super) fn after_something(self) -> Stop {
        match self {
            Stop::Failed(error) => Stop::Failed(error.after_sending(None::<usize>)),
            refused => refused,
        }
    }
}

/// Sends the head, which is in `output` unless it went ahead, and the data.
pub(super) fn send(
    conn: &mut Connection,
    listener: &mut Listener<'_>,
    data: Option<&mut Data>,
    wait: Wait,
) -> Result<(), Stop> {
    conn.begin_body();
    let ear = Ear { listener, scanner: Some(HeadScanner::default()) };
    let sent = Upload { conn, ear, wait }.all(data);
    conn.pace = None;
    sent
}

struct Upload<'a, 'l> {
    conn: &'a mut Connection,
    ear: Ear<'a, 'l>,
    wait: Wait,
}

/// What hears the server meanwhile.
struct Ear<'a, 'l> {
    listener: &'a mut Listener<'l>,
    /// Of the head that is coming; nothing once there is no more to hear.
    scanner: Option<HeadScanner>,
}

impl Upload<'_, '_> {
    fn all(&mut self, data: Option<&mut Data>) -> Result<(), Stop> {
        let sending = match data {
            Some(data) => data.send()?,
            None => Sending::Bytes(&[]),
        };
        match sending {
            Sending::Bytes(bytes) => {
                let head = self.conn.output.len();
                let (first, rest) = bytes.split_at(bytes.len().min(FIRST));
                self.conn.output.extend_from_slice(first);
                self.output()?;
                self.bytes(rest, head + first.len())
            }
            Sending::Sized(reader, length) => self.sized(reader, length),
            Sending::Chunked(reader) => self.chunked(reader),
        }
    }

    fn sized(&mut self, mut reader: Input, length: u64) -> Result<(), Stop> {
        // All but a file's first piece goes by `sendfile`, where there is such a thing.
        let most = if matches!(reader, Input::File(_)) { FIRST } else { PIECE };
        let room = |left| usize::try_from(left).map_or(most, |left: usize| left.min(most));
        let mut left = length;
        // The first piece goes with the head. Its buffer serves the others: cleared and made longer again, it would be
        // filled with zeros each time.
        let mut piece = mem::take(&mut self.conn.output);
        let mut head = piece.len();
        piece.resize(head + room(left), 0);
        loop {
            let want = room(left);
            let got = read_full(&mut reader, &mut piece[head..head + want])?;
            if got < want {
                let message = format!("the request's data ended {} bytes early", left - got as u64);
                return Err(wrong_data(ErrorKind::UnexpectedEof, message).into());
            }
            left -= got as u64;
            self.bytes(&piece[..head + want], 0).map_err(Stop::after_something)?;
            head = 0;
            reader = match reader {
                Input::File(mut file) if left > FIRST as u64 => {
                    left -= self.file(&mut file, left).map_err(Stop::after_something)?;
                    // What didn't go this way is read.
                    Input::Other(Box::new(file))
                }
                reader => reader,
            };
            if left == 0 {
                piece.clear();
                self.conn.output = piece;
                return Ok(());
            }
        }
    }

    fn chunked(&mut self, mut reader: Input) -> Result<(), Stop> {
        let mut piece = vec![0; PIECE];
        loop {
            // Not filled up: what the reader has goes out, so that a slow one can hold a conversation.
            let got = match reader.read(&mut piece) {
                Ok(got) => got.min(PIECE),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unread(error).into()),
            };
            if got == 0 {
                trailer::last_chunk(&mut self.conn.output, &reader.into_trailers()?);
                return self.output().map_err(Stop::after_something);
            }
            self.conn.output.reserve(got + CHUNK_HEADER);
            chunk::chunk(&mut self.conn.output, &piece[..got]);
            self.output().map_err(Stop::after_something)?;
        }
    }

    /// Sends what is in `output`.
    fn output(&mut self) -> Result<(), Stop> {
        let mut output = mem::take(&mut self.conn.output);
        let sent = self.bytes(&output, 0);
        output.clear();
        self.conn.output = output;
        sent
    }

    /// Sends all of it; so much has gone before.
    fn bytes(&mut self, bytes: &[u8], before: usize) -> Result<(), Stop> {
        let mut sent = 0;
        while sent < bytes.len() {
            match self.step(|stream| stream.try_write(&bytes[sent..])) {
                Ok(n) => sent += n,
                Err(Stop::Failed(error)) => return Err(error.after_sending(before + sent).into()),
                Err(refused) => return Err(refused),
            }
        }
        Ok(())
    }

    /// Sends so many bytes of a file from where it stands, by `sendfile(2)`, and says how many: fewer where it ends, or
    /// where the system has no such way. It stands behind them then.
    fn file(&mut self, file: &mut File, length: u64) -> Result<u64, Stop> {
        let Ok(start) = file.stream_position() else { return Ok(0) };
        // The call has no flag against waiting.
        self.conn.stream.socket().ensure_nonblocking()?;
        let mut sent = 0;
        while sent < length {
            let piece = (length - sent).min(FILE_PIECE) as usize;
            match self.step(|stream| stream.try_send_file(file, start + sent, piece)) {
                Ok(0) => break,
                Ok(n) => sent += n as u64,
                Err(Stop::Failed(error)) if is_refusal(&error) => break,
                Err(Stop::Failed(error)) if is_loss(&error) => {
                    // A file system over a network, or FUSE, can be as lost as a connection.
                    file.read_at(&mut [0], start + sent).map_err(unread)?;
                    return Err(error.into());
                }
                Err(stop) => return Err(stop),
            }
        }
        file.seek(SeekFrom::Start(start + sent)).map_err(unread)?;
        Ok(sent)
    }

    /// Sends some bytes; waits for room for one, and listens while it waits.
    fn step(&mut self, mut attempt: impl FnMut(&Stream) -> Result<usize>) -> Result<usize, Stop> {
        // Without this a server that always has room for more would never be seen to be late.
        self.wait.term.check()?;
        let Connection { stream, input, pace, cancel, .. } = &mut *self.conn;
        let mut heard = None;
        let sent = paced(pace, self.wait, |until| {
            loop {
                if let Some(cancel) = cancel {
                    cancel.check()?;
                }
                match attempt(stream) {
                    Err(error) if error.would_block() => {
                        stream.socket().wait_by(self.ear.interest(), until)?;
                    }
                    outcome => return outcome,
                }
                heard = self.ear.hear(stream, input)?;
                if heard.is_some() {
                    return Ok(0);
                }
            }
        });
        match (sent, heard) {
            (Ok(_), Some(answer)) => Err(Stop::Refused(answer)),
            (outcome, _) => Ok(outcome?),
        }
    }
}

impl Ear<'_, '_> {
    fn interest(&self) -> Interest {
        if self.scanner.is_some() { Interest::Either } else { Interest::Write }
    }

    /// What has come, if it is a refusal. A connection's end is left for those to find who send, or read the answer.
    fn hear(&mut self, stream: &Stream, input: &mut Buffer) -> Result<Option<Box<Answer>>> {
        while let Some(scanner) = &mut self.scanner {
            match stream.try_read(input.room()) {
                Ok(0) => self.scanner = None,
                Ok(n) => {
                    input.filled(n);
                    if scanner.scan(input.bytes(), self.listener.limits) {
                        if let Some(answer) = self.understand(input)? {
                            return Ok(Some(answer));
                        }
                    }
                }
                Err(error) if error.would_block() => return Ok(None),
                Err(_) => self.scanner = None,
            }
        }
        Ok(None)
    }

    /// The heads in the buffer. One that doesn't end the sending stays for who waits for it.
    fn understand(&mut self, input: &mut Buffer) -> Result<Option<Box<Answer>>> {
        while let Some((said, length)) = self.listener.parse(input.bytes())? {
            match said {
                Said::Interim(_) => self.scanner = Some(HeadScanner::default()),
                Said::Final(answer) if answer.head.status < StatusCode::MULTIPLE_CHOICES => {
                    self.scanner = None;
                    return Ok(None);
                }
                Said::Final(answer) => {
                    input.consume(length);
                    return Ok(Some(Box::new(answer)));
                }
            }
            input.consume(length);
        }
        Ok(None)
    }
}
