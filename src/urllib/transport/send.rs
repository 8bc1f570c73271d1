//! A request's head as bytes.

use ::http::{
    HeaderValue, Method,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, TRAILER, TRANSFER_ENCODING},
};
use url::{Position, Url};

use super::{consent::Consent, defaults::Defaults};
use crate::{
    error::{Error, ErrorKind, Result},
    urllib::Request,
    wire::{
        framing::{self, Persistence},
        write,
    },
};

/// As everybody spells it: some proxies know no other case.
pub(super) const PROXY_AUTHORIZATION_FIELD: &str = "Proxy-Authorization";

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
    let (length, trailers) = match request.data_ref() {
        Some(data) => (data.len(), data.trailer_names()),
        None => (Some(0), &[][..]),
    };
    if request.own(&TRAILER).is_some() {
        return Err(refuse("Trailer is set by itself: give the request Data::reader_with_trailers"));
    }
    if let Some(claimed) = request.own(&CONTENT_LENGTH) {
        if !trailers.is_empty() {
            return Err(refuse("trailers follow a body in chunks: it can't have a Content-Length"));
        }
        let claimed = claimed.to_str().ok().and_then(|text| text.parse().ok());
        if claimed.is_none() || claimed != length {
            return Err(refuse("the Content-Length header isn't the length of the data"));
        }
    }
    match (request.data_ref(), length) {
        (Some(_), None) => {
            write::field(out, "Transfer-Encoding", b"chunked")?;
            for name in trailers {
                write::field(out, "Trailer", name.as_str().as_bytes())?;
            }
        }
        (Some(_), Some(length)) => write::content_length(out, length),
        // RFC 9110 §8.6: for methods that are about their data, even when there are none.
        (None, _) if matches!(*request.get_method(), Method::POST | Method::PUT | Method::PATCH) => {
            write::content_length(out, 0);
        }
        (None, _) => {}
    }
    let is_typed = || request.own(&CONTENT_TYPE).is_some() || defaults.map().contains_key(CONTENT_TYPE);
    if request.data_ref().is_some() && !is_typed() {
        write::field(out, "Content-Type", b"application/x-www-form-urlencoded")?;
    }
    if consent == Consent::AskedFor {
        write::field(out, "Expect", b"100-continue")?;
    }
    Ok(())
}

fn refuse(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}
