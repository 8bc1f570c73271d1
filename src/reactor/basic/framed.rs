//! [`Framed`]: messages by blocking calls.

use std::{
    fmt,
    io::{Read, Write},
};

use super::Codec;
use crate::{
    error::{Error, ErrorKind, Result},
    stream::Buffer,
};

/// Reads and writes whole messages on anything that blocks: a socket, a file, a pipe.
///
/// # Examples
///
/// ```
/// use sockeye::{reactor::basic::{Framed, NetstringCodec}, socket::{AF_UNIX, SOCK_STREAM, socketpair}};
///
/// # fn main() -> sockeye::Result<()> {
/// let (one, other) = socketpair(AF_UNIX, SOCK_STREAM, Default::default())?;
/// let mut one = Framed::new(one, NetstringCodec::new());
/// let mut other = Framed::new(other, NetstringCodec::new());
/// one.write_message(b"hello")?;
/// assert_eq!(other.read_message()?, Some(&b"hello"[..]));
/// drop(one);
/// assert_eq!(other.read_message()?, None);
/// # Ok(())
/// # }
/// ```
pub struct Framed<S, C> {
    stream: S,
    codec: C,
    received: Buffer,
    /// How much of it the last message took.
    taken: usize,
    out: Vec<u8>,
}

impl<S, C: Codec> Framed<S, C> {
    /// Messages of that form on that stream.
    pub fn new(stream: S, codec: C) -> Framed<S, C> {
        Framed { stream, codec, received: Buffer::default(), taken: 0, out: Vec::new() }
    }

    /// The stream, to set a timeout. What is read from it by hand is missing here.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// The stream, and what was read from it and not taken yet.
    #[must_use]
    pub fn into_parts(mut self) -> (S, Vec<u8>) {
        self.received.consume(self.taken);
        let rest = self.received.bytes().to_vec();
        (self.stream, rest)
    }
}

impl<S: Read, C: Codec> Framed<S, C> {
    /// The next message; `None` at the end of the stream.
    ///
    /// After an error of the stream (a timeout, say) it goes on where it was.
    ///
    /// # Errors
    ///
    /// Those of [`Codec::decode`] and of the stream; [`UnexpectedEof`](ErrorKind::UnexpectedEof) when the stream ends
    /// within a message.
    pub fn read_message(&mut self) -> Result<Option<&[u8]>> {
        self.received.consume(std::mem::take(&mut self.taken));
        let message = loop {
            if let Some(frame) = self.codec.decode(self.received.bytes())? {
                self.taken = frame.used;
                break frame.message;
            }
            match self.stream.read(self.received.room()) {
                Ok(0) if self.received.is_empty() => return Ok(None),
                Ok(0) => {
                    let message = "the stream ended within a message";
                    return Err(Error::new(ErrorKind::UnexpectedEof, message));
                }
                Ok(n) => self.received.filled(n),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        };
        Ok(Some(&self.received.bytes()[message]))
    }
}

impl<S: Write, C: Codec> Framed<S, C> {
    /// Writes a message, in one call if the stream takes all of it.
    ///
    /// # Errors
    ///
    /// Those of [`Codec::encode`] and of the stream.
    pub fn write_message(&mut self, message: &[u8]) -> Result<()> {
        self.out.clear();
        self.codec.encode(message, &mut self.out)?;
        Ok(self.stream.write_all(&self.out)?)
    }
}

impl<S: fmt::Debug, C: fmt::Debug> fmt::Debug for Framed<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framed")
            .field("stream", &self.stream)
            .field("codec", &self.codec)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::LineCodec, *};

    #[test]
    fn messages_and_what_is_left() {
        let mut framed = Framed::new(&b"one\r\ntwo\r\nrest"[..], LineCodec::new());
        assert_eq!(framed.read_message().unwrap(), Some(&b"one"[..]));
        assert_eq!(framed.into_parts(), (&b""[..], b"two\r\nrest".to_vec()));
    }

    #[test]
    fn the_end_within_a_message() {
        let mut framed = Framed::new(&b"one\r\ntwo"[..], LineCodec::new());
        assert!(framed.read_message().unwrap().is_some());
        assert_eq!(framed.read_message().unwrap_err().kind(), ErrorKind::UnexpectedEof);
        let mut empty = Framed::new(&b""[..], LineCodec::new());
        assert_eq!(empty.read_message().unwrap(), None);
    }
}
