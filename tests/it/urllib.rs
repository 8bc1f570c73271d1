//! The client against servers that play a script.

mod auth;
mod careful;
mod connecting;
mod consent;
#[cfg(feature = "cookies")]
mod cookies;
mod deadline;
#[cfg(feature = "gzip")]
mod decode;
mod early;
mod handlers;
mod hostile;
mod hsts;
mod interim;
#[cfg(feature = "log")]
mod log;
mod pace;
mod parse;
mod partial;
mod phases;
mod pool;
mod proxy;
mod redirect;
mod references;
mod request;
mod retrieve;
mod retry;
mod schemes;
mod script;
mod secrets;
mod source;
mod strace;
mod trailers;
mod upgrade;
mod watch;
mod whole;

use std::io::Read;

use sockeye::{
    Result,
    urllib::{IntoRequest, Opener, Response},
};

use crate::support::{Scripted, Turn};

/// Reads one request's head.
fn hear() -> Turn {
    Turn::Until("\r\n\r\n")
}

fn say(text: impl AsRef<[u8]>) -> Turn {
    Turn::Send(text.as_ref().to_vec())
}

/// An answer that keeps the connection.
fn ok(body: &str) -> Turn {
    say(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

/// A redirect that keeps the connection.
fn moved(status: u16, location: &str) -> Turn {
    say(format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\ngone"))
}

/// One connection of a script.
fn one(turns: impl Into<Vec<Turn>>) -> Scripted {
    Scripted::new(vec![turns.into()])
}

fn text(mut response: Response) -> Result<String> {
    let mut text = String::new();
    response.read_to_string(&mut text)?;
    Ok(text)
}

/// Opens it with an opener of its own, and reads all.
fn fetch(request: impl IntoRequest) -> Result<String> {
    text(Opener::new().open(request)?)
}

/// The header that names the codings that are built in.
fn accepted() -> String {
    let codings = [
        (cfg!(feature = "gzip"), "gzip, deflate"),
        (cfg!(feature = "brotli"), "br"),
        (cfg!(feature = "zstd"), "zstd"),
    ];
    let built_in: Vec<_> =
        codings.iter().filter(|(built_in, _)| *built_in).map(|(_, names)| *names).collect();
    match built_in.as_slice() {
        [] => "Accept-Encoding: identity".to_owned(),
        names => format!("accept-encoding: {}", names.join(", ")),
    }
}
