//! What a request and its answer share: the connection, and what each must know of the other.

use std::{
    cell::{Cell, OnceCell},
    time::{Duration, Instant},
};

use crate::{
    deadline::Deadline,
    error::{Error, Result},
    server::engine::service::Conn,
    socket::Address,
    stream::Stream,
    wire::body::BodyError,
};

use super::{connection::State, refusal::Refusal, service::HttpService, settings::Settings, waits::Waits};

/// How much of a request's body isn't here yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// All is here.
    Nothing,
    /// So many bytes are to come.
    Bytes(u64),
    /// Chunks: nobody knows.
    Unknown,
    /// The body is broken: nobody knows where the next request begins.
    Lost,
}

/// How much of an answer the handler has written when its head is ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Written {
    #[default]
    Whole,
    /// More of the body may come.
    Beginning,
}

/// Past so many unread bytes of a request's body the connection closes instead of reading them all.
pub(super) const DRAIN: u64 = 256 * 1024;

/// Peers must take so many bytes within the time for writing.
const PIECE: usize = 64 * 1024;

/// What a request and its answer share.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    pub(super) stream: &'a Stream,
    pub(super) peer: &'a Address,
    pub(super) settings: &'a Settings,
    pub(super) waits: &'a Waits,
    /// The value of `Date`.
    pub(super) date: &'a [u8; 29],
    /// What the request's head asks of the answer.
    pub(super) asked: Asked,
    /// The peer waits for `100 Continue` before it sends the body.
    pub(super) awaits_continue: Cell<bool>,
    pub(super) unread: Cell<Unread>,
    /// Part of the answer is sent: it can't be taken back.
    pub(super) started: Cell<bool>,
    /// How much of the body was waited for, and for how long.
    pub(super) waited: Cell<(u64, Duration)>,
    /// What the log shall say of an answer that is none of an error's.
    pub(super) remark: OnceCell<Error>,
}

/// What the request's head asks of the answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// `HTTP/1.1`: chunks are understood, and connections stay open unless said otherwise.
    pub(super) http11: bool,
    /// The connection shall stay open.
    pub(super) keep_alive: bool,
    /// `HEAD`: no body.
    pub(super) head_only: bool,
}

impl<'a> Exchange<'a> {
    /// For an answer to what couldn't be understood; the connection closes after it.
    pub(super) fn refusal<H>(
        conn: &'a Conn<State>,
        service: &'a HttpService<H>,
        date: &'a [u8; 29],
    ) -> Exchange<'a> {
        Exchange {
            stream: &conn.stream,
            peer: &conn.peer,
            settings: &service.settings,
            waits: &service.waits,
            date,
            asked: Asked { http11: true, keep_alive: false, head_only: false },
            awaits_continue: Cell::new(false),
            unread: Cell::new(Unread::Lost),
            started: Cell::new(false),
            waited: Cell::default(),
            remark: OnceCell::new(),
        }
    }

    /// Whether the connection must close after the answer, whatever the handler wants. While the answer is being
    /// written, the handler may still read the rest of the body; if it doesn't, and there is too much of it to drain,
    /// the connection ends without the `close` that RFC 9112 §9.6 asks for.
    pub(super) fn must_close(&self, written: Written) -> bool {
        let unread = match (self.unread.get(), written) {
            (Unread::Bytes(left), Written::Whole) => left > DRAIN,
            (Unread::Nothing | Unread::Unknown | Unread::Bytes(_), _) => false,
            (Unread::Lost, _) => true,
        };
        !self.asked.keep_alive || unread || self.awaits_continue.get()
    }

    /// Sends what the peer takes of that without waiting; how much that was.
    pub(super) fn try_send(&self, bytes: &[u8]) -> Result<usize> {
        self.started.set(true);
        match self.stream.try_write(bytes) {
            Err(error) if error.would_block() => Ok(0),
            sent => sent,
        }
    }

    /// Sends a part of the answer, waiting as long as the peer makes progress.
    pub(super) fn send(&self, mut bytes: &[u8]) -> Result<()> {
        self.started.set(true);
        while !bytes.is_empty() {
            bytes = match self.stream.try_write(bytes) {
                Ok(sent) => &bytes[sent..],
                Err(error) if error.would_block() => {
                    let (piece, rest) = bytes.split_at(bytes.len().min(PIECE));
                    self.stream.write_all_by(piece, Deadline::after(self.settings.write_time))?;
                    rest
                }
                Err(error) => return Err(error),
            };
        }
        Ok(())
    }

    /// Reads more of the request's body into a buffer that isn't empty; waits for it, if not too many threads do.
    pub(super) fn receive(&self, buf: &mut [u8]) -> Result<usize, Refusal> {
        let lost = |error: Error| Refusal::BodyLost(error.kind());
        if self.awaits_continue.take() && !self.started.get() {
            self.stream.write_all_by(CONTINUE, Deadline::after(self.settings.write_time)).map_err(lost)?;
        }
        let (received, waited) = self.waited.get();
        let (read, waited) = match self.stream.try_read(buf) {
            Ok(read) => (read, waited),
            Err(error) if error.would_block() => {
                let _waiting = self.waits.begin().ok_or(Refusal::TooManyUploads)?;
                let began = Instant::now();
                let patience = self.settings.body_patience(received, waited);
                match self.stream.read_by(buf, Deadline::after(patience)) {
                    Ok(read) => (read, waited + began.elapsed()),
                    Err(error) if error.is_timeout() => return Err(Refusal::BodyTimeout),
                    Err(error) => return Err(lost(error)),
                }
            }
            Err(error) => return Err(lost(error)),
        };
        self.waited.set((received + read as u64, waited));
        if read == 0 { Err(BodyError::Truncated.into()) } else { Ok(read) }
    }
}

/// What lets a peer send its body (RFC 9110 §15.2.1).
pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
