//! [`WireBody`]: a body as it comes from a connection, which then goes back to the pool.

use std::{
    os::fd::RawFd,
    sync::Arc,
    time::{Duration, Instant},
};

use ::http::HeaderMap;

use super::{
    connection::{Connection, Wait},
    pool::Pool,
    route::Route,
};
use crate::{
    error::{Error, ErrorKind, Result},
    urllib::term::Limit,
    wire::{body::Decoder, framing::Framing, limits::Limits},
};

/// From this size on a read goes straight to the caller's buffer.
const LARGE: usize = 8 * 1024;

/// Where a connection belongs when it isn't used.
pub(super) struct Home {
    pub(super) pool: Arc<Pool<Box<Connection>>>,
    pub(super) route: Route<'static>,
}

/// A body that is being read.
pub(in crate::urllib) struct WireBody {
    state: State,
    decoder: Decoder,
    /// How many bytes at the front of the connection's input are data.
    ///
    /// INVARIANT: while it is read and none are, the input is empty: all that came was decoded.
    ready: usize,
    /// How many bytes of framing follow these.
    after: usize,
    wait: Wait,
    trailers: Option<Box<HeaderMap>>,
}

enum State {
    Reading {
        conn: Box<Connection>,
        /// Where the connection goes after a clean end; `None` when it can't be used again.
        home: Option<Home>,
    },
    /// There is none: both sides go on in another protocol.
    Switched(Box<Connection>),
    /// All was read.
    Done,
    /// It broke off: the next read says why, and every further one that it did.
    Failed(ErrorKind, Option<Error>),
}

impl WireBody {
    pub(super) fn new(
        mut conn: Box<Connection>,
        framing: Framing,
        home: Option<Home>,
        wait: Wait,
    ) -> WireBody {
        conn.begin_body();
        let mut body = WireBody {
            state: State::Reading { conn, home },
            decoder: Decoder::new(framing, &Limits::DEFAULT),
            ready: 0,
            after: 0,
            wait,
            trailers: None,
        };
        // Some of it may have come with the head, or all; what is wrong with that is said by the first read.
        body.advance();
        body
    }

    /// The end of HTTP on that connection.
    pub(super) fn switched(conn: Box<Connection>, wait: Wait) -> WireBody {
        WireBody {
            state: State::Switched(conn),
            decoder: Decoder::new(Framing::None, &Limits::DEFAULT),
            ready: 0,
            after: 0,
            wait,
            trailers: None,
        }
    }

    /// The connection, if HTTP has ended on it, and how long each wait on it may take.
    pub(in crate::urllib) fn take_switched(&mut self) -> Option<(Box<Connection>, Option<Duration>)> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Switched(conn) => Some((conn, self.wait.each)),
            other => {
                self.state = other;
                None
            }
        }
    }

    pub(in crate::urllib) fn bytes_left(&self) -> Option<u64> {
        match self.state {
            State::Done | State::Switched(_) => Some(0),
            _ => self.decoder.remaining_hint().map(|left| left + self.ready as u64),
        }
    }

    /// Reads the rest, if it is known to be that short and comes soon: then the connection can be used again.
    pub(in crate::urllib) fn drain(&mut self, mut bytes: u64, patience: Duration) {
        let promised = self.bytes_left().is_some_and(|left| left > bytes);
        if promised || matches!(self.decoder, Decoder::UntilClose) {
            return;
        }
        self.wait = self.wait.within(Limit::Wait, Some(patience));
        while let Ok(1..) = self.fill_buf().map(<[u8]>::len) {
            let Some(left) = bytes.checked_sub(self.ready as u64) else { return };
            bytes = left;
            self.consume(self.ready);
        }
    }

    /// The socket's descriptor, while it is read.
    pub(in crate::urllib) fn fileno(&self) -> RawFd {
        match &self.state {
            State::Reading { conn, .. } | State::Switched(conn) => conn.fileno(),
            State::Done | State::Failed(..) => -1,
        }
    }

    pub(in crate::urllib) fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_deref()
    }

    pub(in crate::urllib) fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        if buf.len() >= LARGE && self.ready == 0 {
            let n = self.read_large(buf);
            if n > 0 {
                return Ok(n);
            }
        }
        let ready = self.fill_buf()?;
        let n = ready.len().min(buf.len());
        buf[..n].copy_from_slice(&ready[..n]);
        self.consume(n);
        Ok(n)
    }

    pub(in crate::urllib) fn fill_buf(&mut self) -> Result<&[u8]> {
        while self.ready == 0 {
            match &mut self.state {
                State::Done | State::Switched(_) => return Ok(&[]),
                State::Failed(kind, why) => return Err(why.take().unwrap_or_else(|| broken(*kind))),
                State::Reading { conn, .. } => match conn.fill(self.wait) {
                    Ok(0) => self.end(),
                    Ok(_) => self.advance(),
                    Err(error) => self.fail(error),
                },
            }
        }
        match &self.state {
            State::Reading { conn, .. } => Ok(&conn.input.bytes()[..self.ready]),
            // Data are ready only while it is read.
            _ => Ok(&[]),
        }
    }

    pub(in crate::urllib) fn consume(&mut self, amount: usize) {
        let amount = amount.min(self.ready);
        self.ready -= amount;
        if let State::Reading { conn, .. } = &mut self.state {
            conn.input.consume(amount);
            if self.ready == 0 && amount > 0 {
                self.advance();
            }
        }
    }

    /// Receives into the caller's buffer and decodes there. Gives 0 when there is nothing to receive:
    /// `fill_buf` knows why.
    fn read_large(&mut self, buf: &mut [u8]) -> usize {
        loop {
            let State::Reading { conn, home } = &mut self.state else { return 0 };
            let received = match conn.receive(buf, self.wait) {
                Ok(n) => n,
                Err(error) => {
                    self.fail(error);
                    return 0;
                }
            };
            if received == 0 {
                self.end();
                return 0;
            }
            match self.decoder.compact(&mut buf[..received]) {
                Ok(compacted) => {
                    if compacted.consumed < received {
                        // Bytes beyond the end: whose they are, nobody knows.
                        *home = None;
                    }
                    self.settle();
                    if compacted.written > 0 {
                        return compacted.written;
                    }
                }
                Err(error) => self.fail(error.into()),
            }
        }
    }

    /// Finds the next data in what is buffered, or the end.
    fn advance(&mut self) {
        let State::Reading { conn, .. } = &mut self.state else { return };
        conn.input.consume(std::mem::take(&mut self.after));
        while self.ready == 0 && !conn.input.is_empty() && !self.decoder.is_done() {
            match self.decoder.decode(conn.input.bytes()) {
                Ok(step) if step.data.is_empty() => conn.input.consume(step.consumed),
                Ok(step) => {
                    self.ready = step.data.len();
                    self.after = step.consumed - step.data.end;
                    conn.input.consume(step.data.start);
                }
                Err(error) => return self.fail(error.into()),
            }
        }
        self.settle();
    }

    /// Gives the connection back once all was decoded and read.
    fn settle(&mut self) {
        if self.ready > 0 || !self.decoder.is_done() {
            return;
        }
        if let State::Reading { conn, home } = std::mem::replace(&mut self.state, State::Done) {
            let trailers = self.decoder.trailers();
            self.trailers = (!trailers.is_empty()).then(|| Box::new(trailers));
            if let Some(home) = home {
                home.take_back(conn);
            }
        }
    }

    /// The connection has ended.
    fn end(&mut self) {
        match self.decoder.finish() {
            Ok(()) => self.state = State::Done,
            Err(error) => self.fail(error.into()),
        }
    }

    fn fail(&mut self, error: Error) {
        let (kind, error) = (error.kind(), error.context("read the answer's body"));
        self.state = State::Failed(kind, Some(error));
        (self.ready, self.after) = (0, 0);
    }
}

/// A body that nobody read to its end gives its connection back if the rest is there already.
impl Drop for WireBody {
    fn drop(&mut self) {
        while let (State::Reading { .. }, true) = (&self.state, self.ready > 0) {
            self.consume(self.ready);
        }
    }
}

impl Home {
    /// Keeps a connection for the next request, if nothing is left in it.
    pub(super) fn take_back(self, mut conn: Box<Connection>) {
        conn.pace = None;
        if conn.input.is_empty() && conn.set_cancel(None).is_ok() {
            conn.shrink();
            self.pool.put(self.route, conn, Instant::now());
        }
    }
}

fn broken(kind: ErrorKind) -> Error {
    Error::new(kind, "the answer's body broke off before")
}
