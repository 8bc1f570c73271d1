//! Foreign descriptors.

use std::{fmt, os::fd::AsFd};

use crate::{
    error::Result,
    poll::{self, Event},
    reactor::{Reactor, slab::Key},
};

use super::{Net, Port};

/// What a source is watched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Something to read, or the end.
    Read,
    /// Room to write.
    Write,
    /// Either.
    Both,
}

/// What a source is ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// There is something to read, or the end.
    pub readable: bool,
    /// There is room to write, or writing fails.
    pub writable: bool,
}

/// A foreign descriptor that a reactor watches. Dropping this changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source(Key);

type Call = Box<dyn FnMut(&mut Reactor, Ready)>;

pub(super) struct Watched {
    fd: Box<dyn AsFd>,
    interest: Interest,
    /// `None` while it is called.
    call: Option<Call>,
}

impl Reactor {
    /// Watches a descriptor that somebody else reads and writes, and calls the function whenever, and for as long as, it is
    /// ready. It is owned from here, so that it isn't closed meanwhile; lend a clone (`try_clone`) to keep another.
    ///
    /// Twisted: `reactor.addReader`, `addWriter`.
    ///
    /// # Errors
    ///
    /// For a descriptor that can't be watched: that of a file, say.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Read, Write, pipe};
    /// use sockeye::reactor::{Interest, Reactor};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # #[cfg(any())] {
    /// let (mut receiver, mut sender) = pipe()?;
    /// # }
    /// # use std::os::unix::net::UnixStream;
    /// # let (mut receiver, mut sender) = UnixStream::pair()?;
    /// let mut reactor = Reactor::new()?;
    /// let watched = receiver.try_clone()?;
    /// reactor.add_source(watched, Interest::Read, move |reactor, ready| {
    ///     assert!(ready.readable);
    ///     let n = receiver.read(&mut [0; 64]).unwrap();
    ///     assert_eq!(n, 5);
    ///     reactor.stop();
    /// })?;
    /// sender.write_all(b"hello")?;
    /// reactor.run()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_source(
        &mut self,
        fd: impl AsFd + 'static,
        interest: Interest,
        call: impl FnMut(&mut Reactor, Ready) + 'static,
    ) -> Result<Source> {
        let watched = Watched { fd: Box::new(fd), interest, call: Some(Box::new(call)) };
        let key = self.net.ports.insert(Port::Source(Box::new(watched)));
        let Some(watched) = self.net.source(key) else { return Ok(Source(key)) };
        let added = self.net.registrar.add(&watched.fd, key.index as usize, interest.polled());
        if let Err(error) = added {
            self.net.ports.remove(key);
            return Err(error);
        }
        Ok(Source(key))
    }

    pub(super) fn source_event(&mut self, key: Key, event: Event) {
        let ready = Ready {
            readable: event.readable || event.read_closed,
            writable: event.writable || event.read_closed,
        };
        let Some(Port::Source(watched)) = self.net.ports.get_mut(key) else { return };
        let wanted = match watched.interest {
            Interest::Read => ready.readable,
            Interest::Write => ready.writable,
            Interest::Both => ready.readable || ready.writable,
        };
        if !wanted {
            return;
        }
        let Some(mut call) = watched.call.take() else { return };
        call(self, ready);
        if let Some(Port::Source(watched)) = self.net.ports.get_mut(key) {
            watched.call = Some(call);
            // Has the poller tell what is still the case.
            let _ = self.net.registrar.change(&watched.fd, key.index as usize, watched.interest.polled());
        }
        self.settle();
    }
}

impl Source {
    /// Watches it no longer, and drops the descriptor and the function.
    ///
    /// Twisted: `removeReader`, `removeWriter`.
    pub fn remove(self, reactor: &mut Reactor) {
        if let Some(Port::Source(watched)) = reactor.net.ports.get(self.0) {
            // Fails when the descriptor is gone.
            let _ = reactor.net.registrar.remove(&watched.fd);
            reactor.net.ports.remove(self.0);
        }
    }
}

impl Net {
    fn source(&self, key: Key) -> Option<&Watched> {
        match self.ports.get(key)? {
            Port::Source(watched) => Some(watched),
            _ => None,
        }
    }
}

impl Interest {
    fn polled(self) -> poll::Interest {
        match self {
            Interest::Read => poll::Interest::Read,
            Interest::Write | Interest::Both => poll::Interest::Both,
        }
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("interest", &self.interest).finish_non_exhaustive()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.0.serial).finish()
    }
}
