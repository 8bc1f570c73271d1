//! [`Socket`]: the descriptor, its mode, its life.

use std::{
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use socket2::SockRef;

use super::{Family, Kind, Mode, Protocol, getdefaulttimeout, hints, overdue::Overdue};
use crate::{
    cancel::CancelToken,
    error::{Error, ErrorKind, Result},
    sys::{self, Flag, Interest, c},
};

/// One Berkeley socket.
///
/// All calls take `&self`: threads may share a socket. It is close-on-exec from birth, is closed when it is
/// dropped, and never raises SIGPIPE; calls that a signal interrupts go on by themselves: only a blocking
/// [`send`](Self::send) and `MSG_WAITALL` may give a part then.
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
    pub(super) fd: Option<OwnedFd>,
    pub(super) family: Family,
    /// Asked for once.
    pub(super) kind: OnceLock<Kind>,
    pub(super) mode: Mode,
    /// O_NONBLOCK is known to be set on the descriptor. Once anybody else may hold it, this never goes back to
    /// false: clones share the flag with this descriptor, and a blocking call works on both kinds. Changes while
    /// `cancel` is locked.
    nonblocking: AtomicBool,
    /// A clone was made: whoever detaches it may take O_NONBLOCK away, so what is known of it is asked again.
    shared: AtomicBool,
    /// See `patience`.
    pub(super) patient: AtomicBool,
    /// An error that came after what a call gave: the next one's.
    pub(super) overdue: Overdue,
    /// INVARIANT: true whenever `cancel` holds a token; spares calls the lock.
    cancellable: AtomicBool,
    cancel: Mutex<Option<CancelToken>>,
}

impl Socket {
    /// Makes a socket: `socket(2)`, close-on-exec.
    ///
    /// It starts in the mode that [`setdefaulttimeout`](super::setdefaulttimeout) says: blocking. With
    /// [`SOCK_NONBLOCK`](super::SOCK_NONBLOCK) joined to the kind it starts non-blocking.
    ///
    /// Python: `socket.socket(family, type, proto)`.
    ///
    /// # Errors
    ///
    /// When the system doesn't have that combination, has no descriptors left, or doesn't allow it:
    /// [`SOCK_RAW`](super::SOCK_RAW) needs root or CAP_NET_RAW, and the error says so.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, SOCK_DGRAM, Socket};
    /// let socket = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// assert_eq!(socket.kind()?, SOCK_DGRAM);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn new<L>(family: Family, kind: Kind, protocol: Protocol<L>) -> Result<Socket> {
        let protocol_or_default = Some(protocol.number()).filter(|&number| number != 0);
        let (kind, starts_nonblocking) = kind.split();
        let made = socket2::Socket::new(
            family.number().into(),
            kind.number().into(),
            protocol_or_default.map(Into::into),
        );
        let named = |error| {
            let error = Error::from(error);
            let hint = hints::privilege(kind, protocol, &error);
            error.context(format!("make a socket {family:?} {kind:?} {protocol:?}{hint}"))
        };
        let socket = Socket::assemble(made.map_err(named)?.into(), family, Flag::Blocking);
        socket.settimeout(if starts_nonblocking { Some(Duration::ZERO) } else { getdefaulttimeout() })?;
        Ok(socket)
    }

    /// Takes over a descriptor of which the family and whether it is non-blocking are known.
    pub(super) fn assemble(fd: OwnedFd, family: Family, flag: Flag) -> Socket {
        Socket {
            fd: Some(fd),
            family,
            kind: OnceLock::new(),
            mode: Mode::of(None),
            nonblocking: AtomicBool::new(flag == Flag::Nonblocking),
            shared: AtomicBool::new(false),
            patient: AtomicBool::new(false),
            overdue: Overdue::default(),
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
    /// An error that [`recvmmsg`](Self::recvmmsg) has kept for the next call doesn't go along.
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
        self.end_patience()?;
        match self.mode.timeout() {
            None => self.ensure_blocking()?,
            Some(_) => self.ensure_nonblocking()?,
        }
        self.fd.take().ok_or_else(closed)
    }

    /// Another descriptor for the same socket, in the same mode, without the cancel token.
    ///
    /// Each has a mode of its own and keeps to it, also when the other one is [detached](Self::detach) in another
    /// mode; but an `accept`, `connect` or `sendfile` that another thread begins at that very moment may block.
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
        // From here on either of the two could change O_NONBLOCK for both.
        self.shared.store(true, Ordering::Relaxed);
        self.ensure_nonblocking()?;
        let mut clone =
            Socket::assemble(self.descriptor()?.try_clone_to_owned()?, self.family, Flag::Nonblocking);
        clone.mode.set(self.mode.timeout());
        clone.shared = AtomicBool::new(true);
        clone.overdue = self.overdue.clone();
        clone.patient = AtomicBool::new(self.patient.load(Ordering::Relaxed));
        Ok(clone)
    }

    /// Hands over the token that ends this socket's calls; `None` takes it away. In blocking mode calls go on as they did,
    /// but on a non-blocking descriptor, as other threads may be within one:
    /// [`settimeout(None)`](Self::settimeout) lets it block again.
    ///
    /// A call that is blocked already when the token is handed over isn't touched by it, and one that runs when it is
    /// taken away may not be any more.
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
        let mut held = self.held_token();
        if token.is_some() && (self.blocks() || self.is_shared()) {
            // So that no call blocks inside the system, where the token can't reach it.
            self.set_flag(Flag::Nonblocking)?;
        }
        self.cancellable.store(token.is_some(), Ordering::Release);
        *held = token;
        Ok(())
    }

    /// Takes that token away, if no other has taken its place.
    pub(crate) fn leave_cancel(&self, token: &CancelToken) -> Result<()> {
        let held = self.cancel_token();
        if held.is_some_and(|held| held.is(token)) { self.set_cancel(None) } else { Ok(()) }
    }

    /// A descriptor on which calls fail: what a closed socket shows to others.
    pub(crate) fn nothing() -> BorrowedFd<'static> {
        static NOTHING: OnceLock<Option<OwnedFd>> = OnceLock::new();
        static STDIN: OnceLock<std::io::Stdin> = OnceLock::new();
        match NOTHING.get_or_init(sys::descriptor_for_nothing) {
            Some(nothing) => nothing.as_fd(),
            // No descriptor is left for it: one that is no socket has to do.
            None => STDIN.get_or_init(std::io::stdin).as_fd(),
        }
    }

    /// The descriptor, unless it is closed.
    pub(super) fn descriptor(&self) -> Result<BorrowedFd<'_>> {
        self.fd.as_ref().map(AsFd::as_fd).ok_or_else(closed)
    }

    /// Whether the token, if there is one, has been cancelled: for calls that try before they wait.
    pub(crate) fn check_cancel(&self) -> Result<()> {
        if !self.cancellable.load(Ordering::Acquire) {
            return Ok(());
        }
        self.held_token().as_ref().map_or(Ok(()), CancelToken::check)
    }

    pub(crate) fn cancel_token(&self) -> Option<CancelToken> {
        if !self.cancellable.load(Ordering::Acquire) {
            return None;
        }
        self.held_token().clone()
    }

    fn held_token(&self) -> MutexGuard<'_, Option<CancelToken>> {
        self.cancel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets O_NONBLOCK: once, or again if a clone may have taken it away. How calls behave is the mode's business,
    /// not the descriptor's.
    pub(crate) fn ensure_nonblocking(&self) -> Result<()> {
        if self.blocks() || self.is_shared() {
            let _turn = self.held_token();
            self.set_flag(Flag::Nonblocking)?;
        }
        Ok(())
    }

    /// Takes O_NONBLOCK away where nothing here needs it: no clone shares it, and no token has to end the calls. Then
    /// the system itself waits until all is there or gone.
    pub(super) fn let_block(&self) -> Result<()> {
        if self.blocks() {
            return Ok(());
        }
        let token = self.held_token();
        if token.is_none() && !self.is_shared() { self.set_flag(Flag::Blocking) } else { Ok(()) }
    }

    /// Whether the system does the waiting of calls that may block, so that one which has ended has waited for as long as
    /// it is to: until all was there, or the end of the system's own limit (SO_RCVTIMEO, SO_SNDTIMEO), which isn't our
    /// tick. Asked after the call: if the descriptor began to block meanwhile, it is wrong for that call.
    pub(super) fn system_waits(&self, interest: Interest) -> bool {
        let ticks = interest == Interest::Read && self.patient.load(Ordering::Relaxed);
        if ticks || !self.blocks() {
            return false;
        }
        let _turn = self.held_token();
        // Whoever else holds the descriptor may have changed it.
        let blocks = self.descriptor().and_then(|fd| Ok(!SockRef::from(&fd).nonblocking()?)).unwrap_or(true);
        if !blocks {
            self.nonblocking.store(true, Ordering::Relaxed);
        }
        blocks
    }

    /// While `cancel` is locked, so that what is known and what is so don't come apart.
    fn set_flag(&self, flag: Flag) -> Result<()> {
        let nonblocking = flag == Flag::Nonblocking;
        SockRef::from(&self.descriptor()?).set_nonblocking(nonblocking)?;
        self.nonblocking.store(nonblocking, Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn is_shared(&self) -> bool {
        self.shared.load(Ordering::Relaxed)
    }

    /// Takes O_NONBLOCK away. Only where nobody else holds the descriptor, or at the end of this handle.
    pub(super) fn ensure_blocking(&mut self) -> Result<()> {
        if self.blocks() { Ok(()) } else { self.set_flag(Flag::Blocking) }
    }

    /// Whether a call may block inside the system.
    pub(super) fn blocks(&self) -> bool {
        !self.nonblocking.load(Ordering::Relaxed)
    }
}

/// For other people's calls. After [`close`](Socket::close) it is a descriptor on which calls fail.
///
/// The descriptor may be non-blocking (O_NONBLOCK) in blocking mode too: that of a clone is, and of a socket with a
/// cancel token. Calls here wait all the same, other people's may fail with EAGAIN.
/// Who needs a descriptor as the mode says takes it by [`detach`](Socket::detach) or into std's types.
impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.fd {
            Some(fd) => fd.as_fd(),
            None => Socket::nothing(),
        }
    }
}

/// -1 once it is closed.
impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.fileno()
    }
}

pub(super) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the socket is closed: bad file descriptor").with_errno(Some(c::EBADF))
}
