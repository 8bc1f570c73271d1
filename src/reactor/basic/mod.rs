//! Messages in a stream of bytes: lines, netstrings, strings behind their length.
//!
//! Each kind comes twice. A [`Codec`] is bytes in and bytes out, and [`Framed`] uses it on anything that blocks; a receiver
//! makes a [`Protocol`](super::Protocol) of one that is called with messages.
//!
//! | kind | codec | receiver, as in Twisted |
//! |---|---|---|
//! | lines | [`LineCodec`] | [`LineReceiver`], also for `LineOnlyReceiver` |
//! | `5:hello,` | [`NetstringCodec`] | [`NetstringReceiver`] |
//! | length in 1, 2 or 4 bytes | [`Int8Codec`], [`Int16Codec`], [`Int32Codec`] | [`Int8StringReceiver`], [`Int16StringReceiver`], [`Int32StringReceiver`] |
//! | your own | implement [`Codec`] | [`StringReceiver`] |

mod codec;
mod framed;
mod int;
mod line;
mod lines;
mod netstring;
mod strings;
#[cfg(test)]
mod testing;

pub use codec::{Codec, Frame};
pub use framed::Framed;
pub use int::{Int8Codec, Int16Codec, Int32Codec, IntCodec};
pub use line::LineCodec;
pub use lines::{LineProtocol, LineReceiver, LineTransport};
pub use netstring::NetstringCodec;
pub use strings::{
    Int8StringReceiver, Int16StringReceiver, Int32StringReceiver, NetstringReceiver, StringProtocol,
    StringReceiver, StringTransport,
};
