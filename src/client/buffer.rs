//! What was received and not taken yet.

use std::fmt;

/// How much room a read gets at least.
const ROOM: usize = 8 * 1024;

/// Bytes between two cursors; without room until the first read.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    /// INVARIANT: start <= end <= bytes.len()
    start: usize,
    end: usize,
}

impl Buffer {
    pub(super) fn data(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Drops that many bytes from the front.
    pub(super) fn consume(&mut self, n: usize) {
        self.start = self.end.min(self.start.saturating_add(n));
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Takes at most that many bytes from the front.
    pub(super) fn take(&mut self, n: usize) -> Vec<u8> {
        let data = self.data();
        let taken = data[..n.min(data.len())].to_vec();
        self.consume(taken.len());
        taken
    }

    /// Room for a read, after the data. Grows only while nobody takes anything out.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.bytes.len() - self.end < ROOM {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.bytes.len() - self.end < ROOM {
                self.bytes.resize((2 * self.end).max(ROOM) + ROOM, 0);
            }
        }
        &mut self.bytes[self.end..]
    }

    /// So many bytes of the room hold data now.
    pub(super) fn filled(&mut self, n: usize) {
        self.end = self.bytes.len().min(self.end + n);
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.data().len())
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
        assert!(buffer.bytes.len() <= 2 * ROOM);
    }
}
