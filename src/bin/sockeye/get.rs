//! `sockeye get`: one URL, to stdout or into a file.

use std::process::ExitCode;

/// Fetch a URL to stdout, or into a file.
#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    /// What to fetch.
    url: String,
}

/// Fetches it.
pub(crate) fn run(arguments: &Get) -> ExitCode {
    eprintln!("sockeye: get {}: isn't built in yet", arguments.url);
    ExitCode::FAILURE
}
