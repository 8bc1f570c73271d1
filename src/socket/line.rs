//! [`LineEnd`]: where a line ends, in bytes that grow while they are received.

use crate::error::{Error, ErrorKind, Result};

/// The longest line unless told otherwise: that of Python's `http.server` and `smtplib`, and room enough for any protocol
/// of lines.
pub(crate) const LINE_LIMIT: usize = 64 * 1024;

/// Looks for the end of a line; at each byte once.
#[derive(Debug)]
pub(crate) struct LineEnd {
    start: usize,
    longest: usize,
    seen: usize,
}

impl LineEnd {
    /// Of the first line that ends at that place or later; it may be so long, its `\n` included.
    pub(crate) fn at_or_after(start: usize, longest: usize) -> LineEnd {
        LineEnd { start, longest, seen: start }
    }

    /// How many bytes there are through its end. `None`: it needs more of them.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ErrorKind::TooLarge); nothing is lost.
    pub(crate) fn find(&mut self, bytes: &[u8]) -> Result<Option<usize>> {
        let end = bytes.get(self.seen..).and_then(|rest| rest.iter().position(|&byte| byte == b'\n'));
        let through = end.map_or(bytes.len(), |at| self.seen + at + 1);
        if through.saturating_sub(self.start) > self.longest {
            let message = format!("a line of more than {} bytes", self.longest);
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        self.seen = self.seen.max(through);
        Ok(end.map(|_| through))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_where_it_does_whatever_came_at_once() {
        let data = b"one\ntwo\n";
        for (place, through) in [(0, 4), (3, 4), (4, 8), (7, 8)] {
            let mut end = LineEnd::at_or_after(place, 4);
            let first = (0..=data.len()).find_map(|n| end.find(&data[..n]).unwrap());
            assert_eq!(first, Some(through), "from {place}");
            assert_eq!(LineEnd::at_or_after(place, 4).find(data).unwrap(), Some(through));
        }
        assert_eq!(LineEnd::at_or_after(usize::MAX - 1, 4).find(data).unwrap(), None);
    }

    #[test]
    fn the_longest_line_is_counted_with_its_end() {
        assert_eq!(LineEnd::at_or_after(0, 4).find(b"123\n").unwrap(), Some(4));
        assert_eq!(LineEnd::at_or_after(0, 4).find(b"1234").unwrap(), None);
        for long in [&b"1234\n"[..], b"12345"] {
            let error = LineEnd::at_or_after(0, 4).find(long).unwrap_err();
            assert_eq!(
                (error.kind(), error.to_string().as_str()),
                (ErrorKind::TooLarge, "a line of more than 4 bytes")
            );
        }
    }
}
