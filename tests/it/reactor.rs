//! The reactor through the public interface.

mod connecting;
mod datagrams;
mod hostile;
mod messages;
mod order;
mod policies;
mod recorder;
mod streams;
mod twisted;
