//! `sockeye get`: URLs, to standard output or into files.

mod ask;
mod bars;
mod cookies;
mod data;
mod effort;
mod failure;
mod output;
mod places;
mod trust;
mod way;
mod who;

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{self, ExitCode},
};

use indicatif::ProgressBar;
use sockeye::{
    Error, ErrorKind,
    cancel::CancelToken,
    urllib::{Opener, OpenerBuilder, Request, Response, Url},
};

use ask::{Ask, Asked, Head};
use bars::Bars;
use cookies::Jar;
use effort::Effort;
use failure::{Failure, INTERRUPTED, Others, why_not_the_page, without_user_info};
use output::Output;
use places::Places;
use trust::Trust;
use way::Way;
use who::Who;

/// Fetch URLs to standard output, or into files.
///
/// Redirects are followed. A user name and password in a URL are sent to that host alone. A file appears, or is
/// replaced, once it is complete, and not at all if the download fails; only in a folder that can't be written to is a
/// file that is there overwritten in place, and emptied if that fails. Several URLs are fetched one after the other;
/// one that fails doesn't stop the others.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status, of several URLs that of the first that failed:
  0    fetched
  1    failed: no connection, also by a proxy's refusal; a broken or incomplete answer; a file that can't be written
  2    wrong usage: nothing was fetched
  3    the server answered with something other than the page: a redirect to nowhere, a part of it (206)
  4    the server answered 4xx (the answer goes to standard error)
  5    the server answered 5xx
  130  interrupted")]
pub(crate) struct Get {
    /// What to fetch, such as http://example.org/
    #[arg(required = true, value_name = "URL")]
    urls: Vec<String>,
    #[command(flatten)]
    places: Places,
    #[command(flatten)]
    ask: Ask,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    effort: Effort,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    way: Way,
}

/// What is read at once: large enough to go straight from the socket into the buffer.
const PIECE: usize = 64 * 1024;

/// One URL, and where it goes.
#[derive(Debug)]
struct Job {
    url: Url,
    place: Option<PathBuf>,
}

/// What all URLs are fetched with.
#[derive(Debug)]
struct Session<'a> {
    arguments: &'a Get,
    asked: Asked,
    opener: Opener,
    jar: Option<Jar>,
    token: CancelToken,
    bars: Bars,
}

/// Fetches them.
pub(crate) fn run(arguments: &Get) -> ExitCode {
    let (jobs, session) = match prepare(arguments) {
        Ok(prepared) => prepared,
        Err(failure) => return failure.report("", "", Head::Hidden).into(),
    };
    let status = session.fetch_all(&jobs);
    let saved = session.jar.as_ref().map_or(Ok(()), Jar::save);
    let unsaved = saved.map_err(|error| Failure::Open(error).report("", "", Head::Hidden)).err();
    ExitCode::from(if status == 0 { unsaved.unwrap_or(0) } else { status })
}

/// What is wrong with the arguments is found here, before anything is fetched.
fn prepare(arguments: &Get) -> Result<(Vec<Job>, Session<'_>), Failure> {
    let usage = |error: Error| Failure::Usage(error.to_string());
    let urls = arguments.urls.iter().map(|url| Ok(Request::new(url)?.url().clone()));
    let urls: Vec<Url> = urls.collect::<Result<_, _>>().map_err(usage)?;
    let places = arguments.places.of(&urls).map_err(Failure::Usage)?;
    let asked = arguments.ask.read().map_err(Failure::Usage)?;
    let jar = arguments.who.cookies.jar().map_err(Failure::Usage)?;
    let builder = arguments.who.introduce(&urls, opener(arguments, &urls).map_err(usage)?);
    let builder = builder.map_err(Failure::Usage)?;
    let opener = jar.iter().fold(builder, |builder, jar| jar.add_to(builder)).build();
    let jobs: Vec<_> = urls.into_iter().zip(places).map(|(url, place)| Job { url, place }).collect();
    let token = interruptible().map_err(Failure::Open)?;
    let bars = Bars::new(jobs.len());
    Ok((jobs, Session { arguments, asked, opener, jar, token, bars }))
}

/// What opens those URLs, as the options and the environment say, whoever asks.
fn opener(arguments: &Get, urls: &[Url]) -> sockeye::Result<OpenerBuilder> {
    let proxies = arguments.way.handler()?;
    for url in urls {
        // What isn't a proxy's URL, or a list of hosts, is said before anything is opened.
        proxies.find(url)?;
    }
    let builder = arguments.ask.decode(arguments.trust.opener()?.add_handler(proxies));
    Ok(arguments.effort.add_to(builder))
}

impl Session<'_> {
    /// The exit status.
    fn fetch_all(&self, jobs: &[Job]) -> u8 {
        let mut status = 0;
        for job in jobs {
            let Err(failure) = self.fetch(job) else { continue };
            let others = failure.others();
            let url = without_user_info(&job.url);
            let name = if jobs.len() > 1 { format!("{url}: ") } else { String::new() };
            let of_this = self.bars.around(|| failure.report(&url, &name, self.asked.head));
            if status == 0 {
                status = of_this;
            }
            if others == Others::Stop {
                break;
            }
        }
        status
    }

    fn fetch(&self, job: &Job) -> Result<(), Failure> {
        let mut response = self.opener.open(self.request(job))?;
        if let Some(why) = why_not_the_page(response.status()) {
            return Err(Failure::Other(Box::new(response), why));
        }
        let mut output = Output::open(job.place.as_deref())?;
        let bar = self.bars.add(&job.name(), response.bytes_left(), output.is_seen());
        if self.asked.head == Head::Shown {
            output.write(ask::head(&response).as_bytes())?;
        }
        let copied = copy(&mut response, &mut output, &bar);
        self.bars.end(&bar);
        copied?;
        output.complete()
    }

    fn request(&self, job: &Job) -> Request {
        let request = self.arguments.effort.limit(self.asked.request(&job.url));
        let request = self.arguments.who.sign(request.cancel_token(&self.token));
        self.arguments.way.send(request)
    }
}

impl Job {
    /// What its bar is called.
    fn name(&self) -> String {
        match self.place.as_deref().and_then(Path::file_name) {
            Some(name) => name.to_string_lossy().into_owned(),
            None => without_user_info(&self.url),
        }
    }
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
