//! Waiting for descriptors: `poll(2)`.

use std::{
    os::fd::{AsFd, AsRawFd, BorrowedFd},
    time::Duration,
};

use crate::{
    cancel::CancelToken,
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
};

use super::check;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Something to read, or the end of data.
    Read,
    /// Room to write, or the end of a `connect`.
    Write,
    /// One of the two.
    Either,
    /// Urgent data.
    Urgent,
    /// One of `Read` and `Urgent`.
    Mark,
    /// The end of a connection in both directions. poll(2) always reports it.
    End,
    /// An error of the network's: in the socket's queue of them, or pending. poll(2) always reports those.
    Error,
}

impl Interest {
    fn events(self) -> libc::c_short {
        match self {
            Interest::Read => libc::POLLIN,
            Interest::Write => libc::POLLOUT,
            Interest::Either => libc::POLLIN | libc::POLLOUT,
            Interest::Urgent => libc::POLLPRI,
            Interest::Mark => libc::POLLIN | libc::POLLPRI,
            Interest::End => libc::POLLHUP,
            Interest::Error => 0,
        }
    }
}

/// Waits until the descriptor is ready or broken (the next call tells which).
///
/// EINTR is retried with the time that is left. poll(2) always reports errors, also those that the next call doesn't
/// take (in the queue for MSG_ERRQUEUE): that news alone is told a moment later, so that who comes again and again
/// doesn't keep a core busy, and not once the time is over.
///
/// # Errors
///
/// `TimedOut` once the deadline has passed, `Cancelled` once the token is cancelled.
pub(crate) fn wait(
    fd: BorrowedFd<'_>,
    interest: Interest,
    deadline: Deadline,
    cancel: Option<&CancelToken>,
) -> Result<()> {
    // A negative descriptor is one that poll(2) passes over.
    let token = cancel.map_or(-1, |token| token.as_fd().as_raw_fd());
    let mut watched = [
        libc::pollfd { fd: fd.as_raw_fd(), events: interest.events(), revents: 0 },
        libc::pollfd { fd: token, events: libc::POLLIN, revents: 0 },
    ];
    loop {
        let time = look(&mut watched, deadline, cancel)?;
        match watched[0].revents {
            0 if time == Time::Over => return Err(ErrorKind::TimedOut.into()),
            0 => {}
            ready if ready & libc::POLLNVAL != 0 => return Err(Error::from_errno(libc::EBADF)),
            libc::POLLERR if interest != Interest::Error => return after_an_error(time, deadline, cancel),
            _ => return Ok(()),
        }
    }
}

/// How long it takes to be told that there is an error and nothing else.
const MOMENT: Duration = Duration::from_millis(1);

fn after_an_error(time: Time, deadline: Deadline, cancel: Option<&CancelToken>) -> Result<()> {
    match time {
        Time::Over => Err(ErrorKind::TimedOut.into()),
        Time::Left => pause(deadline.min(Deadline::after(MOMENT)), cancel),
    }
}

/// Whether that is so now; an error alone isn't it.
pub(crate) fn is_ready(fd: BorrowedFd<'_>, interest: Interest) -> bool {
    let events = interest.events();
    let mut watched = [libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 }];
    look(&mut watched, Deadline::after(Duration::ZERO), None).is_ok() && watched[0].revents & events != 0
}

/// Waits until the deadline, which is no error.
///
/// # Errors
///
/// `Cancelled` once the token is cancelled.
pub(crate) fn pause(deadline: Deadline, cancel: Option<&CancelToken>) -> Result<()> {
    let token = cancel.map_or(-1, |token| token.as_fd().as_raw_fd());
    let mut watched = [-1, token].map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
    loop {
        if look(&mut watched, deadline, cancel)? == Time::Over || deadline.has_passed() {
            return Ok(());
        }
    }
}

/// Waits until at least one of the descriptors is ready or broken; gives their places, in order.
///
/// # Errors
///
/// As [`wait`].
pub(crate) fn wait_any(
    fds: &[BorrowedFd<'_>],
    interest: Interest,
    deadline: Deadline,
    cancel: Option<&CancelToken>,
) -> Result<Vec<usize>> {
    let token = cancel.map_or(-1, |token| token.as_fd().as_raw_fd());
    let mut watched: Vec<libc::pollfd> = fds
        .iter()
        .map(|fd| libc::pollfd { fd: fd.as_raw_fd(), events: interest.events(), revents: 0 })
        .chain([libc::pollfd { fd: token, events: libc::POLLIN, revents: 0 }])
        .collect();
    loop {
        let time = look(&mut watched, deadline, cancel)?;
        let ready: Vec<usize> = (0..fds.len()).filter(|&place| watched[place].revents != 0).collect();
        let only_errors = ready.iter().all(|&place| watched[place].revents == libc::POLLERR);
        match time {
            Time::Over if only_errors => return Err(ErrorKind::TimedOut.into()),
            _ if ready.is_empty() => {}
            _ => {
                if only_errors {
                    after_an_error(time, deadline, cancel)?;
                }
                return Ok(ready);
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Time {
    Left,
    Over,
}

/// One `poll(2)` that no signal ends, and whether the time was over before it; fails once the token is cancelled.
fn look(watched: &mut [libc::pollfd], deadline: Deadline, cancel: Option<&CancelToken>) -> Result<Time> {
    loop {
        let remaining = deadline.remaining();
        match poll(watched, remaining) {
            Err(error) if error.raw_os_error() == Some(libc::EINTR) => continue,
            outcome => outcome?,
        }
        if let Some(cancel) = cancel {
            cancel.check()?;
        }
        let over = remaining.is_some_and(|left| left.is_zero());
        return Ok(if over { Time::Over } else { Time::Left });
    }
}

/// One `poll(2)`. It counts milliseconds: what is left is rounded up, so that it never ends early.
fn poll(watched: &mut [libc::pollfd], remaining: Option<Duration>) -> Result<()> {
    let milliseconds = match remaining {
        None => -1,
        Some(left) => i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX),
    };
    // SAFETY: the slice is borrowed mutably for the call and its length is given with it.
    check(unsafe { libc::poll(watched.as_mut_ptr(), watched.len() as libc::nfds_t, milliseconds) } as isize)?;
    Ok(())
}
