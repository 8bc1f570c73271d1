//! Messages in a stream of bytes: lines, netstrings, strings behind their length.
//!
//! Each kind comes twice. A [`Codec`] is bytes in and bytes out, and [`Framed`] uses it on anything that blocks.
//!
//! | kind | codec | Twisted |
//! |---|---|---|
//! | lines | [`LineCodec`] | `LineReceiver`, `LineOnlyReceiver` |
//! | `5:hello,` | [`NetstringCodec`] | `NetstringReceiver` |
//! | length in 1, 2 or 4 bytes | [`Int8Codec`], [`Int16Codec`], [`Int32Codec`] | `Int8StringReceiver`, … |

mod codec;
mod framed;
mod int;
mod line;
mod netstring;
#[cfg(test)]
mod testing;

pub use codec::{Codec, Frame};
pub use framed::Framed;
pub use int::{Int8Codec, Int16Codec, Int32Codec, IntCodec};
pub use line::LineCodec;
pub use netstring::NetstringCodec;
