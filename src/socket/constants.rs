//! The constants that keep their C names.
//!
//! Each group is a newtype over the C number, open for numbers without a name here by `raw`. Where several
//! names have one number, `Debug` prints the first.

use std::{fmt, ops};

use crate::sys::c;

/// A newtype with its named values; one line for each.
macro_rules! numbers {
    ($(#[$about:meta])* $type:ident { $($(#[$doc:meta])* $name:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(i32);

        $($(#[$doc])* pub const $name: $type = $type(c::$name as i32);)*

        impl $type {
            const NAMES: &[(&'static str, $type)] = &[$((stringify!($name), $name),)*];

            /// The value with that number, for those that have no name here.
            #[must_use]
            pub const fn raw(number: i32) -> $type {
                $type(number)
            }

            /// The C number.
            #[must_use]
            pub const fn number(self) -> i32 {
                self.0
            }
        }
    };
}

numbers! {
    /// A family of addresses: [`AF_INET`], [`AF_INET6`], [`AF_UNIX`].
    ///
    /// Python: `socket.AddressFamily`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, Family};
    /// assert_eq!(format!("{AF_INET:?}"), "AF_INET");
    /// assert_eq!(Family::raw(AF_INET.number()), AF_INET);
    /// assert_eq!(format!("{:?}", Family::raw(-5)), "Family(-5)");
    /// ```
    Family {
        /// Any family: only for look-ups.
        AF_UNSPEC,
        /// IPv4.
        AF_INET,
        /// IPv6.
        AF_INET6,
        /// Paths on this machine.
        AF_UNIX,
    }
}

numbers! {
    /// A kind of socket: [`SOCK_STREAM`], [`SOCK_DGRAM`].
    ///
    /// Python: `socket.SocketKind`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::SOCK_STREAM;
    /// assert_eq!(format!("{SOCK_STREAM:?}"), "SOCK_STREAM");
    /// ```
    Kind {
        /// A stream of bytes: TCP.
        SOCK_STREAM,
        /// Datagrams: UDP.
        SOCK_DGRAM,
        /// Packets with the protocol's head; needs a privilege.
        SOCK_RAW,
        /// Datagrams that arrive in order and are kept whole.
        SOCK_SEQPACKET,
        /// Datagrams that arrive, in any order.
        SOCK_RDM,
    }
}

numbers! {
    /// Flags of a single call, joined by `|`.
    ///
    /// Python: the `MSG_` integers.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{MSG_DONTWAIT, MSG_PEEK, MsgFlags};
    /// assert_eq!(format!("{:?}", MSG_PEEK | MSG_DONTWAIT), "MSG_PEEK | MSG_DONTWAIT");
    /// assert!((MSG_PEEK | MSG_DONTWAIT).contains(MSG_PEEK));
    /// assert!(!MsgFlags::default().contains(MSG_PEEK));
    /// ```
    MsgFlags {
        /// Urgent data: one byte.
        MSG_OOB,
        /// Leaves the data where it is.
        MSG_PEEK,
        /// Sends to the local network only.
        MSG_DONTROUTE,
        /// Control data was cut off (an answer of the system).
        MSG_CTRUNC,
        /// The datagram was cut off; as a wish, `recv` gives its full length.
        MSG_TRUNC,
        /// Never waits, whatever the timeout says.
        ///
        /// Python waits for the whole timeout all the same if there is one.
        MSG_DONTWAIT,
        /// Ends a record.
        MSG_EOR,
        /// Waits for the whole buffer.
        MSG_WAITALL,
        /// Takes an error that the network reported: needs `IP_RECVERR`.
        MSG_ERRQUEUE,
        /// Tells the way that the data goes on being reachable (ARP).
        MSG_CONFIRM,
        /// More follows: the system may wait for it before it sends.
        MSG_MORE,
        /// Never raises SIGPIPE: every `send` of this crate has it.
        MSG_NOSIGNAL,
    }
}

numbers! {
    /// Flags of [`getaddrinfo`](super::getaddrinfo), joined by `|`.
    ///
    /// Python: `socket.AddressInfo`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AI_NUMERICHOST, Hints, getaddrinfo};
    /// assert!(getaddrinfo("localhost", 80, Hints::new().flags(AI_NUMERICHOST)).is_err());
    /// ```
    AiFlags {
        /// Addresses to bind to, instead of to connect to.
        AI_PASSIVE,
        /// Asks for the host's main name.
        AI_CANONNAME,
        /// Literal addresses only: no look-up.
        AI_NUMERICHOST,
        /// Ports by number only.
        AI_NUMERICSERV,
        /// IPv4 as IPv6 (`::ffff:1.2.3.4`) where a host has no IPv6.
        AI_V4MAPPED,
        /// IPv6, and IPv4 with [`AI_V4MAPPED`].
        AI_ALL,
        /// Only families of which this machine has an address.
        AI_ADDRCONFIG,
    }
}

/// What can be joined by `|`, and how that prints.
macro_rules! flags {
    ($($type:ident)*) => {$(
        impl $type {
            /// Whether all of these are set.
            #[must_use]
            pub const fn contains(self, flags: $type) -> bool {
                self.0 & flags.0 == flags.0
            }
        }

        impl ops::BitOr for $type {
            type Output = $type;

            fn bitor(self, other: $type) -> $type {
                $type(self.0 | other.0)
            }
        }

        impl ops::BitOrAssign for $type {
            fn bitor_assign(&mut self, other: $type) {
                self.0 |= other.0;
            }
        }

        /// Prints the flags' names, joined as in C.
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let (mut rest, mut joint) = (self.0, "");
                for (name, flag) in $type::NAMES {
                    if rest & flag.0 != 0 {
                        write!(f, "{joint}{name}")?;
                        (rest, joint) = (rest & !flag.0, " | ");
                    }
                }
                match (rest, joint) {
                    (0, "") => write!(f, "{}(0)", stringify!($type)),
                    (0, _) => Ok(()),
                    _ => write!(f, "{joint}{}({rest:#x})", stringify!($type)),
                }
            }
        }
    )*};
}

flags!(MsgFlags AiFlags);

/// `Debug` of a value is its name, as in Python.
macro_rules! debug_by_name {
    ($($type:ident)*) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match $type::NAMES.iter().find(|(_, value)| value == self) {
                    Some((name, _)) => f.write_str(name),
                    None => write!(f, "{}({})", stringify!($type), self.0),
                }
            }
        }
    )*};
}

debug_by_name!(Family Kind);

/// The largest backlog that [`listen`](super::Socket::listen) takes; the system lowers it to its own limit.
///
/// Python: `socket.SOMAXCONN`.
pub const SOMAXCONN: i32 = c::SOMAXCONN;

/// Which direction [`shutdown`](super::Socket::shutdown) ends.
///
/// Python: `SHUT_RD`, `SHUT_WR`, `SHUT_RDWR`. In `std::net`: `Shutdown`.
///
/// # Examples
///
/// ```
/// use sockeye::socket::Shutdown;
/// assert_ne!(Shutdown::Read, Shutdown::Write);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shutdown {
    /// Nothing more is received.
    #[doc(alias = "SHUT_RD")]
    Read,
    /// Nothing more is sent: the peer sees the end of data.
    #[doc(alias = "SHUT_WR")]
    Write,
    /// Both.
    #[doc(alias = "SHUT_RDWR")]
    Both,
}

impl From<Shutdown> for std::net::Shutdown {
    fn from(how: Shutdown) -> std::net::Shutdown {
        match how {
            Shutdown::Read => std::net::Shutdown::Read,
            Shutdown::Write => std::net::Shutdown::Write,
            Shutdown::Both => std::net::Shutdown::Both,
        }
    }
}
