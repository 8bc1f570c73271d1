//! [`IntCodec`]: a length of fixed width, most significant byte first, then the string.

use super::{
    Codec, Frame,
    codec::{MAX_STRING, too_long},
};
use crate::error::Result;

/// Strings of up to 255 bytes behind a length of one byte.
///
/// Twisted: `Int8StringReceiver`.
pub type Int8Codec = IntCodec<1>;

/// Strings of up to 65,535 bytes behind a length of two bytes.
///
/// Twisted: `Int16StringReceiver`.
pub type Int16Codec = IntCodec<2>;

/// Strings behind a length of four bytes.
///
/// Twisted: `Int32StringReceiver`.
pub type Int32Codec = IntCodec<4>;

/// Strings behind their length, a number of `WIDTH` bytes in network order.
///
/// Twisted: `IntNStringReceiver`, its `structFormat` and `MAX_LENGTH`.
///
/// # Examples
///
/// ```
/// use sockeye::reactor::basic::{Codec, Int16Codec};
/// let mut out = Vec::new();
/// Int16Codec::new().encode(b"hello", &mut out)?;
/// assert_eq!(out, b"\0\x05hello");
/// assert!(Int16Codec::new().encode(&[0; 70_000], &mut out).is_err());
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct IntCodec<const WIDTH: usize> {
    max_length: usize,
}

impl<const WIDTH: usize> IntCodec<WIDTH> {
    /// Strings of at most 99,999 bytes.
    #[must_use]
    pub fn new() -> IntCodec<WIDTH> {
        IntCodec { max_length: MAX_STRING }
    }

    /// The longest string that is received. Default is 99,999 bytes.
    #[must_use]
    pub fn max_length(mut self, bytes: usize) -> IntCodec<WIDTH> {
        self.max_length = bytes;
        self
    }
}

impl<const WIDTH: usize> Codec for IntCodec<WIDTH> {
    fn decode(&mut self, received: &[u8]) -> Result<Option<Frame>> {
        let Some(number) = received.get(..WIDTH) else { return Ok(None) };
        let length = number
            .iter()
            .try_fold(0_usize, |value, &byte| value.checked_mul(256).map(|value| value | usize::from(byte)));
        let Some(length) = length.filter(|&length| length <= self.max_length) else {
            return Err(too_long("string", self.max_length));
        };
        let end = length.saturating_add(WIDTH);
        Ok((received.len() >= end).then_some(Frame { message: WIDTH..end, used: end }))
    }

    fn encode(&self, message: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let number = message.len().to_be_bytes();
        let room = number.len().saturating_sub(WIDTH);
        if number[..room].iter().any(|&byte| byte != 0) {
            let most = if WIDTH < number.len() { (1 << (8 * WIDTH)) - 1 } else { usize::MAX };
            return Err(too_long("string", most));
        }
        out.reserve(WIDTH + message.len());
        out.resize(out.len() + WIDTH.saturating_sub(number.len()), 0);
        out.extend_from_slice(&number[room..]);
        out.extend_from_slice(message);
        Ok(())
    }
}

impl<const WIDTH: usize> Default for IntCodec<WIDTH> {
    fn default() -> IntCodec<WIDTH> {
        IntCodec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::check, *};

    #[test]
    fn strings() {
        check(Int8Codec::new(), b"\x03one\0\x05three", &["one", "", "three"], Ok(0));
        check(Int16Codec::new(), b"\0\x03one\0\0\0", &["one", ""], Ok(1));
        check(Int32Codec::new(), b"\0\0\0\x03one\0\0\0\x05thr", &["one"], Ok(7));
        check(IntCodec::<10>::new(), b"\0\0\0\0\0\0\0\0\0\x03one", &["one"], Ok(0));
    }

    #[test]
    fn the_limit_is_known_by_the_length_alone() {
        let codec = || Int32Codec::new().max_length(5);
        check(codec(), b"\0\0\0\x05three", &["three"], Ok(0));
        check(codec(), b"\0\0\0\x06", &[], Err("a string of more than 5 bytes"));
        check(Int32Codec::new(), b"\0\x01\x86\xa0", &[], Err("a string of more than 99999 bytes"));
        check(Int32Codec::new().max_length(usize::MAX), &[0xff; 4], &[], Ok(4));
        check(IntCodec::<10>::new(), &[0xff; 10], &[], Err("a string of more than 99999 bytes"));
    }

    #[test]
    fn a_string_that_its_length_has_no_room_for() {
        let mut out = Vec::new();
        assert!(Int8Codec::new().encode(&[0; 255], &mut out).is_ok());
        let error = Int8Codec::new().encode(&[0; 256], &mut out).unwrap_err();
        assert_eq!((error.to_string().as_str(), out.len()), ("a string of more than 255 bytes", 256));
    }
}
