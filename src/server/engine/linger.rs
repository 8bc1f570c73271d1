//! What a thread does that a handler has blocked, before it lets the connection go.

use std::{os::fd::AsFd, sync::atomic::Ordering, time::Duration};

use crate::{
    deadline::Deadline,
    sys::{Interest, wait},
};

use super::{Engine, Watched, drive::Connection, lane::Held, line::Line, service::Service, table::Cause};

/// The thread stays with the connection for this share of the time that the handler took,
const SHARE: u32 = 8;
/// as long as that at most,
const MOST: Duration = Duration::from_millis(10);
/// and not at all if it is less: poll(2) counts milliseconds.
const LEAST: Duration = Duration::from_millis(1);

impl<S: Service + 'static> Engine<S> {
    /// Waits a little for the next request of a connection whose last one has blocked this thread for so long: that
    /// costs hardly more of the thread's time, and whoever comes back at once needs neither driver nor hand-over.
    pub(super) fn comes_back(&self, held: &mut Held<Connection<S>>, took: Duration) -> bool {
        let patience = MOST.min(took / SHARE);
        if patience < LEAST || self.crew.is_spent() || self.draining.load(Ordering::Relaxed) {
            return false;
        }
        let berth = &mut held.conn;
        let socket = berth.conn.stream.socket();
        // Its events would wake a driver in vain.
        if berth.watched != Watched::No && self.lanes[berth.lane].registrar.remove(socket).is_err() {
            return false;
        }
        berth.watched = Watched::No;
        held.cause = Cause::Again;
        wait(socket.as_fd(), Interest::Read, Deadline::after(patience), None).is_ok()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::{
        io::{Read, Write},
        os::unix::net::UnixStream,
        sync::Arc,
        time::Instant,
    };

    use super::{
        super::{
            Config,
            lane::Outcome,
            service::Wait,
            tests::{echo, end, start},
        },
        *,
    };
    use crate::{socket::Socket, stream::Stream};

    const LONG: Duration = Duration::from_millis(80);

    /// A connection in a thread's hands, watched by its lane's poller; and its peer.
    fn held<S: Service<Line = Stream> + 'static>(
        engine: &Arc<Engine<S>>,
    ) -> (Held<Connection<S>>, UnixStream) {
        let (peer, own) = UnixStream::pair().unwrap();
        own.set_nonblocking(true).unwrap();
        let own = Socket::from(own);
        let name = own.getpeername().unwrap();
        assert!(engine.room.take());
        let mut held = engine.welcome(0, Stream::from(own), name).unwrap();
        held.conn = engine.watch(held.token, held.conn, Wait::Idle).unwrap_or_else(|_| panic!("not watched"));
        (held, peer)
    }

    #[test]
    fn whoever_comes_back_at_once_is_served_by_the_same_thread() {
        let (engine, _) = start(Config::default(), echo);
        let (mut held, mut peer) = held(&engine);
        peer.write_all(b"line\n").unwrap();
        assert!(engine.comes_back(&mut held, LONG));
        assert_eq!(held.conn.watched, Watched::No, "a driver would be woken");
        assert!(!engine.comes_back(&mut held, LEAST * SHARE - Duration::from_nanos(1)), "a quick handler");
        engine.draining.store(true, Ordering::Relaxed);
        assert!(!engine.comes_back(&mut held, LONG), "shutting down");
        engine.draining.store(false, Ordering::Relaxed);
        let gone = engine.close(held.token, held.conn);
        assert!(engine.lanes[0].lane.settle(gone, Instant::now()).0.is_none());
        end(&engine);
    }

    #[test]
    fn whoever_does_not_is_parked_and_served_by_a_driver() {
        let (engine, _) = start(Config::default(), echo);
        let (mut held, mut peer) = held(&engine);
        assert!(!engine.comes_back(&mut held, LONG));
        let Held { token, conn, .. } = held;
        let conn = engine.watch(token, conn, Wait::Idle).unwrap_or_else(|_| panic!("not watched"));
        let parked = Outcome::Park(token, conn, Wait::Idle);
        assert!(engine.lanes[0].lane.settle(parked, Instant::now()).0.is_none());
        peer.write_all(b"line\n").unwrap();
        let mut got = [0; 5];
        peer.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"line\n");
        end(&engine);
    }
}
