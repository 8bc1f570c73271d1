//! [`Multipart`]: forms with files (`multipart/form-data`, RFC 7578).

mod part;

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    io::{self, Read},
    path::Path,
};

use ::http::header::CONTENT_TYPE;

use super::{Data, Request};
use crate::error::{Error, ErrorKind, Result};
pub use part::Part;
use part::Source;

/// A form whose fields may be files, sent as browsers do: `multipart/form-data`, RFC 7578, in the words of the WHATWG's
/// HTML (a quote in a name is `%22`, a line end `%0D%0A`).
///
/// Files are read while they are sent, never whole; the length is known beforehand, so nothing travels in chunks. A
/// [`Part`] says more of a field than its name. Without [readers](Part::reader) the form can be sent again: by a redirect that keeps the method, by authentication, by a retry. A file that has become
/// shorter meanwhile breaks the request off; what it has grown by isn't sent.
///
/// Python: urllib has none; requests' `files=`.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{Multipart, Request};
///
/// # fn main() -> sockeye::Result<()> {
/// let form = Multipart::new().text("title", "Notes").file("upload", "Cargo.toml")?;
/// let request = Request::new("http://127.0.0.1/")?.multipart(form);
/// assert_eq!(request.get_method(), "POST");
/// assert!(request.data_ref().is_some_and(|data| data.len().is_some()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Multipart {
    boundary: String,
    parts: Vec<Piece>,
}

/// A part as it is sent.
#[derive(Clone, Debug)]
struct Piece {
    head: String,
    body: Source,
}

impl Multipart {
    /// Without fields.
    #[must_use]
    pub fn new() -> Multipart {
        // 128 bits that nobody can foresee, so that no field can hold the boundary on purpose.
        let half = || RandomState::new().build_hasher().finish();
        Multipart { boundary: format!("----sockeye-{:016x}{:016x}", half(), half()), parts: Vec::new() }
    }

    /// A field of text.
    #[must_use]
    pub fn text(self, name: &str, value: impl Into<String>) -> Multipart {
        self.part(name, Part::text(value))
    }

    /// A file, under its own name and with the media type that goes with the name. Its length is looked up now, and it
    /// is opened when it is sent.
    ///
    /// # Errors
    ///
    /// As [`Part::file`].
    pub fn file(self, name: &str, path: impl AsRef<Path>) -> Result<Multipart> {
        Ok(self.part(name, Part::file(path)?))
    }

    /// What looks like a file to the server and is in memory.
    #[must_use]
    pub fn bytes(self, name: &str, filename: &str, bytes: impl Into<Vec<u8>>) -> Multipart {
        self.part(name, Part::bytes(bytes).filename(filename))
    }

    /// A field of which more is to be said: another file name, a media type, a reader.
    #[must_use]
    pub fn part(mut self, name: &str, part: Part) -> Multipart {
        let head = format!("--{}\r\n{}", self.boundary, part.head(name));
        self.parts.push(Piece { head, body: part.body });
        self
    }

    /// What the request's `Content-Type` says: the boundary is in it.
    #[must_use]
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    fn end(&self) -> String {
        format!("--{}--\r\n", self.boundary)
    }

    fn length(&self) -> u64 {
        let parts = self.parts.iter().map(|part| part.head.len() as u64 + part.body.length() + 2);
        parts.fold(self.end().len() as u64, u64::saturating_add)
    }

    fn pieces(&self) -> Pieces {
        let mut pieces = Vec::new();
        let text = |text: &str| Source::Bytes(text.as_bytes().into());
        for part in &self.parts {
            pieces.extend([text(&part.head), part.body.clone(), text("\r\n")]);
        }
        pieces.push(text(&self.end()));
        pieces.reverse();
        Pieces { rest: pieces, open: None }
    }
}

impl Default for Multipart {
    fn default() -> Multipart {
        Multipart::new()
    }
}

impl From<Multipart> for Data {
    fn from(form: Multipart) -> Data {
        if form.parts.iter().any(|part| matches!(part.body, Source::Once(..))) {
            return Data::sized_reader(form.pieces(), form.length());
        }
        Data::repeatable(form.length(), move || Ok(form.pieces()))
    }
}

impl Request {
    /// Sends a form with files, and the `Content-Type` that belongs to it; makes it a POST unless
    /// [`method`](Self::method) says otherwise.
    #[must_use]
    pub fn multipart(self, form: Multipart) -> Request {
        let content_type = form.content_type();
        self.data(form).add_header(CONTENT_TYPE, content_type)
    }
}

/// All parts, one after the other; at most one file is open.
struct Pieces {
    /// The last one first.
    rest: Vec<Source>,
    open: Option<Open>,
}

/// Exactly so many bytes.
struct Open {
    reader: Box<dyn Read + Send>,
    left: u64,
}

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let open = match &mut self.open {
                Some(open) if open.left > 0 => open,
                _ => match self.rest.pop() {
                    Some(source) => {
                        let left = source.length();
                        self.open = Some(Open { reader: source.open()?, left });
                        continue;
                    }
                    None => return Ok(0),
                },
            };
            let wanted = usize::try_from(open.left).map_or(buf.len(), |left| left.min(buf.len()));
            let n = open.reader.read(&mut buf[..wanted])?;
            if n == 0 && wanted > 0 {
                let message = format!("a part of the form ended {} bytes early", open.left);
                return Err(Error::new(ErrorKind::UnexpectedEof, message).into());
            }
            open.left -= n as u64;
            return Ok(n);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "media-types")]
    fn sent(form: &Multipart) -> String {
        let mut text = String::new();
        form.pieces().read_to_string(&mut text).unwrap();
        assert_eq!(text.len() as u64, form.length());
        text.replace(&form.boundary, "B")
    }

    #[cfg(feature = "media-types")]
    #[test]
    fn the_bytes_of_a_form() -> Result<()> {
        assert_eq!(sent(&Multipart::new()), "--B--\r\n");
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a \"b\".html");
        std::fs::write(&path, "<p>")?;
        let form = Multipart::new().text("n\r\n\"", "v\r\nw").bytes("x", "é", *b"yz").file("f", &path)?;
        let expected = "--B\r\nContent-Disposition: form-data; name=\"n%0D%0A%22\"\r\n\r\nv\r\nw\r\n\
            --B\r\nContent-Disposition: form-data; name=\"x\"; filename=\"é\"\r\n\
            Content-Type: application/octet-stream\r\n\r\nyz\r\n\
            --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a %22b%22.html\"\r\n\
            Content-Type: text/html\r\n\r\n<p>\r\n--B--\r\n";
        assert_eq!(sent(&form), expected);
        assert_eq!(sent(&form), expected, "it can be sent again");
        std::fs::write(&path, "<p>more")?;
        assert_eq!(sent(&form), expected);
        std::fs::write(&path, "<")?;
        assert!(form.pieces().read_to_end(&mut Vec::new()).is_err());
        assert!(Multipart::new().file("f", folder.path()).is_err());
        Ok(())
    }

    #[cfg(feature = "media-types")]
    #[test]
    fn parts_say_what_they_are() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.html");
        std::fs::write(&path, "<p>")?;
        let json = Part::text("{}").media_type("application/json")?;
        let form = Multipart::new()
            .part("j", json)
            .part("f", Part::file(&path)?.filename("b.txt"))
            .part("r", Part::reader(&b"read on"[..], 4).filename("r"));
        let expected = "--B\r\nContent-Disposition: form-data; name=\"j\"\r\nContent-Type: application/json\r\n\r\n{}\r\n\
            --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"b.txt\"\r\n\
            Content-Type: text/plain\r\n\r\n<p>\r\n\
            --B\r\nContent-Disposition: form-data; name=\"r\"; filename=\"r\"\r\n\
            Content-Type: application/octet-stream\r\n\r\nread\r\n--B--\r\n";
        let again = form.clone();
        assert!(!Data::from(form.clone()).stays());
        assert_eq!(sent(&form), expected);
        assert!(again.pieces().read_to_end(&mut Vec::new()).is_err(), "a reader is read once");
        for wrong in ["", "text", "text/plain\r\nX: y", "te\u{e9}/x"] {
            assert_eq!(Part::text("").media_type(wrong).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        Ok(())
    }

    #[test]
    fn boundaries_differ() {
        assert_ne!(Multipart::new().boundary, Multipart::new().boundary);
        assert!(Multipart::new().boundary.len() <= 70);
    }
}
