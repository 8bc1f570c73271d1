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
//!
//! | Python | here |
//! |---|---|
//! | `HTTPServer`, `ThreadingHTTPServer` | [`HttpServer`]; `serve_forever`, `handle_request`, `spawn` |
//! | `HTTPSServer` | not offered yet: put it behind a proxy that speaks TLS |
//! | `BaseHTTPRequestHandler` | [`Handler`], its methods for the verbs, [`Request`], [`Response`] |
//! | `command`, `path`, `request_version`, `headers`, `client_address` | [`Request::method`], [`Request::target`], [`Request::version`], [`Request::headers`], [`Request::peer`] |
//! | `rfile`, `wfile` | [`Request`] is `Read` and `BufRead`, [`Body`] is `Write` |
//! | `send_response`, `send_header`, `end_headers`, `send_error` | [`Response::send_response`], [`Head::send_header`], [`Head::end_headers`], [`Response::send_error`] |
//! | `close_connection`, `protocol_version` | the server's business: HTTP/1.1, and connections stay open; `Connection: close` by [`Head::send_header`] |
//! | `handle_expect_100` | with the first read of the body |
//! | `server_version`, `sys_version` | [`HttpServer::server_name`] |
//! | `error_message_format` | not offered: a handler writes pages of its own |
//! | `log_request`, `log_error`, `log_message` | [`Handler::log_request`], [`HttpServer::log_requests`], [`LogEntry`] |
//! | `SimpleHTTPRequestHandler` | [`FileHandler`] |
//! | `CGIHTTPRequestHandler` | not offered: gone from Python 3.15 too |

mod answer;
mod backlog;
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
