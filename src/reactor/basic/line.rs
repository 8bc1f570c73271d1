//! [`LineCodec`]: lines.

use super::{Codec, Frame, codec::too_long};
use crate::error::Result;

/// Twisted's `MAX_LENGTH`.
const MAX_LENGTH: usize = 16_384;

/// Lines that end with a delimiter, `\r\n` unless told otherwise.
///
/// Twisted: `LineReceiver.delimiter` and `LineReceiver.MAX_LENGTH`.
///
/// # Examples
///
/// ```
/// use sockeye::reactor::basic::{Codec, LineCodec};
/// let mut codec = LineCodec::new().delimiter("\n").max_length(3);
/// assert!(codec.decode(b"one\n")?.is_some());
/// assert!(codec.decode(b"four\n").is_err());
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LineCodec {
    /// INVARIANT: never empty.
    delimiter: Vec<u8>,
    max_length: usize,
    /// No delimiter begins before here.
    seen: usize,
}

impl LineCodec {
    /// Lines of at most 16,384 bytes that end with `\r\n`.
    #[must_use]
    pub fn new() -> LineCodec {
        LineCodec { delimiter: b"\r\n".to_vec(), max_length: MAX_LENGTH, seen: 0 }
    }

    /// What ends a line. Default is `"\r\n"`; an empty one leaves it as it is.
    #[must_use]
    pub fn delimiter(mut self, delimiter: impl AsRef<[u8]>) -> LineCodec {
        if !delimiter.as_ref().is_empty() {
            self.delimiter = delimiter.as_ref().to_vec();
        }
        self
    }

    /// The longest line, without its delimiter. Default is 16,384 bytes.
    #[must_use]
    pub fn max_length(mut self, bytes: usize) -> LineCodec {
        self.max_length = bytes;
        self
    }

    /// What was shown last isn't shown again.
    pub(super) fn forget(&mut self) {
        self.seen = 0;
    }

    pub(super) fn end(&self) -> &[u8] {
        &self.delimiter
    }

    /// Where the first delimiter begins, at that place or later.
    fn find(&self, received: &[u8]) -> Option<usize> {
        // INVARIANT of `delimiter`: there is a last byte, by which it is found.
        let (&last, first) = self.delimiter.split_last()?;
        let mut from = self.seen + first.len();
        loop {
            let at = from + received.get(from..)?.iter().position(|&byte| byte == last)?;
            if received[..at].ends_with(first) {
                return Some(at - first.len());
            }
            from = at + 1;
        }
    }
}

impl Codec for LineCodec {
    fn decode(&mut self, received: &[u8]) -> Result<Option<Frame>> {
        let end = self.find(received);
        // A part of the delimiter may have come already.
        let least = end.unwrap_or((received.len() + 1).saturating_sub(self.delimiter.len()));
        if least > self.max_length {
            return Err(too_long("line", self.max_length));
        }
        self.seen = if end.is_some() { 0 } else { least };
        Ok(end.map(|end| Frame { message: 0..end, used: end + self.delimiter.len() }))
    }

    fn encode(&self, message: &[u8], out: &mut Vec<u8>) -> Result<()> {
        out.reserve(message.len() + self.delimiter.len());
        out.extend_from_slice(message);
        out.extend_from_slice(&self.delimiter);
        Ok(())
    }
}

impl Default for LineCodec {
    fn default() -> LineCodec {
        LineCodec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::check, *};

    #[test]
    fn lines() {
        check(LineCodec::new(), b"", &[], Ok(0));
        check(LineCodec::new(), b"one\r\ntwo\r\n\r\n", &["one", "two", ""], Ok(0));
        check(LineCodec::new(), b"a\rb\nc\r\r\nrest\r", &["a\rb\nc\r"], Ok(5));
    }

    #[test]
    fn other_delimiters() {
        check(LineCodec::new().delimiter("\n"), b"one\r\ntwo\n", &["one\r", "two"], Ok(0));
        check(LineCodec::new().delimiter("\0"), b"one\0", &["one"], Ok(0));
        check(LineCodec::new().delimiter("aab"), b"aaaab-aab.", &["aa", "-"], Ok(1));
        check(LineCodec::new().delimiter(""), b"one\r\n", &["one"], Ok(0));
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit() {
        let codec = || LineCodec::new().max_length(3);
        check(codec(), b"one\r\ntwo\r", &["one"], Ok(4));
        check(codec(), b"one\r\nfour\r\n", &["one"], Err("a line of more than 3 bytes"));
        check(codec(), b"four", &[], Ok(4));
        check(codec(), b"fours", &[], Err("a line of more than 3 bytes"));
    }

    #[test]
    fn each_byte_is_looked_at_once() {
        let mut codec = LineCodec::new().max_length(usize::MAX);
        assert_eq!(codec.decode(&[b'x'; 1000]).unwrap(), None);
        assert_eq!(codec.seen, 999);
    }
}
