//! [`Output`]: what a connection has still to send, and [`Marks`], how much that may be.

use std::fmt;

/// A buffer that was larger isn't kept for the next one.
const KEPT: usize = 64 * 1024;

/// So many empty buffers are kept.
const SPARE: usize = 64;

/// How much may wait to be sent.
///
/// INVARIANT: `low < high <= max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) low: u32,
    pub(crate) high: u32,
    pub(crate) max: u32,
}

impl Default for Marks {
    /// Twisted's `bufferSize`; and so much that no peer that reads gets there.
    fn default() -> Marks {
        Marks { low: 16 * 1024, high: 64 * 1024, max: 16 * 1024 * 1024 }
    }
}

impl Marks {
    /// As near to what is asked for as the invariant allows.
    pub(crate) fn between(self, low: usize, high: usize) -> Marks {
        let high = narrow(high).clamp(1, self.max.max(1));
        Marks { low: narrow(low).min(high - 1), high, ..self }
    }

    pub(crate) fn up_to(self, max: usize) -> Marks {
        let marks = Marks { max: narrow(max).max(1), ..self };
        marks.between(self.low as usize, self.high as usize)
    }
}

fn narrow(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// What a write or a send did to the marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crossed {
    Nothing,
    /// Whoever writes should pause.
    High,
    /// Whoever paused may go on.
    Low,
    /// More than may wait: it isn't kept.
    Max,
}

/// Bytes that wait to be sent. Empty, it has no memory.
#[derive(Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
    /// INVARIANT: `sent < bytes.len()`, or both are 0.
    sent: usize,
    /// Above the high mark, and not yet below the low one.
    is_full: bool,
}

impl Output {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Puts bytes behind the others.
    pub(crate) fn push(&mut self, data: &[u8], marks: Marks, spare: &mut Spare) -> Crossed {
        let after = self.len().saturating_add(data.len());
        if after > marks.max as usize {
            return Crossed::Max;
        }
        if self.bytes.capacity() == 0 && !data.is_empty() {
            self.bytes = spare.take();
        }
        // Rather than grow: what was sent needs no room. Each byte is moved once at most, on average.
        if self.sent > self.len() && self.bytes.len() + data.len() > self.bytes.capacity() {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        self.bytes.extend_from_slice(data);
        if !self.is_full && after > marks.high as usize {
            self.is_full = true;
            return Crossed::High;
        }
        Crossed::Nothing
    }

    /// So many were sent.
    pub(crate) fn consume(&mut self, n: usize, marks: Marks, spare: &mut Spare) -> Crossed {
        self.sent += n.min(self.len());
        if self.sent == self.bytes.len() {
            self.clear(spare);
        }
        if self.is_full && self.len() <= marks.low as usize {
            self.is_full = false;
            return Crossed::Low;
        }
        Crossed::Nothing
    }

    /// Nothing of it will be sent.
    pub(crate) fn clear(&mut self, spare: &mut Spare) {
        self.sent = 0;
        spare.give(std::mem::take(&mut self.bytes));
    }

    #[cfg(test)]
    fn check_invariants(&self) {
        assert!(self.sent < self.bytes.len() || (self.sent, self.bytes.len()) == (0, 0));
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes to send", self.len())
    }
}

/// Empty buffers: a connection that has nothing to send needs none, and one that does needn't ask the allocator.
#[derive(Debug, Default)]
pub(crate) struct Spare(Vec<Vec<u8>>);

impl Spare {
    fn take(&mut self) -> Vec<u8> {
        self.0.pop().unwrap_or_default()
    }

    fn give(&mut self, mut buffer: Vec<u8>) {
        if (1..=KEPT).contains(&buffer.capacity()) && self.0.len() < SPARE {
            buffer.clear();
            self.0.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks() -> Marks {
        Marks::default().between(2, 4).up_to(8)
    }

    #[test]
    fn bytes_leave_as_they_came() {
        let (mut output, mut spare) = (Output::default(), Spare::default());
        let (mut expected, mut seen) = (Vec::new(), Vec::new());
        let marks = Marks::default();
        for round in 0..200_usize {
            let data: Vec<u8> = (0..round % 17).map(|n| (round + n) as u8).collect();
            expected.extend_from_slice(&data);
            assert_eq!(output.push(&data, marks, &mut spare), Crossed::Nothing);
            output.check_invariants();
            let n = output.len().min(round % 11);
            seen.extend_from_slice(&output.bytes()[..n]);
            assert_eq!(output.consume(n, marks, &mut spare), Crossed::Nothing);
            output.check_invariants();
        }
        seen.extend_from_slice(output.bytes());
        assert_eq!(seen, expected);
    }

    #[test]
    fn the_marks_are_told_once_each_way() {
        let (mut output, mut spare) = (Output::default(), Spare::default());
        assert_eq!(output.push(b"1234", marks(), &mut spare), Crossed::Nothing);
        assert_eq!(output.push(b"5", marks(), &mut spare), Crossed::High);
        assert_eq!(output.push(b"6", marks(), &mut spare), Crossed::Nothing);
        assert_eq!(output.consume(3, marks(), &mut spare), Crossed::Nothing);
        assert_eq!(output.push(b"78", marks(), &mut spare), Crossed::Nothing);
        assert_eq!(output.consume(3, marks(), &mut spare), Crossed::Low);
        assert_eq!(output.consume(9, marks(), &mut spare), Crossed::Nothing);
        assert_eq!(output.bytes(), b"");
    }

    #[test]
    fn nothing_above_the_limit_is_kept() {
        let (mut output, mut spare) = (Output::default(), Spare::default());
        assert_eq!(output.push(b"12345678", marks(), &mut spare), Crossed::High);
        assert_eq!(output.push(b"9", marks(), &mut spare), Crossed::Max);
        assert_eq!(output.bytes(), b"12345678");
        for (low, high, expected) in [(9, 9, (7, 8)), (0, 0, (0, 1)), (5, 3, (2, 3))] {
            let marks = marks().between(low, high);
            assert_eq!((marks.low, marks.high), expected);
        }
    }

    #[test]
    fn an_empty_one_has_no_memory_and_the_next_one_needs_none() {
        let (mut output, mut spare) = (Output::default(), Spare::default());
        output.push(&[0; 100], Marks::default(), &mut spare);
        let place = output.bytes().as_ptr();
        output.consume(100, Marks::default(), &mut spare);
        assert_eq!(output.bytes.capacity(), 0);
        output.push(&[0; 10], Marks::default(), &mut spare);
        assert_eq!(output.bytes().as_ptr(), place);
        output.push(&[0; 2 * KEPT], Marks::default(), &mut spare);
        output.clear(&mut spare);
        assert!(spare.0.is_empty());
    }
}
