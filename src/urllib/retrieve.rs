//! [`urlretrieve`] and [`Opener::resume`]: a URL into a file.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use ::http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG, IF_RANGE, LAST_MODIFIED, RANGE},
};

use super::{
    IntoRequest, Opener, Progress, Request, Response,
    address::without_user_info,
    opener::default_opener,
    partial::{PartialFile, behind_links, inherit},
};
use crate::{
    error::{Error, ErrorKind, Result},
    sys,
    wire::date::parse,
};

/// What is read at once.
const PIECE: usize = 64 * 1024;

/// A date tells versions apart only when it is so much older than the answer (RFC 9110 §8.8.2.2).
const STRONG: Duration = Duration::from_secs(60);

/// Copies a URL into a file, and calls `report` with every piece that came. Gives the response, read to its end.
///
/// The file appears, or is replaced, in one step when it is complete; if the download breaks off, or the body is cut
/// short, nothing is left of it and what was there stays. What isn't a regular file, such as `/dev/null`, is written to.
///
/// Python: `urllib.request.urlretrieve`, whose hook gets a count of blocks, and which keeps what was cut short.
///
/// # Errors
///
/// As [`urlopen`](super::urlopen) and reading, and when the file can't be written.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::urlretrieve;
///
/// # fn main() -> sockeye::Result<()> {
/// let path = std::env::temp_dir().join(format!("sockeye-retrieved-{}", std::process::id()));
/// let response = urlretrieve("data:text/plain,hello", &path, |progress| assert_eq!(progress.total, Some(5)))?;
/// assert_eq!(std::fs::read_to_string(&path)?, "hello");
/// assert_eq!(response.info()["content-type"], "text/plain");
/// # std::fs::remove_file(&path)?;
/// # Ok(())
/// # }
/// ```
pub fn urlretrieve(
    request: impl IntoRequest,
    path: impl AsRef<Path>,
    report: impl FnMut(Progress),
) -> Result<Response> {
    default_opener().retrieve(request, path, report)
}

impl Opener {
    /// [`urlretrieve`] with this opener.
    ///
    /// # Errors
    ///
    /// As [`urlretrieve`].
    pub fn retrieve(
        &self,
        request: impl IntoRequest,
        path: impl AsRef<Path>,
        mut report: impl FnMut(Progress),
    ) -> Result<Response> {
        let path = path.as_ref();
        let mut response = self.open(request)?;
        let unwritten = |error| unwritten(path, error);
        let mut partial = PartialFile::create(path).map_err(unwritten)?;
        copy(&mut response, (&mut partial, path), Span::ALL, &mut report)?;
        partial.complete().map_err(unwritten)?;
        Ok(response)
    }

    /// Copies a URL into a file as [`retrieve`](Self::retrieve) does, and goes on where an earlier call broke off.
    ///
    /// What has come waits in `FILE.part`, and in `FILE.part.from` what it is of: the URL and the server's word for the
    /// version (a strong `ETag`, or a `Last-Modified` that is old enough). The rest is asked for by `Range` and
    /// `If-Range` (RFC 9110 §13.1.5): if the server has another version by now, or doesn't know ranges, it sends all
    /// of it, and the file begins anew. Where the server says nothing of the version, nothing is kept. Bodies are asked
    /// for as they are, not coded. Two calls at once for one file disturb each other. A link is followed, and `FILE` is
    /// where it leads; what isn't a regular file, such as a FIFO, is written to from the beginning.
    ///
    /// Python: urllib has none.
    ///
    /// # Errors
    ///
    /// As [`urlretrieve`]; [`ErrorKind::InvalidInput`] for a request that isn't a plain GET,
    /// [`ErrorKind::Protocol`] when the server sends another range than it was asked for, or one whose bytes are more,
    /// or are announced to be more or fewer, than it says; [`ErrorKind::UnexpectedEof`] also when they end early without
    /// that: what came of them waits for the next call.
    pub fn resume(
        &self,
        request: impl IntoRequest,
        path: impl AsRef<Path>,
        mut report: impl FnMut(Progress),
    ) -> Result<Response> {
        let request = request.into_request()?;
        if request.get_method() != "GET" || request.data_ref().is_some() || request.own(&RANGE).is_some() {
            let message = "only a plain GET can be resumed";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        // What isn't a regular file keeps nothing to go on with.
        if fs::metadata(path.as_ref()).is_ok_and(|there| !there.is_file()) {
            return self.retrieve(request, path, report);
        }
        let path = behind_links(path.as_ref());
        let part = Part::of(&path);
        // A password has no business in a file.
        let url = without_user_info(request.url()).into_owned();
        let begun = part.begun(&url);
        let again = request.plain_copy();
        let mut response = match self.open(part.ask(request, begun.as_ref())) {
            // There is no such range: what is here is of another version, or was complete.
            Err(error) if begun.is_some() && is_unsatisfiable(&error) => {
                part.forget();
                self.open(part.ask(again, None))?
            }
            opened => opened?,
        };
        let span = match (response.status(), begun) {
            (StatusCode::PARTIAL_CONTENT, Some(begun)) => {
                begun.check(response.headers())?.announced(response.bytes_left())?
            }
            (StatusCode::PARTIAL_CONTENT, None) => {
                let message = "the server sent a part when all was asked for";
                return Err(Error::new(ErrorKind::Protocol, message));
            }
            _ => {
                part.begin(&url, response.headers()).map_err(|error| unwritten(&part.file, error))?;
                Span::ALL
            }
        };
        let file = OpenOptions::new().create(true).append(true).open(&part.file);
        let mut file = file.map_err(|error| unwritten(&part.file, error))?;
        inherit(&file, &path).map_err(|error| unwritten(&path, error))?;
        let received = copy(&mut response, (&mut file, &part.file), span, &mut report)?;
        if let Err(error) = span.came(received) {
            if received > span.start && error.kind() == ErrorKind::Protocol {
                // What is in a body that holds more than its range is anybody's guess.
                file.set_len(span.start).map_err(|error| unwritten(&part.file, error))?;
            }
            return Err(unretrieved(&response, received, error));
        }
        drop(file);
        fs::rename(&part.file, &path).map_err(|error| unwritten(&path, error))?;
        part.forget();
        Ok(response)
    }
}

/// Copies what comes and says up to where; what reaches past the span isn't written, and nothing behind it is read.
fn copy(
    response: &mut Response,
    (file, path): (&mut impl Write, &Path),
    span: Span,
    report: &mut impl FnMut(Progress),
) -> Result<u64> {
    let total = span.end.or(response.bytes_left().map(|left| left.saturating_add(span.start)));
    let (mut piece, mut received) = (vec![0; PIECE], span.start);
    loop {
        match sys::uninterrupted(|| response.read(&mut piece)) {
            Ok(0) => return Ok(received),
            Ok(n) => {
                received += n as u64;
                if span.end.is_some_and(|end| received > end) {
                    return Ok(received);
                }
                file.write_all(&piece[..n]).map_err(|error| unwritten(path, error))?;
                report(Progress { received, total });
            }
            Err(error) => return Err(unretrieved(response, received, error)),
        }
    }
}

fn unretrieved(response: &Response, received: u64, error: impl Into<Error>) -> Error {
    let from = without_user_info(response.url()).into_owned();
    error.into().context(format!("retrieve {from} after {received} bytes"))
}

fn unwritten(path: &Path, error: impl Into<Error>) -> Error {
    error.into().context(format!("write {}", path.display()))
}

fn is_unsatisfiable(error: &Error) -> bool {
    error.response().is_some_and(|response| response.status() == StatusCode::RANGE_NOT_SATISFIABLE)
}

/// Which bytes of the file an answer holds.
#[derive(Clone, Copy)]
struct Span {
    start: u64,
    /// Behind the last one, if the answer said so beside its length.
    end: Option<u64>,
}

impl Span {
    const ALL: Span = Span { start: 0, end: None };

    /// The same of an answer of that length, if that fits.
    fn announced(self, length: Option<u64>) -> Result<Span> {
        match (length, self.end) {
            (Some(length), Some(end)) if self.start.checked_add(length) != Some(end) => {
                let range = end - self.start;
                let message = format!("the server sent a range of {range} bytes in a body of {length}");
                Err(Error::new(ErrorKind::Protocol, message))
            }
            _ => Ok(self),
        }
    }

    /// Whether it is whole, of an answer that ended there.
    fn came(self, received: u64) -> Result<()> {
        let (kind, message) = match self.end {
            Some(end) if received < end => {
                let message = format!("the server's range ended {} bytes early", end - received);
                (ErrorKind::UnexpectedEof, message)
            }
            Some(end) if received > end => {
                let message = format!("the server sent more than its range, which ends after {end} bytes");
                (ErrorKind::Protocol, message)
            }
            _ => return Ok(()),
        };
        Err(Error::new(kind, message))
    }
}

/// Where a download grows that may be resumed.
struct Part {
    file: PathBuf,
    note: PathBuf,
}

/// What there is of it.
struct Begun {
    length: u64,
    version: HeaderValue,
    /// How long it is to be, if the first answer said so.
    whole: Option<u64>,
}

impl Part {
    fn of(path: &Path) -> Part {
        let with = |suffix: &str| {
            let mut name = OsString::from(path);
            name.push(suffix);
            PathBuf::from(name)
        };
        Part { file: with(".part"), note: with(".part.from") }
    }

    /// What an earlier call left of that URL.
    fn begun(&self, url: &str) -> Option<Begun> {
        let note = fs::read_to_string(&self.note).ok()?;
        let mut lines = note.lines();
        let (of, version) = (lines.next()?, HeaderValue::from_str(lines.next()?).ok()?);
        let whole = lines.next().and_then(|length| length.parse().ok());
        let length = fs::metadata(&self.file).ok().filter(fs::Metadata::is_file)?.len();
        (of == url && length > 0).then_some(Begun { length, version, whole })
    }

    /// Asks for all, or for the rest of this version.
    fn ask(&self, mut request: Request, begun: Option<&Begun>) -> Request {
        // Offsets count the bytes of the file, not of a coding.
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(begun) = begun {
            // Digits and letters are always a value.
            if let Ok(range) = HeaderValue::try_from(format!("bytes={}-", begun.length)) {
                request.headers_mut().insert(RANGE, range);
                request.headers_mut().insert(IF_RANGE, begun.version.clone());
            }
        }
        request
    }

    /// Begins anew, and notes the version, if it can be told from others, and its length.
    fn begin(&self, url: &str, headers: &HeaderMap) -> io::Result<()> {
        self.forget();
        File::create(&self.file)?;
        match version(headers) {
            Some(version) => {
                let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
                let length = length.map_or_else(String::new, |length| format!("{length}\n"));
                fs::write(&self.note, format!("{url}\n{version}\n{length}"))
            }
            None => Ok(()),
        }
    }

    fn forget(&self) {
        for path in [&self.note, &self.file] {
            // Mostly it isn't there.
            let _ = fs::remove_file(path);
        }
    }
}

impl Begun {
    /// The range, if it is the one that was asked for, of the same version.
    fn check(&self, headers: &HeaderMap) -> Result<Span> {
        let range = headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let tag = headers.get(ETAG).filter(|_| self.version.as_bytes().starts_with(b"\""));
        let end = end_of_rest(range, self.length);
        let message = match (tag, end, self.whole) {
            (Some(tag), ..) if tag != self.version => {
                let [tag, version] = [tag, &self.version].map(|v| String::from_utf8_lossy(v.as_bytes()));
                format!("the server sent a part of the version {tag} when asked for one of {version}")
            }
            (_, Some(end), Some(whole)) if whole != end => {
                format!("the server sent a part that ends after {end} bytes, of what had {whole} before")
            }
            (_, Some(end), _) => return Ok(Span { start: self.length, end: Some(end) }),
            (_, None, _) => {
                let length = self.length;
                format!("the server sent the range {range:?} when asked for what follows {length} bytes")
            }
        };
        Err(Error::new(ErrorKind::Protocol, message))
    }
}

/// The end of a `Content-Range` that goes from there to the end, as far as the server knows where that is: behind its
/// last byte.
fn end_of_rest(range: &str, start: u64) -> Option<u64> {
    let (range, total) = range.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let end = last.parse::<u64>().ok()?.checked_add(1)?;
    let fits = first.parse() == Ok(start) && end > start && (total == "*" || total.parse() == Ok(end));
    fits.then_some(end)
}

/// What `If-Range` may hold: a strong tag, or a date that is strong by its age.
fn version(headers: &HeaderMap) -> Option<&str> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(tag) = text(ETAG).filter(|tag| tag.starts_with('"')) {
        return Some(tag);
    }
    let modified = text(LAST_MODIFIED)?;
    let age = parse(text(DATE)?)?.duration_since(parse(modified)?).ok()?;
    (age >= STRONG).then_some(modified)
}
