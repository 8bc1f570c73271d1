//! What a [`Socket`] is and where: addresses, family, kind, and how it prints.

use std::{
    fmt,
    os::fd::{AsRawFd, RawFd},
};

use socket2::SockRef;

use super::{Address, Family, Kind, Protocol, Socket};
use crate::{
    error::{Error, Result},
    sys,
};

impl Socket {
    /// This end's address: `getsockname(2)`.
    ///
    /// Python: `socket.getsockname`. In `std::net`: `local_addr`.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// let server = sockeye::socket::create_server("127.0.0.1:0")?;
    /// assert!(server.getsockname()?.to_string().starts_with("127.0.0.1:"));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "local_addr")]
    pub fn getsockname(&self) -> Result<Address> {
        let address = SockRef::from(&self.descriptor()?).local_addr();
        Ok(Address::from_sock_addr(address.map_err(|error| Error::from(error).context("getsockname"))?))
    }

    /// The other end's address: `getpeername(2)`.
    ///
    /// Python: `socket.getpeername`. In `std::net`: `peer_addr`.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](crate::ErrorKind::NotConnected).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let client = create_connection(server.getsockname()?, None)?;
    /// assert_eq!(client.getpeername()?, server.getsockname()?);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "peer_addr")]
    pub fn getpeername(&self) -> Result<Address> {
        let address = SockRef::from(&self.descriptor()?).peer_addr();
        Ok(Address::from_sock_addr(address.map_err(|error| Error::from(error).context("getpeername"))?))
    }

    /// The descriptor's number, -1 once it is closed.
    ///
    /// It may be non-blocking (O_NONBLOCK) although the socket blocks, as an accepted connection's is: [`detach`]
    /// gives a descriptor away as the mode says.
    ///
    /// [`detach`]: Self::detach
    ///
    /// Python: `socket.fileno`. In `std::net`: `as_raw_fd`.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut server = sockeye::socket::create_server("127.0.0.1:0")?;
    /// assert!(server.fileno() > 2);
    /// server.close();
    /// assert_eq!(server.fileno(), -1);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn fileno(&self) -> RawFd {
        self.fd.as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }

    /// The family that the socket was made with.
    ///
    /// Python: `socket.family`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, create_server};
    /// assert_eq!(create_server("127.0.0.1:0")?.family(), AF_INET);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// The kind that the socket was made with: SO_TYPE.
    ///
    /// Python: `socket.type`.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{SOCK_STREAM, create_server};
    /// assert_eq!(create_server("127.0.0.1:0")?.kind()?, SOCK_STREAM);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "type")]
    pub fn kind(&self) -> Result<Kind> {
        let fd = self.descriptor()?;
        if let Some(&known) = self.kind.get() {
            return Ok(known);
        }
        let kind = Kind::raw(SockRef::from(&fd).r#type()?.into());
        Ok(*self.kind.get_or_init(|| kind))
    }

    /// The protocol that the socket was made with: SO_PROTOCOL, or for packets of Linux (`AF_PACKET`) what
    /// `getsockname(2)` says, in the order of bytes in which it was given. Where the system has neither, it is the
    /// default.
    ///
    /// Python: `socket.proto`.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, IPPROTO_TCP, Protocol, SOCK_STREAM, Socket};
    /// let protocol = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP)?.protocol()?;
    /// assert!(protocol == IPPROTO_TCP || protocol == Protocol::default());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "proto")]
    pub fn protocol(&self) -> Result<Protocol> {
        Ok(Protocol::raw(sys::protocol_of(self.descriptor()?)?))
    }
}

/// Whether programs that this one starts get the descriptor.
impl Socket {
    /// Whether a program that this one starts gets the descriptor: never, unless
    /// [`set_inheritable`](Self::set_inheritable) says so.
    ///
    /// Python: `socket.get_inheritable`.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!sockeye::socket::create_server("127.0.0.1:0")?.get_inheritable()?);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "cloexec")]
    pub fn get_inheritable(&self) -> Result<bool> {
        Ok(!sys::closes_on_exec(self.descriptor()?)?)
    }

    /// Lets the programs that are started from now on have the descriptor, or not: FD_CLOEXEC.
    ///
    /// Every thread's programs get it: to hand it to a single one, give that one a clone as its standard input.
    ///
    /// Python: `socket.set_inheritable`.
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// let server = sockeye::socket::create_server("127.0.0.1:0")?;
    /// server.set_inheritable(true)?;
    /// assert!(server.get_inheritable()?);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "set_cloexec")]
    pub fn set_inheritable(&self, inheritable: bool) -> Result<()> {
        Ok(SockRef::from(&self.descriptor()?).set_cloexec(!inheritable)?)
    }
}

/// As Python prints it: descriptor, family, type, protocol and addresses.
impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Socket fd={}, family={:?}", self.fileno(), self.family)?;
        if self.fd.is_none() {
            return f.write_str(" [closed]>");
        }
        if let (Ok(kind), Ok(protocol)) = (self.kind(), self.protocol()) {
            write!(f, ", type={kind:?}, proto={}", protocol.number())?;
        }
        if let Ok(address) = self.getsockname() {
            write!(f, ", laddr={address}")?;
        }
        if let Ok(address) = self.getpeername() {
            write!(f, ", raddr={address}")?;
        }
        f.write_str(">")
    }
}
