//! A file as it is now, and its compressed twins beside it.

use std::{
    fs::{File, Metadata},
    os::unix::fs::MetadataExt,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::wire::date::seconds_since_1970;

use super::{coding::Coding, open::Root, path::Wanted};

/// One of the ways to send a file.
#[derive(Debug)]
pub(super) struct Variant {
    pub(super) file: File,
    /// In bytes, as it was when the file was opened: what is sent is exactly so long.
    pub(super) length: u64,
    /// The entity tag, with its quotes.
    pub(super) tag: String,
    /// The value of `Last-Modified`, in seconds since 1970.
    pub(super) modified: Option<u64>,
    /// The time of the answer, likewise.
    pub(super) now: u64,
    pub(super) coding: Option<Coding>,
    pub(super) negotiation: Negotiation,
}

/// Whether another client may get another variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Negotiation {
    /// The file has no twins: everyone gets the same.
    None,
    /// `Vary: Accept-Encoding`.
    ByEncoding,
}

/// A file and its twins.
#[derive(Debug)]
pub(super) struct Variants {
    plain: (File, Metadata),
    twins: Vec<(Coding, File, Metadata)>,
}

impl Variants {
    pub(super) fn new(file: File, metadata: Metadata) -> Variants {
        Variants { plain: (file, metadata), twins: Vec::new() }
    }

    /// Looks beside the file; a twin that is older than the file is a leftover and doesn't count.
    pub(super) fn look_for_twins(&mut self, root: &Root<'_>, wanted: &Wanted) {
        for coding in Coding::ALL {
            let Ok(file) = root.read(&wanted.with_suffix(coding.suffix())) else { continue };
            let Ok(metadata) = file.metadata() else { continue };
            // Whole seconds: not every tool, and not every file system, keeps more.
            if metadata.is_file() && metadata.mtime() >= self.plain.1.mtime() {
                self.twins.push((coding, file, metadata));
            }
        }
    }

    /// The first of the accepted codings that is there, else the plain file.
    pub(super) fn choose(self, accepted: impl Iterator<Item = Coding>) -> Variant {
        let Variants { plain: (file, metadata), mut twins } = self;
        let negotiation = if twins.is_empty() { Negotiation::None } else { Negotiation::ByEncoding };
        for wanted in accepted {
            if let Some(at) = twins.iter().position(|(coding, ..)| *coding == wanted) {
                let (coding, file, metadata) = twins.swap_remove(at);
                return Variant::new(file, &metadata, Some(coding), negotiation);
            }
        }
        Variant::new(file, &metadata, None, negotiation)
    }
}

impl Variant {
    fn new(file: File, metadata: &Metadata, coding: Option<Coding>, negotiation: Negotiation) -> Variant {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let modified = metadata.modified().ok().and_then(seconds_since_1970);
        Variant {
            file,
            length: metadata.len(),
            tag: tag(metadata, now, coding),
            // A time in the future can't be told (RFC 9110 §8.8.2.1).
            modified: modified.map(|modified| modified.min(now)),
            now,
            coding,
            negotiation,
        }
    }
}

/// Time of change, size, and coding: what differs in one of them is another representation.
///
/// Where the file system keeps whole seconds alone, a file changed within the last two may change again and look
/// the same: its tag is weak until then. Elsewhere a tick is a few milliseconds, and on current Linux a time that
/// somebody has looked at isn't given out twice.
fn tag(metadata: &Metadata, now: u64, coding: Option<Coding>) -> String {
    let (seconds, nanoseconds) = (metadata.mtime(), metadata.mtime_nsec());
    let settled = nanoseconds != 0 || i64::try_from(now).is_ok_and(|now| seconds.saturating_add(2) <= now);
    let weak = if settled { "" } else { "W/" };
    let length = metadata.len();
    match coding {
        None => format!("{weak}\"{seconds:x}.{nanoseconds:x}-{length:x}\""),
        Some(coding) => format!("{weak}\"{seconds:x}.{nanoseconds:x}-{length:x}-{}\"", coding.name()),
    }
}
