//! The engine under every server: blocking handlers at the speed of an event loop.
//!
//! ```text
//!              doors (listening sockets)
//!                 │ accept, serve at once
//!   crew ──drives──▶ lane: poller + table of parked connections + queue of ready ones
//!    │                │ take one out           ▲ put it back
//!    │                ▼                        │
//!    │              Service::ready (the protocol and the user's handler, on the driver's thread)
//!    │                │ Handover: its class is known to block
//!    └──serves jobs◀──┘
//!   watcher: every millisecond while a lane is busy: who is blocked in a handler? give the lane to another
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `service` | what a protocol gives the engine, and gets from it |
//! | `lane`, `table`, `post` | the state machine: no system call, no thread, no clock |
//! | `drive` | what a thread does: drive a lane, serve a connection |
//! | `guard` | calls of what may panic |
//! | `accept`, `line` | how a connection or a packet comes in |
//! | `tarry` | what a thread does that a handler has blocked, before it lets the connection go |
//! | `crew` | the threads |
//! | `room` | how many connections there may be |
//! | `watch`, `rest` | the watcher: take-over, the number of drivers, shutting down; and how it rests |
//! | `upkeep` | what is called now and then |
//! | `classes` | which requests are known to block |
//! | `single` | one request, without the rest |
//! | `sync` | what loom replaces |

mod accept;
pub(crate) mod classes;
mod crew;
mod drive;
pub(crate) mod guard;
mod lane;
pub(crate) mod line;
mod post;
mod rest;
mod room;
pub(crate) mod service;
mod single;
mod sync;
mod table;
mod tarry;
mod upkeep;
mod watch;

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{
    cancel::CancelToken,
    error::{Error, ErrorKind, Result},
    poll::{Interest, Poller, Registrar, poller},
    socket::Socket,
};

use classes::Classes;
use crew::{Crew, Order};
use lane::{Held, Lane, Setup};
use line::Line;
use room::Room;
use service::{Conn, Service, Wait};
use upkeep::Upkeep;
use watch::Watcher;

pub(crate) use single::serve_one;

/// The number of the first door in a poller; the others count down from it.
const LAST_DOOR: usize = usize::MAX - 1;
/// So many events are taken from a poller at a time.
const EVENTS: usize = 256;
/// So many cores share a lane: beyond, its lock and its one poller get in the way.
const CORES_PER_LANE: usize = 4;

/// What an engine may use.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Connections at a time, or packets that are served or wait for a thread; past it, nothing is taken in.
    pub(crate) max_connections: usize,
    /// When there are as many as that and another one waits, the one that has been idle longest is closed, if it has
    /// been for so long.
    pub(crate) evict_after: Option<Duration>,
    /// So many bytes of a packet are taken.
    pub(crate) packet_size: usize,
    /// Threads that handlers may block at a time; past it, requests wait for one. The drivers are beside them.
    pub(crate) max_threads: usize,
    /// A thread without work ends after that time.
    pub(crate) idle_thread: Duration,
    /// How many cores there are to use.
    pub(crate) cores: usize,
}

impl Default for Config {
    fn default() -> Config {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Config {
            max_connections: 10_000,
            evict_after: Some(Duration::from_secs(5)),
            packet_size: 0,
            max_threads: 512,
            idle_thread: Duration::from_secs(10),
            cores,
        }
    }
}

/// What was counted so far.
#[derive(Debug, Default)]
struct Counters {
    accepted: AtomicU64,
    served: AtomicU64,
    expired: AtomicU64,
    panicked: AtomicU64,
    taken_over: AtomicU64,
}

/// A running server's numbers, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Connections accepted since the start.
    pub accepted: u64,
    /// Connections that are open now.
    pub open: usize,
    /// Requests served since the start; for a [`Server`](crate::server::Server), calls of its handler.
    pub served: u64,
    /// Connections closed because their time was up, to make room for another, because too much waited in memory for
    /// slow readers, or because their peer kept its end open after a last answer; not those that a shutdown ends.
    pub expired: u64,
    /// Panics of handlers, each of which has cost its connection; and of what logs their answers, which cost nothing.
    pub panicked: u64,
    /// How often a lane was taken from a thread that a handler had blocked.
    pub taken_over: u64,
    /// Threads now.
    pub threads: usize,
}

/// A connection with what the engine keeps of it.
struct Berth<S: Service> {
    conn: Conn<S::State, S::Line>,
    /// Its lane, for life.
    lane: usize,
    watched: Watched,
}

/// What a poller watches a connection for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watched {
    /// It is new.
    No,
    Read,
    Both,
}

/// A connection for a spare thread.
type Job<S> = Held<Box<Berth<S>>>;

/// A lane with what registers its connections.
struct Track<S: Service> {
    lane: Lane<Poller, Box<Berth<S>>>,
    registrar: Registrar,
}

/// A running server.
pub(crate) struct Engine<S: Service> {
    service: S,
    lanes: Box<[Track<S>]>,
    /// The sockets that something comes in by; `None` once they are closed. All belong to the first lane.
    doors: Box<[Mutex<Option<Arc<Socket>>>]>,
    packet_size: usize,
    evict_after: Option<Duration>,
    room: Room,
    classes: Classes,
    crew: Crew<Job<S>>,
    watcher: Watcher,
    upkeep: Upkeep,
    counters: Counters,
    /// Ends blocking calls on the server's connections when it has to end.
    cancel: CancelToken,
    draining: AtomicBool,
    /// Held by the one who joins: the others have to wait for the same.
    joining: Mutex<()>,
    cores: usize,
}

impl<S: Service + 'static> Engine<S> {
    /// Starts to serve what comes in through those sockets, which become non-blocking.
    ///
    /// # Errors
    ///
    /// When one of them can't be a door (a connection's must listen), or the system has no descriptors, threads or
    /// memory left.
    pub(crate) fn start(service: S, doors: Vec<Socket>, config: &Config) -> Result<Arc<Engine<S>>> {
        let cancel = CancelToken::new()?;
        doors.iter().try_for_each(|door| S::Line::open(door, &cancel))?;
        let count = config.cores.div_ceil(CORES_PER_LANE).max(1);
        let mut lanes = Vec::with_capacity(count);
        for lane in 0..count {
            let (seat, registrar) = poller(EVENTS)?;
            let own: &[Socket] = if lane == 0 { &doors } else { &[] };
            for (number, door) in own.iter().enumerate() {
                registrar.add(door, LAST_DOOR - number, Interest::Read)?;
            }
            let setup = Setup {
                seat,
                doors: own.len(),
                patience: Wait::ALL.map(|wait| service.patience(wait)),
                now: Instant::now(),
            };
            lanes.push(Track { lane: Lane::new(setup), registrar });
        }
        let engine = Arc::new(Engine {
            service,
            lanes: lanes.into(),
            doors: doors.into_iter().map(|door| Mutex::new(Some(Arc::new(door)))).collect(),
            packet_size: config.packet_size,
            evict_after: config.evict_after,
            room: Room::new(config.max_connections),
            classes: Classes::new(),
            // A driver for each lane beside those that handlers may block.
            crew: Crew::new(config.max_threads.max(1).saturating_add(count), config.idle_thread),
            watcher: Watcher::default(),
            upkeep: Upkeep::default(),
            counters: Counters::default(),
            cancel,
            draining: AtomicBool::new(false),
            joining: Mutex::new(()),
            cores: config.cores,
        });
        engine.start_watcher()?;
        for lane in 0..count {
            if let Err(error) = engine.try_order(Order::Drive(lane)) {
                engine.shutdown(Duration::ZERO);
                return Err(error);
            }
        }
        Ok(engine)
    }

    /// Gives an order to the crew. A system without threads leaves it queued for those that there are.
    fn order(self: &Arc<Self>, order: Order<Job<S>>) {
        let _ = self.try_order(order);
    }

    fn try_order(self: &Arc<Self>, order: Order<Job<S>>) -> Result<()> {
        self.crew.give(order, || self.start_thread())
    }

    /// Has an order done for which no thread could be started. False: there is none.
    fn reinforce(self: &Arc<Self>) -> bool {
        self.crew.reinforce(|| self.start_thread())
    }

    fn start_thread(self: &Arc<Self>) -> Result<JoinHandle<()>> {
        let engine = Arc::clone(self);
        thread::Builder::new()
            .name("sockeye".to_owned())
            .spawn(move || engine.work())
            .map_err(|error| unstarted("start a thread failed", error))
    }

    /// Begins to shut down: accepts no more, closes idle connections, lets requests in flight go on for that
    /// time at most. Returns at once; [`join`](Self::join) waits.
    pub(crate) fn shutdown(&self, patience: Duration) {
        if !self.draining.swap(true, Ordering::SeqCst) {
            for door in &self.doors {
                drop(door.lock().unwrap_or_else(PoisonError::into_inner).take());
            }
        }
        self.upkeep.end();
        // It does the rest.
        self.watcher.hurry(patience);
    }

    /// Waits until the server has ended, and all its threads.
    ///
    /// # Errors
    ///
    /// When called from one of the server's own threads: it would wait for itself.
    pub(crate) fn join(&self) -> Result<()> {
        if self.crew.is_mine() || self.upkeep.is_mine() {
            let why = "join called from a handler: it would wait for itself; call shutdown there and join elsewhere";
            return Err(Error::new(ErrorKind::InvalidInput, why));
        }
        let _alone = self.joining.lock().unwrap_or_else(PoisonError::into_inner);
        self.watcher.join();
        self.crew.join();
        self.upkeep.join();
        Ok(())
    }

    /// Its numbers now.
    pub(crate) fn counts(&self) -> Counts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Acquire);
        Counts {
            accepted: of(&self.counters.accepted),
            open: self.lanes.iter().map(|track| track.lane.count()).sum(),
            served: of(&self.counters.served),
            expired: of(&self.counters.expired),
            panicked: of(&self.counters.panicked) + self.service.caught_panics(),
            taken_over: of(&self.counters.taken_over),
            threads: self.crew.threads(),
        }
    }
}

/// A thread that the system wouldn't start: it says EAGAIN, but it isn't a call that would block.
fn unstarted(what: &'static str, error: io::Error) -> Error {
    Error::with_source(ErrorKind::OutOfResources, what, Error::from(error))
}

impl<S: Service + 'static> fmt::Debug for Engine<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
