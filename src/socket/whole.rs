//! Calls that go on until all is there: with `MSG_WAITALL`, and sending in blocking mode.
//!
//! The system does so itself only where the descriptor blocks, which a time limit, a token and a clone keep it from; and
//! even then a signal ends it early. What follows after a first part can't fail: an error is the next call's.

use std::ops::ControlFlow::{self, Break, Continue};

use super::{
    Limit, MSG_ERRQUEUE, MSG_OOB, MSG_PEEK, MSG_WAITALL, MsgFlags, SOCK_STREAM, Socket, transfer::asks,
};
use crate::{error::Result, sys};

impl Socket {
    /// [`limit_with`](Self::limit_with) these flags, with the clock running where there may be several steps.
    pub(super) fn limit_for_all(&self, flags: MsgFlags) -> Limit {
        let limit = self.limit_with(flags);
        if asks(flags, MSG_WAITALL) { limit.start() } else { limit }
    }

    pub(super) fn receive(&self, buf: &mut [u8], flags: MsgFlags, limit: Limit) -> Result<usize> {
        let limit = if asks(flags, MSG_WAITALL) { limit.start() } else { limit };
        let n = self.attempt_receiving(flags, limit, |fd, all| sys::recv(fd, buf, all))?;
        Ok(self.receive_rest(buf, n, flags, limit))
    }

    /// Receives what MSG_WAITALL waits for behind the first `n` bytes; how many there are then.
    pub(super) fn receive_rest(&self, buf: &mut [u8], n: usize, flags: MsgFlags, limit: Limit) -> usize {
        let (n, room) = (n.min(buf.len()), buf.len());
        if !self.waits_for_more(n, room, flags) {
            return n;
        }
        self.go_on(n, room, |from| {
            let rest = &mut buf[from..];
            self.attempt_receiving(flags, limit, |fd, all| sys::recv(fd, rest, all)).map(Continue)
        })
    }

    /// Whether more is waited for, which is the same data's next part: not after a datagram, a look ahead, an urgent
    /// byte.
    pub(super) fn waits_for_more(&self, n: usize, room: usize, flags: MsgFlags) -> bool {
        let apart = [MSG_PEEK, MSG_OOB, MSG_ERRQUEUE].into_iter().any(|flag| asks(flags, flag));
        asks(flags, MSG_WAITALL) && (1..room).contains(&n) && !apart && self.is_stream()
    }

    /// Sends what blocking mode sends behind the first `n` bytes; how many that were then.
    pub(super) fn transmit_rest(
        &self,
        n: usize,
        length: usize,
        limit: Limit,
        mut transmit: impl FnMut(usize) -> Result<usize>,
    ) -> usize {
        let all = limit.is_never() && (1..length).contains(&n) && self.is_stream();
        if all { self.go_on(n, length, |from| transmit(from).map(Continue)) } else { n }
    }

    /// Goes on behind the first `done` bytes, until it is all or a step gives nothing, breaks off or fails.
    pub(super) fn go_on(
        &self,
        mut done: usize,
        all: usize,
        mut step: impl FnMut(usize) -> Result<ControlFlow<usize, usize>>,
    ) -> usize {
        while done < all {
            let outcome = step(done);
            match &outcome {
                Ok(Continue(n) | Break(n)) => done += n.min(&(all - done)),
                Err(error) => self.overdue.keep(error),
            }
            if !matches!(outcome, Ok(Continue(1..))) {
                break;
            }
        }
        done
    }

    fn is_stream(&self) -> bool {
        self.kind().is_ok_and(|kind| kind == SOCK_STREAM)
    }
}
