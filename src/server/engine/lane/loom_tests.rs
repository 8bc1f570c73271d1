//! Interleavings of drivers, watcher, poller and peers: no data is left behind, no connection is served by two
//! threads at once, no lane is left without a driver.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --lib --release loom_`.

use loom::{
    sync::{
        Arc as LoomArc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use super::*;
use crate::server::engine::room::Room;

const READABLE: Readiness = Readiness { readable: true, writable: false, read_closed: false };

/// A poller's seat: whoever holds it may take the events.
#[derive(Debug)]
struct Seat;

/// A peer's side of the world: bytes that wait in sockets, and events that nobody has fetched.
struct World {
    lane: Lane<Seat, usize>,
    room: Room,
    /// Those who are parked have taken places.
    tenant: bool,
    /// Unread bytes of each connection.
    bytes: [AtomicUsize; 2],
    /// A thread is in the handler of that connection.
    inside: [AtomicBool; 2],
    events: loom::sync::Mutex<Vec<Target>>,
    /// Those who wait at the door, each with a byte.
    outside: AtomicUsize,
    served: AtomicUsize,
}

impl World {
    fn new(allowed: usize) -> World {
        World::with_room(allowed, 9)
    }

    fn with_room(allowed: usize, room: usize) -> World {
        let setup = Setup { seat: Seat, doors: 1, patience: [None; Wait::COUNT], now: Instant::now() };
        let lane = Lane::new(setup);
        lane.allow(allowed);
        World {
            lane,
            room: Room::new(room),
            tenant: false,
            bytes: Default::default(),
            inside: Default::default(),
            events: loom::sync::Mutex::new(Vec::new()),
            outside: AtomicUsize::new(0),
            served: AtomicUsize::new(0),
        }
    }

    /// The only place is an idle connection's.
    fn with_tenant() -> World {
        let world = World { tenant: true, ..World::with_room(3, 1) };
        assert!(world.room.take());
        world.parked(0);
        world
    }

    fn parked(&self, conn: usize) -> Token {
        let token = self.lane.admit().unwrap();
        let (again, _) = self.lane.settle(Outcome::Park(token, conn, Wait::Idle), Instant::now());
        assert!(again.is_none());
        token
    }

    /// The peer sends a byte: it is in the socket before its event is.
    fn send(&self, token: Token, conn: usize) {
        self.bytes[conn].fetch_add(1, Ordering::SeqCst);
        lock(&self.events).push(Target::Conn(token));
    }

    /// A new peer comes, with its first byte.
    fn come(&self) {
        self.outside.fetch_add(1, Ordering::SeqCst);
        lock(&self.events).push(Target::Door(0));
    }

    /// One try to accept; whoever comes in is served and leaves.
    fn accept(&self) {
        if !self.room.take() {
            self.lane.answered(0, Door::Full(None));
            if self.room.want() {
                let _ = self.lane.reopen();
            } else if let Some(since) = self.lane.parked_since(Wait::is_idle) {
                let _ = self.lane.evict_idlest(since);
            }
            return;
        }
        let someone = |count: usize| count.checked_sub(1);
        if self.outside.fetch_update(Ordering::SeqCst, Ordering::SeqCst, someone).is_ok() {
            self.lane.answered(0, Door::Opened);
            if let Some(token) = self.lane.admit() {
                self.served.fetch_add(1, Ordering::SeqCst);
                let _ = self.lane.settle(Outcome::Gone(token), Instant::now());
            }
        } else {
            self.lane.answered(0, Door::Drained);
        }
        self.give_back();
    }

    fn give_back(&self) {
        if self.room.give_back() {
            let _ = self.lane.reopen();
        }
    }

    /// A parked connection ends; that of a tenant frees its place.
    fn leave(&self) {
        if self.tenant {
            self.give_back();
        }
    }

    /// The handler: takes all bytes that are there.
    fn handle(&self, conn: usize) {
        assert!(!self.inside[conn].swap(true, Ordering::SeqCst), "served by two threads at once");
        let count = self.bytes[conn].swap(0, Ordering::SeqCst);
        self.served.fetch_add(count, Ordering::SeqCst);
        self.inside[conn].store(false, Ordering::SeqCst);
    }

    /// One look into the poller. False: there was nothing, a real driver would wait here.
    fn poll(&self, seat: Seat) -> bool {
        let events = std::mem::take(&mut *lock(&self.events));
        let found = !events.is_empty();
        self.lane.polled(seat, Instant::now(), |_, tell| {
            for target in events {
                tell(target, READABLE);
            }
        });
        found
    }

    /// Drives until the poller has nothing, the lane needs nobody, or the lane is lost.
    fn drive(&self, post: &Arc<Post>) {
        if !self.lane.join(post) {
            return;
        }
        let mut done = None;
        loop {
            let (work, _) = self.lane.turn(post, done.take());
            match work {
                Work::Serve(held, _) if matches!(held.cause, Cause::Expired(_)) => {
                    self.leave();
                    done = Some(Outcome::Gone(held.token));
                }
                Work::Serve(held, _) => {
                    post.enter();
                    self.handle(held.conn);
                    let outcome = Outcome::Park(held.token, held.conn, Wait::Idle);
                    if !post.leave() {
                        return self.settle(outcome);
                    }
                    assert!(self.is_driver(post), "goes on with a lane that it has lost");
                    done = Some(outcome);
                }
                Work::Poll(seat, _) => {
                    if !self.poll(seat) {
                        return;
                    }
                }
                Work::Accept(..) => self.accept(),
                Work::Leave => return,
            }
        }
    }

    fn is_driver(&self, post: &Arc<Post>) -> bool {
        self.lane.state().drivers.iter().any(|driver| Arc::ptr_eq(driver, post))
    }

    /// What a thread does that isn't the lane's any more.
    fn settle(&self, mut outcome: Outcome<usize>) {
        while let (Some(held), _) = self.lane.settle(outcome, Instant::now()) {
            outcome = match held.cause {
                Cause::Expired(_) => Outcome::Gone(held.token),
                _ => {
                    self.handle(held.conn);
                    Outcome::Park(held.token, held.conn, Wait::Idle)
                }
            };
        }
    }
}

fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

#[test]
fn loom_two_drivers_lose_no_data() {
    explore(|| {
        let world = LoomArc::new(World::new(3));
        let tokens = [world.parked(0), world.parked(1)];
        let drivers: Vec<_> = (1..3)
            .map(|number| {
                let world = LoomArc::clone(&world);
                thread::spawn(move || world.drive(&Arc::new(Post::new(number))))
            })
            .collect();
        world.send(tokens[0], 0);
        world.send(tokens[1], 1);
        world.send(tokens[0], 0);
        for driver in drivers {
            driver.join().unwrap();
        }
        world.drive(&Arc::new(Post::new(3)));
        assert_eq!(world.served.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn loom_a_lost_driver_finishes_and_the_lane_goes_on() {
    explore(|| {
        let world = LoomArc::new(World::new(1));
        let tokens = [world.parked(0), world.parked(1)];
        world.send(tokens[0], 0);
        world.send(tokens[1], 1);
        let post = Arc::new(Post::new(1));
        let driver = {
            let (world, post) = (LoomArc::clone(&world), Arc::clone(&post));
            thread::spawn(move || world.drive(&post))
        };
        // The watcher: two ticks, and whoever stands in the same call loses the lane.
        world.lane.tick(Instant::now());
        let mut called = false;
        for (post, call, _) in world.lane.tick(Instant::now()).suspects {
            let (lost, alert) = world.lane.lose(&post, call);
            assert_eq!(lost, alert.call, "the only driver is lost: another is needed");
            called |= alert.call;
        }
        if called {
            world.drive(&Arc::new(Post::new(2)));
        }
        driver.join().unwrap();
        // Nothing may be left but what a look into the poller brings.
        assert!(!world.lane.state().has_work());
        assert_eq!(world.served.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn loom_an_event_for_a_closed_connection_reaches_nobody() {
    explore(|| {
        let world = LoomArc::new(World::new(2));
        let old = world.parked(0);
        world.send(old, 0);
        let peer = {
            let world = LoomArc::clone(&world);
            thread::spawn(move || world.send(old, 0))
        };
        let post = Arc::new(Post::new(1));
        assert!(world.lane.join(&post));
        let mut done = None;
        let mut new = None;
        loop {
            let (work, _) = world.lane.turn(&post, done.take());
            match work {
                Work::Serve(held, _) if held.token == old => {
                    assert!(new.is_none(), "an event of a connection that is closed");
                    done = Some(Outcome::Gone(held.token));
                    // Its slot goes to another at once.
                    let (_, _) = world.lane.settle(done.take().unwrap(), Instant::now());
                    new = Some(world.parked(1));
                    assert_eq!(new.unwrap().index(), old.index());
                }
                Work::Serve(held, _) => panic!("the new connection {held:?} had no event"),
                Work::Poll(seat, _) => {
                    if !world.poll(seat) && new.is_some() {
                        break;
                    }
                    thread::yield_now();
                }
                other => panic!("{other:?}"),
            }
        }
        peer.join().unwrap();
        if let (Work::Poll(seat, _), _) = world.lane.turn(&post, None) {
            world.poll(seat);
        }
        // The late event meant nothing, and the new connection's own event is noted.
        world.send(new.unwrap(), 1);
        match world.lane.turn(&post, None) {
            (Work::Poll(seat, _), _) => assert!(world.poll(seat)),
            other => panic!("{other:?}"),
        }
        let (work, _) = world.lane.turn(&post, None);
        assert!(matches!(work, Work::Serve(held, _) if Some(held.token) == new));
    });
}

#[test]
fn loom_what_comes_before_another_turn_is_served() {
    explore(|| {
        let world = LoomArc::new(World::new(2));
        let token = world.parked(0);
        world.send(token, 0);
        let other = {
            let world = LoomArc::clone(&world);
            thread::spawn(move || world.drive(&Arc::new(Post::new(2))))
        };
        let post = Arc::new(Post::new(1));
        let mut done = None;
        let mut again = true;
        if world.lane.join(&post) {
            // It has more to do after its first turn, and doesn't look at its socket in the second.
            loop {
                let (work, _) = world.lane.turn(&post, done.take());
                match work {
                    Work::Serve(held, _) if again => {
                        again = false;
                        world.handle(held.conn);
                        world.send(token, 0);
                        done = Some(Outcome::Again(held.token, held.conn));
                    }
                    Work::Serve(held, _) => {
                        if held.cause != Cause::Again {
                            world.handle(held.conn);
                        }
                        done = Some(Outcome::Park(held.token, held.conn, Wait::Idle));
                    }
                    Work::Poll(seat, _) => {
                        if !world.poll(seat) && !world.lane.state().has_work() {
                            break;
                        }
                    }
                    _ => break,
                }
            }
        }
        other.join().unwrap();
        world.drive(&Arc::new(Post::new(3)));
        assert_eq!(world.bytes[0].load(Ordering::SeqCst), 0, "an event was forgotten");
    });
}

#[test]
fn loom_nobody_is_left_at_the_door() {
    let_in(|| World::new(3));
}

#[test]
fn loom_nobody_is_left_at_a_door_that_was_full() {
    let_in(|| World::with_room(3, 1));
}

#[test]
fn loom_an_idle_tenant_makes_room_for_who_stands_at_the_door() {
    let_in(World::with_tenant);
}

fn let_in(world: impl Fn() -> World + Sync + Send + 'static) {
    explore(move || {
        let world = LoomArc::new(world());
        let drivers: Vec<_> = (1..3)
            .map(|number| {
                let world = LoomArc::clone(&world);
                thread::spawn(move || world.drive(&Arc::new(Post::new(number))))
            })
            .collect();
        world.come();
        world.come();
        for driver in drivers {
            driver.join().unwrap();
        }
        world.drive(&Arc::new(Post::new(3)));
        assert_eq!(world.outside.load(Ordering::SeqCst), 0);
        assert_eq!((world.served.load(Ordering::SeqCst), world.lane.count()), (2, 0));
    });
}

#[test]
fn loom_a_drained_lane_becomes_empty_and_stays_so() {
    explore(|| {
        let world = LoomArc::new(World::new(3));
        let tokens = [world.parked(0), world.parked(1)];
        let driver = {
            let world = LoomArc::clone(&world);
            thread::spawn(move || world.drive(&Arc::new(Post::new(1))))
        };
        world.send(tokens[0], 0);
        world.come();
        let _ = world.lane.drain();
        driver.join().unwrap();
        world.drive(&Arc::new(Post::new(2)));
        assert_eq!(world.lane.count(), 0);
        assert!(world.lane.admit().is_none());
    });
}
