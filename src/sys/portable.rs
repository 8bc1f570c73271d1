//! Any POSIX system, with nothing beyond it.

use std::{
    ffi::CStr,
    fs::File,
    io::{IoSlice, IoSliceMut},
    ops::Range,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd},
};

use socket2::{SockAddr, SockRef};

use crate::error::{Error, ErrorKind, Result};

use super::{
    ControlIn, ControlOut, Flag, Outgoing, address,
    batch::{Facts, Slots},
    file::Opening,
    uninterrupted,
};

/// A broken connection is an error, never a signal. Apple has SO_NOSIGPIPE instead, which socket2 sets on
/// every socket that it makes or accepts.
#[cfg(not(target_vendor = "apple"))]
pub(super) const SEND_FLAGS: i32 = libc::MSG_NOSIGNAL;
#[cfg(target_vendor = "apple")]
pub(super) const SEND_FLAGS: i32 = 0;

/// POSIX has no flag for it.
pub(super) const MESSAGE_FLAGS: i32 = 0;

/// A received descriptor, made close-on-exec: best effort, another thread may have forked meanwhile.
pub(super) fn adopted(fd: OwnedFd) -> OwnedFd {
    // SAFETY: the descriptor is ours and open; F_SETFD takes an int.
    let _ = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
    fd
}

/// `accept(2)`, made close-on-exec, and non-blocking or not: BSD's takes that over from the listener. EINTR is retried.
pub(crate) fn accept(fd: BorrowedFd<'_>, flag: Flag) -> Result<(OwnedFd, SockAddr)> {
    let (socket, address) = uninterrupted(|| SockRef::from(&fd).accept())?;
    socket.set_nonblocking(flag == Flag::Nonblocking)?;
    Ok((socket.into(), address))
}

/// POSIX has no call for several datagrams.
pub(crate) const AT_ONCE: usize = 1;

/// `recvmsg(2)` into the first of these slots.
pub(crate) fn recvmmsg(
    fd: BorrowedFd<'_>,
    slots: &mut Slots,
    range: Range<usize>,
    flags: i32,
) -> Result<usize> {
    let Some(slot) = slots.slots_mut(range).next() else { return Ok(0) };
    let incoming =
        super::recvmsg(fd, &mut [IoSliceMut::new(slot.data)], &mut ControlIn::with_room(0), flags)?;
    let name = incoming.from.as_ref().map_or(&[][..], address::bytes_of);
    slot.name[..name.len()].copy_from_slice(name);
    *slot.facts = Facts::received(&slot, incoming.length, name.len(), incoming.flags);
    Ok(1)
}

/// `sendmsg(2)` of the first of these slots. Cutting it into segments is Linux' art: the caller has to.
pub(crate) fn sendmmsg(fd: BorrowedFd<'_>, slots: &Slots, range: Range<usize>, flags: i32) -> Result<usize> {
    let Some(at) = range.clone().next() else { return Ok(0) };
    if slots.facts(at).segment > 0 {
        return Err(ErrorKind::Unsupported.into());
    }
    let to = slots.name(at);
    let buffers = [IoSlice::new(slots.data(at))];
    let control = ControlOut::default();
    super::sendmsg(fd, &Outgoing { buffers: &buffers, control: &control, to: to.as_ref() }, flags)?;
    Ok(1)
}

/// There is no portable `sendfile`.
pub(crate) fn sendfile(_out: BorrowedFd<'_>, _file: &File, _offset: u64, _count: usize) -> Result<usize> {
    Err(ErrorKind::Unsupported.into())
}

/// Looking up alone has a name of its own on each system (O_SEARCH, O_EXEC): a folder has to be readable here.
pub(super) const LOOK_UP: i32 = libc::O_RDONLY;

/// There is no portable call that holds a path below a folder.
pub(crate) fn open_beneath(_folder: BorrowedFd<'_>, _path: &CStr, _opening: Opening) -> Result<OwnedFd> {
    Err(ErrorKind::Unsupported.into())
}

/// Only Linux has names that are no paths.
pub(crate) fn abstract_address(_name: &[u8]) -> Result<SockAddr> {
    Err(ErrorKind::Unsupported.into())
}

/// A descriptor that isn't a socket: calls for sockets answer ENOTSOCK.
pub(crate) fn descriptor_for_nothing() -> Option<OwnedFd> {
    Some(File::open("/dev/null").ok()?.into())
}

/// The family of the socket's own address.
pub(crate) fn family_of(fd: BorrowedFd<'_>) -> Result<i32> {
    Ok(i32::from(SockRef::from(&fd).local_addr()?.family()))
}

/// POSIX has no way to ask: 0 is the family's default.
pub(crate) fn protocol_of(fd: BorrowedFd<'_>) -> Result<i32> {
    if fd.as_raw_fd() < 0 { Err(Error::from_errno(libc::EBADF)) } else { Ok(0) }
}
