//! `sockeye get`: URLs, to standard output or into files.

mod ask;
mod bars;
mod care;
mod cookies;
mod data;
mod effort;
mod failure;
mod interrupt;
mod output;
mod parts;
mod places;
mod session;
mod sum;
mod timing;
mod trust;
mod way;
mod who;

use std::process::ExitCode;

use sockeye::{
    Error,
    urllib::{OpenerBuilder, Request, Url, check_scheme},
};

use ask::{Ask, Head};
use bars::Bars;
use care::Care;
use cookies::Jar;
use effort::Effort;
use failure::Failure;
use interrupt::Interrupt;
use places::Places;
use session::{Job, Session};
use trust::Trust;
use way::Way;
use who::Who;

/// Fetch URLs to standard output, or into files.
///
/// Redirects are followed. A user name and password in a URL are sent to that host alone. A file appears, or is
/// replaced, once it is complete, and not at all if the download fails: then nothing is left, except what --continue goes
/// on with. Only in a folder that can't be written to is a file that is there overwritten in place, and emptied if that
/// fails. Several URLs are fetched one after the other; one that fails doesn't stop the others.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status, of several URLs that of the first that failed:
  0    fetched
  1    failed: no connection, also by a proxy's refusal; a broken or incomplete answer; a file that can't be written
  2    wrong usage: nothing was fetched
  3    the server answered with something other than the page: a redirect that can't be followed, a part of it (206)
  4    the server answered 4xx (the answer goes to standard error)
  5    the server answered 5xx, or a status above
  6    the checksum isn't that of --sha256
  130  interrupted")]
pub(crate) struct Get {
    /// What to fetch, such as http://example.org/
    #[arg(required = true, value_name = "URL")]
    urls: Vec<String>,
    #[command(flatten)]
    places: Places,
    #[command(flatten)]
    care: Care,
    #[command(flatten)]
    ask: Ask,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    effort: Effort,
    /// Say on standard error how long it took: resolve, connect, TLS, first byte (the answer's head), total
    ///
    /// Each step's own time, that of redirects and retries included. What didn't happen is left out: a kept connection
    /// has nothing but a first byte. Through a proxy, "connect" is all of the way to the server.
    #[arg(long)]
    timing: bool,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    way: Way,
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
    let urls = arguments.urls.iter().map(|text| url(text).map_err(usage));
    let urls: Vec<Url> = urls.collect::<Result<_, _>>()?;
    let places = arguments.places.of(&urls).map_err(Failure::Usage)?;
    let asked = arguments.ask.read().map_err(Failure::Usage)?;
    let jar = arguments.who.cookies.jar().map_err(Failure::Usage)?;
    let builder = arguments.who.introduce(&urls, opener(arguments, &urls).map_err(usage)?);
    let builder = builder.map_err(Failure::Usage)?;
    let opener = jar.iter().fold(builder, |builder, jar| jar.add_to(builder)).build();
    let sums = arguments.care.sums(&places).map_err(Failure::Usage)?;
    let jobs = urls.into_iter().zip(places).zip(sums).map(|((url, place), sum)| Job { url, place, sum });
    let jobs: Vec<_> = jobs.collect();
    let interrupt = Interrupt::new().map_err(Failure::Open)?;
    let bars = Bars::new(jobs.len());
    Ok((jobs, Session { arguments, asked, opener, jar, interrupt, bars }))
}

/// A URL of a scheme that is known.
fn url(text: &str) -> sockeye::Result<Url> {
    let url = Request::new(text)?.url().clone();
    check_scheme(&url)?;
    Ok(url)
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
