//! The integration tests: one binary.

mod support;

mod architecture;
mod chromium;
#[cfg(feature = "cli")]
mod cli;
mod examples;
mod files;
mod http;
mod interop;
mod server;
mod urllib;
