//! An HTTP server: Python's `http.server`.
//!
//! - [`HttpServer`] listens and serves, [`Handler`] answers, [`handler`] makes one of a closure,
//!   [`FileHandler`] serves a folder.
//! - [`Request`] is a borrowed head and a body to read ([`Read`](std::io::Read), [`BufRead`](std::io::BufRead)).
//! - [`Response`] → [`Head`] → [`Body`]: each step consumes the one before, so a late header or a second
//!   response doesn't compile. How the body is framed is the crate's business.
//! - The vocabulary ([`Method`], [`StatusCode`], [`HeaderMap`] …) is the `http` crate's.
//!
//! Handlers are plain blocking code. One that waits keeps a thread busy for as long as it waits, and delays
//! nobody else.

mod answer;
mod connection;
mod error_page;
mod exchange;
mod field;
mod files;
mod handler;
mod input;
mod log;
mod output;
mod refusal;
mod request;
mod response;
mod server;
mod service;
mod settings;
mod unsent;
mod urls;
mod waits;

pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};

pub use field::FieldValue;
pub use files::{FileHandler, Symlinks};
pub use handler::{Handler, HandlerFn, handler};
pub use log::LogEntry;
pub use request::Request;
pub use response::{Body, Head, Response};
pub use server::HttpServer;
pub use urls::urls;
