//! Serves a folder, as `python -m http.server` does: `static_files [PORT] [FOLDER]`, by default 8000 and `.`.
//!
//! Index pages, listings, conditional requests, ranges and compressed twins are `FileHandler`'s business.

use std::{env, process};

use sockeye::http::{self, FileHandler, HttpServer, Symlinks};

fn main() -> sockeye::Result<()> {
    let mut arguments = env::args().skip(1);
    let Ok(port) = arguments.next().map_or(Ok(8000), |port| port.parse::<u16>()) else {
        eprintln!("usage: static_files [PORT] [FOLDER], with a port from 0 to 65535");
        process::exit(2);
    };
    let folder = arguments.next().unwrap_or_else(|| ".".to_owned());

    // README, LICENSE and their like are shown rather than downloaded.
    let files = FileHandler::new(folder)
        .extensions_map([("", "text/plain; charset=utf-8")])
        .symlinks(Symlinks::Inside);

    let server = HttpServer::bind(("", port))?.log_requests(|entry| eprintln!("{entry:#}"));
    for address in server.addrs()? {
        println!("listening on {address}");
        for url in http::urls(&address) {
            println!("  {url}");
        }
    }
    server.serve_forever(files)
}
