//! One thread that calls back: the core of Twisted.
//!
//! - [`Reactor`] is the loop: [`run`](Reactor::run) until [`stop`](Reactor::stop).
//! - [`Reactor::call_later`] calls a function after a time; [`DelayedCall`] is the way to take that back.
//! - [`ReactorHandle`] is what other threads have of it.
//! - [`Clock`] is a time that stands still until a test advances it.
//!
//! ```
//! use std::time::Duration;
//! use sockeye::reactor::Reactor;
//!
//! # fn main() -> sockeye::Result<()> {
//! let mut reactor = Reactor::new()?;
//! reactor.call_later(Duration::from_millis(1), |reactor| reactor.stop());
//! reactor.run()?;
//! # Ok(())
//! # }
//! ```

mod core;
mod handle;
mod net;
mod slab;
mod soon;
mod time;
mod timers;

pub use core::Reactor;
pub use handle::ReactorHandle;
pub use time::Clock;
pub use timers::DelayedCall;
