//! Ending a blocked operation from another thread.
//!
//! A [`CancelToken`] is handed to a [`Socket`](crate::socket::Socket) or to a request; whoever holds a clone
//! of it may end the operation that is blocked there.

use std::{
    fmt,
    io::Write,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::error::{Error, ErrorKind, Result};

/// Ends every blocking operation that was given it, at once and for good, from any thread.
///
/// Clones share one state. A cancelled operation fails with [`ErrorKind::Cancelled`], and so does every
/// later one that is given the same token.
///
/// Python: there is no such thing; programs there close the socket, which does not end a blocked `recv`.
///
/// # Examples
///
/// ```
/// use sockeye::cancel::CancelToken;
///
/// # fn main() -> sockeye::Result<()> {
/// let token = CancelToken::new()?;
/// let other = token.clone();
/// std::thread::spawn(move || other.cancel()).join().unwrap();
/// assert!(token.is_cancelled());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CancelToken(Arc<State>);

struct State {
    cancelled: AtomicBool,
    /// Becomes readable when the token is cancelled, and stays so: nobody reads from it.
    watched: UnixStream,
    signal: UnixStream,
}

impl CancelToken {
    /// A token that isn't cancelled; takes two descriptors (`socketpair`), close-on-exec.
    ///
    /// # Errors
    ///
    /// When the process has no descriptors left.
    pub fn new() -> Result<CancelToken> {
        let (watched, signal) =
            UnixStream::pair().map_err(|error| Error::from(error).context("create a cancel token"))?;
        Ok(CancelToken(Arc::new(State { cancelled: AtomicBool::new(false), watched, signal })))
    }

    /// Ends the operations that were given this token. A second call does nothing.
    pub fn cancel(&self) {
        if !self.0.cancelled.swap(true, Ordering::SeqCst) {
            // One byte into an empty socket pair: can't fail while both ends are held.
            let _ = (&self.0.signal).write(&[1]);
        }
    }

    /// Whether [`cancel`](Self::cancel) was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// Whether it is a clone of that one.
    pub(crate) fn is(&self, other: &CancelToken) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// An error once the token is cancelled.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(ErrorKind::Cancelled.into()) } else { Ok(()) }
    }
}

/// Readable from the moment the token is cancelled: for programs with a poll loop of their own.
impl AsFd for CancelToken {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.watched.as_fd()
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("cancelled", &self.is_cancelled()).finish()
    }
}
