//! [`Part`]: one field of a form, with all that can be said of it.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Cursor, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use ::http::HeaderValue;

use crate::{
    error::{Error, ErrorKind, Result},
    wire,
};

/// A field of a [`Multipart`](super::Multipart): what is sent, and its file name and media type if it is to have some.
///
/// Python: urllib has none; the tuples in requests' `files=`.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{Data, Multipart, Part};
///
/// # fn main() -> sockeye::Result<()> {
/// let measured = Part::reader(std::io::repeat(b'x'), 1000).filename("measured.dat");
/// let form = Multipart::new()
///     .part("about", Part::text("{}").media_type("application/json")?)
///     .part("data", measured);
/// assert!(Data::from(form).len().is_some_and(|length| length > 1000));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Part {
    filename: Option<String>,
    media: Option<String>,
    pub(super) body: Source,
}

#[derive(Clone)]
pub(super) enum Source {
    Bytes(Arc<[u8]>),
    File(PathBuf, u64),
    /// `None` once it was sent.
    Once(Arc<Mutex<Option<Box<dyn Read + Send>>>>, u64),
}

impl Part {
    /// Text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Part {
        Part::bytes(text.into())
    }

    /// Bytes. Most servers want to be told a [file name](Self::filename) before they take them for a file.
    #[must_use]
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Part {
        Part { filename: None, media: None, body: Source::Bytes(bytes.into().into()) }
    }

    /// A file under its own name. Its length is looked up now, and it is opened when it is sent.
    ///
    /// # Errors
    ///
    /// When there is no such file, and [`ErrorKind::InvalidInput`] when it isn't a regular one.
    pub fn file(path: impl AsRef<Path>) -> Result<Part> {
        let path = path.as_ref();
        let status = fs::metadata(path)
            .map_err(|error| Error::from(error).context(format!("send the file {}", path.display())))?;
        if !status.is_file() {
            let message = format!("{} isn't a regular file", path.display());
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let filename = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let body = Source::File(path.to_owned(), status.len());
        Ok(Part { filename: Some(filename), media: None, body })
    }

    /// Exactly `length` bytes from that reader, once: a form that has one can't be sent again, as
    /// [`Data::sized_reader`](crate::urllib::Data::sized_reader) can't.
    pub fn reader(reader: impl Read + Send + 'static, length: u64) -> Part {
        let reader: Box<dyn Read + Send> = Box::new(reader);
        Part { filename: None, media: None, body: Source::Once(Arc::new(Mutex::new(Some(reader))), length) }
    }

    /// What the file is called. Default is a file's own name, and none for all else.
    #[must_use]
    pub fn filename(self, name: impl Into<String>) -> Part {
        Part { filename: Some(name.into()), ..self }
    }

    /// The media type. Default is the one that goes with the file name; without a name none is said, which stands for
    /// text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] when it isn't one.
    pub fn media_type(self, media: &str) -> Result<Part> {
        if !media.contains('/') || !media.is_ascii() || HeaderValue::from_str(media).is_err() {
            let message = format!("{media:?} isn't a media type, such as text/plain");
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        Ok(Part { media: Some(media.to_owned()), ..self })
    }

    /// What stands before its bytes.
    pub(super) fn head(&self, name: &str) -> String {
        let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(name));
        if let Some(filename) = &self.filename {
            head.extend(["; filename=\"", &quoted(filename), "\""]);
        }
        head.push_str("\r\n");
        if let Some(media) = self.media.as_deref().or_else(|| self.filename.as_deref().map(media)) {
            head.extend(["Content-Type: ", media, "\r\n"]);
        }
        head.push_str("\r\n");
        head
    }
}

impl Source {
    pub(super) fn length(&self) -> u64 {
        match self {
            Source::Bytes(bytes) => bytes.len() as u64,
            Source::File(_, length) | Source::Once(_, length) => *length,
        }
    }

    pub(super) fn open(self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Source::Bytes(bytes) => Box::new(Cursor::new(bytes)),
            Source::File(path, _) => Box::new(File::open(path)?),
            Source::Once(reader, _) => {
                let taken = reader.lock().unwrap_or_else(PoisonError::into_inner).take();
                let spent = "a reader of the form was sent before and can't be sent a second time";
                taken.ok_or_else(|| Error::new(ErrorKind::InvalidInput, spent))?
            }
        })
    }
}

impl fmt::Debug for Source {
    /// Never what is sent: it may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match self {
            Source::Bytes(_) => "bytes",
            Source::File(..) => "file",
            Source::Once(..) => "reader",
        };
        f.debug_struct(source).field("len", &self.length()).finish()
    }
}

/// As the WHATWG's HTML §4.10.22.8 writes names.
fn quoted(name: &str) -> String {
    name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22")
}

fn media(filename: &str) -> &'static str {
    wire::media::of_path(filename).unwrap_or("application/octet-stream")
}
