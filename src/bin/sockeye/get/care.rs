//! What `sockeye get` takes care of when it writes files: going on with one, and checksums.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{places::uneven, sum::Sum};

/// The options of files.
#[derive(Debug, clap::Args)]
pub(super) struct Care {
    /// Go on where an earlier call with this option broke off
    ///
    /// What has come waits in FILE.sockeye.part, beside a note of the URL and its version. If the server has another
    /// version by now, or can't send the rest alone, all is fetched. Where the server says nothing of the version,
    /// nothing waits.
    #[arg(short = 'c', long = "continue")]
    #[arg(conflicts_with_all = ["request", "data", "form", "json", "include", "head"])]
    resume: bool,
    /// Fetch a big file by so many requests at once, if the server tells its version and sends parts
    ///
    /// That takes Accept-Ranges: bytes, a length and a strong ETag; no part is smaller than a megabyte. If a part doesn't
    /// come, the file is fetched by one request.
    #[arg(short, long, value_name = "COUNT", default_value_t = 1, hide_default_value = true)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=64))]
    #[arg(conflicts_with_all = ["resume", "request", "data", "form", "json", "include", "head"])]
    jobs: u8,
    /// Keep the file only if this is its SHA-256; with several URLs once for each, in their order
    #[arg(long, value_name = "HEX")]
    sha256: Vec<Sum>,
}

/// How a URL becomes a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Anew,
    Resumed,
}

impl Care {
    pub(super) fn manner(&self) -> Manner {
        if self.resume { Manner::Resumed } else { Manner::Anew }
    }

    pub(super) fn jobs(&self) -> u8 {
        self.jobs
    }

    /// The checksum for each of these places.
    pub(super) fn sums(&self, places: &[Option<PathBuf>]) -> Result<Vec<Option<Sum>>, String> {
        let needs_files = if self.resume {
            Some("--continue goes on with a file")
        } else if self.jobs > 1 {
            Some("--jobs writes at several places of a file")
        } else if !self.sha256.is_empty() {
            Some("--sha256 checks a file before it is kept")
        } else {
            None
        };
        if let Some(why) = needs_files {
            if places.iter().flatten().any(|path| is_device(path)) || places.contains(&None) {
                return Err(format!("{why}: name one with --output, or use -O"));
            }
        }
        if self.sha256.is_empty() {
            return Ok(vec![None; places.len()]);
        }
        if self.sha256.len() != places.len() {
            return Err(uneven(places.len(), self.sha256.len(), "--sha256"));
        }
        Ok(self.sha256.iter().copied().map(Some).collect())
    }
}

/// Where what waits for its rest stands, as far as the library's suffixes.
pub(super) fn waiting(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".sockeye");
    name.into()
}

fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir())
}
