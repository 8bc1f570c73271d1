//! [`Socket`]: the descriptor, its mode, its life.

use std::{
    fmt,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use socket2::SockRef;

use super::{Address, Family, Kind, Mode, Protocol, getdefaulttimeout};
use crate::{
    cancel::CancelToken,
    error::{Error, Result},
    sys::{self, c},
};

/// One Berkeley socket.
///
/// All calls take `&self`: threads may share a socket. It is close-on-exec from birth, is closed when it is
/// dropped, and never raises SIGPIPE; calls that a signal interrupts go on by themselves.
///
/// # Modes
///
/// A new socket *blocks*. With [`settimeout`](Self::settimeout) it is *timed*: each call may take that long
/// as a whole, and fails with [`TimedOut`](crate::ErrorKind::TimedOut) after it. With a timeout of zero it is
/// *non-blocking*: a call that would wait fails with [`WouldBlock`](crate::ErrorKind::WouldBlock). A timed
/// call tries first and waits only if it must, so with data there it is one system call.
///
/// Python: `socket.socket`. In `std::net`: `TcpStream`, `TcpListener` and `UdpSocket` in one.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{AF_INET, IPPROTO_TCP, SOCK_STREAM, Socket};
/// # fn main() -> sockeye::Result<()> {
/// let server = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
/// server.bind(("127.0.0.1", 0))?;
/// server.listen(8)?;
/// assert_ne!(server.getsockname()?.port(), Some(0));
/// # Ok(())
/// # }
/// ```
pub struct Socket {
    /// `None` once it is closed.
    fd: Option<OwnedFd>,
    family: Family,
    pub(super) mode: Mode,
    /// O_NONBLOCK is known to be set on the descriptor. It never goes back to false: clones share the flag
    /// with this descriptor, and a blocking call works on both kinds.
    nonblocking: AtomicBool,
    /// INVARIANT: true whenever `cancel` holds a token; spares calls the lock.
    cancellable: AtomicBool,
    cancel: Mutex<Option<CancelToken>>,
}

impl Socket {
    /// Makes a socket: `socket(2)`, close-on-exec.
    ///
    /// It starts in the mode that [`setdefaulttimeout`](super::setdefaulttimeout) says: blocking.
    ///
    /// Python: `socket.socket(family, type, proto)`.
    ///
    /// # Errors
    ///
    /// When the system doesn't have that combination, has no descriptors left, or doesn't allow it
    /// ([`SOCK_RAW`](super::SOCK_RAW) needs a privilege).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, SOCK_DGRAM, Socket};
    /// let socket = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// assert_eq!(socket.kind()?, SOCK_DGRAM);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn new(family: Family, kind: Kind, protocol: Protocol) -> Result<Socket> {
        let protocol_or_default = Some(protocol.number()).filter(|&number| number != 0);
        let made = socket2::Socket::new(
            family.number().into(),
            kind.number().into(),
            protocol_or_default.map(Into::into),
        );
        let named =
            |error| Error::from(error).context(format!("make a socket {family:?} {kind:?} {protocol:?}"));
        let socket = Socket::assemble(made.map_err(named)?.into(), family, false);
        socket.settimeout(getdefaulttimeout())?;
        Ok(socket)
    }

    /// Takes over a descriptor of which the family and whether it is non-blocking are known.
    pub(super) fn assemble(fd: OwnedFd, family: Family, nonblocking: bool) -> Socket {
        Socket {
            fd: Some(fd),
            family,
            mode: Mode::of(None),
            nonblocking: AtomicBool::new(nonblocking),
            cancellable: AtomicBool::new(false),
            cancel: Mutex::new(None),
        }
    }

    /// Closes the descriptor. Every later call fails with [`Closed`](crate::ErrorKind::Closed) (EBADF), but
    /// for another `close`, which does nothing.
    ///
    /// Clones have descriptors of their own and stay open. Dropping a socket closes it as well.
    ///
    /// Python: `socket.close`. In `std::net`: drop.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, socket::{AF_INET, SOCK_DGRAM, Socket}};
    /// let mut socket = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// socket.close();
    /// socket.close();
    /// assert_eq!(socket.getsockname().unwrap_err().kind(), ErrorKind::Closed);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn close(&mut self) {
        self.fd = None;
    }

    /// Gives the descriptor away, in the mode of the socket: blocking or (with any timeout) non-blocking.
    ///
    /// Python: `socket.detach`.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, SOCK_DGRAM, Socket};
    /// let socket = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// let number = socket.fileno();
    /// let fd = socket.detach()?;
    /// assert_eq!(std::os::fd::AsRawFd::as_raw_fd(&fd), number);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn detach(mut self) -> Result<OwnedFd> {
        if self.mode.timeout().is_none() && self.nonblocking.load(Ordering::Relaxed) {
            SockRef::from(&self.descriptor()?).set_nonblocking(false)?;
        }
        self.fd.take().ok_or_else(closed)
    }

    /// Another descriptor for the same socket, in the same mode, without the cancel token.
    ///
    /// Python: `socket.dup`. In `std::net`: `try_clone`.
    ///
    /// # Errors
    ///
    /// When the process has no descriptors left.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, SOCK_DGRAM, Socket};
    /// let socket = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// socket.bind("127.0.0.1:0")?;
    /// let other = socket.try_clone()?;
    /// drop(socket);
    /// assert!(other.getsockname()?.port() > Some(0));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "dup")]
    pub fn try_clone(&self) -> Result<Socket> {
        // From here on either of the two could set O_NONBLOCK for both.
        self.ensure_nonblocking()?;
        let clone = Socket::assemble(self.descriptor()?.try_clone_to_owned()?, self.family, true);
        clone.mode.set(self.mode.timeout());
        Ok(clone)
    }

    /// Sets the mode: a time limit for each call, `Duration::ZERO` for non-blocking, `None` for blocking.
    ///
    /// The limit covers the whole operation: all of [`sendall`](Self::sendall), not each piece of it.
    /// Default is [`getdefaulttimeout`](super::getdefaulttimeout), which is `None`.
    ///
    /// Python: `socket.settimeout`. In `std::net`: `set_read_timeout` and `set_write_timeout`, which
    /// limit each system call and know neither `accept` nor `connect`.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{ErrorKind, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// server.settimeout(Duration::from_millis(1))?;
    /// assert_eq!(server.accept().unwrap_err().kind(), ErrorKind::TimedOut);
    /// server.settimeout(Duration::ZERO)?;
    /// assert_eq!(server.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    /// server.settimeout(None)?;
    /// assert_eq!(server.gettimeout(), None);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn settimeout(&self, timeout: impl Into<Option<Duration>>) -> Result<()> {
        let timeout = timeout.into();
        self.descriptor()?;
        if timeout.is_some() {
            self.ensure_nonblocking()?;
        }
        self.mode.set(timeout);
        Ok(())
    }

    /// The time limit: `None` when blocking, zero when non-blocking.
    ///
    /// Python: `socket.gettimeout`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, SOCK_DGRAM, Socket};
    /// assert_eq!(Socket::new(AF_INET, SOCK_DGRAM, Default::default())?.gettimeout(), None);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn gettimeout(&self) -> Option<Duration> {
        self.mode.timeout()
    }

    /// `true` is `settimeout(None)`, `false` is `settimeout(Duration::ZERO)`.
    ///
    /// Python: `socket.setblocking`. In `std::net`: `set_nonblocking`, which says it the other way round.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, socket::{AF_INET, SOCK_DGRAM, Socket}};
    /// let socket = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// socket.bind("127.0.0.1:0")?;
    /// socket.setblocking(false)?;
    /// assert_eq!(socket.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "set_nonblocking")]
    pub fn setblocking(&self, blocking: bool) -> Result<()> {
        self.settimeout(if blocking { None } else { Some(Duration::ZERO) })
    }

    /// Whether calls may wait: true but for a timeout of zero.
    ///
    /// Python: `socket.getblocking`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, SOCK_DGRAM, Socket};
    /// let socket = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// socket.settimeout(std::time::Duration::from_secs(1))?;
    /// assert!(socket.getblocking());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn getblocking(&self) -> bool {
        self.mode.timeout() != Some(Duration::ZERO)
    }

    /// Hands over the token that ends this socket's calls; `None` takes it away.
    ///
    /// A call that is blocked already when the token is handed over isn't touched by it.
    ///
    /// Python: there is no such thing.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, cancel::CancelToken, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let token = CancelToken::new()?;
    /// server.set_cancel(token.clone())?;
    /// let canceller = std::thread::spawn(move || token.cancel());
    /// assert_eq!(server.accept().unwrap_err().kind(), ErrorKind::Cancelled);
    /// canceller.join().unwrap();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn set_cancel(&self, token: impl Into<Option<CancelToken>>) -> Result<()> {
        let token = token.into();
        self.descriptor()?;
        if token.is_some() {
            // So that no call blocks inside the system, where the token can't reach it.
            self.ensure_nonblocking()?;
        }
        let mut held = self.cancel.lock().unwrap_or_else(PoisonError::into_inner);
        self.cancellable.store(token.is_some(), Ordering::Release);
        *held = token;
        Ok(())
    }

    /// This end's address: `getsockname(2)`.
    ///
    /// Python: `socket.getsockname`. In `std::net`: `local_addr`.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// let server = sockeye::socket::create_server("127.0.0.1:0")?;
    /// assert!(server.getsockname()?.to_string().starts_with("127.0.0.1:"));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "local_addr")]
    pub fn getsockname(&self) -> Result<Address> {
        let address = SockRef::from(&self.descriptor()?).local_addr();
        Ok(Address::from_sock_addr(address.map_err(|error| Error::from(error).context("getsockname"))?))
    }

    /// The other end's address: `getpeername(2)`.
    ///
    /// Python: `socket.getpeername`. In `std::net`: `peer_addr`.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](crate::ErrorKind::NotConnected).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let client = create_connection(server.getsockname()?, None)?;
    /// assert_eq!(client.getpeername()?, server.getsockname()?);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "peer_addr")]
    pub fn getpeername(&self) -> Result<Address> {
        let address = SockRef::from(&self.descriptor()?).peer_addr();
        Ok(Address::from_sock_addr(address.map_err(|error| Error::from(error).context("getpeername"))?))
    }

    /// The descriptor's number, -1 once it is closed.
    ///
    /// Python: `socket.fileno`. In `std::net`: `as_raw_fd`.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut server = sockeye::socket::create_server("127.0.0.1:0")?;
    /// assert!(server.fileno() > 2);
    /// server.close();
    /// assert_eq!(server.fileno(), -1);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn fileno(&self) -> RawFd {
        self.fd.as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }

    /// The family that the socket was made with.
    ///
    /// Python: `socket.family`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, create_server};
    /// assert_eq!(create_server("127.0.0.1:0")?.family(), AF_INET);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// The kind that the socket was made with: SO_TYPE.
    ///
    /// Python: `socket.type`.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{SOCK_STREAM, create_server};
    /// assert_eq!(create_server("127.0.0.1:0")?.kind()?, SOCK_STREAM);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "type")]
    pub fn kind(&self) -> Result<Kind> {
        Ok(Kind::raw(SockRef::from(&self.descriptor()?).r#type()?.into()))
    }

    /// The protocol that the socket was made with: SO_PROTOCOL, where the system has it, else the default.
    ///
    /// Python: `socket.proto`.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, IPPROTO_TCP, Protocol, SOCK_STREAM, Socket};
    /// let protocol = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP)?.protocol()?;
    /// assert!([IPPROTO_TCP, Protocol::default()].contains(&protocol));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "proto")]
    pub fn protocol(&self) -> Result<Protocol> {
        Ok(Protocol::raw(sys::protocol_of(self.descriptor()?)?))
    }

    /// The descriptor, unless it is closed.
    pub(super) fn descriptor(&self) -> Result<BorrowedFd<'_>> {
        self.fd.as_ref().map(AsFd::as_fd).ok_or_else(closed)
    }

    pub(super) fn cancel_token(&self) -> Option<CancelToken> {
        if !self.cancellable.load(Ordering::Acquire) {
            return None;
        }
        self.cancel.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets O_NONBLOCK once. How calls behave is the mode's business, not the descriptor's.
    pub(super) fn ensure_nonblocking(&self) -> Result<()> {
        if !self.nonblocking.load(Ordering::Relaxed) {
            SockRef::from(&self.descriptor()?).set_nonblocking(true)?;
            self.nonblocking.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// For other people's calls. After [`close`](Socket::close) it is a descriptor on which calls fail.
impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        static NOTHING: OnceLock<Option<OwnedFd>> = OnceLock::new();
        static STDIN: OnceLock<std::io::Stdin> = OnceLock::new();
        match (&self.fd, NOTHING.get()) {
            (Some(fd), _) => fd.as_fd(),
            (None, _) => match NOTHING.get_or_init(sys::descriptor_for_nothing) {
                Some(nothing) => nothing.as_fd(),
                // No descriptor is left for it: one that is no socket has to do.
                None => STDIN.get_or_init(std::io::stdin).as_fd(),
            },
        }
    }
}

/// -1 once it is closed.
impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.fileno()
    }
}

/// As Python prints it: descriptor, family, type, protocol and addresses.
impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Socket fd={}, family={:?}", self.fileno(), self.family)?;
        if self.fd.is_none() {
            return f.write_str(" [closed]>");
        }
        if let (Ok(kind), Ok(protocol)) = (self.kind(), self.protocol()) {
            write!(f, ", type={kind:?}, proto={}", protocol.number())?;
        }
        if let Ok(address) = self.getsockname() {
            write!(f, ", laddr={address}")?;
        }
        if let Ok(address) = self.getpeername() {
            write!(f, ", raddr={address}")?;
        }
        f.write_str(">")
    }
}

pub(super) fn closed() -> Error {
    Error::from_errno(c::EBADF)
}
