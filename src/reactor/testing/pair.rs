//! [`pair`]: two protocols on the two ends of one connection.

use std::{fmt, net::Ipv4Addr, rc::Rc, time::Duration};

use crate::{
    error::Result,
    reactor::{Clock, ConnectionId, Protocol, Reactor, slab::Key},
};

use super::{
    Cable,
    memory::{IntoAddress, settle},
};

/// Connects two protocols with each other; the server's is told first. Nothing travels before [`Pair::pump`].
///
/// Twisted: `iosim.connect`, `iosim.connectedServerAndClient`.
///
/// # Errors
///
/// As [`Reactor::new`].
///
/// # Examples
///
/// ```
/// use sockeye::reactor::{Protocol, Transport, testing::pair};
///
/// struct Echo;
/// impl Protocol for Echo {
///     fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
///         transport.write(data);
///     }
/// }
///
/// #[derive(Default)]
/// struct Asker { heard: Vec<u8> }
/// impl Protocol for Asker {
///     fn connection_made(&mut self, transport: &mut Transport<'_>) {
///         transport.write(b"hello");
///     }
///     fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
///         self.heard.extend_from_slice(data);
///         if self.heard == b"hello" {
///             transport.lose_connection();
///         }
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// for size in [1, 3, 64] {
///     let mut pair = pair(Echo, Asker::default())?;
///     pair.pump(size);
///     assert!(pair.is_over());
/// }
/// # Ok(())
/// # }
/// ```
pub fn pair(server: impl Protocol, client: impl Protocol) -> Result<Pair> {
    let mut reactor = Reactor::with_clock(&Clock::new())?;
    let mut end = |protocol, port| {
        let cable = Rc::new(Cable::new());
        let peer = (Ipv4Addr::new(192, 0, 2, 1), port).into_address();
        let key = reactor.net.hold_memory(cable.clone(), peer, protocol);
        settle(&mut reactor);
        End { cable, key }
    };
    let server = end(Box::new(server), 54321);
    let client = end(Box::new(client), 80);
    Ok(Pair { reactor, server, client })
}

/// Two protocols that are connected with each other.
pub struct Pair {
    reactor: Reactor,
    server: End,
    client: End,
}

pub(super) struct End {
    pub(super) cable: Rc<Cable>,
    pub(super) key: Key,
}

impl End {
    pub(super) fn is_closed(&self) -> bool {
        self.cable.is_closed()
    }
}

impl Pair {
    /// Lets what both have written travel, in pieces of so many bytes, until neither says any more.
    pub fn pump(&mut self, size: usize) {
        while self.step(size) {}
    }

    /// The same for one piece each way; whether something has travelled.
    pub fn step(&mut self, size: usize) -> bool {
        let there = travel(&self.client, &self.server, size, &mut self.reactor);
        let back = travel(&self.server, &self.client, size, &mut self.reactor);
        there || back
    }

    /// Whether the connection is over on both ends.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.server.cable.is_closed() && self.client.cable.is_closed()
    }

    /// Advances the time of both.
    pub fn advance(&mut self, time: Duration) {
        // Fails only when the poller does, and nothing here is of it.
        let _ = self.reactor.advance(time);
        settle(&mut self.reactor);
    }

    /// The server's connection.
    #[must_use]
    pub fn server(&self) -> ConnectionId {
        ConnectionId(self.server.key)
    }

    /// The client's connection.
    #[must_use]
    pub fn client(&self) -> ConnectionId {
        ConnectionId(self.client.key)
    }

    /// The reactor of both.
    pub fn reactor(&mut self) -> &mut Reactor {
        &mut self.reactor
    }
}

pub(super) fn travel(from: &End, to: &End, size: usize, reactor: &mut Reactor) -> bool {
    let data = from.cable.take(size.max(1));
    let ends = data.is_empty() && from.cable.has_ended() && !to.cable.peer_has_ended();
    if data.is_empty() && !ends {
        return false;
    }
    to.cable.give(&data);
    if ends {
        to.cable.end();
    }
    reactor.net.wake_memory(to.key);
    settle(reactor);
    true
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").field("is_over", &self.is_over()).finish_non_exhaustive()
    }
}
