//! Control messages (ancillary data) as bytes: put together for `sendmsg(2)`, taken apart after `recvmsg(2)`.
//!
//! They are walked as a slice, without the C macros: whatever stands in a length, no byte outside is read.

use std::{
    os::fd::{FromRawFd, OwnedFd},
    ptr, slice,
    time::Duration,
};

use super::{c, platform};

// SAFETY: these compute with their argument and touch no memory.
const HEADER: usize = unsafe { libc::CMSG_LEN(0) } as usize;
// SAFETY: as above. The data of a message is padded to so many bytes: a power of two.
const ALIGN: usize = unsafe { libc::CMSG_SPACE(1) - libc::CMSG_SPACE(0) } as usize;

/// No message of any system is larger, and nobody gets a buffer by a number that isn't bounded.
const MOST: usize = 64 * 1024;

const _: () = assert!(ALIGN.is_power_of_two() && align_of::<libc::cmsghdr>() <= align_of::<u64>());

/// A message's length with so many bytes of data.
pub(crate) const fn cmsg_len(data: usize) -> usize {
    HEADER.saturating_add(data)
}

/// The room that it takes, padding included.
pub(crate) const fn cmsg_space(data: usize) -> usize {
    HEADER.saturating_add(aligned(data))
}

const fn aligned(length: usize) -> usize {
    length.saturating_add(ALIGN - 1) & !(ALIGN - 1)
}

/// Messages to send.
#[derive(Debug, Default)]
pub(crate) struct ControlOut {
    /// Words, because the system wants headers aligned.
    words: Vec<u64>,
    /// INVARIANT: length <= 8 * words.len()
    length: usize,
}

impl ControlOut {
    /// Adds a message.
    pub(crate) fn push(&mut self, level: i32, kind: i32, data: &[u8]) {
        let start = self.length;
        self.length = start.saturating_add(cmsg_space(data.len()));
        self.words.resize(self.length.div_ceil(size_of::<u64>()), 0);
        write_message(&mut bytes_of_mut(&mut self.words)[start..], (level, kind), data);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The messages, one after the other.
    pub(crate) fn bytes(&self) -> &[u8] {
        &bytes_of(&self.words)[..self.length]
    }
}

/// Room for received messages. Descriptors that nobody takes out are closed with it.
#[derive(Debug)]
pub(crate) struct ControlIn {
    words: Vec<u64>,
    /// What the system may fill: exactly as asked, as it decides how many descriptors fit.
    /// INVARIANT: length <= capacity <= 8 * words.len()
    capacity: usize,
    length: usize,
}

/// One received message.
#[derive(Debug)]
pub(crate) enum ControlMessage<'a> {
    /// SCM_RIGHTS.
    Rights(Vec<OwnedFd>),
    /// SCM_PIDFD.
    Process(OwnedFd),
    /// Anything else.
    Data { level: i32, kind: i32, data: &'a [u8] },
}

impl ControlIn {
    /// Room for so many bytes; at most 64 KiB.
    pub(crate) fn with_room(bytes: usize) -> ControlIn {
        let capacity = bytes.min(MOST);
        ControlIn { words: vec![0; capacity.div_ceil(size_of::<u64>())], capacity, length: 0 }
    }

    /// Hands out each message, once.
    pub(crate) fn take(&mut self, mut each: impl FnMut(ControlMessage<'_>)) {
        let length = std::mem::take(&mut self.length);
        // SAFETY: the system wrote these messages (`fill` sees to it) and made the descriptors for us; the length was
        // reset, so nobody sees them again.
        unsafe { take_apart(&bytes_of(&self.words)[..length], &mut each) };
    }

    /// Has `call` fill the room: it gets a pointer and the number of bytes there, and gives how many it wrote.
    ///
    /// # Safety
    ///
    /// The bytes that `call` says it wrote are control messages as `recvmsg(2)` writes them, and the descriptors in
    /// them belong to nobody else.
    pub(super) unsafe fn fill<T, E>(
        &mut self,
        call: impl FnOnce(*mut libc::c_void, usize) -> Result<(T, usize), E>,
    ) -> Result<T, E> {
        self.take(|message| drop(message));
        let room = if self.capacity == 0 { ptr::null_mut() } else { self.words.as_mut_ptr().cast() };
        let (outcome, written) = call(room, self.capacity)?;
        self.length = written.min(self.capacity);
        Ok(outcome)
    }
}

impl Drop for ControlIn {
    fn drop(&mut self) {
        self.take(|message| drop(message));
    }
}

/// Hands out each message in a buffer.
///
/// # Safety
///
/// The system wrote them just now, and they are taken apart once: each descriptor in them gets its owner here.
pub(super) unsafe fn take_apart(bytes: &[u8], each: &mut impl FnMut(ControlMessage<'_>)) {
    for (level, kind, data) in walk(bytes) {
        match (level, kind) {
            // SAFETY: the descriptors are new, and nobody else's, as the caller sees to.
            (libc::SOL_SOCKET, libc::SCM_RIGHTS) => each(ControlMessage::Rights(unsafe { adopt(data) })),
            // SAFETY: as before.
            (libc::SOL_SOCKET, c::SCM_PIDFD) => match unsafe { adopt(data) }.pop() {
                Some(process) => each(ControlMessage::Process(process)),
                // There was no descriptor left for it.
                None => each(ControlMessage::Data { level, kind, data }),
            },
            _ => each(ControlMessage::Data { level, kind, data }),
        }
    }
}

/// Writes a message with its padding at the beginning of `room`, which is aligned and has room for it.
pub(super) fn write_message(room: &mut [u8], (level, kind): (i32, i32), data: &[u8]) {
    // SAFETY: a struct of integers, for which zero is a value.
    let mut header: libc::cmsghdr = unsafe { std::mem::zeroed() };
    header.cmsg_len = cmsg_len(data.len()) as _;
    (header.cmsg_level, header.cmsg_type) = (level, kind);
    let (head, rest) = room.split_at_mut(HEADER);
    // SAFETY: `head` is borrowed mutably and has at least as many bytes as the struct (its length padded).
    unsafe { ptr::write_unaligned(head.as_mut_ptr().cast(), header) };
    rest[..data.len()].copy_from_slice(data);
}

/// The messages in a buffer: level, kind, data. One whose length is beyond the end has what is there; one whose
/// length is less than its head ends the walk.
fn walk(mut rest: &[u8]) -> impl Iterator<Item = (i32, i32, &[u8])> {
    std::iter::from_fn(move || {
        if rest.len() < HEADER {
            return None;
        }
        // SAFETY: the slice has at least the bytes of the struct, which is made of integers.
        let header: libc::cmsghdr = unsafe { ptr::read_unaligned(rest.as_ptr().cast()) };
        // Wide enough on every system: size_t or socklen_t.
        let length: usize = header.cmsg_len as _;
        if length < HEADER {
            return None;
        }
        let data = &rest[HEADER..length.min(rest.len())];
        rest = rest.get(aligned(length)..).unwrap_or_default();
        Some((header.cmsg_level, header.cmsg_type, data))
    })
}

/// The descriptors of a SCM_RIGHTS message.
///
/// # Safety
///
/// They were made for this process, belong to nobody else, and are adopted once.
unsafe fn adopt(data: &[u8]) -> Vec<OwnedFd> {
    let numbers = data.chunks_exact(4).map(|four| i32::from_ne_bytes([four[0], four[1], four[2], four[3]]));
    // -1 is what an OwnedFd can't be.
    let made = numbers.filter(|&number| number >= 0).map(|number| {
        // SAFETY: it was made for this process and isn't negative; nobody else adopts it, as the caller sees to.
        platform::adopted(unsafe { OwnedFd::from_raw_fd(number) })
    });
    made.collect()
}

/// The user and the group that this process runs as.
pub(crate) fn user_and_group() -> (u32, u32) {
    // SAFETY: always allowed, and never fails.
    unsafe { (libc::getuid(), libc::getgid()) }
}

/// `struct timespec` as a time since 1970, or since whenever that clock began; `None` if it is none.
pub(crate) fn duration_of_timespec(bytes: &[u8]) -> Option<Duration> {
    if bytes.len() != size_of::<libc::timespec>() {
        return None;
    }
    // SAFETY: so many bytes are there, and the struct is made of integers.
    let time: libc::timespec = unsafe { ptr::read_unaligned(bytes.as_ptr().cast()) };
    let nanos = u32::try_from(time.tv_nsec).ok().filter(|&nanos| nanos < 1_000_000_000)?;
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, nanos))
}

/// [`walk`], for tests of what is in the messages.
#[cfg(test)]
pub(crate) fn control_messages(bytes: &[u8]) -> impl Iterator<Item = (i32, i32, &[u8])> {
    walk(bytes)
}

pub(super) fn bytes_of(words: &[u64]) -> &[u8] {
    // SAFETY: the same memory, of the same size, borrowed for as long; each byte of an integer is a byte.
    unsafe { slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
}

pub(super) fn bytes_of_mut(words: &mut [u64]) -> &mut [u8] {
    // SAFETY: the same memory, of the same size, borrowed mutably for as long; any bytes make integers.
    unsafe { slice::from_raw_parts_mut(words.as_mut_ptr().cast(), size_of_val(words)) }
}

#[cfg(test)]
mod tests;
