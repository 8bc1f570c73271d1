//! `recvmmsg(2)` and `sendmmsg(2)`: Linux.

use std::{
    mem,
    ops::Range,
    os::fd::{AsRawFd, BorrowedFd},
    ptr,
};

use crate::error::Result;

use super::{
    batch::{Facts, Slot, Slots},
    control::{ControlMessage, bytes_of, bytes_of_mut, cmsg_space, take_apart, write_message},
    option::getsockopt,
    platform::{MESSAGE_FLAGS, SEND_FLAGS},
    retry,
};

/// So many datagrams go into one system call: more of them don't make it cheaper, and their headers stand on the
/// stack.
pub(crate) const AT_ONCE: usize = 32;

/// Room for a datagram's control messages, in words. Of what options ask for, Linux writes before the segments' size:
/// a time, three times, an interface with a length, and four numbers. Two more numbers are to spare.
type Control = [u64; ROOM / mem::size_of::<u64>()];

const ROOM: usize = cmsg_space(16) + cmsg_space(48) + cmsg_space(16) + 7 * cmsg_space(4);

const SEGMENT: (i32, i32) = (libc::IPPROTO_UDP, libc::UDP_SEGMENT);

/// `recvmmsg(2)` into these slots, at most [`AT_ONCE`]; waits for the first datagram, if at all. EINTR is retried.
pub(crate) fn recvmmsg(
    fd: BorrowedFd<'_>,
    slots: &mut Slots,
    range: Range<usize>,
    flags: i32,
) -> Result<usize> {
    let mut controls = [[0; _]; AT_ONCE];
    let (mut parts, mut headers) = empty();
    let mut count = 0;
    for (((slot, part), header), control) in
        slots.slots_mut(range.clone()).zip(&mut parts).zip(&mut headers).zip(&mut controls)
    {
        *part = libc::iovec { iov_base: slot.data.as_mut_ptr().cast(), iov_len: slot.data.len() };
        let header = &mut header.msg_hdr;
        header.msg_name = slot.name.as_mut_ptr().cast();
        header.msg_namelen = slot.name.len() as libc::socklen_t;
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = mem::size_of::<Control>() as _;
        (header.msg_iov, header.msg_iovlen) = (part, 1);
        count += 1;
    }
    let flags = flags | MESSAGE_FLAGS | libc::MSG_WAITFORONE;
    // SAFETY: `count` headers name memory of slots that are borrowed mutably, and parts and control of their own,
    // each with its size; all of it outlives the call, and nobody uses it meanwhile.
    let received = retry(|| unsafe {
        libc::recvmmsg(fd.as_raw_fd(), headers.as_mut_ptr(), count, flags as _, ptr::null_mut()) as isize
    })?;
    for ((slot, header), control) in slots.slots_mut(range).zip(&headers).zip(&controls).take(received) {
        note(fd, slot, header, control);
    }
    Ok(received)
}

/// Writes down what the system says of a datagram.
fn note(fd: BorrowedFd<'_>, slot: Slot<'_>, header: &libc::mmsghdr, control: &Control) {
    let (length, header) = (header.msg_len as usize, &header.msg_hdr);
    let name_length = header.msg_namelen as usize;
    *slot.facts = Facts::received(&slot, length, name_length, header.msg_flags & !MESSAGE_FLAGS);
    let written: usize = header.msg_controllen as _;
    let control = &bytes_of(control)[..written.min(mem::size_of::<Control>())];
    let mut told = None;
    let mut look = |message: ControlMessage<'_>| {
        if let ControlMessage::Data { level: libc::IPPROTO_UDP, kind: libc::UDP_GRO, data } = message {
            let size = data.first_chunk().map_or(0, |four| i32::from_ne_bytes(*four));
            told = Some(u16::try_from(size).unwrap_or(0));
        }
    };
    // SAFETY: the system wrote these messages just now, and they are taken apart here only. Descriptors, which
    // datagrams of Unix sockets may bring, are closed.
    unsafe { take_apart(control, &mut look) };
    slot.facts.segment = told.unwrap_or(0);
    slot.facts.joined = told.is_none() && header.msg_flags & libc::MSG_CTRUNC != 0 && joins(fd);
}

/// Whether the socket has UDP_GRO: what is lost of its control messages may be the segments' size.
fn joins(fd: BorrowedFd<'_>) -> bool {
    let mut value = [0; 4];
    getsockopt(fd, libc::IPPROTO_UDP, libc::UDP_GRO, &mut value).is_ok() && value != [0; 4]
}

/// `sendmmsg(2)` of these slots, at most [`AT_ONCE`]; how many went. EINTR is retried, SIGPIPE never raised.
pub(crate) fn sendmmsg(fd: BorrowedFd<'_>, slots: &Slots, range: Range<usize>, flags: i32) -> Result<usize> {
    let mut controls = [[0_u64; 4]; AT_ONCE];
    let (mut parts, mut headers) = empty();
    let mut count = 0;
    for (((at, part), header), control) in range.zip(&mut parts).zip(&mut headers).zip(&mut controls) {
        let (data, name) = (slots.data(at), slots.name_bytes(at));
        *part = libc::iovec { iov_base: data.as_ptr().cast_mut().cast(), iov_len: data.len() };
        let header = &mut header.msg_hdr;
        if !name.is_empty() {
            header.msg_name = name.as_ptr().cast_mut().cast();
            header.msg_namelen = name.len() as libc::socklen_t;
        }
        let segment = slots.facts(at).segment;
        if segment > 0 {
            write_message(bytes_of_mut(control), SEGMENT, &segment.to_ne_bytes());
            header.msg_control = control.as_mut_ptr().cast();
            header.msg_controllen = cmsg_space(mem::size_of::<u16>()) as _;
        }
        (header.msg_iov, header.msg_iovlen) = (part, 1);
        count += 1;
    }
    let flags = flags | SEND_FLAGS;
    // SAFETY: `count` headers name data, addresses and control messages, each with its length, that outlive the call
    // and are only read.
    retry(|| unsafe { libc::sendmmsg(fd.as_raw_fd(), headers.as_mut_ptr(), count, flags as _) as isize })
}

fn empty() -> ([libc::iovec; AT_ONCE], [libc::mmsghdr; AT_ONCE]) {
    // SAFETY: structs of integers and pointers, for which zero is a value.
    unsafe { mem::zeroed() }
}

#[cfg(test)]
mod tests {
    use std::{net::UdpSocket, os::fd::AsFd};

    use super::*;
    use crate::sys::setsockopt;

    #[test]
    fn a_lost_size_of_segments_is_told() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut slots = Slots::new(1, 8);
        let (_, mut headers) = empty();
        headers[0].msg_hdr.msg_flags = libc::MSG_CTRUNC;
        for joins in [false, true] {
            setsockopt(socket.as_fd(), libc::IPPROTO_UDP, libc::UDP_GRO, &i32::from(joins).to_ne_bytes())
                .unwrap();
            note(socket.as_fd(), slots.slots_mut(0..1).next().unwrap(), &headers[0], &[0; _]);
            assert_eq!(slots.facts(0).joined, joins);
        }
    }
}
