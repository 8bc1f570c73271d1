//! Many connections, few threads: Python's `socketserver`.

pub(crate) mod engine;
