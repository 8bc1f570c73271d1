//! Berkeley sockets: Python's `socket`.
//!
//! - [`Socket`]: one descriptor, with Python's three modes: blocking, non-blocking, timed.
//! - [`Address`], and [`ToAddress`] for everything that names one.
//! - [`create_connection`] and [`create_server`]: the usual steps in one call.
//! - Names: [`getaddrinfo`], [`gethostbyname`], [`getservbyname`], [`getprotobyname`].
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

mod address;
mod connect;
mod constants;
mod create;
mod database;
mod facts;
mod flags;
mod handle;
mod io;
mod mode;
mod names;
mod numbers;
mod option;
mod options;
mod patience;
mod protocol;
mod resolve;
mod resolver;
mod target;
mod transfer;

pub use address::Address;
pub use constants::*;
pub use create::{create_connection, create_server, socketpair};
pub use database::{getprotobyname, getservbyname, getservbyport};
pub use flags::*;
pub use handle::Socket;
pub use mode::{getdefaulttimeout, setdefaulttimeout};
pub use names::{
    AddrInfo, Hints, Port, getaddrinfo, gethostbyname, gethostbyname_ex, gethostname, htonl, htons, ntohl,
    ntohs,
};
pub use option::{Bytes, GroupV4, GroupV6, Linger, ReadOnly, Readable, Settable, SockOpt, Text, Timeval};
pub use options::*;
pub use protocol::*;
pub use target::ToAddress;

pub(crate) use connect::errno_of;
pub(crate) use create::{connect_to, dial};
pub(crate) use io::write_by_send;

use handle::Flag;
use mode::{Limit, Mode};
use resolve::{Bounds, resolve, resolve_one};
use target::Target;

#[cfg(test)]
mod tests;
