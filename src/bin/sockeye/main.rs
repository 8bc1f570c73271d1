//! The `sockeye` command: serves a folder, fetches a URL.

mod get;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Serve a folder over HTTP, or fetch a URL.
#[derive(Debug, Parser)]
#[command(name = "sockeye", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Get(Box<get::Get>),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Serve(serve) => serve::run(&serve),
        Command::Get(get) => get::run(&get),
    }
}
