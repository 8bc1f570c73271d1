//! [`Cable`]: the peer of a connection that has no socket.

use std::cell::{Cell, RefCell};

use crate::error::{ErrorKind, Result};

/// One end's bytes, both ways.
#[derive(Debug)]
pub(in crate::reactor) struct Cable {
    /// For the protocol.
    incoming: RefCell<Vec<u8>>,
    /// Of the protocol.
    outgoing: RefCell<Vec<u8>>,
    /// So much more it takes of the protocol.
    room: Cell<usize>,
    peer_has_ended: Cell<bool>,
    has_ended: Cell<bool>,
    is_closed: Cell<bool>,
}

impl Cable {
    pub(super) fn new() -> Cable {
        Cable {
            incoming: RefCell::default(),
            outgoing: RefCell::default(),
            room: Cell::new(usize::MAX),
            peer_has_ended: Cell::new(false),
            has_ended: Cell::new(false),
            is_closed: Cell::new(false),
        }
    }

    pub(in crate::reactor) fn try_read(&self, buf: &mut [u8]) -> Result<usize> {
        let mut incoming = self.incoming.borrow_mut();
        if incoming.is_empty() {
            return if self.peer_has_ended.get() { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
        }
        let n = incoming.len().min(buf.len());
        buf[..n].copy_from_slice(&incoming[..n]);
        incoming.drain(..n);
        Ok(n)
    }

    pub(in crate::reactor) fn try_write(&self, data: &[u8]) -> Result<usize> {
        let n = data.len().min(self.room.get());
        if n == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        if self.room.get() != usize::MAX {
            self.room.set(self.room.get() - n);
        }
        self.outgoing.borrow_mut().extend_from_slice(&data[..n]);
        Ok(n)
    }

    /// The protocol sends no more.
    pub(in crate::reactor) fn shut(&self) {
        self.has_ended.set(true);
    }

    pub(in crate::reactor) fn close(&self) {
        self.has_ended.set(true);
        self.is_closed.set(true);
    }

    pub(super) fn give(&self, data: &[u8]) {
        self.incoming.borrow_mut().extend_from_slice(data);
    }

    pub(super) fn end(&self) {
        self.peer_has_ended.set(true);
    }

    pub(super) fn set_room(&self, bytes: usize) {
        self.room.set(bytes);
    }

    pub(super) fn peer_has_ended(&self) -> bool {
        self.peer_has_ended.get()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.get()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    pub(super) fn written(&self) -> Vec<u8> {
        self.outgoing.borrow().clone()
    }

    /// At most so much of what the protocol has written.
    pub(super) fn take(&self, most: usize) -> Vec<u8> {
        let mut outgoing = self.outgoing.borrow_mut();
        let n = outgoing.len().min(most);
        outgoing.drain(..n).collect()
    }
}
