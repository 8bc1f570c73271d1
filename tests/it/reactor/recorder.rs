//! A protocol that writes down what it is called with, and does what the test tells it to.

use std::{cell::RefCell, rc::Rc};

use sockeye::reactor::{Protocol, Reactor, Reason, Transport};

use crate::support::PATIENCE;

/// What happened, in its order. Clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, what: impl Into<String>) {
        self.0.borrow_mut().push(what.into());
    }

    /// All so far, which is taken.
    pub(crate) fn take(&self) -> Vec<String> {
        self.0.take()
    }

    pub(crate) fn has(&self, what: &str) -> bool {
        self.0.borrow().iter().any(|line| line == what)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    #[track_caller]
    pub(crate) fn check(&self, expected: &[&str]) {
        assert_eq!(self.take(), expected);
    }
}

type Action = Box<dyn FnMut(&mut Transport<'_>, &str)>;

/// Writes down every call, and then calls the action with the line that it wrote.
pub(crate) struct Recorder {
    pub(crate) name: &'static str,
    pub(crate) log: Log,
    pub(crate) action: Action,
}

impl Recorder {
    pub(crate) fn new(log: &Log) -> Recorder {
        Recorder::doing(log, |_, _| {})
    }

    pub(crate) fn doing(log: &Log, action: impl FnMut(&mut Transport<'_>, &str) + 'static) -> Recorder {
        Recorder { name: "", log: log.clone(), action: Box::new(action) }
    }

    pub(crate) fn named(self, name: &'static str) -> Recorder {
        Recorder { name, ..self }
    }

    fn note(&mut self, transport: &mut Transport<'_>, what: &str) {
        self.log.add(format!("{}{what}", self.name));
        (self.action)(transport, what);
    }
}

impl Protocol for Recorder {
    fn connection_made(&mut self, transport: &mut Transport<'_>) {
        self.note(transport, "made");
    }

    fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
        self.note(transport, &format!("data {}", String::from_utf8_lossy(data)));
    }

    fn eof_received(&mut self, transport: &mut Transport<'_>) {
        self.note(transport, "eof");
    }

    fn write_paused(&mut self, transport: &mut Transport<'_>) {
        self.note(transport, "paused");
    }

    fn write_resumed(&mut self, transport: &mut Transport<'_>) {
        self.note(transport, "resumed");
    }

    fn write_lost(&mut self, transport: &mut Transport<'_>) {
        self.note(transport, "write lost");
    }

    fn read_resumed(&mut self, transport: &mut Transport<'_>) {
        self.note(transport, "read resumed");
    }

    fn timed_out(&mut self, transport: &mut Transport<'_>) {
        self.note(transport, "timed out");
    }

    fn connection_lost(&mut self, transport: &mut Transport<'_>, reason: &Reason) {
        let kind = match reason {
            Reason::Lost(error) => format!("lost {:?}", error.kind()),
            reason => format!("lost {reason:?}"),
        };
        self.note(transport, &kind);
    }
}

/// Runs the reactor's turns until it is so.
#[track_caller]
pub(crate) fn turn_until(reactor: &mut Reactor, mut is_so: impl FnMut(&mut Reactor) -> bool) {
    let begun = std::time::Instant::now();
    while !is_so(reactor) {
        assert!(begun.elapsed() < PATIENCE, "waited in vain");
        reactor.iterate(std::time::Duration::from_millis(100)).unwrap();
    }
}
