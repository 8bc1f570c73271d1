//! The kinds of option values that have no structure: flags, numbers, times, names, bytes.

use std::{marker::PhantomData, time::Duration};

use super::{Family, Kind, PathMtu, Protocol, Readable, Settable, Timestamping, option::sealed::Sealed};
use crate::sys;

/// An `int` that is 0 or not.
impl Readable for bool {
    type Got = bool;

    fn decode(bytes: &[u8]) -> Option<bool> {
        i32::decode(bytes).map(|value| value != 0)
    }
}

impl Settable<bool> for bool {
    fn encode(value: bool) -> Vec<u8> {
        i32::encode(i32::from(value))
    }
}

/// An `int`; some systems give a single byte for small ones.
impl Readable for i32 {
    type Got = i32;

    fn decode(bytes: &[u8]) -> Option<i32> {
        match bytes {
            [byte] => Some(i32::from(*byte)),
            _ => bytes.try_into().ok().map(i32::from_ne_bytes),
        }
    }
}

impl Settable<i32> for i32 {
    fn encode(value: i32) -> Vec<u8> {
        value.to_ne_bytes().to_vec()
    }
}

/// An `unsigned int`.
impl Readable for u32 {
    type Got = u32;

    fn decode(bytes: &[u8]) -> Option<u32> {
        bytes.try_into().ok().map(u32::from_ne_bytes)
    }
}

impl Settable<u32> for u32 {
    fn encode(value: u32) -> Vec<u8> {
        value.to_ne_bytes().to_vec()
    }
}

/// A number of eight bytes; systems whose words are shorter give four.
impl Readable for u64 {
    type Got = u64;
    const ROOM: usize = 8;

    fn decode(bytes: &[u8]) -> Option<u64> {
        match bytes.len() {
            4 => u32::decode(bytes).map(u64::from),
            _ => bytes.try_into().ok().map(u64::from_ne_bytes),
        }
    }
}

impl Settable<u64> for u64 {
    fn encode(value: u64) -> Vec<u8> {
        value.to_ne_bytes().to_vec()
    }
}

/// The kind of an option that can only be read.
#[derive(Debug)]
pub struct ReadOnly<K>(PhantomData<K>);

impl<K: Readable> Readable for ReadOnly<K> {
    type Got = K::Got;
    const ROOM: usize = K::ROOM;

    fn decode(bytes: &[u8]) -> Option<K::Got> {
        K::decode(bytes)
    }
}

/// The kind of an option that can only be set.
#[derive(Debug)]
pub struct WriteOnly<K>(PhantomData<K>);

impl<K: Settable<V>, V> Settable<V> for WriteOnly<K> {
    fn encode(value: V) -> Vec<u8> {
        K::encode(value)
    }
}

/// The kind of an option that only has to be named: its value is `()`.
#[derive(Debug)]
pub enum Nothing {}

impl Settable<()> for Nothing {
    fn encode((): ()) -> Vec<u8> {
        i32::encode(0)
    }
}

/// A number in the network's byte order; as a value it is in this machine's.
#[derive(Debug)]
pub enum BigEndian {}

impl Readable for BigEndian {
    type Got = u32;

    fn decode(bytes: &[u8]) -> Option<u32> {
        bytes.try_into().ok().map(u32::from_be_bytes)
    }
}

impl Settable<u32> for BigEndian {
    fn encode(value: u32) -> Vec<u8> {
        value.to_be_bytes().to_vec()
    }
}

/// `struct linger`: how long `close` waits for unsent data; `None` is not at all. Whole seconds, rounded up.
#[derive(Debug)]
pub enum Linger {}

impl Readable for Linger {
    type Got = Option<Duration>;

    fn decode(bytes: &[u8]) -> Option<Option<Duration>> {
        let (on, seconds) = bytes.split_at_checked(4)?;
        let seconds = u64::try_from(i32::decode(seconds)?).ok()?;
        Some(bool::decode(on)?.then(|| Duration::from_secs(seconds)))
    }
}

impl Settable<Option<Duration>> for Linger {
    fn encode(value: Option<Duration>) -> Vec<u8> {
        let seconds = value.unwrap_or_default().as_millis().div_ceil(1000);
        let seconds = i32::try_from(seconds).unwrap_or(i32::MAX);
        [i32::encode(i32::from(value.is_some())), i32::encode(seconds)].concat()
    }
}

/// `struct timeval`: a time limit of the system's own; `None` is no limit.
#[derive(Debug)]
pub enum Timeval {}

impl Readable for Timeval {
    type Got = Option<Duration>;

    fn decode(bytes: &[u8]) -> Option<Option<Duration>> {
        sys::duration_of_timeval(bytes).map(|limit| Some(limit).filter(|limit| !limit.is_zero()))
    }
}

impl Settable<Option<Duration>> for Timeval {
    fn encode(value: Option<Duration>) -> Vec<u8> {
        sys::timeval_of_duration(value.unwrap_or_default())
    }
}

/// A name: of an interface, of an algorithm.
#[derive(Debug)]
pub enum Text {}

impl Readable for Text {
    type Got = String;

    fn decode(bytes: &[u8]) -> Option<String> {
        let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
    }
}

impl<T: AsRef<str> + ?Sized> Settable<&T> for Text {
    fn encode(value: &T) -> Vec<u8> {
        value.as_ref().as_bytes().to_vec()
    }
}

/// Bytes as the system has them, at most 512 when read: for structures without a kind of their own.
///
/// Not for structures that hold an address, as `struct sock_fprog` ([`Filter`](super::Filter) is for that): the kernel
/// reads whatever memory of this process is there. Those by which it would write, as the tables of `iptables` and
/// `XDP_UMEM_REG`, are refused.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{AF_INET, Bytes, SO_LINGER, SOCK_STREAM, SOL_SOCKET, SockOpt, Socket};
/// let socket = Socket::new(AF_INET, SOCK_STREAM, Default::default())?;
/// let linger = SockOpt::<_, Bytes>::raw(SO_LINGER.number());
/// socket.setsockopt(SOL_SOCKET, linger, &[1_i32.to_ne_bytes(), 7_i32.to_ne_bytes()].concat())?;
/// assert_eq!(socket.getsockopt(SOL_SOCKET, SO_LINGER)?.unwrap().as_secs(), 7);
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
pub enum Bytes {}

impl Readable for Bytes {
    type Got = Vec<u8>;

    fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
        Some(bytes.to_vec())
    }
}

impl<T: AsRef<[u8]> + ?Sized> Settable<&T> for Bytes {
    fn encode(value: &T) -> Vec<u8> {
        value.as_ref().to_vec()
    }
}

/// A structure of exactly that many bytes, as the system has it.
impl<const N: usize> Readable for [u8; N] {
    type Got = [u8; N];
    const ROOM: usize = N;

    fn decode(bytes: &[u8]) -> Option<[u8; N]> {
        bytes.try_into().ok()
    }
}

impl<const N: usize> Settable<[u8; N]> for [u8; N] {
    fn encode(value: [u8; N]) -> Vec<u8> {
        value.to_vec()
    }
}

/// Numbers that have names.
macro_rules! named {
    ($($type:ty)*) => {$(
        impl Readable for $type {
            type Got = $type;

            fn decode(bytes: &[u8]) -> Option<$type> {
                i32::decode(bytes).map(<$type>::raw)
            }
        }

        impl Settable<$type> for $type {
            fn encode(value: $type) -> Vec<u8> {
                i32::encode(value.number())
            }
        }

        impl Sealed for $type {}
    )*};
}

named! { Family Kind Protocol PathMtu }

/// The flags; the number of a device's clock follows.
impl Readable for Timestamping {
    type Got = Timestamping;

    fn decode(bytes: &[u8]) -> Option<Timestamping> {
        i32::decode(bytes.get(..4)?).map(Timestamping::raw)
    }
}

impl Settable<Timestamping> for Timestamping {
    fn encode(value: Timestamping) -> Vec<u8> {
        i32::encode(value.number())
    }
}

impl Sealed for Timestamping {}

impl Sealed for bool {}
impl Sealed for i32 {}
impl Sealed for u32 {}
impl Sealed for u64 {}
impl<K> Sealed for ReadOnly<K> {}
impl<K> Sealed for WriteOnly<K> {}
impl Sealed for Nothing {}
impl Sealed for BigEndian {}
impl Sealed for Linger {}
impl Sealed for Timeval {}
impl Sealed for Text {}
impl Sealed for Bytes {}
impl<const N: usize> Sealed for [u8; N] {}
