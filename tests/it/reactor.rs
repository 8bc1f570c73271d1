//! The reactor through the public interface.

mod connecting;
mod hostile;
mod messages;
mod order;
mod recorder;
mod streams;
