//! [`Dialler`]: how connections are made for the rooms above, which hand in what their users want of it.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use super::{
    AF_UNSPEC, Address, Bounds, SOCK_STREAM, Socket, Target, ToAddress,
    connect_options::ATTEMPT_DELAY,
    race::{Attempting, race},
    resolve, target,
};
use crate::{
    cancel::CancelToken,
    error::{Error, ErrorKind, Result},
};

/// Finds the addresses of a name and a port, in the time that is left.
pub(crate) type Finder = Arc<dyn Fn(&str, u16, Option<Duration>) -> Result<Vec<SocketAddr>> + Send + Sync>;

/// Whose addresses are found, and how sockets are made. The default is the system's way.
#[derive(Clone, Default)]
pub(crate) struct Dialler {
    pub(crate) finder: Option<Finder>,
    /// Asked before anybody else.
    pub(crate) known: Vec<Known>,
    pub(crate) source: Option<IpAddr>,
    pub(crate) prepare: Option<Prepare>,
}

/// A host whose addresses are known.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// INVARIANT: never an empty list.
    pub(crate) addresses: Vec<SocketAddr>,
}

/// A host, and where it was found.
pub(crate) struct Found<'h> {
    place: Target<'h>,
    /// INVARIANT: never an empty list.
    addresses: Vec<Address>,
}

/// What sees each socket when it is new.
#[derive(Clone)]
pub(crate) struct Prepare(pub(crate) Arc<Preparing>);

type Preparing = dyn Fn(&Socket) -> Result<()> + Send + Sync;

impl Dialler {
    /// The addresses that a name stands for: never none. A literal address is its own.
    pub(crate) fn find<'h>(&self, host: &'h str, port: u16, bounds: Bounds<'_>) -> Result<Found<'h>> {
        let place = target::host(without_brackets(host), port);
        let addresses = self.addresses((host, port), &place, bounds)?;
        Ok(Found { place, addresses })
    }

    /// A connection to one of them: the deadline covers all attempts, the token ends them. The socket itself is in
    /// blocking mode and keeps the token; without one it is patient (see `patience`).
    pub(crate) fn connect(&self, found: Found<'_>, bounds: Bounds<'_>) -> Result<Socket> {
        let attempting = Attempting {
            source: self.source.map(|ip| SocketAddr::new(ip, 0)),
            prepare: self.prepare.as_ref(),
            kind: SOCK_STREAM,
            delay: ATTEMPT_DELAY,
        };
        let Found { place, addresses } = found;
        patient(race(addresses, attempting, bounds).map_err(|lost| lost.into_error(&place))?, bounds)
    }

    /// Never an empty list.
    fn addresses(
        &self,
        (host, port): (&str, u16),
        place: &Target<'_>,
        bounds: Bounds<'_>,
    ) -> Result<Vec<Address>> {
        let is_it = |known: &&Known| known.port == port && known.host.eq_ignore_ascii_case(host);
        if let Some(known) = self.known.iter().find(is_it) {
            return Ok(known.addresses.iter().copied().map(Address::from).collect());
        }
        match (&self.finder, place) {
            (Some(finder), Target::Host(..)) => {
                let found = finder(host, port, bounds.deadline.remaining());
                let found = found.map_err(|error| error.context(format!("look up {host}")))?;
                bounds.cancel.map_or(Ok(()), CancelToken::check)?;
                if bounds.deadline.has_passed() {
                    return Err(Error::new(
                        ErrorKind::TimedOut,
                        format!("look up {host}: the time was over"),
                    ));
                }
                if found.is_empty() {
                    let message = format!("look up {host} failed: the resolver found no address");
                    return Err(Error::new(ErrorKind::UnknownHost, message));
                }
                Ok(found.into_iter().map(Address::from).collect())
            }
            _ => resolve(place, AF_UNSPEC, bounds),
        }
    }
}

impl Found<'_> {
    /// The addresses, for whoever has somebody else connect to them.
    pub(crate) fn into_addresses(self) -> impl Iterator<Item = SocketAddr> {
        self.addresses.into_iter().filter_map(|address| address.as_socket_addr())
    }
}

impl Prepare {
    pub(super) fn call(&self, socket: &Socket) -> Result<()> {
        (self.0)(socket)
    }
}

/// A connection to a Unix socket, as [`Dialler::connect`] makes one.
pub(crate) fn dial_path(path: &Path, bounds: Bounds<'_>) -> Result<Socket> {
    let attempting = Attempting { source: None, prepare: None, kind: SOCK_STREAM, delay: ATTEMPT_DELAY };
    let place = path.target()?;
    let addresses = resolve(&place, AF_UNSPEC, bounds)?;
    patient(race(addresses, attempting, bounds).map_err(|lost| lost.into_error(&place))?, bounds)
}

fn patient(mut socket: Socket, bounds: Bounds<'_>) -> Result<Socket> {
    if bounds.cancel.is_none() {
        socket.make_patient()?;
    }
    Ok(socket)
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}

impl fmt::Debug for Dialler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Dialler { known, source, .. } = self;
        f.debug_struct("Dialler").field("known", known).field("source", source).finish_non_exhaustive()
    }
}

impl fmt::Debug for Prepare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepare").finish_non_exhaustive()
    }
}
