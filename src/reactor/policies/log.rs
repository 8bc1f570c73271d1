//! A line for all that happens.

use std::{cell::RefCell, fmt, io::Write, rc::Rc};

use super::wrap::{passes_on, passes_on_factory, passes_on_fd};
use crate::{
    reactor::{Factory, Protocol, Reason, Transport},
    socket::Address,
};

/// What [`log`](super::Policies::log) makes.
pub struct Logged<F, W> {
    factory: F,
    to: Rc<RefCell<W>>,
}

/// A protocol of which all is written down.
pub struct LoggedProtocol<P, W> {
    protocol: P,
    peer: Address,
    to: Rc<RefCell<W>>,
}

impl<F, W> Logged<F, W> {
    pub(super) fn new(factory: F, to: W) -> Logged<F, W> {
        Logged { factory, to: Rc::new(RefCell::new(to)) }
    }
}

impl<F: Factory, W: Write + 'static> Factory for Logged<F, W> {
    type Protocol = LoggedProtocol<F::Protocol, W>;

    fn build(&mut self, peer: &Address) -> Option<Self::Protocol> {
        let protocol = self.factory.build(peer)?;
        Some(LoggedProtocol { protocol, peer: peer.clone(), to: self.to.clone() })
    }

    passes_on_factory!();
}

impl<P, W: Write> LoggedProtocol<P, W> {
    fn line(&self, what: fmt::Arguments<'_>) {
        // A log that can't be written must not end what it tells of.
        let _ = writeln!(self.to.borrow_mut(), "{} {what}", self.peer);
    }
}

impl<P: Protocol, W: Write + 'static> Protocol for LoggedProtocol<P, W> {
    fn connection_made(&mut self, transport: &mut Transport<'_>) {
        self.line(format_args!("connected"));
        self.protocol.connection_made(transport);
    }

    fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
        self.line(format_args!("received {}", data.escape_ascii()));
        let before = transport.written();
        self.protocol.data_received(transport, data);
        let written = transport.written().saturating_sub(before);
        if written > 0 {
            self.line(format_args!("wrote {written} bytes"));
        }
    }

    fn connection_lost(&mut self, transport: &mut Transport<'_>, reason: &Reason) {
        self.line(format_args!("{reason}"));
        self.protocol.connection_lost(transport, reason);
    }

    passes_on! { eof_received write_paused write_resumed write_lost read_resumed timed_out }
    passes_on_fd!();
}

impl<F: fmt::Debug, W> fmt::Debug for Logged<F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logged").field("factory", &self.factory).finish_non_exhaustive()
    }
}

impl<P: fmt::Debug, W> fmt::Debug for LoggedProtocol<P, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedProtocol").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}
