//! [`DataHandler`]: `data:` URLs.

use std::{borrow::Cow, io::Cursor};

use ::http::{
    HeaderValue, Method,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use percent_encoding::percent_decode_str;
use url::Position;

use super::known::Known;
use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{Exchange, Handler, Request, Response, base64},
};

/// Answers `data:` URLs (RFC 2397): what they hold, by GET and HEAD, with `Content-Type` and `Content-Length`.
///
/// Percent-coded or base64; without a media type it is `text/plain;charset=US-ASCII`. No redirect leads here. Its order
/// is 1000.
///
/// Python: `urllib.request.DataHandler`.
///
/// # Examples
///
/// ```
/// use std::io::Read;
/// use sockeye::urllib::urlopen;
///
/// let mut text = String::new();
/// urlopen("data:text/plain;base64,aGVsbG8=")?.read_to_string(&mut text)?;
/// assert_eq!(text, "hello");
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DataHandler(());

impl DataHandler {
    /// The default.
    #[must_use]
    pub fn new() -> DataHandler {
        DataHandler(())
    }
}

impl Handler for DataHandler {
    fn order(&self) -> i32 {
        1000
    }

    fn open(&self, request: &mut Request, _: &mut Exchange<'_>) -> Option<Result<Response>> {
        (request.url().scheme() == "data").then(|| answer(request))
    }
}

fn answer(request: &Request) -> Result<Response> {
    super::only_get("data:", request)?;
    let url = request.url();
    let (media, data) = parse(&url[Position::BeforePath..Position::AfterQuery]).ok_or_else(|| {
        Error::new(ErrorKind::InvalidInput, "the data: URL has no comma, or no base64 behind it")
    })?;
    let whole = data.len() as u64;
    let length = if *request.get_method() == Method::HEAD { 0 } else { whole };
    let mut response = Response::from_layer(url.clone(), Known::new(Cursor::new(data), length));
    response.headers_mut().insert(CONTENT_LENGTH, whole.into());
    let media = HeaderValue::try_from(&*media)
        .map_err(|_| Error::new(ErrorKind::InvalidInput, "the data: URL's media type isn't one"))?;
    response.headers_mut().insert(CONTENT_TYPE, media);
    Ok(response)
}

/// `[mediatype][;base64],data`
fn parse(text: &str) -> Option<(Cow<'_, str>, Vec<u8>)> {
    let (media, data) = text.split_once(',')?;
    let data: Vec<u8> = percent_decode_str(data).collect();
    let (media, data) = match media.rsplit_once(';') {
        Some((media, last)) if last.eq_ignore_ascii_case("base64") => (media, base64::decode(&data)?),
        _ => (media, data),
    };
    let media = match media {
        "" => "text/plain;charset=US-ASCII".into(),
        // `;charset=utf-8` alone is a text's.
        parameters if parameters.starts_with(';') => format!("text/plain{parameters}").into(),
        media => percent_decode_str(media).decode_utf8().ok()?,
    };
    Some((media, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        for (text, media, data) in [
            (",hi", "text/plain;charset=US-ASCII", &b"hi"[..]),
            (",a%20b?c", "text/plain;charset=US-ASCII", b"a b?c"),
            ("text/html,<p>", "text/html", b"<p>"),
            (";charset=utf-8,%C3%A9", "text/plain;charset=utf-8", "é".as_bytes()),
            ("image/png;base64,AAECAw==", "image/png", b"\0\x01\x02\x03"),
            ("image/png;BASE64,AAEC%41w", "image/png", b"\0\x01\x02\x03"),
            (";base64,", "text/plain;charset=US-ASCII", b""),
            ("a/b;x=1,2,3", "a/b;x=1", b"2,3"),
        ] {
            assert_eq!(parse(text), Some((media.into(), data.to_vec())), "{text}");
        }
        for wrong in ["", "text/plain", ";base64,A", "x;base64,***", "%ff/x,"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
