//! [`Protocol`], what answers one connection; [`Reason`], why a connection ended.

use std::{any::Any, fmt, os::fd::OwnedFd};

use crate::error::Error;

use super::Transport;

/// What one connection does when something happens to it. The reactor owns it, calls it, and drops it after
/// [`connection_lost`](Self::connection_lost).
///
/// | method | is called |
/// |---|---|
/// | [`connection_made`](Self::connection_made) | once, first |
/// | [`data_received`](Self::data_received) | with what arrived, in whatever pieces |
/// | [`eof_received`](Self::eof_received) | when the peer will send no more; unless overridden it ends the connection |
/// | [`write_paused`](Self::write_paused), [`write_resumed`](Self::write_resumed) | when too much waits to be sent, and when it no longer does |
/// | [`write_lost`](Self::write_lost) | when [`lose_write`](Transport::lose_write) is done |
/// | [`timed_out`](Self::timed_out) | when the time of [`set_timeout`](Transport::set_timeout) has passed |
/// | [`fd_received`](Self::fd_received) | with a descriptor that came over a Unix socket |
/// | [`connection_lost`](Self::connection_lost) | once, last |
///
/// No method is called while another one of the same protocol runs, and none runs inside somebody else's callback: what
/// a callback causes comes after it has returned. A stream has no messages: test a protocol with its input cut into
/// pieces of every size, down to one byte ([`testing`](super::testing)).
///
/// Twisted: `Protocol`, `IHalfCloseableProtocol`, `IFileDescriptorReceiver`, and the producer's side of `IPushProducer`.
///
/// # Examples
///
/// ```
/// use sockeye::reactor::{Protocol, Transport, testing::MemoryTransport};
///
/// struct Echo;
///
/// impl Protocol for Echo {
///     fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
///         transport.write(data);
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// let mut memory = MemoryTransport::new(Echo)?;
/// memory.receive(b"hello");
/// assert_eq!(memory.written(), b"hello");
/// # Ok(())
/// # }
/// ```
pub trait Protocol: 'static {
    /// The connection is there.
    fn connection_made(&mut self, transport: &mut Transport<'_>) {
        let _ = transport;
    }

    /// Some bytes have arrived: at least one, and no more than 64 KiB.
    fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]);

    /// The peer will send no more, but may go on reading. Unless overridden, the connection ends as soon as what was
    /// written has been sent.
    ///
    /// Twisted: `readConnectionLost`, which only protocols of that interface have; for others the connection is lost at
    /// once, whatever is still to be sent.
    fn eof_received(&mut self, transport: &mut Transport<'_>) {
        transport.lose_connection();
    }

    /// More waits to be sent than the high mark allows. Who goes on writing all the same loses the connection at
    /// [`max_buffered`](Transport::max_buffered).
    ///
    /// Twisted: `pauseProducing`.
    fn write_paused(&mut self, transport: &mut Transport<'_>) {
        let _ = transport;
    }

    /// What waits to be sent is below the low mark again.
    ///
    /// Twisted: `resumeProducing`.
    fn write_resumed(&mut self, transport: &mut Transport<'_>) {
        let _ = transport;
    }

    /// All was sent, and the peer was told that there will be no more.
    ///
    /// Twisted: `writeConnectionLost`.
    fn write_lost(&mut self, transport: &mut Transport<'_>) {
        let _ = transport;
    }

    /// [`resume_reading`](Transport::resume_reading) was called. Who keeps what arrived before goes on with it here.
    fn read_resumed(&mut self, transport: &mut Transport<'_>) {
        let _ = transport;
    }

    /// The time that [`set_timeout`](Transport::set_timeout) gave has passed. Unless overridden, the connection ends.
    ///
    /// Twisted: `TimeoutMixin.timeoutConnection`.
    fn timed_out(&mut self, transport: &mut Transport<'_>) {
        transport.lose_connection();
    }

    /// A descriptor arrived over a Unix socket; it comes before the data that it was sent with. Unless overridden, it is
    /// closed.
    ///
    /// Twisted: `fileDescriptorReceived`.
    fn fd_received(&mut self, transport: &mut Transport<'_>, fd: OwnedFd) {
        let _ = (transport, fd);
    }

    /// The connection is over. The transport still knows the peer, and what is written is lost.
    fn connection_lost(&mut self, transport: &mut Transport<'_>, reason: &Reason) {
        let _ = (transport, reason);
    }
}

/// Why a connection ended.
///
/// # Examples
///
/// ```
/// use sockeye::{ErrorKind, reactor::Reason};
/// let reason = Reason::Lost(ErrorKind::ConnectionReset.into());
/// assert!(reason.to_string().starts_with("the connection was lost: "));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// Either side ended it in order.
    ///
    /// Twisted: `ConnectionDone`.
    Done,
    /// This side broke it off.
    ///
    /// Twisted: `ConnectionAborted`.
    Aborted,
    /// It broke, or passed one of this side's limits.
    ///
    /// Twisted: `ConnectionLost`.
    Lost(Error),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Done => f.write_str("the connection was closed"),
            Reason::Aborted => f.write_str("the connection was broken off by this side"),
            Reason::Lost(error) => write!(f, "the connection was lost: {error}"),
        }
    }
}

/// A protocol as the reactor holds it: it can be asked for under its own type.
pub(super) trait Held: Protocol {
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<P: Protocol> Held for P {
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl fmt::Debug for dyn Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Protocol")
    }
}

/// A box is as good as what is in it: for factories whose connections differ.
impl Protocol for Box<dyn Protocol> {
    fn connection_made(&mut self, transport: &mut Transport<'_>) {
        (**self).connection_made(transport);
    }

    fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
        (**self).data_received(transport, data);
    }

    fn eof_received(&mut self, transport: &mut Transport<'_>) {
        (**self).eof_received(transport);
    }

    fn write_paused(&mut self, transport: &mut Transport<'_>) {
        (**self).write_paused(transport);
    }

    fn write_resumed(&mut self, transport: &mut Transport<'_>) {
        (**self).write_resumed(transport);
    }

    fn write_lost(&mut self, transport: &mut Transport<'_>) {
        (**self).write_lost(transport);
    }

    fn read_resumed(&mut self, transport: &mut Transport<'_>) {
        (**self).read_resumed(transport);
    }

    fn timed_out(&mut self, transport: &mut Transport<'_>) {
        (**self).timed_out(transport);
    }

    fn fd_received(&mut self, transport: &mut Transport<'_>, fd: OwnedFd) {
        (**self).fd_received(transport, fd);
    }

    fn connection_lost(&mut self, transport: &mut Transport<'_>, reason: &Reason) {
        (**self).connection_lost(transport, reason);
    }
}
