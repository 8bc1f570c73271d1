//! What a connection receives.

use crate::reactor::{Reactor, protocol::Reason, slab::Key};

/// What is received at once.
pub(super) const BLOCK: usize = 64 * 1024;

/// What one read gave.
enum Read {
    Nothing,
    Data(usize),
    End,
}

impl Reactor {
    /// One `recv`, for which the poller or an earlier one gave reason; the protocol gets what it brought. If there may be
    /// more, that is after the others' turn.
    pub(super) fn read(&mut self, key: Key) {
        let mut block = std::mem::take(&mut self.net.block);
        // Empty only when a callback below is still looking at its own, or for the first time.
        block.resize(BLOCK, 0);
        let mut fds = Vec::new();
        let read = self.receive(key, &mut block, &mut fds);
        for fd in fds {
            self.call(key, |protocol, transport| protocol.fd_received(transport, fd));
        }
        match read {
            Read::Nothing => {}
            Read::End => {
                // Whether it goes on sending is the protocol's choice.
                self.call(key, |protocol, transport| protocol.eof_received(transport));
                self.net.end_if_silent(key);
            }
            Read::Data(n) => {
                self.call(key, |protocol, transport| protocol.data_received(transport, &block[..n]));
            }
        }
        self.net.block = block;
        self.attend(key);
    }

    fn receive(&mut self, key: Key, block: &mut [u8], fds: &mut Vec<std::os::fd::OwnedFd>) -> Read {
        let Some(connection) = self.net.connection_mut(key) else { return Read::Nothing };
        let reading = &mut connection.reading;
        if !reading.may_read || connection.protocol.is_none() || !connection.is_reading() {
            return Read::Nothing;
        }
        let (read, more) = match connection.wire.try_read(block, fds) {
            Ok(0) => {
                connection.reading.is_over = true;
                (Read::End, false)
            }
            // The end, or an error, may have come right behind: nothing would tell it once more.
            Ok(n) => {
                (Read::Data(n), n == block.len() || connection.reading.ends || !connection.wire.is_plain())
            }
            Err(error) if error.would_block() => (Read::Nothing, false),
            Err(error) => {
                connection.end(Reason::Lost(error));
                (Read::Nothing, false)
            }
        };
        connection.reading.may_read = more;
        if more {
            self.net.again(key);
        }
        read
    }
}
