//! [`NetstringCodec`]: `5:hello,`.

use super::{
    Codec, Frame,
    codec::{MAX_STRING, too_long},
};
use crate::error::{Error, ErrorKind, Result};

/// The digits of the largest length that fits.
const MOST_DIGITS: usize = 20;

/// [Netstrings](https://cr.yp.to/proto/netstrings.txt): the length in digits, a colon, the string, a comma.
///
/// Twisted: `NetstringReceiver` and its `MAX_LENGTH`.
///
/// # Examples
///
/// ```
/// use sockeye::reactor::basic::{Codec, NetstringCodec};
/// let mut out = Vec::new();
/// NetstringCodec::new().encode(b"hello", &mut out)?;
/// assert_eq!(out, b"5:hello,");
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct NetstringCodec {
    max_length: usize,
}

impl NetstringCodec {
    /// Strings of at most 99,999 bytes.
    #[must_use]
    pub fn new() -> NetstringCodec {
        NetstringCodec { max_length: MAX_STRING }
    }

    /// The longest string. Default is 99,999 bytes.
    #[must_use]
    pub fn max_length(mut self, bytes: usize) -> NetstringCodec {
        self.max_length = bytes;
        self
    }

    /// The string's length and where it begins.
    fn length(&self, received: &[u8]) -> Result<Option<(usize, usize)>> {
        let digits = received.iter().take(MOST_DIGITS).take_while(|byte| byte.is_ascii_digit()).count();
        let number = &received[..digits];
        if matches!(number, [b'0', _, ..]) {
            return Err(wrong("its length begins with a zero"));
        }
        let value = number
            .iter()
            .try_fold(0_usize, |value, digit| value.checked_mul(10)?.checked_add(usize::from(digit - b'0')));
        let length = value.filter(|&length| length <= self.max_length);
        let length = length.ok_or_else(|| too_long("netstring", self.max_length))?;
        match received.get(digits) {
            None => Ok(None),
            Some(b':') if digits > 0 => Ok(Some((length, digits + 1))),
            Some(_) => Err(wrong("its length isn't digits and a colon")),
        }
    }
}

fn wrong(why: &str) -> Error {
    Error::new(ErrorKind::Protocol, format!("not a netstring: {why}"))
}

impl Codec for NetstringCodec {
    fn decode(&mut self, received: &[u8]) -> Result<Option<Frame>> {
        let Some((length, start)) = self.length(received)? else { return Ok(None) };
        // The limit may be the largest number there is.
        let Some(end) = start.checked_add(length) else { return Ok(None) };
        match received.get(end) {
            None => Ok(None),
            Some(b',') => Ok(Some(Frame { message: start..end, used: end + 1 })),
            Some(_) => Err(wrong("no comma stands behind it")),
        }
    }

    fn encode(&self, message: &[u8], out: &mut Vec<u8>) -> Result<()> {
        out.reserve(message.len() + MOST_DIGITS + 2);
        out.extend_from_slice(message.len().to_string().as_bytes());
        out.push(b':');
        out.extend_from_slice(message);
        out.push(b',');
        Ok(())
    }
}

impl Default for NetstringCodec {
    fn default() -> NetstringCodec {
        NetstringCodec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::check, *};

    const TOO_LONG: &str = "a netstring of more than 99999 bytes";

    #[test]
    fn strings() {
        check(NetstringCodec::new(), b"5:hello,0:,3:a,:,", &["hello", "", "a,:"], Ok(0));
        check(NetstringCodec::new(), b"1:a,12:half", &["a"], Ok(7));
    }

    #[test]
    fn what_is_none() {
        for text in ["x", ":", "-1:a,", " 1:a,", "1 :a,", "+1:a,", "1;a,"] {
            let why = "not a netstring: its length isn't digits and a colon";
            check(NetstringCodec::new(), text.as_bytes(), &[], Err(why));
        }
        for text in ["01:a,", "00:,"] {
            let why = "not a netstring: its length begins with a zero";
            check(NetstringCodec::new(), text.as_bytes(), &[], Err(why));
        }
        check(NetstringCodec::new(), b"1:a,1:b;", &["a"], Err("not a netstring: no comma stands behind it"));
    }

    #[test]
    fn the_limit() {
        let codec = || NetstringCodec::new().max_length(10);
        check(codec(), b"10:0123456789,", &["0123456789"], Ok(0));
        check(codec(), b"11", &[], Err("a netstring of more than 10 bytes"));
        check(NetstringCodec::new(), b"100000:", &[], Err(TOO_LONG));
        check(NetstringCodec::new(), &[b'9'; 100], &[], Err(TOO_LONG));
        let endless = NetstringCodec::new().max_length(usize::MAX);
        check(endless.clone(), format!("{}:", usize::MAX).as_bytes(), &[], Ok(21));
        check(endless, &[b'9'; 21], &[], Err(&format!("a netstring of more than {} bytes", usize::MAX)));
    }
}
