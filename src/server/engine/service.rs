//! What a protocol gives the engine, and what the engine gives a protocol.
//!
//! The engine knows connections, threads and time; a [`Service`] knows what the bytes mean. It is called
//! with a connection that nobody else holds, does what can be done now, and says how to go on.

use std::time::{Duration, Instant};

use crate::{socket::Address, stream::Stream};

use super::{classes::Class, line::Line};

/// A protocol that the engine serves.
pub(crate) trait Service: Send + Sync {
    /// What comes in: connections ([`Stream`]) or packets.
    type Line: Line;
    /// What a connection keeps while it is parked. Small: ten thousand of them are held.
    type State: Send + 'static;
    /// Buffers of a thread, shared by all connections that it serves.
    type Scratch: Default + 'static;

    /// Judges a new connection; `None` closes it.
    fn open(&self, peer: &Address) -> Option<Self::State>;

    /// Serves a connection that has something to read, can be written again, or is new.
    ///
    /// Called on a thread that drives the lane, or on a spare one after [`Verdict::Handover`]. May block;
    /// then the engine gives the lane to another thread. May panic: the connection is closed then.
    fn ready(&self, conn: &mut Conn<Self::State, Self::Line>, desk: &mut Desk<'_, Self::Scratch>) -> Verdict;

    /// A parked connection has to go. A last word may be written (never waiting); it is closed then.
    fn expired(&self, conn: &mut Conn<Self::State, Self::Line>, wait: Wait, why: Expiry);

    /// Takes a connection that left by [`Verdict::Detach`].
    fn detach(&self, conn: Conn<Self::State, Self::Line>);

    /// How many panics of the program's own code it has caught itself.
    fn caught_panics(&self) -> u64 {
        0
    }

    /// How long a connection may be parked in that way.
    fn patience(&self, wait: Wait) -> Option<Duration>;
}

/// A connection, held by the thread that serves it or by the table that it is parked in.
#[derive(Debug)]
pub(crate) struct Conn<S, L = Stream> {
    /// What it speaks through. Non-blocking; its timed calls wait by `poll`.
    pub(crate) stream: L,
    /// The other end.
    pub(crate) peer: Address,
    /// The protocol's own.
    pub(crate) state: S,
    /// Set when the last event said that the peer has closed its side: read on to the end, as no further
    /// event will come. Otherwise a read shorter than its buffer means that the rest is not there yet.
    pub(crate) read_closed: bool,
}

/// How the engine goes on with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing more can be done now.
    Park(Wait),
    /// There is more to do at once, but others come first.
    Again,
    /// The class of the next request blocks: a spare thread shall serve it.
    Handover,
    /// The connection ends.
    Close,
    /// The connection leaves the engine; [`Service::detach`] takes it.
    Detach,
}

/// What a parked connection waits for; each has a time limit and a queue of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The first byte of the first request; the time runs from accept. Shutting down closes such a connection at once.
    New,
    /// The first byte of the next request.
    Idle,
    /// The rest of a head. Its time runs from the first byte: parking again doesn't restart it.
    Head,
    /// More of a small body.
    Body,
    /// Room to write.
    Write,
    /// The same, with what is to be written kept in memory: [`Desk::end_longest`] may want that.
    WriteKept,
    /// The peer's end of data, after an answer that left its bytes unread.
    Linger,
}

impl Wait {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::ALL.len();

    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Wait; 7] =
        [Wait::New, Wait::Idle, Wait::Head, Wait::Body, Wait::Write, Wait::WriteKept, Wait::Linger];

    /// Whether parking again in the same way begins the time anew: progress does, one more byte of a head not.
    pub(crate) fn restarts(self) -> bool {
        !matches!(self, Wait::New | Wait::Head | Wait::Linger)
    }

    /// Whether no request has begun.
    pub(crate) fn is_idle(self) -> bool {
        matches!(self, Wait::New | Wait::Idle)
    }

    /// Whether it is room to write that is waited for.
    pub(crate) fn for_write(self) -> bool {
        matches!(self, Wait::Write | Wait::WriteKept)
    }
}

/// Why a parked connection has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// Its time has passed, or its place is wanted.
    Time,
    /// What it keeps in memory is too much together with what others keep.
    Memory,
    Shutdown,
}

/// Whether a request may be served on this thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Begin {
    /// Go on.
    Go,
    /// Keep what was read and return [`Verdict::Handover`].
    Handover,
}

/// The thread's side of a call to [`Service::ready`].
pub(crate) struct Desk<'a, B> {
    /// The thread's buffers.
    pub(crate) scratch: &'a mut B,
    pub(super) account: &'a mut dyn Account,
}

/// What the engine knows of the thread's work.
pub(super) trait Account {
    fn begin(&mut self, class: Class) -> Begin;
    fn now(&self) -> Instant;
    fn is_draining(&self) -> bool;
    fn is_wanted(&self) -> bool;
    fn end_longest(&mut self, wait: Wait) -> bool;
}

impl<B> Desk<'_, B> {
    /// Tells the engine that work of that class begins. On [`Begin::Handover`] nothing may be done.
    pub(crate) fn begin(&mut self, class: Class) -> Begin {
        self.account.begin(class)
    }

    /// The time: when this batch of work began, as the clock is read once for all of it; after a handler that took its
    /// time, the real one.
    pub(crate) fn now(&self) -> Instant {
        self.account.now()
    }

    /// Whether others wait for this thread.
    pub(crate) fn is_wanted(&self) -> bool {
        self.account.is_wanted()
    }

    /// Ends the connection that has been parked longest in that way, for [`Expiry::Memory`]: all that it keeps is gone
    /// when this returns. False: there is none.
    pub(crate) fn end_longest(&mut self, wait: Wait) -> bool {
        self.account.end_longest(wait)
    }

    /// Whether the server is shutting down: answers say `Connection: close`.
    pub(crate) fn is_draining(&self) -> bool {
        self.account.is_draining()
    }
}
