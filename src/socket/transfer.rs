//! Bytes in and out of a [`Socket`].

use socket2::SockRef;

use super::{Address, Limit, MsgFlags, Shutdown, Socket, ToAddress, resolve_one};
use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    sys::{self, Interest},
};

impl Socket {
    /// Receives what is there, at most a buffer full, and says how much: `recv(2)`.
    ///
    /// Waits for the first byte as the [mode](Self#modes) allows. `Ok(0)` is the end of data on a stream; on
    /// a datagram socket it is an empty datagram.
    ///
    /// Python: `socket.recv_into`, and `socket.recv`, which makes a new buffer. In `std::net`: `Read::read`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](ErrorKind::TimedOut), [`WouldBlock`](ErrorKind::WouldBlock),
    /// [`Cancelled`](ErrorKind::Cancelled); [`ConnectionReset`](ErrorKind::ConnectionReset) by the peer.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let client = create_connection(server.getsockname()?, None)?;
    /// server.accept()?.0.sendall(b"hello")?;
    /// let mut buf = [0; 64];
    /// assert_eq!(client.recv(&mut buf)?, 5);
    /// assert_eq!(client.recv(&mut buf)?, 0);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "recv_into")]
    pub fn recv(&self, buf: &mut [u8]) -> Result<usize> {
        self.receive(buf, MsgFlags::default(), self.mode.limit()).map_err(|error| doing("recv", error))
    }

    /// [`recv`](Self::recv) with flags; [`MSG_DONTWAIT`](super::MSG_DONTWAIT) never waits, in any mode.
    ///
    /// Python: `socket.recv(n, flags)`, which waits for the timeout in spite of `MSG_DONTWAIT`.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{MSG_PEEK, create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let client = create_connection(server.getsockname()?, None)?;
    /// server.accept()?.0.sendall(b"hello")?;
    /// let mut buf = [0; 64];
    /// assert_eq!(client.recv_with_flags(&mut buf, MSG_PEEK)?, 5);
    /// assert_eq!(client.recv(&mut buf)?, 5);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn recv_with_flags(&self, buf: &mut [u8], flags: MsgFlags) -> Result<usize> {
        let limit = self.limit_with(flags);
        self.receive(buf, flags, limit).map_err(|error| doing("recv", error))
    }

    /// Receives a datagram and its sender's address: `recvfrom(2)`.
    ///
    /// What doesn't fit into the buffer is lost.
    ///
    /// Python: `socket.recvfrom_into`, `socket.recvfrom`. In `std::net`: `recv_from`.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, SOCK_DGRAM, Socket};
    /// let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// udp.bind("127.0.0.1:0")?;
    /// udp.sendto(b"to myself", udp.getsockname()?)?;
    /// let mut buf = [0; 64];
    /// let (n, from) = udp.recvfrom(&mut buf)?;
    /// assert_eq!((&buf[..n], from), (&b"to myself"[..], udp.getsockname()?));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "recv_from")]
    pub fn recvfrom(&self, buf: &mut [u8]) -> Result<(usize, Address)> {
        self.recvfrom_with_flags(buf, MsgFlags::default())
    }

    /// [`recvfrom`](Self::recvfrom) with flags.
    ///
    /// Python: `socket.recvfrom(n, flags)`.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, MSG_PEEK, SOCK_DGRAM, Socket};
    /// let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// udp.bind("127.0.0.1:0")?;
    /// udp.sendto(b"x", udp.getsockname()?)?;
    /// assert_eq!(udp.recvfrom_with_flags(&mut [0; 8], MSG_PEEK)?.0, 1);
    /// assert_eq!(udp.recv(&mut [0; 8])?, 1);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn recvfrom_with_flags(&self, buf: &mut [u8], flags: MsgFlags) -> Result<(usize, Address)> {
        let limit = self.limit_with(flags);
        let all = flags.number() | limit.flags();
        self.attempt(Interest::Read, limit, |fd| sys::recvfrom(fd, buf, all))
            .map(|(n, from)| (n, Address::from_sock_addr(from)))
            .map_err(|error| doing("recvfrom", error))
    }

    /// Sends as much as the system takes, and says how much: `send(2)`. See [`sendall`](Self::sendall).
    ///
    /// Python: `socket.send`. In `std::net`: `Write::write`.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); [`BrokenPipe`](ErrorKind::BrokenPipe) once the peer has closed (SIGPIPE is
    /// never raised).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let client = create_connection(server.getsockname()?, None)?;
    /// assert_eq!(client.send(b"hello")?, 5);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn send(&self, data: &[u8]) -> Result<usize> {
        self.transmit(data, MsgFlags::default(), self.mode.limit()).map_err(|error| doing("send", error))
    }

    /// [`send`](Self::send) with flags.
    ///
    /// Python: `socket.send(data, flags)`.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{MSG_DONTWAIT, create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let client = create_connection(server.getsockname()?, None)?;
    /// assert_eq!(client.send_with_flags(b"hello", MSG_DONTWAIT)?, 5);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn send_with_flags(&self, data: &[u8], flags: MsgFlags) -> Result<usize> {
        let limit = self.limit_with(flags);
        self.transmit(data, flags, limit).map_err(|error| doing("send", error))
    }

    /// Sends all of it. The timeout covers the whole, however many system calls it takes.
    ///
    /// Python: `socket.sendall`. In `std::net`: `Write::write_all`.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); [`Error::sent`] tells how many bytes went out before.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::socket::{create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let client = create_connection(server.getsockname()?, Duration::from_millis(1))?;
    /// let error = client.sendall(&vec![0; 1 << 26]).unwrap_err(); // nobody reads
    /// assert!(error.is_timeout());
    /// assert!(error.sent() > Some(0));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn sendall(&self, data: &[u8]) -> Result<()> {
        self.sendall_with_flags(data, MsgFlags::default())
    }

    /// [`sendall`](Self::sendall) with flags.
    ///
    /// Python: `socket.sendall(data, flags)`.
    ///
    /// # Errors
    ///
    /// As [`sendall`](Self::sendall).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{MSG_MORE, create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let client = create_connection(server.getsockname()?, None)?;
    /// client.sendall_with_flags(b"head", MSG_MORE)?;
    /// client.sendall(b"body")?;
    /// let mut buf = [0; 8];
    /// std::io::Read::read_exact(&mut server.accept()?.0, &mut buf)?;
    /// assert_eq!(&buf, b"headbody");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn sendall_with_flags(&self, data: &[u8], flags: MsgFlags) -> Result<()> {
        let limit = self.limit_with(flags);
        self.transmit_all(data, flags, limit).map_err(|error| error.context("sendall"))
    }

    /// Sends one datagram: `sendto(2)`. A name is looked up each time.
    ///
    /// Python: `socket.sendto`. In `std::net`: `send_to`.
    ///
    /// # Errors
    ///
    /// [`UnknownHost`](ErrorKind::UnknownHost); [`PermissionDenied`](ErrorKind::PermissionDenied) for a
    /// broadcast without `SO_BROADCAST`; as [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, socket::{AF_INET, SOCK_DGRAM, Socket}};
    /// let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// let error = udp.sendto(b"who is there?", ("<broadcast>", 2233)).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    /// assert!(error.to_string().contains("SO_BROADCAST"));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "send_to")]
    pub fn sendto(&self, data: &[u8], to: impl ToAddress) -> Result<usize> {
        self.sendto_with_flags(data, MsgFlags::default(), to)
    }

    /// [`sendto`](Self::sendto) with flags.
    ///
    /// Python: `socket.sendto(data, flags, address)`.
    ///
    /// # Errors
    ///
    /// As [`sendto`](Self::sendto).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, MSG_DONTROUTE, SOCK_DGRAM, Socket};
    /// let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// udp.bind("127.0.0.1:0")?;
    /// assert_eq!(udp.sendto_with_flags(b"x", MSG_DONTROUTE, udp.getsockname()?)?, 1);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn sendto_with_flags(&self, data: &[u8], flags: MsgFlags, to: impl ToAddress) -> Result<usize> {
        let limit = self.limit_with(flags).start();
        let address = resolve_one(to.target()?, self.family(), self.bounds(limit).borrow())?;
        let (all, to) = (flags.number() | limit.flags(), address.to_sock_addr());
        self.attempt(Interest::Write, limit, |fd| sys::sendto(fd, data, &to, all))
            .map_err(|error| refused_datagram(error, &address))
    }

    /// Ends one direction, or both: `shutdown(2)`. The descriptor stays open.
    ///
    /// Python: `socket.shutdown`. In `std::net`: the same.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](ErrorKind::NotConnected).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{Shutdown, create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let client = create_connection(server.getsockname()?, None)?;
    /// client.shutdown(Shutdown::Write)?;
    /// assert_eq!(server.accept()?.0.recv(&mut [0; 8])?, 0);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> Result<()> {
        let outcome = SockRef::from(&self.descriptor()?).shutdown(how.into());
        outcome.map_err(|error| Error::from(error).context("shutdown"))
    }

    /// [`recv`](Self::recv) until a deadline, whatever the mode.
    pub(crate) fn recv_by(&self, buf: &mut [u8], deadline: Deadline) -> Result<usize> {
        self.receive(buf, MsgFlags::default(), Limit::By(deadline))
    }

    /// [`send`](Self::send) until a deadline, whatever the mode.
    pub(crate) fn send_by(&self, data: &[u8], deadline: Deadline) -> Result<usize> {
        self.transmit(data, MsgFlags::default(), Limit::By(deadline))
    }

    /// [`sendall`](Self::sendall) until a deadline, whatever the mode.
    pub(crate) fn sendall_by(&self, data: &[u8], deadline: Deadline) -> Result<()> {
        self.transmit_all(data, MsgFlags::default(), Limit::By(deadline))
    }

    /// One `recv(2)` that never waits and looks at no token; `WouldBlock` takes no allocation.
    pub(crate) fn try_recv(&self, buf: &mut [u8]) -> Result<usize> {
        sys::recv(self.descriptor()?, buf, sys::c::MSG_DONTWAIT)
    }

    /// One `send(2)` that never waits and looks at no token.
    pub(crate) fn try_send(&self, data: &[u8]) -> Result<usize> {
        sys::send(self.descriptor()?, data, sys::c::MSG_DONTWAIT)
    }

    fn limit_with(&self, flags: MsgFlags) -> Limit {
        if flags.contains(super::MSG_DONTWAIT) { Limit::Now } else { self.mode.limit() }
    }

    fn receive(&self, buf: &mut [u8], flags: MsgFlags, limit: Limit) -> Result<usize> {
        if let Some(deadline) = self.patience(limit) {
            if let Some(n) = self.recv_patiently(buf, deadline)? {
                return Ok(n);
            }
        }
        let all = flags.number() | limit.flags();
        self.attempt(Interest::Read, limit, |fd| sys::recv(fd, buf, all))
    }

    fn transmit(&self, data: &[u8], flags: MsgFlags, limit: Limit) -> Result<usize> {
        let all = flags.number() | limit.flags();
        self.attempt(Interest::Write, limit, |fd| sys::send(fd, data, all))
    }

    fn transmit_all(&self, data: &[u8], flags: MsgFlags, limit: Limit) -> Result<()> {
        let limit = limit.start();
        let mut sent = 0;
        while sent < data.len() {
            match self.transmit(&data[sent..], flags, limit) {
                Ok(n) => sent += n,
                Err(error) => return Err(error.after_sending(sent)),
            }
        }
        Ok(())
    }
}

/// What was being done; but `WouldBlock` stays bare, as it is on hot paths.
fn doing(operation: &'static str, error: Error) -> Error {
    if error.kind() == ErrorKind::WouldBlock { error } else { error.context(operation) }
}

fn refused_datagram(error: Error, to: &Address) -> Error {
    match error.kind() {
        ErrorKind::WouldBlock => error,
        ErrorKind::PermissionDenied if to.may_be_broadcast() => error
            .context(format!("sendto {to} (a broadcast needs setsockopt(SOL_SOCKET, SO_BROADCAST, true))")),
        _ => error.context(format!("sendto {to}")),
    }
}
