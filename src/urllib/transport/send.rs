//! A request as bytes: its head, and what it carries.

use std::io::Read;

use ::http::{
    HeaderValue, Method,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING},
};
use url::{Position, Url};

use super::{
    connection::{Connection, Wait, read_full},
    consent::Consent,
    defaults::Defaults,
    pace::Pace,
};
use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{Data, Request, data::Sending},
    wire::{
        chunk,
        framing::{self, Persistence},
        write,
    },
};

/// How much of the data goes into the same `send` as the head, and how much of a reader's travels at once.
const PIECE: usize = 32 * 1024;

/// As everybody spells it: some proxies know no other case.
pub(super) const PROXY_AUTHORIZATION_FIELD: &str = "Proxy-Authorization";

/// A piece of a reader's data needs at most so many bytes of framing before it.
const CHUNK_HEADER: usize = 18;

/// How a request names what it wants.
#[derive(Clone, Copy)]
pub(super) enum Form<'a> {
    /// To its server: path and query.
    Origin,
    /// To a proxy: the whole URL (RFC 9112 §3.2.2); and what the proxy is shown of the user.
    Absolute(Option<&'a HeaderValue>),
}

/// Writes the request's head into `out`. All that a peer could misread is refused here, whichever way it got
/// into the request. Tells what the head says of the connection's life.
pub(super) fn write_head(
    out: &mut Vec<u8>,
    request: &Request,
    defaults: &Defaults,
    (form, consent): (Form<'_>, Consent),
) -> Result<Persistence> {
    out.clear();
    let url = request.url();
    let method = request.get_method();
    match form {
        Form::Origin => {
            write::request_line(out, method, &url[Position::BeforePath..Position::AfterQuery])?;
        }
        Form::Absolute(_) => write::request_line(out, method, &absolute(url))?,
    }
    match request.own(&HOST) {
        Some(host) if !host.is_empty() && framing::is_host(host.as_bytes()) => {
            write::header(out, &HOST, host)
        }
        Some(_) => return Err(refuse("the Host header isn't a host")),
        None => write::field(out, "Host", url[Position::BeforeHost..Position::AfterPort].as_bytes())?,
    }
    if let Form::Absolute(Some(shown)) = form {
        write::field(out, PROXY_AUTHORIZATION_FIELD, shown.as_bytes())?;
    }
    describe_data(out, request, defaults, consent)?;
    let persistence = defaults.write(out, request);
    write::end(out);
    Ok(persistence)
}

/// The URL as a proxy gets it: without user info and fragment.
fn absolute(url: &Url) -> String {
    format!("{}://{}", url.scheme(), &url[Position::BeforeHost..Position::AfterQuery])
}

/// Where the data end, and what they are.
fn describe_data(out: &mut Vec<u8>, request: &Request, defaults: &Defaults, consent: Consent) -> Result<()> {
    if request.own(&TRANSFER_ENCODING).is_some() {
        return Err(refuse("Transfer-Encoding is set by itself: give the request a reader"));
    }
    let length = match request.data_ref() {
        Some(data) => data.len(),
        None => Some(0),
    };
    if let Some(claimed) = request.own(&CONTENT_LENGTH) {
        let claimed = claimed.to_str().ok().and_then(|text| text.parse().ok());
        if claimed.is_none() || claimed != length {
            return Err(refuse("the Content-Length header isn't the length of the data"));
        }
    }
    match (request.data_ref(), length) {
        (Some(_), None) => write::field(out, "Transfer-Encoding", b"chunked")?,
        (Some(_), Some(length)) => write::content_length(out, length),
        // RFC 9110 §8.6: for methods that are about their data, even when there are none.
        (None, _) if matches!(*request.get_method(), Method::POST | Method::PUT | Method::PATCH) => {
            write::content_length(out, 0);
        }
        (None, _) => {}
    }
    let is_typed = request.own(&CONTENT_TYPE).is_some() || defaults.map().contains_key(CONTENT_TYPE);
    if request.data_ref().is_some() && !is_typed {
        write::field(out, "Content-Type", b"application/x-www-form-urlencoded")?;
    }
    if consent == Consent::AskedFor {
        write::field(out, "Expect", b"100-continue")?;
    }
    Ok(())
}

/// Sends the head, which is in `output` unless it went ahead, and the data.
pub(super) fn send(conn: &mut Connection, data: Option<&mut Data>, wait: Wait) -> Result<()> {
    conn.pace = Pace::of(wait);
    let sent = send_all(conn, data, wait);
    conn.pace = None;
    sent
}

fn send_all(conn: &mut Connection, data: Option<&mut Data>, wait: Wait) -> Result<()> {
    let sending = match data {
        Some(data) => data.send()?,
        None => Sending::Bytes(&[]),
    };
    match sending {
        Sending::Bytes(bytes) => {
            let head = conn.output.len();
            let (first, rest) = bytes.split_at(bytes.len().min(PIECE));
            conn.output.extend_from_slice(first);
            conn.send_output(wait)?;
            if rest.is_empty() {
                return Ok(());
            }
            conn.send(rest, wait).map_err(|error| {
                let sent = head + PIECE + error.sent().unwrap_or(0);
                error.after_sending(sent)
            })
        }
        Sending::Sized(reader, length) => send_sized(conn, reader, length, wait),
        Sending::Chunked(reader) => send_chunked(conn, reader, wait),
    }
}

fn send_sized(
    conn: &mut Connection,
    mut reader: Box<dyn Read + Send>,
    length: u64,
    wait: Wait,
) -> Result<()> {
    let mut left = length;
    loop {
        let head = conn.output.len();
        let want = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        conn.output.resize(head + want, 0);
        let got = read_full(&mut reader, &mut conn.output[head..])?;
        if got < want {
            let message = format!("the request's data ended {} bytes early", left - got as u64);
            return Err(Error::new(ErrorKind::UnexpectedEof, message));
        }
        left -= got as u64;
        conn.send_output(wait).map_err(after_something)?;
        if left == 0 {
            return Ok(());
        }
    }
}

fn send_chunked(conn: &mut Connection, mut reader: Box<dyn Read + Send>, wait: Wait) -> Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        // Not filled up: what the reader has goes out, so that a slow one can hold a conversation.
        let got = match reader.read(&mut piece) {
            Ok(got) => got.min(PIECE),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::from(error).context("read the request's data")),
        };
        conn.output.reserve(got + CHUNK_HEADER);
        match got {
            0 => conn.output.extend_from_slice(chunk::LAST_CHUNK),
            _ => chunk::chunk(&mut conn.output, &piece[..got]),
        }
        conn.send_output(wait).map_err(after_something)?;
        if got == 0 {
            return Ok(());
        }
    }
}

/// How much went out doesn't matter: a reader can't be read again, and a head that went ahead was read.
pub(super) fn after_something(error: Error) -> Error {
    error.after_sending(usize::MAX)
}

fn refuse(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}
