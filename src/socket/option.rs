//! How options are read and set: [`Socket::setsockopt`], [`Socket::getsockopt`].
//!
//! The options themselves stand in `options`, the kinds of their values in `values`, `groups` and `kernel`.

use std::{fmt, marker::PhantomData, sync::atomic::Ordering};

use super::{Level, SO_ERROR, SO_RCVTIMEO, SOL_SOCKET, Socket};
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
#[diagnostic::on_unimplemented(message = "an option of kind `{Self}` can't be read")]
pub trait Readable: sealed::Sealed {
    /// What [`getsockopt`](Socket::getsockopt) gives.
    type Got;
    /// How much room the system is given: some options want exactly that of their structure.
    #[doc(hidden)]
    const ROOM: usize = ROOM;
    #[doc(hidden)]
    fn decode(bytes: &[u8]) -> Option<Self::Got>;
}

/// A kind of value that can be set, by a `V`. Sealed.
#[diagnostic::on_unimplemented(
    message = "an option of kind `{Self}` isn't set by a `{V}`",
    label = "`{Self}` wants another type, or can only be read"
)]
pub trait Settable<V>: sealed::Sealed {
    #[doc(hidden)]
    fn encode(value: V) -> Vec<u8>;
}

pub(super) mod sealed {
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
    /// A raw number or raw bytes go with [`SockOpt::raw`]: `SockOpt::<_, i32>`, `SockOpt::<_, Bytes>`.
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
    pub fn setsockopt<L, K: Settable<V>, V>(
        &self,
        level: impl Into<Level<L>>,
        option: SockOpt<L, K>,
        value: V,
    ) -> Result<()> {
        let level = level.into();
        if (level.number(), option.number) == (SOL_SOCKET.number(), SO_RCVTIMEO.number) {
            // From here on the limit is the program's, not a tick.
            self.patient.store(false, Ordering::Relaxed);
        }
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
        if (level.number(), option.number) == (SOL_SOCKET.number(), SO_ERROR.number) {
            let kept = self.overdue.take().and_then(|error| error.raw_os_error());
            if let Some(value) = kept.and_then(|errno| K::decode(&errno.to_ne_bytes())) {
                return Ok(value);
            }
        }
        self.read_option(level.number(), option.number, &mut [0; ROOM][..K::ROOM.min(ROOM)], K::decode)
            .or_else(|error| match error.raw_os_error() {
                // Some say so when their value is longer; they come seldom, with a lot.
                Some(sys::c::ERANGE) => {
                    self.read_option(level.number(), option.number, &mut vec![0; MORE_ROOM], K::decode)
                }
                _ => Err(error),
            })
            .map_err(|error| named("getsockopt", error, level, option))
    }

    fn read_option<T>(
        &self,
        level: i32,
        number: i32,
        value: &mut [u8],
        decode: fn(&[u8]) -> Option<T>,
    ) -> Result<T> {
        let length = sys::getsockopt(self.descriptor()?, level, offered(number)?, value)?;
        let unknown = || Error::new(ErrorKind::Protocol, format!("a value of {length} bytes"));
        decode(&value[..length]).ok_or_else(unknown)
    }
}

/// Enough for every value of a fixed size.
const ROOM: usize = 512;
/// As many groups as Linux gives a process: 65,536 of four bytes.
const MORE_ROOM: usize = 1 << 18;

fn offered(number: i32) -> Result<i32> {
    if number < 0 { Err(ErrorKind::Unsupported.into()) } else { Ok(number) }
}

fn named<L, K>(call: &str, error: Error, level: Level<L>, option: SockOpt<L, K>) -> Error {
    error.context(format!("{call} {level:?} {option:?}"))
}
