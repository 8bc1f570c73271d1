//! The integration tests: one binary.

#[allow(dead_code)]
mod support;

mod architecture;
