//! [`Buffer`]: what was received and not taken yet.

use std::fmt;

/// What the first read gets, and what a buffer keeps when it is idle.
const SIZE: usize = 16 * 1024;

/// How much room a read gets at least.
const ROOM: usize = 4 * 1024;

/// Bytes between two cursors; takes no memory until the first read.
#[derive(Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    /// INVARIANT: start <= end <= bytes.len(), and both are 0 when they are equal.
    start: usize,
    end: usize,
}

impl Buffer {
    /// What is still to be looked at.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Drops that many bytes from the front.
    pub(crate) fn consume(&mut self, n: usize) {
        self.start = self.end.min(self.start.saturating_add(n));
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Takes at most that many bytes from the front.
    pub(crate) fn take(&mut self, n: usize) -> Vec<u8> {
        let bytes = self.bytes();
        let taken = bytes[..n.min(bytes.len())].to_vec();
        self.consume(taken.len());
        taken
    }

    /// Room for a read, behind what is there. Grows only while nobody takes anything out, for what must stay in
    /// one piece.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        self.room_for(ROOM)
    }

    /// The same with so many bytes at least: what doesn't fit of a packet is lost.
    pub(crate) fn room_for(&mut self, least: usize) -> &mut [u8] {
        let least = least.max(ROOM);
        if self.bytes.len() - self.end < least {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.bytes.len() - self.end < least {
                self.bytes.resize((self.end + least.max(SIZE)).next_power_of_two(), 0);
            }
        }
        &mut self.bytes[self.end..]
    }

    /// So many bytes of the room were received.
    pub(crate) fn filled(&mut self, n: usize) {
        self.end = self.bytes.len().min(self.end + n);
    }

    /// Lets go what an unusually large exchange made it hold; only an empty one.
    pub(crate) fn shrink(&mut self) {
        if self.is_empty() && self.bytes.len() > SIZE {
            *self = Buffer::default();
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(buffer: &mut Buffer, data: &[u8]) {
        buffer.room()[..data.len()].copy_from_slice(data);
        buffer.filled(data.len());
    }

    #[test]
    fn what_goes_in_comes_out_in_order() {
        let mut buffer = Buffer::default();
        let (mut put_in, mut taken) = (Vec::new(), Vec::new());
        for round in 0..200_usize {
            let data: Vec<u8> = (0..(round * 37) % 4096).map(|i| (i + round) as u8).collect();
            put(&mut buffer, &data);
            put_in.extend_from_slice(&data);
            taken.extend(buffer.take((round * 53) % 5000));
            assert!(buffer.start <= buffer.end && buffer.end <= buffer.bytes.len());
            assert!(buffer.start == 0 || !buffer.is_empty());
        }
        taken.extend(buffer.take(usize::MAX));
        assert_eq!(taken, put_in);
        assert!(buffer.is_empty());
    }

    #[test]
    fn it_does_not_grow_while_it_is_emptied() {
        let mut buffer = Buffer::default();
        for _ in 0..1000 {
            put(&mut buffer, &[7; 1000]);
            assert_eq!(buffer.take(1000).len(), 1000);
        }
        assert_eq!(buffer.bytes.len(), SIZE);
    }
    #[test]
    fn it_grows_for_what_stays_and_shrinks_when_empty() {
        let mut buffer = Buffer::default();
        put(&mut buffer, b"hello world");
        buffer.consume(6);
        for _ in 0..8 {
            put(&mut buffer, &[b'x'; ROOM]);
        }
        assert!(buffer.bytes().starts_with(b"worldx"));
        assert_eq!(buffer.bytes().len(), 5 + 8 * ROOM);
        buffer.shrink();
        assert_eq!(buffer.bytes().len(), 5 + 8 * ROOM);
        buffer.consume(usize::MAX);
        buffer.shrink();
        assert!(buffer.is_empty() && buffer.bytes.is_empty());
    }
}
