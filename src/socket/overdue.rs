//! An error that the system tells once, and that came after what the call had to give.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicI32, Ordering},
};

use crate::{error::Error, sys::c};

/// Such an error's errno, until the next call; 0 for none. Clones have it in common, as they have the system's.
#[derive(Debug, Default)]
pub(super) struct Overdue(OnceLock<Arc<AtomicI32>>);

impl Overdue {
    /// Keeps it, unless it is this side's (no time is left, a token was cancelled) or comes back by itself: that there
    /// is nothing now, that nothing can be sent.
    pub(super) fn keep(&self, error: &Error) {
        match error.raw_os_error() {
            None | Some(c::EAGAIN | c::EPIPE) => {}
            Some(errno) => self.errno().store(errno, Ordering::Relaxed),
        }
    }

    pub(super) fn is_none(&self) -> bool {
        self.0.get().is_none_or(|errno| errno.load(Ordering::Relaxed) == 0)
    }

    /// Takes it out.
    pub(super) fn take(&self) -> Option<Error> {
        if self.is_none() {
            return None;
        }
        Some(self.errno().swap(0, Ordering::Relaxed)).filter(|&errno| errno != 0).map(Error::from_errno)
    }

    fn errno(&self) -> &Arc<AtomicI32> {
        self.0.get_or_init(Arc::default)
    }
}

impl Clone for Overdue {
    fn clone(&self) -> Overdue {
        Overdue(Arc::clone(self.errno()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn an_error_of_the_systems_is_told_once() {
        let overdue = Overdue::default();
        assert!(overdue.take().is_none());
        // The system's own "timed out" is the end of a connection.
        for errno in [c::ECONNRESET, c::ETIMEDOUT] {
            overdue.keep(&Error::from_errno(errno));
            assert_eq!(overdue.take().and_then(|error| error.raw_os_error()), Some(errno));
            assert!(overdue.take().is_none());
        }
    }

    #[test]
    fn clones_have_it_in_common() {
        let overdue = Overdue::default();
        let clone = overdue.clone();
        overdue.keep(&Error::from_errno(c::ECONNRESET));
        assert!(clone.take().is_some());
        assert!(overdue.is_none());
    }

    #[test]
    fn what_comes_back_by_itself_is_not_kept() {
        let overdue = Overdue::default();
        let own = [ErrorKind::WouldBlock, ErrorKind::TimedOut, ErrorKind::Cancelled].map(Error::from);
        let systems = [c::EAGAIN, c::EPIPE].map(Error::from_errno);
        for error in own.into_iter().chain(systems) {
            overdue.keep(&error);
            assert!(overdue.take().is_none(), "{error}");
        }
    }
}
