//! [`Dialling`]: the steps to a connection, each within its limit.

use std::{net::SocketAddr, path::Path};

use super::connection::Wait;
#[cfg(feature = "tls")]
use crate::tls::{Aim, ClientTls};
use crate::{
    cancel::CancelToken,
    error::Result,
    socket::{self, Bounds, Dialler, Socket},
    stream::Stream,
    urllib::{
        handlers::Watch,
        phases::Phases,
        term::{Limit, Term},
    },
};

/// How long dialling may take, and what comes after it.
#[derive(Clone, Copy)]
pub(super) struct Dialling<'a> {
    /// For names, attempts, proxies and handshakes together.
    pub(super) term: Term,
    /// For the steps alone.
    pub(super) phases: &'a Phases,
    pub(super) cancel: Option<&'a CancelToken>,
    /// For the answer of a proxy that refuses.
    pub(super) wait: Wait,
    pub(super) dialler: &'a Dialler,
    /// Told of each step.
    pub(super) watch: &'a Watch,
}

impl Dialling<'_> {
    /// Finds the host and connects; calls `found` in between.
    pub(super) fn connect(self, host: &str, port: u16, found: impl FnOnce()) -> Result<Stream> {
        let looking = self.term.and(Limit::Resolve, self.phases.resolve);
        let there = self.dialler.find(host, port, self.until(looking));
        let there = there.map_err(|error| looking.named(error))?;
        found();
        self.connected(self.dialler.connect(there, self.until(self.term)))
    }

    /// Connects to a Unix socket.
    pub(super) fn connect_path(self, path: &Path) -> Result<Stream> {
        self.connected(socket::dial_path(path, self.until(self.term)))
    }

    /// The addresses that a name stands for, for a proxy that connects to them.
    pub(super) fn addresses_of(self, host: &str, port: u16) -> Result<impl Iterator<Item = SocketAddr>> {
        let looking = self.term.and(Limit::Resolve, self.phases.resolve);
        let found = self.dialler.find(host, port, self.until(looking));
        Ok(found.map_err(|error| looking.named(error))?.into_addresses())
    }

    /// Speaks TLS on it.
    #[cfg(feature = "tls")]
    pub(super) fn secure(self, stream: Stream, host: &str, tls: &ClientTls) -> Result<Stream> {
        let term = self.term.and(Limit::Tls, self.phases.tls);
        let aim = Aim { host, protocols: &["http/1.1"] };
        stream.start_tls(aim, tls, term.deadline()).map_err(|error| term.named(error))
    }

    fn connected(self, outcome: Result<Socket>) -> Result<Stream> {
        outcome.map(Stream::Plain).map_err(|error| self.term.named(error))
    }

    fn until(&self, term: Term) -> Bounds<'_> {
        Bounds { deadline: term.deadline(), cancel: self.cancel }
    }
}
