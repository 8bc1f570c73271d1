//! The engine under every server.

pub(crate) mod classes;
pub(crate) mod service;
