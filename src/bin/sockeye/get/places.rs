//! Where `sockeye get` puts what it fetches: `--output` for each URL, or `--remote-name`.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use sockeye::urllib::{Url, unquote, without_user_info};

/// The options of where it goes.
#[derive(Debug, clap::Args)]
pub(super) struct Places {
    /// Write to this file instead of standard output ("-"); with several URLs once for each, in their order
    #[arg(short, long, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// Write to files in this folder that are named as the end of the URL's path
    ///
    /// The name is percent-decoded; "/" and control characters in it become "_", and dots it begins with are left out.
    #[arg(short = 'O', long, conflicts_with = "output")]
    remote_name: bool,
}

impl Places {
    /// A place for each URL; `None` is standard output.
    pub(super) fn of(&self, urls: &[Url]) -> Result<Vec<Option<PathBuf>>, String> {
        let places: Vec<_> = if self.remote_name {
            let named = |url: &Url| remote_name(url).map(|name| Some(PathBuf::from(name)));
            urls.iter().map(named).collect::<Result<_, _>>()?
        } else if self.output.is_empty() {
            vec![None; urls.len()]
        } else if self.output.len() == urls.len() {
            let is_file = |path: &&PathBuf| path.as_path() != Path::new("-");
            self.output.iter().map(|path| Some(path).filter(is_file).cloned()).collect()
        } else {
            let uneven = uneven(urls.len(), self.output.len(), "--output");
            return Err(format!("{uneven}, or -O for all"));
        };
        let mut taken = HashSet::new();
        // Devices may be given as often as wanted.
        let files = places.iter().flatten().filter(|path| !path.exists() || path.is_file());
        match files.into_iter().find(|path| !taken.insert(path.as_path())) {
            Some(path) => Err(format!(
                "two URLs would be written to {}: give each its own file with --output",
                path.display()
            )),
            None => Ok(places),
        }
    }
}

/// That an option of which each URL needs one was given more or less often.
pub(super) fn uneven(urls: usize, given: usize, option: &str) -> String {
    let noun = if urls == 1 { "URL" } else { "URLs" };
    format!("{urls} {noun} and {given} {option}: give one for each")
}

/// The end of the URL's path as the name of a file in this folder, whatever the URL's author had in mind.
fn remote_name(url: &Url) -> Result<String, String> {
    let last = url.path().rsplit('/').next().unwrap_or_default();
    let clean = |c: char| if c == '/' || c.is_control() { '_' } else { c };
    let name: String = unquote(last).trim_start_matches('.').chars().map(clean).collect();
    if name.is_empty() {
        let url = without_user_info(url);
        return Err(format!("{url} ends without a name for a file: give one with --output"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, name: Option<&str>) {
        let found = remote_name(&Url::parse(url).unwrap());
        assert_eq!(found.as_deref().ok(), name, "{found:?}");
        assert!(!found.is_err_and(|message| message.contains("secret")));
    }

    #[test]
    fn names_stay_in_this_folder() {
        check("http://h/a/b.tar.gz?x=/y#z", Some("b.tar.gz"));
        check("http://h/a%20b", Some("a b"));
        check("http://h/%2e%2E%2f..%2fetc%2Fpasswd", Some("_.._etc_passwd"));
        check("http://h/.bashrc", Some("bashrc"));
        check("http://h/a%0a%1b%00b", Some("a___b"));
        check("http://h/%C3%A9", Some("é"));
        for none in ["http://h", "http://h/a/", "http://h/a/..", "http://me:secret@h/...", "http://h/x/%2e"] {
            check(none, None);
        }
    }
}
