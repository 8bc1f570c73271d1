//! A connection's bytes: plain (TLS later), one enum.

/// A connection's bytes.
#[derive(Debug)]
pub(crate) enum Stream {}
