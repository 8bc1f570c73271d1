//! Berkeley sockets: Python's `socket`.
//!
//! - [`Socket`]: one descriptor, with Python's three modes: blocking, non-blocking, timed.
//! - [`Address`], and [`ToAddress`] for everything that names one.
//! - Messages: [`Socket::sendmsg`] and [`Socket::recvmsg`] with [`Ancillary`] data of typed kinds;
//!   [`Socket::send_fds`] and [`Socket::recv_fds`]; many datagrams at once by [`DatagramBatch`];
//!   [`Socket::sendfile`]; lines by [`Socket::makefile`].
//! - [`create_connection`] and [`create_server`]: the usual steps in one call; [`ConnectOptions`] and
//!   [`ListenOptions`] say more.
//! - Names: [`getaddrinfo`], [`gethostbyname`], [`getservbyname`], [`getprotobyname`]; [`Resolver`] ends look-ups in
//!   time.
//! - The constants under their C names: [`AF_INET`], [`SOCK_STREAM`], [`IPPROTO_TCP`], [`MSG_PEEK`].
//! - Options: [`Socket::setsockopt`] and [`Socket::getsockopt`], with the options of [`SOL_SOCKET`],
//!   [`IPPROTO_IP`], [`IPPROTO_IPV6`] and [`IPPROTO_TCP`], each with the type of its value.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//! use sockeye::socket::{create_connection, create_server};
//!
//! # fn main() -> sockeye::Result<()> {
//! let server = create_server(("127.0.0.1", 0))?;
//! let client = create_connection(server.getsockname()?, Duration::from_secs(5))?;
//! let (conn, _peer) = server.accept()?;
//! client.sendall(b"hello")?;
//! let mut buf = [0; 64];
//! let n = conn.recv(&mut buf)?;
//! assert_eq!(&buf[..n], b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! # What isn't there
//!
//! Of Python's `socket`, on Linux:
//!
//! | Python | why not, or what instead |
//! |---|---|
//! | `fromfd`, `dup`, `close(fd)` | `From<OwnedFd>`, [`Socket::try_clone`], dropping an `OwnedFd`: descriptors have owners here |
//! | `recv(n)`, `recvfrom(n)` with a new buffer | [`Socket::recv`] and [`Socket::recvfrom`] fill the caller's: `recv_into`, `recvfrom_into` |
//! | `share`, `fromshare`, `ioctl`, `SIO_…`, `RCVALL_…`, `SO_EXCLUSIVEADDRUSE` | Windows |
//! | `timeout`, `gaierror`, `herror`, `EAGAIN`, `EBADF`, `EWOULDBLOCK` | [`Error`](crate::Error) and its [`ErrorKind`](crate::ErrorKind) |
//! | `SocketType`, `SocketIO`, `AddressFamily`, `SocketKind`, `MsgFlag`, `AddressInfo` | [`Socket`], [`SocketFile`], and the types of the constants: [`Family`], [`Kind`], [`MsgFlags`], [`AiFlags`] |
//! | `CAPI` | for Python's modules in C |
//! | `SHUT_…` | the same: constants of std's [`Shutdown`] |
//! | `SCM_…` | the kinds of [`Ancillary`] |
//! | `PF_…` | `AF_…`: the numbers are the same |
//! | `NI_MAXHOST`, `NI_MAXSERV` | sizes of buffers that nobody has to make |
//! | `NI_IDN` | turns `xn--…` into text of the locale's coding, which need not be UTF-8; [`NiFlags::raw`] reaches it |
//! | `IP_RECVRETOPTS` | [`IP_RETOPTS`]: the number is the same |
//! | `IPV6_RTHDR_TYPE_0` | RFC 5095 forbids that kind of route |
//! | `TCP_ZEROCOPY_RECEIVE` | its value holds addresses of memory that the kernel writes to |
//! | `sendmsg_afalg`, `ALG_…` | the kernel's ciphers: crates do that |
//! | `IOCTL_VM_SOCKETS_GET_LOCAL_CID` | a request to `ioctl` on `/dev/vsock`, which is no socket |
//! | `VM_SOCKETS_INVALID_VERSION` | an answer of another such request |
//! | the 24 older `AF_…`; `CAN_…`, `J1939_…`, `SO_J1939_…`, `TIPC_…`, `NETLINK_…`, `PACKET_…`, `ETHERTYPE_…`, `ETH_P_ALL`, `VMADDR_…`, `SO_VM_…`; Bluetooth's `BTPROTO_…`, `BDADDR_…`, `HCI_…`, `SOL_HCI` | few use them: [`Family::raw`], [`Protocol::raw`], [`Level::raw`], [`SockOpt::raw`] and [`Address::from_raw`] reach them |
//!
//! Of Linux' options: `SO_PEERNAME` ([`Socket::getpeername`]), `SO_PEERPIDFD` (gives a descriptor that needs an
//! owner), `SO_GET_FILTER` (counts in instructions, not in bytes), `SO_DEVMEM_…` (memory of devices),
//! `SO_BSDCOMPAT` and `SO_SECURITY_…` (do nothing), `IP_PKTOPTIONS` and `IPV6_2292…` (old forms of what
//! [`Socket::recvmsg`] gives), `TCP_COOKIE_TRANSACTIONS` (gone), the `MCAST_…` twins of the options of groups.

mod address;
mod ancillary;
mod batch;
mod buffer;
mod connect;
mod connect_options;
mod constants;
mod create;
mod database;
mod dialler;
mod dialling;
mod eai;
mod extended_error;
mod facts;
mod fds;
mod file;
mod flags;
mod groups;
mod handle;
mod helpers;
mod hints;
mod hosts;
mod inet;
mod interfaces;
mod io;
mod kernel;
mod line;
mod listen_options;
mod message;
mod mode;
mod names;
mod numbers;
mod option;
mod options;
mod options_ip;
mod options_tcp;
mod overdue;
mod patience;
mod protocol;
mod race;
mod resolve;
mod resolver;
mod schedule;
mod sendfile;
mod target;
mod tcp_info;
mod transfer;
mod values;
mod whole;

pub use address::Address;
pub use ancillary::{Ancillary, OutgoingAncillary, PacketInfo, Timestamps};
pub use batch::{BatchDatagram, DatagramBatch};
pub use connect_options::ConnectOptions;
pub use constants::*;
pub use create::{create_connection, create_server, socketpair};
pub use database::{getprotobyname, getservbyname, getservbyport};
pub use eai::*;
pub use extended_error::{ErrorOrigin, ExtendedError};
pub use file::{FileLines, SocketFile};
pub use flags::*;
pub use groups::{GroupV4, GroupV6, InterfaceV4, SourceV4};
pub use handle::Socket;
pub use hosts::{
    HostEntry, getfqdn, gethostbyaddr, gethostbyname, gethostbyname_ex, gethostname, getnameinfo, sethostname,
};
pub use inet::{htonl, htons, inet_aton, inet_ntoa, inet_ntop, inet_pton, ntohl, ntohs};
pub use interfaces::{if_indextoname, if_nameindex, if_nametoindex};
pub use kernel::{Credentials, Descriptor, Filter, Numbers, TxTime};
pub use listen_options::{ListenOptions, has_dualstack_ipv6, has_ipv6};
pub use message::{CMSG_LEN, CMSG_SPACE, ReceivedMessage};
pub use mode::{getdefaulttimeout, setdefaulttimeout};
pub use names::{AddrInfo, Hints, Port, getaddrinfo};
pub use option::{Readable, Settable, SockOpt};
pub use options::*;
pub use options_ip::*;
pub use options_tcp::*;
pub use protocol::*;
pub use resolver::Resolver;
pub use target::ToAddress;
pub use tcp_info::TcpInfo;
pub use values::{BigEndian, Bytes, Linger, Nothing, ReadOnly, Text, Timeval, WriteOnly};

pub(crate) use buffer::Buffer;
pub(crate) use connect::errno_of;
pub(crate) use dialler::{Dialler, Known, Prepare, dial_path};
pub(crate) use dialling::{Begun, Dialling, LookUp, Next};
pub(crate) use io::write_by_send;
pub(crate) use line::{LINE_LIMIT, LineEnd};
pub(crate) use resolve::Bounds;
pub(crate) use sendfile::is_refusal;
pub(crate) use transfer::doing;

#[cfg(feature = "tls")]
pub(crate) use target::host_of;

use mode::{Limit, Mode};
use resolve::{resolve, resolve_one};
use target::Target;

#[cfg(test)]
mod tests;
