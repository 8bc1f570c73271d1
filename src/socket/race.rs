//! Connecting to one of several addresses: non-blocking attempts, polled together on the caller's thread.

use std::{
    error::Error as StdError,
    fmt,
    net::SocketAddr,
    os::fd::AsFd,
    sync::Arc,
    time::{Duration, Instant},
};

use socket2::SockRef;

use super::{
    AF_UNIX, Address, Bounds, Kind, Prepare, Protocol, SOCK_DGRAM, SOCK_STREAM, Socket, Target,
    schedule::{Schedule, Step, interleave},
};
use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    sys::{self, Interest, c},
};

/// How each attempt is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempting<'a> {
    /// This end's address.
    pub(super) source: Option<SocketAddr>,
    pub(super) kind: Kind,
    /// How long an attempt may stay without an answer before the next one starts beside it.
    pub(super) delay: Duration,
    /// Sees each socket when it is new.
    pub(super) prepare: Option<&'a Prepare>,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum Lost {
    /// Each address, in the order in which they were tried, with its reason; and whether the time was over.
    Attempts(Vec<(Address, Error)>),
    /// The token, or the system, ended the whole.
    All(Error),
}

/// The first of the addresses that answers; the other attempts are closed.
pub(super) fn race(
    addresses: Vec<Address>,
    attempting: Attempting<'_>,
    bounds: Bounds<'_>,
) -> Result<Socket, Lost> {
    let addresses = match attempting.source {
        None => addresses,
        Some(source) => of_family(addresses, source)?,
    };
    if let [address] = addresses.as_slice() {
        return one(address, attempting, bounds);
    }
    if let Some(cancel) = bounds.cancel {
        cancel.check().map_err(Lost::All)?;
    }
    let schedule = Schedule::new(interleave(addresses), attempting.delay);
    Race { schedule, attempting, running: Vec::new(), lost: Vec::new() }.run(bounds)
}

/// Only these can be bound to the source.
pub(super) fn of_family(addresses: Vec<Address>, source: SocketAddr) -> Result<Vec<Address>, Lost> {
    let family = Address::from(source).family();
    let own: Vec<Address> = addresses.into_iter().filter(|address| address.family() == family).collect();
    if own.is_empty() {
        let message = format!("no address of the family of the source address {source} ({family:?})");
        return Err(Lost::All(Error::new(ErrorKind::AddressNotAvailable, message)));
    }
    Ok(own)
}

/// With a single address there is nothing to poll together: without bounds it is one blocking `connect(2)`.
fn one(address: &Address, attempting: Attempting<'_>, bounds: Bounds<'_>) -> Result<Socket, Lost> {
    let connected = || {
        let socket = prepared(address, attempting)?;
        socket.set_cancel(bounds.cancel.cloned())?;
        socket.connect_by(address, bounds.deadline)?;
        finished(socket, address, attempting.kind)
    };
    connected().map_err(|error| match error.kind() {
        ErrorKind::Cancelled => Lost::All(error),
        _ => Lost::Attempts(vec![(address.clone(), error)]),
    })
}

/// A socket that is ready to be connected, in blocking mode.
fn prepared(address: &Address, Attempting { source, kind, prepare, .. }: Attempting<'_>) -> Result<Socket> {
    let socket = Socket::new(address.family(), kind, Protocol::default())?;
    if let Some(prepare) = prepare {
        prepare.call(&socket).map_err(|error| error.context("prepare the socket"))?;
    }
    socket.settimeout(None)?;
    if let Some(source) = source {
        socket.bind(source)?;
    }
    if kind == SOCK_DGRAM && address.family() == AF_UNIX {
        // Linux gives it a name of its own then, to which answers can go; elsewhere there is none.
        let _ = socket.bind(Address::from_pathname("")?);
    }
    Ok(socket)
}

/// What the system says is connected, unless it is to itself.
pub(super) fn finished(socket: Socket, address: &Address, kind: Kind) -> Result<Socket> {
    if address.as_socket_addr().is_some() && kind == SOCK_STREAM {
        // Where nobody listens on a port of the ephemeral range, TCP may connect a socket of this machine to itself:
        // RFC 9293 §3.5 allows both ends to open at once.
        if socket.getsockname()? == *address {
            return Err(Error::from_errno(c::ECONNREFUSED));
        }
        SockRef::from(&socket).set_tcp_nodelay(true)?;
    }
    Ok(socket)
}

struct Race<'a> {
    schedule: Schedule<Address>,
    attempting: Attempting<'a>,
    running: Vec<(Address, Socket)>,
    lost: Vec<(Address, Error)>,
}

impl Race<'_> {
    fn run(mut self, bounds: Bounds<'_>) -> Result<Socket, Lost> {
        let start = Instant::now();
        loop {
            match self.schedule.step(start.elapsed()) {
                Step::Over => return Err(Lost::Attempts(self.lost)),
                Step::Start(address) => match begin(&address, self.attempting) {
                    Ok((socket, Progress::Connected)) => {
                        match finished(socket, &address, self.attempting.kind) {
                            Ok(socket) => return won(socket, bounds).map_err(Lost::All),
                            Err(error) => self.fail(address, error),
                        }
                    }
                    Ok((socket, Progress::UnderWay)) => self.running.push((address, socket)),
                    Err(error) => self.fail(address, error),
                },
                Step::Wait(until) => {
                    let pause = until.map(|until| until.saturating_sub(start.elapsed()));
                    if let Some(socket) = self.wait(Deadline::after(pause), bounds)? {
                        return won(socket, bounds).map_err(Lost::All);
                    }
                }
            }
        }
    }

    /// Waits for an attempt to end, or for the time of the next one.
    fn wait(&mut self, next: Deadline, bounds: Bounds<'_>) -> Result<Option<Socket>, Lost> {
        let fds: Vec<_> = self.running.iter().map(|(_, socket)| socket.as_fd()).collect();
        let ready = match sys::wait_any(&fds, Interest::Write, bounds.deadline.min(next), bounds.cancel) {
            Ok(ready) => ready,
            Err(error) if error.kind() != ErrorKind::TimedOut => return Err(Lost::All(error)),
            Err(_) if bounds.deadline.has_passed() => return Err(self.out_of_time()),
            Err(_) => return Ok(None),
        };
        // From the back, so that the places before it stay as they are.
        for place in ready.into_iter().rev() {
            let (address, socket) = self.running.remove(place);
            match outcome(socket, &address, self.attempting.kind) {
                Ok(socket) => return Ok(Some(socket)),
                Err(error) => self.fail(address, error),
            }
        }
        Ok(None)
    }

    fn fail(&mut self, address: Address, error: Error) {
        self.schedule.failed();
        self.lost.push((address, error));
    }

    fn out_of_time(&mut self) -> Lost {
        let mut lost = std::mem::take(&mut self.lost);
        lost.extend(self.running.drain(..).map(|(address, _)| (address, ErrorKind::TimedOut.into())));
        let untried = std::mem::replace(&mut self.schedule, Schedule::new([], Duration::ZERO)).untried();
        lost.extend(untried.map(|address| (address, Error::new(ErrorKind::TimedOut, "not tried any more"))));
        Lost::Attempts(lost)
    }
}

pub(super) enum Progress {
    Connected,
    UnderWay,
}

/// Starts an attempt that waits for nothing.
pub(super) fn begin(address: &Address, attempting: Attempting<'_>) -> Result<(Socket, Progress)> {
    let socket = prepared(address, attempting)?;
    socket.ensure_nonblocking()?;
    match SockRef::from(&socket).connect(&address.to_sock_addr()) {
        Ok(()) => Ok((socket, Progress::Connected)),
        Err(error) => match error.raw_os_error() {
            // After EINTR the connection goes on (POSIX).
            Some(c::EINPROGRESS | c::EINTR) => Ok((socket, Progress::UnderWay)),
            _ => Err(error.into()),
        },
    }
}

/// What became of an attempt that has ended.
pub(super) fn outcome(socket: Socket, address: &Address, kind: Kind) -> Result<Socket> {
    match SockRef::from(&socket).take_error() {
        Ok(None) => finished(socket, address, kind),
        Ok(Some(error)) | Err(error) => Err(error.into()),
    }
}

/// The winner, as a single attempt would have left it.
fn won(mut socket: Socket, bounds: Bounds<'_>) -> Result<Socket> {
    if bounds.deadline == Deadline::NEVER && bounds.cancel.is_none() {
        socket.ensure_blocking()?;
    }
    socket.set_cancel(bounds.cancel.cloned())?;
    Ok(socket)
}

/// The reasons of all addresses, as the cause of the one error.
#[derive(Clone, Debug)]
struct Attempts {
    all: Arc<[(Address, Error)]>,
    style: Style,
}

#[derive(Clone, Copy, Debug)]
enum Style {
    /// The address stands in front already.
    Reason,
    Listed,
}

impl Lost {
    /// One error for all of them: `connect to OBJECT failed: …`. Its kind and errno are those of the time limit if
    /// it ended the attempts; else of an address that refused; else of the first one, which the system preferred.
    pub(super) fn into_error(self, target: &Target<'_>) -> Error {
        let (object, style) = match target {
            Target::Address(address) => (address.to_string(), Style::Reason),
            Target::Host(host, port) => (format!("{host}:{port}"), Style::Listed),
        };
        let attempts = match self {
            // What was being done is said already if it was a look-up.
            Lost::All(error) if error.source().is_none() => {
                return error.context(format!("connect to {object}"));
            }
            Lost::All(error) => return error,
            Lost::Attempts(attempts) => attempts,
        };
        let over = |error: &Error| error.is_timeout() && error.raw_os_error().is_none();
        let refused = |error: &Error| error.kind() == ErrorKind::ConnectionRefused;
        let find = |is: fn(&Error) -> bool| attempts.iter().map(|(_, error)| error).find(|error| is(error));
        let first = attempts.first().map(|(_, error)| error);
        let Some(telling) = find(over).or(find(refused)).or(first) else {
            return ErrorKind::UnknownHost.into();
        };
        let (kind, errno) = (telling.kind(), telling.raw_os_error());
        let attempts = Attempts { all: attempts.into(), style };
        Error::with_source(kind, format!("connect to {object} failed"), attempts.clone())
            .with_errno(errno)
            .with_payload(attempts)
    }
}

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut joint = "";
        for (address, error) in &*self.all {
            match self.style {
                Style::Reason => write!(f, "{joint}{error}")?,
                Style::Listed => write!(f, "{joint}{address}: {error}")?,
            }
            joint = "; ";
        }
        Ok(())
    }
}

impl StdError for Attempts {}

impl Error {
    /// The addresses that [`create_connection`](crate::socket::create_connection) tried, and why each failed;
    /// empty for all other errors.
    ///
    /// Python: `socket.create_connection(…, all_errors=True)` and its `ExceptionGroup`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, socket::{create_connection, create_server}};
    /// let nobody = create_server("127.0.0.1:0")?.getsockname()?; // closed again
    /// let error = create_connection(&nobody, None).unwrap_err();
    /// let (address, reason) = &error.attempts()[0];
    /// assert_eq!((address, reason.kind()), (&nobody, ErrorKind::ConnectionRefused));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn attempts(&self) -> &[(Address, Error)] {
        self.payload::<Attempts>().map_or(&[], |attempts| &attempts.all)
    }
}

#[cfg(test)]
mod tests;
