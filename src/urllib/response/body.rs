//! [`Body`]: what a response is read from.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Read},
    mem,
    os::fd::RawFd,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use ::http::HeaderMap;

use crate::urllib::transport::{Connection, WireBody};

/// How much of a body is read for the sake of its connection.
const DRAIN: u64 = 64 * 1024;

/// And how long that may take: dialling anew is seldom slower.
const DRAIN_TIME: Duration = Duration::from_millis(200);

/// A body of so many bytes comes with its head, or nearly so.
const SHORT: u64 = 8 * 1024;

/// Room is made for at most so many bytes before they come, whatever the server promises.
const RESERVED: u64 = 1024 * 1024;

/// A response's body: [`Read`] and [`BufRead`].
///
/// What a server writes is an [`http::Body`](crate::http::Body).
pub struct Body(Source);

enum Source {
    Wire(WireBody),
    /// A handler's. The lock is never taken: it makes the reader shareable, and only `&mut` reaches it.
    Other(Mutex<Box<dyn BufRead + Send>>),
    /// One of the crate's own around another body, of which it still knows the rest.
    Layer(Box<dyn Layer>),
}

/// A body around another one.
pub(in crate::urllib) trait Layer: BufRead + Send + Sync {
    /// How many bytes are still to come from this one, if that is known.
    fn bytes_left(&self) -> Option<u64>;

    /// The body below, if there is one.
    fn below(&self) -> Option<&Body> {
        None
    }

    /// The same, to be drained.
    fn below_mut(&mut self) -> Option<&mut Body> {
        None
    }
}

impl Body {
    pub(in crate::urllib) fn wire(body: WireBody) -> Body {
        Body(Source::Wire(body))
    }

    pub(in crate::urllib) fn bytes_left(&self) -> Option<u64> {
        match &self.0 {
            Source::Wire(body) => body.bytes_left(),
            Source::Other(_) => None,
            Source::Layer(layer) => layer.bytes_left(),
        }
    }

    pub(in crate::urllib) fn fileno(&self) -> RawFd {
        match &self.0 {
            Source::Wire(body) => body.fileno(),
            Source::Other(_) => -1,
            Source::Layer(layer) => layer.below().map_or(-1, Body::fileno),
        }
    }

    pub(in crate::urllib) fn trailers(&self) -> Option<&HeaderMap> {
        match &self.0 {
            Source::Wire(body) => body.trailers(),
            Source::Other(_) => None,
            Source::Layer(layer) => layer.below()?.trailers(),
        }
    }

    pub(super) fn take_switched(&mut self) -> Option<(Box<Connection>, Option<Duration>)> {
        match &mut self.0 {
            Source::Wire(body) => body.take_switched(),
            Source::Other(_) => None,
            Source::Layer(layer) => layer.below_mut()?.take_switched(),
        }
    }

    pub(super) fn drain(&mut self) {
        match &mut self.0 {
            Source::Wire(body) => body.drain(DRAIN, DRAIN_TIME),
            Source::Other(_) => {}
            Source::Layer(layer) => {
                if let Some(body) = layer.below_mut() {
                    body.drain();
                }
            }
        }
    }

    pub(super) fn new(reader: impl Read + Send + 'static) -> Body {
        Body(Source::Other(Mutex::new(Box::new(BufReader::new(reader)))))
    }

    pub(super) fn layer(layer: impl Layer + 'static) -> Body {
        Body(Source::Layer(Box::new(layer)))
    }
}

impl Read for Body {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Source::Wire(body) => Ok(body.read(buf)?),
            Source::Other(reader) => reader.get_mut().unwrap_or_else(PoisonError::into_inner).read(buf),
            Source::Layer(layer) => layer.read(buf),
        }
    }

    /// What is known to be short is taken as it lies in the connection's buffer: no room for a guess, no probe for the end.
    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        let before = buf.len();
        while let Some(left @ ..SHORT) = self.bytes_left() {
            buf.reserve(left as usize);
            let there = match self.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                there => there?,
            };
            if there.is_empty() {
                return Ok(buf.len() - before);
            }
            buf.extend_from_slice(there);
            let n = there.len();
            self.consume(n);
        }
        buf.reserve(self.bytes_left().map_or(0, |left| left.min(RESERVED) as usize));
        // `Take` is there for std's own way, which this function replaces.
        Read::take(&mut *self, u64::MAX).read_to_end(buf)?;
        Ok(buf.len() - before)
    }

    fn read_to_string(&mut self, buf: &mut String) -> io::Result<usize> {
        let mut bytes = mem::take(buf).into_bytes();
        let before = bytes.len();
        let outcome = self.read_to_end(&mut bytes);
        *buf = String::from_utf8(bytes)
            .or_else(|error| {
                let mut bytes = error.into_bytes();
                bytes.truncate(before);
                String::from_utf8(bytes)
            })
            .unwrap_or_default();
        if buf.len() == before && matches!(outcome, Ok(1..)) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the body isn't UTF-8"));
        }
        outcome
    }
}

impl BufRead for Body {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match &mut self.0 {
            Source::Wire(body) => Ok(body.fill_buf()?),
            Source::Other(reader) => reader.get_mut().unwrap_or_else(PoisonError::into_inner).fill_buf(),
            Source::Layer(layer) => layer.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        match &mut self.0 {
            Source::Wire(body) => body.consume(amount),
            Source::Other(reader) => {
                reader.get_mut().unwrap_or_else(PoisonError::into_inner).consume(amount);
            }
            Source::Layer(layer) => layer.consume(amount),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}
