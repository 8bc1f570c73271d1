//! The integration tests: one binary.

mod support;

mod architecture;
#[cfg(feature = "media-types")]
mod chromium;
#[cfg(feature = "cli")]
mod cli;
mod client;
mod engine;
mod examples;
mod extremes;
mod files;
mod http;
mod interop;
mod reactor;
mod server;
mod socket;
#[cfg(target_os = "linux")]
mod tidy;
#[cfg(feature = "tls")]
mod tls;
mod urllib;
