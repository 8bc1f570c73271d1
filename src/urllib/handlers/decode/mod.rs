//! [`DecodeHandler`]: asks for coded bodies, and decodes them.
//!
//! - [`codec`]: each coding, as bytes in and bytes out
//! - [`stage`]: a reader that decodes, and sees truncation and what comes after the end
//! - [`meter`]: the limits of its work
//! - here: what is asked for, and what is decoded

mod codec;
mod meter;
mod stage;
#[cfg(test)]
mod tests;

use std::{
    io::{self, BufRead, BufReader, Read},
    sync::Arc,
};

use ::http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, RANGE},
};

use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{Body, Exchange, Handler, Next, Request, Response, response::Layer},
};
use codec::Coding;
use meter::{Made, Meter, Place};
use stage::{Input, Stage};

/// More codings than anybody has a use for cost memory each (curl CVE-2022-32206).
const MAX_CODINGS: usize = 3;

/// How much is received at a time. A decoder that is given a quarter of that more often is a twentieth slower.
const BLOCK: usize = 64 * 1024;

/// Asks for bodies in the codings that are built in, and decodes them (RFC 9110 §8.4): gzip and deflate (feature
/// `gzip`), brotli (feature `brotli`), Zstandard (feature `zstd`). `Content-Encoding` and `Content-Length` of a
/// decoded response are taken out.
///
/// - A body that is cut short, that has a wrong checksum, or that goes on after its end is an error of the read.
/// - At most 3 codings, 1 GiB and 250 times what was received: beyond that a read fails with
///   [`ErrorKind::TooLarge`]. The ratio counts from 1 MiB on. What is between two codings counts like what comes out,
///   and so does each further member (gzip, Zstandard), as 64 bytes.
/// - The request's time limit and its token end decoding as well, though nothing comes out.
/// - Answers to HEAD, 204 and 304 are left alone, and so are codings that aren't built in, and redirects that are
///   followed.
/// - A request that has an `Accept-Encoding` of its own, or a `Range`, gets the body as it comes.
///
/// Its order is 450. It is in every opener's chain when one of the features is on.
///
/// Python: urllib doesn't decode.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{DecodeHandler, Request, build_opener};
///
/// # fn main() -> sockeye::Result<()> {
/// let opener = build_opener().add_handler(DecodeHandler::new().max_size(64 * 1024 * 1024)).build();
/// // As it comes, for this request alone:
/// let request = Request::new("data:,hello")?.add_header("Accept-Encoding", "gzip");
/// assert_eq!(opener.open(request)?.bytes_left(), Some(5));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DecodeHandler {
    /// What is asked for; empty when nothing is decoded.
    accept: String,
    max_size: u64,
    max_ratio: u64,
}

impl DecodeHandler {
    /// The default: all that is built in.
    #[must_use]
    pub fn new() -> DecodeHandler {
        let accept = Coding::ALL.map(Coding::name).join(", ");
        DecodeHandler { accept, max_size: 1024 * 1024 * 1024, max_ratio: 250 }
    }

    /// Asks for none and decodes none.
    #[must_use]
    pub fn off() -> DecodeHandler {
        DecodeHandler { accept: String::new(), ..DecodeHandler::new() }
    }

    /// How many decoded bytes a body may have. Default is 1 GiB.
    #[must_use]
    pub fn max_size(self, bytes: u64) -> DecodeHandler {
        DecodeHandler { max_size: bytes, ..self }
    }

    /// How many times more decoded than received bytes a body may have, from 1 MiB on. Default is 250; text seldom
    /// reaches 20, and a bomb 1000.
    #[must_use]
    pub fn max_ratio(self, ratio: u64) -> DecodeHandler {
        DecodeHandler { max_ratio: ratio, ..self }
    }

    /// Whether what comes back is what this handler asked for.
    fn asked(&self, request: &Request, exchange: &Exchange<'_>) -> bool {
        let default = exchange.opener().default_headers().get(ACCEPT_ENCODING);
        !self.accept.is_empty()
            && request.own(&ACCEPT_ENCODING).is_none()
            && default.is_some_and(|value| value.as_bytes() == self.accept.as_bytes())
    }
}

impl Default for DecodeHandler {
    fn default() -> DecodeHandler {
        DecodeHandler::new()
    }
}

impl Handler for DecodeHandler {
    fn order(&self) -> i32 {
        450
    }

    fn headers(&self, headers: &mut HeaderMap) {
        // Tokens and commas: always a value.
        if let (false, Ok(accept)) = (self.accept.is_empty(), HeaderValue::from_str(&self.accept)) {
            headers.insert(ACCEPT_ENCODING, accept);
        }
    }

    fn request(&self, request: &mut Request, _: &mut Exchange<'_>) -> Result<()> {
        // A range counts bytes as they are sent: a piece of a coded body can't be decoded.
        if request.own(&RANGE).is_some() && request.own(&ACCEPT_ENCODING).is_none() {
            request.unredirected_headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        Ok(())
    }

    fn response(
        &self,
        request: &mut Request,
        response: Response,
        exchange: &mut Exchange<'_>,
    ) -> Result<Next> {
        let bodiless = *request.get_method() == Method::HEAD
            || matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if bodiless || !response.has_header(&CONTENT_ENCODING) || !self.asked(request, exchange) {
            return Ok(Next::Pass(response));
        }
        let Some(codings) = codings(response.headers())? else { return Ok(Next::Pass(response)) };
        let meter = Meter::new(self, exchange.term(), exchange.patience().cancel.clone());
        let mut response = response.map_layer(|body| Decoded::new(body, &codings, meter));
        response.headers_mut().remove(CONTENT_ENCODING);
        response.headers_mut().remove(CONTENT_LENGTH);
        Ok(Next::Pass(response))
    }
}

/// The codings in the order in which they were applied; `None` if one isn't known, or there is none.
fn codings(headers: &HeaderMap) -> Result<Option<Vec<Coding>>> {
    let mut codings = Vec::new();
    let values = headers.get_all(CONTENT_ENCODING).iter();
    for name in values.flat_map(|value| value.as_bytes().split(|&byte| byte == b',')) {
        let name = name.trim_ascii();
        if name.is_empty() || name.eq_ignore_ascii_case(b"identity") {
            continue;
        }
        let Some(coding) = Coding::named(name) else { return Ok(None) };
        codings.push(coding);
        if codings.len() > MAX_CODINGS {
            let message = format!("the body has more than {MAX_CODINGS} codings");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
    }
    Ok((!codings.is_empty()).then_some(codings))
}

/// A decoded body, within its limits.
struct Decoded(BufReader<Stage>);

impl Decoded {
    fn new(body: Body, codings: &[Coding], meter: Meter) -> Decoded {
        let meter = Arc::new(meter);
        let body = BufReader::with_capacity(BLOCK, body);
        let mut input: Box<dyn Input> = Box::new(Counted { body, meter: meter.clone() });
        let (first, others) = codings.split_first().unwrap_or((&Coding::ALL[0], &[]));
        for coding in others.iter().rev() {
            let made = Made::nothing(Place::Inner);
            input = Box::new(BufReader::new(Stage::new(input, *coding, made, meter.clone())));
        }
        Decoded(BufReader::new(Stage::new(input, *first, Made::nothing(Place::Last), meter)))
    }
}

impl Read for Decoded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl BufRead for Decoded {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

impl Layer for Decoded {
    fn bytes_left(&self) -> Option<u64> {
        None
    }

    fn below(&self) -> Option<&Body> {
        Some(self.0.body())
    }

    fn below_mut(&mut self) -> Option<&mut Body> {
        Some(self.0.body_mut())
    }
}

/// Counts what is received.
struct Counted {
    body: BufReader<Body>,
    meter: Arc<Meter>,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.body.read(buf)?;
        self.meter.receive(n);
        Ok(n)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.body.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.body.consume(amount);
        self.meter.receive(amount);
    }
}

impl Input for Counted {
    fn body(&self) -> &Body {
        self.body.get_ref()
    }

    fn body_mut(&mut self) -> &mut Body {
        self.body.get_mut()
    }
}
