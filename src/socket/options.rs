//! The options: one line for each here, and one row in the table of `tests/it/socket/options.rs`.
//!
//! `NAME: kind` of the value. A number that not every system has stands in `sys::c`.

use std::net::Ipv4Addr;

use super::{
    level,
    option::{Bytes, GroupV4, GroupV6, Linger, ReadOnly, SockOpt, Text, Timeval},
};
use crate::sys::c;

macro_rules! options {
    ($level:ident: $($(#[$doc:meta])* $name:ident: $kind:ty,)*) => {
        $($(#[$doc])* pub const $name: SockOpt<level::$level, $kind> =
            SockOpt::named(c::$name as i32, stringify!($name));)*
    };
}

options! { Sol:
    /// Lets a server bind to a port whose last connections still linger.
    SO_REUSEADDR: bool,
    /// Lets several sockets bind to one port; the system spreads connections over them.
    SO_REUSEPORT: bool,
    /// Lets datagrams go to broadcast addresses.
    SO_BROADCAST: bool,
    /// Probes a silent connection; see [`TCP_KEEPIDLE`].
    SO_KEEPALIVE: bool,
    /// How long `close` waits for unsent data; zero breaks the connection off instead.
    SO_LINGER: Linger,
    /// Room for unsent data, in bytes; Linux doubles what is set.
    SO_SNDBUF: i32,
    /// Room for data that isn't received yet, in bytes; Linux doubles what is set.
    SO_RCVBUF: i32,
    /// The system's own limit for sending; [`settimeout`](super::Socket::settimeout) is the better one.
    SO_SNDTIMEO: Timeval,
    /// The system's own limit for receiving; [`settimeout`](super::Socket::settimeout) is the better one.
    SO_RCVTIMEO: Timeval,
    /// How many bytes have to be there before `recv` has something.
    SO_RCVLOWAT: i32,
    /// Urgent data stays in the stream.
    SO_OOBINLINE: bool,
    /// Sends to the local network only.
    SO_DONTROUTE: bool,
    /// The pending error's errno, which reading takes away; 0 is none.
    SO_ERROR: ReadOnly<i32>,
    /// The number of the socket's kind.
    SO_TYPE: ReadOnly<i32>,
    /// Whether it listens.
    SO_ACCEPTCONN: ReadOnly<bool>,
    /// The number of the socket's family (Linux).
    SO_DOMAIN: ReadOnly<i32>,
    /// The number of the socket's protocol (Linux).
    SO_PROTOCOL: ReadOnly<i32>,
    /// The queueing priority of what is sent (Linux).
    SO_PRIORITY: i32,
    /// The firewall's mark of what is sent; needs a privilege (Linux).
    SO_MARK: i32,
    /// The only interface that it uses; needs a privilege (Linux).
    SO_BINDTODEVICE: Text,
    /// Asks for the sender's credentials with each message (Linux).
    SO_PASSCRED: bool,
}

options! { Ip:
    /// How many routers a packet may pass.
    IP_TTL: i32,
    /// The type of service.
    IP_TOS: i32,
    /// Packets are sent with a head that the program wrote; for raw sockets.
    IP_HDRINCL: bool,
    /// Joins a group: its address, and the interface's.
    IP_ADD_MEMBERSHIP: GroupV4,
    /// Leaves a group.
    IP_DROP_MEMBERSHIP: GroupV4,
    /// The interface for what is sent to groups, by its address.
    IP_MULTICAST_IF: Ipv4Addr,
    /// How many routers a packet to a group may pass.
    IP_MULTICAST_TTL: i32,
    /// Whether this machine gets what it sends to a group.
    IP_MULTICAST_LOOP: bool,
    /// Options in each packet's head, as bytes.
    IP_OPTIONS: Bytes,
    /// Queues the network's errors for [`MSG_ERRQUEUE`](super::MSG_ERRQUEUE) (Linux).
    IP_RECVERR: bool,
    /// Lets a server bind to an address that isn't there yet (Linux).
    IP_FREEBIND: bool,
}

options! { Ipv6:
    /// IPv6 alone; without it a socket bound to `::` serves IPv4 as well.
    IPV6_V6ONLY: bool,
    /// How many routers a packet may pass; -1 is the system's default.
    IPV6_UNICAST_HOPS: i32,
    /// How many routers a packet to a group may pass.
    IPV6_MULTICAST_HOPS: i32,
    /// The interface for what is sent to groups, by its number.
    IPV6_MULTICAST_IF: i32,
    /// Whether this machine gets what it sends to a group.
    IPV6_MULTICAST_LOOP: bool,
    /// Joins a group: its address, and the interface's number.
    IPV6_ADD_MEMBERSHIP: GroupV6,
    /// Leaves a group.
    IPV6_DROP_MEMBERSHIP: GroupV6,
    /// The traffic class.
    IPV6_TCLASS: i32,
}

options! { Tcp:
    /// Sends small pieces at once, instead of gathering them (Nagle).
    TCP_NODELAY: bool,
    /// The largest segment, in bytes.
    TCP_MAXSEG: i32,
    /// Seconds of silence before the first probe of [`SO_KEEPALIVE`].
    TCP_KEEPIDLE: i32,
    /// Seconds between probes.
    TCP_KEEPINTVL: i32,
    /// How many probes may stay without an answer.
    TCP_KEEPCNT: i32,
    /// Holds partial segments back until it is off again (Linux).
    TCP_CORK: bool,
    /// How long sent data may stay without an answer, in milliseconds (Linux).
    TCP_USER_TIMEOUT: i32,
    /// Seconds for which `accept` may wait for a connection's first data; 0 is off (Linux).
    TCP_DEFER_ACCEPT: i32,
    /// Acknowledges at once (Linux).
    TCP_QUICKACK: bool,
    /// How many tries a connection attempt has (Linux).
    TCP_SYNCNT: i32,
    /// How many connections may wait with data of their own; 0 is off.
    TCP_FASTOPEN: i32,
    /// The algorithm against congestion, by name.
    TCP_CONGESTION: Text,
    /// `struct tcp_info`, as bytes (Linux).
    TCP_INFO: ReadOnly<Bytes>,
}
