//! Python's `socket`, `socketserver`, `http.server` and `urllib` as one blocking Rust library.

pub mod cancel;
mod deadline;
pub mod error;
mod sys;

mod poll;
pub mod socket;
mod stream;

mod wire;

pub mod client;
pub mod server;

pub mod http;
pub mod urllib;

pub use error::{Error, ErrorKind, Result};

#[cfg(feature = "unstable-fuzzing")]
#[doc(hidden)]
pub use wire::fuzzing;
