//! Python's three modes, and the one loop in which a call waits.

use std::{
    os::fd::BorrowedFd,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{AF_UNIX, Socket};
use crate::{
    cancel::CancelToken,
    deadline::Deadline,
    error::{ErrorKind, Result},
    sys::{self, Interest},
};

/// Nanoseconds: [`BLOCKING`], zero for non-blocking, else the timeout.
#[derive(Debug)]
pub(super) struct Mode(AtomicU64);

const BLOCKING: u64 = u64::MAX;

static DEFAULT: Mode = Mode(AtomicU64::new(BLOCKING));

impl Mode {
    pub(super) fn of(timeout: Option<Duration>) -> Mode {
        let mode = Mode(AtomicU64::new(BLOCKING));
        mode.set(timeout);
        mode
    }

    /// A timeout of 584 years and more counts as that long.
    pub(super) fn set(&self, timeout: Option<Duration>) {
        let nanoseconds = match timeout {
            None => BLOCKING,
            Some(timeout) => u64::try_from(timeout.as_nanos()).unwrap_or(BLOCKING).min(BLOCKING - 1),
        };
        self.0.store(nanoseconds, Ordering::Relaxed);
    }

    pub(super) fn timeout(&self) -> Option<Duration> {
        match self.0.load(Ordering::Relaxed) {
            BLOCKING => None,
            nanoseconds => Some(Duration::from_nanos(nanoseconds)),
        }
    }

    pub(super) fn limit(&self) -> Limit {
        match self.timeout() {
            None => Limit::By(Deadline::NEVER),
            Some(Duration::ZERO) => Limit::Now,
            Some(timeout) => Limit::After(timeout),
        }
    }
}

/// How long one operation may wait. The clock is read only when it has to wait at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// Not at all.
    Now,
    /// So long from now on.
    After(Duration),
    /// Until then.
    By(Deadline),
}

impl Limit {
    pub(super) fn is_never(self) -> bool {
        self == Limit::By(Deadline::NEVER)
    }

    /// The same with the clock running; for operations of several steps.
    pub(super) fn start(self) -> Limit {
        match self {
            Limit::After(timeout) => Limit::By(Deadline::after(timeout)),
            other => other,
        }
    }

    pub(super) fn deadline(self) -> Deadline {
        match self {
            Limit::Now => Deadline::after(Duration::ZERO),
            Limit::After(timeout) => Deadline::after(timeout),
            Limit::By(deadline) => deadline,
        }
    }

    /// The flag that keeps a call from blocking inside the system where this side has to keep the time.
    pub(super) fn flags(self) -> i32 {
        if self.is_never() { 0 } else { sys::c::MSG_DONTWAIT }
    }
}

/// What `poll(2)` says of a socket that is ready.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Good,
    /// It may say so all the time though the call would block.
    Once,
}

impl Socket {
    /// Sets the mode: a time limit for each call, `Duration::ZERO` for non-blocking, `None` for blocking.
    ///
    /// The limit covers the whole operation: all of [`sendall`](Self::sendall), not each piece of it.
    /// Default is [`getdefaulttimeout`](super::getdefaulttimeout), which is `None`.
    ///
    /// The descriptor becomes non-blocking (O_NONBLOCK) with a limit, and blocking again without one, where neither a
    /// clone nor a cancel token needs it otherwise: calls wait all the same.
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
        match timeout {
            None => self.let_block()?,
            Some(_) => self.ensure_nonblocking()?,
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

    /// [`attempt`](Self::attempt) for calls that have no flag against blocking, as MSG_DONTWAIT is.
    pub(super) fn attempt_without_flag<T>(
        &self,
        interest: Interest,
        limit: Limit,
        mut call: impl FnMut(BorrowedFd<'_>) -> Result<T>,
    ) -> Result<T> {
        self.attempt(interest, limit, |fd| {
            // A clone, or another thread's `settimeout`, may have taken it away.
            if !limit.is_never() {
                self.ensure_nonblocking()?;
            }
            call(fd)
        })
    }

    /// Waits until the next call that doesn't wait may do something, whatever the mode.
    pub(crate) fn wait_by(&self, interest: Interest, deadline: Deadline) -> Result<()> {
        sys::wait(self.descriptor()?, interest, deadline, self.cancel_token().as_ref())
    }

    /// Tries the call at once, and waits only if it would block: with data there, it is one system call.
    pub(super) fn attempt<T>(
        &self,
        interest: Interest,
        limit: Limit,
        call: impl FnMut(BorrowedFd<'_>) -> Result<T>,
    ) -> Result<T> {
        // `poll(2)` calls a Unix datagram socket writable though the queue that `sendto` names is full.
        let word =
            if interest == Interest::Write && self.family == AF_UNIX { Word::Once } else { Word::Good };
        self.attempt_believing(word, interest, limit, call)
    }

    /// The same, with how far `poll(2)` is to be believed.
    pub(super) fn attempt_believing<T>(
        &self,
        word: Word,
        interest: Interest,
        limit: Limit,
        mut call: impl FnMut(BorrowedFd<'_>) -> Result<T>,
    ) -> Result<T> {
        let fd = self.descriptor()?;
        let cancel = self.cancel_token();
        if let Some(cancel) = &cancel {
            cancel.check()?;
        }
        // Errors of the queue have a way of their own.
        if interest != Interest::Error {
            self.check_overdue(interest)?;
        }
        // With a time limit the call's own flag keeps it from blocking.
        let must_not_block = cancel.is_some() && limit.is_never();
        let (mut waits, mut pause) = (None, None);
        loop {
            if must_not_block {
                self.ensure_nonblocking()?;
            }
            match call(fd) {
                Err(error) if limit != Limit::Now && error.kind() == ErrorKind::WouldBlock => {
                    let blocks = limit.is_never() && matches!(interest, Interest::Read | Interest::Write);
                    if blocks && self.system_waits(interest) {
                        return Err(error);
                    }
                    // Ready, and yet not for this call: again, but not for ever.
                    if waits.is_some_and(Deadline::has_passed) {
                        return Err(ErrorKind::TimedOut.into());
                    }
                    let deadline = *waits.get_or_insert_with(|| limit.deadline());
                    sys::wait(fd, interest, deadline, cancel.as_ref())?;
                    if word == Word::Once {
                        pause = Some(pause_in_doubt(pause, deadline, cancel.as_ref())?);
                    }
                }
                outcome => return outcome,
            }
        }
    }
}

/// Nothing tells when that is so no longer: `poll(2)` is believed once, then the call is tried again ever more seldom.
/// Gives the next pause.
fn pause_in_doubt(
    pause: Option<Duration>,
    deadline: Deadline,
    cancel: Option<&CancelToken>,
) -> Result<Duration> {
    let Some(pause) = pause else { return Ok(Duration::from_millis(1)) };
    if deadline.has_passed() {
        return Err(ErrorKind::TimedOut.into());
    }
    sys::pause(deadline.min(Deadline::after(pause)), cancel)?;
    Ok((2 * pause).min(Duration::from_millis(50)))
}

/// The timeout that new sockets start with; `None` (blocking) unless somebody set one.
///
/// Python: `socket.getdefaulttimeout`.
///
/// # Examples
///
/// ```
/// assert_eq!(sockeye::socket::getdefaulttimeout(), None);
/// ```
#[must_use]
pub fn getdefaulttimeout() -> Option<Duration> {
    DEFAULT.timeout()
}

/// Sets the timeout that sockets made, accepted or taken over from now on start with: those of this module, also by
/// `From`. A [`server`](crate::server)'s connections have limits of their own.
///
/// It holds for the whole process, hence for other people's code too: prefer
/// [`settimeout`](Socket::settimeout).
///
/// Python: `socket.setdefaulttimeout`.
///
/// # Examples
///
/// ```standalone_crate
/// use std::time::Duration;
/// use sockeye::socket::{AF_INET, SOCK_DGRAM, Socket, setdefaulttimeout};
/// # fn main() -> sockeye::Result<()> {
/// setdefaulttimeout(Duration::from_secs(9));
/// let socket = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
/// assert_eq!(socket.gettimeout(), Some(Duration::from_secs(9)));
/// let taken_over = Socket::from(std::net::UdpSocket::bind("127.0.0.1:0")?);
/// assert_eq!(taken_over.gettimeout(), Some(Duration::from_secs(9)));
/// # Ok(())
/// # }
/// ```
pub fn setdefaulttimeout(timeout: impl Into<Option<Duration>>) {
    DEFAULT.set(timeout.into());
}
