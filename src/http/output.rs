//! Answers as bytes: one buffer for all pipelined answers of a connection, and the state of the current one.
//!
//! The head of an answer is written as the handler says it, and ended once its framing is known. Where that
//! takes the body's length, the body is collected behind the open head, and the missing lines are put between
//! them at the end: no second buffer, and nothing moves that is longer than [`COLLECT`].

use std::fs::File;

use ::http::StatusCode;

use crate::{
    error::{Error, ErrorKind, Result},
    wire::chunk::{CRLF, LAST_CHUNK, chunk_header},
};

use super::exchange::{Exchange, Written};

mod head;

use head::BodyFraming;

/// A body without a declared length is collected up to here before a framing is chosen for it.
pub(super) const COLLECT: usize = 16 * 1024;

/// The buffer isn't filled further before it is sent.
pub(super) const HIGH_WATER: usize = 64 * 1024;

/// Pieces from here on are a chunk of their own.
const OWN_CHUNK: usize = 4 * 1024;

/// The answers of a connection that aren't sent yet.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// INVARIANT: before `answer.start` there are only whole answers.
    pub(super) bytes: Vec<u8>,
    pub(super) answer: Answer,
}

/// The current answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Where it begins in the buffer; 0 once a part of it is sent.
    start: usize,
    stage: Stage,
    pub(super) status: StatusCode,
    /// The first thing that was wrong with the head.
    fault: Option<Error>,
    /// The `Content-Length` that the handler set.
    declared: Option<u64>,
    has_date: bool,
    has_server: bool,
    /// How much of the body there is when the head is ended.
    written: Written,
    /// The connection ends with this answer.
    pub(super) closes: bool,
    /// Its end is the connection's: an answer that isn't whole must not look like one.
    pub(super) until_close: bool,
    /// Bytes of the body so far.
    pub(super) size: u64,
}

/// How far the current answer is.
#[derive(Debug, Default)]
enum Stage {
    /// The handler has said nothing yet.
    #[default]
    Silent,
    /// Status and headers.
    Head,
    /// Length unknown: the body so far stands behind `head_end`, where the head still lacks its framing.
    Collecting {
        head_end: usize,
    },
    /// In answer to `HEAD`, length unknown: the body is counted and dropped, the head lacks its framing.
    Counting,
    /// So many bytes are to come.
    Sized {
        left: u64,
    },
    /// What stands behind `open` isn't framed as a chunk yet.
    Chunked {
        open: usize,
    },
    UntilClose,
    /// In answer to `HEAD`: dropped.
    Dropped,
    /// The status allows none.
    Forbidden,
    /// The file goes out behind the buffer.
    File(FilePart),
}

/// Bytes of a file that are to be sent.
#[derive(Debug)]
pub(super) struct FilePart {
    pub(super) file: File,
    pub(super) offset: u64,
    pub(super) left: u64,
}

impl Answer {
    /// Bytes of the body that are sent: none in answer to `HEAD`.
    pub(super) fn size_sent(&self, exchange: &Exchange<'_>) -> u64 {
        let unsent = exchange.broken.get().map_or(0, |broken| broken.unsent);
        if exchange.asked.head_only { 0 } else { self.size.saturating_sub(unsent) }
    }
}

impl Output {
    /// Begins a new answer behind those that are there.
    pub(super) fn begin(&mut self) {
        self.answer = Answer { start: self.bytes.len(), ..Answer::default() };
    }

    /// Takes the current answer back, as far as it isn't sent.
    pub(super) fn take_back(&mut self) {
        self.bytes.truncate(self.answer.start);
        self.begin();
    }

    /// The whole answer with these bytes.
    pub(super) fn whole_body(&mut self, exchange: &Exchange<'_>, bytes: &[u8]) -> Result<()> {
        self.end_headers_with(exchange, bytes.len() as u64)?;
        match &mut self.answer.stage {
            Stage::Sized { left } => {
                *left = 0;
                self.answer.size = bytes.len() as u64;
                self.push_whole(exchange, bytes)
            }
            Stage::Dropped => {
                self.answer.size = bytes.len() as u64;
                Ok(())
            }
            _ => self.write(exchange, bytes),
        }
    }

    /// The whole answer with that part of a file.
    pub(super) fn file(&mut self, exchange: &Exchange<'_>, part: FilePart) -> Result<()> {
        self.end_headers_with(exchange, part.left)?;
        match self.answer.stage {
            Stage::Sized { .. } => {
                self.answer.size = part.left;
                self.answer.stage = Stage::File(part);
                Ok(())
            }
            Stage::Forbidden if part.left > 0 => Err(forbidden(self.answer.status)),
            _ => Ok(()),
        }
    }

    /// A piece of the body.
    pub(super) fn write(&mut self, exchange: &Exchange<'_>, data: &[u8]) -> Result<()> {
        if data.is_empty() {
            return Ok(());
        }
        let size = self.answer.size + data.len() as u64;
        let before = std::mem::replace(&mut self.answer.size, size);
        if matches!(self.answer.stage, Stage::Collecting { .. } | Stage::Counting | Stage::Dropped) {
            exchange.heed_end()?;
        }
        match &mut self.answer.stage {
            Stage::Collecting { head_end } => {
                if self.bytes.len() - *head_end + data.len() > COLLECT {
                    self.stream_on(exchange);
                    self.answer.size = before;
                    return self.write(exchange, data);
                }
                self.bytes.extend_from_slice(data);
            }
            Stage::Counting => {
                if size > COLLECT as u64 {
                    self.stream_on(exchange);
                }
            }
            Stage::Sized { left } => match left.checked_sub(data.len() as u64) {
                Some(rest) => {
                    *left = rest;
                    self.push(exchange, data)?;
                }
                None => {
                    self.answer.closes = true;
                    self.answer.size = before;
                    return Err(Error::new(
                        ErrorKind::InvalidInput,
                        "the body is longer than its Content-Length",
                    ));
                }
            },
            Stage::Chunked { .. } => self.push_chunk(exchange, data)?,
            Stage::UntilClose => self.push(exchange, data)?,
            Stage::Dropped if size / HIGH_WATER as u64 > before / HIGH_WATER as u64 => {
                self.flush(exchange)?
            }
            Stage::Dropped => {}
            Stage::Forbidden => {
                self.answer.size = before;
                return Err(forbidden(self.answer.status));
            }
            Stage::Silent | Stage::Head | Stage::File(_) => {
                self.answer.size = before;
                return Err(Error::new(ErrorKind::InvalidInput, "there is no body to write to"));
            }
        }
        Ok(())
    }

    /// Sends what is there, the head included.
    pub(super) fn flush(&mut self, exchange: &Exchange<'_>) -> Result<()> {
        self.stream_on(exchange);
        self.close_chunk();
        self.send(exchange)?;
        match self.answer.stage {
            // Nothing follows that would tell whether anybody is there.
            Stage::Dropped => exchange.look_for_peer(),
            _ => Ok(()),
        }
    }

    /// Ends the answer once the handler has returned.
    pub(super) fn finish(&mut self, exchange: &Exchange<'_>) -> Result<Option<FilePart>> {
        if let Some(broken) = exchange.broken.get() {
            return Err(Error::from(broken.kind).context("send the answer"));
        }
        match std::mem::take(&mut self.answer.stage) {
            Stage::Silent => return Err(Error::new(ErrorKind::Other, "the handler sent no answer")),
            Stage::Head => return Err(Error::new(ErrorKind::Other, "the handler didn't end the head")),
            Stage::Collecting { head_end } => {
                let length = (self.bytes.len() - head_end) as u64;
                self.end_head_at(exchange, head_end, BodyFraming::Length(length));
            }
            Stage::Counting => self.end_head(exchange, BodyFraming::Length(self.answer.size)),
            Stage::Sized { left: 0 } => {}
            Stage::Sized { .. } => {
                return Err(Error::new(
                    ErrorKind::UnexpectedEof,
                    "the body isn't as long as its Content-Length",
                ));
            }
            Stage::Chunked { open } => {
                self.answer.stage = Stage::Chunked { open };
                self.close_chunk();
                self.bytes.extend_from_slice(LAST_CHUNK);
            }
            Stage::File(part) => return Ok(Some(part)),
            Stage::UntilClose | Stage::Dropped | Stage::Forbidden => {}
        }
        Ok(None)
    }

    /// Chooses a framing for a body of unknown length, if that isn't done.
    fn stream_on(&mut self, exchange: &Exchange<'_>) {
        let framing = if exchange.asked.http11 { BodyFraming::Chunked } else { BodyFraming::UntilClose };
        match self.answer.stage {
            Stage::Collecting { head_end } => {
                self.answer.written = Written::Beginning;
                let body_at = self.end_head_at(exchange, head_end, framing);
                self.answer.stage = match framing {
                    BodyFraming::Chunked => Stage::Chunked { open: body_at },
                    _ => Stage::UntilClose,
                };
            }
            Stage::Counting => {
                self.end_head(exchange, framing);
                self.answer.stage = Stage::Dropped;
            }
            _ => {}
        }
    }

    /// Bytes that are framed already.
    fn push(&mut self, exchange: &Exchange<'_>, mut data: &[u8]) -> Result<()> {
        while self.bytes.len() + data.len() > HIGH_WATER {
            if self.bytes.is_empty() {
                return exchange.send(data);
            }
            // A full buffer and the rest by itself: fewer sends than a short head and a long body.
            let room = HIGH_WATER.saturating_sub(self.bytes.len()).min(data.len());
            let (now, later) = data.split_at(room);
            self.bytes.extend_from_slice(now);
            data = later;
            self.send(exchange).inspect_err(|error| exchange.lose(error.kind(), data.len()))?;
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    /// The whole body: a long one is sent without being copied, as far as the peer takes it now.
    fn push_whole(&mut self, exchange: &Exchange<'_>, data: &[u8]) -> Result<()> {
        let mut sent = 0;
        if data.len() >= HIGH_WATER {
            // What is left of the head's buffer goes along, so that a short head isn't sent by itself.
            let along = HIGH_WATER.saturating_sub(self.bytes.len());
            self.bytes.extend_from_slice(&data[..along]);
            let lost = |sent: usize| move |error: &Error| exchange.lose(error.kind(), data.len() - sent);
            let first = exchange.try_send(&self.bytes).inspect_err(lost(0))?;
            self.bytes.drain(..first);
            self.answer.start = 0;
            sent = along;
            if self.bytes.is_empty() {
                sent += exchange.try_send(&data[along..]).inspect_err(lost(along))?;
            }
        }
        self.bytes.extend_from_slice(&data[sent..]);
        Ok(())
    }

    fn push_chunk(&mut self, exchange: &Exchange<'_>, data: &[u8]) -> Result<()> {
        if data.len() < OWN_CHUNK {
            if self.bytes.len() + data.len() > HIGH_WATER {
                self.close_chunk();
                self.send(exchange).inspect_err(|error| exchange.lose(error.kind(), data.len()))?;
            }
            self.bytes.extend_from_slice(data);
            return Ok(());
        }
        self.close_chunk();
        chunk_header(&mut self.bytes, data.len());
        self.push(exchange, data)?;
        self.bytes.extend_from_slice(CRLF);
        self.answer.stage = Stage::Chunked { open: self.bytes.len() };
        Ok(())
    }

    /// Frames what stands behind `open` as a chunk.
    fn close_chunk(&mut self) {
        let Stage::Chunked { open } = self.answer.stage else { return };
        let end = self.bytes.len();
        if end > open {
            chunk_header(&mut self.bytes, end - open);
            let line = self.bytes.len() - end;
            self.bytes[open..].rotate_right(line);
            self.bytes.extend_from_slice(CRLF);
        }
        self.answer.stage = Stage::Chunked { open: self.bytes.len() };
    }

    fn send(&mut self, exchange: &Exchange<'_>) -> Result<()> {
        let sent = exchange.send(&self.bytes);
        self.bytes.clear();
        self.answer.start = 0;
        if let Stage::Chunked { open } = &mut self.answer.stage {
            *open = 0;
        }
        sent
    }
}

fn misuse(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

fn forbidden(status: StatusCode) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("an answer with status {} has no body", status.as_str()))
}
