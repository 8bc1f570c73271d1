//! What a connection keeps while it is parked.

use std::time::Instant;

use crate::{
    server::engine::service::Wait,
    wire::{
        body::{BodyError, Decoder},
        head::HeadScanner,
    },
};

use super::{backlog::Share, log::Kept, output::FilePart};

/// A request's body is collected up to here before its handler runs, so that a slow sender costs no thread: all of
/// a small body, the beginning of a larger one.
pub(super) const SMALL: usize = 64 * 1024;

/// What a connection keeps while it is parked.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) phase: Phase,
    /// What was read and isn't served yet. INVARIANT: in the phase `Idle` blank lines at most, in `Linger` nothing.
    pub(super) input: Vec<u8>,
    /// The last read filled its buffer, or readiness may have been missed: read before parking.
    pub(super) unsure: bool,
    /// A request has come.
    pub(super) asked: bool,
}

/// What a connection is in the middle of.
#[derive(Debug, Default)]
pub(super) enum Phase {
    /// Between two requests, or before the first one. Blank lines don't begin one (RFC 9112 §2.2).
    #[default]
    Idle,
    /// A head; the scanner knows how much of `input` it has seen.
    Head(HeadScanner),
    /// A request whose body is small, or the beginning of a larger one; `input` begins with its head.
    Body(Collect),
    /// `input` begins with a request that may be whole: it is looked at before anything is read.
    Serve,
    /// An answer that the peer doesn't take yet.
    Write(Box<Unsent>),
    /// A body that the handler left: read and dropped.
    Drain(Box<Drain>),
    /// The last answer is sent, and the peer may still be sending: until that time, so that it gets to read it.
    Linger(Instant),
}

/// A body that is collected as it comes.
#[derive(Debug)]
pub(super) struct Collect {
    pub(super) end: End,
    /// When its head had come.
    pub(super) since: Instant,
}

/// When enough of a body has come.
#[derive(Debug)]
pub(super) enum End {
    /// When there are so many bytes.
    Until(usize),
    /// The chunks say.
    Chunks(Box<Chunks>),
}

/// A chunked body that may turn out small.
#[derive(Debug)]
pub(super) struct Chunks {
    pub(super) decoder: Decoder,
    /// Bytes that the decoder has seen, the head included.
    pub(super) seen: usize,
    /// Past so many bytes it isn't small.
    pub(super) most: usize,
}

/// What the peer doesn't take yet.
#[derive(Debug)]
pub(super) struct Unsent {
    /// INVARIANT: `sent <= bytes.len()`.
    pub(super) bytes: Vec<u8>,
    pub(super) sent: usize,
    /// Comes behind the bytes.
    pub(super) file: Option<FilePart>,
    pub(super) next: Next,
    /// What the log is told at the end, if that is of interest.
    pub(super) kept: Option<Box<Kept>>,
    /// What the bytes take of the memory for all connections.
    pub(super) share: Option<Share>,
    /// When the peer was first waited for, and how much was left then.
    pub(super) waits: Option<(Instant, u64)>,
}

/// A body that is read and dropped.
#[derive(Debug)]
pub(super) struct Drain {
    pub(super) decoder: Decoder,
    /// Bytes that were dropped so far.
    pub(super) seen: u64,
    /// When its handler had returned.
    pub(super) since: Instant,
}

/// What follows once everything is sent.
#[derive(Debug)]
pub(super) enum Next {
    /// More must come for that phase.
    Read(Phase),
    /// Requests are here.
    Serve,
    /// As `Serve`, but other connections come first.
    Yield,
    /// As `Serve`, by a thread that may block.
    Handover,
    Drain(Box<Drain>),
    Linger,
    Close,
}

impl State {
    /// What a connection in this phase waits for.
    pub(super) fn wait(&self) -> Wait {
        match &self.phase {
            Phase::Idle if !self.asked => Wait::New,
            Phase::Idle | Phase::Serve => Wait::Idle,
            Phase::Head(_) => Wait::Head,
            Phase::Body(_) | Phase::Drain(_) => Wait::Body,
            Phase::Write(unsent) => unsent.wait(),
            Phase::Linger(_) => Wait::Linger,
        }
    }
}

impl Collect {
    /// Whether the request is to be looked at again: its body has come, or turns out broken or not small.
    pub(super) fn is_done(&mut self, input: &[u8]) -> bool {
        match &mut self.end {
            End::Until(length) => input.len() >= *length,
            End::Chunks(chunks) => {
                let ended = find_end(&mut chunks.decoder, input, &mut chunks.seen);
                ended.unwrap_or(true) || input.len() > chunks.most
            }
        }
    }
}

/// Looks at what is new of a body: whether its end has come. `seen` is moved behind what belongs to it.
pub(super) fn find_end(decoder: &mut Decoder, input: &[u8], seen: &mut usize) -> Result<bool, BodyError> {
    while !decoder.is_done() {
        let step = decoder.decode(&input[*seen..])?;
        if step.consumed == 0 {
            return Ok(false);
        }
        *seen += step.consumed;
    }
    Ok(true)
}
