//! What a connection sends.

use crate::{
    error::Result,
    poll::Interest,
    reactor::{protocol::Reason, slab::Key},
};

use super::{
    Net, Port,
    connection::{Connection, State, TURN},
    output::Crossed,
};

/// From here on a piece isn't copied to the others, if there are none.
const LARGE: usize = 16 * 1024;

impl Net {
    pub(in crate::reactor) fn write(&mut self, key: Key, data: &[u8]) {
        let Some(Port::Connection(connection)) = self.ports.get_mut(key) else { return };
        if !connection.takes_more() || data.is_empty() {
            return;
        }
        connection.written += data.len() as u64;
        if let Some(sending) = &mut connection.sending {
            match sending.behind.len() + data.len() > connection.marks.max as usize {
                true => connection.note(Crossed::Max),
                false => sending.behind.extend_from_slice(data),
            }
            return self.ask(key);
        }
        let mut data = data;
        if data.len() >= LARGE && connection.output.is_empty() && connection.writing.may_write {
            data = &data[connection.send_now(&data[..data.len().min(TURN)])..];
        }
        let crossed = connection.output.push(data, connection.marks, &mut self.spare);
        connection.note(crossed);
        if !std::mem::replace(&mut connection.is_asked, true) {
            self.asked.push_back(key);
        }
    }

    /// Sends what waits, as much as there is room for in one turn.
    pub(super) fn flush(&mut self, key: Key) {
        let Some(Port::Connection(connection)) = self.ports.get_mut(key) else { return };
        if !connection.has_output() || !matches!(connection.state, State::Open | State::Closing) {
            return;
        }
        let mut left = TURN;
        while connection.writing.may_write && !connection.output.is_empty() && left > 0 {
            let bytes = connection.output.bytes();
            // Taken for the call, which wants the rest of the connection too.
            let n = connection.wire.try_write(&bytes[..bytes.len().min(left)], &mut connection.fds);
            let n = connection.sent(n);
            left -= n;
            let crossed = connection.output.consume(n, connection.marks, &mut self.spare);
            connection.note(crossed);
        }
        if !connection.has_output() {
            return;
        }
        if connection.sending.is_some() && self.flush_file(key) {
            return self.flush(key);
        }
        let Some(connection) = self.connection_mut(key) else { return };
        if connection.writing.may_write && connection.has_output() {
            self.again(key);
        } else {
            self.watch(key);
        }
    }

    /// Has the poller tell when there is room.
    fn watch(&mut self, key: Key) {
        let Some(Port::Connection(connection)) = self.ports.get_mut(key) else { return };
        if connection.writing.may_write || connection.writing.is_watched {
            return;
        }
        connection.writing.is_watched = true;
        let outcome = connection
            .socket()
            .map(|socket| self.registrar.change(socket, key.index as usize, Interest::Both));
        if let Some(Err(error)) = outcome {
            connection.end(Reason::Lost(error));
        }
    }
}

impl Connection {
    /// One send of what isn't kept. Says how much went.
    fn send_now(&mut self, data: &[u8]) -> usize {
        let n = self.wire.try_write(data, &mut self.fds);
        self.sent(n)
    }

    fn sent(&mut self, outcome: Result<usize>) -> usize {
        match outcome {
            Ok(n) => return n,
            Err(error) if error.would_block() => self.writing.may_write = false,
            Err(error) => {
                self.writing.may_write = false;
                self.end(Reason::Lost(error));
            }
        }
        0
    }
}
