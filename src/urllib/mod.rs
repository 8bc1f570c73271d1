//! An HTTP client: Python's `urllib.request` and `urllib.parse`.
//!
//! - [`urlopen`] opens a URL or a [`Request`] and gives a [`Response`]: [`Read`](std::io::Read),
//!   [`BufRead`](std::io::BufRead), `status`, `headers`, `url`.
//! - [`Opener`], made by [`build_opener`], is an ordered chain of [`Handler`]s above one pool of connections;
//!   [`install_opener`] makes one the default.
//! - [`urlencode`], [`quote`] and their like write and read forms and paths; [`urlsplit`] and [`urljoin`] take URLs for
//!   text, everything else takes `url::Url`s.
//! - [`urlretrieve`] writes a file, [`Opener::resume`] goes on with one, [`PartialFile`] is for what you do yourself;
//!   [`Multipart`] sends some.
//! - [`testing`] answers from a script, for tests of programs that use this.
//!
//! ```
//! # use std::{io::Write, net::TcpListener, thread};
//! use std::{io::Read, time::Duration};
//! use sockeye::{ErrorKind, urllib::{self, urlencode, urlopen}};
//!
//! # fn main() -> sockeye::Result<()> {
//! # let listener = TcpListener::bind("127.0.0.1:0")?;
//! # let address = format!("http://{}", listener.local_addr()?);
//! # let server = thread::spawn(move || -> std::io::Result<()> {
//! #     let found = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
//! #     for answer in [found, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"] {
//! #         let (mut peer, _) = listener.accept()?;
//! #         peer.read(&mut [0; 1024])?;
//! #         peer.write_all(answer.as_bytes())?;
//! #     }
//! #     Ok(())
//! # });
//! let mut page = String::new();
//! urlopen(format!("{address}/"))?.read_to_string(&mut page)?;
//! assert_eq!(page, "hello");
//!
//! let login = urlencode([("username", "me"), ("password", "secret")]);
//! let request = urllib::Request::new(format!("{address}/login"))?
//!     .data(login)
//!     .add_header("User-Agent", "mozilla")
//!     .timeout(Duration::from_secs(10));
//! match urlopen(request) {
//!     Ok(response) => println!("{} {}", response.getcode(), response.geturl()),
//!     Err(error) if error.kind() == ErrorKind::Status => {
//!         assert_eq!(error.response().map(|response| response.getcode()), Some(404));
//!     }
//!     Err(error) => return Err(error),
//! }
//! # server.join().unwrap()?;
//! # Ok(())
//! # }
//! ```
//!
//! What holds for every request: connections are kept and used again; a body that is cut short is an error,
//! however its length was told; heads, interim answers and chunks have limits; redirects are bounded and lose
//! credentials on their way to another host; one [total time](Request::timeout) covers all of it.
//!
//! # Handlers
//!
//! Every opener goes through the proxies that the environment names ([`ProxyHandler`]), follows redirects
//! ([`RedirectHandler`]), sends what a URL holds of a user ([`BasicAuthHandler`]),
//! decodes bodies (`DecodeHandler`, by features), makes errors of error statuses ([`ErrorProcessor`]), opens `data:`
//! and `file:` ([`DataHandler`], [`FileHandler`]), and tells the `log` crate (`LogHandler`, feature `log`). Each can be
//! replaced by one with other settings, or switched off. To be added: `CookieHandler` (feature `cookies`),
//! [`HstsHandler`], [`RetryHandler`], [`BearerAuthHandler`], [`NetrcHandler`], [`ProxyBasicAuthHandler`],
//! `DigestAuthHandler` and `ProxyDigestAuthHandler` (feature `digest`), and [your own](Handler), which can do all that these do.
//!
//! The header `User-Agent` is set by [`Request::add_header`] or [`OpenerBuilder::add_header`]; without, it is
//! `sockeye/VERSION`.
//!
//! # Proxies and Unix sockets
//!
//! A [`Proxy`] is spoken to by HTTP (also inside TLS) or SOCKS. The variables `http_proxy`, `https_proxy`, `all_proxy`
//! and `no_proxy` are read when an opener is built, the default one when it is first used; [`ProxyHandler`] has the
//! rules, and other ways to choose. [`Request::proxy`] and [`Request::unix_socket`] are for single requests;
//! [`OpenerBuilder::unix_socket`] is for all of an opener, and `http+unix://%2Frun%2Fx.sock/path` is the URL of one: the
//! path of the socket, percent-coded, where the host stands elsewhere.
//!
//! # Connections and limits
//!
//! An opener may have [a resolver](OpenerBuilder::resolver), [fixed addresses](OpenerBuilder::resolve),
//! [a source address](OpenerBuilder::source_address) and [options of its sockets](OpenerBuilder::prepare_socket).
//! Beside the [total time](Request::timeout) there are limits of [each wait](Request::read_timeout), of
//! [connecting](Request::connect_timeout) and therein of [the look-up](Request::resolve_timeout) and
//! [TLS](Request::tls_timeout), of [sending](Request::send_timeout), of the wait for
//! [the first byte](Request::first_byte_timeout), and [a least rate](Request::stall_limit); the error says which of them
//! ended the request, and how long it was. Large data
//! [wait for the server's word](Request::expect_above), [interim answers](Request::interim) can be seen, and a
//! connection can [go on in another protocol](Request::upgrade).
//!
//! Not here: HTTP/2 and 3, FTP, NTLM, Negotiate, a cache, proxies by PAC files.

mod address;
mod base64;
mod builder;
mod connecting;
mod data;
mod dialogue;
mod error;
#[cfg(feature = "unstable-fuzzing")]
pub(crate) mod fuzzing;
mod handler;
mod handlers;
mod header;
mod into_request;
mod local;
mod multipart;
mod opener;
mod parse;
mod partial;
mod patience;
mod phases;
mod proxy;
mod request;
mod response;
mod retrieve;
mod term;
pub mod testing;
mod trailing;
mod transport;
mod upgrade;
mod whole;

pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
pub use url::Url;

pub use address::{check_scheme, without_user_info};
pub use builder::OpenerBuilder;
pub use data::Data;
pub use handler::{Exchange, Handler, Next};
#[cfg(any(feature = "gzip", feature = "brotli", feature = "zstd"))]
pub use handlers::DecodeHandler;
#[cfg(feature = "log")]
pub use handlers::LogHandler;
pub use handlers::{
    BasicAuthHandler, BearerAuthHandler, DataHandler, ErrorProcessor, FileHandler, HstsHandler, Netrc,
    NetrcHandler, PasswordManager, Progress, ProxyBasicAuthHandler, ProxyHandler, RedirectHandler,
    RetryHandler, Step,
};
#[cfg(feature = "cookies")]
pub use handlers::{Cookie, CookieFile, CookieHandler, CookieJar};
#[cfg(feature = "digest")]
pub use handlers::{DigestAuthHandler, ProxyDigestAuthHandler};
pub use into_request::IntoRequest;
pub use multipart::{Multipart, Part};
pub use opener::{Opener, build_opener, install_opener, urlopen};
pub use parse::{
    QueryOptions, SplitResult, parse_qs, parse_qsl, quote, quote_from_bytes, quote_plus, quote_safe, unquote,
    unquote_plus, unquote_to_bytes, urldefrag, urlencode, urlencode_doseq, urljoin, urlsplit, urlunsplit,
};
pub use partial::PartialFile;
pub use proxy::Proxy;
pub use request::Request;
pub use response::{Body, Response};
pub use retrieve::urlretrieve;
