//! Berkeley sockets: Python's `socket`.

/// The other end, or this one.
#[derive(Clone, Debug)]
pub struct Address(());
