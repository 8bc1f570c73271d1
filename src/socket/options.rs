//! The options of [`SOL_SOCKET`](super::SOL_SOCKET): one line for each here, and one row in the table of
//! `tests/it/socket/options.rs`. Those of the other levels stand in `options_ip` and `options_tcp`.
//!
//! `NAME: kind` of the value. A number that not every system has stands in `sys::c`.

use super::{
    Credentials, Descriptor, Family, Filter, Kind, Linger, Nothing, Numbers, Protocol, ReadOnly, SockOpt,
    Text, Timestamping, Timeval, TxTime, WriteOnly, level,
};
use crate::sys::c;

/// A level's options, one line for each.
macro_rules! options {
    ($level:ident: $($(#[$doc:meta])* $name:ident: $kind:ty,)*) => {
        $($(#[$doc])* pub const $name: SockOpt<level::$level, $kind> =
            SockOpt::named(c::$name as i32, stringify!($name));)*
    };
}

pub(super) use options;

options! { Sol:
    /// Lets a server bind to a port whose last connections still linger.
    SO_REUSEADDR: bool,
    /// Lets several sockets bind to one port; the system spreads connections over them. Not for Unix sockets.
    SO_REUSEPORT: bool,
    /// Lets datagrams go to broadcast addresses.
    SO_BROADCAST: bool,
    /// Probes a silent connection; see [`TCP_KEEPIDLE`](super::TCP_KEEPIDLE).
    SO_KEEPALIVE: bool,
    /// How long `close` waits for unsent data; zero breaks the connection off instead.
    SO_LINGER: Linger,
    /// Room for unsent data, in bytes; Linux doubles what is set.
    SO_SNDBUF: i32,
    /// Room for data that isn't received yet, in bytes; Linux doubles what is set.
    SO_RCVBUF: i32,
    /// The system's own limit for sending, of each system call: prefer [`settimeout`](super::Socket::settimeout). It
    /// ends only calls whose descriptor blocks, which is so in blocking mode without a clone and a cancel token: they
    /// fail with [`WouldBlock`](crate::ErrorKind::WouldBlock) then.
    SO_SNDTIMEO: Timeval,
    /// The system's own limit for receiving, of each system call: prefer [`settimeout`](super::Socket::settimeout). It
    /// ends only calls whose descriptor blocks, which is so in blocking mode without a clone and a cancel token: they
    /// fail with [`WouldBlock`](crate::ErrorKind::WouldBlock) then.
    SO_RCVTIMEO: Timeval,
    /// How much room has to be there before a socket is writable, in bytes; Linux knows only 1.
    SO_SNDLOWAT: i32,
    /// How many bytes have to be there before `recv` has something.
    SO_RCVLOWAT: i32,
    /// Urgent data stays in the stream.
    SO_OOBINLINE: bool,
    /// Sends to the local network only.
    SO_DONTROUTE: bool,
    /// Notes in the kernel's log; needs a privilege.
    SO_DEBUG: bool,
    /// The pending error's errno, which reading takes away; 0 is none.
    SO_ERROR: ReadOnly<i32>,
    /// The socket's kind.
    SO_TYPE: ReadOnly<Kind>,
    /// Whether it listens.
    SO_ACCEPTCONN: ReadOnly<bool>,
    /// Reports when a message arrived, to the microsecond, with `recvmsg`.
    SO_TIMESTAMP: bool,
}

options! { Sol:
    /// The socket's family.
    SO_DOMAIN: ReadOnly<Family>,
    /// The socket's protocol.
    SO_PROTOCOL: ReadOnly<Protocol>,
    /// The queueing priority of what is sent; above 6 needs a privilege.
    SO_PRIORITY: i32,
    /// The firewall's mark of what is sent; needs a privilege.
    SO_MARK: i32,
    /// The only interface that it uses, by name; another one than it has needs a privilege.
    SO_BINDTODEVICE: Text,
    /// The only interface that it uses, by number; 0 is any.
    SO_BINDTOIFINDEX: i32,
    /// Asks for the sender's credentials with each message.
    SO_PASSCRED: bool,
    /// Asks for the sender's security label with each message.
    SO_PASSSEC: bool,
    /// Asks for a descriptor of the sender's process with each message (Linux 6.5).
    SO_PASSPIDFD: bool,
    /// Whether descriptors may arrive; true unless it is taken away (Linux 6.16).
    SO_PASSRIGHTS: bool,
    /// Who connected, or was connected to: Unix sockets.
    SO_PEERCRED: ReadOnly<Credentials>,
    /// The peer's security label: Unix sockets.
    SO_PEERSEC: ReadOnly<Text>,
    /// The peer's further groups: Unix sockets.
    SO_PEERGROUPS: ReadOnly<Numbers>,
    /// [`SO_SNDBUF`] past the system's limit; needs a privilege.
    SO_SNDBUFFORCE: WriteOnly<i32>,
    /// [`SO_RCVBUF`] past the system's limit; needs a privilege.
    SO_RCVBUFFORCE: WriteOnly<i32>,
    /// Whether the buffers' sizes stay as they were set: bit 0 for sending, bit 1 for receiving.
    SO_BUF_LOCK: i32,
    /// Sends without UDP checksums (IPv4).
    SO_NO_CHECK: bool,
    /// Reports when a message arrived, to the nanosecond, with `recvmsg`.
    SO_TIMESTAMPNS: bool,
    /// Reports when messages arrived and left, by the kernel or the device.
    SO_TIMESTAMPING: Timestamping,
    /// Reports how many messages were lost for want of room, with `recvmsg`.
    SO_RXQ_OVFL: bool,
    /// Reports the mark of what arrives, with `recvmsg`.
    SO_RCVMARK: bool,
    /// Reports the priority of what arrives, with `recvmsg` (Linux 6.14).
    SO_RCVPRIORITY: bool,
    /// Reports the state of wireless frames, with `recvmsg`.
    SO_WIFI_STATUS: bool,
    /// Where `MSG_PEEK` reads, in bytes; negative is off. Moves on with each such read.
    SO_PEEK_OFF: i32,
    /// Sends frames without a checksum of the device: packet sockets.
    SO_NOFCS: bool,
    /// Wakes `poll` by POLLPRI for what is in the queue of errors.
    SO_SELECT_ERR_QUEUE: bool,
    /// How long a read looks at the device itself, in microseconds.
    SO_BUSY_POLL: i32,
    /// Lets a program that polls the device keep its interrupts away.
    SO_PREFER_BUSY_POLL: bool,
    /// How many packets one look at the device takes; more needs a privilege.
    SO_BUSY_POLL_BUDGET: WriteOnly<i32>,
    /// The most bytes a second that TCP sends; `u64::MAX` is no limit.
    SO_MAX_PACING_RATE: u64,
    /// The core that handles what arrives.
    SO_INCOMING_CPU: i32,
    /// The device's queue that delivers what arrives.
    SO_INCOMING_NAPI_ID: ReadOnly<i32>,
    /// The kernel's numbers of the socket's memory, in the order of `linux/sock_diag.h`.
    SO_MEMINFO: ReadOnly<Numbers>,
    /// Memory that the kernel keeps for the socket, in bytes.
    SO_RESERVE_MEM: i32,
    /// The socket's number for as long as the machine runs.
    SO_COOKIE: ReadOnly<u64>,
    /// That of its network namespace.
    SO_NETNS_COOKIE: ReadOnly<u64>,
    /// Lets sends use the program's own memory: [`MSG_ZEROCOPY`](super::MSG_ZEROCOPY).
    SO_ZEROCOPY: bool,
    /// Sends each message at a time of its own: the clock's number, and flags.
    SO_TXTIME: TxTime,
    /// Chooses another path when segments get lost: 0, 1, or 255 for the system's default.
    SO_TXREHASH: i32,
    /// Tells that the neighbour doesn't answer.
    SO_CNX_ADVICE: WriteOnly<i32>,
    /// A filter for what arrives: classic BPF.
    SO_ATTACH_FILTER: Filter,
    /// A filter for what arrives: the descriptor of a loaded program.
    SO_ATTACH_BPF: Descriptor,
    /// Takes the filter away.
    SO_DETACH_FILTER: Nothing,
    /// The filter stays from now on.
    SO_LOCK_FILTER: bool,
    /// Chooses among the sockets of one port: classic BPF.
    SO_ATTACH_REUSEPORT_CBPF: Filter,
    /// Chooses among the sockets of one port: the descriptor of a loaded program.
    SO_ATTACH_REUSEPORT_EBPF: Descriptor,
    /// Takes that choice away.
    SO_DETACH_REUSEPORT_BPF: Nothing,
    /// How far the kernel's classic BPF goes beyond the original.
    SO_BPF_EXTENSIONS: ReadOnly<i32>,
}
