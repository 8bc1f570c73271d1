//! Sending what is ready without waiting: bytes first, then a part of a file.

use crate::{
    error::{Error, ErrorKind, Result},
    stream::Stream,
    sys,
};

use super::{connection::Unsent, output::FilePart};

/// How far sending got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Done,
    /// The peer has to read first.
    Blocked,
    /// The peer takes all it gets, but others want their turn.
    Paused,
}

/// Of a file, so much is sent in a turn.
const TURN: usize = 1024 * 1024;

/// Where `sendfile` isn't to be had, so much is copied at a time.
const COPY: usize = 64 * 1024;

impl Unsent {
    /// How much isn't sent.
    pub(super) fn left(&self) -> u64 {
        (self.bytes.len() - self.sent) as u64 + self.file.as_ref().map_or(0, |part| part.left)
    }

    /// Sends what the peer takes.
    pub(super) fn go(&mut self, stream: &Stream) -> Result<Progress> {
        while self.sent < self.bytes.len() {
            match stream.try_write(&self.bytes[self.sent..]) {
                Ok(sent) => self.sent += sent,
                Err(error) if error.would_block() => return Ok(Progress::Blocked),
                Err(error) => return Err(error),
            }
        }
        match &mut self.file {
            Some(part) => part.go(stream),
            None => Ok(Progress::Done),
        }
    }
}

impl FilePart {
    fn go(&mut self, stream: &Stream) -> Result<Progress> {
        let mut turn = TURN;
        while self.left > 0 {
            let most = usize::try_from(self.left).map_or(turn, |left| left.min(turn));
            match self.send(stream, most) {
                // The head promised more than the file has.
                Ok(0) => return Err(Error::new(ErrorKind::UnexpectedEof, "the file ended before its end")),
                Ok(sent) => {
                    self.offset += sent as u64;
                    self.left -= sent as u64;
                    turn -= sent.min(turn);
                }
                Err(error) if error.would_block() => return Ok(Progress::Blocked),
                Err(error) => return Err(error),
            }
            if turn == 0 && self.left > 0 {
                return Ok(Progress::Paused);
            }
        }
        Ok(Progress::Done)
    }

    fn send(&self, stream: &Stream, most: usize) -> Result<usize> {
        match stream.try_send_file(&self.file, self.offset, most) {
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                let mut copy = vec![0; most.min(COPY)];
                let read = sys::read_at(&self.file, &mut copy, self.offset)?;
                if read == 0 {
                    return Ok(0);
                }
                stream.try_write(&copy[..read])
            }
            sent => sent,
        }
    }

    /// Appends all of it to `out`; false if the file is shorter.
    pub(super) fn read_whole(&self, out: &mut Vec<u8>) -> Result<bool> {
        let start = out.len();
        let length = usize::try_from(self.left).unwrap_or(usize::MAX);
        out.resize(start + length, 0);
        let mut read = 0;
        while read < length {
            match sys::read_at(&self.file, &mut out[start + read..], self.offset + read as u64)? {
                0 => {
                    out.truncate(start);
                    return Ok(false);
                }
                more => read += more,
            }
        }
        Ok(true)
    }
}
