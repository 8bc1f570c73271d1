//! What a server's handler is to the engine: a protocol that is none.

use std::{
    mem,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use crate::{
    error::Result,
    socket::{Address, SOCK_SEQPACKET},
    stream::Stream,
};

use super::{
    buffered::Buffered,
    connection::Connection,
    detached::Detached,
    engine::{
        classes::Class,
        guard::lend,
        line::Line,
        service::{Begin, Conn, Desk, Expiry, Service, Verdict, Wait},
    },
    plain::{Next, RequestHandler},
    session::Kept,
};

/// The protocol that is none: every readable connection is the handler's.
pub(super) struct Plain<H> {
    handler: H,
    idle: Option<Duration>,
    patience: Option<Duration>,
    opened: AtomicU32,
}

/// What a connection keeps while it is parked.
pub(super) struct State {
    pub(super) buffered: Buffered,
    class: Class,
    stage: Stage,
    kept: Kept,
    taker: Option<Box<dyn FnOnce(Detached) + Send>>,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    SetUp,
    /// Nothing is left to be done for it.
    Finished,
}

impl<H: RequestHandler> Plain<H> {
    pub(super) fn new(handler: H, idle: Option<Duration>, patience: Option<Duration>) -> Plain<H> {
        Plain { handler, idle, patience, opened: AtomicU32::new(0) }
    }

    fn setup(&self, conn: &mut Conn<State>) -> Result<()> {
        // Finished, should it panic or fail.
        conn.state.stage = Stage::Finished;
        let socket = conn.stream.socket();
        if conn.peer.as_socket_addr().is_none() && socket.kind()? == SOCK_SEQPACKET {
            conn.state.buffered.by_record();
        }
        self.handler.setup(&mut connection(conn))?;
        conn.state.stage = Stage::SetUp;
        Ok(())
    }

    fn turn(&self, conn: &mut Conn<State>, desk: &mut Desk<'_, Vec<u8>>) -> Result<Verdict> {
        if conn.state.stage == Stage::New {
            self.setup(conn)?;
        }
        if let Some(verdict) = conn.state.buffered.begin_turn(&conn.stream, desk.scratch)? {
            return Ok(verdict);
        }
        if desk.begin(conn.state.class) == Begin::Handover {
            conn.state.buffered.put_off_turn();
            return Ok(Verdict::Handover);
        }
        Ok(match self.handler.handle(&mut connection(conn))? {
            Next::Wait => match conn.state.buffered.end_turn(desk.scratch)? {
                // No further event will say that the peer has closed: read on to the end.
                Verdict::Park(_) if conn.read_closed => Verdict::Again,
                verdict => verdict,
            },
            Next::Close => Verdict::Close,
            Next::Detach(taker) => {
                conn.state.taker = Some(taker);
                Verdict::Detach
            }
        })
    }

    fn serve(&self, conn: &mut Conn<State>, desk: &mut Desk<'_, Vec<u8>>) -> Verdict {
        let verdict = self.turn(conn, desk).unwrap_or_else(|error| {
            self.handler.handle_error(&conn.peer, &error);
            Verdict::Close
        });
        if verdict == Verdict::Close {
            self.finish(conn);
        }
        verdict
    }

    fn finish(&self, conn: &mut Conn<State>) {
        if mem::replace(&mut conn.state.stage, Stage::Finished) == Stage::SetUp {
            self.handler.finish(&mut connection(conn));
        }
    }
}

/// Has the peer see the end. Nothing keeps it from that once the peer's own end was read.
fn part(conn: &Conn<State>) {
    if !conn.state.buffered.ended {
        conn.stream.part();
    }
}

fn connection(conn: &mut Conn<State>) -> Connection<'_> {
    Connection::new(&conn.stream, &conn.peer, &mut conn.state.buffered, &mut conn.state.kept)
}

impl<H: RequestHandler> Service for Plain<H> {
    type Line = Stream;
    type State = State;
    type Scratch = Vec<u8>;

    fn open(&self, peer: &Address) -> Option<State> {
        if !self.handler.verify_request(peer) {
            return None;
        }
        // The connection itself is the class.
        let class = Class::new(self.opened.fetch_add(1, Ordering::Relaxed));
        Some(State {
            buffered: Buffered::new(self.patience),
            class,
            stage: Stage::New,
            kept: None,
            taker: None,
        })
    }

    fn ready(&self, conn: &mut Conn<State>, desk: &mut Desk<'_, Vec<u8>>) -> Verdict {
        // A panic ends it as an error does.
        let (conn, verdict) = lend(conn, |conn| self.serve(conn, desk), |conn| part(conn));
        if verdict == Verdict::Close {
            part(conn);
        }
        verdict
    }

    fn expired(&self, conn: &mut Conn<State>, _: Wait, _: Expiry) {
        let (conn, ()) = lend(conn, |conn| self.finish(conn), |conn| part(conn));
        part(conn);
    }

    fn detach(&self, conn: Conn<State>) {
        let State { taker, buffered, kept, .. } = conn.state;
        let Some(taker) = taker else { return };
        let own = Detached::new(conn.stream, conn.peer, buffered);
        // What it kept goes after the taker.
        lend(kept, |_| taker(own), drop);
    }

    fn patience(&self, _: Wait) -> Option<Duration> {
        self.idle
    }
}
