//! One connection: a connected socket with a buffer.
