//! The options of [`IPPROTO_TCP`](super::IPPROTO_TCP), [`IPPROTO_UDP`](super::IPPROTO_UDP) and
//! [`IPPROTO_UDPLITE`](super::IPPROTO_UDPLITE); see `options`.

use super::{Bytes, ReadOnly, SockOpt, TcpInfo, Text, WriteOnly, level, options::options};
use crate::sys::c;

options! { Tcp:
    /// Sends small pieces at once, instead of gathering them (Nagle).
    TCP_NODELAY: bool,
    /// The largest segment, in bytes.
    TCP_MAXSEG: i32,
    /// Seconds of silence before the first probe of [`SO_KEEPALIVE`](super::SO_KEEPALIVE).
    TCP_KEEPIDLE: i32,
    /// Seconds between probes.
    TCP_KEEPINTVL: i32,
    /// How many probes may stay without an answer.
    TCP_KEEPCNT: i32,
    /// How many connections may wait with data of their own; 0 is off.
    TCP_FASTOPEN: i32,
}

options! { Tcp:
    /// Holds partial segments back until it is off again.
    TCP_CORK: bool,
    /// How long sent data may stay without an answer, in milliseconds.
    TCP_USER_TIMEOUT: i32,
    /// Seconds for which `accept` may wait for a connection's first data; 0 is off.
    TCP_DEFER_ACCEPT: i32,
    /// Acknowledges at once.
    TCP_QUICKACK: bool,
    /// How many tries a connection attempt has.
    TCP_SYNCNT: i32,
    /// The algorithm against congestion, by name.
    TCP_CONGESTION: Text,
    /// That algorithm's numbers: a structure of its own each.
    TCP_CC_INFO: ReadOnly<Bytes>,
    /// What the kernel knows of the connection.
    TCP_INFO: ReadOnly<TcpInfo>,
    /// Seconds that a closed connection waits for the peer's end; negative is not at all.
    TCP_LINGER2: i32,
    /// The largest window that is announced, in bytes.
    TCP_WINDOW_CLAMP: i32,
    /// How many bytes may wait unsent before the socket is no longer writable; -1 is no limit.
    TCP_NOTSENT_LOWAT: u32,
    /// Reports how much more is there to read, with `recvmsg`.
    TCP_INQ: bool,
    /// `connect` waits for the first data, and sends both in one packet.
    TCP_FASTOPEN_CONNECT: bool,
    /// The key of the cookies of [`TCP_FASTOPEN`]: 16 bytes, or two of them.
    TCP_FASTOPEN_KEY: Bytes,
    /// Takes data in first packets without a cookie.
    TCP_FASTOPEN_NO_COOKIE: bool,
    /// Signs segments (RFC 2385): `struct tcp_md5sig`; where the kernel has it.
    TCP_MD5SIG: WriteOnly<Bytes>,
    /// The same for a whole network.
    TCP_MD5SIG_EXT: WriteOnly<Bytes>,
    /// Takes a connection over from another machine: 1, 0, or -1; needs a privilege.
    TCP_REPAIR: i32,
    /// Which queue the next two are about: 0 none, 1 receiving, 2 sending.
    TCP_REPAIR_QUEUE: i32,
    /// The next number of that queue.
    TCP_QUEUE_SEQ: u32,
    /// What both sides agreed on: a list of `struct tcp_repair_opt`.
    TCP_REPAIR_OPTIONS: WriteOnly<Bytes>,
    /// The windows: `struct tcp_repair_window`.
    TCP_REPAIR_WINDOW: [u8; 20],
    /// Keeps the first packet of each connection that arrives.
    TCP_SAVE_SYN: i32,
    /// That packet, once; empty if it wasn't kept.
    TCP_SAVED_SYN: ReadOnly<Bytes>,
    /// Acts as `TCP_THIN_LINEAR_TIMEOUTS` for duplicates; current kernels take it and do nothing.
    TCP_THIN_DUPACK: bool,
    /// Doesn't wait longer each time when a connection has little to send.
    TCP_THIN_LINEAR_TIMEOUTS: bool,
    /// The connection's clock, as it stands in its segments.
    TCP_TIMESTAMP: u32,
    /// Delays all that is sent, in microseconds: for tests.
    TCP_TX_DELAY: i32,
    /// What stands above TCP in the kernel, by name: `tls`.
    TCP_ULP: Text,
}

options! { Udp:
    /// Gathers what is sent into one datagram until it is off again.
    UDP_CORK: bool,
    /// The kind of packets that arrive within UDP: 2 is IPsec.
    UDP_ENCAP: i32,
    /// Sends without checksums (IPv6).
    UDP_NO_CHECK6_TX: bool,
    /// Takes what has no checksum (IPv6).
    UDP_NO_CHECK6_RX: bool,
    /// Cuts each send into datagrams of so many bytes; 0 is off.
    UDP_SEGMENT: i32,
    /// Hands datagrams of one sender over in one piece, with their size for `recvmsg`.
    UDP_GRO: bool,
}

options! { UdpLite:
    /// How many bytes of what is sent the checksum covers; 0 is all.
    UDPLITE_SEND_CSCOV: i32,
    /// How many it has to cover of what arrives; 0 is all.
    UDPLITE_RECV_CSCOV: i32,
}
