//! The watcher: a thread that looks at the lanes every millisecond while one of them is busy.
//!
//! It finds drivers that a handler has blocked and gives their lanes to others, decides how many drivers a
//! lane may have, and sees a shutdown through. While nothing happens it sleeps.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError, atomic::Ordering},
    thread::{self, JoinHandle, Thread},
    time::{Duration, Instant},
};

use crate::{
    error::Result,
    sys::thread::{has_idle_core, is_asleep, time_on_core},
};

use super::{
    Engine,
    lane::{Held, Outcome, Tick},
    post::Post,
    rest::Rest,
    service::Service,
    unstarted,
};

const TICK: Duration = Duration::from_millis(1);
/// A handler that has run on a core for so long is as bad for its lane as a blocked one.
const LONG: Duration = Duration::from_millis(10);
/// After so many ticks without anything to see, the watcher rests.
const CALM: u32 = 20;
/// After so many ticks without pressure, a lane may have one driver less.
const EASY: u32 = 200;
/// While a lane is pressed, an idle core is looked for every so many ticks: the look costs three system calls.
const LOOK: u32 = 10;

/// The watcher's thread, as others see it.
#[derive(Default)]
pub(super) struct Watcher {
    rest: Rest,
    thread: OnceLock<Thread>,
    handle: Mutex<Option<JoinHandle<()>>>,
    /// When a shutdown has to be over.
    end: Mutex<Option<Instant>>,
}

/// What the watcher remembers of a lane.
#[derive(Clone, Copy)]
struct Memory {
    allowed: usize,
    /// Ticks without pressure.
    easy: u32,
    /// Ticks with it.
    pressed: u32,
}

impl Watcher {
    /// A lane has become busy.
    pub(super) fn rouse(&self) {
        if self.rest.is_on() {
            if let Some(thread) = self.thread.get() {
                thread.unpark();
            }
        }
    }

    /// The shutdown has to be over after that time, if not sooner.
    pub(super) fn hurry(&self, patience: Duration) {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let new = Instant::now().checked_add(patience);
        *end = match (*end, new) {
            (Some(old), Some(new)) => Some(old.min(new)),
            (old, new) => old.or(new),
        };
        drop(end);
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Waits until the watcher has ended.
    pub(super) fn join(&self) {
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(handle) = handle {
            let _ = handle.join();
        }
    }

    fn end(&self) -> Option<Instant> {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Service + 'static> Engine<S> {
    pub(super) fn start_watcher(self: &Arc<Self>) -> Result<()> {
        let engine = Arc::clone(self);
        let handle = thread::Builder::new()
            .name("sockeye-watch".to_owned())
            .spawn(move || engine.watch_over())
            .map_err(|error| unstarted("start the watcher's thread failed", error))?;
        let _ = self.watcher.thread.set(handle.thread().clone());
        *self.watcher.handle.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
        Ok(())
    }

    fn watch_over(self: Arc<Self>) {
        let mut memory = vec![Memory { allowed: 1, easy: 0, pressed: 0 }; self.lanes.len()];
        let mut calm = 0;
        while !self.draining.load(Ordering::SeqCst) {
            thread::park_timeout(TICK);
            calm = if self.tick(&mut memory) { calm + 1 } else { 0 };
            if calm < CALM {
                continue;
            }
            calm = 0;
            let is_calm = || self.tick(&mut memory) && !self.draining.load(Ordering::SeqCst);
            self.watcher.rest.take(is_calm, thread::park);
        }
        self.see_out(&mut memory);
    }

    /// Looks at every lane. True: there is nothing to see.
    fn tick(self: &Arc<Self>, memory: &mut [Memory]) -> bool {
        let mut calm = !self.reinforce();
        for (index, memory) in memory.iter_mut().enumerate() {
            let tick = self.lanes[index].lane.tick(Instant::now());
            calm &= tick.calm;
            self.adjust(index, &tick, memory);
            for (post, call, ticks) in tick.suspects {
                if !is_a_burden(is_asleep(post.thread()), || ran_in(&post, ticks), ticks) {
                    continue;
                }
                let (lost, alert) = self.lanes[index].lane.lose(&post, call);
                if lost {
                    self.counters.taken_over.fetch_add(1, Ordering::Relaxed);
                    // Known before the call ends: what comes meanwhile mustn't cost the lane a tick each.
                    if let Some(class) = post.class() {
                        self.classes.mark_slow(class);
                    }
                }
                self.alert(index, alert);
            }
        }
        calm
    }

    /// How many drivers a lane may have: more while its queue is long and a core has nothing to do, or while
    /// what is queued waits for over a tick; fewer after a while without such pressure.
    fn adjust(&self, index: usize, tick: &Tick, memory: &mut Memory) {
        // One thread at least is left for jobs: a driver that has enough to do never takes one.
        let lanes = self.lanes.len();
        let most = self.cores.div_ceil(lanes).min((self.crew.most() - 1) / lanes).max(1);
        if tick.pressed {
            memory.easy = 0;
            memory.pressed += 1;
            let looks = memory.pressed % LOOK == 1;
            if memory.allowed == most || !(tick.stuck || looks && has_idle_core(self.cores)) {
                return;
            }
            memory.allowed += 1;
        } else {
            memory.easy += 1;
            if memory.allowed == 1 || memory.easy % EASY != 0 {
                return;
            }
            memory.allowed -= 1;
        }
        self.lanes[index].lane.allow(memory.allowed);
    }

    /// Sees a shutdown through: until the last connection has ended, or the time is over.
    fn see_out(self: &Arc<Self>, memory: &mut [Memory]) {
        // From now on no connection is admitted: once there is none, there is none for good.
        for index in 0..self.lanes.len() {
            let alert = self.lanes[index].lane.drain();
            self.alert(index, alert);
        }
        let mut forced = false;
        while self.lanes.iter().any(|track| track.lane.count() > 0) {
            if !forced && self.watcher.end().is_some_and(|end| end <= Instant::now()) {
                forced = true;
                self.cancel.cancel();
            }
            if forced {
                for index in 0..self.lanes.len() {
                    let alert = self.lanes[index].lane.evict();
                    self.alert(index, alert);
                }
                self.give_up_jobs();
            }
            self.tick(memory);
            thread::park_timeout(TICK);
        }
        for index in 0..self.lanes.len() {
            let alert = self.lanes[index].lane.close();
            self.alert(index, alert);
        }
        self.crew.dismiss();
    }

    /// What no thread has begun comes back to its lane, where nothing goes on any more.
    fn give_up_jobs(self: &Arc<Self>) {
        for Held { token, conn, .. } in self.crew.recall() {
            let home = conn.lane;
            let alert = self.lanes[home].lane.hand_in(Outcome::Again(token, conn), Instant::now());
            self.alert(home, alert);
        }
    }
}

/// Whether a lane is to be taken from a thread that has stood in one call for so many ticks: it sleeps, or it has
/// spent too much time on a core. A thread that merely lost its core keeps its lane.
fn is_a_burden(asleep: Option<bool>, ran: impl FnOnce() -> Option<Duration>, ticks: u32) -> bool {
    asleep == Some(true) || ran().unwrap_or(TICK * ticks) >= LONG
}

/// How long a thread has run on a core since it was first seen in this call.
fn ran_in(post: &Post, ticks: u32) -> Option<Duration> {
    let ran = time_on_core(post.thread())?;
    let before = post.ran_before(ran, ticks);
    Some(Duration::from_nanos(ran.saturating_sub(before)))
}

#[cfg(all(test, not(loom)))]
mod tests;
