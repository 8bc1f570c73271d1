//! `sendmsg(2)` and `recvmsg(2)`: several buffers, an address, control messages.

use std::{
    io::{IoSlice, IoSliceMut},
    mem,
    os::fd::{AsRawFd, BorrowedFd},
};

use socket2::SockAddr;

use crate::error::{Error, Result};

use super::{
    again, check,
    control::{ControlIn, ControlOut},
    platform::{MESSAGE_FLAGS, SEND_FLAGS},
    retry,
};

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) buffers: &'a [IoSlice<'a>],
    pub(crate) control: &'a ControlOut,
    pub(crate) to: Option<&'a SockAddr>,
}

/// What was received, beside the bytes in the buffers.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// As the system says it: with MSG_TRUNC the datagram's length, even if it is more than the buffers hold.
    pub(crate) length: usize,
    pub(crate) flags: i32,
    pub(crate) from: Option<SockAddr>,
}

/// `sendmsg(2)`; EINTR is retried, SIGPIPE never raised.
pub(crate) fn sendmsg(fd: BorrowedFd<'_>, message: &Outgoing<'_>, flags: i32) -> Result<usize> {
    let control = message.control.bytes();
    let mut header = empty_header();
    header.msg_iov = message.buffers.as_ptr().cast_mut().cast();
    header.msg_iovlen = message.buffers.len() as _;
    if let Some(to) = message.to {
        header.msg_name = to.as_ptr().cast_mut().cast();
        header.msg_namelen = to.len();
    }
    if !message.control.is_empty() {
        header.msg_control = control.as_ptr().cast_mut().cast();
        header.msg_controllen = control.len() as _;
    }
    // SAFETY: an IoSlice has the layout of an iovec; buffers, address and control messages are borrowed for the
    // call, each with its own length, and the system only reads them.
    retry(|| unsafe { libc::sendmsg(fd.as_raw_fd(), &raw const header, flags | SEND_FLAGS) })
}

/// `recvmsg(2)`; EINTR is retried. Received descriptors are close-on-exec.
pub(crate) fn recvmsg(
    fd: BorrowedFd<'_>,
    buffers: &mut [IoSliceMut<'_>],
    control: &mut ControlIn,
    flags: i32,
) -> Result<Incoming> {
    again(|| recvmsg_once(fd, buffers, control, flags))
}

fn recvmsg_once(
    fd: BorrowedFd<'_>,
    buffers: &mut [IoSliceMut<'_>],
    control: &mut ControlIn,
    flags: i32,
) -> Result<Incoming> {
    let mut header = empty_header();
    header.msg_iov = buffers.as_mut_ptr().cast();
    header.msg_iovlen = buffers.len() as _;
    // SAFETY: the buffers are borrowed mutably, and an IoSliceMut has the layout of an iovec; the room for control
    // messages is `control`'s. The system writes such messages there, with descriptors that it makes for this call,
    // and says in the header how many bytes they take.
    let received: Result<_> = unsafe {
        control.fill(|room, bytes| {
            header.msg_control = room;
            header.msg_controllen = bytes as _;
            let received = receive(fd, &mut header, flags)?;
            Ok((received, header.msg_controllen as _))
        })
    };
    let (length, from) = received?;
    let from = (from.len() > 0).then_some(from);
    Ok(Incoming { length, flags: header.msg_flags & !MESSAGE_FLAGS, from })
}

/// The call itself, with room for an address.
///
/// # Safety
///
/// The buffers and the room for control messages that the header names are borrowed mutably for the call.
unsafe fn receive(fd: BorrowedFd<'_>, header: &mut libc::msghdr, flags: i32) -> Result<(usize, SockAddr)> {
    // SAFETY: what the header names is the caller's to write to. The system writes an address of `msg_namelen` bytes
    // into the zeroed storage, or says that it has none.
    let received = unsafe {
        SockAddr::try_init(|storage, length| {
            header.msg_name = storage.cast();
            header.msg_namelen = *length;
            let received = check(libc::recvmsg(fd.as_raw_fd(), header, flags | MESSAGE_FLAGS))?;
            *length = header.msg_namelen.min(*length);
            Ok(received)
        })
    };
    received.map_err(Error::from)
}

fn empty_header() -> libc::msghdr {
    // SAFETY: a struct of integers and pointers, for which zero is a value.
    unsafe { mem::zeroed() }
}

#[cfg(test)]
mod tests;
