//! What `sockeye get` takes care of when it writes files: going on with one, and checksums.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::sum::Sum;

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

    /// The checksum for each of these places.
    pub(super) fn sums(&self, places: &[Option<PathBuf>]) -> Result<Vec<Option<Sum>>, String> {
        let needs_files = match (self.resume, self.sha256.is_empty()) {
            (true, _) => Some("--continue goes on with a file"),
            (false, false) => Some("--sha256 checks a file before it is kept"),
            (false, true) => None,
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
            let (urls, sums) = (places.len(), self.sha256.len());
            return Err(format!("{urls} URLs and {sums} --sha256: give one for each"));
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
