//! What a factory is wrapped in: limits, time limits, pace, a log. [`Policies`] has them as methods of every factory.

mod limit;
mod log;
mod throttle;
mod timeout;
mod wrap;

use std::{io::Write, time::Duration};

use super::Factory;

pub use limit::{Limited, LimitedByPeer, LimitedProtocol};
pub use log::{Logged, LoggedProtocol};
pub use throttle::{Throttled, ThrottledProtocol};
pub use timeout::{TimedFactory, TimedProtocol};

/// What every [`Factory`] can be wrapped in. The outermost is asked first.
///
/// Twisted: `twisted.protocols.policies`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::reactor::{Protocol, Reactor, Transport, factory, policies::Policies};
///
/// struct Echo;
/// impl Protocol for Echo {
///     fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
///         transport.write(data);
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let echo = factory(|_peer| Echo)
///     .timeout(Duration::from_secs(30))
///     .throttle(1 << 20, None)
///     .limit_by_peer(10)
///     .limit(1000);
/// reactor.listen_tcp("127.0.0.1:0", echo)?;
/// # Ok(())
/// # }
/// ```
pub trait Policies: Factory + Sized {
    /// Refuses more than so many connections at a time.
    ///
    /// Twisted: `LimitTotalConnectionsFactory`.
    fn limit(self, connections: usize) -> Limited<Self> {
        Limited::new(self, connections)
    }

    /// Refuses more than so many connections from one IP address at a time.
    ///
    /// Twisted: `LimitConnectionsByPeer`.
    fn limit_by_peer(self, connections: usize) -> LimitedByPeer<Self> {
        LimitedByPeer::new(self, connections)
    }

    /// Calls [`timed_out`](super::Protocol::timed_out) when a connection has received nothing and taken nothing of what it
    /// was sent for so long. That begins anew afterwards if the connection is still there.
    ///
    /// Twisted: `TimeoutFactory`.
    fn timeout(self, idle: Duration) -> TimedFactory<Self> {
        TimedFactory::new(self, idle)
    }

    /// Receives no more than so many bytes a second, over all connections together, and lets no more than so many be
    /// written; `None` is no limit. What is written too fast is sent, and then reading pauses: a protocol that answers
    /// what it receives slows down by it.
    ///
    /// Twisted: `ThrottlingFactory`.
    fn throttle(self, read: impl Into<Option<u64>>, write: impl Into<Option<u64>>) -> Throttled<Self> {
        Throttled::new(self, read.into(), write.into())
    }

    /// Writes a line for all that happens to each connection.
    ///
    /// Twisted: `TrafficLoggingFactory`, `SpewingFactory`.
    fn log<W: Write + 'static>(self, to: W) -> Logged<Self, W> {
        Logged::new(self, to)
    }
}

impl<F: Factory> Policies for F {}
