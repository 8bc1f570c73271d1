//! Bytes in and out of a [`Socket`].

use std::os::fd::BorrowedFd;

use socket2::SockRef;

use super::{
    Address, Limit, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB, MSG_PEEK, MsgFlags, Shutdown, Socket, ToAddress,
    hints, mode::Word, resolve_one, whole::of_the_rest,
};
use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    sys::{self, Interest},
};

impl Socket {
    /// Receives what is there, at most a buffer full, and says how much: `recv(2)`.
    ///
    /// Waits for the first byte as the [mode](Self#modes) allows. `Ok(0)` is the end of data on a stream; on
    /// a datagram socket it is an empty datagram. Into an empty buffer nothing is received, without a call. A limit of the system's own ([`SO_RCVTIMEO`](super::SO_RCVTIMEO)) ends
    /// it with [`WouldBlock`](ErrorKind::WouldBlock) where the descriptor blocks.
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

    /// [`recv`](Self::recv) with flags.
    ///
    /// - [`MSG_DONTWAIT`] never waits, in any mode.
    /// - [`MSG_PEEK`](super::MSG_PEEK) leaves the data where it is.
    /// - [`MSG_WAITALL`](super::MSG_WAITALL) waits for the whole buffer on a stream, within the time limit. It gives
    ///   less at the end of data and at urgent data, and when something was received before the time is over, a token is
    ///   cancelled or the connection breaks off, which is the next call's error, through whichever descriptor. Where
    ///   the descriptor blocks, so do `SO_RCVTIMEO` and a signal. Together with `MSG_PEEK` only a descriptor that blocks
    ///   waits for more than the first bytes: not with a time limit or a cancel token, nor where there is a clone.
    /// - [`MSG_OOB`] takes the one byte of urgent data; without any it is
    ///   [`InvalidInput`](ErrorKind::InvalidInput).
    /// - [`MSG_ERRQUEUE`] takes an error that the network reported, see
    ///   [`recvmsg_with_flags`](Self::recvmsg_with_flags).
    /// - [`MSG_TRUNC`](super::MSG_TRUNC) throws data of a TCP stream away instead of writing it to the buffer, and
    ///   says how much. For a datagram it changes nothing here: the number is never larger than the buffer.
    ///   [`recvmsg_with_flags`](Self::recvmsg_with_flags) tells a datagram's full length.
    ///
    /// Python: `socket.recv(n, flags)`, which waits for the timeout in spite of `MSG_DONTWAIT`, doesn't wait for
    /// `MSG_WAITALL` when there is a timeout, and with `MSG_TRUNC` gives bytes that were never received.
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
    /// What doesn't fit into the buffer is lost; [`recvmsg`](Self::recvmsg) tells when that happened.
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

    /// [`recvfrom`](Self::recvfrom) with flags; see [`recv_with_flags`](Self::recv_with_flags). The address that
    /// comes with [`MSG_ERRQUEUE`] is the one that the datagram was sent to.
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
        let limit = self.limit_for_all(flags);
        let first = self.attempt_receiving(flags, limit, |fd, all| sys::recvfrom(fd, buf, all));
        let (n, from) = first.map_err(|error| doing("recvfrom", error))?;
        Ok((self.receive_rest(buf, n, flags, limit), Address::from_sock_addr(from)))
    }

    /// Sends as much as the system takes, and says how much: `send(2)`. In blocking mode that is all, but for an error
    /// on the way, which is the next call's then; where the descriptor blocks, `SO_SNDTIMEO` and a signal may end it as
    /// well. See [`sendall`](Self::sendall).
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
        self.send_with_flags(data, MsgFlags::default())
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
        let n = self.transmit(data, flags, limit).map_err(|error| doing("send", error))?;
        Ok(self.transmit_behind(n, data, flags, limit))
    }

    /// Sends all of it. The timeout covers the whole, however many system calls it takes. No data at all is one
    /// `send(2)` too: nothing on a stream, an empty datagram on a connected datagram socket.
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
        let outcome = if data.is_empty() {
            self.transmit(data, flags, limit).map(drop).map_err(|error| error.after_sending(0))
        } else {
            self.transmit_all(data, flags, limit)
        };
        outcome.map_err(|error| error.context("sendall"))
    }

    /// Sends one datagram: `sendto(2)`. A name is looked up each time, within the same time limit; in non-blocking
    /// mode the look-up takes its time, as in Python.
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
        let bounds = self.bounds(self.waiting(limit));
        let address = resolve_one(to.target()?, self.family(), bounds.borrow())?;
        let (all, to) = (flags.number() | limit.flags(), address.to_sock_addr());
        let n = self
            .attempt(Interest::Write, limit, |fd| sys::sendto(fd, data, &to, all))
            .map_err(|error| self.refused_datagram("sendto", error, &address))?;
        // A connection needs no address.
        Ok(self.transmit_behind(n, data, flags, limit))
    }

    /// Ends one direction, or both: `shutdown(2)`. The descriptor stays open.
    ///
    /// Python: `socket.shutdown`, with [`SHUT_RD`](super::SHUT_RD), [`SHUT_WR`](super::SHUT_WR) or
    /// [`SHUT_RDWR`](super::SHUT_RDWR). In `std::net`: the same.
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
        let outcome = SockRef::from(&self.descriptor()?).shutdown(how);
        outcome.map_err(|error| Error::from(error).context("shutdown"))
    }

    /// [`recv`](Self::recv) until a deadline, whatever the mode. Past it nothing is tried: a peer that always has one
    /// more byte would never be seen to be late.
    pub(crate) fn recv_by(&self, buf: &mut [u8], deadline: Deadline) -> Result<usize> {
        let limit = Limit::By(deadline);
        if self.is_patient_until(deadline) {
            if let Some(n) = self.recv_patiently(buf, deadline)? {
                return Ok(n);
            }
        } else if deadline.has_passed() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.receive(buf, MsgFlags::default(), limit)
    }

    /// [`send`](Self::send) until a deadline, whatever the mode.
    pub(crate) fn send_by(&self, data: &[u8], deadline: Deadline) -> Result<usize> {
        self.transmit(data, MsgFlags::default(), Limit::By(deadline))
    }

    /// [`sendall`](Self::sendall) until a deadline, whatever the mode.
    pub(crate) fn sendall_by(&self, data: &[u8], deadline: Deadline) -> Result<()> {
        let limit = Limit::By(deadline);
        if data.is_empty() {
            // A datagram of nothing is one too.
            return self.transmit(data, MsgFlags::default(), limit).map(drop);
        }
        self.transmit_all(data, MsgFlags::default(), limit)
    }

    /// One `recv(2)` that never waits and looks at no token; `WouldBlock` takes no allocation.
    pub(crate) fn try_recv(&self, buf: &mut [u8]) -> Result<usize> {
        self.check_overdue(Interest::Read)?;
        sys::recv(self.descriptor()?, buf, sys::c::MSG_DONTWAIT)
    }

    /// One `send(2)` that never waits and looks at no token.
    pub(crate) fn try_send(&self, data: &[u8]) -> Result<usize> {
        self.check_overdue(Interest::Write)?;
        sys::send(self.descriptor()?, data, sys::c::MSG_DONTWAIT)
    }

    /// Never waits.
    pub(crate) fn try_recvfrom(&self, buf: &mut [u8]) -> Result<(usize, Address)> {
        self.check_overdue(Interest::Read)?;
        let (n, from) = sys::recvfrom(self.descriptor()?, buf, sys::c::MSG_DONTWAIT)?;
        Ok((n, Address::from_sock_addr(from)))
    }

    pub(super) fn limit_with(&self, flags: MsgFlags) -> Limit {
        if asks(flags, MSG_DONTWAIT) { Limit::Now } else { self.mode.limit() }
    }

    /// [`attempt`](Self::attempt) that waits for what the flags ask for; the call is handed all flags.
    pub(super) fn attempt_receiving<T>(
        &self,
        flags: MsgFlags,
        limit: Limit,
        mut call: impl FnMut(BorrowedFd<'_>, i32) -> Result<T>,
    ) -> Result<T> {
        let all = flags.number() | limit.flags();
        if asks(flags, MSG_ERRQUEUE) {
            return self.attempt_error(limit, |fd| call(fd, all));
        }
        let interest = if asks(flags, MSG_OOB) { Interest::Urgent } else { Interest::Read };
        // With SO_PEEK_OFF a look may be at what is behind the data that is there.
        let word = if asks(flags, MSG_PEEK) { Word::Once } else { Word::Good };
        self.attempt_believing(word, interest, limit, |fd| call(fd, all))
    }

    /// Waits for the queue of errors once. If it is empty even so, what woke us is the socket's one pending error
    /// or its end: to wait again would be to spin.
    fn attempt_error<T>(&self, limit: Limit, mut call: impl FnMut(BorrowedFd<'_>) -> Result<T>) -> Result<T> {
        let mut tried = false;
        self.attempt(Interest::Error, limit, |fd| {
            let outcome = call(fd);
            match &outcome {
                Err(error) if error.would_block() && std::mem::replace(&mut tried, true) => {
                    let pending = SockRef::from(&fd).take_error()?.map(Error::from);
                    Err(pending.unwrap_or_else(|| ErrorKind::NotConnected.into()))
                }
                Err(error) if error.would_block() => self.overdue.take().map_or(outcome, Err),
                _ => outcome,
            }
        })
    }

    pub(super) fn transmit(&self, data: &[u8], flags: MsgFlags, limit: Limit) -> Result<usize> {
        let all = flags.number() | limit.flags();
        self.attempt(Interest::Write, limit, |fd| sys::send(fd, data, all))
    }

    /// Sends what blocking mode sends behind the first `n` bytes; how many that were then.
    fn transmit_behind(&self, n: usize, data: &[u8], flags: MsgFlags, limit: Limit) -> usize {
        let flags = of_the_rest(flags);
        self.transmit_rest(n, data.len(), limit, |from| self.transmit(&data[from..], flags, limit))
    }

    pub(super) fn refused_datagram(&self, operation: &str, error: Error, to: &Address) -> Error {
        if error.kind() == ErrorKind::WouldBlock {
            return error;
        }
        let hint = hints::send(self, to, &error);
        error.context(format!("{operation} {to}{hint}"))
    }

    /// All of it; nothing without a call.
    pub(super) fn transmit_all(&self, data: &[u8], flags: MsgFlags, limit: Limit) -> Result<()> {
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

/// Whether the flags have that one; a system that lacks it has the number 0 for it.
pub(super) fn asks(flags: MsgFlags, flag: MsgFlags) -> bool {
    flag != MsgFlags::default() && flags.contains(flag)
}

/// What was being done; but `WouldBlock` stays bare, as it is on hot paths.
pub(crate) fn doing(operation: &'static str, error: Error) -> Error {
    if error.kind() == ErrorKind::WouldBlock { error } else { error.context(operation) }
}
