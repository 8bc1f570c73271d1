//! [`Failure`]: why something wasn't fetched, what is said about it, and the exit status.

use std::{
    io::{self, IsTerminal, Read, Write},
    path::Path,
};

use sockeye::{
    Error, ErrorKind,
    urllib::{Response, StatusCode},
};

use super::{
    ask::{Head, Wanted},
    sum::Sum,
    trust,
};

/// How much of an error's page is shown.
const SHOWN: u64 = 64 * 1024;

/// The exit status of an answer that is neither the page nor an error.
const NOT_THE_PAGE: u8 = 3;

/// The exit status of what came with another checksum.
const WRONG_SUM: u8 = 6;

/// What a shell reports for SIGINT.
pub(super) const INTERRUPTED: u8 = 130;

/// Why it wasn't fetched.
#[derive(Debug)]
pub(super) enum Failure {
    /// The URL, or another argument, is none.
    Usage(String),
    /// It wasn't answered, or not to the end.
    Open(Error),
    /// The server answered with an error.
    Status(Response),
    /// The server answered, without an error, but not with the page.
    Other(Box<Response>, &'static str),
    /// Of so many bytes that were promised, so many came.
    Cut(u64, Option<u64>),
    /// The body broke off for another reason.
    Read(Error),
    /// The copy can't be written there.
    Write(String, io::Error),
    /// There can't be a file there.
    Place(String),
    /// It came, and isn't what was wanted.
    Sum { wanted: Sum, found: Sum },
    /// Nobody reads standard output any more.
    Unread,
}

/// Whether others are to be fetched after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    GoOn,
    Stop,
}

impl From<Error> for Failure {
    /// That of opening: a status holds its page.
    fn from(error: Error) -> Failure {
        match error.kind() {
            ErrorKind::Status => error.into_response().map_or_else(Failure::Open, Failure::Status),
            // Of this program's system calls' it would be an errno; this is what the library made of the arguments.
            ErrorKind::InvalidInput if error.raw_os_error().is_none() => Failure::Usage(error.to_string()),
            _ => Failure::Open(error),
        }
    }
}

impl Failure {
    pub(super) fn others(&self) -> Others {
        match self {
            Failure::Open(error) | Failure::Read(error) if error.kind() == ErrorKind::Cancelled => {
                Others::Stop
            }
            Failure::Unread => Others::Stop,
            _ => Others::GoOn,
        }
    }

    /// Says it, and gives the exit status. `url` is what is shown of the URL; `name` stands before what doesn't say by
    /// itself which one of several URLs it is about, and the head of an error's page is shown if that of a page would
    /// be.
    pub(super) fn report(self, url: &str, name: &str, head: Head) -> u8 {
        let (message, status) = match self {
            Failure::Usage(message) => (message, 2),
            Failure::Open(error) | Failure::Read(error) if error.kind() == ErrorKind::Cancelled => {
                ("interrupted".to_owned(), INTERRUPTED)
            }
            Failure::Open(error) if error.kind() == ErrorKind::Redirect => (error.to_string(), NOT_THE_PAGE),
            Failure::Open(error) => (error.to_string(), 1),
            Failure::Read(error) => (format!("get {url}: {error}"), 1),
            Failure::Cut(got, Some(promised)) => (cut(url, &format!("{got} of {promised} bytes")), 1),
            Failure::Cut(got, None) => (cut(url, &format!("{got} bytes")), 1),
            Failure::Write(what, error) => (format!("{what}: {}", Error::from(error)), 1),
            Failure::Place(message) => (message, 1),
            Failure::Other(response, why) => (format!("{name}{}: {why}", answered(&response)), NOT_THE_PAGE),
            Failure::Sum { wanted, found } => {
                (format!("get {url}: its SHA-256 is {found} instead of {wanted}: it wasn't kept"), WRONG_SUM)
            }
            Failure::Unread => return 1,
            Failure::Status(response) => return show(response, name, head),
        };
        eprintln!("sockeye: {}", trust::in_options(&message));
        status
    }

    /// Of writing to that file, or to standard output.
    pub(super) fn of_writing(name: Option<&Path>, error: impl Into<io::Error>) -> Failure {
        let error = error.into();
        match name {
            None if error.kind() == io::ErrorKind::BrokenPipe => Failure::Unread,
            None => Failure::Write("write to standard output".to_owned(), error),
            Some(name) if error.kind() == io::ErrorKind::IsADirectory => Failure::Place(format!(
                "{} is a folder; name a file with --output, such as {}, or use -O in it",
                name.display(),
                name.join("page").display()
            )),
            Some(name) => Failure::Write(format!("write to {}", name.display()), error),
        }
    }
}

/// Why an answer that is no error isn't the page either: its body, if it has one, must not pass for it.
pub(super) fn why_not_the_page(status: StatusCode, wanted: Wanted) -> Option<&'static str> {
    match status.as_u16() {
        206 if wanted == Wanted::Part => None,
        206 => Some("a part of the page, when all of it was asked for"),
        304 => Some("the page hasn't changed, which nobody asked"),
        301 | 302 | 303 | 307 | 308 => Some("a redirect that doesn't say where to"),
        300..=399 => Some("neither the page nor a redirect that can be followed"),
        _ => None,
    }
}

fn answered(response: &Response) -> String {
    let host = match response.status() {
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => "the proxy",
        _ => response.url().host_str().unwrap_or_default(),
    };
    let answer = format!("{host} answered {} {}", response.status().as_u16(), response.reason());
    answer.trim_end().to_owned()
}

/// Shows an error's page.
fn show(mut response: Response, name: &str, head: Head) -> u8 {
    let (status, mut page) = (response.status(), Vec::new());
    if head == Head::Shown {
        page.extend(super::ask::head(&response).bytes());
    }
    eprintln!("sockeye: {name}{}", answered(&response));
    // A page that breaks off is shown as far as it came: the status is the news.
    let _ = (&mut response).take(SHOWN).read_to_end(&mut page);
    let mut text = String::from_utf8_lossy(&page).into_owned();
    if io::stderr().is_terminal() {
        // A page must not move the cursor, or worse.
        text.retain(|c| matches!(c, '\n' | '\t') || !c.is_control());
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let _ = io::stderr().write_all(text.as_bytes());
    // RFC 9110 §15: a status that can't be is like a 5xx.
    if status.is_client_error() { 4 } else { 5 }
}

fn cut(url: &str, came: &str) -> String {
    format!("get {url}: the answer was cut short: only {came} came")
}
