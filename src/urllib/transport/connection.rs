//! [`Connection`]: a stream with its buffers, and [`Wait`], how long its steps may take.

use std::{io::Read, mem, os::fd::RawFd, time::Duration};

use super::pace::Pace;
use crate::{
    cancel::CancelToken,
    deadline::Deadline,
    error::Result,
    stream::{Buffer, Stream},
    urllib::{
        data::unread,
        patience::Stall,
        term::{Limit, Term},
    },
    wire::framing::Persistence,
};

/// A head that is larger isn't kept room for.
const LARGE: usize = 32 * 1024;

/// The time limits of an exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    /// Of all steps together, or of the phase that they are of, whichever ends first.
    pub(super) term: Term,
    /// Of each wait for the server.
    pub(super) each: Option<Duration>,
}

impl Wait {
    /// Until when the next step may take.
    pub(super) fn until(self) -> Term {
        self.term.and(Limit::Wait, self.each)
    }

    /// The same for a phase that begins now.
    pub(super) fn within(self, limit: Limit, length: Option<Duration>) -> Wait {
        Wait { term: self.term.and(limit, length), ..self }
    }
}

/// A connection to a server, with what was received and not looked at.
#[derive(Debug)]
pub(in crate::urllib) struct Connection {
    pub(super) stream: Stream,
    pub(super) input: Buffer,
    /// The head that is sent; kept for its allocation.
    pub(super) output: Vec<u8>,
    pub(super) cancel: Option<CancelToken>,
    /// What the request under way says of the connection's life.
    pub(super) asked: Persistence,
    pub(super) manners: Manners,
    /// What must travel of the bodies under way.
    pub(super) stall: Option<Stall>,
    /// While a body travels that has such a limit.
    pub(super) pace: Option<Pace>,
}

/// What is to be expected of the server on this connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manners {
    /// The last answer ended where it said.
    Good,
    /// The last answer had no body by its nature (to HEAD, 204, 304), and some servers send one nevertheless:
    /// it would be taken for the next answer.
    Unproven,
}

impl Connection {
    /// What was dialled with that token.
    pub(super) fn new(stream: Stream, cancel: Option<CancelToken>) -> Connection {
        Connection {
            stream,
            input: Buffer::default(),
            output: Vec::new(),
            cancel,
            asked: Persistence::KeepAlive,
            manners: Manners::Good,
            stall: None,
            pace: None,
        }
    }

    /// What is left of it when somebody else goes on, with what was received and not taken.
    pub(in crate::urllib) fn into_parts(self) -> (Stream, Buffer) {
        (self.stream, self.input)
    }

    /// Which token may end what happens on it. Nearly always there is none, and none before.
    pub(super) fn set_cancel(&mut self, cancel: Option<&CancelToken>) -> Result<()> {
        if self.cancel.is_some() || cancel.is_some() {
            self.stream.socket().set_cancel(cancel.cloned())?;
            self.cancel = cancel.cloned();
        }
        Ok(())
    }

    /// From here on it is a body that travels.
    pub(super) fn begin_body(&mut self) {
        self.pace = self.stall.and_then(Pace::of);
    }

    /// The socket's descriptor.
    pub(super) fn fileno(&self) -> RawFd {
        self.stream.socket().fileno()
    }

    /// Receives more behind what is there; 0 at the end of data.
    pub(super) fn fill(&mut self, wait: Wait) -> Result<usize> {
        let Connection { stream, input, pace, .. } = self;
        let n = paced(pace, wait, |until| stream.read_by(input.room(), until))?;
        self.input.filled(n);
        Ok(n)
    }

    /// Receives straight to where it is wanted; nothing may be left in `input`.
    pub(super) fn receive(&mut self, buf: &mut [u8], wait: Wait) -> Result<usize> {
        debug_assert!(self.input.is_empty());
        let Connection { stream, pace, .. } = self;
        paced(pace, wait, |until| stream.read_by(buf, until))
    }

    /// Sends what is in `output`: a head, which the system's buffers hold.
    pub(super) fn send_output(&mut self, wait: Wait) -> Result<()> {
        let mut output = mem::take(&mut self.output);
        // Sending tries its system call first, so a server that always has room for more would never be seen to be late.
        let sent = wait.term.check().and_then(|()| {
            let until = wait.until();
            self.stream.write_all_by(&output, until.deadline()).map_err(|error| until.named(error))
        });
        output.clear();
        self.output = output;
        sent
    }

    /// Whether the server has closed it, or sent something unasked: one system call that doesn't wait.
    pub(super) fn is_dead(&self) -> bool {
        !matches!(self.stream.try_read(&mut [0]), Err(error) if error.would_block())
    }

    /// Lets go what an unusually large exchange made it hold.
    pub(super) fn shrink(&mut self) {
        self.input.shrink();
        self.stream.shrink();
        if self.output.capacity() > LARGE {
            self.output = Vec::new();
        }
    }
}

/// One step, within the limit of a single wait and the pace.
pub(super) fn paced(
    pace: &mut Option<Pace>,
    wait: Wait,
    step: impl FnOnce(Deadline) -> Result<usize>,
) -> Result<usize> {
    let until = wait.until();
    match pace {
        None => step(until.deadline()).map_err(|error| until.named(error)),
        Some(pace) => pace.step(until, step),
    }
}

/// Fills the buffer from a reader of the user's; fewer bytes only at its end.
pub(super) fn read_full(reader: &mut dyn Read, buf: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < buf.len() {
        match reader.read(&mut buf[filled..]) {
            Ok(0) => break,
            // A reader that claims more than it was asked for is wrong; the buffer isn't left for it.
            Ok(n) => filled = buf.len().min(filled + n),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unread(error)),
        }
    }
    Ok(filled)
}
