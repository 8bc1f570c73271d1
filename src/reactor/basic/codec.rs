//! [`Codec`]: where a message ends.

use std::ops::Range;

use crate::error::{Error, ErrorKind, Result};

/// How messages stand in a stream of bytes. It holds none of them and knows no socket.
///
/// | method | has to |
/// |---|---|
/// | [`decode`](Self::decode) | find the first message of what was received and not taken yet |
/// | [`encode`](Self::encode) | write a message so that the peer's `decode` finds it |
///
/// Whatever arrives in how many pieces, `decode` must find the same messages: test it whole and byte by byte.
///
/// # Examples
///
/// ```
/// use sockeye::reactor::basic::{Codec, Frame, LineCodec};
/// let mut codec = LineCodec::new();
/// let received = b"one\r\ntwo";
/// let frame = codec.decode(received)?.unwrap();
/// assert_eq!((&received[frame.message], frame.used), (&b"one"[..], 5));
/// assert_eq!(codec.decode(b"two")?, None);
/// assert_eq!(codec.decode(b"two\r\n")?, Some(Frame { message: 0..3, used: 5 }));
/// # Ok::<(), sockeye::Error>(())
/// ```
pub trait Codec {
    /// The first message in `received`, or `None` if its end isn't there yet.
    ///
    /// After `None` the next call has to come with the same bytes and more behind them; after a message, with what
    /// stands behind the bytes that it used.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ErrorKind::TooLarge) as soon as a message is known to pass the limit;
    /// [`Protocol`](ErrorKind::Protocol) for what can't be one. Both are final.
    fn decode(&mut self, received: &[u8]) -> Result<Option<Frame>>;

    /// Writes a message behind what is in `out`.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ErrorKind::TooLarge) for a message that the form has no room for; then nothing is written.
    fn encode(&self, message: &[u8], out: &mut Vec<u8>) -> Result<()>;
}

/// A message within the bytes that a [`Codec`] was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Where it stands, without what marks its beginning and end.
    pub message: Range<usize>,
    /// How many bytes it takes with them.
    pub used: usize,
}

/// Twisted's, for strings behind their length.
pub(super) const MAX_STRING: usize = 99_999;

pub(super) fn too_long(what: &'static str, limit: usize) -> Error {
    Error::new(ErrorKind::TooLarge, format!("a {what} of more than {limit} bytes"))
}
