//! The C headers' numbers; above this room nothing else of it is used, as the functions are unsafe to call.
//!
//! What a system lacks is -1 there, and options with that number aren't offered; a flag that it lacks is 0.

pub(crate) use libc::*;

/// glibc's and musl's, which the crate libc leaves out.
#[cfg(target_os = "linux")]
pub(crate) const EAI_ADDRFAMILY: i32 = -9;

#[cfg(not(target_os = "linux"))]
macro_rules! lacking {
    ($($name:ident = $number:expr;)*) => {$(pub(crate) const $name: i32 = $number;)*};
}

#[cfg(not(target_os = "linux"))]
lacking! {
    EAI_ADDRFAMILY = 1;
    EAI_NODATA = 7;
    AF_PACKET = -1;
    AF_NETLINK = -1;
    AF_VSOCK = -1;
    AF_CAN = -1;
    IPPROTO_MPTCP = -1;
    IPPROTO_UDPLITE = -1;
    SOL_IP = libc::IPPROTO_IP;
    SOL_TCP = libc::IPPROTO_TCP;
    SOL_UDP = libc::IPPROTO_UDP;
    SOL_PACKET = -1;
    SOL_NETLINK = -1;
    SOL_ALG = -1;
    SOL_CAN_BASE = -1;
    SOL_CAN_RAW = -1;
    SOL_RDS = -1;
    SOL_TIPC = -1;
    SO_DOMAIN = -1;
    SO_PROTOCOL = -1;
    SO_PRIORITY = -1;
    SO_MARK = -1;
    SO_BINDTODEVICE = -1;
    SO_PASSCRED = -1;
    IP_OPTIONS = -1;
    IP_RECVERR = -1;
    IP_FREEBIND = -1;
    IPV6_ADD_MEMBERSHIP = libc::IPV6_JOIN_GROUP;
    IPV6_DROP_MEMBERSHIP = libc::IPV6_LEAVE_GROUP;
    TCP_CORK = -1;
    TCP_USER_TIMEOUT = -1;
    TCP_DEFER_ACCEPT = -1;
    TCP_QUICKACK = -1;
    TCP_SYNCNT = -1;
    TCP_CONGESTION = -1;
    TCP_INFO = -1;
    MSG_ERRQUEUE = 0;
    MSG_CONFIRM = 0;
    MSG_MORE = 0;
    MSG_FASTOPEN = 0;
    MSG_ZEROCOPY = 0;
    SOF_TIMESTAMPING_TX_HARDWARE = 0;
    SOF_TIMESTAMPING_TX_SOFTWARE = 0;
    SOF_TIMESTAMPING_RX_HARDWARE = 0;
    SOF_TIMESTAMPING_RX_SOFTWARE = 0;
    SOF_TIMESTAMPING_SOFTWARE = 0;
    SOF_TIMESTAMPING_RAW_HARDWARE = 0;
    SOF_TIMESTAMPING_OPT_ID = 0;
    SOF_TIMESTAMPING_TX_SCHED = 0;
    SOF_TIMESTAMPING_TX_ACK = 0;
    SOF_TIMESTAMPING_OPT_CMSG = 0;
    SOF_TIMESTAMPING_OPT_TSONLY = 0;
}

/// Apple has one name for it; the BSDs have Linux'. The bits of a kind never reach the system: any will do.
#[cfg(target_vendor = "apple")]
lacking! {
    TCP_KEEPIDLE = libc::TCP_KEEPALIVE;
    MSG_NOSIGNAL = 0;
    MSG_CMSG_CLOEXEC = 0;
    MSG_WAITFORONE = 0;
    AF_BLUETOOTH = -1;
    SOCK_NONBLOCK = 1 << 11;
    SOCK_CLOEXEC = 1 << 19;
}

#[cfg(any(target_os = "netbsd", target_os = "openbsd"))]
lacking! {
    AI_ALL = 0;
    AI_V4MAPPED = 0;
}

#[cfg(target_os = "openbsd")]
lacking! {
    IPPROTO_SCTP = -1;
}
