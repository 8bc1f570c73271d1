//! Python's `socket`, `socketserver`, `http.server` and `urllib` as one blocking Rust library: straight-line code
//! (`recv`, `sendall`, `read`) that holds ten thousand connections. No async runtime, no `.await`.
//!
//! ```
//! use std::io::Read;
//! use sockeye::{http::{HttpServer, StatusCode, handler}, urllib::urlopen};
//!
//! # fn main() -> sockeye::Result<()> {
//! let hello = handler(|_request, response| response.send_response(StatusCode::OK).body("Hello World"));
//! let server = HttpServer::bind("127.0.0.1:0")?.spawn(hello)?;
//!
//! let mut page = String::new();
//! urlopen(format!("http://{}/", server.addr()))?.read_to_string(&mut page)?;
//! assert_eq!(page, "Hello World");
//! # server.shutdown();
//! # Ok(())
//! # }
//! ```
//!
//! # The rooms
//!
//! | module | Python | what it is |
//! |---|---|---|
//! | [`socket`] | `socket` | [`Socket`](socket::Socket), its options, [`create_connection`](socket::create_connection), [`create_server`](socket::create_server) |
//! | [`server`] | `socketserver` | [`Server`](server::Server): many connections, few threads; any protocol |
//! | [`client`] | a connected socket with a buffer | [`Client`](client::Client) |
//! | [`http`] | `http.server` | [`HttpServer`](http::HttpServer), [`Handler`](http::Handler), [`FileHandler`](http::FileHandler) |
//! | [`urllib`] | `urllib.request`, `urllib.parse` | [`urlopen`](urllib::urlopen), [`Request`](urllib::Request), [`Opener`](urllib::Opener), [`urlencode`](urllib::urlencode) |
//! | [`reactor`] | `twisted.internet` | [`Reactor`](reactor::Reactor): one thread that calls back |
//! | `tls` | `ssl` | `ClientTls`: whom to trust, what to offer |
//! | [`cancel`] | | [`CancelToken`](cancel::CancelToken) ends a blocked operation from another thread |
//! | [`error`] | `OSError` and its kin | [`Error`], [`ErrorKind`] |
//!
//! Names are POSIX's first, then Python's, then Rust's: `recvfrom`, `sendall`, `do_get` for `do_GET`. The other
//! spellings find their item in the search box above. Sockets, bodies and responses have std's traits:
//! [`Read`](std::io::Read), [`Write`](std::io::Write), [`BufRead`](std::io::BufRead), [`AsFd`](std::os::fd::AsFd).
//!
//! # Errors
//!
//! One type, [`Error`]. Its [`kind`](Error::kind) answers what the caller can do; its text reads *operation, object,
//! cause*: `connect to 127.0.0.1:80 failed: connection refused`. It turns into [`std::io::Error`] and back without
//! losing kind or errno (one with a text of its own travels inside). Nothing that comes from the network, and no argument, makes this crate panic.
//!
//! # Timeouts and cancelling
//!
//! Sockets have Python's three modes: blocking, non-blocking, timed
//! ([`settimeout`](socket::Socket::settimeout)). A limit covers the whole operation, never each of its steps:
//! all of `sendall`, a connect over several addresses, a request with its redirects. Servers have limits for heads,
//! idle connections and stalled writes that are on by default.
//!
//! # Features
//!
//! - `tls`: TLS for clients, `https:` URLs. On by default; `default-features = false` leaves it and its twelve crates
//!   out.
//! - `media-types`: the media types of files by their names, for [`http::FileHandler`], `file:` URLs and files in forms. On by
//!   default; without it they are `application/octet-stream`, or what the program says. It is three crates.
//! - `cli`: the command `sockeye`, with `sockeye serve` and `sockeye get`. It brings `tls`, `gzip`, `media-types`, `cookies`
//!   and `digest` along. Off by default; nothing in the library depends on it.
//! - `gzip` (on by default), `brotli`, `zstd`: codings of bodies that [`urllib`] asks for and undoes.
//! - `cookies`, `digest`, `log`: handlers of [`urllib`]: a cookie jar, Digest authentication, lines for the `log`
//!   crate.
//! - `charset`, `json`: [`Response::text`](urllib::Response::text) in every charset of the web; `Request::json` and
//!   `Response::json`, by serde.
//!
//! # What it is not
//!
//! Not async, not a web framework, not a proxy. HTTP/1.1 only; TLS for clients only so far. If your program
//! has an async runtime, hyper and reqwest serve it better.
//!
//! # Platforms and versions
//!
//! Linux is tested. macOS and the BSDs use the same portable code, which is built and tested on Linux, but nothing
//! is claimed for systems on which it wasn't run. Windows is not offered yet. A higher minimum Rust version comes in
//! a minor release of its own. Two crates show in public signatures and are part of this crate's versions: `http`
//! (1) and `url` (2).

pub mod cancel;
mod deadline;
pub mod error;
mod sys;

mod poll;
pub mod socket;
mod stream;
#[cfg(feature = "tls")]
pub mod tls;

mod wire;

pub mod client;
pub mod server;

pub mod http;
pub mod urllib;

pub mod reactor;

pub use error::{Error, ErrorKind, Result};

#[cfg(feature = "unstable-fuzzing")]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::{
        urllib::fuzzing::redirect,
        wire::fuzzing::{chunked, measure, request_head, response_head},
    };
}

// README.md's examples compile and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
