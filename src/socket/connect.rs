//! How a [`Socket`] gets its addresses: `bind`, `listen`, `accept`, `connect`.

use std::{
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use socket2::{SockAddr, SockRef};

use super::{
    AF_UNIX, Address, Limit, Socket, ToAddress, getdefaulttimeout, hints, resolve::Bounds, resolve_one,
};
use crate::{
    cancel::CancelToken,
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    sys::{self, Flag, Interest, c},
};

/// [`Bounds`] that hold their token.
pub(super) struct OwnBounds {
    deadline: Deadline,
    cancel: Option<CancelToken>,
}

impl OwnBounds {
    pub(super) fn borrow(&self) -> Bounds<'_> {
        Bounds { deadline: self.deadline, cancel: self.cancel.as_ref() }
    }
}

impl Socket {
    /// Gives the socket its address: `bind(2)`. Port 0 lets the system choose one; the host `""` or `"*"` is every
    /// address of the socket's family.
    ///
    /// Python: `socket.bind`. In `std::net`: part of `TcpListener::bind` and `UdpSocket::bind`.
    ///
    /// # Errors
    ///
    /// [`AddressInUse`](ErrorKind::AddressInUse); [`PermissionDenied`](ErrorKind::PermissionDenied) for a
    /// port below 1024; [`AddressNotAvailable`](ErrorKind::AddressNotAvailable).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, socket::{AF_INET, SOCK_DGRAM, Socket}};
    /// let one = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// one.bind(("127.0.0.1", 0))?;
    /// let other = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// let error = other.bind(one.getsockname()?).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::AddressInUse);
    /// assert!(error.to_string().starts_with("bind to 127.0.0.1:"));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn bind(&self, address: impl ToAddress) -> Result<()> {
        let bounds = self.bounds(self.waiting_limit());
        let address = resolve_one(address.target()?.for_bind(), self.family(), bounds.borrow())?;
        SockRef::from(&self.descriptor()?).bind(&address.to_sock_addr()).map_err(|error| {
            let error = Error::from(error);
            let hint = hints::bind(self, &address, &error);
            error.context(format!("bind to {address}{hint}"))
        })
    }

    /// Lets peers connect: `listen(2)`. So many of them wait for `accept` at most; the system has a limit of
    /// its own, and a negative number counts as 0.
    ///
    /// Python: `socket.listen`. In `std::net`: part of `TcpListener::bind`.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) for a socket without connections.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, IPPROTO_TCP, SOCK_STREAM, Socket};
    /// let server = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
    /// server.bind("127.0.0.1:0")?;
    /// server.listen(128)?;
    /// assert!(server.getpeername().is_err());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn listen(&self, backlog: i32) -> Result<()> {
        SockRef::from(&self.descriptor()?)
            .listen(backlog.max(0))
            .map_err(|error| Error::from(error).context("listen"))
    }

    /// Takes the next connection: `accept4(2)`, close-on-exec.
    ///
    /// The connection starts in the default mode ([`setdefaulttimeout`](super::setdefaulttimeout)), not in
    /// this socket's, and without its cancel token.
    ///
    /// Python: `socket.accept`. In `std::net`: `TcpListener::accept`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](ErrorKind::TimedOut), [`WouldBlock`](ErrorKind::WouldBlock),
    /// [`Cancelled`](ErrorKind::Cancelled); [`OutOfResources`](ErrorKind::OutOfResources) without
    /// descriptors, [`ConnectionReset`](ErrorKind::ConnectionReset) if the peer gave up meanwhile: neither
    /// is a reason to end a server's loop.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let client = create_connection(server.getsockname()?, None)?;
    /// let (conn, peer) = server.accept()?;
    /// assert_eq!(peer, client.getsockname()?);
    /// assert_eq!(conn.gettimeout(), None);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn accept(&self) -> Result<(Socket, Address)> {
        let timeout = getdefaulttimeout();
        // As the mode wants it: with a blocking one a `recv` that has to wait is one call, not three.
        let flag = if timeout.is_none() { Flag::Blocking } else { Flag::Nonblocking };
        match self.attempt_without_flag(Interest::Read, self.mode.limit(), |fd| sys::accept(fd, flag)) {
            Ok((fd, peer)) => {
                let conn = Socket::assemble(fd, self.family(), flag);
                conn.settimeout(timeout)?;
                Ok((conn, Address::from_sock_addr(peer)))
            }
            Err(error) => Err(unaccepted(error)),
        }
    }

    /// Takes one connection after the other: an iterator over [`accept`](Self::accept), without an end.
    ///
    /// Python: a loop around `accept`. In `std::net`: `TcpListener::incoming`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let _clients = [create_connection(server.getsockname()?, None)?, create_connection(server.getsockname()?, None)?];
    /// for accepted in server.incoming().take(2) {
    ///     let (conn, peer) = accepted?;
    ///     assert_eq!(conn.getpeername()?, peer);
    /// }
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn incoming(&self) -> impl Iterator<Item = Result<(Socket, Address)>> {
        std::iter::repeat_with(|| self.accept())
    }

    /// One `accept4(2)` that never waits. The connection blocks in its own calls by `poll`, whatever the
    /// default mode is; its descriptor is non-blocking.
    pub(crate) fn try_accept(&self) -> Result<(Socket, Address)> {
        self.ensure_nonblocking()?;
        let (fd, peer) = sys::accept(self.descriptor()?, Flag::Nonblocking).map_err(unaccepted)?;
        Ok((Socket::assemble(fd, self.family(), Flag::Nonblocking), Address::from_sock_addr(peer)))
    }

    /// Waits until somebody asks at one of the sockets, whatever their modes; any of their cancel tokens ends it.
    pub(crate) fn await_any(sockets: &[Socket], deadline: Deadline) -> Result<()> {
        let tokens: Vec<_> = sockets.iter().filter_map(Socket::cancel_token).collect();
        let mut fds = sockets.iter().map(Socket::descriptor).collect::<Result<Vec<_>>>()?;
        fds.extend(tokens.iter().map(AsFd::as_fd));
        sys::wait_any(&fds, Interest::Read, deadline, None)?;
        tokens.iter().try_for_each(CancelToken::check)
    }

    /// Connects: `connect(2)`. On a datagram socket it sets the only peer.
    ///
    /// A signal doesn't end it: the connection is waited for. After an error the socket can't be used again
    /// on every system: make a new one. See [`create_connection`](super::create_connection), which does.
    ///
    /// Python: `socket.connect`. In `std::net`: `TcpStream::connect`.
    ///
    /// # Errors
    ///
    /// [`ConnectionRefused`](ErrorKind::ConnectionRefused), [`Unreachable`](ErrorKind::Unreachable),
    /// [`UnknownHost`](ErrorKind::UnknownHost), [`TimedOut`](ErrorKind::TimedOut),
    /// [`Cancelled`](ErrorKind::Cancelled); in non-blocking mode
    /// [`WouldBlock`](ErrorKind::WouldBlock) while it goes on (EINPROGRESS).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, socket::{AF_INET, IPPROTO_TCP, SOCK_STREAM, Socket}};
    /// let nobody = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
    /// nobody.bind("127.0.0.1:0")?; // but doesn't listen
    /// let client = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
    /// let error = client.connect(nobody.getsockname()?).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    /// assert!(error.to_string().starts_with("connect to 127.0.0.1:"));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn connect(&self, address: impl ToAddress) -> Result<()> {
        let limit = self.mode.limit().start();
        let bounds = self.bounds(self.waiting(limit));
        let address = resolve_one(address.target()?, self.family(), bounds.borrow())?;
        self.connect_within(&address, limit).map_err(|error| self.named(error, &address))
    }

    /// [`connect`](Self::connect) that gives the errno: 0 once connected, EINPROGRESS in non-blocking mode,
    /// EAGAIN when the time is over, ECONNREFUSED and so on.
    ///
    /// Python: `socket.connect_ex`, which raises for an unknown host as well.
    ///
    /// # Errors
    ///
    /// [`UnknownHost`](ErrorKind::UnknownHost) and whatever else has no errno, as a malformed address or a
    /// cancelled call.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, IPPROTO_TCP, SOCK_STREAM, Socket, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let socket = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
    /// match socket.connect_ex(server.getsockname()?)? {
    ///     0 => socket.sendall(b"GET / HTTP/1.0\r\n\r\n")?,
    ///     errno => panic!("{errno}"),
    /// }
    /// assert!(socket.connect_ex(("no such host", 80)).is_err());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn connect_ex(&self, address: impl ToAddress) -> Result<i32> {
        let limit = self.mode.limit().start();
        let bounds = self.bounds(self.waiting(limit));
        let address = match resolve_one(address.target()?, self.family(), bounds.borrow()) {
            Err(error) if error.is_timeout() => return Ok(c::EAGAIN),
            outcome => outcome?,
        };
        match self.connect_within(&address, limit) {
            Ok(()) => Ok(0),
            Err(error) => errno_of(&error).ok_or_else(|| self.named(error, &address)),
        }
    }

    /// [`connect`](Self::connect) until a deadline, whatever the mode. The error doesn't name the address.
    pub(super) fn connect_by(&self, address: &Address, deadline: Deadline) -> Result<()> {
        self.connect_within(address, Limit::By(deadline))
    }

    fn connect_within(&self, address: &Address, limit: Limit) -> Result<()> {
        let cancel = self.cancel_token();
        if let Some(cancel) = &cancel {
            cancel.check()?;
        }
        if cancel.is_some() || !limit.is_never() {
            self.ensure_nonblocking()?;
        }
        let fd = self.descriptor()?;
        let address = address.to_sock_addr();
        let Err(error) = SockRef::from(&fd).connect(&address) else { return Ok(()) };
        match error.raw_os_error() {
            // The system's own limit is over (SO_SNDTIMEO).
            Some(c::EINPROGRESS | c::EAGAIN) if limit.is_never() && self.system_waits(Interest::Write) => {
                Err(error.into())
            }
            // A Unix socket is connected at once or not at all.
            Some(c::EINTR | c::EAGAIN) if self.family() == AF_UNIX && limit != Limit::Now => {
                connect_again(fd, &address, Bounds { deadline: limit.deadline(), cancel: cancel.as_ref() })
            }
            // After EINTR the connection goes on (POSIX): a second connect(2) would be EALREADY.
            Some(c::EINPROGRESS | c::EINTR | c::EALREADY) if limit != Limit::Now => {
                sys::wait(fd, Interest::Write, limit.deadline(), cancel.as_ref())?;
                SockRef::from(&fd).take_error()?.map_or(Ok(()), |error| Err(error.into()))
            }
            _ => Err(error.into()),
        }
    }

    /// `connect to 127.0.0.1:80 failed: connection refused`; non-blocking, EINPROGRESS is [`ErrorKind::WouldBlock`].
    fn named(&self, error: Error, address: &Address) -> Error {
        match error.raw_os_error() {
            Some(c::EINPROGRESS | c::EAGAIN) => error,
            _ => {
                let hint = hints::send(self, address, &error);
                error.context(format!("connect to {address}{hint}"))
            }
        }
    }

    /// The bounds of a look-up that is part of an operation with that limit.
    pub(super) fn bounds(&self, limit: Limit) -> OwnBounds {
        OwnBounds { deadline: limit.deadline(), cancel: self.cancel_token() }
    }

    /// A look-up has no non-blocking form: there it may take its time, as in Python.
    pub(super) fn waiting(&self, limit: Limit) -> Limit {
        if limit == Limit::Now { Limit::By(Deadline::NEVER) } else { limit }
    }

    fn waiting_limit(&self) -> Limit {
        self.waiting(self.mode.limit())
    }
}

/// The queue of a Unix server is full, and nothing tells when it no longer is: asks again, ever more seldom.
fn connect_again(fd: BorrowedFd<'_>, address: &SockAddr, bounds: Bounds<'_>) -> Result<()> {
    let mut pause = Duration::from_millis(1);
    loop {
        sys::pause(bounds.deadline.min(Deadline::after(pause)), bounds.cancel)?;
        match SockRef::from(&fd).connect(address) {
            Err(error) if matches!(error.raw_os_error(), Some(c::EINTR | c::EAGAIN)) => {}
            outcome => return Ok(outcome?),
        }
        if bounds.deadline.has_passed() {
            return Err(ErrorKind::TimedOut.into());
        }
        pause = (2 * pause).min(Duration::from_millis(50));
    }
}

/// What `connect_ex` gives: the errno, or EAGAIN when the time was over; nothing for other errors.
pub(crate) fn errno_of(error: &Error) -> Option<i32> {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => error.raw_os_error().or(Some(c::EAGAIN)),
        _ => error.raw_os_error(),
    }
}

/// What was being done; but `WouldBlock` stays bare.
fn unaccepted(error: Error) -> Error {
    if error.kind() == ErrorKind::WouldBlock {
        return error;
    }
    let hint = hints::accept(&error);
    error.context(format!("accept{hint}"))
}
