//! One connection on the calling thread, without lanes: what `handle_request` does.

use std::time::Instant;

use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    socket::{Address, Socket},
    stream::Stream,
    sys,
};

use super::{
    classes::Class,
    guard::lend,
    line::{Line, without_delay},
    service::{Account, Begin, Conn, Desk, Expiry, Service, Verdict, Wait},
};

/// Serves a connection to its end, or until the socket's token is cancelled.
///
/// # Errors
///
/// When waiting for the connection fails for another reason than time.
pub(crate) fn serve_one<S>(service: &S, socket: Socket, peer: Address) -> Result<()>
where
    S: Service<Line = Stream>,
{
    let given = socket.cancel_token();
    let Some(mut conn) = opened(service, socket, peer)? else { return Ok(()) };
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
            Verdict::Again | Verdict::Handover => match conn.stream.socket().check_cancel() {
                Ok(()) => continue,
                Err(error) => return Err(cut_short(service, conn, Wait::Idle, error)),
            },
            Verdict::Close => return Ok(()),
            Verdict::Detach => {
                let _ = given.map_or(Ok(()), |given| conn.stream.socket().leave_cancel(&given));
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
            false => conn.stream.socket().wait_by(interest, deadline),
        };
        match ready {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                lend(conn, |conn| service.expired(conn, wait, Expiry::Time), drop);
                return Ok(());
            }
            Err(error) => return Err(cut_short(service, conn, wait, error)),
        }
    }
}

/// A connection in its first state; nothing, if it is refused.
fn opened<S>(service: &S, socket: Socket, peer: Address) -> Result<Option<Conn<S::State>>>
where
    S: Service<Line = Stream>,
{
    let (stream, state) = lend(Stream::from(socket), |_| service.open(&peer), |stream| stream.part());
    let Some(state) = state else {
        stream.part();
        return Ok(None);
    };
    without_delay(stream.socket())?;
    Ok(Some(Conn { stream, peer, state, read_closed: false }))
}

/// Ends a connection that may not be served on.
fn cut_short<S>(service: &S, conn: Conn<S::State>, wait: Wait, error: Error) -> Error
where
    S: Service<Line = Stream>,
{
    lend(conn, |conn| service.expired(conn, wait, Expiry::Shutdown), drop);
    error.context("handle_request")
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
