//! The only unsafe code and the only platform `cfg`.
//!
//! # What a platform must provide
//!
//! One table at the end of this page chooses between `linux` and `portable` (any POSIX system; built and
//! tested on Linux with `--cfg sockeye_portable`). Each of them has:
//!
//! - `accept(fd, flag) -> Result<(OwnedFd, SockAddr)>`: close-on-exec, and non-blocking or not, from birth; EINTR
//!   retried.
//! - `sendfile(out, file, offset, count) -> Result<usize>`: one call, EINTR retried, `WouldBlock` when `out`
//!   has no room; `Unsupported` tells the caller to copy; no SIGPIPE.
//! - `recvmmsg(fd, slots, range, flags)`, `sendmmsg(…)`: several datagrams in one call, at most `AT_ONCE` (1 where
//!   there is no such call); EINTR retried, no SIGPIPE.
//! - `abstract_address(name) -> Result<SockAddr>`: a Unix address that is no path; `Unsupported`.
//! - `SEND_FLAGS`: what keeps `send(2)` from raising SIGPIPE.
//! - `MESSAGE_FLAGS`, `adopted(fd)`: what makes descriptors that `recvmsg(2)` receives close-on-exec, before or
//!   after.
//! - `descriptor_for_nothing() -> Option<OwnedFd>`: every call on it fails, with EBADF where possible.
//! - `family_of(fd)`, `protocol_of(fd)`: what the socket was made with.
//! - `LOOK_UP`: what opens a folder to look up names in it, and for nothing else where that can be said.
//! - `open_beneath(folder, path, opening) -> Result<OwnedFd>`: opens what lies below a folder and nothing else;
//!   `Unsupported` tells the caller to look up name by name.
//!
//! Everything else is POSIX and stands in files of its own, alike on all platforms:
//!
//! - `address`: addresses from and to bytes.
//! - `data`: `recv`, `recvfrom`, `send`, `sendto` with EINTR retried and SIGPIPE kept away; whether there is more.
//! - `message`, `control`: `sendmsg` and `recvmsg`, and the control messages that they carry.
//! - `batch`: the datagrams of `recvmmsg` and `sendmmsg`.
//! - `wait`: `poll(2)` for one descriptor or several with a [`Deadline`](crate::deadline::Deadline) and a
//!   [`CancelToken`](crate::cancel::CancelToken).
//! - `option`: `getsockopt` and `setsockopt` on bytes.
//! - `names`: `getaddrinfo`, `getnameinfo`, `gethostname` and `sethostname`.
//! - `thread`: what the kernel knows of this process's threads; where it tells nothing, nothing depends on it.
//! - `prefetch`: a hint to the processor.
//! - `stop_signals`: SIGINT and SIGTERM for a thread that waits for them.
//! - `file`: files below a folder that is held open.
//! - `interfaces`: the interfaces of this machine, and their addresses.
//! - `c`: the numbers of the C headers, for the tables of constants above.

#![allow(unsafe_code)]

mod address;
mod batch;
pub(crate) mod c;
mod control;
mod data;
mod file;
mod interfaces;
mod message;
#[cfg(all(target_os = "linux", not(sockeye_portable)))]
mod mmsg;
mod names;
mod option;
mod prefetch;
#[cfg(test)]
pub(crate) mod signals;
#[cfg(all(target_os = "linux", not(sockeye_portable)))]
mod sigpipe;
pub(crate) mod stop_signals;
pub(crate) mod thread;
mod wait;

#[cfg(all(target_os = "linux", not(sockeye_portable)))]
mod linux;
#[cfg(not(all(target_os = "linux", not(sockeye_portable))))]
mod portable;

#[cfg(all(target_os = "linux", not(sockeye_portable)))]
use linux as platform;
#[cfg(not(all(target_os = "linux", not(sockeye_portable))))]
use portable as platform;

pub(crate) use address::{LONGEST_PATH, address_of, bytes_of, path_without_end};
pub(crate) use batch::Slots;
#[cfg(test)]
pub(crate) use control::control_messages;
pub(crate) use control::{
    ControlIn, ControlMessage, ControlOut, cmsg_len, cmsg_space, duration_of_timespec, user_and_group,
};
pub(crate) use data::{has_more, recv, recv_once, recvfrom, send, sendto};
pub(crate) use file::{
    FileKind, FileStatus, Opening, c_path, fstat, fstatat, is_absence, names, open_folder, openat, read_at,
    readlinkat,
};
pub(crate) use interfaces::{if_indextoname, if_nameindex, if_nametoindex, interface_addresses};
pub(crate) use message::{Outgoing, recvmsg, sendmsg};
pub(crate) use names::{Found, Hints, LookUpCode, getaddrinfo, gethostname, getnameinfo, sethostname};
pub(crate) use option::{
    closes_on_exec, duration_of_timeval, filter_program, getsockopt, setsockopt, timeval_of_duration,
};
pub(crate) use platform::{
    AT_ONCE, abstract_address, accept, descriptor_for_nothing, family_of, open_beneath, protocol_of,
    recvmmsg, sendfile, sendmmsg,
};
pub(crate) use prefetch::prefetch;
pub(crate) use wait::{Interest, is_ready, pause, wait, wait_any};

use std::io;

use crate::error::{Error, Result};

/// A descriptor's O_NONBLOCK.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flag {
    Blocking,
    Nonblocking,
}

/// Turns the -1 of a system call into the errno.
fn check(outcome: isize) -> Result<usize> {
    usize::try_from(outcome).map_err(|_| Error::last_os_error())
}

/// Calls again as long as a signal interrupts the call.
fn retry(mut call: impl FnMut() -> isize) -> Result<usize> {
    again(|| check(call()))
}

/// The same for a call whose outcome was looked at.
fn again<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(error) if error.raw_os_error() == Some(libc::EINTR) => {}
            outcome => return outcome,
        }
    }
}

/// The same for a call of std's.
pub(crate) fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_of_std_goes_on_after_signals() {
        let interrupted = || Err(io::ErrorKind::Interrupted.into());
        let mut outcomes =
            [interrupted(), interrupted(), Ok(7), Err(io::ErrorKind::Other.into())].into_iter();
        let mut call = || uninterrupted(|| outcomes.next().unwrap());
        assert_eq!(call().unwrap(), 7);
        assert_eq!(call().unwrap_err().kind(), io::ErrorKind::Other);
    }
}
