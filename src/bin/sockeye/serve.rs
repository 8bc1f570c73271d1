//! `sockeye serve`: a folder over HTTP.

use std::process::ExitCode;

/// Serve a folder over HTTP, as `python -m http.server` does.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {}

/// Serves until it is interrupted.
pub(crate) fn run(_arguments: &Serve) -> ExitCode {
    eprintln!("sockeye: serve isn't built in yet");
    ExitCode::FAILURE
}
