//! [`Multipart`]: forms with files (`multipart/form-data`, RFC 7578).

use std::{
    collections::hash_map::RandomState,
    fmt::Write,
    fs::{self, File},
    hash::{BuildHasher, Hasher},
    io::{self, Cursor, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use ::http::header::CONTENT_TYPE;

use super::{Data, Request};
use crate::error::{Error, ErrorKind, Result};

/// A form whose fields may be files, sent as browsers do: `multipart/form-data`, RFC 7578, in the words of the WHATWG's
/// HTML (a quote in a name is `%22`, a line end `%0D%0A`).
///
/// Files are read while they are sent, never whole; the length is known beforehand, so nothing travels in chunks. The
/// form can be sent again: by a redirect that keeps the method, by authentication, by a retry. A file that has become
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
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
struct Part {
    head: String,
    body: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Bytes(Arc<[u8]>),
    File(PathBuf, u64),
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
        let disposition = format!("form-data; name=\"{}\"", quoted(name));
        self.part(disposition, None, Source::Bytes(value.into().into_bytes().into()))
    }

    /// A file, under its own name and with the media type that goes with the name. Its length is looked up now, and it
    /// is opened when it is sent.
    ///
    /// # Errors
    ///
    /// When there is no such file, and [`ErrorKind::InvalidInput`] when it isn't a regular one.
    pub fn file(self, name: &str, path: impl AsRef<Path>) -> Result<Multipart> {
        let path = path.as_ref();
        let status = fs::metadata(path)
            .map_err(|error| Error::from(error).context(format!("send the file {}", path.display())))?;
        if !status.is_file() {
            let message = format!("{} isn't a regular file", path.display());
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let filename = path.file_name().unwrap_or_default().to_string_lossy();
        let disposition = disposition(name, &filename);
        Ok(self.part(disposition, Some(media(&filename)), Source::File(path.to_owned(), status.len())))
    }

    /// What looks like a file to the server and is in memory.
    #[must_use]
    pub fn bytes(self, name: &str, filename: &str, bytes: impl Into<Vec<u8>>) -> Multipart {
        let disposition = disposition(name, filename);
        self.part(disposition, Some(media(filename)), Source::Bytes(bytes.into().into()))
    }

    /// What the request's `Content-Type` says: the boundary is in it.
    #[must_use]
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    fn part(mut self, disposition: String, media: Option<&str>, body: Source) -> Multipart {
        let mut head = format!("--{}\r\nContent-Disposition: {disposition}\r\n", self.boundary);
        if let Some(media) = media {
            // Writing to a String can't fail.
            let _ = write!(head, "Content-Type: {media}\r\n");
        }
        head.push_str("\r\n");
        self.parts.push(Part { head, body });
        self
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

impl Source {
    fn length(&self) -> u64 {
        match self {
            Source::Bytes(bytes) => bytes.len() as u64,
            Source::File(_, length) => *length,
        }
    }

    /// Exactly so many bytes.
    fn open(self) -> io::Result<Open> {
        let left = self.length();
        let reader: Box<dyn Read + Send> = match self {
            Source::Bytes(bytes) => Box::new(Cursor::new(bytes)),
            Source::File(path, _) => Box::new(File::open(path)?),
        };
        Ok(Open { reader, left })
    }
}

/// All parts, one after the other; at most one file is open.
struct Pieces {
    /// The last one first.
    rest: Vec<Source>,
    open: Option<Open>,
}

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
                        self.open = Some(source.open()?);
                        continue;
                    }
                    None => return Ok(0),
                },
            };
            let wanted = usize::try_from(open.left).map_or(buf.len(), |left| left.min(buf.len()));
            let n = open.reader.read(&mut buf[..wanted])?;
            if n == 0 && wanted > 0 {
                let message = format!("a file of the form ended {} bytes early", open.left);
                return Err(Error::new(ErrorKind::UnexpectedEof, message).into());
            }
            open.left -= n as u64;
            return Ok(n);
        }
    }
}

fn disposition(name: &str, filename: &str) -> String {
    format!("form-data; name=\"{}\"; filename=\"{}\"", quoted(name), quoted(filename))
}

/// As the WHATWG's HTML §4.10.22.8 writes names.
fn quoted(name: &str) -> String {
    name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22")
}

fn media(filename: &str) -> &'static str {
    mime_guess::from_path(filename).first_raw().unwrap_or("application/octet-stream")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(form: &Multipart) -> String {
        let mut text = String::new();
        form.pieces().read_to_string(&mut text).unwrap();
        assert_eq!(text.len() as u64, form.length());
        text.replace(&form.boundary, "B")
    }

    #[test]
    fn the_bytes_of_a_form() -> Result<()> {
        assert_eq!(sent(&Multipart::new()), "--B--\r\n");
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a \"b\".html");
        fs::write(&path, "<p>")?;
        let form = Multipart::new().text("n\r\n\"", "v\r\nw").bytes("x", "é", *b"yz").file("f", &path)?;
        let expected = "--B\r\nContent-Disposition: form-data; name=\"n%0D%0A%22\"\r\n\r\nv\r\nw\r\n\
            --B\r\nContent-Disposition: form-data; name=\"x\"; filename=\"é\"\r\n\
            Content-Type: application/octet-stream\r\n\r\nyz\r\n\
            --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a %22b%22.html\"\r\n\
            Content-Type: text/html\r\n\r\n<p>\r\n--B--\r\n";
        assert_eq!(sent(&form), expected);
        assert_eq!(sent(&form), expected, "it can be sent again");
        fs::write(&path, "<p>more")?;
        assert_eq!(sent(&form), expected);
        fs::write(&path, "<")?;
        assert!(form.pieces().read_to_end(&mut Vec::new()).is_err());
        assert!(Multipart::new().file("f", folder.path()).is_err());
        Ok(())
    }

    #[test]
    fn boundaries_differ() {
        assert_ne!(Multipart::new().boundary, Multipart::new().boundary);
        assert!(Multipart::new().boundary.len() <= 70);
    }
}
