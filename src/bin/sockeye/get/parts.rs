//! [`Parts`]: one big file by several requests at once (`--jobs`).
//!
//! The answer that is there already is the first part. The others are asked for by `Range`, with an `If-Range` that
//! keeps another version out (RFC 9110 §13.1.5). If any of them doesn't come just as it was asked for, the first answer
//! is read to its end, over all that was written: what is in the file is always of one version, and whole.

use std::{fs::File, io::Read, ops::Range, os::unix::fs::FileExt, path::Path, thread};

use indicatif::ProgressBar;
use sockeye::{
    Error, ErrorKind,
    cancel::CancelToken,
    urllib::{HeaderValue, Opener, Request, Response},
};

use super::failure::Failure;

/// What is read at once.
const PIECE: usize = 64 * 1024;

/// A part that is smaller isn't worth its connection.
const SMALLEST: u64 = 1024 * 1024;

/// How an answer can be had in parts.
#[derive(Debug)]
pub(super) struct Split {
    /// The server's word for the version: a strong tag.
    version: HeaderValue,
    length: u64,
    /// INVARIANT: two at least; from 0 to the length, without gaps.
    ranges: Vec<Range<u64>>,
}

impl Split {
    /// In so many parts at most; `None` where the answer has to come as it is.
    pub(super) fn of(response: &Response, jobs: u8) -> Option<Split> {
        let headers = response.headers();
        let version = headers.get("etag").filter(|tag| tag.as_bytes().starts_with(b"\""))?.clone();
        let takes_ranges = headers.get("accept-ranges").is_some_and(|unit| unit == "bytes");
        let length = response.bytes_left().filter(|_| response.getcode() == 200 && takes_ranges)?;
        let count = u64::from(jobs).min(length / SMALLEST);
        // Wide enough for any length times any count.
        let at = |i: u64| (u128::from(length) * u128::from(i) / u128::from(count)) as u64;
        let ranges = (0..count).map(|i| at(i)..at(i + 1)).collect();
        (count > 1).then_some(Split { version, length, ranges })
    }

    /// The request for one of the parts.
    fn ask(&self, request: Request, range: &Range<u64>) -> Request {
        request
            .add_header("Range", format!("bytes={}-{}", range.start, range.end - 1))
            .add_header("If-Range", self.version.clone())
    }

    /// Whether that is the part, and of the same version.
    fn is_part(&self, response: &Response, range: &Range<u64>) -> bool {
        let told = format!("bytes {}-{}/{}", range.start, range.end - 1, self.length);
        let headers = response.headers();
        response.getcode() == 206
            && headers.get("content-range").is_some_and(|range| *range == *told)
            && headers.get("etag").is_none_or(|tag| *tag == self.version)
            && response.bytes_left() == Some(range.end - range.start)
    }
}

/// The parts of one file, while they come.
pub(super) struct Parts<'a> {
    pub(super) split: Split,
    pub(super) opener: &'a Opener,
    /// A request for all of it.
    pub(super) request: &'a (dyn Fn() -> Request + Sync),
    /// Ends the parts but the first.
    pub(super) token: CancelToken,
    pub(super) file: &'a File,
    /// What the file is called.
    pub(super) name: &'a Path,
    pub(super) bar: &'a ProgressBar,
}

impl Parts<'_> {
    /// Writes all of it, whose first part begins in that answer.
    pub(super) fn fetch(&self, response: &mut Response) -> Result<(), Failure> {
        let (first, others) = match &*self.split.ranges {
            [first, others @ ..] => (first.clone(), others),
            [] => (0..self.split.length, &[][..]),
        };
        thread::scope(|scope| {
            let others: Vec<_> =
                others.iter().map(|range| scope.spawn(|| self.fetch_part(range.clone()))).collect();
            let here = self.copy(response, first.clone());
            if here.is_err() {
                self.token.cancel();
            }
            // All of them end before anything is written once more.
            let came: Vec<_> = others.into_iter().map(|part| part.join().unwrap_or(Came::Not)).collect();
            here?;
            if came.contains(&Came::Not) {
                self.bar.set_position(first.end);
                return self.copy(response, first.end..self.split.length);
            }
            Ok(())
        })
    }

    /// One of the others. Why it didn't come doesn't matter: the first answer has it too.
    fn fetch_part(&self, range: Range<u64>) -> Came {
        let request = self.split.ask((self.request)(), &range).cancel_token(&self.token);
        let part = self.opener.open(request).ok().filter(|response| self.split.is_part(response, &range));
        match part.map(|mut response| self.copy(&mut response, range)) {
            Some(Ok(())) => Came::Whole,
            _ => {
                // The others have no use without it.
                self.token.cancel();
                Came::Not
            }
        }
    }

    /// Writes what is next in the answer to that place.
    fn copy(&self, response: &mut Response, range: Range<u64>) -> Result<(), Failure> {
        let (mut buf, mut at) = (vec![0; PIECE], range.start);
        while at < range.end {
            let wanted = usize::try_from(range.end - at).map_or(PIECE, |left| left.min(PIECE));
            let n = match response.read(&mut buf[..wanted]).map_err(Error::from) {
                Ok(0) => return Err(Failure::Cut(at, Some(self.split.length))),
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Err(Failure::Cut(at, Some(self.split.length)));
                }
                Err(error) => return Err(Failure::Read(error)),
            };
            let written = self.file.write_all_at(&buf[..n], at);
            written.map_err(|error| Failure::of_writing(Some(self.name), error))?;
            at += n as u64;
            self.bar.inc(n as u64);
        }
        Ok(())
    }
}

/// Whether a part came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Whole,
    Not,
}
