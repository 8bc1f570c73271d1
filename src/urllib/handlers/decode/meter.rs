//! [`Meter`]: how much work a coded body may make.

use std::sync::atomic::{AtomicU64, Ordering};

use super::DecodeHandler;
use crate::{
    cancel::CancelToken,
    error::{Error, ErrorKind, Result},
    urllib::term::Term,
};

/// The ratio isn't looked at before so many bytes: a short text of blanks may be much shorter when coded. What is
/// between two codings may always have as many.
const FROM: u64 = 1024 * 1024;

/// Another member costs about as much as so many bytes, even if it is empty.
const MEMBER: u64 = 64;

/// What all codings of a body have in common.
pub(super) struct Meter {
    /// The bytes as they came.
    received: AtomicU64,
    max_size: u64,
    max_ratio: u64,
    term: Term,
    cancel: Option<CancelToken>,
}

/// What one coding gave.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) bytes: u64,
    /// Beside the first.
    pub(super) members: u64,
    place: Place,
}

/// To whom it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Another coding.
    Inner,
    /// The reader.
    Last,
}

impl Made {
    pub(super) fn nothing(place: Place) -> Made {
        Made { bytes: 0, members: 0, place }
    }
}

impl Meter {
    pub(super) fn new(limits: &DecodeHandler, term: Term, cancel: Option<CancelToken>) -> Meter {
        let DecodeHandler { max_size, max_ratio, .. } = *limits;
        Meter { received: AtomicU64::new(0), max_size, max_ratio, term, cancel }
    }

    pub(super) fn receive(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Whether that is within the limits.
    pub(super) fn check(&self, made: &Made) -> Result<()> {
        let work = made.bytes.saturating_add(made.members.saturating_mul(MEMBER));
        let wide = self.max_size.max(FROM);
        let too_large = match made.place {
            Place::Last => made.bytes > self.max_size || work > wide,
            Place::Inner => work > wide,
        };
        let message = if too_large {
            format!("the body has more than {} bytes when decoded", self.max_size)
        } else if work > FROM && work / self.max_ratio.max(1) > self.received.load(Ordering::Relaxed) {
            format!("the body is more than {} times as long when decoded", self.max_ratio)
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::TooLarge, message))
    }

    /// Whether there is time left, and nobody has cancelled.
    pub(super) fn may_go_on(&self) -> Result<()> {
        let outcome = match &self.cancel {
            Some(cancel) => self.term.check().and_then(|()| cancel.check()),
            None => self.term.check(),
        };
        outcome.map_err(|error| error.context("decode the answer's body"))
    }
}
