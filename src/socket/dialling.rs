//! Connecting without waiting: a look-up and attempts that tell by a descriptor when they have gone on. Who has a poller
//! drives them; when which attempt begins is [`schedule`](super::schedule)'s, as for those who wait.

use std::{
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use super::{
    Address, ConnectOptions, Socket, Target, ToAddress,
    helpers::Asked,
    race::{self, Attempting, Lost, Progress},
    resolve,
    schedule::{Schedule, Step, interleave},
};
use crate::{
    error::{Error, ErrorKind, Result},
    sys::Found,
};

/// A connection that is being made.
pub(crate) struct Dialling {
    target: Target<'static>,
    attempting: Attempting<'static>,
    schedule: Schedule<Address>,
    lost: Vec<(Address, Error)>,
}

/// Where it begins.
pub(crate) enum Begun {
    Known(Vec<Address>),
    /// The name is looked up by another thread.
    Asked(LookUp),
}

/// A name that is being looked up.
pub(crate) struct LookUp {
    asked: Asked<Vec<Found>>,
}

impl AsFd for LookUp {
    /// Readable when there is an answer.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.asked.as_fd()
    }
}

/// What the attempts do next.
pub(crate) enum Next {
    Connected(Socket),
    /// It is writable when it has ended: [`Dialling::ended`] tells how.
    Started(Address, Socket),
    /// Until an attempt ends, or that time since the beginning has come.
    Wait(Option<Duration>),
    Failed(Error),
}

impl Dialling {
    /// Nothing is done yet. The options' time limit and token are the caller's business.
    pub(crate) fn new(address: impl ToAddress, options: &ConnectOptions) -> Result<Dialling> {
        let target = address.target()?.into_owned();
        Ok(Dialling {
            target,
            attempting: options.attempting(),
            schedule: Schedule::new([], Duration::ZERO),
            lost: Vec::new(),
        })
    }

    /// The same from its beginning.
    pub(crate) fn again(&self) -> Dialling {
        Dialling {
            target: self.target.clone(),
            attempting: self.attempting,
            schedule: Schedule::new([], Duration::ZERO),
            lost: Vec::new(),
        }
    }

    /// What it connects to, if that needs no look-up.
    pub(crate) fn address(&self) -> Option<&Address> {
        match &self.target {
            Target::Address(address) => Some(address),
            Target::Host(..) => None,
        }
    }

    /// Has the name looked up, if there is one.
    ///
    /// # Errors
    ///
    /// For what can't be looked up.
    pub(crate) fn begin(&self) -> Result<Begun> {
        Ok(match resolve::ask(&self.target)? {
            resolve::Asking::Known(addresses) => Begun::Known(addresses),
            resolve::Asking::UnderWay(asked) => Begun::Asked(LookUp { asked }),
        })
    }

    /// The addresses that the look-up found.
    ///
    /// # Errors
    ///
    /// Those of the look-up.
    pub(crate) fn found(&self, mut look_up: LookUp) -> Result<Vec<Address>> {
        resolve::answered(&self.target, look_up.asked.take())
    }

    /// From here on these are tried.
    ///
    /// # Errors
    ///
    /// If none of them is of the source's family.
    pub(crate) fn try_all(&mut self, addresses: Vec<Address>) -> Result<()> {
        let addresses = match self.attempting.source {
            None => Ok(addresses),
            Some(source) => race::of_family(addresses, source),
        };
        let addresses = addresses.map_err(|lost| lost.into_error(&self.target))?;
        self.schedule = Schedule::new(interleave(addresses), self.attempting.delay);
        Ok(())
    }

    /// What to do so long after the beginning. Called until it says to wait.
    pub(crate) fn next(&mut self, elapsed: Duration) -> Next {
        loop {
            let address = match self.schedule.step(elapsed) {
                Step::Over => {
                    let lost = Lost::Attempts(std::mem::take(&mut self.lost));
                    return Next::Failed(lost.into_error(&self.target));
                }
                Step::Wait(until) => return Next::Wait(until),
                Step::Start(address) => address,
            };
            let begun = race::begin(&address, self.attempting);
            let outcome = begun.and_then(|(socket, progress)| match progress {
                Progress::Connected => {
                    race::finished(socket, &address, self.attempting.kind).map(Next::Connected)
                }
                Progress::UnderWay => Ok(Next::Started(address.clone(), socket)),
            });
            match outcome {
                Ok(next) => return next,
                Err(error) => self.fail(address, error),
            }
        }
    }

    /// An attempt's socket is writable: whether it is connected.
    pub(crate) fn ended(&mut self, address: Address, socket: Socket) -> Option<Socket> {
        match race::outcome(socket, &address, self.attempting.kind) {
            Ok(socket) => Some(socket),
            Err(error) => {
                self.fail(address, error);
                None
            }
        }
    }

    /// The error of one that takes too long.
    pub(crate) fn out_of_time(&mut self, running: impl IntoIterator<Item = Address>) -> Error {
        let mut lost = std::mem::take(&mut self.lost);
        lost.extend(running.into_iter().map(|address| (address, ErrorKind::TimedOut.into())));
        if lost.is_empty() {
            let what = match &self.target {
                Target::Address(address) => format!("connect to {address}"),
                Target::Host(host, _) => format!("look up {host}"),
            };
            return Error::from(ErrorKind::TimedOut).context(what);
        }
        Lost::Attempts(lost).into_error(&self.target)
    }

    fn fail(&mut self, address: Address, error: Error) {
        self.schedule.failed();
        self.lost.push((address, error));
    }
}
