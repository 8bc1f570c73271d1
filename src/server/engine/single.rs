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
    line::without_delay,
    service::{Begin, Conn, Desk, Service, Verdict, Wait},
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
        let mut worked = false;
        let begin = &mut |_| {
            worked = true;
            Begin::Go
        };
        let mut desk = Desk { scratch: &mut scratch, begin, now: Instant::now(), draining: false };
        let wait = match service.ready(&mut conn, &mut desk) {
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
            Some((before, deadline)) if before == wait && !wait.restarts() && !worked => deadline,
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
                service.expired(&mut conn, wait);
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::{
        io::Write,
        os::unix::net::UnixStream,
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    };

    use super::*;
    use crate::server::engine::classes::Class;

    /// Waits for a head three times, the last time after a request; and counts how often a time limit begins.
    #[derive(Default)]
    struct Heads {
        calls: AtomicU32,
        limits: AtomicU32,
    }

    impl Service for Heads {
        type Line = Stream;
        type State = ();
        type Scratch = ();

        fn open(&self, _: &Address) -> Option<()> {
            Some(())
        }

        fn ready(&self, _: &mut Conn<()>, desk: &mut Desk<'_, ()>) -> Verdict {
            let limits = self.limits.load(Ordering::Relaxed);
            match self.calls.fetch_add(1, Ordering::Relaxed) {
                0 => assert_eq!(limits, 0),
                1 => assert_eq!(limits, 1),
                2 => {
                    assert_eq!(limits, 1, "one more byte of a head doesn't restart its time");
                    assert_eq!(desk.begin(Class::new(0)), Begin::Go);
                }
                _ => {
                    assert_eq!(limits, 2, "the next head has a time of its own");
                    return Verdict::Close;
                }
            }
            Verdict::Park(Wait::Head)
        }

        fn expired(&self, _: &mut Conn<()>, wait: Wait) {
            panic!("{wait:?} was too long");
        }

        fn detach(&self, _: Conn<()>) {}

        fn patience(&self, _: Wait) -> Option<Duration> {
            self.limits.fetch_add(1, Ordering::Relaxed);
            None
        }
    }

    #[test]
    fn each_head_has_one_time_limit() {
        let (mut peer, own) = UnixStream::pair().unwrap();
        // There is always something to read.
        peer.write_all(b"x").unwrap();
        let heads = Heads::default();
        let own = Socket::from(own);
        let addr = own.getpeername().unwrap();
        serve_one(&heads, own, addr).unwrap();
        assert_eq!(heads.calls.load(Ordering::Relaxed), 4);
    }
}
