//! Who must be woken: drivers that really wait, and alerts that are heeded. One that is missing leaves everybody
//! waiting for ever, which loom finds.

use loom::{
    sync::{
        Arc as LoomArc, Condvar,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use super::*;
use crate::server::engine::room::Room;

const READABLE: Readiness = Readiness { readable: true, writable: false, read_closed: false };

/// A poller's seat: whoever holds it may wait for the events.
#[derive(Debug)]
struct Seat;

/// Something to wait for.
struct Watched<T>(Mutex<T>, Condvar);

impl<T> Watched<T> {
    fn new(value: T) -> Watched<T> {
        Watched(Mutex::new(value), Condvar::new())
    }

    fn change(&self, change: impl FnOnce(&mut T)) {
        change(&mut *lock(&self.0));
        self.1.notify_all();
    }

    fn wait(&self, until: impl Fn(&T) -> bool) -> MutexGuard<'_, T> {
        let mut value = lock(&self.0);
        while !until(&value) {
            value = self.1.wait(value).unwrap();
        }
        value
    }
}

#[derive(Default)]
struct Poller {
    events: Vec<Target>,
    woken: bool,
}

#[derive(Default)]
struct Orders {
    drives: usize,
    over: bool,
}

/// How far it has come.
#[derive(Default)]
struct Progress {
    /// The handler of the first connection has begun.
    inside: bool,
    served: [bool; 2],
}

struct World {
    lane: Lane<Seat, usize>,
    room: Room,
    poller: Watched<Poller>,
    orders: Watched<Orders>,
    progress: Watched<Progress>,
    /// Those who wait at the door; whoever comes in is the second connection.
    outside: AtomicUsize,
    /// The handler of the first connection needs that of the second.
    blocks: bool,
}

impl World {
    /// With as many drivers called as are allowed.
    fn new(allowed: usize, room: usize) -> World {
        let setup = Setup { seat: Seat, doors: 1, patience: [None; Wait::COUNT], now: Instant::now() };
        let lane = Lane::new(setup);
        lane.allow(allowed);
        World {
            lane,
            room: Room::new(room),
            poller: Watched::new(Poller::default()),
            orders: Watched::new(Orders { drives: allowed, over: false }),
            progress: Watched::new(Progress::default()),
            outside: AtomicUsize::new(0),
            blocks: false,
        }
    }

    fn alert(&self, alert: Alert) {
        if alert.call {
            self.orders.change(|orders| orders.drives += 1);
        }
        if alert.wake {
            self.poller.change(|poller| poller.woken = true);
        }
    }

    fn happens(&self, target: Target) {
        self.poller.change(|poller| poller.events.push(target));
    }

    fn parked(&self, conn: usize) -> Token {
        let token = self.lane.admit().unwrap();
        let (again, _) = self.lane.settle(Outcome::Park(token, conn, Wait::Idle), Instant::now());
        assert!(again.is_none());
        token
    }

    fn serve(&self, conn: usize) {
        if conn == 0 && self.blocks {
            self.progress.change(|progress| progress.inside = true);
            drop(self.progress.wait(|progress| progress.served[1]));
        }
        self.progress.change(|progress| progress.served[conn] = true);
    }

    /// One try to accept; whoever comes in is served and leaves.
    fn accept(&self) {
        if !self.room.take() {
            self.lane.answered(0, Door::Full(None));
            if self.room.want() {
                self.alert(self.lane.reopen());
            }
            return;
        }
        let someone = |count: usize| count.checked_sub(1);
        if self.outside.fetch_update(Ordering::SeqCst, Ordering::SeqCst, someone).is_ok() {
            self.lane.answered(0, Door::Opened);
            self.serve(1);
        } else {
            self.lane.answered(0, Door::Drained);
        }
        self.vacate();
    }

    fn vacate(&self) {
        if self.room.give_back() {
            self.alert(self.lane.reopen());
        }
    }

    fn poll(&self, seat: Seat, until: Option<Instant>) {
        let mut poller =
            self.poller.wait(|poller| until.is_some() || poller.woken || !poller.events.is_empty());
        let Poller { events, .. } = mem::take(&mut *poller);
        drop(poller);
        self.lane.polled(seat, Instant::now(), |_, tell| {
            events.into_iter().for_each(|target| tell(target, READABLE));
        });
    }

    fn drive(&self, post: &Arc<Post>) {
        if !self.lane.join(post) {
            return;
        }
        let mut done = None;
        loop {
            let (work, alert) = self.lane.turn(post, done.take());
            self.alert(alert);
            match work {
                Work::Serve(held, _) => {
                    post.enter();
                    self.serve(held.conn);
                    let outcome = match held.cause {
                        Cause::Expired(_) => Outcome::Gone(held.token),
                        _ => Outcome::Park(held.token, held.conn, Wait::Idle),
                    };
                    if !post.leave() {
                        let (again, alert) = self.lane.settle(outcome, Instant::now());
                        assert!(again.is_none());
                        return self.alert(alert);
                    }
                    done = Some(outcome);
                }
                Work::Poll(seat, until) => self.poll(seat, until),
                Work::Accept(..) => self.accept(),
                Work::Leave => return,
            }
        }
    }

    /// A thread of the crew.
    fn work(&self, number: u32) {
        let post = Arc::new(Post::new(number));
        loop {
            let mut orders = self.orders.wait(|orders| orders.drives > 0 || orders.over);
            if orders.drives == 0 {
                return;
            }
            orders.drives -= 1;
            drop(orders);
            self.drive(&post);
        }
    }

    /// Everybody goes home.
    fn end(&self, crew: Vec<JoinHandle<()>>) {
        self.alert(self.lane.close());
        self.orders.change(|orders| orders.over = true);
        crew.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

fn crew(world: &LoomArc<World>, threads: u32) -> Vec<JoinHandle<()>> {
    let spawn = |number| {
        let world = LoomArc::clone(world);
        thread::spawn(move || world.work(number))
    };
    (1..=threads).map(spawn).collect()
}

fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(model);
}

/// The only place is a connection's that a thread of its own serves; somebody stands at the door.
#[test]
fn loom_a_place_that_a_spare_thread_gives_back_opens_the_door() {
    explore(|| {
        let world = LoomArc::new(World::new(1, 1));
        assert!(world.room.take());
        let token = world.lane.admit().unwrap();
        let crew = crew(&world, 1);
        let spare = {
            let world = LoomArc::clone(&world);
            thread::spawn(move || {
                let (_, alert) = world.lane.settle(Outcome::Gone(token), Instant::now());
                world.alert(alert);
                world.vacate();
            })
        };
        world.outside.fetch_add(1, Ordering::SeqCst);
        world.happens(Target::Door(0));
        drop(world.progress.wait(|progress| progress.served[1]));
        spare.join().unwrap();
        world.end(crew);
    });
}

/// A handler waits for what another connection's does: the watcher has to find a thread for that one.
fn a_blocked_driver(allowed: usize) {
    explore(move || {
        let world = World { blocks: true, ..World::new(allowed, 9) };
        let tokens = [world.parked(0), world.parked(1)];
        let world = LoomArc::new(world);
        let crew = crew(&world, 2);
        tokens.into_iter().for_each(|token| world.happens(Target::Conn(token)));
        drop(world.progress.wait(|progress| progress.inside));
        world.lane.tick(Instant::now());
        for (post, call, _) in world.lane.tick(Instant::now()).suspects {
            let (_, alert) = world.lane.lose(&post, call);
            world.alert(alert);
        }
        drop(world.progress.wait(|progress| progress.served[0] && progress.served[1]));
        world.end(crew);
    });
}

#[test]
fn loom_a_blocked_driver_is_replaced() {
    a_blocked_driver(1);
}

#[test]
fn loom_what_a_blocked_driver_leaves_is_for_who_waits() {
    a_blocked_driver(2);
}

/// A change that comes from another thread, while the driver waits or is about to.
fn from_outside(before: fn(&World) -> Token, change: fn(&World, Token) -> Alert) {
    explore(move || {
        let world = World::new(1, 9);
        let token = before(&world);
        let world = LoomArc::new(world);
        let crew = crew(&world, 1);
        world.alert(change(&world, token));
        drop(world.progress.wait(|progress| progress.served[0]));
        world.end(crew);
    });
}

fn idle(world: &World) -> Token {
    world.parked(0)
}

#[test]
fn loom_who_is_idle_at_the_end_is_closed() {
    from_outside(idle, |world, _| world.lane.drain());
}

#[test]
fn loom_who_is_left_at_the_very_end_is_closed() {
    from_outside(idle, |world, _| world.lane.evict());
}

#[test]
fn loom_who_has_been_idle_longest_gives_way() {
    from_outside(idle, |world, _| world.lane.evict_idlest(world.lane.parked_since(Wait::is_idle).unwrap()));
}

#[test]
fn loom_what_another_lane_s_driver_brings_is_served() {
    let held = |world: &World| world.lane.admit().unwrap();
    from_outside(held, |world, token| world.lane.hand_in(Outcome::Again(token, 0), Instant::now()));
}

/// A thread without a lane brings a connection back whose event came meanwhile.
#[test]
fn loom_what_comes_while_a_spare_thread_serves_is_served() {
    from_outside(
        |world| world.lane.admit().unwrap(),
        |world, token| {
            world.happens(Target::Conn(token));
            let parked = Outcome::Park(token, 0, Wait::Idle);
            let (again, alert) = world.lane.settle(parked, Instant::now());
            if let Some(held) = again {
                world.serve(held.conn);
                let (again, _) = world.lane.settle(Outcome::Gone(held.token), Instant::now());
                assert!(again.is_none());
            }
            alert
        },
    );
}
