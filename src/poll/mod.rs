//! Readiness: who can be read or written now.
//!
//! Edge-triggered: an event is told once, when it happens; whoever doesn't use it up has to remember it. One
//! thread waits in a [`Poller`]; its [`Registrar`] may be used by any thread meanwhile.
//!
//! This is the only room that knows mio.

use std::{
    os::fd::{AsFd, AsRawFd},
    time::Duration,
};

use mio::{Events, Interest as MioInterest, Poll, Registry, Token, Waker, unix::SourceFd};

use crate::error::{Error, Result};

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Data, a connection, or the end.
    Read,
    /// The same, and room to write.
    Both,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// The number it was registered with.
    pub(crate) number: usize,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// The peer has closed its side, or the connection is broken: no further event may come.
    pub(crate) read_closed: bool,
}

/// The waiter's side.
#[derive(Debug)]
pub(crate) struct Poller {
    poll: Poll,
    events: Events,
}

/// Everybody's side.
#[derive(Debug)]
pub(crate) struct Registrar {
    registry: Registry,
    waker: Waker,
}

/// The waker's number, which nobody else may use.
const WAKER: Token = Token(usize::MAX);

/// A poller that returns at most so many events a time, and its registrar.
///
/// # Errors
///
/// When the process has no descriptors left.
pub(crate) fn poller(events: usize) -> Result<(Poller, Registrar)> {
    let open = || {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = Waker::new(&registry, WAKER)?;
        Ok::<_, std::io::Error>((poll, registry, waker))
    };
    let (poll, registry, waker) = open().map_err(|error| Error::from(error).context("create a poller"))?;
    Ok((Poller { poll, events: Events::with_capacity(events) }, Registrar { registry, waker }))
}

impl Poller {
    /// Waits until something happens, the time is over, or [`Registrar::wake`] is called. A signal ends it
    /// early.
    ///
    /// # Errors
    ///
    /// As `epoll_wait`, `kevent`.
    pub(crate) fn wait(&mut self, limit: Option<Duration>) -> Result<()> {
        match self.poll.poll(&mut self.events, limit) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                self.events.clear();
                Ok(())
            }
            other => Ok(other?),
        }
    }

    /// What the last wait found.
    pub(crate) fn events(&self) -> impl Iterator<Item = Event> + '_ {
        self.events.iter().filter(|event| event.token() != WAKER).map(|event| Event {
            number: event.token().0,
            readable: event.is_readable(),
            writable: event.is_writable(),
            read_closed: event.is_read_closed() || event.is_error(),
        })
    }
}

impl Registrar {
    /// Begins to watch a descriptor. What is the case already is told as well.
    ///
    /// # Errors
    ///
    /// As `epoll_ctl`, `kevent`: memory, or the limit of watches.
    pub(crate) fn add(&self, source: &impl AsFd, number: usize, interest: Interest) -> Result<()> {
        let fd = source.as_fd().as_raw_fd();
        Ok(self.registry.register(&mut SourceFd(&fd), Token(number), interest.to_mio())?)
    }

    /// Changes what is watched for. What is the case already is told again.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub(crate) fn change(&self, source: &impl AsFd, number: usize, interest: Interest) -> Result<()> {
        let fd = source.as_fd().as_raw_fd();
        Ok(self.registry.reregister(&mut SourceFd(&fd), Token(number), interest.to_mio())?)
    }

    /// Ends the watch. Closing the descriptor does it as well.
    ///
    /// # Errors
    ///
    /// When it isn't watched.
    pub(crate) fn remove(&self, source: &impl AsFd) -> Result<()> {
        let fd = source.as_fd().as_raw_fd();
        Ok(self.registry.deregister(&mut SourceFd(&fd))?)
    }

    /// Ends the wait of the one who waits, or the next one.
    pub(crate) fn wake(&self) {
        // Fails only when the counter is full: then it is awake.
        let _ = self.waker.wake();
    }
}

impl Interest {
    fn to_mio(self) -> MioInterest {
        match self {
            Interest::Read => MioInterest::READABLE,
            Interest::Both => MioInterest::READABLE | MioInterest::WRITABLE,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, os::unix::net::UnixStream};

    use super::*;

    #[test]
    fn data_and_the_end_are_told_once() {
        let (mut poller, registrar) = poller(8).unwrap();
        let (near, mut far) = UnixStream::pair().unwrap();
        registrar.add(&near, 7, Interest::Read).unwrap();
        far.write_all(b"x").unwrap();
        poller.wait(None).unwrap();
        let data = Event { number: 7, readable: true, writable: false, read_closed: false };
        assert_eq!(poller.events().collect::<Vec<_>>(), [data]);
        poller.wait(Some(Duration::ZERO)).unwrap();
        assert_eq!(poller.events().count(), 0);
        drop(far);
        poller.wait(None).unwrap();
        assert!(poller.events().any(|event| event.number == 7 && event.read_closed));
    }

    #[test]
    fn a_wake_is_no_event_and_is_not_lost() {
        let (mut poller, registrar) = poller(8).unwrap();
        registrar.wake();
        poller.wait(None).unwrap();
        assert_eq!(poller.events().count(), 0);
    }
}
