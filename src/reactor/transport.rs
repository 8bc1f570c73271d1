//! [`Transport`]: a connection as its protocol is handed it.

use std::{fmt, io::IoSlice, os::fd::OwnedFd, time::Duration};

use crate::{
    error::{Error, ErrorKind, Result},
    socket::{Address, Socket},
};

use super::{Protocol, Reactor, Reason, net::Connection, slab::Key};

/// Which connection of its reactor. It can be kept, and compared; once the connection is over it stands for none.
///
/// Twisted: a reference to the transport.
///
/// # Examples
///
/// A room of a chat: everybody's number, and [`Reactor::transport`] to reach them.
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
/// use sockeye::reactor::{ConnectionId, Protocol, Transport, testing::{MemoryTransport}};
///
/// struct Guest { room: Rc<RefCell<Vec<ConnectionId>>> }
///
/// impl Protocol for Guest {
///     fn connection_made(&mut self, transport: &mut Transport<'_>) {
///         self.room.borrow_mut().push(transport.id());
///     }
///
///     fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
///         for &guest in self.room.borrow().iter() {
///             if let Some(mut other) = transport.reactor().transport(guest) {
///                 other.write(data);
///             }
///         }
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// let mut guest = MemoryTransport::new(Guest { room: Rc::default() })?;
/// guest.receive(b"hello, all");
/// assert_eq!(guest.written(), b"hello, all");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConnectionId(pub(super) Key);

impl fmt::Debug for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConnectionId").field(&self.0.serial).finish()
    }
}

/// A connection as its protocol is handed it: what to send, and what to do about it.
///
/// Nothing here waits, and nothing calls a protocol: what a call causes comes after the running callback has returned.
/// What a callback writes leaves in one `send(2)` when it returns, or, a large piece with nothing before it, at once.
///
/// When the connection is over, writing and the rest do nothing.
///
/// Twisted: `ITransport`, `ITCPTransport`, `IUNIXTransport`; options of the socket are set by [`socket`](Self::socket).
///
/// # Examples
///
/// ```
/// use sockeye::reactor::{Protocol, Transport, testing::MemoryTransport};
///
/// struct Once;
///
/// impl Protocol for Once {
///     fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
///         transport.write(b"you said: ");
///         transport.write(data);
///         transport.lose_connection();
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// let mut memory = MemoryTransport::new(Once)?;
/// memory.receive(b"hello");
/// assert_eq!(memory.written(), b"you said: hello");
/// assert!(memory.is_over());
/// # Ok(())
/// # }
/// ```
pub struct Transport<'r> {
    pub(super) reactor: &'r mut Reactor,
    pub(super) id: ConnectionId,
}

impl<'r> Transport<'r> {
    /// The reactor, for timers, Deferreds and other connections.
    pub fn reactor(&mut self) -> &mut Reactor {
        self.reactor
    }

    /// Which connection it is.
    #[must_use]
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// The same for a shorter while.
    pub(super) fn borrow(&mut self) -> Transport<'_> {
        Transport { reactor: self.reactor, id: self.id }
    }

    /// Sends bytes, after all those before them. What the system has no room for is kept, up to
    /// [`max_buffered`](Self::max_buffered).
    ///
    /// After [`lose_connection`](Self::lose_connection) and [`lose_write`](Self::lose_write) it does nothing.
    ///
    /// Twisted: `write`.
    pub fn write(&mut self, data: &[u8]) {
        self.reactor.net.write(self.id.0, data);
    }

    /// The same for bytes in pieces.
    ///
    /// Twisted: `writeSequence`.
    pub fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) {
        for piece in pieces {
            self.write(piece);
        }
    }

    /// Ends the connection as soon as what was written has been sent, or in half a minute if the peer doesn't read. No
    /// more data is received.
    ///
    /// Twisted: `loseConnection`.
    pub fn lose_connection(&mut self) {
        self.reactor.lose_connection(self.id.0);
    }

    /// Ends the connection at once, whatever was written: over TCP the peer sees a reset.
    ///
    /// Twisted: `abortConnection`.
    pub fn abort(&mut self) {
        self.reactor.net.end(self.id.0, Reason::Aborted);
    }

    /// Tells the peer, when all was sent, that there will be no more; goes on receiving.
    ///
    /// Twisted: `loseWriteConnection`.
    pub fn lose_write(&mut self) {
        self.reactor.net.lose_write(self.id.0);
    }

    /// Whether [`lose_connection`](Self::lose_connection) or [`abort`](Self::abort) was called, or the connection is
    /// over.
    ///
    /// Twisted: `disconnecting`.
    #[must_use]
    pub fn is_disconnecting(&self) -> bool {
        self.connection().is_none_or(|connection| !connection.is_open())
    }

    /// The peer's address.
    ///
    /// Twisted: `getPeer`.
    #[must_use]
    pub fn peer(&self) -> Option<&Address> {
        self.connection().map(|connection| &connection.peer)
    }

    /// This side's address.
    ///
    /// Twisted: `getHost`.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](ErrorKind::NotConnected) when it is over, or has no socket.
    pub fn host(&self) -> Result<Address> {
        self.socket().map_or_else(|| Err(ErrorKind::NotConnected.into()), Socket::getsockname)
    }

    /// The socket, for its options. `None` when the connection is over, or has none.
    ///
    /// Twisted: `getTcpNoDelay`, `setTcpKeepAlive` and their like. `TCP_NODELAY` is on from the beginning here.
    #[must_use]
    pub fn socket(&self) -> Option<&Socket> {
        self.connection()?.socket()
    }

    /// How many bytes wait to be sent.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.connection().map_or(0, Connection::buffered)
    }

    /// How many bytes were written in all, sent or not.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.connection().map_or(0, |connection| connection.written)
    }

    /// Whether [`write_paused`](super::Protocol::write_paused) was told and
    /// [`write_resumed`](super::Protocol::write_resumed) not yet.
    #[must_use]
    pub fn is_write_paused(&self) -> bool {
        self.connection().is_some_and(Connection::is_full)
    }

    /// How many bytes may wait to be sent before [`write_paused`](super::Protocol::write_paused), and how few have to be
    /// left for [`write_resumed`](super::Protocol::write_resumed). Default is 16 KiB and 64 KiB.
    ///
    /// Twisted: `bufferSize`, which is the same for all.
    pub fn write_marks(&mut self, low: usize, high: usize) {
        if let Some(connection) = self.connection_mut() {
            connection.marks = connection.marks.between(low, high);
        }
    }

    /// How many bytes may wait to be sent at all: whoever writes more loses the connection, with an error of the kind
    /// [`TooLarge`](ErrorKind::TooLarge) as its reason, so that a peer that doesn't read can't fill the memory. Default is
    /// 16 MiB.
    ///
    /// Twisted has no limit.
    pub fn max_buffered(&mut self, bytes: usize) {
        if let Some(connection) = self.connection_mut() {
            connection.marks = connection.marks.up_to(bytes);
        }
    }

    /// Receives nothing until [`resume_reading`](Self::resume_reading): the system's buffers fill up, and the peer has
    /// to wait.
    ///
    /// Twisted: `pauseProducing`.
    pub fn pause_reading(&mut self) {
        self.reactor.net.pause_reading(self.id.0);
    }

    /// Whether [`pause_reading`](Self::pause_reading) was called last.
    #[must_use]
    pub fn is_reading_paused(&self) -> bool {
        self.connection().is_some_and(Connection::is_reading_paused)
    }

    /// Goes on receiving.
    ///
    /// Twisted: `resumeProducing`.
    pub fn resume_reading(&mut self) {
        self.reactor.net.resume_reading(self.id.0);
    }

    /// Calls [`timed_out`](super::Protocol::timed_out) once that time has passed since this call or the last
    /// [`reset_timeout`](Self::reset_timeout). `None` ends it. Default is none.
    ///
    /// Twisted: `TimeoutMixin.setTimeout`.
    pub fn set_timeout(&mut self, timeout: impl Into<Option<Duration>>) {
        self.reactor.set_connection_timeout(self.id.0, timeout.into());
    }

    /// Begins the time of [`set_timeout`](Self::set_timeout) anew. It costs no timer: do it whenever something arrives.
    ///
    /// Twisted: `TimeoutMixin.resetTimeout`.
    pub fn reset_timeout(&mut self) {
        let now = self.reactor.time.now();
        if let Some(limits) = self.connection_mut().and_then(|connection| connection.limits.as_mut()) {
            limits.since = now;
        }
    }

    /// Lets another protocol answer this connection from here, and drops the one that did; it isn't told
    /// [`connection_made`](super::Protocol::connection_made). Called by the protocol itself, it takes effect when that
    /// returns.
    ///
    /// Twisted: `transport.protocol = …`, `_LineReceiver.switchProtocol`.
    pub fn set_protocol(&mut self, protocol: impl Protocol) {
        self.reactor.net.replace(self.id.0, Box::new(protocol));
    }

    /// Sends a descriptor over a Unix socket, in front of what is written next: of which there has to be at least one
    /// byte.
    ///
    /// Twisted: `IUNIXTransport.sendFileDescriptor`.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a connection that isn't over a Unix socket.
    pub fn send_fd(&mut self, fd: OwnedFd) -> Result<()> {
        let connection = self.connection_mut().ok_or_else(over)?;
        connection.send_fd(fd)
    }

    pub(super) fn connection(&self) -> Option<&Connection> {
        self.reactor.net.connection(self.id.0)
    }

    pub(super) fn connection_mut(&mut self) -> Option<&mut Connection> {
        self.reactor.net.connection_mut(self.id.0)
    }
}

fn over() -> Error {
    Error::new(ErrorKind::NotConnected, "the connection is over")
}

impl fmt::Debug for Transport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("id", &self.id).field("peer", &self.peer()).finish_non_exhaustive()
    }
}

impl Reactor {
    /// Has a protocol answer on a socket that is connected already.
    ///
    /// Twisted: `reactor.adoptStreamConnection`.
    ///
    /// # Errors
    ///
    /// For a socket that isn't connected or can't be watched.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{reactor::{Protocol, Reactor, Transport}, socket::{AF_UNIX, SOCK_STREAM, socketpair}};
    ///
    /// struct Echo;
    /// impl Protocol for Echo {
    ///     fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
    ///         transport.write(data);
    ///         transport.reactor().stop();
    ///     }
    /// }
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Default::default())?;
    /// let mut reactor = Reactor::new()?;
    /// reactor.adopt_stream(ours, Echo)?;
    /// theirs.sendall(b"hello")?;
    /// reactor.run()?;
    /// assert_eq!(theirs.recv(&mut [0; 64])?, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn adopt_stream(&mut self, socket: Socket, protocol: impl Protocol) -> Result<ConnectionId> {
        let peer = socket.getpeername()?;
        socket.ensure_nonblocking()?;
        self.net.connect(socket, peer, Box::new(protocol)).map(ConnectionId)
    }

    /// A connection by its number; `None` when it is over.
    ///
    /// Twisted: the transports that programs keep.
    pub fn transport(&mut self, id: ConnectionId) -> Option<Transport<'_>> {
        self.net.connection(id.0)?;
        Some(Transport { reactor: self, id })
    }

    /// A connection's protocol; `None` when the connection is over, when the protocol is of another type, and while it
    /// is being called.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::reactor::{Protocol, Transport, testing::MemoryTransport};
    ///
    /// #[derive(Default)]
    /// struct Counter { bytes: usize }
    ///
    /// impl Protocol for Counter {
    ///     fn data_received(&mut self, _transport: &mut Transport<'_>, data: &[u8]) {
    ///         self.bytes += data.len();
    ///     }
    /// }
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let mut memory = MemoryTransport::new(Counter::default())?;
    /// memory.receive(b"hello");
    /// let id = memory.id();
    /// assert_eq!(memory.reactor().protocol::<Counter>(id).unwrap().bytes, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn protocol<P: Protocol>(&mut self, id: ConnectionId) -> Option<&mut P> {
        self.net.connection_mut(id.0)?.protocol.as_mut()?.as_any().downcast_mut()
    }
}
