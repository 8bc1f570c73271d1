//! The options of [`IPPROTO_IP`](super::IPPROTO_IP) and [`IPPROTO_IPV6`](super::IPPROTO_IPV6); see `options`.

use super::{
    Address, BigEndian, Bytes, GroupV4, GroupV6, InterfaceV4, PathMtu, ReadOnly, SockOpt, SourceV4,
    WriteOnly, level, options::options,
};
use crate::sys::c;

options! { Ip:
    /// How many routers a packet may pass.
    IP_TTL: i32,
    /// The type of service.
    IP_TOS: i32,
    /// Packets are sent with a head that the program wrote; for raw sockets.
    IP_HDRINCL: bool,
    /// Joins a group: its address, and the interface's address or number.
    IP_ADD_MEMBERSHIP: GroupV4,
    /// Leaves a group.
    IP_DROP_MEMBERSHIP: GroupV4,
    /// The interface for what is sent to groups.
    IP_MULTICAST_IF: InterfaceV4,
    /// How many routers a packet to a group may pass.
    IP_MULTICAST_TTL: i32,
    /// Whether this machine gets what it sends to a group.
    IP_MULTICAST_LOOP: bool,
    /// Options in each packet's head, as bytes.
    IP_OPTIONS: Bytes,
    /// Reports the options of what arrives, with `recvmsg`.
    IP_RECVOPTS: bool,
    /// Reports them ready to be sent back, with `recvmsg`.
    #[doc(alias = "IP_RECVRETOPTS")]
    IP_RETOPTS: bool,
    /// Reports the type of service of what arrives, with `recvmsg`.
    IP_RECVTOS: bool,
    /// Reports how many routers what arrives may still have passed, with `recvmsg`.
    IP_RECVTTL: bool,
}

options! { Ip:
    /// Reports where a message was meant for, and by which interface it came, with `recvmsg`.
    IP_PKTINFO: bool,
    /// Reports where a message was meant for before the firewall changed that, with `recvmsg`.
    IP_RECVORIGDSTADDR: bool,
    /// Reports the size of the largest part of a message that came cut up, with `recvmsg`.
    IP_RECVFRAGSIZE: bool,
    /// Reports the checksum of what arrives, with `recvmsg`.
    IP_CHECKSUM: bool,
    /// Reports the security label of what arrives, with `recvmsg`.
    IP_PASSSEC: bool,
    /// Queues the network's errors for [`MSG_ERRQUEUE`](super::MSG_ERRQUEUE). While the queue holds one, a call that
    /// has to wait for data takes a millisecond more: poll(2) reports errors only.
    IP_RECVERR: bool,
    /// Joins a group for one sender: group, interface, sender.
    IP_ADD_SOURCE_MEMBERSHIP: SourceV4,
    /// Leaves it.
    IP_DROP_SOURCE_MEMBERSHIP: SourceV4,
    /// Takes nothing of that sender from a group that was joined.
    IP_BLOCK_SOURCE: SourceV4,
    /// Takes it again.
    IP_UNBLOCK_SOURCE: SourceV4,
    /// The senders of a group that are taken, or aren't: `struct ip_msfilter`.
    IP_MSFILTER: WriteOnly<Bytes>,
    /// Takes what any program of this machine joined, or only what this socket did.
    IP_MULTICAST_ALL: bool,
    /// The interface for what isn't sent to groups, by its number; 0 is the route's.
    IP_UNICAST_IF: BigEndian,
    /// Lets a server bind to an address that isn't there yet.
    IP_FREEBIND: bool,
    /// Lets a server take connections to other machines' addresses; needs a privilege.
    IP_TRANSPARENT: bool,
    /// A bind to port 0 leaves the choice of the port to `connect`, so that more connections fit.
    IP_BIND_ADDRESS_NO_PORT: bool,
    /// The ports that the system chooses from: the lowest in the low half, the highest above (Linux 6.3).
    IP_LOCAL_PORT_RANGE: u32,
    /// What happens to packets that are too large for the path.
    IP_MTU_DISCOVER: PathMtu,
    /// The largest packet of the path, once it is connected, in bytes.
    IP_MTU: ReadOnly<i32>,
    /// What passed more routers than this allows is dropped: 255 takes neighbours only.
    IP_MINTTL: i32,
    /// What arrives cut up is handed on as it is; for raw sockets.
    IP_NODEFRAG: bool,
    /// Takes packets that want every router's attention; for raw sockets.
    IP_ROUTER_ALERT: bool,
    /// The IPsec policy of this socket: `struct xfrm_userpolicy_info`; needs a privilege.
    IP_XFRM_POLICY: WriteOnly<Bytes>,
    /// Where a connection was meant for before the firewall redirected it here.
    SO_ORIGINAL_DST: ReadOnly<Address>,
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
    #[doc(alias = "IPV6_ADD_MEMBERSHIP")]
    IPV6_JOIN_GROUP: GroupV6,
    /// Leaves a group.
    #[doc(alias = "IPV6_DROP_MEMBERSHIP")]
    IPV6_LEAVE_GROUP: GroupV6,
    /// The traffic class.
    IPV6_TCLASS: i32,
    /// Where raw packets have their checksum, in bytes from their start; -1 is off.
    IPV6_CHECKSUM: i32,
    /// Packets aren't cut up: what is too large is an error.
    IPV6_DONTFRAG: bool,
    /// Reports where a message was meant for, and by which interface it came, with `recvmsg`.
    IPV6_RECVPKTINFO: bool,
    /// Reports how many routers what arrives may still have passed, with `recvmsg`.
    IPV6_RECVHOPLIMIT: bool,
    /// Reports the options for routers of what arrives, with `recvmsg`.
    IPV6_RECVHOPOPTS: bool,
    /// Reports the options for the destination of what arrives, with `recvmsg`.
    IPV6_RECVDSTOPTS: bool,
    /// Reports the route of what arrives, with `recvmsg`.
    IPV6_RECVRTHDR: bool,
    /// Reports the traffic class of what arrives, with `recvmsg`.
    IPV6_RECVTCLASS: bool,
    /// Reports when the path's largest packet changes, with `recvmsg`.
    IPV6_RECVPATHMTU: bool,
    /// The source address and the interface of what is sent; the type is also that of a control message.
    IPV6_PKTINFO: WriteOnly<GroupV6>,
    /// How many routers a packet may pass; as an option of a socket it is [`IPV6_UNICAST_HOPS`], this is the type
    /// of a control message.
    IPV6_HOPLIMIT: WriteOnly<i32>,
    /// Options for routers in each packet, as bytes; needs a privilege.
    IPV6_HOPOPTS: Bytes,
    /// Options for the destination in each packet, as bytes; needs a privilege.
    IPV6_DSTOPTS: Bytes,
    /// The route of each packet, as bytes.
    IPV6_RTHDR: Bytes,
    /// Options for the first destination of a route, as bytes; needs a privilege.
    IPV6_RTHDRDSTOPTS: Bytes,
    /// The first router, as `struct sockaddr_in6`; needs a privilege.
    IPV6_NEXTHOP: Bytes,
    /// The largest packet of the path, once it is connected: `struct ip6_mtuinfo`.
    IPV6_PATHMTU: ReadOnly<Bytes>,
}

options! { Ipv6:
    /// Queues the network's errors for [`MSG_ERRQUEUE`](super::MSG_ERRQUEUE).
    IPV6_RECVERR: bool,
    /// Reports where a message was meant for before the firewall changed that, with `recvmsg`.
    IPV6_RECVORIGDSTADDR: bool,
    /// Reports the size of the largest part of a message that came cut up, with `recvmsg`.
    IPV6_RECVFRAGSIZE: bool,
    /// Takes what any program of this machine joined, or only what this socket did.
    IPV6_MULTICAST_ALL: bool,
    /// The interface for what isn't sent to groups, by its number; 0 is the route's.
    IPV6_UNICAST_IF: BigEndian,
    /// Joins the machines that share an address: the address, and the interface's number; needs a privilege.
    IPV6_JOIN_ANYCAST: GroupV6,
    /// Leaves them.
    IPV6_LEAVE_ANYCAST: GroupV6,
    /// Lets a server bind to an address that isn't there yet.
    IPV6_FREEBIND: bool,
    /// Lets a server take connections to other machines' addresses; needs a privilege.
    IPV6_TRANSPARENT: bool,
    /// What happens to packets that are too large for the path.
    IPV6_MTU_DISCOVER: PathMtu,
    /// The largest packet that is sent, in bytes; what is read is the path's, once it is connected.
    IPV6_MTU: i32,
    /// What passed more routers than this allows is dropped: 255 takes neighbours only.
    IPV6_MINHOPCOUNT: i32,
    /// Which of this machine's addresses are preferred: RFC 5014's flags.
    IPV6_ADDR_PREFERENCES: i32,
    /// Gives each flow a label.
    IPV6_AUTOFLOWLABEL: bool,
    /// Sends with a label of the program's own: `sin6_flowinfo`.
    IPV6_FLOWINFO_SEND: bool,
    /// Reports the label of what arrives, with `recvmsg`.
    IPV6_FLOWINFO: bool,
    /// Leases a label: `struct in6_flowlabel_req`.
    IPV6_FLOWLABEL_MGR: WriteOnly<Bytes>,
    /// Packets are sent with a head that the program wrote; for raw sockets.
    IPV6_HDRINCL: bool,
    /// Takes packets that want every router's attention, by that option's value; for raw sockets.
    IPV6_ROUTER_ALERT: i32,
    /// Such packets of this network namespace alone.
    IPV6_ROUTER_ALERT_ISOLATE: bool,
    /// Turns the socket of an IPv4 peer (`::ffff:1.2.3.4`) into one of [`AF_INET`](super::AF_INET).
    IPV6_ADDRFORM: i32,
    /// The IPsec policy of this socket: `struct xfrm_userpolicy_info`; needs a privilege.
    IPV6_XFRM_POLICY: WriteOnly<Bytes>,
    /// Where a connection was meant for before the firewall redirected it here.
    IP6T_SO_ORIGINAL_DST: ReadOnly<Address>,
}
