//! Calls that go on until all is there: with `MSG_WAITALL`, and sending in blocking mode.
//!
//! The system does so itself where the descriptor blocks. What it gives less has its reason there (the end, an error, a
//! limit of its own, urgent data, a signal), and so is all there is. A time limit, a token and a clone keep it from
//! blocking: then these go on here, as far as the system would.
//!
//! It tells an error once, to whoever calls next through any descriptor, after the data that came before. So nothing is
//! called that is known to only take an error away. One that comes between that look and the call is kept for the next
//! call; a reader that waits already may read an end before it.

use super::{
    Limit, MSG_ERRQUEUE, MSG_FASTOPEN, MSG_OOB, MSG_PEEK, MSG_WAITALL, MsgFlags, SOCK_STREAM, Socket,
    transfer::asks,
};
use crate::{
    deadline::Deadline,
    error::Result,
    sys::{self, Interest},
};

impl Socket {
    /// [`limit_with`](Self::limit_with) these flags, with the clock running where there may be several steps.
    pub(super) fn limit_for_all(&self, flags: MsgFlags) -> Limit {
        let limit = self.limit_with(flags);
        if asks(flags, MSG_WAITALL) { limit.start() } else { limit }
    }

    /// Nothing for an empty buffer, as a call would wait, or take a datagram.
    pub(super) fn receive(&self, buf: &mut [u8], flags: MsgFlags, limit: Limit) -> Result<usize> {
        if buf.is_empty() {
            return self.descriptor().map(|_| 0);
        }
        let limit = if asks(flags, MSG_WAITALL) { limit.start() } else { limit };
        let n = self.attempt_receiving(flags, limit, |fd, all| sys::recv(fd, buf, all))?;
        Ok(self.receive_rest(buf, n, flags, limit))
    }

    /// Receives what MSG_WAITALL waits for behind the first `n` bytes; how many there are then.
    pub(super) fn receive_rest(&self, buf: &mut [u8], n: usize, flags: MsgFlags, limit: Limit) -> usize {
        let (n, room) = (n.min(buf.len()), buf.len());
        if !self.waits_for_more(n, room, flags, limit) {
            return n;
        }
        self.go_on(n, room, |from| {
            if !self.more_comes(limit)? {
                return Ok(0);
            }
            let rest = &mut buf[from..];
            self.attempt_receiving(flags, limit, |fd, all| sys::recv(fd, rest, all))
        })
    }

    /// Whether more is waited for here, which is the same data's next part: not after a datagram, a look ahead, an
    /// urgent byte.
    pub(super) fn waits_for_more(&self, n: usize, room: usize, flags: MsgFlags, limit: Limit) -> bool {
        let apart = [MSG_PEEK, MSG_OOB, MSG_ERRQUEUE].into_iter().any(|flag| asks(flags, flag));
        let part = asks(flags, MSG_WAITALL) && (1..room).contains(&n) && !apart;
        part && self.is_stream()
            && limit != Limit::Now
            && !(limit.is_never() && self.system_waits(Interest::Read))
    }

    /// Waits for the next part, and whether there is one.
    pub(super) fn more_comes(&self, limit: Limit) -> Result<bool> {
        loop {
            self.wait_by(Interest::Mark, limit.deadline())?;
            let fd = self.descriptor()?;
            if sys::has_more(fd) {
                return Ok(true);
            }
            // What is in the queue of errors wakes it too, and what came after that look is no end.
            if sys::is_ready(fd, Interest::Mark) {
                return Ok(sys::has_more(fd));
            }
        }
    }

    /// Sends what blocking mode sends behind the first `n` bytes; how many that were then.
    pub(super) fn transmit_rest(
        &self,
        n: usize,
        length: usize,
        limit: Limit,
        mut transmit: impl FnMut(usize) -> Result<usize>,
    ) -> usize {
        let part = limit.is_never() && (1..length).contains(&n);
        if !part || self.system_waits(Interest::Write) || !self.is_stream() {
            return n;
        }
        self.go_on(n, length, |from| {
            self.wait_by(Interest::Write, Deadline::NEVER)?;
            if sys::is_ready(self.descriptor()?, Interest::End) { Ok(0) } else { transmit(from) }
        })
    }

    /// Goes on behind the first `done` bytes, until it is all or a step gives nothing or fails. An error that came
    /// between a look and the call is kept.
    pub(super) fn go_on(
        &self,
        mut done: usize,
        all: usize,
        mut step: impl FnMut(usize) -> Result<usize>,
    ) -> usize {
        while done < all {
            match step(done) {
                Ok(0) => break,
                Ok(n) => done += n.min(all - done),
                Err(error) => {
                    self.overdue.keep(&error);
                    break;
                }
            }
        }
        done
    }

    /// The kept error, once there is nothing left of what came before it.
    pub(super) fn check_overdue(&self, interest: Interest) -> Result<()> {
        if self.overdue.is_none() {
            return Ok(());
        }
        let later = interest == Interest::Read && self.is_stream() && sys::has_more(self.descriptor()?);
        if later { Ok(()) } else { self.overdue.take().map_or(Ok(()), Err) }
    }

    fn is_stream(&self) -> bool {
        self.kind().is_ok_and(|kind| kind == SOCK_STREAM)
    }
}

/// The flags of what follows the first part: it connects no more.
pub(super) fn of_the_rest(flags: MsgFlags) -> MsgFlags {
    MsgFlags::raw(flags.number() & !MSG_FASTOPEN.number())
}
