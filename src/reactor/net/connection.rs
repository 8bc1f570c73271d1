//! [`Connection`]: what the reactor keeps of one.

use std::{
    os::fd::{AsFd, OwnedFd},
    rc::Rc,
    time::Duration,
};

use crate::{
    error::{Error, ErrorKind, Result},
    poll::Interest,
    reactor::{
        ConnectionId,
        connector::Connector,
        protocol::{Held, Reason},
        relay::Relay,
        slab::Key,
        testing::Cable,
        timers::DelayedCall,
    },
    socket::{AF_UNIX, Address, Shutdown, Socket},
    stream::Stream,
};

use super::{
    Net, Port,
    file::Sending,
    output::{Crossed, Marks, Output},
};

/// So much is sent in one turn.
///
/// Twisted: `SEND_LIMIT`.
pub(super) const TURN: usize = 128 * 1024;

/// How many descriptors one message may bring.
const FDS: usize = 64;

/// What the reactor keeps of a connection.
#[derive(Debug)]
pub(in crate::reactor) struct Connection {
    pub(super) wire: Wire,
    pub(in crate::reactor) peer: Address,
    /// `None` while it is called.
    pub(in crate::reactor) protocol: Option<Box<dyn Held>>,
    /// Who takes its place when it is back.
    pub(super) successor: Option<Successor>,
    pub(super) output: Output,
    /// So many bytes were written in all.
    pub(in crate::reactor) written: u64,
    /// What comes behind it.
    pub(super) sending: Option<Box<Sending>>,
    pub(in crate::reactor) marks: Marks,
    pub(super) state: State,
    pub(super) reading: Reading,
    pub(super) writing: Writing,
    pub(super) news: News,
    /// Whether its protocol was told of it.
    pub(super) is_made: bool,
    /// Whether it stands in `Net::asked`.
    pub(super) is_asked: bool,
    /// Whose attempt it came of.
    pub(super) connector: Option<Connector>,
    pub(in crate::reactor) limits: Option<Box<Limits>>,
    /// What goes with the next bytes.
    pub(super) fds: Vec<OwnedFd>,
}

/// Who answers a connection when its protocol is back.
#[derive(Debug)]
pub(super) enum Successor {
    Protocol(Box<dyn Held>),
    /// What comes goes there; the protocol is told the rest.
    Relay(ConnectionId),
}

/// What its bytes go through.
#[derive(Debug)]
pub(super) enum Wire {
    Stream(Stream),
    /// A test's.
    Memory(Rc<Cable>),
    Closed,
}

#[derive(Debug)]
pub(super) enum State {
    Open,
    /// It ends when all was sent.
    Closing,
    /// It has ended, and the protocol doesn't know yet.
    Ended(Reason),
    /// The protocol is being told.
    Over,
}

#[derive(Debug)]
pub(super) struct Reading {
    pub(super) is_paused: bool,
    /// The poller has said so, and nothing since has said otherwise.
    pub(super) may_read: bool,
    /// The peer's end was seen, or was told by the poller: then what comes last has to be looked for.
    pub(super) ends: bool,
    pub(super) is_over: bool,
    /// Whether it stands in `Net::again`.
    pub(super) is_again: bool,
}

#[derive(Debug)]
pub(super) struct Writing {
    /// Nobody has said that there is no room.
    pub(super) may_write: bool,
    /// The poller tells when there is room again.
    pub(super) is_watched: bool,
    pub(super) end: WriteEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteEnd {
    Open,
    /// When all was sent.
    Asked,
    Done,
}

/// What the protocol is still to be told.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) mark: Option<Mark>,
    pub(super) read_resumed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Paused,
    Resumed,
}

/// The time limits that were set.
#[derive(Debug, Default)]
pub(in crate::reactor) struct Limits {
    /// Of the protocol.
    pub(super) timeout: Option<Duration>,
    pub(in crate::reactor) since: u64,
    pub(super) timer: Option<DelayedCall>,
    /// Of what is still to be sent at the end.
    pub(super) linger: Option<DelayedCall>,
}

impl Wire {
    /// Never waits.
    pub(super) fn try_read(&self, buf: &mut [u8], fds: &mut Vec<OwnedFd>) -> Result<usize> {
        match self {
            Wire::Stream(stream) if stream.socket().family() == AF_UNIX => {
                let (n, mut more, _) = stream.socket().recv_fds(buf, FDS)?;
                fds.append(&mut more);
                Ok(n)
            }
            Wire::Stream(stream) => stream.try_read(buf),
            Wire::Memory(cable) => cable.try_read(buf),
            Wire::Closed => Err(ErrorKind::WouldBlock.into()),
        }
    }

    /// Never waits.
    pub(super) fn try_write(&self, data: &[u8], fds: &mut Vec<OwnedFd>) -> Result<usize> {
        match self {
            Wire::Stream(stream) if !fds.is_empty() => {
                let borrowed: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
                let n = stream.socket().send_fds(data, &borrowed)?;
                fds.clear();
                Ok(n)
            }
            Wire::Stream(stream) => stream.try_write(data),
            Wire::Memory(cable) => cable.try_write(data),
            Wire::Closed => Err(ErrorKind::WouldBlock.into()),
        }
    }

    /// Whether a short read has left nothing behind. What is encrypted may have come before its turn.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Wire::Stream(Stream::Plain(_)))
    }
}

impl Connection {
    fn new(wire: Wire, peer: Address, protocol: Box<dyn Held>) -> Connection {
        Connection {
            wire,
            peer,
            protocol: Some(protocol),
            successor: None,
            output: Output::default(),
            written: 0,
            sending: None,
            marks: Marks::default(),
            state: State::Open,
            reading: Reading {
                is_paused: false,
                may_read: false,
                ends: false,
                is_over: false,
                is_again: false,
            },
            writing: Writing { may_write: true, is_watched: false, end: WriteEnd::Open },
            news: News::default(),
            is_made: false,
            is_asked: false,
            connector: None,
            limits: None,
            fds: Vec::new(),
        }
    }

    pub(in crate::reactor) fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    pub(in crate::reactor) fn buffered(&self) -> usize {
        self.output.len()
    }

    /// Whether something waits to be sent.
    pub(super) fn has_output(&self) -> bool {
        !self.output.is_empty() || self.sending.is_some()
    }

    /// Whether it can be written to.
    pub(super) fn takes_more(&self) -> bool {
        self.is_open() && self.writing.end == WriteEnd::Open
    }

    /// Whether its protocol knows that too much waits: what is over before it is told is never told.
    pub(in crate::reactor) fn is_full(&self) -> bool {
        match self.news.mark {
            None => self.output.is_full(),
            Some(untold) => untold == Mark::Resumed,
        }
    }

    pub(in crate::reactor) fn is_reading_paused(&self) -> bool {
        self.reading.is_paused
    }

    pub(in crate::reactor) fn socket(&self) -> Option<&Socket> {
        match &self.wire {
            Wire::Stream(stream) => Some(stream.socket()),
            Wire::Memory(_) | Wire::Closed => None,
        }
    }

    /// Whether its data is to be received.
    pub(super) fn is_reading(&self) -> bool {
        self.is_made && self.is_open() && !self.reading.is_paused && !self.reading.is_over
    }

    /// Whether there is nothing to tell its protocol, and nothing to do but to send.
    pub(super) fn is_calm(&self) -> bool {
        self.is_made
            && self.is_open()
            && self.writing.end != WriteEnd::Asked
            && self.news.mark.is_none()
            && !self.news.read_resumed
    }

    pub(in crate::reactor) fn send_fd(&mut self, fd: OwnedFd) -> Result<()> {
        if self.socket().is_none_or(|socket| socket.family() != AF_UNIX) {
            return Err(Error::new(ErrorKind::InvalidInput, "descriptors travel over Unix sockets only"));
        }
        self.fds.push(fd);
        Ok(())
    }

    pub(super) fn note(&mut self, crossed: Crossed) {
        match crossed {
            Crossed::Nothing => {}
            // Told neither of a mark that was passed both ways meanwhile.
            Crossed::High if self.news.mark == Some(Mark::Resumed) => self.news.mark = None,
            Crossed::Low if self.news.mark == Some(Mark::Paused) => self.news.mark = None,
            Crossed::High => self.news.mark = Some(Mark::Paused),
            Crossed::Low => self.news.mark = Some(Mark::Resumed),
            Crossed::Max => {
                let message =
                    format!("the peer doesn't read: more than {} bytes wait for it", self.marks.max);
                self.end(Reason::Lost(Error::new(ErrorKind::TooLarge, message)));
            }
        }
    }

    /// It has ended; the first reason counts.
    pub(super) fn end(&mut self, reason: Reason) {
        if !matches!(self.state, State::Ended(_) | State::Over) {
            self.state = State::Ended(reason);
        }
    }
}

impl Net {
    /// A connection that was accepted, connected or adopted.
    ///
    /// # Errors
    ///
    /// As those of the poller.
    pub(in crate::reactor) fn connect(
        &mut self,
        socket: Socket,
        peer: Address,
        protocol: Box<dyn Held>,
    ) -> Result<Key> {
        if socket.family() == AF_UNIX {
            // Its messages with descriptors know no flag of their own.
            socket.settimeout(Duration::ZERO)?;
        }
        let wire = Wire::Stream(Stream::from(socket));
        let key = self.hold(Connection::new(wire, peer, protocol));
        let Some(socket) = self.connection(key).and_then(Connection::socket) else { return Ok(key) };
        if let Err(error) = self.registrar.add(socket, key.index as usize, Interest::Read) {
            self.ports.remove(key);
            return Err(error);
        }
        Ok(key)
    }

    /// Its protocol is told as soon as the running callback has returned.
    fn hold(&mut self, connection: Connection) -> Key {
        let key = self.ports.insert(Port::Connection(Box::new(connection)));
        self.ask(key);
        key
    }

    /// The same for one without a socket.
    pub(in crate::reactor) fn hold_memory(
        &mut self,
        cable: Rc<Cable>,
        peer: Address,
        protocol: Box<dyn Held>,
    ) -> Key {
        self.hold(Connection::new(Wire::Memory(cable), peer, protocol))
    }

    /// Its peer has sent or taken something.
    pub(in crate::reactor) fn wake_memory(&mut self, key: Key) {
        let Some(connection) = self.connection_mut(key) else { return };
        connection.reading.may_read = true;
        connection.writing.may_write = true;
        self.again(key);
    }

    /// Whose attempt it came of.
    pub(in crate::reactor) fn belongs_to(&mut self, key: Key, connector: Connector) {
        if let Some(connection) = self.connection_mut(key) {
            connection.connector = Some(connector);
        }
    }

    /// Has a connection looked at when the running callback has returned.
    pub(in crate::reactor) fn ask(&mut self, key: Key) {
        let Some(connection) = self.connection_mut(key) else { return };
        if !std::mem::replace(&mut connection.is_asked, true) {
            self.asked.push_back(key);
        }
    }

    /// Has a connection go on after the poller was asked once more.
    pub(super) fn again(&mut self, key: Key) {
        let Some(connection) = self.connection_mut(key) else { return };
        if !std::mem::replace(&mut connection.reading.is_again, true) {
            self.again.push_back(key);
        }
    }

    pub(in crate::reactor) fn end(&mut self, key: Key, reason: Reason) {
        let Some(connection) = self.connection_mut(key) else { return };
        connection.end(reason);
        self.ask(key);
    }

    pub(in crate::reactor) fn lose_write(&mut self, key: Key) {
        let Some(connection) = self.connection_mut(key) else { return };
        if connection.is_open() && connection.writing.end == WriteEnd::Open {
            connection.writing.end = WriteEnd::Asked;
            self.ask(key);
        }
    }

    pub(in crate::reactor) fn pause_reading(&mut self, key: Key) {
        if let Some(connection) = self.connection_mut(key) {
            connection.reading.is_paused = true;
            connection.news.read_resumed = false;
        }
    }

    pub(in crate::reactor) fn resume_reading(&mut self, key: Key) {
        let Some(connection) = self.connection_mut(key) else { return };
        if std::mem::replace(&mut connection.reading.is_paused, false) {
            connection.news.read_resumed = true;
            self.ask(key);
        }
    }

    pub(in crate::reactor) fn replace(&mut self, key: Key, protocol: Box<dyn Held>) {
        let Some(connection) = self.connection_mut(key) else { return };
        if connection.protocol.is_some() {
            connection.protocol = Some(protocol);
        } else {
            connection.successor = Some(Successor::Protocol(protocol));
        }
    }

    pub(in crate::reactor) fn relay(&mut self, key: Key, to: ConnectionId) {
        let Some(connection) = self.connection_mut(key) else { return };
        match connection.protocol.take() {
            None => connection.successor = Some(Successor::Relay(to)),
            former => connection.protocol = Some(Box::new(Relay { to, former })),
        }
    }

    /// Closes the socket; a reset, if this side broke it off.
    pub(super) fn close(&mut self, key: Key) {
        let Some(Port::Connection(connection)) = self.ports.get_mut(key) else { return };
        if matches!(connection.state, State::Ended(Reason::Aborted | Reason::Lost(_))) {
            if let Some(socket) = connection.socket() {
                reset(socket);
            }
        }
        if let Wire::Memory(cable) = &connection.wire {
            cable.close();
        }
        connection.output.clear(&mut self.spare);
        connection.wire = Wire::Closed;
        let over = Error::new(ErrorKind::NotConnected, "the connection is over");
        self.fail_file(key, over);
    }

    /// A connection that has ended, or whose protocol has panicked.
    pub(super) fn forget(&mut self, key: Key) {
        self.ports.remove(key);
    }
}

/// The connection ends by a reset when it is closed.
fn reset(socket: &Socket) {
    use crate::socket::{SO_LINGER, SOL_SOCKET};
    if socket.family() != AF_UNIX {
        // Fails for what has no such thing; then it just ends.
        let _ = socket.setsockopt(SOL_SOCKET, SO_LINGER, Some(Duration::ZERO));
    }
}

impl Connection {
    /// Tells the peer that there will be no more.
    pub(super) fn shut_write(&mut self) {
        self.writing.end = WriteEnd::Done;
        if let Wire::Memory(cable) = &self.wire {
            cable.shut();
        } else if let Some(socket) = self.socket() {
            // Fails when the peer has gone already, which reading tells.
            let _ = socket.shutdown(Shutdown::Write);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_is_small() {
        // Its box, and its place among the ports; nothing else is allocated for it.
        let idle = size_of::<Connection>() + 2 * size_of::<Option<Port>>() + size_of::<Key>();
        assert!(idle <= 512, "{idle}");
    }
}
