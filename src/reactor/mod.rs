//! One thread that calls back: the core of Twisted.
//!
//! - [`Reactor`] is the loop: [`run`](Reactor::run) until [`stop`](Reactor::stop).
//! - [`Reactor::call_later`] calls a function after a time; [`DelayedCall`] is the way to take that back.
//! - [`Deferred`] is a result that isn't there yet, and the chain of functions that it will go through.
//! - [`ReactorHandle`] is what other threads have of it.
//! - [`basic`] has messages in a stream of bytes: lines, netstrings, strings behind their length.
//! - [`Protocol`] is what a connection's data go to, [`Factory`] makes one for each, [`Transport`] is the connection as they
//!   see it; [`policies`] limit, time out and slow down, [`Endpoint`] reads `tcp:8080`, [`Reconnecting`] tries again.
//! - [`Clock`] is a time that stands still until a test advances it; [`testing`] has connections without sockets.
//!
//! What of Twisted isn't here: TLS and STARTTLS, and the endpoints `stdio:`, `fd:` and `systemd:`, not yet; multicast by
//! the socket's options only; `fireSystemEvent` for events of one's own, `crash`, `callMultipleInThread`,
//! `DeferredFilesystemLock`, `pause` and `unpause` of a Deferred; processes, which `std::process` and
//! [`Reactor::defer_to_thread`] do; Windows' events.
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

pub mod basic;
mod connector;
mod cooperate;
mod core;
mod deferred;
mod endpoint;
mod factory;
mod handle;
mod later;
mod looping;
mod net;
pub mod policies;
mod protocol;
mod reconnecting;
mod relay;
mod signals;
mod slab;
mod soon;
pub mod testing;
mod threads;
mod time;
mod timers;
mod transport;
mod triggers;

pub use connector::Connector;
pub use cooperate::{CooperativeTask, Pace};
pub use core::Reactor;
pub use deferred::{
    Canceller, Deferred, DeferredList, DeferredLock, DeferredQueue, DeferredSemaphore, Failure, FailureGroup,
    First, FirstError, IntoDeferred, Permit, Resolver, Unhandled,
};
pub use endpoint::Endpoint;
pub use factory::{Factory, FactoryFn, factory};
pub use handle::ReactorHandle;
pub use later::react;
pub use looping::{LoopingCall, Tick};
pub use net::{DatagramPort, DatagramProtocol, DatagramTransport, Interest, ListeningPort, Ready, Source};
pub use protocol::{Protocol, Reason};
pub use reconnecting::Reconnecting;
pub use time::Clock;
pub use timers::DelayedCall;
pub use transport::{ConnectionId, Transport};
pub use triggers::{Phase, Trigger, TriggerResult};
