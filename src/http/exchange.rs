//! What a request and its answer share: the connection, and what each must know of the other.

use std::{
    cell::{Cell, OnceCell},
    time::{Duration, Instant},
};

use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    server::engine::service::Conn,
    socket::{Address, MSG_DONTWAIT, MSG_PEEK, Shutdown},
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
    /// How much of the answer was taken since it was first waited for, and how long that was.
    pub(super) taken: Cell<(u64, Duration)>,
    pub(super) broken: Cell<Option<Broken>>,
    /// How long a peer that may have gone is borne with, by [`look_for_peer`](Self::look_for_peer).
    pub(super) looks: Cell<u32>,
    /// What the log shall say of an answer that is none of an error's.
    pub(super) remark: OnceCell<Error>,
}

/// 64 looks at a peer that sends no more.
const LOOKS: u32 = 1024;

/// An answer that could not be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Broken {
    pub(super) kind: ErrorKind,
    /// So many bytes of it.
    pub(super) unsent: u64,
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
        let asked = Asked { http11: true, keep_alive: false, head_only: false };
        let exchange = Exchange::new(conn, service, date, asked);
        exchange.unread.set(Unread::Lost);
        exchange
    }

    /// Of a request without a body.
    pub(super) fn new<H>(
        conn: &'a Conn<State>,
        service: &'a HttpService<H>,
        date: &'a [u8; 29],
        asked: Asked,
    ) -> Exchange<'a> {
        Exchange {
            stream: &conn.stream,
            peer: &conn.peer,
            settings: &service.settings,
            waits: &service.waits,
            date,
            asked,
            awaits_continue: Cell::new(false),
            unread: Cell::new(Unread::Nothing),
            started: Cell::new(false),
            waited: Cell::default(),
            taken: Cell::default(),
            broken: Cell::new(None),
            looks: Cell::new(LOOKS),
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

    /// Sends a part of the answer, waiting as long as the peer makes progress. After an error nothing more is sent.
    pub(super) fn send(&self, mut bytes: &[u8]) -> Result<()> {
        self.started.set(true);
        let outcome = match self.broken.get() {
            Some(broken) => Err(broken.kind.into()),
            None => self.push(&mut bytes),
        };
        if let Err(error) = &outcome {
            self.lose(error.kind(), bytes.len());
        }
        outcome
    }

    /// So much of the answer will never be sent.
    pub(super) fn lose(&self, kind: ErrorKind, bytes: usize) {
        let broken = self.broken.get().unwrap_or(Broken { kind, unsent: 0 });
        self.broken.set(Some(Broken { unsent: broken.unsent + bytes as u64, ..broken }));
    }

    /// The server's time may be over where nothing has to be waited for.
    fn check_cancel(&self) -> Result<()> {
        self.stream.socket().check_cancel()
    }

    /// The same for a piece of the answer that isn't sent now.
    pub(super) fn heed_end(&self) -> Result<()> {
        self.check_cancel().inspect_err(|error| self.lose(error.kind(), 0))
    }

    /// An error once the peer has gone, for an answer whose body isn't sent. One that sends no more may still wait for
    /// answers, and behind bytes that nobody reads its end can't be seen: either is borne for a while, not for ever.
    pub(super) fn look_for_peer(&self) -> Result<()> {
        let cost = match self.stream.socket().recv_with_flags(&mut [0], MSG_PEEK | MSG_DONTWAIT) {
            Ok(0) => 16,
            Ok(_) => 1,
            Err(error) if error.would_block() => return Ok(()),
            Err(error) => {
                self.lose(error.kind(), 0);
                return Err(error);
            }
        };
        self.looks.set(self.looks.get().saturating_sub(cost));
        if self.looks.get() == 0 { Err(ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    /// Sends that; what is left after an error stays.
    fn push(&self, bytes: &mut &[u8]) -> Result<()> {
        // A reader that keeps up would never let it wait.
        self.check_cancel()?;
        while !bytes.is_empty() {
            let sent = match self.stream.try_write(bytes) {
                Err(error) if error.would_block() => self.push_waiting(bytes)?,
                sent => sent?,
            };
            let (taken, waited) = self.taken.get();
            if !waited.is_zero() {
                self.taken.set((taken + sent as u64, waited));
            }
            *bytes = &bytes[sent..];
        }
        Ok(())
    }

    /// Sends some of it once the peer takes more, unless it is given up in favour of others.
    fn push_waiting(&self, bytes: &[u8]) -> Result<usize> {
        let too_many = || Error::new(ErrorKind::OutOfResources, "too many answers wait for their readers");
        let waiting = self.waits.begin(self.stream.socket(), Shutdown::Both).ok_or_else(too_many)?;
        let (taken, waited) = self.taken.get();
        let began = Instant::now();
        let patience = self.settings.write_patience(taken, waited);
        let sent = self.stream.write_by(bytes, Deadline::after(patience));
        self.taken.set((taken, waited + began.elapsed()));
        if waiting.is_given_up() { Err(too_many()) } else { sent }
    }

    /// Reads more of the request's body into a buffer that isn't empty; waits for it, unless it is
    /// given up in favour of others.
    pub(super) fn receive(&self, buf: &mut [u8]) -> Result<usize, Refusal> {
        let lost = |error: Error| Refusal::BodyLost(error.kind());
        if self.awaits_continue.take() && !self.started.get() {
            self.push(&mut &*CONTINUE).map_err(lost)?;
        }
        // Nor a sender that is always ahead.
        self.check_cancel().map_err(lost)?;
        let (received, waited) = self.waited.get();
        let (read, waited) = match self.stream.try_read(buf) {
            Ok(read) => (read, waited),
            Err(error) if error.would_block() => {
                let waiting = self.waits.begin(self.stream.socket(), Shutdown::Read);
                let waiting = waiting.ok_or(Refusal::TooManyUploads)?;
                let began = Instant::now();
                let patience = self.settings.body_patience(received, waited);
                let read = self.stream.read_by(buf, Deadline::after(patience));
                if waiting.is_given_up() {
                    return Err(Refusal::TooManyUploads);
                }
                match read {
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
