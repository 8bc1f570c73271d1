//! The reactor, against the facts of Twisted's own tests.

mod cancelling;
mod connecting;
mod cooperating;
mod datagrams;
mod deferreds;
mod hostile;
mod lists;
mod locks;
mod looping;
mod memory;
mod messages;
mod model;
mod order;
mod policies;
mod recorder;
mod running;
mod streams;
mod threads;
mod timers;
mod twisted;

use std::{cell::RefCell, rc::Rc, time::Duration};

use sockeye::{
    Error, ErrorKind,
    reactor::{Clock, Deferred, Reactor},
};

/// What was called, in order.
#[derive(Debug)]
struct Log<T>(Rc<RefCell<Vec<T>>>);

impl<T> Clone for Log<T> {
    fn clone(&self) -> Log<T> {
        Log(self.0.clone())
    }
}

impl<T> Log<T> {
    fn new() -> Log<T> {
        Log(Rc::new(RefCell::new(Vec::new())))
    }

    fn add(&self, entry: T) {
        self.0.borrow_mut().push(entry);
    }

    /// The same, as the last thing that a callback does.
    fn tell(&self, entry: T) -> sockeye::Result<()> {
        self.add(entry);
        Ok(())
    }

    /// What was added since the last time.
    fn take(&self) -> Vec<T> {
        self.0.take()
    }
}

/// A reactor whose time stands still.
fn still() -> Reactor {
    Reactor::with_clock(&Clock::new()).unwrap()
}

fn turn(reactor: &mut Reactor) {
    reactor.iterate(Duration::ZERO).unwrap();
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn failure() -> Error {
    Error::from(ErrorKind::NotFound)
}

/// Has errors that nobody handled logged.
fn unhandled(reactor: &mut Reactor) -> Log<String> {
    let log = Log::new();
    let seen = log.clone();
    reactor.on_unhandled(move |unhandled| seen.add(unhandled.error().to_string()));
    log
}

/// Logs what a Deferred fires with.
fn watch<T: 'static>(deferred: Deferred<T>) -> Log<Result<T, ErrorKind>> {
    let log = Log::new();
    let seen = log.clone();
    drop(deferred.both(move |_, result| {
        seen.add(result.map_err(|error| error.kind()));
        Ok(())
    }));
    log
}
