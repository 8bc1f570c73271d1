//! What a logger hears of.

use std::sync::Mutex;

use log::{LevelFilter, Log, Metadata, Record};
use sockeye::{
    Result,
    urllib::{Opener, Request, urlopen},
};

use super::{hear, moved, ok, one, text};

/// Keeps every line, other tests' too.
struct Keep(Mutex<Vec<String>>);

static KEEP: Keep = Keep(Mutex::new(Vec::new()));

impl Log for Keep {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sockeye::urllib"
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.lock().unwrap().push(format!("{} {}", record.level(), record.args()));
        }
    }

    fn flush(&self) {}
}

#[test]
fn every_round_is_told_and_no_secret() -> Result<()> {
    log::set_logger(&KEEP).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let server = one([hear(), moved(302, "/two?token=secret"), hear(), ok("there")]);
    let addr = server.addr();
    let request = Request::new(format!("http://me:secret@{addr}/one"))?.add_header("X-Api-Key", "secret");
    assert_eq!(text(Opener::new().open(request)?)?, "there");
    drop(server);
    let refused = Opener::new().open(format!("http://{addr}/three")).unwrap_err().to_string();
    let unknown = urlopen(format!("localhost:{}/x?key=secret#secret", addr.port())).unwrap_err().to_string();
    log::set_max_level(LevelFilter::Off);
    let lines = KEEP.0.lock().unwrap().clone();
    let ours: Vec<_> = lines.iter().filter(|line| line.contains(&addr.to_string())).collect();
    let expected = [
        format!("DEBUG GET http://{addr}/one"),
        format!("DEBUG 302 Found from http://{addr}/one"),
        format!("DEBUG GET http://{addr}/two?…"),
        format!("DEBUG 200 OK from http://{addr}/two?…"),
        format!("DEBUG GET http://{addr}/three"),
    ];
    assert_eq!(ours[..5], expected.iter().collect::<Vec<_>>());
    assert!(ours[5].starts_with(&format!("DEBUG GET http://{addr}/three failed: ")), "{ours:?} {refused}");
    assert!(lines.iter().any(|line| line == "TRACE with [\"x-api-key\"]"), "{lines:?}");
    assert!(ours.iter().all(|line| !line.contains("secret")), "{ours:?}");
    let port = addr.port();
    assert!(unknown.ends_with(&format!("perhaps http://localhost:{port}/x?…")), "{unknown}");
    let about_port = |line: &&String| line.contains(&format!("localhost:{port}/"));
    assert!(lines.iter().filter(about_port).all(|line| !line.contains("secret")), "{lines:?}");
    assert_eq!(lines.iter().filter(about_port).count(), 1, "{lines:?}");
    Ok(())
}
