//! The kinds of option values that only Linux' kernel has: credentials, filters, its own counters.

use std::os::fd::{AsRawFd, BorrowedFd};

use super::{Readable, Settable, option::sealed::Sealed};
use crate::sys;

/// `struct ucred`: who is at the other end of a Unix socket, as it was when it connected.
///
/// Python: `struct.unpack("3i", …)` of `SO_PEERCRED`.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{AF_UNIX, SO_PEERCRED, SOCK_STREAM, SOL_SOCKET, socketpair};
/// let (one, _other) = socketpair(AF_UNIX, SOCK_STREAM, Default::default())?;
/// # if SO_PEERCRED.number() > 0 {
/// assert_eq!(one.getsockopt(SOL_SOCKET, SO_PEERCRED)?.pid, std::process::id() as i32);
/// # }
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// The process.
    pub pid: i32,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
}

impl Readable for Credentials {
    type Got = Credentials;

    fn decode(bytes: &[u8]) -> Option<Credentials> {
        let [pid, uid, gid] = <[u32; 3]>::try_from(words(bytes)?).ok()?;
        Some(Credentials { pid: pid as i32, uid, gid })
    }
}

/// A list of `u32`.
#[derive(Debug)]
pub enum Numbers {}

impl Readable for Numbers {
    type Got = Vec<u32>;

    fn decode(bytes: &[u8]) -> Option<Vec<u32>> {
        words(bytes)
    }
}

/// A program of the classic packet filter: its instructions as bytes, eight each (`struct sock_filter`: two bytes
/// of code, two of jumps, four of operand).
///
/// Python: `struct.pack("HL", len, address)` of a `ctypes` buffer. That address is made here.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{AF_INET, Filter, SO_ATTACH_FILTER, SO_DETACH_FILTER, SOCK_DGRAM, SOL_SOCKET, Socket};
/// let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
/// # if SO_ATTACH_FILTER.number() > 0 {
/// let nothing_passes = Filter::instruction(0x06, 0, 0, 0); // BPF_RET
/// udp.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, &nothing_passes)?;
/// udp.setsockopt(SOL_SOCKET, SO_DETACH_FILTER, ())?;
/// # }
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
pub enum Filter {}

impl Filter {
    /// One instruction as bytes.
    ///
    /// ```
    /// use sockeye::socket::Filter;
    /// assert_eq!(Filter::instruction(0x06, 1, 2, 0), [0x06_u16.to_ne_bytes(), [1, 2], [0; 2], [0; 2]].concat()[..]);
    /// ```
    #[must_use]
    pub const fn instruction(code: u16, if_true: u8, if_false: u8, operand: u32) -> [u8; 8] {
        let ([a, b], [w, x, y, z]) = (code.to_ne_bytes(), operand.to_ne_bytes());
        [a, b, if_true, if_false, w, x, y, z]
    }
}

impl<T: AsRef<[u8]> + ?Sized> Settable<&T> for Filter {
    fn encode(value: &T) -> Vec<u8> {
        sys::filter_program(value.as_ref())
    }
}

/// A descriptor that the kernel looks at: that of a loaded program.
#[derive(Debug)]
pub enum Descriptor {}

impl Settable<BorrowedFd<'_>> for Descriptor {
    fn encode(value: BorrowedFd<'_>) -> Vec<u8> {
        i32::encode(value.as_raw_fd())
    }
}

/// `struct sock_txtime`: the number of a clock, and flags.
#[derive(Debug)]
pub enum TxTime {}

impl Readable for TxTime {
    type Got = (i32, u32);

    fn decode(bytes: &[u8]) -> Option<(i32, u32)> {
        let [clock, flags] = <[u32; 2]>::try_from(words(bytes)?).ok()?;
        Some((clock as i32, flags))
    }
}

impl Settable<(i32, u32)> for TxTime {
    fn encode((clock, flags): (i32, u32)) -> Vec<u8> {
        [clock.to_ne_bytes(), flags.to_ne_bytes()].concat()
    }
}

fn words(bytes: &[u8]) -> Option<Vec<u32>> {
    let words = bytes.chunks_exact(4);
    words.remainder().is_empty().then(|| words.filter_map(u32::decode).collect())
}

impl Sealed for Credentials {}
impl Sealed for Numbers {}
impl Sealed for Filter {}
impl Sealed for Descriptor {}
impl Sealed for TxTime {}
