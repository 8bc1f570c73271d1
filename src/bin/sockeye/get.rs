//! `sockeye get`: one URL, to standard output or into a file.

mod output;
mod trust;
mod way;

use std::{
    io::{self, IsTerminal, Read, Write},
    path::PathBuf,
    process::{self, ExitCode},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sockeye::{
    Error, ErrorKind,
    cancel::CancelToken,
    urllib::{Opener, Request, Response, StatusCode, Url},
};

use output::Output;
use trust::Trust;
use way::Way;

/// Fetch a URL to standard output, or into a file.
///
/// Redirects are followed. A user name and password in the URL are sent to that host alone. The file appears, or is
/// replaced, once it is complete, and not at all if the download fails; only in a folder that can't be written to is a
/// file that is there overwritten in place, and emptied if that fails.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status:
  0    fetched
  1    failed: no connection, also by a proxy's refusal; a broken or incomplete answer; a file that can't be written
  2    wrong usage
  3    the server answered with something other than the page: a redirect to nowhere, a part of it (206)
  4    the server answered 4xx (the answer goes to standard error)
  5    the server answered 5xx
  130  interrupted")]
pub(crate) struct Get {
    /// What to fetch, such as http://example.org/
    url: String,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Give up after so many seconds in all [default: never]
    #[arg(short, long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    timeout: Option<Duration>,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    way: Way,
}

/// How much of an error's page is shown.
const SHOWN: u64 = 64 * 1024;

/// What is read at once: large enough to go straight from the socket into the buffer.
const PIECE: usize = 64 * 1024;

/// The exit status of an answer that is neither the page nor an error.
const NOT_THE_PAGE: u8 = 3;

/// What a shell reports for SIGINT.
const INTERRUPTED: u8 = 130;

/// Why it wasn't fetched.
#[derive(Debug)]
enum Failure {
    /// The URL, or another argument, is none.
    Usage(Error),
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
    /// Nobody reads standard output any more.
    Unread,
}

/// Fetches it.
pub(crate) fn run(arguments: &Get) -> ExitCode {
    let (url, failure) = match Request::new(&arguments.url) {
        Ok(request) => {
            let url = without_user_info(request.url());
            match fetch(request, arguments) {
                Ok(()) => return ExitCode::SUCCESS,
                Err(failure) => (url, failure),
            }
        }
        Err(error) => (String::new(), Failure::Usage(error)),
    };
    let (message, status) = match failure {
        Failure::Usage(error) => (error.to_string(), 2),
        Failure::Open(error) | Failure::Read(error) if error.kind() == ErrorKind::Cancelled => {
            ("interrupted".to_owned(), INTERRUPTED)
        }
        Failure::Open(error) => (error.to_string(), 1),
        Failure::Read(error) => (format!("get {url}: {error}"), 1),
        Failure::Cut(got, Some(promised)) => (cut(&url, &format!("{got} of {promised} bytes")), 1),
        Failure::Cut(got, None) => (cut(&url, &format!("{got} bytes")), 1),
        Failure::Write(what, error) => (format!("{what}: {}", Error::from(error)), 1),
        Failure::Place(message) => (message, 1),
        Failure::Other(response, why) => (format!("{}: {why}", answered(&response)), NOT_THE_PAGE),
        Failure::Unread => return ExitCode::FAILURE,
        Failure::Status(response) => return report(response),
    };
    eprintln!("sockeye: {message}");
    ExitCode::from(status)
}

fn fetch(request: Request, arguments: &Get) -> Result<(), Failure> {
    let opener = opener(arguments, request.url()).map_err(Failure::Usage)?;
    let token = interruptible().map_err(Failure::Open)?;
    let request = arguments.way.send(request.timeout(arguments.timeout).cancel_token(&token));
    let mut response = opener.open(request).map_err(|error| match error.kind() {
        ErrorKind::Status => error.into_response().map_or_else(Failure::Open, Failure::Status),
        _ => Failure::Open(error),
    })?;
    if let Some(why) = why_not_the_page(response.status()) {
        return Err(Failure::Other(Box::new(response), why));
    }
    let mut output = Output::open(arguments.output.as_deref())?;
    let promised = response.bytes_left();
    let bar = progress(promised, output.is_seen());
    let copied = copy(&mut response, &mut output, &bar);
    bar.finish_and_clear();
    copied?;
    output.complete()
}

/// What opens that URL, as the options and the environment say.
fn opener(arguments: &Get, url: &Url) -> sockeye::Result<Opener> {
    let proxies = arguments.way.handler()?;
    // What isn't a proxy's URL, or a list of hosts, is said before anything is opened.
    proxies.find(url)?;
    Ok(arguments.trust.opener()?.add_handler(proxies).build())
}

fn copy(response: &mut Response, output: &mut Output, bar: &ProgressBar) -> Result<(), Failure> {
    let promised = response.bytes_left();
    let (mut buf, mut got) = (vec![0; PIECE], 0);
    loop {
        let n = match response.read(&mut buf).map_err(Error::from) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                return Err(Failure::Cut(got, promised));
            }
            Err(error) => return Err(Failure::Read(error)),
        };
        output.write(&buf[..n])?;
        got += n as u64;
        bar.inc(n as u64);
    }
}

/// A bar on a terminal, unless the page itself goes there.
fn progress(promised: Option<u64>, page_is_seen: output::Seen) -> ProgressBar {
    if page_is_seen == output::Seen::Yes || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match promised {
        Some(bytes) => (ProgressBar::new(bytes), "{bytes}/{total_bytes} {wide_bar} {bytes_per_sec} {eta}"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec} {elapsed}"),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A token that the first Ctrl-C (SIGINT, SIGTERM, SIGHUP) cancels; the second one ends the process.
fn interruptible() -> sockeye::Result<CancelToken> {
    let token = CancelToken::new()?;
    let pressed = token.clone();
    let handler = move || {
        if pressed.is_cancelled() {
            process::exit(INTERRUPTED.into());
        }
        pressed.cancel();
    };
    // Without it, Ctrl-C just ends the process, and the partial file stays under its own name.
    let _ = ctrlc::set_handler(handler);
    Ok(token)
}

/// Why an answer that is no error isn't the page either: its body, if it has one, must not pass for it.
fn why_not_the_page(status: StatusCode) -> Option<&'static str> {
    match status.as_u16() {
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
fn report(mut response: Response) -> ExitCode {
    let (status, mut page) = (response.status(), Vec::new());
    eprintln!("sockeye: {}", answered(&response));
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
    ExitCode::from(if status.is_server_error() { 5 } else { 4 })
}

fn cut(url: &str, came: &str) -> String {
    format!("get {url}: the answer was cut short: only {came} came")
}

/// For messages: a password isn't shown.
fn without_user_info(url: &Url) -> String {
    let mut url = url.clone();
    // These fail only for URLs that can't have any.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// A number of seconds, with or without a fraction.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "not a number of seconds".to_owned())
}
