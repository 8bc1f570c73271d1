//! Protocols without a socket, and time without waiting.
//!
//! - [`MemoryTransport`]: one protocol; a test plays the peer.
//! - [`pair`]: two protocols that talk to each other, in pieces of every size.
//! - [`MemoryReactor`]: whole programs, whose ports and connections are memory.
//! - [`Clock`](super::Clock) is the time of both, which a test advances.
//!
//! Twisted: `twisted.internet.testing`, `twisted.test.iosim`.

mod cable;
mod memory;
mod pair;
mod reactor;

pub(super) use cable::Cable;
pub use memory::MemoryTransport;
pub use pair::{Pair, pair};
pub use reactor::MemoryReactor;

pub(super) use reactor::Network;
