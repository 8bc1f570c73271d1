//! A response read at once: as text, as JSON, by lines, and Python's names of a file.

use std::{
    io::{BufRead, Read},
    os::fd::RawFd,
};

use ::http::header::CONTENT_TYPE;

use super::Response;
use crate::error::{Error, ErrorKind, Result};

/// What is collected in memory at most: a page, not an archive. Who wants more reads it piece by piece.
const MAX_WHOLE: u64 = 64 * 1024 * 1024;

impl Response {
    /// Reads the rest of the body as text.
    ///
    /// Its charset is what a byte order mark says, or else the `Content-Type`, or else UTF-8; what isn't valid in it
    /// becomes U+FFFD. With the feature `charset` all charsets of the web are known (WHATWG), without it UTF-8, ASCII
    /// and ISO-8859-1. Charsets named within HTML aren't looked for. At most 64 MiB;
    /// [`max_body`](super::Request::max_body) sets a tighter limit.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for a charset that isn't known, [`ErrorKind::TooLarge`] for a longer body, and what
    /// reading it fails with.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::urllib::urlopen;
    ///
    /// assert_eq!(urlopen("data:text/plain;charset=iso-8859-1,caf%E9")?.text()?, "café");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn text(mut self) -> Result<String> {
        let label = self.charset();
        let bytes = self.whole()?;
        match &label {
            Some(label) => decode(&bytes, label),
            None => decode(&bytes, "utf-8"),
        }
        .ok_or_else(|| {
            let label = label.unwrap_or_default();
            let message = if cfg!(feature = "charset") {
                format!("the charset {label:?} is unknown")
            } else {
                format!("the charset {label:?} is unknown: the feature `charset` knows more")
            };
            Error::new(ErrorKind::Unsupported, message)
        })
    }

    /// Reads the rest of the body as JSON. At most 64 MiB, as for [`text`](Self::text).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protocol`] when it isn't JSON, or not that of this type; [`ErrorKind::TooLarge`] for a longer body,
    /// and what reading it fails with.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::urllib::urlopen;
    ///
    /// let numbers: Vec<u8> = urlopen("data:application/json,[1,2,3]")?.json()?;
    /// assert_eq!(numbers, [1, 2, 3]);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[cfg(feature = "json")]
    pub fn json<T: serde::de::DeserializeOwned>(mut self) -> Result<T> {
        let bytes = self.whole()?;
        // Some servers send a byte order mark; who parses may pass over it (RFC 8259 §8.1).
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        serde_json::from_slice(text)
            .map_err(|error| Error::with_source(ErrorKind::Protocol, "read the body as JSON", error))
    }

    /// What `Content-Type` says of the charset.
    fn charset(&self) -> Option<String> {
        let value = self.headers().get(CONTENT_TYPE)?.to_str().ok()?;
        value.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
        })
    }

    fn whole(&mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.by_ref().take(MAX_WHOLE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_WHOLE {
            return Err(Error::new(ErrorKind::TooLarge, format!("a body of more than {MAX_WHOLE} bytes")));
        }
        Ok(bytes)
    }
}

/// The names of Python's file objects. `read` is [`Read`]'s, and `read_to_end` what Python's does without an argument.
impl Response {
    /// Reads a line, with its `\n`. The last one may lack it, and an empty vector is the end of the body.
    ///
    /// In `std`: [`BufRead::read_until`], [`BufRead::lines`].
    ///
    /// # Errors
    ///
    /// As reading, and [`ErrorKind::TooLarge`] for a line of more than 64 MiB.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::urllib::urlopen;
    ///
    /// let mut response = urlopen("data:,one%0Atwo%0Athree")?;
    /// assert_eq!(response.readline()?, b"one\n");
    /// assert_eq!(response.readlines()?, [&b"two\n"[..], b"three"]);
    /// response.close();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn readline(&mut self) -> Result<Vec<u8>> {
        let mut line = Vec::new();
        self.by_ref().take(MAX_WHOLE + 1).read_until(b'\n', &mut line)?;
        if line.len() as u64 > MAX_WHOLE {
            return Err(Error::new(ErrorKind::TooLarge, format!("a line of more than {MAX_WHOLE} bytes")));
        }
        Ok(line)
    }

    /// Reads the rest of the body, line by line.
    ///
    /// # Errors
    ///
    /// As reading, and [`ErrorKind::TooLarge`] for more than 64 MiB.
    pub fn readlines(&mut self) -> Result<Vec<Vec<u8>>> {
        let bytes = self.whole()?;
        Ok(bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect())
    }

    /// The descriptor of the socket that the body comes from; -1 once it was read to its end, when the socket waits in
    /// the pool for the next request, and where there never was one.
    #[must_use]
    pub fn fileno(&self) -> RawFd {
        self.body().fileno()
    }

    /// Done with it: the connection is closed, unless the body was read to its end. Dropping it does the same.
    pub fn close(self) {}
}

/// The text, if the charset is known.
#[cfg(feature = "charset")]
fn decode(bytes: &[u8], label: &str) -> Option<String> {
    let encoding = encoding_rs::Encoding::for_label(label.as_bytes())?;
    Some(encoding.decode(bytes).0.into_owned())
}

/// The text, if the charset is known.
#[cfg(not(feature = "charset"))]
fn decode(bytes: &[u8], label: &str) -> Option<String> {
    let utf8 = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if let Some(text) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return Some(utf8(text));
    }
    match label.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" | "ascii" => Some(utf8(bytes)),
        "iso-8859-1" | "latin1" => Some(bytes.iter().copied().map(char::from).collect()),
        _ => None,
    }
}

/// The request's side.
#[cfg(feature = "json")]
impl super::Request {
    /// Sends a value as JSON, with `Content-Type: application/json`; makes it a POST unless
    /// [`method`](Self::method) says otherwise. One that JSON can't express makes opening the request fail.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::urllib::Request;
    ///
    /// let request = Request::new("http://127.0.0.1/")?.json(&[("page", 2)]);
    /// assert_eq!(request.data_ref().and_then(|data| data.bytes()), Some(&b"[[\"page\",2]]"[..]));
    /// assert_eq!(request.get_method(), "POST");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn json<T: serde::Serialize + ?Sized>(mut self, value: &T) -> super::Request {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.data(bytes).add_header(CONTENT_TYPE, "application/json"),
            Err(error) => {
                let message = "write the data as JSON";
                self.refuse(Error::with_source(ErrorKind::InvalidInput, message, error));
                self
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets() {
        for (bytes, label, expected) in [
            (&b"caf\xc3\xa9"[..], "utf-8", Some("café")),
            (b"caf\xe9", "UTF8", Some("caf\u{fffd}")),
            (b"caf\xe9", "ISO-8859-1", Some("café")),
            (b"\xef\xbb\xbfcaf\xc3\xa9", "iso-8859-1", Some("café")),
            (b"x", "no-such", None),
            (b"", "utf-8", Some("")),
        ] {
            assert_eq!(decode(bytes, label).as_deref(), expected, "{label}");
        }
    }

    #[cfg(feature = "charset")]
    #[test]
    fn charsets_of_the_web() {
        for (bytes, label, expected) in [
            (&b"\x93q\x94"[..], "windows-1252", "“q”"),
            (b"\x82\xb1", "shift_jis", "こ"),
            (b"\xc4\xe3", "gbk", "你"),
            (b"\xff\xfeh\0i\0", "utf-8", "hi"),
        ] {
            assert_eq!(decode(bytes, label).as_deref(), Some(expected), "{label}");
        }
    }
}
