//! Linux.

use std::{
    fs::File,
    io,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
};

use socket2::SockAddr;

use crate::error::{Error, Result};

use super::{check, option, retry};

/// A broken connection is an error, never a signal.
pub(super) const SEND_FLAGS: i32 = libc::MSG_NOSIGNAL;

/// `accept4(2)`: close-on-exec and non-blocking from birth; EINTR is retried.
pub(crate) fn accept(fd: BorrowedFd<'_>) -> Result<(OwnedFd, SockAddr)> {
    loop {
        // SAFETY: the kernel writes an address of `length` bytes with its family into the zeroed storage.
        let outcome = unsafe {
            SockAddr::try_init(|storage, length| {
                let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
                match libc::accept4(fd.as_raw_fd(), storage.cast(), length, flags) {
                    -1 => Err(io::Error::last_os_error()),
                    fd => Ok(OwnedFd::from_raw_fd(fd)),
                }
            })
        };
        match outcome {
            Err(error) if error.raw_os_error() == Some(libc::EINTR) => {}
            outcome => return Ok(outcome?),
        }
    }
}

/// `sendfile(2)`: the file's own position stays where it is.
pub(crate) fn sendfile(out: BorrowedFd<'_>, file: &File, offset: u64, count: usize) -> Result<usize> {
    let too_far = |_| Error::from_errno(libc::EOVERFLOW);
    let start = libc::off64_t::try_from(offset).map_err(too_far)?;
    retry(|| {
        let mut position = start;
        // SAFETY: both descriptors are borrowed for the call, and `position` is a local variable.
        unsafe { libc::sendfile64(out.as_raw_fd(), file.as_raw_fd(), &mut position, count) }
    })
}

/// An O_PATH descriptor: the kernel answers EBADF to every call for bytes or sockets.
pub(crate) fn descriptor_for_nothing() -> Option<OwnedFd> {
    // SAFETY: a constant path that ends in NUL.
    let fd = unsafe { libc::open(c"/".as_ptr(), libc::O_PATH | libc::O_CLOEXEC) };
    check(fd as isize).ok()?;
    // SAFETY: the call gave a new descriptor that nobody else owns.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// SO_DOMAIN.
pub(crate) fn family_of(fd: BorrowedFd<'_>) -> Result<i32> {
    number(fd, libc::SO_DOMAIN)
}

/// SO_PROTOCOL.
pub(crate) fn protocol_of(fd: BorrowedFd<'_>) -> Result<i32> {
    number(fd, libc::SO_PROTOCOL)
}

fn number(fd: BorrowedFd<'_>, name: i32) -> Result<i32> {
    let mut value = [0; 4];
    option::getsockopt(fd, libc::SOL_SOCKET, name, &mut value)?;
    Ok(i32::from_ne_bytes(value))
}
