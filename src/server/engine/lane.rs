//! A lane: a poller, a table of parked connections and a queue of ready ones, behind one short lock.
//!
//! This is the state machine alone. It makes no system call, starts no thread and reads no clock: threads ask
//! for [`Work`], do it outside the lock, and come back with what became of it. `P` is the poller's seat, which
//! is handed to the one driver that waits; `C` is a connection.

mod doors;
mod ending;

use std::{
    collections::VecDeque,
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    post::{Call, Post},
    service::Wait,
    sync::{Mutex, MutexGuard, lock},
    table::{Cause, Readiness, Table, Token},
};

use doors::DoorState;

/// So many ready connections call for another driver.
const LONG_QUEUE: usize = 24;

/// What a driver is to do.
#[derive(Debug)]
pub(super) enum Work<P, C> {
    /// Serve this connection.
    Serve(Held<C>, Instant),
    /// Accept one connection at that door.
    Accept(usize, Instant),
    /// Wait in the poller until that time at the latest.
    Poll(P, Option<Instant>),
    /// There is nothing to do that others don't do already.
    Leave,
}

/// A connection in a thread's hands.
#[derive(Debug)]
pub(super) struct Held<C> {
    pub(super) token: Token,
    pub(super) conn: C,
    pub(super) cause: Cause,
    /// Its time goes on until its work begins.
    pub(super) timed: bool,
}

/// What became of a connection.
#[derive(Debug)]
pub(super) enum Outcome<C> {
    /// It waits.
    Park(Token, C, Wait),
    /// It has more to do.
    Again(Token, C),
    /// It is gone from this lane.
    Gone(Token),
}

/// What became of a try to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// A connection came in.
    Opened,
    /// Nobody waits outside.
    Drained,
    /// There are as many connections as allowed: wait for one to end, or until that time, when one may have to.
    Full(Option<Instant>),
    /// The system has nothing left: try again at that time.
    Pause(Instant),
}

/// Whom a change concerns, outside of the lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub(super) struct Alert {
    /// Another driver is needed.
    pub(super) call: bool,
    /// The one that waits in the poller has to look again.
    pub(super) wake: bool,
}

/// What is found at a watcher's tick.
#[derive(Debug, Default)]
pub(super) struct Tick {
    /// Drivers that have stood in one call of a handler since the last tick, and for how many.
    pub(super) suspects: Vec<(Arc<Post>, Call, u32)>,
    /// Nothing is going on: the one driver waits in the poller.
    pub(super) calm: bool,
    /// The queue was long since the last tick, and no further driver was allowed.
    pub(super) pressed: bool,
    /// No poll came between this tick and the last one, with connections waiting.
    pub(super) stuck: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    Conn(Token),
    Door(usize),
}

/// INVARIANT: `seat` is `None` exactly while one thread waits in the poller; `until` is that thread's time then.
/// INVARIANT: every connection in the table's queued place stands once in `ready` or in `later`, and so does every
/// queued door. What comes back from its turn goes to `later`, behind the next look into the poller: so a peer
/// that always has more to do can't keep the others' events away.
/// INVARIANT: `drivers` holds the posts of the threads that will come back for more work: not those lost.
/// INVARIANT: `called` is set from the alert that calls a driver until one joins, so one call is answered once.
struct State<P, C> {
    table: Table<C>,
    ready: VecDeque<Entry>,
    later: Vec<Entry>,
    seat: Option<P>,
    until: Option<Instant>,
    drivers: Vec<Arc<Post>>,
    called: bool,
    allowed: usize,
    doors: Vec<DoorState>,
    streak: u32,
    /// A door was open for a whole streak.
    crowded: bool,
    now: Instant,
    polls: u64,
    polls_at_tick: u64,
    pressed: bool,
    draining: bool,
    /// Nothing may wait or go on any more.
    ending: bool,
    closed: bool,
}

/// See the module.
pub(super) struct Lane<P, C>(Mutex<State<P, C>>);

/// What a lane begins with.
pub(super) struct Setup<P> {
    pub(super) seat: P,
    pub(super) doors: usize,
    pub(super) patience: [Option<Duration>; Wait::COUNT],
    pub(super) now: Instant,
}

impl<P, C> Lane<P, C> {
    pub(super) fn new(setup: Setup<P>) -> Lane<P, C> {
        Lane(Mutex::new(State {
            table: Table::new(setup.patience, setup.now),
            ready: VecDeque::new(),
            later: Vec::new(),
            seat: Some(setup.seat),
            until: None,
            drivers: Vec::new(),
            called: true,
            allowed: 1,
            doors: vec![DoorState::Quiet; setup.doors],
            streak: 0,
            crowded: false,
            now: setup.now,
            polls: 0,
            polls_at_tick: 0,
            pressed: false,
            draining: false,
            ending: false,
            closed: false,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State<P, C>> {
        lock(&self.0)
    }

    /// A thread begins to drive. False: the lane has enough drivers, or is closed.
    pub(super) fn join(&self, post: &Arc<Post>) -> bool {
        let mut state = self.state();
        state.called = false;
        if state.closed || state.drivers.len() >= state.allowed {
            return false;
        }
        state.drivers.push(Arc::clone(post));
        true
    }

    /// A driver hands in what became of its last connection and gets the next work.
    pub(super) fn turn(&self, me: &Arc<Post>, done: Option<Outcome<C>>) -> (Work<P, C>, Alert) {
        let mut state = self.state();
        if let Some(done) = done {
            if let Some(held) = state.settle(done) {
                state.requeue(held);
            }
        }
        let (work, mut alert) = state.next(me);
        // Another waits in the poller, and doesn't know of a time that came up meanwhile.
        if !matches!(work, Work::Poll(..)) && state.is_late() {
            alert.wake = true;
        }
        (work, alert)
    }

    /// A driver comes back from the poller; `report` tells what was found there.
    pub(super) fn polled(
        &self,
        seat: P,
        now: Instant,
        report: impl FnOnce(&P, &mut dyn FnMut(Target, Readiness)),
    ) {
        let mut state = self.state();
        state.until = None;
        state.now = state.now.max(now);
        state.polls = state.polls.wrapping_add(1);
        report(&seat, &mut |target, readiness| match target {
            Target::Conn(token) => {
                if state.table.note(token, readiness) {
                    state.ready.push_back(Entry::Conn(token));
                }
            }
            Target::Door(door) => state.knock(door),
        });
        state.seat = Some(seat);
        state.lapse();
        state.resume();
    }

    /// A thread that doesn't drive this lane hands in what became of a connection. `Some`: it is still needed.
    pub(super) fn settle(&self, done: Outcome<C>, now: Instant) -> (Option<Held<C>>, Alert) {
        let mut state = self.state();
        state.now = state.now.max(now);
        let held = state.settle(done);
        let wake = state.is_late() || state.seat.is_none() && state.has_work();
        (held, Alert { wake, call: false })
    }

    /// The same for a thread that has no time to go on with it: the lane's drivers will.
    pub(super) fn hand_in(&self, done: Outcome<C>, now: Instant) -> Alert {
        let (held, mut alert) = self.settle(done, now);
        if let Some(held) = held {
            let mut state = self.state();
            state.requeue(held);
            alert.wake = state.seat.is_none();
        }
        alert
    }

    /// A slot for a new connection, held by the caller. `None`: the server is shutting down.
    pub(super) fn admit(&self) -> Option<Token> {
        let mut state = self.state();
        if state.closed || state.draining { None } else { state.table.insert() }
    }

    /// What came of a try to accept. The door is queued again before the new connection is served: should its
    /// handler block, another driver finds the door.
    pub(super) fn answered(&self, door: usize, answer: Door) {
        self.state().answered(door, answer);
    }

    /// There is room again for connections: the doors that were shut for want of it are tried.
    pub(super) fn reopen(&self) -> Alert {
        let mut state = self.state();
        state.reopen();
        Alert { wake: state.seat.is_none() && state.has_work(), call: false }
    }

    /// Takes the lane from a driver that is blocked in that call.
    pub(super) fn lose(&self, post: &Arc<Post>, call: Call) -> (bool, Alert) {
        let mut state = self.state();
        let Some(at) = state.drivers.iter().position(|driver| Arc::ptr_eq(driver, post)) else {
            return (false, Alert::default());
        };
        if !post.lose(call) {
            return (false, Alert::default());
        }
        state.drivers.swap_remove(at);
        // Whoever waits in the poller can do what there is; else another driver is needed.
        let polling = state.seat.is_none();
        let call =
            (state.drivers.is_empty() || state.has_work() && !polling) && !state.called && !state.closed;
        state.called |= call;
        (true, Alert { call, wake: polling && state.has_work() })
    }

    /// The watcher looks in, and sets the lane's clock: a batch of work may take long.
    pub(super) fn tick(&self, now: Instant) -> Tick {
        let mut state = self.state();
        state.now = state.now.max(now);
        let suspects = state.drivers.iter().filter_map(|post| {
            let (call, ticks) = post.tick()?;
            Some((Arc::clone(post), call, ticks))
        });
        let tick = Tick {
            suspects: suspects.collect(),
            calm: state.seat.is_none() && !state.has_work() && state.drivers.len() <= 1,
            pressed: state.pressed,
            stuck: state.polls == state.polls_at_tick && state.has_work(),
        };
        state.pressed = false;
        state.polls_at_tick = state.polls;
        tick
    }

    /// How many drivers there may be from now on.
    pub(super) fn allow(&self, drivers: usize) {
        self.state().allowed = drivers.max(1);
    }

    /// Sends the drivers home.
    pub(super) fn close(&self) -> Alert {
        let mut state = self.state();
        state.closed = true;
        Alert { wake: state.seat.is_none(), call: false }
    }

    /// The work of a connection in a thread's hands begins: what it waits for next has a time of its own.
    pub(super) fn renew(&self, token: Token) {
        self.state().table.renew(token);
    }

    /// How many connections it has.
    pub(super) fn count(&self) -> usize {
        self.state().table.count()
    }
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Conn(Token),
    Door(usize),
}

impl<P, C> State<P, C> {
    fn next(&mut self, me: &Arc<Post>) -> (Work<P, C>, Alert) {
        loop {
            if self.closed {
                return (self.leave(me), Alert::default());
            }
            let Some(entry) = self.ready.pop_front() else { break };
            let work = match entry {
                Entry::Door(door) => {
                    self.doors[door] = DoorState::Open(false);
                    Work::Accept(door, self.now)
                }
                Entry::Conn(token) => match self.table.take(token) {
                    Some((conn, cause)) => Work::Serve(self.held(token, conn, cause), self.now),
                    None => continue,
                },
            };
            return (work, self.call_another());
        }
        match self.seat.take() {
            Some(seat) => {
                let until = if self.later.is_empty() { self.earliest() } else { Some(self.now) };
                self.until = until;
                (Work::Poll(seat, until), Alert::default())
            }
            None if self.later.is_empty() => (self.leave(me), Alert::default()),
            None => {
                self.resume();
                self.next(me)
            }
        }
    }

    /// What came back gets its turn.
    fn resume(&mut self) {
        self.ready.extend(self.later.drain(..));
    }

    /// Whether somebody waits in the poller for longer than he should; told once.
    fn is_late(&mut self) -> bool {
        if self.seat.is_some() {
            return false;
        }
        let earliest = self.earliest();
        let late = earlier(earliest, self.until);
        if late {
            self.until = earliest;
        }
        late
    }

    fn has_work(&self) -> bool {
        !self.ready.is_empty() || !self.later.is_empty()
    }

    fn leave(&mut self, me: &Arc<Post>) -> Work<P, C> {
        self.drivers.retain(|driver| !Arc::ptr_eq(driver, me));
        Work::Leave
    }

    /// The queue is long, or that before a door: another driver may help.
    fn call_another(&mut self) -> Alert {
        let crowded = mem::take(&mut self.crowded);
        if self.ready.len() < LONG_QUEUE && !crowded || self.called {
            return Alert::default();
        }
        if self.drivers.len() >= self.allowed {
            self.pressed = true;
            return Alert::default();
        }
        self.called = true;
        Alert { call: true, wake: false }
    }

    /// Puts a connection back, or lets it go. `Some`: it must be looked at again at once.
    fn settle(&mut self, done: Outcome<C>) -> Option<Held<C>> {
        match done {
            Outcome::Park(token, conn, wait) if self.ending || self.draining && wait.is_idle() => {
                Some(self.held(token, conn, Cause::Expired(wait)))
            }
            Outcome::Again(token, conn) if self.ending => {
                Some(self.held(token, conn, Cause::Expired(Wait::Idle)))
            }
            Outcome::Park(token, conn, wait) => match self.table.park(token, conn, wait, self.now) {
                Ok(()) => None,
                Err((conn, cause)) => Some(self.held(token, conn, cause)),
            },
            Outcome::Again(token, conn) => Some(self.held(token, conn, Cause::Again)),
            Outcome::Gone(token) => {
                self.table.remove(token);
                None
            }
        }
    }

    fn held(&self, token: Token, conn: C, cause: Cause) -> Held<C> {
        Held { token, conn, cause, timed: self.table.is_timed(token) }
    }

    fn requeue(&mut self, held: Held<C>) {
        self.table.queue(held.token, held.conn, held.cause);
        self.later.push(Entry::Conn(held.token));
    }

    /// Queues whatever has its time up.
    fn lapse(&mut self) {
        while let Some(token) = self.table.expire(self.now) {
            self.ready.push_back(Entry::Conn(token));
        }
        for door in 0..self.doors.len() {
            if self.doors[door].until().is_some_and(|until| until <= self.now) {
                self.queue_door(door);
            }
        }
    }

    fn earliest(&self) -> Option<Instant> {
        let doors = self.doors.iter().filter_map(DoorState::until);
        doors.chain(self.table.next_expiry()).min()
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one < other,
        (one, None) => one.is_some(),
        (None, Some(_)) => false,
    }
}

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, loom))]
mod loom_wakes;
#[cfg(all(test, not(loom)))]
mod tests;
