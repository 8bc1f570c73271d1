//! One connection on the calling thread, without lanes: what `handle_request` does.

use std::{os::fd::AsFd, time::Instant};

use crate::{
    deadline::Deadline,
    error::{ErrorKind, Result},
    socket::{Address, Socket},
    stream::Stream,
    sys,
};

use super::{
    classes::Class,
    guard::lend,
    line::without_delay,
    service::{Account, Begin, Conn, Desk, Expiry, Service, Verdict, Wait},
};

/// Serves a connection to its end.
///
/// # Errors
///
/// When waiting for the connection fails for another reason than time.
pub(crate) fn serve_one<S>(service: &S, socket: Socket, peer: Address) -> Result<()>
where
    S: Service<Line = Stream>,
{
    let Some(state) = service.open(&peer) else { return Ok(()) };
    without_delay(&socket)?;
    let mut conn = Conn { stream: Stream::from(socket), peer, state, read_closed: false };
    let mut scratch = S::Scratch::default();
    // What it waits for, and until when.
    let mut waiting: Option<(Wait, Deadline)> = None;
    loop {
        let mut account = Alone { worked: false };
        let mut desk = Desk { scratch: &mut scratch, account: &mut account };
        let verdict;
        (conn, verdict) = lend(conn, |conn| service.ready(conn, &mut desk), drop);
        let wait = match verdict {
            Verdict::Park(wait) => wait,
            Verdict::Again | Verdict::Handover => continue,
            Verdict::Close => return Ok(()),
            Verdict::Detach => {
                service.detach(conn);
                return Ok(());
            }
        };
        let interest = if wait.for_write() { sys::Interest::Write } else { sys::Interest::Read };
        let deadline = match waiting {
            Some((before, deadline)) if before == wait && !wait.restarts() && !account.worked => deadline,
            _ => Deadline::after(service.patience(wait)),
        };
        waiting = Some((wait, deadline));
        let ready = match deadline.has_passed() {
            true => Err(ErrorKind::TimedOut.into()),
            false => sys::wait(conn.stream.socket().as_fd(), interest, deadline, None),
        };
        match ready {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                lend(conn, |conn| service.expired(conn, wait, Expiry::Time), drop);
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
}

/// A thread that serves nothing else.
struct Alone {
    /// A handler has run in this call.
    worked: bool,
}

impl Account for Alone {
    fn begin(&mut self, _: Class) -> Begin {
        self.worked = true;
        Begin::Go
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn is_draining(&self) -> bool {
        false
    }

    fn is_wanted(&self) -> bool {
        false
    }

    fn end_longest(&mut self, _: Wait) -> bool {
        false
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
