//! HTTP/1.1 as bytes: sans-io.
//!
//! Bytes in, bytes out: nothing here knows a socket, a file, a thread or a clock. Every rule on what is accepted
//! or refused stands here once, for the server's side and the client's.
//!
//! - [`limits`]: how much of everything a peer may send
//! - [`head`]: request and response heads; [`fields`]: their field lines
//! - [`framing`]: where a body ends, whether the connection lasts, what is expected
//! - [`body`]: decodes a body of any framing; [`chunk`]: the chunked coding, both ways; [`trailer`]: what
//!   may come after it
//! - [`write`](mod@write): heads as bytes, checked so that nobody can smuggle a line into them
//! - [`date`]: dates, both ways; the `Date` field's value, made once a second
//! - [`condition`]: `If-*` fields; [`range`](mod@range): byte ranges; [`media`]: types by file name
//!
//! A parser that lacks bytes says [`Partial`](head::Parsed::Partial), which is no error; it holds for every one of
//! them that feeding its input byte by byte gives the same as feeding it at once.

pub(crate) mod body;
pub(crate) mod chunk;
pub(crate) mod condition;
pub(crate) mod date;
pub(crate) mod fields;
pub(crate) mod framing;
#[cfg(any(test, feature = "unstable-fuzzing"))]
pub mod fuzzing;
pub(crate) mod head;
pub(crate) mod limits;
pub(crate) mod media;
pub(crate) mod range;
#[cfg(test)]
mod testing;
pub(crate) mod trailer;
pub(crate) mod write;
