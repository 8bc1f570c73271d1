//! [`FileHandler`]: `file:` URLs.

use std::{
    fs::File,
    io::BufReader,
    os::{fd::AsFd, unix::ffi::OsStrExt},
    path::Path,
};

use ::http::{
    HeaderValue, Method,
    header::{CONTENT_LENGTH, CONTENT_TYPE, LAST_MODIFIED},
};

use super::known::Known;
use crate::{
    error::{Error, ErrorKind, Result},
    sys::{self, Opening},
    urllib::{Exchange, Handler, Request, Response},
    wire::{date::http_date, media},
};

/// Answers `file:` URLs of this machine (RFC 8089): regular files, by GET and HEAD, with `Content-Length`,
/// `Last-Modified` (if HTTP has a date for it: from 1970 on) and the `Content-Type` that goes with the name.
///
/// No redirect leads here: [`RedirectHandler`](super::RedirectHandler) follows to http and https alone. A program that
/// opens URLs of other people's wants [`FileHandler::off`]. Its order is 1000.
///
/// The file is opened once, without waiting (`openat(2)`, `O_NONBLOCK`): a FIFO or a device is an error. A file that
/// shrinks while it is read is an error, too.
///
/// Python: `urllib.request.FileHandler`, which also lists the host's names as local.
///
/// # Examples
///
/// ```
/// use std::io::Read;
/// use sockeye::urllib::urlopen;
///
/// # fn main() -> sockeye::Result<()> {
/// let path = std::env::temp_dir().join(format!("sockeye-file-handler-{}.txt", std::process::id()));
/// std::fs::write(&path, "hello")?;
/// let mut response = urlopen(format!("file://{}", path.display()))?;
/// let mut text = String::new();
/// response.read_to_string(&mut text)?;
/// assert_eq!((text.as_str(), &response.headers()["content-length"]), ("hello", &"5".parse().unwrap()));
/// # std::fs::remove_file(&path)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FileHandler(Mode);

#[derive(Clone, Copy, Debug)]
enum Mode {
    On,
    Off,
}

impl FileHandler {
    /// The default.
    #[must_use]
    pub fn new() -> FileHandler {
        FileHandler(Mode::On)
    }

    /// Refuses every `file:` URL with [`ErrorKind::Unsupported`].
    ///
    /// ```
    /// use sockeye::{ErrorKind, urllib::{FileHandler, build_opener}};
    ///
    /// let opener = build_opener().add_handler(FileHandler::off()).build();
    /// assert_eq!(opener.open("file:///etc/hostname").unwrap_err().kind(), ErrorKind::Unsupported);
    /// ```
    #[must_use]
    pub fn off() -> FileHandler {
        FileHandler(Mode::Off)
    }
}

impl Default for FileHandler {
    fn default() -> FileHandler {
        FileHandler::new()
    }
}

impl Handler for FileHandler {
    fn order(&self) -> i32 {
        1000
    }

    fn open(&self, request: &mut Request, _: &mut Exchange<'_>) -> Option<Result<Response>> {
        if request.url().scheme() != "file" {
            return None;
        }
        Some(match self.0 {
            Mode::On => answer(request),
            Mode::Off => Err(Error::new(ErrorKind::Unsupported, "this opener doesn't open file: URLs")),
        })
    }
}

fn answer(request: &Request) -> Result<Response> {
    super::only_get("file:", request)?;
    if !matches!(request.url().host_str(), None | Some("" | "localhost")) {
        return Err(invalid("a file: URL names files of this machine only: file:///path"));
    }
    let path = request.url().to_file_path().map_err(|()| invalid("the URL has no path of a file"))?;
    let file = open(&path).map_err(|error| error.context(format!("open the file {}", path.display())))?;
    let status = file.metadata()?;
    if !status.is_file() {
        return Err(invalid("it isn't a regular file"));
    }
    let length = if *request.get_method() == Method::HEAD { 0 } else { status.len() };
    let mut response = Response::from_layer(request.url().clone(), Known::new(BufReader::new(file), length));
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, status.len().into());
    let date = status.modified().ok().and_then(http_date);
    // A date is always a value.
    if let Some(Ok(date)) = date.map(|date| HeaderValue::try_from(date.to_string())) {
        headers.insert(LAST_MODIFIED, date);
    }
    if let Some(media) = media::of_path(&path) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    }
    Ok(response)
}

/// A path that is absolute doesn't care for the folder.
fn open(path: &Path) -> Result<File> {
    let root = sys::open_folder(Path::new("/"))?;
    let path = sys::c_path(path.as_os_str().as_bytes())?;
    Ok(sys::openat(root.as_fd(), &path, Opening::Read)?.into())
}

fn invalid(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}
