//! [`Session`]: one URL after the other becomes a file.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use indicatif::ProgressBar;
use sockeye::{
    Error, ErrorKind,
    urllib::{Opener, PartialFile, Request, Response, Url, without_user_info},
};

use super::{
    Get,
    ask::{self, Asked, Head, Wanted},
    bars::Bars,
    care::{Manner, waiting},
    cookies::Jar,
    failure::{Failure, Others, why_not_the_page},
    interrupt::Interrupt,
    output::{self, Output, Seen},
    parts::{Parts, Split},
    sum::Sum,
    timing::Timing,
};

/// What is read at once: large enough to go straight from the socket into the buffer.
const PIECE: usize = 64 * 1024;

/// One URL, and where it goes.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) url: Url,
    pub(super) place: Option<PathBuf>,
    pub(super) sum: Option<Sum>,
}

/// What all URLs are fetched with.
#[derive(Debug)]
pub(super) struct Session<'a> {
    pub(super) arguments: &'a Get,
    pub(super) asked: Asked,
    pub(super) opener: Opener,
    pub(super) jar: Option<Jar>,
    pub(super) interrupt: Interrupt,
    pub(super) bars: Bars,
}

impl Session<'_> {
    /// The exit status.
    pub(super) fn fetch_all(&self, jobs: &[Job]) -> u8 {
        let mut status = 0;
        for job in jobs {
            let timing = Timing::begin();
            let request = timing.watch(self.request(job));
            let fetched = match (self.arguments.care.manner(), &job.place) {
                (Manner::Resumed, Some(target)) => self.resume(job, request, target),
                _ => self.fetch(job, request),
            };
            let url = without_user_info(&job.url);
            let name = if jobs.len() > 1 { format!("{url}: ") } else { String::new() };
            if self.arguments.timing {
                self.bars.around(|| eprintln!("sockeye: {name}{timing}"));
            }
            let Err(failure) = fetched else { continue };
            let others = failure.others();
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

    fn fetch(&self, job: &Job, request: Request) -> Result<(), Failure> {
        let mut response = self.opener.open(request)?;
        if let Some(why) = why_not_the_page(response.status(), self.asked.wanted()) {
            return Err(Failure::Other(Box::new(response), why));
        }
        let mut output = Output::open(job.place.as_deref())?;
        let bar = self.bars.add(&job.name(), response.bytes_left(), output.is_seen());
        if self.asked.head == Head::Shown {
            output.write(ask::head(&response).as_bytes())?;
        }
        let copied = match (Split::of(&response, self.arguments.care.jobs()), &mut output) {
            (Some(split), Output::File(partial)) => {
                self.fetch_parts(job, (split, &mut response), partial, &bar)
            }
            _ => copy(&mut response, &mut output, &bar),
        };
        self.bars.end(&bar);
        copied?;
        output.complete(job.sum)
    }

    /// By several requests at once, the first of which is answered.
    fn fetch_parts(
        &self,
        job: &Job,
        (split, response): (Split, &mut Response),
        partial: &mut PartialFile,
        bar: &ProgressBar,
    ) -> Result<(), Failure> {
        let request = || self.request(job);
        let name = partial.target().to_owned();
        let file = partial.file().map_err(|error| Failure::of_writing(Some(&name), error))?;
        let token = self.interrupt.parts().map_err(Failure::Open)?;
        Parts { split, opener: &self.opener, request: &request, token, file, name: &name, bar }
            .fetch(response)
    }

    /// Goes on with what has come before.
    fn resume(&self, job: &Job, request: Request, target: &Path) -> Result<(), Failure> {
        output::check(target)?;
        let waiting = waiting(target);
        let mut bar = None;
        let response = self.opener.resume(request, &waiting, |progress| {
            let bar = bar.get_or_insert_with(|| self.bars.add(&job.name(), progress.total, Seen::No));
            bar.set_position(progress.received);
        });
        bar.iter().for_each(|bar| self.bars.end(bar));
        let response = response?;
        let partial = PartialFile::adopt(waiting, target);
        let partial = partial.map_err(|error| Failure::of_writing(Some(target), error))?;
        match why_not_the_page(response.status(), Wanted::Part) {
            Some(why) => Err(Failure::Other(Box::new(response), why)),
            None => output::complete(partial, job.sum),
        }
    }

    fn request(&self, job: &Job) -> Request {
        let request = self.arguments.effort.limit(self.asked.request(&job.url));
        let request = self.arguments.who.sign(request.cancel_token(self.interrupt.token()));
        self.arguments.way.send(request)
    }
}

impl Job {
    /// What its bar is called.
    fn name(&self) -> String {
        match self.place.as_deref().and_then(Path::file_name) {
            Some(name) => name.to_string_lossy().into_owned(),
            None => without_user_info(&self.url).into_owned(),
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
