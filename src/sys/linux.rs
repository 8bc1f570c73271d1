//! Linux.

use std::{
    ffi::CStr,
    ffi::OsStr,
    fs::File,
    io, mem,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    os::unix::ffi::OsStrExt,
};

use socket2::{SockAddr, SockRef};

use crate::error::{Error, ErrorKind, Result};

use super::{Flag, address, check, file::Opening, option, retry, sigpipe::without_sigpipe, uninterrupted};

pub(crate) use super::mmsg::{AT_ONCE, recvmmsg, sendmmsg};

/// A broken connection is an error, never a signal.
pub(super) const SEND_FLAGS: i32 = libc::MSG_NOSIGNAL;

/// Received descriptors are close-on-exec from birth.
pub(super) const MESSAGE_FLAGS: i32 = libc::MSG_CMSG_CLOEXEC;

/// Nothing is left to do for a received descriptor.
pub(super) fn adopted(fd: OwnedFd) -> OwnedFd {
    fd
}

/// `accept4(2)`: close-on-exec, and non-blocking or not, from birth; EINTR is retried.
pub(crate) fn accept(fd: BorrowedFd<'_>, flag: Flag) -> Result<(OwnedFd, SockAddr)> {
    let flags = libc::SOCK_CLOEXEC | if flag == Flag::Nonblocking { libc::SOCK_NONBLOCK } else { 0 };
    // SAFETY: the kernel writes an address of `length` bytes with its family into the zeroed storage, and gives a new
    // descriptor that nobody else owns.
    Ok(uninterrupted(|| unsafe {
        SockAddr::try_init(|storage, length| {
            match libc::accept4(fd.as_raw_fd(), storage.cast(), length, flags) {
                -1 => Err(io::Error::last_os_error()),
                fd => Ok(OwnedFd::from_raw_fd(fd)),
            }
        })
    })?)
}

/// `sendfile(2)`: the file's own position stays where it is.
pub(crate) fn sendfile(out: BorrowedFd<'_>, file: &File, offset: u64, count: usize) -> Result<usize> {
    let too_far = |_| Error::from_errno(libc::EOVERFLOW);
    let start = libc::off64_t::try_from(offset).map_err(too_far)?;
    let call = || {
        let mut position = start;
        // SAFETY: both descriptors are borrowed for the call, and `position` is a local variable.
        unsafe { libc::sendfile64(out.as_raw_fd(), file.as_raw_fd(), &mut position, count) }
    };
    without_sigpipe(|| retry(call))
}

/// A descriptor that stands for a folder, whether or not it may be read.
pub(super) const LOOK_UP: i32 = libc::O_PATH;

/// `openat2(2)` (Linux 5.6): the kernel itself sees to it that no step leaves the folder; with
/// [`Opening::ReadNoLink`] and [`Opening::FolderNoLink`] no step is a link.
///
/// # Errors
///
/// `Unsupported` where the kernel doesn't have the call, a filter forbids it (older container runtimes say EPERM),
/// or its rule is stricter than needed: it refuses every absolute link (EXDEV), and paths with `..` beside a rename
/// (EAGAIN).
pub(crate) fn open_beneath(folder: BorrowedFd<'_>, path: &CStr, opening: Opening) -> Result<OwnedFd> {
    // SAFETY: a struct of integers, for which zero is the documented default.
    let mut how: libc::open_how = unsafe { mem::zeroed() };
    // C ints that hold flags: not negative.
    how.flags = opening.flags() as u64;
    how.resolve = libc::RESOLVE_BENEATH | libc::RESOLVE_NO_MAGICLINKS;
    if matches!(opening, Opening::ReadNoLink | Opening::FolderNoLink) {
        how.resolve |= libc::RESOLVE_NO_SYMLINKS;
    }
    let opened = retry(|| {
        let size = mem::size_of_val(&how);
        // SAFETY: the path ends in NUL, `how` is a struct of `size` bytes, and both outlive the call.
        unsafe {
            libc::syscall(libc::SYS_openat2, folder.as_raw_fd(), path.as_ptr(), &raw const how, size) as isize
        }
    });
    match opened {
        // SAFETY: the call gave a new descriptor, which nobody else owns; descriptors are C ints.
        Ok(fd) => Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) }),
        Err(error) => Err(match error.raw_os_error() {
            Some(libc::ENOSYS | libc::EPERM | libc::E2BIG | libc::EXDEV | libc::EAGAIN) => {
                ErrorKind::Unsupported.into()
            }
            _ => error,
        }),
    }
}

/// A name in the abstract namespace: no file, gone with its socket.
pub(crate) fn abstract_address(name: &[u8]) -> Result<SockAddr> {
    let bytes = [&[0], name].concat();
    Ok(SockAddr::unix(OsStr::from_bytes(&bytes))?)
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

/// SO_PROTOCOL. A packet socket (AF_PACKET) has none there: its protocol stands in its own address.
pub(crate) fn protocol_of(fd: BorrowedFd<'_>) -> Result<i32> {
    match number(fd, libc::SO_PROTOCOL)? {
        0 if family_of(fd)? == libc::AF_PACKET => {
            let own = SockRef::from(&fd).local_addr()?;
            let protocol =
                address::bytes_of(&own)[mem::offset_of!(libc::sockaddr_ll, sll_protocol)..].first_chunk();
            Ok(protocol.map_or(0, |two| u16::from_ne_bytes(*two).into()))
        }
        protocol => Ok(protocol),
    }
}

fn number(fd: BorrowedFd<'_>, name: i32) -> Result<i32> {
    let mut value = [0; 4];
    option::getsockopt(fd, libc::SOL_SOCKET, name, &mut value)?;
    Ok(i32::from_ne_bytes(value))
}
