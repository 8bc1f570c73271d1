//! How long a connection may be idle.

use std::time::Duration;

use super::wrap::{passes_on, passes_on_end, passes_on_factory, passes_on_fd};
use crate::{
    reactor::{Factory, Protocol, Transport},
    socket::Address,
};

/// What [`timeout`](super::Policies::timeout) makes.
#[derive(Debug)]
pub struct TimedFactory<F> {
    factory: F,
    idle: Duration,
}

/// A protocol whose connection may be idle for so long.
#[derive(Debug)]
pub struct TimedProtocol<P> {
    protocol: P,
    idle: Duration,
}

impl<F> TimedFactory<F> {
    pub(super) fn new(factory: F, idle: Duration) -> TimedFactory<F> {
        TimedFactory { factory, idle }
    }
}

impl<F: Factory> Factory for TimedFactory<F> {
    type Protocol = TimedProtocol<F::Protocol>;

    fn build(&mut self, peer: &Address) -> Option<Self::Protocol> {
        Some(TimedProtocol { protocol: self.factory.build(peer)?, idle: self.idle })
    }

    passes_on_factory!();
}

impl<P: Protocol> Protocol for TimedProtocol<P> {
    fn connection_made(&mut self, transport: &mut Transport<'_>) {
        transport.set_timeout(self.idle);
        self.protocol.connection_made(transport);
    }

    fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
        transport.reset_timeout();
        self.protocol.data_received(transport, data);
    }

    fn write_resumed(&mut self, transport: &mut Transport<'_>) {
        transport.reset_timeout();
        self.protocol.write_resumed(transport);
    }

    fn timed_out(&mut self, transport: &mut Transport<'_>) {
        transport.set_timeout(self.idle);
        self.protocol.timed_out(transport);
    }

    passes_on! { eof_received write_paused write_lost read_resumed }
    passes_on_fd!();
    passes_on_end!();
}
