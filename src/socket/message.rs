//! `sendmsg` and `recvmsg`: several buffers and ancillary data in one message.

use std::io::{IoSlice, IoSliceMut};

use super::{
    AF_UNIX, Address, Ancillary, Credentials, Limit, MSG_CTRUNC, MSG_PEEK, MsgFlags, OutgoingAncillary,
    SOCK_STREAM, Socket, ToAddress, resolve_one, transfer::doing, whole::of_the_rest,
};
use crate::{
    error::{Error, ErrorKind, Result},
    sys::{self, ControlIn, ControlOut, Interest, Outgoing},
};

/// What [`recvmsg`](Socket::recvmsg) received, beside the bytes in the buffers.
///
/// Python: the 4-tuple of `socket.recvmsg_into`.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReceivedMessage {
    /// How many bytes are in the buffers. 0 on a stream is the end of data.
    pub len: usize,
    /// How long the datagram was, if [`MSG_TRUNC`](super::MSG_TRUNC) asked for it; else `len`.
    pub full_len: usize,
    /// What came beside the bytes, in the system's order.
    pub ancillary: Vec<Ancillary>,
    /// What the system says of it: [`MSG_TRUNC`](super::MSG_TRUNC), the datagram didn't fit and its rest is lost;
    /// [`MSG_CTRUNC`](super::MSG_CTRUNC), the same of ancillary data (descriptors without room are closed);
    /// [`MSG_EOR`](super::MSG_EOR), a record ends; [`MSG_OOB`](super::MSG_OOB), the data is urgent;
    /// [`MSG_ERRQUEUE`](super::MSG_ERRQUEUE), it comes from the queue of errors.
    pub flags: MsgFlags,
    /// Who sent it; nothing on a connection, and for a Unix socket without a name.
    pub from: Option<Address>,
}

impl ReceivedMessage {
    fn credentials(&self) -> impl Iterator<Item = &Credentials> {
        self.ancillary.iter().filter_map(|piece| match piece {
            Ancillary::Credentials(who) => Some(who),
            _ => None,
        })
    }
}

impl Socket {
    /// Sends buffers as one message, with ancillary data: `sendmsg(2)`. Says how many bytes went: all of a
    /// datagram, on a stream maybe only some (the ancillary data is sent then), as with [`send`](Self::send).
    ///
    /// Python: `socket.sendmsg(buffers, ancdata)`. In `std::net`: `Write::write_vectored`, without the data.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); [`InvalidInput`](ErrorKind::InvalidInput) for ancillary data that this kind of
    /// socket doesn't have, and for any without a byte on a stream: systems lose it without a word.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{io::IoSlice, os::fd::AsFd};
    /// use sockeye::socket::{AF_UNIX, OutgoingAncillary, Protocol, SOCK_STREAM, socketpair};
    /// let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default())?;
    /// let stdin = std::io::stdin();
    /// let buffers = [IoSlice::new(b"my "), IoSlice::new(b"stdin")];
    /// assert_eq!(ours.sendmsg(&buffers, &[OutgoingAncillary::Rights(&[stdin.as_fd()])])?, 8);
    /// let mut buf = [0; 64];
    /// let (n, fds, _) = theirs.recv_fds(&mut buf, 1)?;
    /// assert_eq!((&buf[..n], fds.len()), (&b"my stdin"[..], 1));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "write_vectored")]
    pub fn sendmsg(&self, buffers: &[IoSlice<'_>], ancillary: &[OutgoingAncillary<'_>]) -> Result<usize> {
        self.sendmsg_with_flags(buffers, ancillary, MsgFlags::default())
    }

    /// [`sendmsg`](Self::sendmsg) with flags.
    ///
    /// Python: `socket.sendmsg(buffers, ancdata, flags)`.
    ///
    /// # Errors
    ///
    /// As [`sendmsg`](Self::sendmsg).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::IoSlice;
    /// use sockeye::socket::{AF_UNIX, MSG_DONTWAIT, Protocol, SOCK_DGRAM, socketpair};
    /// let (ours, theirs) = socketpair(AF_UNIX, SOCK_DGRAM, Protocol::default())?;
    /// ours.sendmsg_with_flags(&[IoSlice::new(b"he"), IoSlice::new(b"llo")], &[], MSG_DONTWAIT)?;
    /// assert_eq!(theirs.recv(&mut [0; 64])?, 5);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn sendmsg_with_flags(
        &self,
        buffers: &[IoSlice<'_>],
        ancillary: &[OutgoingAncillary<'_>],
        flags: MsgFlags,
    ) -> Result<usize> {
        let control = self.control_of(buffers, ancillary)?;
        let limit = self.limit_with(flags);
        let n = self
            .transmit_message(Outgoing { buffers, control: &control, to: None }, flags, limit)
            .map_err(|error| doing("sendmsg", error))?;
        Ok(self.transmit_buffers(buffers, n, flags, limit))
    }

    /// [`sendmsg`](Self::sendmsg) to an address. A name is looked up each time.
    ///
    /// Python: `socket.sendmsg(buffers, ancdata, flags, address)`.
    ///
    /// # Errors
    ///
    /// As [`sendmsg`](Self::sendmsg) and [`sendto`](Self::sendto).
    ///
    /// # Examples
    ///
    /// A server on every address answers from the one that it was asked at:
    ///
    /// ```
    /// use std::io::{IoSlice, IoSliceMut};
    /// use sockeye::socket::{
    ///     AF_INET, Ancillary, IP_PKTINFO, IPPROTO_IP, MsgFlags, OutgoingAncillary, PacketInfo, SOCK_DGRAM, Socket,
    /// };
    /// let server = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// server.bind(("", 0))?;
    /// server.setsockopt(IPPROTO_IP, IP_PKTINFO, true)?;
    /// let client = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// client.sendto(b"where?", ("127.0.0.3", server.getsockname()?.port().unwrap()))?;
    ///
    /// let mut buf = [0; 64];
    /// let message = server.recvmsg(&mut [IoSliceMut::new(&mut buf)], 64)?;
    /// let Some(Ancillary::PacketInfo(info)) = message.ancillary.into_iter().next() else { panic!() };
    /// let answer = [OutgoingAncillary::PacketInfo(PacketInfo { interface: 0, ..info })];
    /// server.sendmsg_to(&[IoSlice::new(b"here")], &answer, MsgFlags::default(), message.from.unwrap())?;
    ///
    /// let (_, from) = client.recvfrom(&mut buf)?;
    /// assert_eq!(from.ip(), Some([127, 0, 0, 3].into()));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn sendmsg_to(
        &self,
        buffers: &[IoSlice<'_>],
        ancillary: &[OutgoingAncillary<'_>],
        flags: MsgFlags,
        to: impl ToAddress,
    ) -> Result<usize> {
        let control = self.control_of(buffers, ancillary)?;
        let limit = self.limit_with(flags).start();
        let bounds = self.bounds(self.waiting(limit));
        let address = resolve_one(to.target()?, self.family(), bounds.borrow())?;
        let message = Outgoing { buffers, control: &control, to: Some(&address.to_sock_addr()) };
        let n = self
            .transmit_message(message, flags, limit)
            .map_err(|error| self.refused_datagram("sendmsg to", error, &address))?;
        // A connection needs no address.
        Ok(self.transmit_buffers(buffers, n, flags, limit))
    }

    /// Receives one message into buffers, which are filled in turn, and up to `ancbufsize` bytes of ancillary data:
    /// `recvmsg(2)`. Waits for the first byte as the [mode](Self#modes) allows.
    ///
    /// `ancbufsize` is the sum of [`CMSG_SPACE`] over the pieces that are awaited, and counts as 64 KiB if it is
    /// more. With 0 there is no ancillary data, and descriptors that a peer sent are closed unseen. Descriptors that
    /// arrive are close-on-exec.
    ///
    /// Python: `socket.recvmsg_into`, and `socket.recvmsg`, which makes a new buffer; descriptors are inheritable
    /// there. In `std::net`: `Read::read_vectored`, without the rest.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::IoSliceMut;
    /// use sockeye::socket::{AF_INET, Ancillary, CMSG_SPACE, IP_RECVTTL, IPPROTO_IP, MSG_TRUNC, SOCK_DGRAM, Socket};
    /// let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// udp.bind("127.0.0.1:0")?;
    /// udp.setsockopt(IPPROTO_IP, IP_RECVTTL, true)?;
    /// udp.sendto(b"head and body, too long", udp.getsockname()?)?;
    ///
    /// let (mut head, mut body) = ([0; 4], [0; 9]);
    /// let message = udp.recvmsg(&mut [IoSliceMut::new(&mut head), IoSliceMut::new(&mut body)], CMSG_SPACE(4))?;
    /// assert_eq!((message.len, &head, &body), (13, b"head", b" and body"));
    /// assert!(message.flags.contains(MSG_TRUNC));
    /// assert_eq!(message.from, Some(udp.getsockname()?));
    /// assert!(matches!(message.ancillary[..], [Ancillary::Ttl(1..)]));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "recvmsg_into")]
    #[doc(alias = "read_vectored")]
    pub fn recvmsg(&self, buffers: &mut [IoSliceMut<'_>], ancbufsize: usize) -> Result<ReceivedMessage> {
        self.recvmsg_with_flags(buffers, ancbufsize, MsgFlags::default())
    }

    /// [`recvmsg`](Self::recvmsg) with flags.
    ///
    /// - [`MSG_TRUNC`](super::MSG_TRUNC) puts a datagram's whole length into
    ///   [`full_len`](ReceivedMessage::full_len); together with [`MSG_PEEK`](super::MSG_PEEK) it tells how large a
    ///   buffer the next one needs.
    /// - [`MSG_ERRQUEUE`](super::MSG_ERRQUEUE) takes an error that the network reported, with what was sent and
    ///   whereto. It waits for one as the mode says; if the socket turns out to have another error or its end
    ///   instead, that is the call's error. Data that waits in line wakes it not.
    /// - [`MSG_WAITALL`](super::MSG_WAITALL) is as with [`recv_with_flags`](Self::recv_with_flags): it waits for all
    ///   buffers to be full. Over a Unix socket the message ends with the bytes that descriptors come with, and with
    ///   [`SO_PASSCRED`](super::SO_PASSCRED) before another sender's; where the descriptor doesn't block, also with other
    ///   ancillary data, or some that had no room. Of another stream's, such as times, the last is told.
    ///
    /// Python: `socket.recvmsg_into(buffers, ancbufsize, flags)`; `MSG_ERRQUEUE` never waits on a blocking socket, and
    /// `MSG_WAITALL` not when there is a timeout.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::IoSliceMut;
    /// use sockeye::socket::{
    ///     AF_INET, Ancillary, ErrorOrigin, IP_RECVERR, IPPROTO_IP, MSG_ERRQUEUE, SOCK_DGRAM, Socket,
    /// };
    /// # use sockeye::ErrorKind;
    /// let nobody = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// nobody.bind("127.0.0.1:0")?;
    /// nobody.connect(nobody.getsockname()?)?; // deaf to all but itself
    ///
    /// let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// udp.setsockopt(IPPROTO_IP, IP_RECVERR, true)?;
    /// udp.sendto(b"anybody?", nobody.getsockname()?)?;
    /// let mut buf = [0; 64];
    /// let message = udp.recvmsg_with_flags(&mut [IoSliceMut::new(&mut buf)], 256, MSG_ERRQUEUE)?;
    /// assert_eq!(&buf[..message.len], b"anybody?");
    /// let [Ancillary::ExtendedError(report)] = &message.ancillary[..] else { panic!() };
    /// assert_eq!(report.origin, ErrorOrigin::Icmp);
    /// assert_eq!(report.error().kind(), ErrorKind::ConnectionRefused);
    /// assert_eq!(report.offender.as_ref().unwrap().ip(), Some([127, 0, 0, 1].into()));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn recvmsg_with_flags(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        ancbufsize: usize,
        flags: MsgFlags,
    ) -> Result<ReceivedMessage> {
        let limit = self.limit_for_all(flags);
        let mut message = self
            .receive_message(buffers, ancbufsize, flags, limit)
            .map_err(|error| doing("recvmsg", error))?;
        let room = buffers.iter().fold(0, |sum: usize, buffer| sum.saturating_add(buffer.len()));
        if !self.waits_for_more(message.len, room, flags, limit) {
            return Ok(message);
        }
        message.len = self.go_on(message.len, room, |from| {
            if self.ends_a_message(&message) || !self.more_comes(limit)? || !self.goes_with(&message)? {
                return Ok(0);
            }
            let mut parts: Vec<_> = buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
            let mut rest = &mut parts[..];
            IoSliceMut::advance_slices(&mut rest, from);
            let next = self.receive_message(rest, ancbufsize, flags, limit)?;
            message.flags |= next.flags;
            message.full_len = message.full_len.saturating_add(next.full_len);
            if !next.ancillary.is_empty() {
                message.ancillary = next.ancillary;
            }
            Ok(next.len)
        });
        Ok(message)
    }

    /// Whether the system lets nothing follow in the same message: it came with descriptors, or maybe did.
    fn ends_a_message(&self, message: &ReceivedMessage) -> bool {
        let more_than_credentials = message.credentials().count() < message.ancillary.len();
        self.family() == AF_UNIX && (more_than_credentials || message.flags.contains(MSG_CTRUNC))
    }

    /// Whether what comes next is by the same sender, as far as the socket is told of senders.
    fn goes_with(&self, message: &ReceivedMessage) -> Result<bool> {
        let Some(sender) = message.credentials().next() else { return Ok(true) };
        let room = CMSG_LEN(size_of::<Credentials>());
        let next = self.receive_message(&mut [IoSliceMut::new(&mut [0])], room, MSG_PEEK, Limit::Now)?;
        Ok(next.credentials().eq([sender]))
    }

    fn receive_message(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        ancbufsize: usize,
        flags: MsgFlags,
        limit: Limit,
    ) -> Result<ReceivedMessage> {
        let mut control = ControlIn::with_room(ancbufsize);
        let incoming =
            self.attempt_receiving(flags, limit, |fd, all| sys::recvmsg(fd, buffers, &mut control, all))?;
        let mut ancillary = Vec::new();
        control.take(|message| ancillary.push(Ancillary::decode(message)));
        let room = buffers.iter().fold(0, |sum: usize, buffer| sum.saturating_add(buffer.len()));
        Ok(ReceivedMessage {
            len: incoming.length.min(room),
            full_len: incoming.length,
            ancillary,
            flags: MsgFlags::raw(incoming.flags),
            from: incoming.from.map(Address::from_sock_addr),
        })
    }

    fn control_of(&self, buffers: &[IoSlice<'_>], ancillary: &[OutgoingAncillary<'_>]) -> Result<ControlOut> {
        let mut control = ControlOut::default();
        for piece in ancillary {
            piece.encode(&mut control);
        }
        let refuse = |message: &'static str| Err(Error::new(ErrorKind::InvalidInput, message));
        // What systems lose without a word.
        if self.family() != AF_UNIX && ancillary.iter().any(OutgoingAncillary::is_for_unix) {
            return refuse("descriptors and credentials travel over a Unix socket only");
        }
        if ancillary.iter().any(OutgoingAncillary::is_raw_rights) {
            return refuse("descriptors travel as OutgoingAncillary::Rights, which borrows them");
        }
        if ancillary.iter().any(OutgoingAncillary::holds_addresses) {
            return refuse("the kernel would write to an address in the data, which safe code can't allow");
        }
        let no_bytes = buffers.iter().all(|buffer| buffer.is_empty());
        if no_bytes && !control.is_empty() && self.kind()? == SOCK_STREAM {
            return refuse("ancillary data needs at least one byte to travel with on a stream");
        }
        Ok(control)
    }

    /// Sends what blocking mode sends behind the first `n` bytes, without ancillary data.
    fn transmit_buffers(&self, buffers: &[IoSlice<'_>], n: usize, flags: MsgFlags, limit: Limit) -> usize {
        let length = buffers.iter().fold(0, |sum: usize, buffer| sum.saturating_add(buffer.len()));
        self.transmit_rest(n, length, limit, |from| {
            let mut parts = buffers.to_vec();
            let mut rest = &mut parts[..];
            IoSlice::advance_slices(&mut rest, from);
            let message = Outgoing { buffers: rest, control: &ControlOut::default(), to: None };
            self.transmit_message(message, of_the_rest(flags), limit)
        })
    }

    fn transmit_message(&self, message: Outgoing<'_>, flags: MsgFlags, limit: Limit) -> Result<usize> {
        let all = flags.number() | limit.flags();
        self.attempt(Interest::Write, limit, |fd| sys::sendmsg(fd, &message, all))
    }
}

/// The length of a control message with so many bytes of data, without padding at its end.
///
/// As `ancbufsize` of [`recvmsg`](Socket::recvmsg) it is room for exactly that: with [`CMSG_SPACE`] there may be
/// room for one descriptor more.
///
/// Python: `socket.CMSG_LEN`, which fails for a number that is too large.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{CMSG_LEN, CMSG_SPACE};
/// assert_eq!(CMSG_LEN(4) - CMSG_LEN(0), 4);
/// assert!(CMSG_SPACE(4) >= CMSG_LEN(4));
/// ```
#[must_use]
#[allow(non_snake_case)]
pub const fn CMSG_LEN(length: usize) -> usize {
    sys::cmsg_len(length)
}

/// The room that a control message with so many bytes of data takes among others.
///
/// Python: `socket.CMSG_SPACE`, which fails for a number that is too large.
///
/// # Examples
///
/// ```
/// use sockeye::socket::CMSG_SPACE;
/// let descriptors_and_a_time = CMSG_SPACE(3 * 4) + CMSG_SPACE(16);
/// assert!(descriptors_and_a_time > 28);
/// ```
#[must_use]
#[allow(non_snake_case)]
pub const fn CMSG_SPACE(length: usize) -> usize {
    sys::cmsg_space(length)
}
