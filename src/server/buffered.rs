//! What a server's connection has read, and what its handler hasn't taken of it.

use std::{mem, time::Duration};

use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    socket::LINE_LIMIT,
    stream::Stream,
};

use super::engine::service::{Verdict, Wait};

/// So much is read at a time.
const BLOCK: usize = 16 * 1024;
/// Longer than what a Unix socket takes as one record, unless its `SO_SNDBUF` was raised.
const RECORD: usize = 256 * 1024;

/// What was read and not yet taken.
///
/// INVARIANT: `taken <= filled <= bytes.len()`; what lies between `taken` and `filled` is the handler's.
pub(super) struct Buffered {
    bytes: Vec<u8>,
    taken: usize,
    filled: usize,
    pub(super) timeout: Option<Duration>,
    pub(super) line_limit: usize,
    pub(super) unit: Unit,
    /// The end of the peer's data was read, or that the connection is broken.
    pub(super) ended: bool,
    /// The last read was as long as its buffer, or one of several records: there may be more, of which no event will
    /// tell.
    more: bool,
    /// The handler took something in its turn.
    pub(super) took: bool,
}

/// What one read gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// What is there.
    Bytes,
    /// One record (`SOCK_SEQPACKET`), of which the system drops what has no room.
    Record,
}

impl Unit {
    /// So much is read at a time.
    pub(super) fn block(self) -> usize {
        match self {
            Unit::Bytes => BLOCK,
            Unit::Record => RECORD,
        }
    }

    /// So much room a read needs.
    fn room(self) -> usize {
        match self {
            Unit::Bytes => BLOCK / 2,
            Unit::Record => RECORD,
        }
    }
}

impl Buffered {
    pub(super) fn new(timeout: Option<Duration>) -> Buffered {
        Buffered {
            bytes: Vec::new(),
            taken: 0,
            filled: 0,
            timeout,
            line_limit: LINE_LIMIT,
            unit: Unit::Bytes,
            ended: false,
            more: false,
            took: true,
        }
    }

    /// The connection gives records.
    pub(super) fn by_record(&mut self) {
        self.unit = Unit::Record;
    }

    /// Reads what is there, into a buffer that the thread lends. A verdict: there is nothing to call a handler for.
    ///
    /// A handler that took nothing of what there was is called again only when there is more.
    ///
    /// # Errors
    ///
    /// A record that is too long: a part of it is worse than none.
    pub(super) fn begin_turn(&mut self, stream: &Stream, block: &mut Vec<u8>) -> Result<Option<Verdict>> {
        let stalled = !mem::take(&mut self.took);
        if self.ended || !(self.rest().is_empty() || stalled) {
            return Ok(None);
        }
        if self.rest().is_empty() {
            block.resize(self.unit.block(), 0);
            self.bytes = mem::take(block);
            (self.taken, self.filled) = (0, 0);
        } else {
            self.make_room();
        }
        let room = &mut self.bytes[self.filled..];
        let space = room.len();
        match stream.try_read(room) {
            Ok(count) if count == space && self.unit == Unit::Record => Err(too_long()),
            Ok(count) => {
                self.filled += count;
                self.note_read(count, space);
                Ok(None)
            }
            Err(error) if error.would_block() => {
                self.give_back(block);
                Ok(Some(Verdict::Park(Wait::Idle)))
            }
            Err(_) => {
                self.give_back(block);
                self.ended = true;
                Ok(Some(Verdict::Close))
            }
        }
    }

    /// The turn goes to another thread, with what was read for it.
    pub(super) fn put_off_turn(&mut self) {
        self.took = true;
    }

    /// How a connection goes on whose handler wants to wait.
    ///
    /// # Errors
    ///
    /// When it took nothing of more than it may leave: another read would be added to it.
    pub(super) fn end_turn(&mut self, block: &mut Vec<u8>) -> Result<Verdict> {
        let (left, most) = (self.rest().len(), self.most_left());
        self.give_back(block);
        if self.ended && (left == 0 || !self.took) {
            return Ok(Verdict::Close);
        }
        if left > most && !self.took {
            let why = format!(
                "a handler wants to wait and has taken nothing of {left} bytes, of which it may leave {most}: take some, \
                 read on until it is enough, or raise the limit by set_line_limit"
            );
            return Err(Error::new(ErrorKind::TooLarge, why));
        }
        // Where nothing was taken, the next turn begins with a read, and ends at once if there is nothing.
        Ok(if left > 0 && self.took || self.more { Verdict::Again } else { Verdict::Park(Wait::Idle) })
    }

    /// Reads a block behind what is buffered.
    pub(super) fn fill(&mut self, stream: &Stream, deadline: Deadline) -> Result<()> {
        self.make_room();
        let room = &mut self.bytes[self.filled..];
        let space = room.len();
        let count = stream.read_by(room, deadline)?;
        if count == space && self.unit == Unit::Record {
            return Err(too_long());
        }
        self.filled += count;
        self.note_read(count, space);
        Ok(())
    }

    /// Room for a read behind what is buffered.
    fn make_room(&mut self) {
        self.bytes.copy_within(self.taken..self.filled, 0);
        self.filled -= mem::take(&mut self.taken);
        if self.bytes.len() - self.filled < self.unit.room() {
            self.bytes.resize(self.filled + self.unit.block(), 0);
        }
    }

    /// Returns the thread's buffer. What is left in it is kept in no more memory than it takes.
    fn give_back(&mut self, block: &mut Vec<u8>) {
        let rest = self.rest().to_vec();
        let bytes = mem::replace(&mut self.bytes, rest);
        if bytes.len() == self.unit.block() {
            *block = bytes;
        }
        (self.taken, self.filled) = (0, self.bytes.len());
    }

    /// So much may a handler leave: an unfinished line, or what one read has given.
    fn most_left(&self) -> usize {
        self.line_limit.max(LINE_LIMIT).max(self.unit.block())
    }

    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.taken..self.filled]
    }

    pub(super) fn take(&mut self, count: usize) {
        self.taken += count;
        self.took |= count > 0;
        debug_assert!(self.taken <= self.filled);
    }

    pub(super) fn note_read(&mut self, count: usize, room: usize) {
        self.ended |= count == 0;
        self.more = count == room || self.unit == Unit::Record && count > 0;
    }

    pub(super) fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout)
    }
}

fn too_long() -> Error {
    Error::new(ErrorKind::TooLarge, "a record is longer than 256 KiB")
}
