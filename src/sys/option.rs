//! `getsockopt(2)` and `setsockopt(2)` on bytes.

use std::os::fd::{AsRawFd, BorrowedFd};

use crate::error::{Error, Result};

use super::check;

/// Reads an option into the buffer; how many bytes it has.
pub(crate) fn getsockopt(fd: BorrowedFd<'_>, level: i32, name: i32, value: &mut [u8]) -> Result<usize> {
    let mut length = length_of(value)?;
    // SAFETY: the kernel writes at most `length` bytes into the slice, which is borrowed mutably.
    let outcome =
        unsafe { libc::getsockopt(fd.as_raw_fd(), level, name, value.as_mut_ptr().cast(), &mut length) };
    check(outcome as isize)?;
    Ok((length as usize).min(value.len()))
}

/// Sets an option to these bytes.
pub(crate) fn setsockopt(fd: BorrowedFd<'_>, level: i32, name: i32, value: &[u8]) -> Result<()> {
    let length = length_of(value)?;
    // SAFETY: the kernel reads `length` bytes of the slice, which is borrowed for the call.
    check(unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, value.as_ptr().cast(), length) } as isize)?;
    Ok(())
}

fn length_of(value: &[u8]) -> Result<libc::socklen_t> {
    libc::socklen_t::try_from(value.len()).map_err(|_| Error::from_errno(libc::EINVAL))
}
