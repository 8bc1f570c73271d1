//! The body of a request, as its handler reads it.

use std::{
    io::{self, BufRead, Read},
    ops::Range,
};

use crate::{
    error::{Error, Result},
    wire::body::{BodyError, Decoder},
};

use super::{
    exchange::{Exchange, Unread},
    refusal::Refusal,
};

/// What is read at a time.
const READ: usize = 64 * 1024;

/// Reads of that size go straight into the reader's own buffer.
const DIRECT: usize = 8 * 1024;

/// The body of a request: first what came together with the head, then what the connection gives.
#[derive(Debug)]
pub(super) struct Input<'a> {
    exchange: &'a Exchange<'a>,
    decoder: Decoder,
    source: Source,
    /// What came with the head; behind the body other requests may stand here.
    first: &'a [u8],
    /// The thread's buffer for what comes later; INVARIANT: `filled <= later.len()`.
    later: &'a mut Vec<u8>,
    filled: usize,
    /// Bytes of the source that the decoder is done with.
    at: usize,
    /// Data that the handler hasn't read; INVARIANT: `data.end <= at`.
    data: Range<usize>,
    /// Bytes that the body may still have.
    room: u64,
    /// What was wrong with the body; it stays so.
    refusal: Option<Refusal>,
}

/// Where the current bytes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    First,
    Later,
}

/// What is left of a body when its handler has returned.
#[derive(Debug)]
pub(super) enum Rest {
    /// It ended after so many bytes of those that came with the head.
    Ended(usize),
    /// It ended in the thread's buffer, and these bytes of that are behind it.
    EndedLater(Range<usize>),
    /// More is to come.
    Open(Decoder),
    /// It is broken.
    Lost,
}

impl<'a> Input<'a> {
    /// `first` is what came behind the head.
    pub(super) fn new(
        exchange: &'a Exchange<'a>,
        decoder: Decoder,
        first: &'a [u8],
        later: &'a mut Vec<u8>,
    ) -> Input<'a> {
        let room = exchange.settings.body;
        Input {
            exchange,
            decoder,
            source: Source::First,
            first,
            later,
            filled: 0,
            at: 0,
            data: 0..0,
            room,
            refusal: None,
        }
    }

    /// What is wrong with the body: the peer's answer, should the handler give up.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// Nothing more can be read of the body, and nobody knows where the next request begins.
    pub(super) fn reject(&mut self, refusal: Refusal) -> Error {
        self.refusal = Some(refusal);
        self.exchange.unread.set(Unread::Lost);
        refusal.into()
    }

    /// Ends reading: looks for the body's end in what is here.
    pub(super) fn finish(mut self) -> Rest {
        if self.refusal.is_some() {
            return Rest::Lost;
        }
        while !self.decoder.is_done() {
            match decode(&mut self.decoder, &raw(self.source, self.first, self.later, self.filled)[self.at..])
            {
                Ok((0, _)) => return Rest::Open(self.decoder),
                Ok((consumed, _)) => self.at += consumed,
                Err(_) => return Rest::Lost,
            }
        }
        match self.source {
            Source::First => Rest::Ended(self.at),
            Source::Later => Rest::EndedLater(self.at..self.filled),
        }
    }

    /// Makes `data` hold something, unless the body is at its end.
    fn fill(&mut self) -> Result<()> {
        while self.data.is_empty() && !self.decoder.is_done() {
            let rest = &raw(self.source, self.first, self.later, self.filled)[self.at..];
            if rest.is_empty() {
                self.refill()?;
                continue;
            }
            let (consumed, data) =
                decode(&mut self.decoder, rest).map_err(|error| self.reject(error.into()))?;
            self.data = self.at + data.start..self.at + data.end;
            self.at += consumed;
            self.charge(self.data.len() as u64)?;
        }
        if self.decoder.is_done() {
            self.exchange.unread.set(Unread::Nothing);
        }
        Ok(())
    }

    /// Reads from the connection into the thread's buffer, never beyond a body of known length.
    fn refill(&mut self) -> Result<()> {
        self.check()?;
        self.later.resize(READ, 0);
        let most = self.decoder.remaining_hint().map_or(READ, |left| (READ as u64).min(left) as usize);
        let received = self.exchange.receive(&mut self.later[..most]);
        self.filled = received.map_err(|refusal| self.reject(refusal))?;
        self.source = Source::Later;
        self.at = 0;
        if let Some(left) = self.decoder.remaining_hint() {
            self.exchange.unread.set(Unread::Bytes(left - self.filled as u64));
        }
        Ok(())
    }

    /// Reads from the connection straight to where the handler wants it.
    fn read_run(&mut self, buf: &mut [u8], run: usize) -> Result<usize> {
        self.check()?;
        let most = run.min(buf.len());
        let received = self.exchange.receive(&mut buf[..most]).map_err(|refusal| self.reject(refusal))?;
        self.decoder.skip(received as u64);
        if let Some(left) = self.decoder.remaining_hint() {
            self.exchange.unread.set(if left == 0 { Unread::Nothing } else { Unread::Bytes(left) });
        }
        self.charge(received as u64)?;
        Ok(received)
    }

    fn charge(&mut self, data: u64) -> Result<()> {
        match self.room.checked_sub(data) {
            Some(room) => {
                self.room = room;
                Ok(())
            }
            None => {
                self.data = 0..0;
                Err(self.reject(Refusal::BodyTooLarge))
            }
        }
    }

    /// A body that was broken once stays so.
    fn check(&self) -> Result<()> {
        self.refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
    }
}

fn decode(decoder: &mut Decoder, raw: &[u8]) -> Result<(usize, Range<usize>), BodyError> {
    let step = decoder.decode(raw)?;
    Ok((step.consumed, step.data))
}

fn raw<'s>(source: Source, first: &'s [u8], later: &'s [u8], filled: usize) -> &'s [u8] {
    match source {
        Source::First => first,
        Source::Later => &later[..filled],
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let here = raw(self.source, self.first, self.later, self.filled);
        if self.data.is_empty() && self.at == here.len() && buf.len() >= DIRECT {
            let run = usize::try_from(self.decoder.run()).unwrap_or(usize::MAX);
            if run > 0 {
                return Ok(self.read_run(buf, run)?);
            }
        }
        let data = self.fill_buf()?;
        let length = data.len().min(buf.len());
        buf[..length].copy_from_slice(&data[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        self.fill()?;
        Ok(&raw(self.source, self.first, self.later, self.filled)[self.data.clone()])
    }

    fn consume(&mut self, amount: usize) {
        self.data.start = self.data.end.min(self.data.start + amount);
    }
}
