//! [`Reactor::relay`]: two connections as one.

use std::os::fd::OwnedFd;

use super::{ConnectionId, Protocol, Reactor, Reason, Transport, protocol::Held};

/// What one of two connections receives goes to the other one.
pub(super) struct Relay {
    pub(super) to: ConnectionId,
    /// Who answered it before: told how it ends.
    pub(super) former: Option<Box<dyn Held>>,
}

impl Reactor {
    /// From here on, what either of two connections receives is sent by the other one; the one reads no more than the
    /// other can send. Each side's end is passed on. Of their protocols, only `timed_out` and `connection_lost` are still
    /// called.
    ///
    /// Twisted: `portforward`, or `registerProducer` both ways.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{
    ///     reactor::{Protocol, Reactor, Transport},
    ///     socket::{AF_UNIX, SOCK_STREAM, socketpair},
    /// };
    /// use std::time::Duration;
    ///
    /// struct Silent;
    /// impl Protocol for Silent {
    ///     fn data_received(&mut self, _transport: &mut Transport<'_>, _data: &[u8]) {}
    /// }
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let (a, left) = socketpair(AF_UNIX, SOCK_STREAM, Default::default())?;
    /// let (b, right) = socketpair(AF_UNIX, SOCK_STREAM, Default::default())?;
    /// let mut reactor = Reactor::new()?;
    /// let (a, b) = (reactor.adopt_stream(a, Silent)?, reactor.adopt_stream(b, Silent)?);
    /// reactor.relay(a, b);
    /// left.sendall(b"hello")?;
    /// for _ in 0..3 {
    ///     reactor.iterate(Duration::from_millis(1))?;
    /// }
    /// assert_eq!(right.recv(&mut [0; 64])?, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn relay(&mut self, one: ConnectionId, other: ConnectionId) {
        self.net.relay(one.0, other);
        self.net.relay(other.0, one);
        for (from, to) in [(one, other), (other, one)] {
            // Told to the former protocol already: the relay won't hear of it again.
            if self.transport(to).is_some_and(|transport| transport.is_write_paused()) {
                self.net.pause_reading(from.0);
            }
        }
    }
}

impl Relay {
    fn ended(&self, transport: &mut Transport<'_>) {
        if let Some(mut other) = transport.reactor().transport(self.to) {
            // It may wait for this one.
            other.resume_reading();
            other.lose_connection();
        }
    }
}

impl Protocol for Relay {
    fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
        let Some(mut other) = transport.reactor().transport(self.to) else {
            return transport.lose_connection();
        };
        other.write(data);
    }

    fn eof_received(&mut self, transport: &mut Transport<'_>) {
        match transport.reactor().transport(self.to) {
            Some(mut other) => other.lose_write(),
            None => transport.lose_connection(),
        }
    }

    fn write_paused(&mut self, transport: &mut Transport<'_>) {
        if let Some(mut other) = transport.reactor().transport(self.to) {
            other.pause_reading();
        }
    }

    fn write_resumed(&mut self, transport: &mut Transport<'_>) {
        if let Some(mut other) = transport.reactor().transport(self.to) {
            other.resume_reading();
        }
    }

    fn timed_out(&mut self, transport: &mut Transport<'_>) {
        match &mut self.former {
            Some(former) => former.timed_out(transport),
            None => transport.lose_connection(),
        }
    }

    fn fd_received(&mut self, transport: &mut Transport<'_>, fd: OwnedFd) {
        if let Some(mut other) = transport.reactor().transport(self.to) {
            // A connection that can't pass it on drops it.
            let _ = other.send_fd(fd);
        }
    }

    fn connection_lost(&mut self, transport: &mut Transport<'_>, reason: &Reason) {
        self.ended(transport);
        if let Some(former) = &mut self.former {
            former.connection_lost(transport, reason);
        }
    }
}
