//! The chunked transfer coding (RFC 9112 §7.1), both ways.
//!
//! - [`ChunkDecoder`]: finds the data in what a peer sends; copies nothing, and allocates for trailers only
//! - [`chunk`], [`chunk_header`], [`LAST_CHUNK`]: what this side sends
//!
//! A line is ended by CR LF and by nothing else: a decoder that lets a bare LF pass can be made to see other
//! chunks than the proxy before it.

use ::http::HeaderMap;

use super::{
    body::{BodyError, Step},
    head::{self, Parsed},
    limits::Limits,
    write,
};

/// What ends each line and each chunk's data.
pub(crate) const CRLF: &[u8] = b"\r\n";

/// The end of a body without trailers.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Decodes a chunked body.
///
/// ```text
///   ┌──────────────────────── CR LF ─────────────────────────┐
///   ▼                                                        │
///  size ──► white space ──► extensions ──► CR LF ──► data ───┘
///                                            │ size 0
///                                            ▼
///                               trailers, empty line ──► done
/// ```
#[derive(Clone, Debug)]
pub(crate) struct ChunkDecoder {
    state: State,
    /// The size as far as it was read, then how much of the chunk's data is still to come.
    left: u64,
    /// Bytes of the current line.
    line: u32,
    /// By how much the framing exceeds what is proportionate; see [`Limits::chunk_overhead`].
    overhead: u32,
    /// The trailer section as it was sent.
    trailers: Vec<u8>,
    bounds: Bounds,
}

/// The part of [`Limits`] that holds for chunks; small, as parked connections keep it.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    line: u32,
    overhead: u32,
    trailers: u32,
    fields: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first digit of a size.
    Start,
    /// After so many digits of it.
    Size(u8),
    /// White space after the size: an extension must follow (RFC 9112 §7.1.1, `BWS`).
    Space,
    Extension,
    /// After the CR of a size's line.
    LineFeed,
    Data,
    /// The CR after data.
    DataEnd,
    /// The LF after data.
    DataEndFeed,
    /// At the beginning of the trailer section.
    Trailers,
    /// After a CR there: no trailers, if LF follows.
    TrailersFeed,
    /// Within the trailer section.
    TrailerLines,
    Done,
    Failed(BodyError),
}

/// Digits of a size: more don't fit, and leading zeros serve nobody.
const MAX_DIGITS: u8 = 16;

/// Framing that is proportionate, whatever the size of the chunk.
const FREE_OVERHEAD: u32 = 16;

impl ChunkDecoder {
    /// A decoder at the beginning of a body.
    pub(crate) fn new(limits: &Limits) -> ChunkDecoder {
        let bound = |limit: usize| u32::try_from(limit).unwrap_or(u32::MAX);
        ChunkDecoder {
            state: State::Start,
            left: 0,
            line: 0,
            overhead: 0,
            trailers: Vec::new(),
            bounds: Bounds {
                line: bound(limits.chunk_line),
                overhead: bound(limits.chunk_overhead),
                trailers: bound(limits.trailers),
                fields: bound(limits.fields),
            },
        }
    }

    /// Finds the next data in `input`, up to the end of one chunk at most. See [`Step`].
    ///
    /// # Errors
    ///
    /// The coding is broken, or exceeds a limit; every further call says the same.
    pub(crate) fn decode(&mut self, input: &[u8]) -> Result<Step, BodyError> {
        let mut at = 0;
        while let Some(&byte) = input.get(at) {
            match self.state {
                State::Data => {
                    let start = at;
                    let there = input.len() - start;
                    let take = usize::try_from(self.left).map_or(there, |left| left.min(there));
                    self.skip(take as u64);
                    return Ok(Step { consumed: start + take, data: start..start + take });
                }
                State::Done => break,
                State::Failed(error) => return Err(error),
                _ => self.framing(byte).inspect_err(|&error| self.state = State::Failed(error))?,
            }
            at += 1;
        }
        Ok(Step { consumed: at, data: at..at })
    }

    /// How many of the next bytes are data, with nothing between them.
    #[inline]
    pub(crate) fn run(&self) -> u64 {
        if self.state == State::Data { self.left } else { 0 }
    }

    /// That many bytes of the [`run`](ChunkDecoder::run) were taken elsewhere.
    #[inline]
    pub(crate) fn skip(&mut self, taken: u64) {
        debug_assert!(taken <= self.run());
        self.left = self.left.saturating_sub(taken);
        if self.left == 0 && self.state == State::Data {
            self.state = State::DataEnd;
        }
    }

    /// Whether the last chunk and the trailers have come.
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The peer's data have ended: was it at the body's end?
    ///
    /// # Errors
    ///
    /// [`BodyError::Truncated`], or what [`decode`](ChunkDecoder::decode) said.
    pub(crate) fn finish(&self) -> Result<(), BodyError> {
        match self.state {
            State::Done => Ok(()),
            State::Failed(error) => Err(error),
            _ => Err(BodyError::Truncated),
        }
    }

    /// The trailers of a body that is done; else none. They were checked like fields of a head, and are
    /// nevertheless no part of it (RFC 9110 §6.5.1).
    pub(crate) fn trailers(&self) -> HeaderMap {
        if self.is_done() { self.parse_trailers().unwrap_or_default() } else { HeaderMap::new() }
    }

    fn framing(&mut self, byte: u8) -> Result<(), BodyError> {
        self.state = match (self.state, byte) {
            (State::Start | State::Size(_), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.digit(byte)?,
            (State::Start, _) => return Err(BodyError::ChunkSize),
            (State::Size(_) | State::Extension, b'\r') => State::LineFeed,
            (State::Size(_) | State::Space, b' ' | b'\t') => self.more_line(State::Space)?,
            (State::Size(_) | State::Space, b';') => self.more_line(State::Extension)?,
            (State::Size(_) | State::Space, _) => return Err(BodyError::ChunkSize),
            (State::Extension, b'\t' | b' '..=0x7e | 0x80..) => self.more_line(State::Extension)?,
            (State::Extension, _) => return Err(BodyError::ChunkExtension),
            (State::LineFeed, b'\n') => self.end_line()?,
            (State::DataEnd, b'\r') => State::DataEndFeed,
            (State::DataEndFeed, b'\n') => State::Start,
            (State::LineFeed | State::DataEnd | State::DataEndFeed, _) => return Err(BodyError::LineEnd),
            (State::Trailers, b'\r') => State::TrailersFeed,
            (State::TrailersFeed, b'\n') => State::Done,
            (State::TrailersFeed, _) => return Err(BodyError::LineEnd),
            (State::Trailers | State::TrailerLines, _) => self.trailer(byte)?,
            (State::Data | State::Done | State::Failed(_), _) => self.state,
        };
        Ok(())
    }

    fn digit(&mut self, byte: u8) -> Result<State, BodyError> {
        let digits = match self.state {
            State::Size(digits) => digits,
            _ => {
                self.left = 0;
                self.line = 0;
                0
            }
        };
        if digits == MAX_DIGITS {
            return Err(BodyError::ChunkSizeOverflow);
        }
        let value = match byte {
            b'0'..=b'9' => byte - b'0',
            _ => (byte | 0x20) - b'a' + 10,
        };
        self.left = self.left << 4 | u64::from(value);
        self.more_line(State::Size(digits + 1))
    }

    /// One more byte of the current line.
    fn more_line(&mut self, next: State) -> Result<State, BodyError> {
        self.line += 1;
        if self.line > self.bounds.line { Err(BodyError::ChunkLineTooLong) } else { Ok(next) }
    }

    /// The line with the size is over.
    fn end_line(&mut self) -> Result<State, BodyError> {
        // The line's end, and the data's end.
        let framing = self.line + 4;
        let free =
            FREE_OVERHEAD.saturating_add(u32::try_from(self.left).unwrap_or(u32::MAX).saturating_mul(2));
        self.overhead = self.overhead.saturating_add(framing).saturating_sub(free);
        if self.overhead > self.bounds.overhead {
            return Err(BodyError::ChunkOverhead);
        }
        Ok(if self.left == 0 { State::Trailers } else { State::Data })
    }

    fn trailer(&mut self, byte: u8) -> Result<State, BodyError> {
        if self.trailers.len() >= self.bounds.trailers as usize {
            return Err(BodyError::TrailersTooLong);
        }
        self.trailers.push(byte);
        // An empty line; one that bare LFs make is found too, so that it can be refused.
        if self.trailers.ends_with(b"\n\r\n") || self.trailers.ends_with(b"\n\n") {
            self.parse_trailers()?;
            return Ok(State::Done);
        }
        Ok(State::TrailerLines)
    }

    fn parse_trailers(&self) -> Result<HeaderMap, BodyError> {
        if self.trailers.is_empty() {
            return Ok(HeaderMap::new());
        }
        match head::parse_trailers(&self.trailers, self.bounds.fields as usize)? {
            Parsed::Complete(trailers) => Ok(trailers),
            Parsed::Partial => Err(BodyError::Truncated),
        }
    }
}

/// Writes one chunk. No data, no chunk: one of size 0 would end the body.
pub(crate) fn chunk(out: &mut Vec<u8>, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    chunk_header(out, data.len());
    out.extend_from_slice(data);
    out.extend_from_slice(CRLF);
}

/// Writes the line before a chunk's data; the data and [`CRLF`] must follow. For no data it writes nothing,
/// and nothing must follow.
pub(crate) fn chunk_header(out: &mut Vec<u8>, len: usize) {
    if len > 0 {
        write::hexadecimal(out, len as u64);
        out.extend_from_slice(CRLF);
    }
}

#[cfg(test)]
mod tests;
