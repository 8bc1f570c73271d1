//! What a thread of the crew does: drive a lane, accept, serve a connection.

use std::{
    mem,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use crate::{
    poll::{Event, Interest, Poller},
    sys::thread::thread_number,
};

use super::{
    Berth, Engine, LAST_DOOR, Watched,
    classes::Class,
    crew::Order,
    guard::guarded,
    lane::{Alert, Held, Outcome, Target, Work},
    line::Line,
    post::Post,
    service::{Account, Begin, Conn, Desk, Expiry, Service, Verdict, Wait},
    table::{Cause, Readiness, Token},
};

/// What a thread of the crew owns.
pub(super) struct Local<B> {
    post: Arc<Post>,
    scratch: B,
    /// What a packet is received into.
    block: Vec<u8>,
}

impl<B: Default> Default for Local<B> {
    fn default() -> Local<B> {
        Local { post: Arc::new(Post::new(thread_number())), scratch: B::default(), block: Vec::new() }
    }
}

/// On whose time a connection is served.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The lane's: a handler that blocks costs this thread the lane.
    Driver,
    /// Its own: the handler may block.
    Spare,
}

/// One call of [`Service::ready`], as the thread keeps account of it: a driver stands at its post from before the
/// call until it ends, or until the next piece of work begins in it.
struct Shift<'a, S: Service> {
    engine: &'a Arc<Engine<S>>,
    post: &'a Post,
    role: Role,
    /// When this batch of work began.
    now: Instant,
    /// The connection, if its time goes on until its work begins.
    timed: Option<(usize, Token)>,
    class: Option<Class>,
    began: Option<Instant>,
    /// A handler has run in this call.
    worked: bool,
    /// How long the last piece of work took, where that is measured.
    took: Duration,
}

pub(super) type Connection<S> = Box<Berth<S>>;

impl<S: Service + 'static> Engine<S> {
    /// A thread's life: one order after the other.
    pub(super) fn work(self: &Arc<Self>) {
        self.crew.report();
        let mut local = Local::default();
        while let Some(order) = self.crew.take() {
            match order {
                Order::Drive(lane) => self.drive(lane, &mut local),
                Order::Serve(job) => self.serve_out(job, Instant::now(), &mut local),
            }
        }
    }

    /// Drives a lane until others do, or until a handler blocked and the lane went to another.
    fn drive(self: &Arc<Self>, index: usize, local: &mut Local<S::Scratch>) {
        let lane = &self.lanes[index].lane;
        if !lane.join(&local.post) {
            return;
        }
        let mut done = None;
        loop {
            let (work, alert) = lane.turn(&local.post, done.take());
            self.alert(index, alert);
            let (held, now) = match work {
                Work::Serve(held, now) => {
                    local.post.enter();
                    (held, now)
                }
                Work::Accept(door, now) => {
                    let Some((line, peer)) = self.let_in(index, door, &mut local.block) else { continue };
                    // The hook that judges it may block as well.
                    local.post.enter();
                    let held = self.welcome(index, line, peer);
                    // Whoever sees it counted sees it open as well.
                    self.counters.accepted.fetch_add(1, Ordering::Release);
                    match held {
                        Some(held) => (held, now),
                        None => {
                            self.vacate();
                            if local.post.leave() {
                                continue;
                            }
                            return;
                        }
                    }
                }
                Work::Poll(poller, until) => {
                    self.wait(index, poller, until);
                    continue;
                }
                Work::Leave => return,
            };
            let home = held.conn.lane;
            let (outcome, keeps) = self.serve(held, now, local);
            match outcome {
                None => {}
                Some(outcome) if keeps && home == index => done = Some(outcome),
                // This lane must not wait for a connection of another.
                Some(outcome) if keeps => {
                    let alert = self.lanes[home].lane.hand_in(outcome, Instant::now());
                    self.alert(home, alert);
                }
                Some(outcome) => self.settle_out(home, outcome, local),
            }
            if !keeps {
                return;
            }
        }
    }

    fn wait(&self, index: usize, mut poller: Poller, until: Option<Instant>) {
        let limit = until.map(|until| until.saturating_duration_since(Instant::now()));
        // Can only fail for want of memory: then it is tried again at once, with what there is.
        let _ = poller.wait(limit);
        let doors = self.doors.len();
        self.lanes[index].lane.polled(poller, Instant::now(), |poller, tell| {
            for event in poller.events() {
                let Event { number, readable, writable, read_closed } = event;
                let target = match LAST_DOOR - number {
                    door if door < doors => Target::Door(door),
                    _ => Target::Conn(Token::from_number(number)),
                };
                tell(target, Readiness { readable, writable, read_closed });
            }
        });
        self.watcher.rouse();
    }

    /// Serves a connection on the thread's own time and settles it with its lane, until it needs nothing more, or
    /// others wait for a thread.
    pub(super) fn serve_out(
        self: &Arc<Self>,
        mut held: Held<Connection<S>>,
        mut now: Instant,
        local: &mut Local<S::Scratch>,
    ) {
        loop {
            let home = held.conn.lane;
            let (verdict, mut shift) = self.call(&mut held, now, Role::Spare, local);
            shift.end();
            if verdict == Verdict::Park(Wait::Idle) && self.comes_back(&mut held, shift.took) {
                now = Instant::now();
                continue;
            }
            let (Some(outcome), _) = self.conclude(held, verdict, shift) else { return };
            now = Instant::now();
            let (again, alert) = self.lanes[home].lane.settle(outcome, now);
            self.alert(home, alert);
            match again {
                Some(again) if self.crew.is_short() => {
                    return self.order(Order::Serve(again));
                }
                Some(again) => held = again,
                None => return,
            }
        }
    }

    fn settle_out(
        self: &Arc<Self>,
        home: usize,
        outcome: Outcome<Connection<S>>,
        local: &mut Local<S::Scratch>,
    ) {
        let now = Instant::now();
        let (again, alert) = self.lanes[home].lane.settle(outcome, now);
        self.alert(home, alert);
        if let Some(held) = again {
            self.serve_out(held, now, local);
        }
    }

    /// Serves a connection once, for a driver that has entered its post. The outcome is `None` when another thread has
    /// the connection now; false: this thread has lost its lane.
    fn serve(
        self: &Arc<Self>,
        mut held: Held<Connection<S>>,
        now: Instant,
        local: &mut Local<S::Scratch>,
    ) -> (Option<Outcome<Connection<S>>>, bool) {
        let (verdict, shift) = self.call(&mut held, now, Role::Driver, local);
        self.conclude(held, verdict, shift)
    }

    /// Calls the service.
    fn call<'a>(
        self: &'a Arc<Self>,
        held: &mut Held<Connection<S>>,
        now: Instant,
        role: Role,
        local: &'a mut Local<S::Scratch>,
    ) -> (Verdict, Shift<'a, S>) {
        let Local { post, scratch, .. } = local;
        let mut shift = Shift::new(self, post, role, now);
        shift.timed = mem::take(&mut held.timed).then_some((held.conn.lane, held.token));
        let conn = &mut held.conn.conn;
        match held.cause {
            Cause::Expired(wait) => {
                let why = if shift.is_draining() { Expiry::Shutdown } else { Expiry::Time };
                self.expire(conn, wait, why);
                return (Verdict::Close, shift);
            }
            Cause::Ready { read_closed } => conn.read_closed |= read_closed,
            Cause::Again => {}
        }
        let ready = || self.service.ready(conn, &mut Desk { scratch, account: &mut shift });
        let verdict = self.counted(guarded(ready)).unwrap_or(Verdict::Close);
        (verdict, shift)
    }

    /// Tells the service that a connection has to go.
    fn expire(&self, conn: &mut Conn<S::State, S::Line>, wait: Wait, why: Expiry) {
        if why != Expiry::Shutdown {
            self.counters.expired.fetch_add(1, Ordering::Relaxed);
        }
        let _ = guarded(|| self.service.expired(conn, wait, why));
    }

    /// Ends the connection that has been parked longest in that way. False: there is none.
    fn end_longest(self: &Arc<Self>, wait: Wait) -> bool {
        let which = |other| other == wait;
        let Some((_, home)) = self.longest(which) else { return false };
        let Some(Held { token, conn: mut berth, .. }) = self.lanes[home].lane.take_longest(which) else {
            return false;
        };
        self.expire(&mut berth.conn, wait, Expiry::Memory);
        let gone = self.close(token, berth);
        let alert = self.lanes[home].lane.hand_in(gone, Instant::now());
        self.alert(home, alert);
        true
    }

    /// Does as the service has said. False: this thread has lost its lane, or has none.
    fn conclude(
        self: &Arc<Self>,
        held: Held<Connection<S>>,
        verdict: Verdict,
        mut shift: Shift<'_, S>,
    ) -> (Option<Outcome<Connection<S>>>, bool) {
        let Held { token, conn: berth, cause, timed } = held;
        match verdict {
            Verdict::Detach => (None, self.release(token, berth, shift)),
            // Closing is part of the call.
            Verdict::Close => (Some(self.close(token, berth)), shift.end()),
            Verdict::Park(wait) => {
                let watched = self.watch(token, berth, wait);
                let outcome = watched
                    .map_or_else(|berth| self.close(token, berth), |berth| Outcome::Park(token, berth, wait));
                (Some(outcome), shift.end())
            }
            Verdict::Again => (Some(Outcome::Again(token, berth)), shift.end()),
            Verdict::Handover => {
                let keeps = shift.end();
                self.order(Order::Serve(Held { token, conn: berth, cause, timed }));
                (None, keeps)
            }
        }
    }

    /// Counts a panic.
    pub(super) fn counted<R>(&self, outcome: Option<R>) -> Option<R> {
        if outcome.is_none() {
            self.counters.panicked.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }

    /// Lets a connection go: its slot is free before whoever takes it may block this thread, which counts as
    /// part of the handler's call. False: the lane was given away meanwhile.
    fn release(self: &Arc<Self>, token: Token, berth: Connection<S>, mut shift: Shift<'_, S>) -> bool {
        let track = &self.lanes[berth.lane];
        if berth.watched != Watched::No {
            let _ = track.registrar.remove(berth.conn.stream.socket());
        }
        let (_, alert) = track.lane.settle(Outcome::Gone(token), Instant::now());
        self.alert(berth.lane, alert);
        self.vacate();
        let _ = berth.conn.stream.socket().leave_cancel(&self.cancel);
        self.counted(guarded(|| self.service.detach(berth.conn)));
        shift.end()
    }

    /// Ends a connection: its descriptor is closed before its slot is free. With it goes what its protocol and handler
    /// keep, whose dropping may block or panic like a handler.
    pub(super) fn close(self: &Arc<Self>, token: Token, berth: Connection<S>) -> Outcome<Connection<S>> {
        self.counted(guarded(|| drop(berth)));
        self.vacate();
        Outcome::Gone(token)
    }

    /// Has the poller watch a connection for what it waits for. `Err`: that failed, it must be closed.
    pub(super) fn watch(
        &self,
        token: Token,
        mut berth: Connection<S>,
        wait: Wait,
    ) -> Result<Connection<S>, Connection<S>> {
        let registrar = &self.lanes[berth.lane].registrar;
        let socket = berth.conn.stream.socket();
        let write = wait.for_write();
        let watched = match (berth.watched, write) {
            (Watched::No, false) => registrar.add(socket, token.number(), Interest::Read),
            (Watched::No, true) => registrar.add(socket, token.number(), Interest::Both),
            (Watched::Read, true) => registrar.change(socket, token.number(), Interest::Both),
            (Watched::Read, false) | (Watched::Both, _) => return Ok(berth),
        };
        if watched.is_err() {
            return Err(berth);
        }
        berth.watched = if write { Watched::Both } else { Watched::Read };
        Ok(berth)
    }

    /// Tells those whom a change concerns.
    pub(super) fn alert(self: &Arc<Self>, lane: usize, alert: Alert) {
        if alert.call {
            self.order(Order::Drive(lane));
        }
        if alert.wake {
            self.lanes[lane].registrar.wake();
        }
    }
}

impl<'a, S: Service + 'static> Shift<'a, S> {
    fn new(engine: &'a Arc<Engine<S>>, post: &'a Post, role: Role, now: Instant) -> Shift<'a, S> {
        Shift {
            engine,
            post,
            role,
            now,
            timed: None,
            class: None,
            began: None,
            worked: false,
            took: Duration::ZERO,
        }
    }

    /// The work has ended. False: the lane was given away meanwhile, or this thread has none.
    fn end(&mut self) -> bool {
        let class = self.class.take();
        let began = self.began.take();
        let keeps = self.role == Role::Driver && self.post.leave();
        if let Some(class) = class {
            match began {
                Some(began) => {
                    self.took = began.elapsed();
                    self.engine.classes.note(class, self.took);
                }
                None if keeps => {}
                None => self.engine.classes.mark_slow(class),
            }
        }
        keeps
    }
}

impl<S: Service + 'static> Account for Shift<'_, S> {
    /// Work of that class begins, and the work before it has ended.
    fn begin(&mut self, class: Class) -> Begin {
        if let Some((home, token)) = self.timed.take() {
            self.engine.lanes[home].lane.renew(token);
        }
        if self.class.is_some() {
            match self.end() {
                true => self.post.enter(),
                false => self.role = Role::Spare,
            }
        }
        if self.role == Role::Driver && (self.engine.classes.is_slow(class) || self.engine.crew.is_spent()) {
            return Begin::Handover;
        }
        self.class = Some(class);
        self.worked = true;
        self.engine.counters.served.fetch_add(1, Ordering::Relaxed);
        match self.role {
            Role::Driver => self.post.begin(class),
            Role::Spare => self.began = Some(Instant::now()),
        }
        Begin::Go
    }

    fn now(&self) -> Instant {
        let may_be_late = match self.role {
            Role::Driver => self.post.is_lost(),
            Role::Spare => self.worked,
        };
        if may_be_late { Instant::now() } else { self.now }
    }

    fn is_draining(&self) -> bool {
        self.engine.draining.load(Ordering::Relaxed)
    }

    fn is_wanted(&self) -> bool {
        self.role == Role::Spare && self.engine.crew.is_short()
    }

    fn end_longest(&mut self, wait: Wait) -> bool {
        self.engine.end_longest(wait)
    }
}
