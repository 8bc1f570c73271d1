//! [`Data`]: what a request carries, as bytes or as something to read from.

mod failure;

use std::{
    any::Any,
    borrow::Cow,
    fmt,
    fs::File,
    io::{self, Read},
    mem,
    sync::{Mutex, PoisonError},
};

use ::http::{HeaderMap, HeaderName};

use super::trailing::Trailing;
use crate::error::{Error, ErrorKind, Result};
pub(super) use failure::{is_of_data, of_data, unread, wrong_data};

/// What a [`Request`](super::Request) carries: bytes, or a reader with or without a known length.
///
/// Bytes, and what [can be opened again](Self::repeatable), can be sent again, so a redirect that keeps the method (307, 308) and the one retry on a dead
/// connection work with them; a reader is read once. Data whose reader fails, can't be opened or ends early break the
/// request off with that error, whose text says so; nothing on the connection is waited for then, and nothing is tried
/// again.
///
/// Python: the `data` of `urllib.request.Request`: bytes, a file object, an iterable.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{Data, Request};
///
/// # fn main() -> sockeye::Result<()> {
/// let form = Data::from("name=Ada&year=1843");
/// assert_eq!(form.len(), Some(18));
/// let upload = Data::reader(std::io::repeat(b'x'));
/// assert_eq!(upload.len(), None); // travels in chunks
/// let request = Request::new("http://127.0.0.1/")?.data(form);
/// assert_eq!(request.get_method(), "POST");
/// # Ok(())
/// # }
/// ```
pub struct Data(Source);

/// What is left to be sent.
enum Source {
    Bytes(Cow<'static, [u8]>),
    /// INVARIANT: nothing was read from it yet.
    Reader {
        /// The lock is never taken: it makes the reader shareable, and only `&mut` reaches it.
        reader: Mutex<Input>,
        length: Option<u64>,
    },
    /// INVARIANT: nothing was read from it yet.
    Trailing {
        /// As above.
        reader: Mutex<Box<dyn Trailing>>,
        names: Vec<HeaderName>,
    },
    /// What can be read as often as wanted.
    Again {
        open: Box<dyn Fn() -> io::Result<Input> + Send + Sync>,
        length: u64,
    },
    /// The reader went out once.
    Spent,
}

/// What one round sends.
pub(super) enum Sending<'a> {
    Bytes(&'a [u8]),
    /// Exactly so many bytes.
    Sized(Input, u64),
    /// To its end, in chunks, and then its trailers.
    Chunked(Input),
}

/// What is read.
pub(super) enum Input {
    /// There are shorter ways for it.
    File(File),
    Other(Box<dyn Read + Send>),
    Trailing(Box<dyn Trailing>),
}

impl Input {
    fn of(reader: impl Read + Send + 'static) -> Input {
        let mut reader = Some(reader);
        let file = (&mut reader as &mut dyn Any).downcast_mut::<Option<File>>().and_then(Option::take);
        match (file, reader) {
            (Some(file), _) => Input::File(file),
            (None, Some(reader)) => Input::Other(Box::new(reader)),
            // It is one of the two.
            (None, None) => Input::Other(Box::new(io::empty())),
        }
    }

    /// What follows it, once it has been read.
    pub(super) fn into_trailers(self) -> Result<HeaderMap> {
        match self {
            Input::Trailing(reader) => {
                reader.trailers().map_err(|error| of_data("make the trailers of the request's data", error))
            }
            Input::File(_) | Input::Other(_) => Ok(HeaderMap::new()),
        }
    }
}

impl Read for Input {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Input::File(file) => file.read(buf),
            Input::Other(reader) => reader.read(buf),
            Input::Trailing(reader) => reader.read(buf),
        }
    }
}

impl Data {
    /// Reads what is sent from there, to its end; it travels in chunks (`Transfer-Encoding: chunked`).
    ///
    /// Python: a file, or an iterable of bytes, as `data`.
    pub fn reader(reader: impl Read + Send + 'static) -> Data {
        Data(Source::Reader { reader: Mutex::new(Input::of(reader)), length: None })
    }

    /// Reads exactly `length` bytes from there. A reader that ends earlier breaks the request off with
    /// [`ErrorKind::UnexpectedEof`]; what it holds beyond that is not read. A [`File`] goes out by `sendfile(2)` where
    /// that can be, from where it stands, and so does one from [`repeatable`](Self::repeatable).
    pub fn sized_reader(reader: impl Read + Send + 'static, length: u64) -> Data {
        Data(Source::Reader { reader: Mutex::new(Input::of(reader)), length: Some(length) })
    }

    /// Reads exactly `length` bytes from what `open` gives, and opens it anew whenever it is sent once more.
    ///
    /// ```
    /// use std::fs::File;
    /// use sockeye::urllib::Data;
    ///
    /// let length = std::fs::metadata("Cargo.toml")?.len();
    /// let file = Data::repeatable(length, || File::open("Cargo.toml"));
    /// assert_eq!(file.len(), Some(length));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn repeatable<R: Read + Send + 'static>(
        length: u64,
        open: impl Fn() -> io::Result<R> + Send + Sync + 'static,
    ) -> Data {
        Data(Source::Again { open: Box::new(move || Ok(Input::of(open()?))), length })
    }

    /// The number of bytes, if it is known beforehand.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        match &self.0 {
            Source::Bytes(bytes) => Some(bytes.len() as u64),
            Source::Reader { length, .. } => *length,
            Source::Again { length, .. } => Some(*length),
            Source::Trailing { .. } | Source::Spent => None,
        }
    }

    /// Whether it is known to be no byte at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Whether it can be sent once more: bytes and what is repeatable always, a reader as long as nothing was read from it.
    #[must_use]
    pub fn is_replayable(&self) -> bool {
        !matches!(self.0, Source::Spent)
    }

    /// The bytes, if it is bytes: for a handler that signs them.
    ///
    /// ```
    /// assert_eq!(sockeye::urllib::Data::from("abc").bytes(), Some(&b"abc"[..]));
    /// ```
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Source::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn trailing(reader: Box<dyn Trailing>, names: Vec<HeaderName>) -> Data {
        Data(Source::Trailing { reader: Mutex::new(reader), names })
    }

    /// The names of the trailer fields that follow it.
    pub(super) fn trailer_names(&self) -> &[HeaderName] {
        match &self.0 {
            Source::Trailing { names, .. } => names,
            _ => &[],
        }
    }

    /// Whether it is still there after it was sent.
    pub(super) fn stays(&self) -> bool {
        matches!(self.0, Source::Bytes(_) | Source::Again { .. })
    }

    /// What this round sends. A reader is given away by this, and the data is spent.
    pub(super) fn send(&mut self) -> Result<Sending<'_>> {
        let taken = if self.stays() { None } else { Some(mem::replace(&mut self.0, Source::Spent)) };
        match (taken, &self.0) {
            (None, Source::Bytes(bytes)) => Ok(Sending::Bytes(bytes)),
            (None, Source::Again { open, length }) => {
                let reader = open().map_err(|error| of_data("open the request's data", error))?;
                Ok(Sending::Sized(reader, *length))
            }
            (Some(Source::Reader { reader, length }), _) => {
                let reader = reader.into_inner().unwrap_or_else(PoisonError::into_inner);
                Ok(match length {
                    Some(length) => Sending::Sized(reader, length),
                    None => Sending::Chunked(reader),
                })
            }
            (Some(Source::Trailing { reader, .. }), _) => {
                let reader = reader.into_inner().unwrap_or_else(PoisonError::into_inner);
                Ok(Sending::Chunked(Input::Trailing(reader)))
            }
            _ => Err(Error::new(
                ErrorKind::InvalidInput,
                "the request's data came from a reader and can't be sent a second time",
            )),
        }
    }
}

impl From<Vec<u8>> for Data {
    fn from(bytes: Vec<u8>) -> Data {
        Data(Source::Bytes(bytes.into()))
    }
}

impl From<String> for Data {
    fn from(text: String) -> Data {
        text.into_bytes().into()
    }
}

impl From<&[u8]> for Data {
    fn from(bytes: &[u8]) -> Data {
        bytes.to_vec().into()
    }
}

impl<const N: usize> From<&[u8; N]> for Data {
    fn from(bytes: &[u8; N]) -> Data {
        bytes.to_vec().into()
    }
}

impl From<&str> for Data {
    fn from(text: &str) -> Data {
        text.as_bytes().into()
    }
}

impl fmt::Debug for Data {
    /// Says how much it is, never what: it may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.0 {
            Source::Bytes(_) => "bytes",
            Source::Reader { .. } => "reader",
            Source::Again { .. } => "repeatable",
            Source::Trailing { .. } => "reader with trailers",
            Source::Spent => "spent reader",
        };
        f.debug_struct("Data").field("source", &source).field("len", &self.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_go_out_as_often_as_asked() -> Result<()> {
        let mut data = Data::from("abc");
        for _ in 0..2 {
            assert!(matches!(data.send()?, Sending::Bytes(b"abc")));
            assert!(data.is_replayable());
        }
        Ok(())
    }

    #[test]
    fn a_reader_goes_out_once() {
        let mut data = Data::sized_reader(&b"abc"[..], 3);
        assert!(data.is_replayable());
        assert!(matches!(data.send(), Ok(Sending::Sized(_, 3))));
        assert!(!data.is_replayable());
        assert_eq!(data.send().err().map(|e| e.kind()), Some(ErrorKind::InvalidInput));
    }

    #[test]
    fn debug_never_shows_the_bytes() {
        assert!(!format!("{:?}", Data::from("password=secret")).contains("secret"));
    }
}
