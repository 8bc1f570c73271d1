//! Many datagrams in one system call: [`DatagramBatch`], [`Socket::recvmmsg`], [`Socket::sendmmsg`].

use std::{fmt, ops::Range};

use super::{Address, Limit, MSG_DONTWAIT, MSG_TRUNC, MsgFlags, SOCK_STREAM, Socket, hints, transfer::doing};
use crate::{
    error::{Error, ErrorKind, Result},
    sys::{self, Interest, Slots},
};

/// The most that one call of Linux' takes.
const MOST: usize = 1024;

/// The largest datagram that IP has, rounded up.
const LARGEST: usize = 64 * 1024;

/// Datagrams with their addresses, in memory that is used again and again.
///
/// One [`recvmmsg`](Socket::recvmmsg) takes what has arrived, one [`sendmmsg`](Socket::sendmmsg) sends what is in the
/// batch: on Linux 32 datagrams are one system call, which is most of what a small datagram costs. Elsewhere it is a
/// call for each, with the same outcome. A received batch that is sent goes back to where it came from.
///
/// Making it allocates all memory, `count * size` bytes and 150 for each; nothing else does.
///
/// # Segments
///
/// Linux goes further: with [`UDP_GRO`](super::UDP_GRO) set, it joins datagrams of one sender that are equally long,
/// and with [`push_segments`](Self::push_segments) it cuts up what is sent. A datagram of the batch then stands for up
/// to 64 of them; [`BatchDatagram::segments`] gives them one by one. Such a batch wants a `size` of 65,535.
///
/// Python: there is no such thing. In C: the arrays of `recvmmsg(2)` and `sendmmsg(2)`.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{AF_INET, DatagramBatch, SOCK_DGRAM, Socket};
/// let server = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
/// server.bind("127.0.0.1:0")?;
/// let client = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
/// let mut batch = DatagramBatch::new(64, 1500); // 64 datagrams of at most 1,500 bytes
/// for word in ["one", "two", "three"] {
///     batch.push(word.as_bytes(), &server.getsockname()?)?;
/// }
/// assert_eq!(client.sendmmsg(&mut batch)?, 3);
/// assert!(batch.is_empty()); // what was sent leaves it
///
/// let mut words = Vec::new();
/// while words.len() < 3 {
///     server.recvmmsg(&mut batch)?;
///     words.extend(batch.iter().map(|datagram| String::from_utf8_lossy(datagram.data()).into_owned()));
///     server.sendmmsg(&mut batch)?; // an echo
/// }
/// assert_eq!(words, ["one", "two", "three"]);
/// assert_eq!(client.recv(&mut [0; 64])?, 3);
/// # Ok::<(), sockeye::Error>(())
/// ```
pub struct DatagramBatch {
    slots: Slots,
    /// INVARIANT: start <= end <= slots.count(), and both are 0 when the batch is empty.
    start: usize,
    end: usize,
}

/// A datagram of a batch.
#[derive(Clone, Copy)]
pub struct BatchDatagram<'a> {
    slots: &'a Slots,
    at: usize,
}

impl DatagramBatch {
    /// Room for `count` datagrams of at most `size` bytes each. At least 1 and at most 1,024 of them, and at most
    /// 65,536 bytes: other numbers count as the nearest of those.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::DatagramBatch;
    /// let batch = DatagramBatch::new(64, 1500);
    /// assert_eq!((batch.len(), batch.capacity()), (0, 64));
    /// ```
    #[must_use]
    pub fn new(count: usize, size: usize) -> DatagramBatch {
        DatagramBatch { slots: Slots::new(count.clamp(1, MOST), size.clamp(1, LARGEST)), start: 0, end: 0 }
    }

    /// Adds a datagram, for an address or, with `None`, for the peer that the socket is connected to.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ErrorKind::TooLarge) if the batch is full, or the datagram larger than its `size`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, socket::DatagramBatch};
    /// let mut batch = DatagramBatch::new(1, 5);
    /// assert_eq!(batch.push(b"too long", None).unwrap_err().kind(), ErrorKind::TooLarge);
    /// batch.push(b"hello", None)?;
    /// assert_eq!(batch.push(b"full", None).unwrap_err().kind(), ErrorKind::TooLarge);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn push<'a>(&mut self, data: &[u8], to: impl Into<Option<&'a Address>>) -> Result<()> {
        if self.end == self.slots.count() {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("the batch has its {} datagrams", self.capacity()),
            ));
        }
        if data.len() > self.slots.size() {
            let (length, size) = (data.len(), self.slots.size());
            let message = format!("a datagram of {length} bytes in a batch for {size} bytes each");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        self.slots.put(self.end, data, to.into().map(Address::to_sock_addr).as_ref());
        self.end += 1;
        Ok(())
    }

    /// Adds data that the system cuts into datagrams of `segment` bytes, the last one maybe shorter (UDP GSO, Linux):
    /// at most 64 of them, and each as small as the way allows, for none of them is cut further.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push); [`InvalidInput`](ErrorKind::InvalidInput) for segments of 0 bytes. What the system
    /// makes of it [`sendmmsg`](Socket::sendmmsg) tells: where there is no such thing,
    /// [`Unsupported`](ErrorKind::Unsupported).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::ErrorKind;
    /// use sockeye::socket::{AF_INET, DatagramBatch, SOCK_DGRAM, Socket};
    /// let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// udp.bind("127.0.0.1:0")?;
    /// let mut batch = DatagramBatch::new(1, 65_535);
    /// batch.push_segments(b"onetwosix", 3, &udp.getsockname()?)?;
    /// match udp.sendmmsg(&mut batch) {
    ///     Ok(1) => assert_eq!(udp.recv(&mut [0; 64])?, 3),
    ///     outcome => assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unsupported), // not Linux
    /// }
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[doc(alias = "UDP_SEGMENT")]
    pub fn push_segments<'a>(
        &mut self,
        data: &[u8],
        segment: u16,
        to: impl Into<Option<&'a Address>>,
    ) -> Result<()> {
        if segment == 0 {
            return Err(Error::new(ErrorKind::InvalidInput, "segments of 0 bytes"));
        }
        self.push(data, to)?;
        // The system refuses to cut what is one datagram anyway.
        if data.len() > usize::from(segment) {
            self.slots.set_segment(self.end - 1, segment);
        }
        Ok(())
    }

    /// The datagrams, in the order in which they arrived or were added.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::DatagramBatch;
    /// let mut batch = DatagramBatch::new(4, 64);
    /// batch.push(b"hello", None)?;
    /// assert!(batch.iter().all(|datagram| datagram.data() == b"hello"));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = BatchDatagram<'_>> {
        (self.start..self.end).map(|at| BatchDatagram { slots: &self.slots, at })
    }

    /// The bytes of a datagram, to change them in place before they are sent; 0 is the first one.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::DatagramBatch;
    /// let mut batch = DatagramBatch::new(4, 64);
    /// batch.push(b"hello", None)?;
    /// batch.data_mut(0).unwrap().make_ascii_uppercase();
    /// assert_eq!(batch.iter().next().unwrap().data(), b"HELLO");
    /// assert!(batch.data_mut(1).is_none());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn data_mut(&mut self, index: usize) -> Option<&mut [u8]> {
        let at = self.start.checked_add(index).filter(|&at| at < self.end)?;
        Some(self.slots.data_mut(at))
    }

    /// How many datagrams are in it.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::DatagramBatch;
    /// assert_eq!(DatagramBatch::new(4, 64).len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::DatagramBatch;
    /// assert!(DatagramBatch::new(4, 64).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// How many it has room for.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::DatagramBatch;
    /// assert_eq!(DatagramBatch::new(4, 64).capacity(), 4);
    /// ```
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slots.count()
    }

    /// Takes all datagrams out.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::DatagramBatch;
    /// let mut batch = DatagramBatch::new(4, 64);
    /// batch.push(b"hello", None)?;
    /// batch.clear();
    /// assert!(batch.is_empty());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Takes the first datagram out, such as one that [`sendmmsg`](Socket::sendmmsg) failed at.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::DatagramBatch;
    /// let mut batch = DatagramBatch::new(4, 64);
    /// batch.push(b"one", None)?;
    /// batch.push(b"two", None)?;
    /// batch.remove_first();
    /// assert_eq!(batch.iter().next().unwrap().data(), b"two");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn remove_first(&mut self) {
        self.remove(1);
    }

    fn remove(&mut self, count: usize) {
        self.start = self.end.min(self.start + count);
        if self.is_empty() {
            self.clear();
        }
    }

    /// Goes on behind a first portion for which `asked` datagrams were asked: one that got less has taken all. What was
    /// received before an error stays.
    fn fill_up(
        &mut self,
        mut asked: usize,
        mut receive: impl FnMut(&mut Slots, Range<usize>) -> Result<usize>,
    ) -> Result<()> {
        let mut n = self.len();
        while n == asked && self.end < self.capacity() {
            let range = DatagramBatch::portion(self.end, self.capacity());
            asked = range.len();
            n = receive(&mut self.slots, range)?;
            self.end += n;
        }
        Ok(())
    }

    /// The slots that one system call is given, from there on.
    fn portion(from: usize, to: usize) -> Range<usize> {
        from..to.min(from + sys::AT_ONCE)
    }
}

impl<'a> BatchDatagram<'a> {
    /// Its bytes: with segments, those of all of them.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, DatagramBatch, SOCK_DGRAM, Socket};
    /// let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// udp.bind("127.0.0.1:0")?;
    /// udp.sendto(b"hello", udp.getsockname()?)?;
    /// let mut batch = DatagramBatch::new(4, 3);
    /// udp.recvmmsg(&mut batch)?;
    /// assert_eq!(batch.iter().next().unwrap().data(), b"hel");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        self.slots.data(self.at)
    }

    /// Who sent it, or where it goes.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, DatagramBatch, SOCK_DGRAM, Socket};
    /// let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// udp.bind("127.0.0.1:0")?;
    /// udp.sendto(b"hello", udp.getsockname()?)?;
    /// let mut batch = DatagramBatch::new(4, 3);
    /// udp.recvmmsg(&mut batch)?;
    /// assert_eq!(batch.iter().next().unwrap().address(), Some(udp.getsockname()?));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        self.slots.name(self.at).map(Address::from_sock_addr)
    }

    /// Whether something of it is lost: the rest, if it was longer than the batch's `size`, or with
    /// [`UDP_GRO`](super::UDP_GRO) where its [segments](Self::segments) end.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{AF_INET, DatagramBatch, SOCK_DGRAM, Socket};
    /// let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// udp.bind("127.0.0.1:0")?;
    /// udp.sendto(b"hello", udp.getsockname()?)?;
    /// let mut batch = DatagramBatch::new(4, 3);
    /// udp.recvmmsg(&mut batch)?;
    /// assert!(batch.iter().next().unwrap().is_truncated());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        let facts = self.slots.facts(self.at);
        facts.joined || facts.flags & MSG_TRUNC.number() != 0
    }

    /// The datagrams as they went over the network: this one alone, unless the system has joined several
    /// ([`UDP_GRO`](super::UDP_GRO)) or is to cut it ([`push_segments`](DatagramBatch::push_segments)).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::DatagramBatch;
    /// let mut batch = DatagramBatch::new(4, 64);
    /// batch.push_segments(b"onetwoX", 3, None)?;
    /// let segments: Vec<&[u8]> = batch.iter().next().unwrap().segments().collect();
    /// assert_eq!(segments, [&b"one"[..], b"two", b"X"]);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn segments(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let data = self.data();
        let size = match self.slots.facts(self.at).segment {
            0 => data.len().max(1),
            size => usize::from(size),
        };
        // An empty datagram is one too.
        data.chunks(size).chain(data.is_empty().then_some(data))
    }
}

impl Socket {
    /// Receives into a batch, in place of what it held, and says how many datagrams that were: `recvmmsg(2)`.
    ///
    /// Waits for the first one as the [mode](Self#modes) allows, then takes what is there, until the batch is full.
    ///
    /// Python: there is no such thing. In `std::net`: neither.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), and only if nothing was received: an error after the first datagram is the next
    /// call's, by this socket or a clone.
    ///
    /// # Examples
    ///
    /// See [`DatagramBatch`].
    pub fn recvmmsg(&self, batch: &mut DatagramBatch) -> Result<usize> {
        batch.clear();
        let room = batch.capacity();
        let range = DatagramBatch::portion(0, room);
        let (asked, flags) = (range.len(), MsgFlags::default());
        let first = self.attempt_receiving(flags, self.mode.limit(), |fd, all| {
            sys::recvmmsg(fd, &mut batch.slots, range.clone(), all)
        });
        batch.end = first.map_err(|error| doing("recvmmsg", error))?;
        let fd = self.descriptor()?;
        let more =
            batch.fill_up(asked, |slots, range| sys::recvmmsg(fd, slots, range, MSG_DONTWAIT.number()));
        // The system tells it once, and the datagrams go first.
        more.unwrap_or_else(|error| self.overdue.keep(&error));
        Ok(batch.len())
    }

    /// Sends a batch, and says how many datagrams that were: `sendmmsg(2)`, as often as it takes. What was sent
    /// leaves the batch: afterwards it is empty.
    ///
    /// The time limit covers the whole.
    ///
    /// Python: there is no such thing. In `std::net`: neither.
    ///
    /// # Errors
    ///
    /// As [`sendto`](Self::sendto); [`Error::sent`] tells how many datagrams went out before. The batch begins with
    /// the one that failed, then: call again to go on, after [`remove_first`](DatagramBatch::remove_first) if it is to
    /// blame. (It isn't if an earlier one was refused by its receiver, which the system tells with the next.)
    ///
    /// # Examples
    ///
    /// See [`DatagramBatch`].
    pub fn sendmmsg(&self, batch: &mut DatagramBatch) -> Result<usize> {
        if self.kind()? == SOCK_STREAM {
            let why = "sendmmsg is for datagrams: of what a stream takes in part, the rest would be lost";
            return Err(Error::new(ErrorKind::InvalidInput, why));
        }
        let limit = self.mode.limit().start();
        let mut sent = 0;
        while !batch.is_empty() {
            match self.transmit_portion(batch, limit) {
                Ok(n) => {
                    batch.remove(n);
                    sent += n;
                }
                Err(error) => {
                    return Err(self.refused_batch(batch, error).after_sending(sent));
                }
            }
        }
        Ok(sent)
    }

    /// Whereto the first one didn't go, and why.
    fn refused_batch(&self, batch: &DatagramBatch, error: Error) -> Error {
        let Some(first) = batch.iter().next() else { return error };
        let many = hints::segments(first.segments().count(), &error);
        match first.address() {
            Some(to) if many.is_empty() => self.refused_datagram("sendmmsg to", error, &to),
            Some(to) => error.context(format!("sendmmsg to {to}{many}")),
            None if many.is_empty() => doing("sendmmsg", error),
            None => error.context(format!("sendmmsg{many}")),
        }
    }

    fn transmit_portion(&self, batch: &DatagramBatch, limit: Limit) -> Result<usize> {
        let range = DatagramBatch::portion(batch.start, batch.end);
        self.attempt(Interest::Write, limit, |fd| {
            sys::sendmmsg(fd, &batch.slots, range.clone(), limit.flags())
        })
    }
}

impl fmt::Debug for DatagramBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for BatchDatagram<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address() {
            Some(address) => write!(f, "{} bytes, {address}", self.data().len()),
            None => write!(f, "{} bytes", self.data().len()),
        }
    }
}

#[cfg(test)]
mod tests;
