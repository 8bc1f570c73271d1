//! The C headers' numbers; above this room nothing else of it is used, as the functions are unsafe to call.
//!
//! What a system lacks is -1 there, and options with that number aren't offered; a flag that it lacks is 0.

pub(crate) use libc::*;

macro_rules! lacking {
    ($($name:ident = $number:expr;)*) => {$(pub(crate) const $name: i32 = $number;)*};
}

// What the `libc` crate lacks, from the kernel's headers; or has under its old name.
#[cfg(target_os = "linux")]
lacking! {
    IPV6_JOIN_GROUP = libc::IPV6_ADD_MEMBERSHIP;
    IPV6_LEAVE_GROUP = libc::IPV6_DROP_MEMBERSHIP;
    IP_LOCAL_PORT_RANGE = 51;
    SCM_PIDFD = 4;
    TCP_TX_DELAY = 37;
    UDPLITE_SEND_CSCOV = 10;
    UDPLITE_RECV_CSCOV = 11;
    EAI_ADDRFAMILY = -9;
}

// SPARC numbers the newer ones in a way of its own.
#[cfg(all(target_os = "linux", not(any(target_arch = "sparc", target_arch = "sparc64"))))]
lacking! {
    SO_RCVPRIORITY = 82;
    SO_PASSRIGHTS = 83;
}
#[cfg(all(target_os = "linux", any(target_arch = "sparc", target_arch = "sparc64")))]
lacking! {
    SO_RCVPRIORITY = 0x5b;
    SO_PASSRIGHTS = 0x5c;
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
    IP_OPTIONS = -1;
    IP_RECVOPTS = -1;
    IP_RETOPTS = -1;
    IPV6_RECVHOPOPTS = -1;
    IPV6_RECVDSTOPTS = -1;
    IPV6_RECVRTHDR = -1;
    IPV6_RECVPATHMTU = -1;
    IPV6_HOPOPTS = -1;
    IPV6_DSTOPTS = -1;
    IPV6_RTHDR = -1;
    IPV6_RTHDRDSTOPTS = -1;
    IPV6_NEXTHOP = -1;
    IPV6_PATHMTU = -1;
    SCM_CREDENTIALS = -1;
    SCM_PIDFD = -1;
    SCM_TIMESTAMPNS = -1;
    SCM_TIMESTAMPING = -1;
    SO_DOMAIN = -1;
    SO_PROTOCOL = -1;
    SO_PRIORITY = -1;
    SO_MARK = -1;
    SO_BINDTODEVICE = -1;
    SO_BINDTOIFINDEX = -1;
    SO_PASSCRED = -1;
    SO_PASSSEC = -1;
    SO_PASSPIDFD = -1;
    SO_PASSRIGHTS = -1;
    SO_PEERCRED = -1;
    SO_PEERSEC = -1;
    SO_PEERGROUPS = -1;
    SO_SNDBUFFORCE = -1;
    SO_RCVBUFFORCE = -1;
    SO_BUF_LOCK = -1;
    SO_NO_CHECK = -1;
    SO_TIMESTAMPNS = -1;
    SO_TIMESTAMPING = -1;
    SO_RXQ_OVFL = -1;
    SO_RCVMARK = -1;
    SO_RCVPRIORITY = -1;
    SO_WIFI_STATUS = -1;
    SO_PEEK_OFF = -1;
    SO_NOFCS = -1;
    SO_SELECT_ERR_QUEUE = -1;
    SO_BUSY_POLL = -1;
    SO_PREFER_BUSY_POLL = -1;
    SO_BUSY_POLL_BUDGET = -1;
    SO_MAX_PACING_RATE = -1;
    SO_INCOMING_CPU = -1;
    SO_INCOMING_NAPI_ID = -1;
    SO_MEMINFO = -1;
    SO_RESERVE_MEM = -1;
    SO_COOKIE = -1;
    SO_NETNS_COOKIE = -1;
    SO_ZEROCOPY = -1;
    SO_TXTIME = -1;
    SO_TXREHASH = -1;
    SO_CNX_ADVICE = -1;
    SO_ATTACH_FILTER = -1;
    SO_ATTACH_BPF = -1;
    SO_DETACH_FILTER = -1;
    SO_LOCK_FILTER = -1;
    SO_ATTACH_REUSEPORT_CBPF = -1;
    SO_ATTACH_REUSEPORT_EBPF = -1;
    SO_DETACH_REUSEPORT_BPF = -1;
    SO_BPF_EXTENSIONS = -1;
    IP_PKTINFO = -1;
    IP_RECVORIGDSTADDR = -1;
    IP_RECVFRAGSIZE = -1;
    IP_CHECKSUM = -1;
    IP_PASSSEC = -1;
    IP_RECVERR = -1;
    IP_ADD_SOURCE_MEMBERSHIP = -1;
    IP_DROP_SOURCE_MEMBERSHIP = -1;
    IP_BLOCK_SOURCE = -1;
    IP_UNBLOCK_SOURCE = -1;
    IP_MSFILTER = -1;
    IP_MULTICAST_ALL = -1;
    IP_UNICAST_IF = -1;
    IP_FREEBIND = -1;
    IP_TRANSPARENT = -1;
    IP_BIND_ADDRESS_NO_PORT = -1;
    IP_LOCAL_PORT_RANGE = -1;
    IP_MTU_DISCOVER = -1;
    IP_MTU = -1;
    IP_MINTTL = -1;
    IP_NODEFRAG = -1;
    IP_ROUTER_ALERT = -1;
    IP_XFRM_POLICY = -1;
    SO_ORIGINAL_DST = -1;
    IPV6_RECVERR = -1;
    IPV6_RECVORIGDSTADDR = -1;
    IPV6_RECVFRAGSIZE = -1;
    IPV6_MULTICAST_ALL = -1;
    IPV6_UNICAST_IF = -1;
    IPV6_JOIN_ANYCAST = -1;
    IPV6_LEAVE_ANYCAST = -1;
    IPV6_FREEBIND = -1;
    IPV6_TRANSPARENT = -1;
    IPV6_MTU_DISCOVER = -1;
    IPV6_MTU = -1;
    IPV6_MINHOPCOUNT = -1;
    IPV6_ADDR_PREFERENCES = -1;
    IPV6_AUTOFLOWLABEL = -1;
    IPV6_FLOWINFO_SEND = -1;
    IPV6_FLOWINFO = -1;
    IPV6_FLOWLABEL_MGR = -1;
    IPV6_HDRINCL = -1;
    IPV6_ROUTER_ALERT = -1;
    IPV6_ROUTER_ALERT_ISOLATE = -1;
    IPV6_ADDRFORM = -1;
    IPV6_XFRM_POLICY = -1;
    IP6T_SO_ORIGINAL_DST = -1;
    TCP_CORK = -1;
    TCP_USER_TIMEOUT = -1;
    TCP_DEFER_ACCEPT = -1;
    TCP_QUICKACK = -1;
    TCP_SYNCNT = -1;
    TCP_CONGESTION = -1;
    TCP_CC_INFO = -1;
    TCP_INFO = -1;
    TCP_LINGER2 = -1;
    TCP_WINDOW_CLAMP = -1;
    TCP_NOTSENT_LOWAT = -1;
    TCP_INQ = -1;
    TCP_FASTOPEN_CONNECT = -1;
    TCP_FASTOPEN_KEY = -1;
    TCP_FASTOPEN_NO_COOKIE = -1;
    TCP_MD5SIG = -1;
    TCP_MD5SIG_EXT = -1;
    TCP_REPAIR = -1;
    TCP_REPAIR_QUEUE = -1;
    TCP_QUEUE_SEQ = -1;
    TCP_REPAIR_OPTIONS = -1;
    TCP_REPAIR_WINDOW = -1;
    TCP_SAVE_SYN = -1;
    TCP_SAVED_SYN = -1;
    TCP_THIN_DUPACK = -1;
    TCP_THIN_LINEAR_TIMEOUTS = -1;
    TCP_TIMESTAMP = -1;
    TCP_TX_DELAY = -1;
    TCP_ULP = -1;
    UDP_CORK = -1;
    UDP_ENCAP = -1;
    UDP_NO_CHECK6_TX = -1;
    UDP_NO_CHECK6_RX = -1;
    UDP_SEGMENT = -1;
    UDP_GRO = -1;
    UDPLITE_SEND_CSCOV = -1;
    UDPLITE_RECV_CSCOV = -1;
    IP_PMTUDISC_DONT = -1;
    IP_PMTUDISC_WANT = -1;
    IP_PMTUDISC_DO = -1;
    IP_PMTUDISC_PROBE = -1;
    IP_PMTUDISC_INTERFACE = -1;
    IP_PMTUDISC_OMIT = -1;
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

// Apple has one name for it; the BSDs have Linux'. The bits of a kind never reach the system: any will do.
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
    IPV6_CHECKSUM = -1;
    IPV6_HOPLIMIT = -1;
    IPV6_RECVHOPLIMIT = -1;
    IP_RECVTOS = -1;
    IP_RECVTTL = -1;
    AI_ALL = 0;
    AI_V4MAPPED = 0;
}

#[cfg(target_os = "openbsd")]
lacking! {
    IPPROTO_SCTP = -1;
    TCP_FASTOPEN = -1;
    TCP_KEEPCNT = -1;
    TCP_KEEPIDLE = -1;
    TCP_KEEPINTVL = -1;
}
