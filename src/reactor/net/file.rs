//! Sending a file: without copying it through this process where the system can do that.

use std::{fs::File, os::unix::fs::FileExt};

use crate::{
    error::{Error, ErrorKind, Result},
    reactor::{Deferred, Resolver, Transport, slab::Key},
    socket::is_refusal,
};

use super::{
    Net, Port,
    connection::{Connection, State, TURN, Wire},
};

/// So much is copied at once, where it has to be.
const PIECE: usize = 64 * 1024;

/// A file on its way.
pub(super) struct Sending {
    file: File,
    offset: u64,
    left: u64,
    sent: u64,
    resolver: Resolver<u64>,
    /// What was written meanwhile.
    pub(super) behind: Vec<u8>,
    is_copied: bool,
}

impl Transport<'_> {
    /// Sends a file from its position to its end, behind what was written before and before what is written later:
    /// `sendfile(2)`, or by copying where that can't be. The Deferred fires with the number of bytes when the system has
    /// taken the last one.
    ///
    /// The file is read on the reactor's thread; one that grows meanwhile is sent as far as it went. It is best a plain
    /// file.
    ///
    /// Twisted: `FileSender.beginFileTransfer`.
    ///
    /// # Errors
    ///
    /// The Deferred's: the file's; [`NotConnected`](ErrorKind::NotConnected) when the connection ends before, or another
    /// file is being sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{fs::{File, write}};
    /// use sockeye::reactor::{Protocol, Transport, testing::MemoryTransport};
    ///
    /// struct Sender(std::path::PathBuf);
    /// impl Protocol for Sender {
    ///     fn data_received(&mut self, transport: &mut Transport<'_>, _data: &[u8]) {
    ///         transport.write(b"<");
    ///         transport.send_file(File::open(&self.0).unwrap()).map(|bytes| assert_eq!(bytes, 5));
    ///         transport.write(b">");
    ///     }
    /// }
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("hello");
    /// write(&path, "hello").unwrap();
    /// let mut memory = MemoryTransport::new(Sender(path))?;
    /// memory.receive(b"go");
    /// assert_eq!(memory.written(), b"<hello>");
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_file(&mut self, file: File) -> Deferred<u64> {
        let (deferred, resolver) = self.reactor.deferred();
        let sending = Sending::new(file, resolver);
        match sending {
            Ok(sending) => self.reactor.net.send_file(self.id.0, sending),
            Err((error, resolver)) => resolver.reject(error),
        }
        deferred
    }
}

impl Sending {
    fn new(mut file: File, resolver: Resolver<u64>) -> Result<Sending, (Error, Resolver<u64>)> {
        use std::io::Seek;
        let extent = file.stream_position().and_then(|offset| Ok((offset, file.metadata()?.len())));
        match extent {
            Ok((offset, len)) => Ok(Sending {
                file,
                offset,
                left: len.saturating_sub(offset),
                sent: 0,
                resolver,
                behind: Vec::new(),
                is_copied: false,
            }),
            Err(error) => Err((Error::from(error).context("send a file"), resolver)),
        }
    }

    fn took(&mut self, n: usize) {
        let n = n as u64;
        (self.offset, self.left, self.sent) = (self.offset + n, self.left.saturating_sub(n), self.sent + n);
    }
}

impl Net {
    fn send_file(&mut self, key: Key, sending: Sending) {
        match self.connection_mut(key) {
            Some(connection) if connection.takes_more() && connection.sending.is_none() => {
                connection.sending = Some(Box::new(sending));
                self.ask(key);
            }
            _ => {
                let error = Error::new(ErrorKind::NotConnected, "the connection can't send a file now");
                sending.resolver.reject(error);
            }
        }
    }

    /// Sends of the file, once all before it was sent, at most so much. Whether the file has ended.
    pub(super) fn flush_file(&mut self, key: Key) -> bool {
        let Some(Port::Connection(connection)) = self.ports.get_mut(key) else { return false };
        if !connection.output.is_empty() || !matches!(connection.state, State::Open | State::Closing) {
            return false;
        }
        let Connection { wire, sending: Some(sending), writing, .. } = &mut **connection else {
            return false;
        };
        let mut turn = TURN;
        while sending.left > 0 && turn > 0 && writing.may_write {
            let most = turn.min(usize::try_from(sending.left).unwrap_or(turn));
            match sending.send(wire, most) {
                // It has become shorter.
                Ok(0) => sending.left = 0,
                Ok(n) => {
                    sending.took(n);
                    turn -= n.min(turn);
                }
                Err(error) if error.would_block() => writing.may_write = false,
                Err(error) => {
                    self.fail_file(key, error);
                    return true;
                }
            }
        }
        if sending.left > 0 {
            return false;
        }
        let Some(sending) = connection.sending.take() else { return false };
        let Sending { resolver, sent, behind, .. } = *sending;
        resolver.resolve(sent);
        let crossed = connection.output.push(&behind, connection.marks, &mut self.spare);
        connection.note(crossed);
        true
    }

    /// The rest of it can't be sent: what was promised before it can't be kept.
    pub(super) fn fail_file(&mut self, key: Key, error: Error) {
        let Some(connection) = self.connection_mut(key) else { return };
        if let Some(sending) = connection.sending.take() {
            let kind = error.kind();
            sending.resolver.reject(error.context("send a file"));
            connection.end(crate::reactor::Reason::Lost(Error::new(kind, "a file couldn't be sent")));
        }
    }
}

impl Sending {
    fn send(&mut self, wire: &Wire, most: usize) -> Result<usize> {
        if let (Wire::Stream(stream), false) = (wire, self.is_copied) {
            match stream.try_send_file(&self.file, self.offset, most) {
                Err(error) if error.kind() == ErrorKind::Unsupported || is_refusal(&error) => {
                    self.is_copied = true;
                }
                outcome => return outcome,
            }
        }
        let mut piece = vec![0; most.min(PIECE)];
        let n = self.file.read_at(&mut piece, self.offset)?;
        match n {
            0 => Ok(0),
            n => wire.try_write(&piece[..n], &mut Vec::new()),
        }
    }
}

impl std::fmt::Debug for Sending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes of a file", self.left)
    }
}
