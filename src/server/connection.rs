//! What a server's handler gets: a connection with a buffer, to be used in straight lines.

use std::{
    fmt,
    io::{self, BufRead, Read, Write},
    mem,
    time::Duration,
};

use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    socket::{Address, LineEnd, Shutdown, Socket, write_by_send},
    stream::Stream,
};

use super::{
    engine::service::{Verdict, Wait},
    session::Kept,
};

/// So much is read at a time.
const BLOCK: usize = 16 * 1024;
/// Longer than what a Unix socket takes as one record, unless its `SO_SNDBUF` was raised.
const RECORD: usize = 256 * 1024;
/// The longest line that [`Connection::readline`] takes.
const LONGEST_LINE: usize = 64 * 1024;

/// A connection in its handler's hands.
///
/// Its calls block, each for the [timeout](Connection::settimeout) at most; the engine gives everybody else to
/// another thread meanwhile. What a handler doesn't take of the data it has begun to read is there at its next
/// call.
///
/// Over `SOCK_SEQPACKET` each record is read as a whole, 256 KiB at most (a longer one ends the connection), and what a
/// call doesn't take of it comes with the next; an empty record is the end.
///
/// Python: `socketserver.StreamRequestHandler`: `rfile`, `wfile`, `connection`, with `wbufsize` 0: nothing that is
/// written is held back. `std::io::BufWriter` around it does that.
pub struct Connection<'a> {
    stream: &'a Stream,
    peer: &'a Address,
    buffered: &'a mut Buffered,
    kept: &'a mut Kept,
}

/// What was read and not yet taken.
///
/// INVARIANT: `taken <= filled <= bytes.len()`; what lies between `taken` and `filled` is the handler's.
pub(super) struct Buffered {
    bytes: Vec<u8>,
    taken: usize,
    filled: usize,
    timeout: Option<Duration>,
    unit: Unit,
    /// The end of the peer's data was read.
    ended: bool,
    /// The last read was as long as its buffer, or one of several records: there may be more, of which no event will
    /// tell.
    more: bool,
    /// The handler took something in its turn.
    took: bool,
}

/// What one read gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// What is there.
    Bytes,
    /// One record (`SOCK_SEQPACKET`), of which the system drops what has no room.
    Record,
}

impl Unit {
    /// So much is read at a time.
    fn block(self) -> usize {
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

    /// Reads what is there, into a buffer that the thread lends. `Err`: there is nothing to call a handler for.
    ///
    /// A handler that took nothing of what there was is called again only when there is more.
    pub(super) fn begin_turn(&mut self, stream: &Stream, block: &mut Vec<u8>) -> Result<(), Verdict> {
        let stalled = !mem::take(&mut self.took);
        if self.ended || !(self.rest().is_empty() || stalled) {
            return Ok(());
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
            // A part of a record is worse than none.
            Ok(count) if count == space && self.unit == Unit::Record => Err(Verdict::Close),
            Ok(count) => {
                self.filled += count;
                self.note_read(count, space);
                Ok(())
            }
            Err(error) => {
                self.give_back(block);
                Err(if error.would_block() { Verdict::Park(Wait::Idle) } else { Verdict::Close })
            }
        }
    }

    /// The turn goes to another thread, with what was read for it.
    pub(super) fn put_off_turn(&mut self) {
        self.took = true;
    }

    /// How a connection goes on whose handler wants to wait.
    pub(super) fn end_turn(&mut self, block: &mut Vec<u8>) -> Verdict {
        let left = self.rest().len();
        self.give_back(block);
        if self.ended && (left == 0 || !self.took) || left > LONGEST_LINE.max(self.unit.block()) {
            return Verdict::Close;
        }
        // Where nothing was taken, the next turn begins with a read, and ends at once if there is nothing.
        if left > 0 && self.took || self.more { Verdict::Again } else { Verdict::Park(Wait::Idle) }
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

    fn rest(&self) -> &[u8] {
        &self.bytes[self.taken..self.filled]
    }

    fn take(&mut self, count: usize) {
        self.taken += count;
        self.took |= count > 0;
        debug_assert!(self.taken <= self.filled);
    }

    fn note_read(&mut self, count: usize, room: usize) {
        self.ended |= count == 0;
        self.more = count == room || self.unit == Unit::Record && count > 0;
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout)
    }
}

impl<'a> Connection<'a> {
    pub(super) fn new(
        stream: &'a Stream,
        peer: &'a Address,
        buffered: &'a mut Buffered,
        kept: &'a mut Kept,
    ) -> Connection<'a> {
        Connection { stream, peer, buffered, kept }
    }

    /// What its own handler keeps.
    pub(super) fn kept(&mut self) -> &mut Kept {
        self.kept
    }

    /// The other end.
    ///
    /// Python: `self.client_address`. In `std::net`: `TcpStream::peer_addr`.
    #[must_use]
    pub fn getpeername(&self) -> &Address {
        self.peer
    }

    /// The socket below, for its options. Bytes taken from it pass by the buffer.
    ///
    /// Python: `self.request`, `self.connection`.
    #[must_use]
    #[doc(alias = "request")]
    pub fn socket(&self) -> &Socket {
        self.stream.socket()
    }

    /// This end.
    ///
    /// Python: `self.connection.getsockname()`. In `std::net`: `TcpStream::local_addr`.
    ///
    /// # Errors
    ///
    /// As `getsockname`.
    pub fn getsockname(&self) -> Result<Address> {
        self.stream.socket().getsockname()
    }

    /// Limits each following call: a `recv` waits so long for data, a `sendall` takes so long in all. `None` is
    /// no limit. Default is the server's [`timeout`](super::Server::timeout).
    ///
    /// Python: `self.connection.settimeout()`. In `std::net`: `set_read_timeout`, `set_write_timeout`, which start anew
    /// with every system call.
    pub fn settimeout(&mut self, limit: impl Into<Option<Duration>>) {
        self.buffered.timeout = limit.into();
    }

    /// Receives up to `size` bytes; waits until there is at least one. Empty at the end of the peer's data.
    ///
    /// Python: `socket.recv`. In `std::net`: `Read::read`, which this type has as well.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](ErrorKind::TimedOut), [`ConnectionReset`](ErrorKind::ConnectionReset).
    pub fn recv(&mut self, size: usize) -> Result<Vec<u8>> {
        let rest = self.buffered.rest();
        if !rest.is_empty() {
            // As much as there is, not as much as there may be.
            let data = rest[..rest.len().min(size)].to_vec();
            self.buffered.take(data.len());
            return Ok(data);
        }
        // The promise is the caller's; what is allocated at first is bounded all the same.
        let mut data = vec![0; size.min(self.buffered.unit.block().max(64 * 1024))];
        let count = self.recv_into(&mut data)?;
        data.truncate(count);
        Ok(data)
    }

    /// Receives into a buffer; 0 at the end of the peer's data.
    ///
    /// Python: `socket.recv_into`. In `std::net`: `Read::read`.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn recv_into(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let rest = self.buffered.rest();
        if !rest.is_empty() {
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            self.buffered.take(count);
            return Ok(count);
        }
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.buffered.ended {
            return Ok(0);
        }
        if self.buffered.unit == Unit::Record {
            // Read as a whole: what the caller doesn't take now is there at the next call.
            self.fill(self.buffered.deadline())?;
            return self.recv_into(buffer);
        }
        let count = self.stream.read_by(buffer, self.buffered.deadline())?;
        self.buffered.note_read(count, buffer.len());
        self.buffered.took = true;
        Ok(count)
    }

    /// Receives one line with its `\n`; what there is, at the end of the peer's data. A time limit that passes
    /// loses nothing: what came is the beginning of the next try's line.
    ///
    /// Python: `rfile.readline`. In `std::io`: `BufRead::read_until`.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ErrorKind::TooLarge) past 64 KiB without a line's end; as [`recv`](Self::recv) otherwise.
    pub fn readline(&mut self) -> Result<Vec<u8>> {
        let deadline = self.buffered.deadline();
        let mut end = LineEnd::at_or_after(0, LONGEST_LINE);
        loop {
            let rest = self.buffered.rest();
            let length = match end.find(rest)? {
                Some(length) => length,
                None if self.buffered.ended => rest.len(),
                None => {
                    self.fill(deadline)?;
                    continue;
                }
            };
            let line = rest[..length].to_vec();
            self.buffered.take(length);
            return Ok(line);
        }
    }

    /// Sends some of the data, and says how much.
    ///
    /// Python: `socket.send`. In `std::net`: `Write::write`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](ErrorKind::TimedOut), [`BrokenPipe`](ErrorKind::BrokenPipe).
    pub fn send(&mut self, data: &[u8]) -> Result<usize> {
        self.stream.write_by(data, self.buffered.deadline())
    }

    /// Sends all of the data, within one time limit.
    ///
    /// Python: `socket.sendall`, `wfile.write`. In `std::net`: `Write::write_all`.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); [`Error::sent`] says how much went out.
    pub fn sendall(&mut self, data: &[u8]) -> Result<()> {
        self.stream.write_all_by(data, self.buffered.deadline())
    }

    /// Ends one direction, or both.
    ///
    /// Python: `self.connection.shutdown()`. In `std::net`: `TcpStream::shutdown`.
    ///
    /// # Errors
    ///
    /// As `shutdown`.
    pub fn shutdown(&mut self, how: Shutdown) -> Result<()> {
        self.stream.shutdown_by(how, self.buffered.deadline())
    }

    /// Reads a block behind what is buffered.
    fn fill(&mut self, deadline: Deadline) -> Result<()> {
        let buffered = &mut *self.buffered;
        buffered.make_room();
        let room = &mut buffered.bytes[buffered.filled..];
        let space = room.len();
        let count = self.stream.read_by(room, deadline)?;
        if count == space && buffered.unit == Unit::Record {
            return Err(Error::new(ErrorKind::TooLarge, "a record is longer than 256 KiB"));
        }
        buffered.filled += count;
        buffered.note_read(count, space);
        Ok(())
    }
}

impl Read for Connection<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.recv_into(buffer)?)
    }
}

impl BufRead for Connection<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.buffered.rest().is_empty() && !self.buffered.ended {
            self.fill(self.buffered.deadline())?;
        }
        Ok(self.buffered.rest())
    }

    fn consume(&mut self, count: usize) {
        self.buffered.take(count.min(self.buffered.rest().len()));
    }
}

write_by_send! { Connection<'_> }

impl fmt::Debug for Connection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("peer", self.peer).finish_non_exhaustive()
    }
}

/// A connection that has left its server: a plain blocking stream, no longer counted or limited.
pub struct Detached {
    stream: Stream,
    peer: Address,
    buffered: Buffered,
    /// Its handler stayed with the server: nothing.
    kept: Kept,
}

impl Detached {
    pub(super) fn new(stream: Stream, peer: Address, buffered: Buffered) -> Detached {
        Detached { stream, peer, buffered, kept: None }
    }

    /// The connection, with all that a handler's connection can.
    pub fn connection(&mut self) -> Connection<'_> {
        Connection::new(&self.stream, &self.peer, &mut self.buffered, &mut self.kept)
    }
}

impl Read for Detached {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.connection().read(buffer)
    }
}

impl Write for Detached {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.connection().write(data)
    }

    /// One time limit for the whole.
    fn write_all(&mut self, data: &[u8]) -> io::Result<()> {
        self.connection().write_all(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Detached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detached").field("peer", &self.peer).finish_non_exhaustive()
    }
}
