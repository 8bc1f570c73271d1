//! HTTP/1.1 as bytes: sans-io.

pub(crate) mod condition;
pub(crate) mod range;
