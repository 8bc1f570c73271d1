//! How options are read and set: [`Socket::setsockopt`], [`Socket::getsockopt`], and the kinds of values.
//! The options themselves stand in `options`.

use std::{
    fmt,
    marker::PhantomData,
    net::{Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use super::{Level, Socket};
use crate::{
    error::{Error, ErrorKind, Result},
    sys,
};

/// An option: its level `L` and the kind `K` of its value are part of its type.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{IPPROTO_TCP, SO_REUSEADDR, SockOpt, create_server};
/// assert_eq!(format!("{SO_REUSEADDR:?}"), "SO_REUSEADDR");
///
/// // One without a name here: its number, and the kind of its value.
/// let keep_idle = SockOpt::<_, i32>::raw(4);
/// assert!(create_server("127.0.0.1:0")?.getsockopt(IPPROTO_TCP, keep_idle).is_ok());
/// # Ok::<(), sockeye::Error>(())
/// ```
pub struct SockOpt<L, K> {
    number: i32,
    name: &'static str,
    kind: PhantomData<fn() -> (L, K)>,
}

impl<L, K> SockOpt<L, K> {
    pub(super) const fn named(number: i32, name: &'static str) -> SockOpt<L, K> {
        SockOpt { number, name, kind: PhantomData }
    }

    /// The option with that number, for those that have no name here: `SockOpt::<_, i32>::raw(4)`.
    ///
    /// ```
    /// use sockeye::socket::{SockOpt, level::Sol};
    /// assert_eq!(format!("{:?}", SockOpt::<Sol, bool>::raw(2)), "SockOpt(2)");
    /// ```
    #[must_use]
    pub const fn raw(number: i32) -> SockOpt<L, K> {
        SockOpt::named(number, "")
    }

    /// The C number; negative if this system doesn't have the option.
    ///
    /// ```
    /// assert!(sockeye::socket::SO_REUSEADDR.number() > 0);
    /// ```
    #[must_use]
    pub const fn number(self) -> i32 {
        self.number
    }
}

impl<L, K> Clone for SockOpt<L, K> {
    fn clone(&self) -> SockOpt<L, K> {
        *self
    }
}

impl<L, K> Copy for SockOpt<L, K> {}

impl<L, K> fmt::Debug for SockOpt<L, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() { write!(f, "SockOpt({})", self.number) } else { f.write_str(self.name) }
    }
}

/// A kind of value that can be read. Sealed.
pub trait Readable: sealed::Sealed {
    /// What [`getsockopt`](Socket::getsockopt) gives.
    type Got;
    #[doc(hidden)]
    fn decode(bytes: &[u8]) -> Option<Self::Got>;
}

/// A kind of value that can be set. Sealed.
pub trait Settable: sealed::Sealed {
    /// What [`setsockopt`](Socket::setsockopt) takes.
    type Set<'v>;
    #[doc(hidden)]
    fn encode(value: Self::Set<'_>) -> Vec<u8>;
}

mod sealed {
    pub trait Sealed {}
}

impl Socket {
    /// Sets an option: `setsockopt(2)`.
    ///
    /// Level, option and value have to fit together; else it doesn't compile:
    ///
    /// ```compile_fail,E0308
    /// # use sockeye::socket::*;
    /// # let socket = create_server("127.0.0.1:0").unwrap();
    /// socket.setsockopt(SOL_SOCKET, TCP_NODELAY, true); // the option of another level
    /// ```
    ///
    /// ```compile_fail,E0308
    /// # use sockeye::socket::*;
    /// # let socket = create_server("127.0.0.1:0").unwrap();
    /// socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); // a number for a bool
    /// ```
    ///
    /// ```compile_fail,E0277
    /// # use sockeye::socket::*;
    /// # let socket = create_server("127.0.0.1:0").unwrap();
    /// socket.setsockopt(SOL_SOCKET, SO_ERROR, 0); // can only be read
    /// ```
    ///
    /// Python: `socket.setsockopt`. In `std::net`: a method for each of a few options.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) for an option that the system, or this socket, doesn't have.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, IPPROTO_TCP, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, Socket, TCP_NODELAY};
    /// let socket = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
    /// socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, true)?;
    /// socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, true)?;
    /// assert!(socket.getsockopt(SOL_SOCKET, SO_REUSEADDR)?);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn setsockopt<L, K: Settable>(
        &self,
        level: impl Into<Level<L>>,
        option: SockOpt<L, K>,
        value: K::Set<'_>,
    ) -> Result<()> {
        let level = level.into();
        offered(option.number)
            .and_then(|number| sys::setsockopt(self.descriptor()?, level.number(), number, &K::encode(value)))
            .map_err(|error| named("setsockopt", error, level, option))
    }

    /// Reads an option: `getsockopt(2)`.
    ///
    /// Some aren't what was set: Linux doubles `SO_SNDBUF` and `SO_RCVBUF`.
    ///
    /// Python: `socket.getsockopt`. In `std::net`: a method for each of a few options.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) for an option that the system, or this socket, doesn't have.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, SO_SNDBUF, SOCK_DGRAM, SOL_SOCKET, Socket};
    /// let socket = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// let size: i32 = socket.getsockopt(SOL_SOCKET, SO_SNDBUF)?;
    /// assert!(size > 0);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn getsockopt<L, K: Readable>(
        &self,
        level: impl Into<Level<L>>,
        option: SockOpt<L, K>,
    ) -> Result<K::Got> {
        let level = level.into();
        let mut value = [0; 512];
        offered(option.number)
            .and_then(|number| sys::getsockopt(self.descriptor()?, level.number(), number, &mut value))
            .and_then(|length| {
                K::decode(&value[..length])
                    .ok_or_else(|| Error::new(ErrorKind::Protocol, format!("a value of {length} bytes")))
            })
            .map_err(|error| named("getsockopt", error, level, option))
    }
}

fn offered(number: i32) -> Result<i32> {
    if number < 0 { Err(ErrorKind::Unsupported.into()) } else { Ok(number) }
}

fn named<L, K>(call: &str, error: Error, level: Level<L>, option: SockOpt<L, K>) -> Error {
    let error = match error.raw_os_error() {
        Some(sys::c::ENOPROTOOPT) => Error::with_source(ErrorKind::Unsupported, "", error),
        _ => error,
    };
    error.context(format!("{call} {level:?} {option:?}"))
}

/// An `int` that is 0 or not.
impl Readable for bool {
    type Got = bool;

    fn decode(bytes: &[u8]) -> Option<bool> {
        i32::decode(bytes).map(|value| value != 0)
    }
}

impl Settable for bool {
    type Set<'v> = bool;

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

impl Settable for i32 {
    type Set<'v> = i32;

    fn encode(value: i32) -> Vec<u8> {
        value.to_ne_bytes().to_vec()
    }
}

/// The kind of an option that can only be read.
#[derive(Debug)]
pub struct ReadOnly<K>(PhantomData<K>);

impl<K: Readable> Readable for ReadOnly<K> {
    type Got = K::Got;

    fn decode(bytes: &[u8]) -> Option<K::Got> {
        K::decode(bytes)
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

impl Settable for Linger {
    type Set<'v> = Option<Duration>;

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

impl Settable for Timeval {
    type Set<'v> = Option<Duration>;

    fn encode(value: Option<Duration>) -> Vec<u8> {
        sys::timeval_of_duration(value.unwrap_or_default())
    }
}

/// An IPv4 address.
impl Readable for Ipv4Addr {
    type Got = Ipv4Addr;

    fn decode(bytes: &[u8]) -> Option<Ipv4Addr> {
        <[u8; 4]>::try_from(bytes).ok().map(Ipv4Addr::from)
    }
}

impl Settable for Ipv4Addr {
    type Set<'v> = Ipv4Addr;

    fn encode(value: Ipv4Addr) -> Vec<u8> {
        value.octets().to_vec()
    }
}

/// `struct ip_mreq`: a group, and the address of the interface (unspecified: the system chooses).
#[derive(Debug)]
pub enum GroupV4 {}

impl Settable for GroupV4 {
    type Set<'v> = (Ipv4Addr, Ipv4Addr);

    fn encode((group, interface): (Ipv4Addr, Ipv4Addr)) -> Vec<u8> {
        [group.octets(), interface.octets()].concat()
    }
}

/// `struct ipv6_mreq`: a group, and the number of the interface (0: the system chooses).
#[derive(Debug)]
pub enum GroupV6 {}

impl Settable for GroupV6 {
    type Set<'v> = (Ipv6Addr, u32);

    fn encode((group, interface): (Ipv6Addr, u32)) -> Vec<u8> {
        [&group.octets()[..], &interface.to_ne_bytes()].concat()
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

impl Settable for Text {
    type Set<'v> = &'v str;

    fn encode(value: &str) -> Vec<u8> {
        value.as_bytes().to_vec()
    }
}

/// Bytes as the system has them, at most 512 when read.
#[derive(Debug)]
pub enum Bytes {}

impl Readable for Bytes {
    type Got = Vec<u8>;

    fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
        Some(bytes.to_vec())
    }
}

impl Settable for Bytes {
    type Set<'v> = &'v [u8];

    fn encode(value: &[u8]) -> Vec<u8> {
        value.to_vec()
    }
}

impl sealed::Sealed for bool {}
impl sealed::Sealed for i32 {}
impl<K> sealed::Sealed for ReadOnly<K> {}
impl sealed::Sealed for Linger {}
impl sealed::Sealed for Timeval {}
impl sealed::Sealed for Ipv4Addr {}
impl sealed::Sealed for GroupV4 {}
impl sealed::Sealed for GroupV6 {}
impl sealed::Sealed for Text {}
impl sealed::Sealed for Bytes {}
