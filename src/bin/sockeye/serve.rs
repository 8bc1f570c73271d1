//! `sockeye serve`: a folder over HTTP.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    net::Ipv6Addr,
    path::{Path, PathBuf},
    process::{self, ExitCode},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, Receiver},
    },
    time::{Duration, Instant},
};

use indicatif::{DecimalBytes, HumanCount, HumanDuration};
use sockeye::{
    Error, ErrorKind,
    http::{self, FileHandler, HttpServer, LogEntry},
};

/// Serve a folder over HTTP, as `python -m http.server` does.
///
/// A folder without index.html is listed. Requests are logged to stderr in the common log format, times in UTC.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Listen on this address alone [default: all addresses, IPv4 and IPv6]
    #[arg(short, long, value_name = "ADDRESS")]
    bind: Option<String>,
    /// Serve this folder
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Listen on this port; 0 is any free one
    #[arg(default_value_t = 8000, value_parser = port, allow_negative_numbers = true)]
    port: u16,
    /// What users of other servers try.
    #[arg(long = "port", short, hide = true, value_name = "PORT", value_parser = not_an_option)]
    _port: Option<u16>,
}

/// What requests in flight get once Ctrl-C was pressed.
const DRAIN: Duration = Duration::from_secs(5);

/// How many ports are tried to find one to suggest.
const TRIES: u16 = 100;

/// The exit status when the second Ctrl-C came: what a shell reports for SIGINT.
const INTERRUPTED: i32 = 130;

/// Why nothing is served.
#[derive(Debug)]
enum Failure {
    /// The arguments are wrong: exit status 2, as for those that clap refuses.
    Usage(String),
    /// They are right, but it can't be done: exit status 1.
    Runtime(String),
}

/// What was served so far.
#[derive(Debug, Default)]
struct Totals {
    requests: AtomicU64,
    bytes: AtomicU64,
}

/// A port's number.
fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "not a port: a number from 0 to 65535 is wanted".to_owned())
}

/// Tells how to give a port.
fn not_an_option(text: &str) -> Result<u16, String> {
    Err(format!("the port is given without an option: sockeye serve {text}"))
}

/// Serves until it is interrupted.
pub(crate) fn run(arguments: &Serve) -> ExitCode {
    let (message, status) = match serve(arguments) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => (message, 2),
        Err(Failure::Runtime(message)) => (message, 1),
    };
    say(io::stderr(), &format!("sockeye: {message}"));
    ExitCode::from(status)
}

fn serve(arguments: &Serve) -> Result<(), Failure> {
    let folder = folder(&arguments.directory)?;
    let server = listen(arguments)?;
    let interrupted = interruptions()?;
    let totals = Arc::new(Totals::default());
    let counted = Arc::clone(&totals);
    let begun = Instant::now();
    let running = server
        .log_requests(move |entry| counted.add(entry))
        .spawn(FileHandler::new(&folder))
        .map_err(runtime)?;

    let mut welcome = format!("Serving {} at", folder.display());
    for url in running.addrs().iter().flat_map(http::urls) {
        welcome.push_str("\n  ");
        welcome.push_str(&url);
    }
    say(io::stdout(), &(welcome + "\nPress Ctrl-C to stop."));

    // The other end lives as long as the process: no error.
    let _ = interrupted.recv();
    // The terminal has written ^C where the next line begins.
    let line_break = if io::stdout().is_terminal() { "\n" } else { "" };
    say(io::stdout(), &format!("{line_break}Stopping. Press Ctrl-C again to stop at once."));
    running.shutdown_within(DRAIN);
    running.join().map_err(runtime)?;
    say(io::stdout(), &totals.line(begun.elapsed()));
    Ok(())
}

/// The folder's full path, if it is one that can be listed and whose files can be reached.
fn folder(path: &Path) -> Result<PathBuf, Failure> {
    let shown = path.display();
    let denied = |what| {
        let message = format!("no permission to {what} the folder {shown}");
        Failure::Runtime(format!("{message}; run as a user who may, or name another with --directory"))
    };
    fs::read_dir(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            Failure::Usage(format!("there is no folder {shown}; name one that exists with --directory"))
        }
        io::ErrorKind::NotADirectory => {
            Failure::Usage(format!("{shown} is not a folder; name one with --directory"))
        }
        io::ErrorKind::PermissionDenied => denied("list"),
        _ => Failure::Runtime(format!("the folder {shown} can't be read: {}", Error::from(error))),
    })?;
    // The right to list doesn't hold that to reach what is listed.
    if fs::metadata(path.join(".")).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied) {
        return Err(denied("enter"));
    }
    match fs::canonicalize(path) {
        Ok(path) => Ok(path),
        // The shell may still stand in a folder that was removed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Failure::Usage(format!(
            "the folder {shown} was removed; change to one that exists, or name one with --directory"
        ))),
        // A folder above it can't be entered, which doesn't matter from here on.
        Err(_) => Ok(path.to_owned()),
    }
}

fn listen(arguments: &Serve) -> Result<HttpServer, Failure> {
    let host = arguments.bind.as_deref().unwrap_or("");
    // `[::1]`, as it stands in a URL.
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let port = arguments.port;
    HttpServer::bind((host, port)).map_err(|error| match error.kind() {
        ErrorKind::AddressInUse => Failure::Runtime(match free_port(host, port) {
            Some(free) => format!("port {port} is taken by another program; use another one, such as {free}"),
            None => {
                format!("port {port} is taken by another program; use another one, or 0 for any free one")
            }
        }),
        ErrorKind::PermissionDenied => Failure::Runtime(format!(
            "no permission to listen on port {port}; use one from 1024 on, such as 8080"
        )),
        ErrorKind::InvalidInput if lacks_scope(host) => Failure::Usage(format!(
            "{host} is a link-local address, the same on every interface; say which one, such as {host}%eth0"
        )),
        ErrorKind::UnknownHost | ErrorKind::InvalidInput => Failure::Usage(format!(
            "there is no address {host:?}; --bind takes an address of this machine, such as 127.0.0.1 or ::1"
        )),
        ErrorKind::AddressNotAvailable => Failure::Usage(format!(
            "{host} is no address of this machine; leave out --bind to listen on all that it has"
        )),
        _ => runtime(error),
    })
}

/// Whether it is an address that means something on one interface only, without its name (RFC 4007 §6).
fn lacks_scope(host: &str) -> bool {
    host.parse().is_ok_and(|addr: Ipv6Addr| addr.is_unicast_link_local())
}

/// A port above that one which could be listened on a moment ago.
fn free_port(host: &str, taken: u16) -> Option<u16> {
    let above = taken.saturating_add(1)..=taken.saturating_add(TRIES);
    above.filter(|&port| port > taken).find(|&port| HttpServer::bind((host, port)).is_ok())
}

/// Tells of the first Ctrl-C (SIGINT, SIGTERM, SIGHUP); the second one ends the process.
fn interruptions() -> Result<Receiver<()>, Failure> {
    let (sender, receiver) = mpsc::channel();
    let pressed = AtomicBool::new(false);
    let handler = move || {
        if pressed.swap(true, Ordering::SeqCst) {
            process::exit(INTERRUPTED);
        }
        // The receiver goes only when the process does.
        let _ = sender.send(());
    };
    match ctrlc::set_handler(handler) {
        Ok(()) => Ok(receiver),
        Err(error) => Err(Failure::Runtime(format!("Ctrl-C can't be waited for: {error}"))),
    }
}

impl Totals {
    /// Counts an answer and logs it.
    fn add(&self, entry: &LogEntry<'_>) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(entry.size(), Ordering::Relaxed);
        say(io::stderr(), &format!("{entry:#}"));
    }

    fn line(&self, time: Duration) -> String {
        let requests = self.requests.load(Ordering::Relaxed);
        let noun = if requests == 1 { "request" } else { "requests" };
        let bytes = DecimalBytes(self.bytes.load(Ordering::Relaxed));
        format!("Served {} {noun}, {bytes}, in {}.", HumanCount(requests), HumanDuration(time))
    }
}

fn runtime(error: Error) -> Failure {
    Failure::Runtime(error.to_string())
}

/// Writes a line at once, so that lines of several threads don't mix. Nobody may be there to read it: a closed
/// pipe is no reason to stop serving.
fn say(mut out: impl Write, line: &str) {
    let _ = out.write_all(format!("{line}\n").as_bytes());
    let _ = out.flush();
}
