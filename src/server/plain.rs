//! A server's handler, and the protocol that it is to the engine: none at all.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use crate::{
    error::{Error, Result},
    socket::Address,
    stream::Stream,
};

use super::{
    connection::{Buffered, Connection, Detached},
    engine::{
        classes::Class,
        service::{Begin, Conn, Desk, Service, Verdict, Wait},
    },
};

/// How a connection goes on after its handler.
///
/// In an opener's chain of handlers it is a [`urllib::Next`](crate::urllib::Next).
pub enum Next {
    /// Call again when there is something to read. A connection whose end was read is closed instead.
    Wait,
    /// Close the connection.
    Close,
    /// The connection leaves the server and goes to that function, which may keep the calling thread for as
    /// long as it wants. [`Next::detach`] makes one.
    Detach(Box<dyn FnOnce(Detached) + Send>),
}

impl Next {
    /// Gives the connection away, as after an upgrade to another protocol.
    pub fn detach(taker: impl FnOnce(Detached) + Send + 'static) -> Next {
        Next::Detach(Box::new(taker))
    }
}

impl std::fmt::Debug for Next {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Next::Wait => "Wait",
            Next::Close => "Close",
            Next::Detach(_) => "Detach",
        })
    }
}

/// Serves a server's connections. A closure `|conn: &mut Connection| …` is one.
///
/// | to call | to write | duty |
/// |---|---|---|
/// | | [`handle`](Self::handle) | read what there is, answer, say how to go on |
/// | | [`verify_request`](Self::verify_request) | judge a new connection by its address |
/// | | [`handle_error`](Self::handle_error) | log an error of `handle`; its connection is closed |
///
/// Python: `socketserver.BaseRequestHandler`, and the hooks of `BaseServer`.
pub trait RequestHandler: Send + Sync {
    /// Called whenever the connection has something to read, which may be its end. May block, and may as well serve
    /// the connection to its end in a loop.
    ///
    /// # Errors
    ///
    /// Any error closes the connection, after [`handle_error`](Self::handle_error).
    fn handle(&self, connection: &mut Connection<'_>) -> Result<Next>;

    /// Whether a new connection shall be served; else it is closed at once. Default is yes.
    fn verify_request(&self, peer: &Address) -> bool {
        let _ = peer;
        true
    }

    /// Told when [`handle`](Self::handle) failed. Default is to say nothing.
    fn handle_error(&self, peer: &Address, error: &Error) {
        let _ = (peer, error);
    }

    /// Told when [`handle_request`](super::Server::handle_request) waited in vain. Default is to do nothing.
    fn handle_timeout(&self) {}
}

impl<F> RequestHandler for F
where
    F: Fn(&mut Connection<'_>) -> Result<Next> + Send + Sync,
{
    fn handle(&self, connection: &mut Connection<'_>) -> Result<Next> {
        self(connection)
    }
}

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
    taker: Option<Box<dyn FnOnce(Detached) + Send>>,
}

impl<H: RequestHandler> Plain<H> {
    pub(super) fn new(handler: H, idle: Option<Duration>, patience: Option<Duration>) -> Plain<H> {
        Plain { handler, idle, patience, opened: AtomicU32::new(0) }
    }
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
        Some(State { buffered: Buffered::new(self.patience), class, taker: None })
    }

    fn ready(&self, conn: &mut Conn<State>, desk: &mut Desk<'_, Vec<u8>>) -> Verdict {
        if let Err(verdict) = conn.state.buffered.begin_turn(&conn.stream, desk.scratch) {
            return verdict;
        }
        if desk.begin(conn.state.class) == Begin::Handover {
            conn.state.buffered.put_off_turn();
            return Verdict::Handover;
        }
        let mut connection = Connection::new(&conn.stream, &conn.peer, &mut conn.state.buffered);
        match self.handler.handle(&mut connection) {
            Ok(Next::Wait) => match conn.state.buffered.end_turn(desk.scratch) {
                // No further event will say that the peer has closed: read on to the end.
                Verdict::Park(_) if conn.read_closed => Verdict::Again,
                verdict => verdict,
            },
            Ok(Next::Close) => Verdict::Close,
            Ok(Next::Detach(taker)) => {
                conn.state.taker = Some(taker);
                Verdict::Detach
            }
            Err(error) => {
                self.handler.handle_error(&conn.peer, &error);
                Verdict::Close
            }
        }
    }

    fn expired(&self, _: &mut Conn<State>, _: Wait) {}

    fn detach(&self, conn: Conn<State>) {
        if let Some(taker) = conn.state.taker {
            taker(Detached::new(conn.stream, conn.peer, conn.state.buffered));
        }
    }

    fn patience(&self, _: Wait) -> Option<Duration> {
        self.idle
    }
}
