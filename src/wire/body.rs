//! Decodes a body, whatever its framing, and knows whether it came whole.
//!
//! - [`Decoder`]: made from a [`Framing`]; finds the data in the bytes that came
//! - [`Step`]: what it found
//!
//! ```text
//! while !decoder.is_done() {
//!     let step = decoder.decode(&buffer)?;      // data: buffer[step.data]; drop buffer[..step.consumed]
//!     if step.consumed == 0 { read more; at the peer's end of data: decoder.finish()? }
//! }
//! ```

use std::ops::Range;

use ::http::{HeaderMap, StatusCode};
use thiserror::Error;

use crate::error::{Error, ErrorKind};

use super::{chunk::ChunkDecoder, framing::Framing, head::HeadError, limits::Limits};

/// The state of a body that is being read.
#[derive(Clone, Debug)]
pub(crate) enum Decoder {
    /// There is no body, or all of it has come.
    None,
    /// So many bytes are still to come.
    Length(u64),
    /// The chunks say.
    Chunked(ChunkDecoder),
    /// All that comes is data.
    UntilClose,
}

/// What a decoder made of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// How many bytes are done with, the data included. 0 only if the input was empty or the body is done.
    pub(crate) consumed: usize,
    /// Where the data are in the input; may be empty before the end.
    pub(crate) data: Range<usize>,
}

/// What [`Decoder::compact`] made of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Compacted {
    /// How many bytes are done with.
    pub(crate) consumed: usize,
    /// How many bytes of data now stand at the front.
    pub(crate) written: usize,
}

/// What is wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub(crate) enum BodyError {
    #[error("the body ended before its end")]
    Truncated,
    #[error("malformed chunk size")]
    ChunkSize,
    #[error("chunk size too large")]
    ChunkSizeOverflow,
    #[error("malformed chunk extension")]
    ChunkExtension,
    #[error("line of a chunk too long")]
    ChunkLineTooLong,
    #[error("too much framing for too little data")]
    ChunkOverhead,
    #[error("line of a chunk not ended by CR LF")]
    LineEnd,
    #[error("trailers too long")]
    TrailersTooLong,
    #[error("bad trailers: {0}")]
    Trailers(#[from] HeadError),
}

impl Decoder {
    /// A decoder at the beginning of a body.
    pub(crate) fn new(framing: Framing, limits: &Limits) -> Decoder {
        match framing {
            Framing::None => Decoder::None,
            Framing::Length(length) => Decoder::Length(length),
            Framing::Chunked => Decoder::Chunked(ChunkDecoder::new(limits)),
            Framing::UntilClose => Decoder::UntilClose,
        }
    }

    /// Finds the next data in `input`.
    ///
    /// # Errors
    ///
    /// The chunks are broken, or exceed a limit; every further call says the same.
    #[inline]
    pub(crate) fn decode(&mut self, input: &[u8]) -> Result<Step, BodyError> {
        let take = match self {
            Decoder::None => 0,
            Decoder::Length(left) => {
                let take = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                *left -= take as u64;
                take
            }
            Decoder::Chunked(chunks) => return chunks.decode(input),
            Decoder::UntilClose => input.len(),
        };
        Ok(Step { consumed: take, data: 0..take })
    }

    /// Decodes all of `buffer` in place: its data are moved together at the front. What isn't consumed
    /// stands where it was, and is no part of the body.
    ///
    /// # Errors
    ///
    /// As for [`decode`](Decoder::decode).
    pub(crate) fn compact(&mut self, buffer: &mut [u8]) -> Result<Compacted, BodyError> {
        let (mut consumed, mut written) = (0, 0);
        while consumed < buffer.len() && !self.is_done() {
            let step = self.decode(&buffer[consumed..])?;
            let (start, end) = (consumed + step.data.start, consumed + step.data.end);
            if start != written {
                buffer.copy_within(start..end, written);
            }
            written += end - start;
            consumed += step.consumed;
        }
        Ok(Compacted { consumed, written })
    }

    /// How many of the next bytes are data, with nothing between them: they may be read straight to where they
    /// are wanted; then tell [`skip`](Decoder::skip).
    #[inline]
    pub(crate) fn run(&self) -> u64 {
        match self {
            Decoder::None => 0,
            Decoder::Length(left) => *left,
            Decoder::Chunked(chunks) => chunks.run(),
            Decoder::UntilClose => u64::MAX,
        }
    }

    /// That many bytes of the [`run`](Decoder::run) were read elsewhere.
    #[inline]
    pub(crate) fn skip(&mut self, taken: u64) {
        debug_assert!(taken <= self.run());
        match self {
            Decoder::Length(left) => *left = left.saturating_sub(taken),
            Decoder::Chunked(chunks) => chunks.skip(taken),
            Decoder::None | Decoder::UntilClose => {}
        }
    }

    /// Whether all of the body has come. One until close is never done by itself.
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Decoder::None | Decoder::Length(0) => true,
            Decoder::Length(_) | Decoder::UntilClose => false,
            Decoder::Chunked(chunks) => chunks.is_done(),
        }
    }

    /// How many bytes of data are still to come, if that was promised. Never allocate by it.
    #[inline]
    pub(crate) fn remaining_hint(&self) -> Option<u64> {
        match self {
            Decoder::None => Some(0),
            Decoder::Length(left) => Some(*left),
            Decoder::Chunked(chunks) if chunks.is_done() => Some(0),
            Decoder::Chunked(_) | Decoder::UntilClose => None,
        }
    }

    /// The peer's data have ended: was it at the body's end?
    ///
    /// # Errors
    ///
    /// [`BodyError::Truncated`] if more was to come (RFC 9112 §8).
    pub(crate) fn finish(&self) -> Result<(), BodyError> {
        match self {
            Decoder::None | Decoder::Length(0) | Decoder::UntilClose => Ok(()),
            Decoder::Length(_) => Err(BodyError::Truncated),
            Decoder::Chunked(chunks) => chunks.finish(),
        }
    }

    /// The trailers, once the body is done.
    pub(crate) fn trailers(&self) -> HeaderMap {
        match self {
            Decoder::Chunked(chunks) => chunks.trailers(),
            _ => HeaderMap::new(),
        }
    }
}

impl BodyError {
    /// The status that answers a request with such a body, if anybody still waits for one.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            BodyError::TrailersTooLong => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            BodyError::Trailers(error) => error.status(),
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Error {
        let kind = match error {
            BodyError::Truncated => ErrorKind::UnexpectedEof,
            BodyError::ChunkSizeOverflow
            | BodyError::ChunkLineTooLong
            | BodyError::ChunkOverhead
            | BodyError::TrailersTooLong
            | BodyError::Trailers(HeadError::TooManyFields) => ErrorKind::TooLarge,
            _ => ErrorKind::Protocol,
        };
        Error::with_source(kind, "HTTP body", error)
    }
}

#[cfg(test)]
mod tests;
