//! Ancillary data: what travels beside the bytes of a message, each kind with a type of its own.
//!
//! [`Ancillary`] is what `recvmsg` gives, [`OutgoingAncillary`] what `sendmsg` takes. A new kind is a line in
//! [`KINDS`] and a variant.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::fd::{AsRawFd, BorrowedFd, OwnedFd},
    time::{Duration, SystemTime},
};

use super::{Credentials, ExtendedError};
use crate::sys::{self, ControlMessage, ControlOut, c};

/// A received piece of ancillary data. Each kind comes only after an option asked for it, but for descriptors,
/// which come whenever the peer sends some and there is room.
///
/// Python: the `(level, type, bytes)` tuples of `socket.recvmsg`.
///
/// # Examples
///
/// See [`Socket::recvmsg`](super::Socket::recvmsg).
#[derive(Debug)]
#[non_exhaustive]
pub enum Ancillary {
    /// Descriptors that the peer sent: open files of this process now, close-on-exec, closed when dropped
    /// (`SCM_RIGHTS`).
    #[doc(alias = "SCM_RIGHTS")]
    Rights(Vec<OwnedFd>),
    /// Who sent it, its real user and group, vouched for by the system; needs [`SO_PASSCRED`](super::SO_PASSCRED)
    /// (`SCM_CREDENTIALS`, Linux).
    #[doc(alias = "SCM_CREDENTIALS")]
    Credentials(Credentials),
    /// A descriptor of the sender's process; needs [`SO_PASSPIDFD`](super::SO_PASSPIDFD) (`SCM_PIDFD`, Linux).
    #[doc(alias = "SCM_PIDFD")]
    Process(OwnedFd),
    /// Where the datagram arrived; needs [`IP_PKTINFO`](super::IP_PKTINFO) or
    /// [`IPV6_RECVPKTINFO`](super::IPV6_RECVPKTINFO).
    #[doc(alias = "IP_PKTINFO")]
    #[doc(alias = "IPV6_PKTINFO")]
    PacketInfo(PacketInfo),
    /// How many more routers the datagram might have passed; needs [`IP_RECVTTL`](super::IP_RECVTTL) (`IP_TTL`).
    #[doc(alias = "IP_TTL")]
    Ttl(u8),
    /// The same for IPv6; needs [`IPV6_RECVHOPLIMIT`](super::IPV6_RECVHOPLIMIT) (`IPV6_HOPLIMIT`).
    #[doc(alias = "IPV6_HOPLIMIT")]
    HopLimit(u8),
    /// The type of service, with the congestion bits; needs [`IP_RECVTOS`](super::IP_RECVTOS) (`IP_TOS`).
    #[doc(alias = "IP_TOS")]
    Tos(u8),
    /// The same for IPv6; needs [`IPV6_RECVTCLASS`](super::IPV6_RECVTCLASS) (`IPV6_TCLASS`).
    #[doc(alias = "IPV6_TCLASS")]
    TrafficClass(u8),
    /// An error that the network reported, or another event of the queue of errors; needs
    /// [`IP_RECVERR`](super::IP_RECVERR) or [`IPV6_RECVERR`](super::IPV6_RECVERR), and
    /// [`MSG_ERRQUEUE`](super::MSG_ERRQUEUE) (Linux).
    #[doc(alias = "IP_RECVERR")]
    #[doc(alias = "IPV6_RECVERR")]
    #[doc(alias = "sock_extended_err")]
    ExtendedError(ExtendedError),
    /// When the system received it; needs [`SO_TIMESTAMP`](super::SO_TIMESTAMP) (microseconds) or
    /// [`SO_TIMESTAMPNS`](super::SO_TIMESTAMPNS) (nanoseconds).
    #[doc(alias = "SCM_TIMESTAMP")]
    #[doc(alias = "SCM_TIMESTAMPNS")]
    Timestamp(SystemTime),
    /// When it was received or sent, as [`SO_TIMESTAMPING`](super::SO_TIMESTAMPING) was set (Linux).
    #[doc(alias = "SCM_TIMESTAMPING")]
    Timestamping(Timestamps),
    /// The data is several datagrams of the same sender, joined: each has so many bytes, the last one may have
    /// fewer; needs [`UDP_GRO`](super::UDP_GRO) (Linux).
    #[doc(alias = "UDP_GRO")]
    SegmentSize(u16),
    /// How many datagrams this socket has lost since it was made, because nobody took them in time; needs
    /// [`SO_RXQ_OVFL`](super::SO_RXQ_OVFL) (Linux). There is none before the first loss.
    #[doc(alias = "SO_RXQ_OVFL")]
    Dropped(u32),
    /// Anything else, and what was cut off.
    Other {
        /// The C number of its level.
        level: i32,
        /// The C number of its type.
        kind: i32,
        /// Its data, as the system has it.
        data: Vec<u8>,
    },
}

/// A piece of ancillary data to send.
///
/// Python: the `(level, type, bytes)` tuples of `socket.sendmsg`.
///
/// # Examples
///
/// See [`Socket::sendmsg`](super::Socket::sendmsg).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum OutgoingAncillary<'a> {
    /// Descriptors for a peer on a Unix socket, at most 253 (Linux). They stay open here. On a stream at least one
    /// byte has to go with them.
    Rights(&'a [BorrowedFd<'a>]),
    /// Who sends: wrong ones need a privilege (Linux).
    Credentials(Credentials),
    /// From which address and interface to send: see [`PacketInfo`].
    PacketInfo(PacketInfo),
    /// How many routers this datagram may pass, from 1 (`IP_TTL`).
    Ttl(u8),
    /// The same for IPv6 (`IPV6_HOPLIMIT`).
    HopLimit(u8),
    /// The type of service of this datagram (`IP_TOS`).
    Tos(u8),
    /// The same for IPv6 (`IPV6_TCLASS`).
    TrafficClass(u8),
    /// The system cuts the data into datagrams of so many bytes, the last one maybe shorter
    /// (`UDP_SEGMENT`, Linux): one call sends up to 64 KiB of them.
    #[doc(alias = "UDP_SEGMENT")]
    SegmentSize(u16),
    /// Anything else.
    Other {
        /// The C number of its level.
        level: i32,
        /// The C number of its type.
        kind: i32,
        /// Its data, as the system wants it.
        data: &'a [u8],
    },
}

impl Credentials {
    /// Those of this process: `getpid`, `getuid`, `getgid`.
    ///
    /// Python: `os.getpid`, `os.getuid`, `os.getgid`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::Credentials;
    /// assert_eq!(Credentials::current().pid, std::process::id() as i32);
    /// ```
    #[must_use]
    pub fn current() -> Credentials {
        let (uid, gid) = sys::user_and_group();
        // A process' number is a C int.
        Credentials { pid: std::process::id() as i32, uid, gid }
    }
}

/// Where a datagram arrived, or from where one is to be sent: `struct in_pktinfo`, `struct in6_pktinfo`.
///
/// A server that is bound to every address answers from the one that it was asked at by sending back what it
/// received, with 0 as `interface` so that the system chooses the way.
///
/// # Examples
///
/// See [`Socket::sendmsg_to`](super::Socket::sendmsg_to).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PacketInfo {
    /// The interface's number; 0 as a wish lets the system choose.
    pub interface: u32,
    /// This machine's address: at which it arrived, or from which to send. A multicast or broadcast arrives at one
    /// of the interface's addresses.
    pub local: IpAddr,
    /// Where the datagram was sent to: `local`, a group, or a broadcast address. As a wish it counts for nothing.
    pub destination: IpAddr,
}

/// When a datagram was received or sent, by the clocks that [`SO_TIMESTAMPING`](super::SO_TIMESTAMPING) named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timestamps {
    /// By the system's clock.
    pub software: Option<SystemTime>,
    /// By the network card's clock: since whenever it began.
    pub hardware: Option<Duration>,
}

/// How a kind's data is read; `None` if that isn't its data.
type Decode = fn(&[u8]) -> Option<Ancillary>;

/// Level, type, and what it is. A system that lacks one has a number that never comes.
const KINDS: &[(i32, i32, Decode)] = &[
    (c::SOL_SOCKET, c::SCM_CREDENTIALS, credentials),
    (c::IPPROTO_IP, c::IP_PKTINFO, packet_info_v4),
    (c::IPPROTO_IPV6, c::IPV6_PKTINFO, packet_info_v6),
    (c::IPPROTO_IP, c::IP_TTL, |data| small(data).map(Ancillary::Ttl)),
    (c::IPPROTO_IP, c::IP_RECVTTL, |data| small(data).map(Ancillary::Ttl)),
    (c::IPPROTO_IPV6, c::IPV6_HOPLIMIT, |data| small(data).map(Ancillary::HopLimit)),
    (c::IPPROTO_IP, c::IP_TOS, |data| small(data).map(Ancillary::Tos)),
    (c::IPPROTO_IP, c::IP_RECVTOS, |data| small(data).map(Ancillary::Tos)),
    (c::IPPROTO_IPV6, c::IPV6_TCLASS, |data| small(data).map(Ancillary::TrafficClass)),
    (c::IPPROTO_IP, c::IP_RECVERR, |data| ExtendedError::decode(data).map(Ancillary::ExtendedError)),
    (c::IPPROTO_IPV6, c::IPV6_RECVERR, |data| ExtendedError::decode(data).map(Ancillary::ExtendedError)),
    (c::SOL_SOCKET, c::SCM_TIMESTAMP, |data| since_1970(sys::duration_of_timeval(data)?)),
    (c::SOL_SOCKET, c::SCM_TIMESTAMPNS, |data| since_1970(sys::duration_of_timespec(data)?)),
    (c::SOL_SOCKET, c::SCM_TIMESTAMPING, timestamping),
    (c::IPPROTO_UDP, c::UDP_GRO, segment_size),
    (c::SOL_SOCKET, c::SO_RXQ_OVFL, |data| {
        Some(Ancillary::Dropped(u32::from_ne_bytes(data.try_into().ok()?)))
    }),
];

impl Ancillary {
    pub(super) fn decode(message: ControlMessage<'_>) -> Ancillary {
        let (level, kind, data) = match message {
            ControlMessage::Rights(fds) => return Ancillary::Rights(fds),
            ControlMessage::Process(process) => return Ancillary::Process(process),
            ControlMessage::Data { level, kind, data } => (level, kind, data),
        };
        let known = KINDS.iter().find(|(its_level, its_kind, _)| (*its_level, *its_kind) == (level, kind));
        let decoded = known.and_then(|(_, _, decode)| decode(data));
        decoded.unwrap_or_else(|| Ancillary::Other { level, kind, data: data.to_vec() })
    }
}

impl OutgoingAncillary<'_> {
    pub(super) fn is_for_unix(&self) -> bool {
        matches!(self, OutgoingAncillary::Rights(_) | OutgoingAncillary::Credentials(_))
    }

    /// Descriptors as bare numbers: whoever receives them would own what somebody else here owns.
    pub(super) fn is_raw_rights(&self) -> bool {
        matches!(self, OutgoingAncillary::Other { level: c::SOL_SOCKET, kind: c::SCM_RIGHTS, .. })
    }

    /// RDS' messages name memory that the kernel lets the peer write to.
    pub(super) fn holds_addresses(&self) -> bool {
        matches!(self, OutgoingAncillary::Other { level: 276, .. })
    }

    pub(super) fn encode(&self, out: &mut ControlOut) {
        match self {
            OutgoingAncillary::Rights(fds) => {
                let numbers: Vec<u8> = fds.iter().flat_map(|fd| fd.as_raw_fd().to_ne_bytes()).collect();
                out.push(c::SOL_SOCKET, c::SCM_RIGHTS, &numbers);
            }
            OutgoingAncillary::Credentials(who) => {
                let fields = [who.pid.to_ne_bytes(), who.uid.to_ne_bytes(), who.gid.to_ne_bytes()];
                out.push(c::SOL_SOCKET, c::SCM_CREDENTIALS, fields.as_flattened());
            }
            OutgoingAncillary::PacketInfo(info) => info.encode(out),
            OutgoingAncillary::Ttl(ttl) => out.push(c::IPPROTO_IP, c::IP_TTL, &int(*ttl)),
            OutgoingAncillary::HopLimit(hops) => out.push(c::IPPROTO_IPV6, c::IPV6_HOPLIMIT, &int(*hops)),
            OutgoingAncillary::Tos(tos) => out.push(c::IPPROTO_IP, c::IP_TOS, &int(*tos)),
            OutgoingAncillary::TrafficClass(class) => out.push(c::IPPROTO_IPV6, c::IPV6_TCLASS, &int(*class)),
            OutgoingAncillary::SegmentSize(size) => {
                out.push(c::IPPROTO_UDP, c::UDP_SEGMENT, &size.to_ne_bytes());
            }
            OutgoingAncillary::Other { level, kind, data } => out.push(*level, *kind, data),
        }
    }
}

impl PacketInfo {
    fn encode(&self, out: &mut ControlOut) {
        let interface = self.interface.to_ne_bytes();
        match self.local {
            IpAddr::V4(local) => {
                out.push(c::IPPROTO_IP, c::IP_PKTINFO, [interface, local.octets(), [0; 4]].as_flattened());
            }
            IpAddr::V6(local) => {
                let data = [&local.octets()[..], &interface].concat();
                out.push(c::IPPROTO_IPV6, c::IPV6_PKTINFO, &data);
            }
        }
    }
}

fn credentials(data: &[u8]) -> Option<Ancillary> {
    let mut fields = Fields(data);
    let who = Credentials {
        pid: i32::from_ne_bytes(fields.take()?),
        uid: u32::from_ne_bytes(fields.take()?),
        gid: u32::from_ne_bytes(fields.take()?),
    };
    Some(Ancillary::Credentials(who))
}

fn packet_info_v4(data: &[u8]) -> Option<Ancillary> {
    let mut fields = Fields(data);
    let interface = u32::from_ne_bytes(fields.take()?);
    let (local, destination) = (Ipv4Addr::from(fields.take()?), Ipv4Addr::from(fields.take()?));
    Some(Ancillary::PacketInfo(PacketInfo {
        interface,
        local: local.into(),
        destination: destination.into(),
    }))
}

fn packet_info_v6(data: &[u8]) -> Option<Ancillary> {
    let mut fields = Fields(data);
    let destination = IpAddr::from(Ipv6Addr::from(fields.take::<16>()?));
    let interface = u32::from_ne_bytes(fields.take()?);
    Some(Ancillary::PacketInfo(PacketInfo { interface, local: destination, destination }))
}

/// An `int`, or a single byte, that holds a byte.
fn small(data: &[u8]) -> Option<u8> {
    match data {
        [byte] => Some(*byte),
        _ => u8::try_from(i32::from_ne_bytes(data.try_into().ok()?)).ok(),
    }
}

fn int(value: u8) -> [u8; 4] {
    i32::from(value).to_ne_bytes()
}

fn segment_size(data: &[u8]) -> Option<Ancillary> {
    let size = i32::from_ne_bytes(data.try_into().ok()?);
    Some(Ancillary::SegmentSize(u16::try_from(size).ok()?))
}

fn since_1970(time: Duration) -> Option<Ancillary> {
    SystemTime::UNIX_EPOCH.checked_add(time).map(Ancillary::Timestamp)
}

/// Three times: the system's, one that is no longer used, the card's. Zero is none.
fn timestamping(data: &[u8]) -> Option<Ancillary> {
    let mut times = data.chunks(data.len().div_ceil(3).max(1)).map(sys::duration_of_timespec);
    let (software, _, hardware) = (times.next()??, times.next()??, times.next()??);
    let some = |time: Duration| Some(time).filter(|time| !time.is_zero());
    let software = some(software).and_then(|time| SystemTime::UNIX_EPOCH.checked_add(time));
    Some(Ancillary::Timestamping(Timestamps { software, hardware: some(hardware) }))
}

/// The fields of a C struct, one after the other.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    pub(super) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }
}

#[cfg(test)]
mod tests;
