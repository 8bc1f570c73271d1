//! Bytes in and out: `recv(2)`, `send(2)` and their twins with an address.

use std::os::fd::{AsRawFd, BorrowedFd};

use socket2::SockAddr;

use crate::error::Result;

unsafe extern "C" {
    safe fn sockatmark(fd: libc::c_int) -> libc::c_int;
}

use super::{check, platform::SEND_FLAGS, retry, uninterrupted};

/// `recv(2)`; EINTR is retried.
pub(crate) fn recv(fd: BorrowedFd<'_>, buf: &mut [u8], flags: i32) -> Result<usize> {
    // SAFETY: the pointer and the length are those of a slice that is borrowed mutably for the call.
    retry(|| unsafe { libc::recv(fd.as_raw_fd(), buf.as_mut_ptr().cast(), buf.len(), flags) })
}

/// `recv(2)`; EINTR is an error: for those who keep the time themselves.
pub(crate) fn recv_once(fd: BorrowedFd<'_>, buf: &mut [u8], flags: i32) -> Result<usize> {
    // SAFETY: the pointer and the length are those of a slice that is borrowed mutably for the call.
    check(unsafe { libc::recv(fd.as_raw_fd(), buf.as_mut_ptr().cast(), buf.len(), flags) })
}

/// `recvfrom(2)`; EINTR is retried.
pub(crate) fn recvfrom(fd: BorrowedFd<'_>, buf: &mut [u8], flags: i32) -> Result<(usize, SockAddr)> {
    // SAFETY: the kernel writes an address of `length` bytes with its family into the zeroed storage, or leaves both
    // as they are; the buffer is borrowed mutably for the call.
    Ok(uninterrupted(|| unsafe {
        SockAddr::try_init(|storage, length| {
            let (room, size) = (buf.as_mut_ptr().cast(), buf.len());
            Ok(check(libc::recvfrom(fd.as_raw_fd(), room, size, flags, storage.cast(), length))?)
        })
    })?)
}

/// `send(2)`; EINTR is retried, SIGPIPE never raised.
pub(crate) fn send(fd: BorrowedFd<'_>, data: &[u8], flags: i32) -> Result<usize> {
    let flags = flags | SEND_FLAGS;
    // SAFETY: the pointer and the length are those of a slice that is borrowed for the call.
    retry(|| unsafe { libc::send(fd.as_raw_fd(), data.as_ptr().cast(), data.len(), flags) })
}

/// `sendto(2)`; EINTR is retried, SIGPIPE never raised.
pub(crate) fn sendto(fd: BorrowedFd<'_>, data: &[u8], to: &SockAddr, flags: i32) -> Result<usize> {
    let flags = flags | SEND_FLAGS;
    // SAFETY: data and address are borrowed for the call, each with its own length.
    retry(|| unsafe {
        libc::sendto(fd.as_raw_fd(), data.as_ptr().cast(), data.len(), flags, to.as_ptr().cast(), to.len())
    })
}

/// Whether a `recv(2)` would give a stream's next bytes. It wouldn't at the end of data, at an error, which it would
/// take, and at the mark of urgent data, which it would pass. Where the system doesn't say, it would.
pub(crate) fn has_more(fd: BorrowedFd<'_>) -> bool {
    let mut unread: libc::c_int = 0;
    // SAFETY: FIONREAD writes an int to where the pointer says, which is one that lives for the call.
    let asked = check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONREAD, &raw mut unread) } as isize);
    (asked.is_err() || unread > 0) && sockatmark(fd.as_raw_fd()) != 1
}
