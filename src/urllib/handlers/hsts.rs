//! [`HstsHandler`]: hosts that want to be asked over TLS only.

use std::{
    collections::HashMap,
    fs,
    io::Write,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use ::http::header::STRICT_TRANSPORT_SECURITY;
use url::{Host, Url};

use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{
        Exchange, Handler, Next, Request, Response,
        partial::{PartialFile, Readers},
    },
    wire::date::{self, LAST},
};

/// More hosts than one program has to do with.
const MAX_HOSTS: usize = 10_000;

/// HTTP Strict Transport Security (RFC 6797): a host that once said so over TLS is asked by https even where the URL
/// says http, from then on and until the time that it gave is over. Port 80 becomes 443, any other one stays.
///
/// What hosts say counts only over https and from names, not from addresses. Clones share what is known; it lasts
/// beyond the process by [`save`](Self::save) and [`load`](Self::load). Its order is 100; no opener has it by default.
///
/// Python: urllib has none.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{HstsHandler, Url, build_opener};
///
/// let hsts = HstsHandler::new();
/// hsts.remember("example.org", "max-age=31536000; includeSubDomains");
/// assert!(hsts.covers(&Url::parse("http://www.example.org/").expect("a URL")));
/// // Nobody listens at this port, but it is asked by https.
/// let opener = build_opener().add_handler(hsts.clone()).build();
/// hsts.remember("localhost", "max-age=31536000");
/// let error = opener.open("http://localhost:1/").unwrap_err();
/// assert!(error.to_string().contains("https://localhost:1/"), "{error}");
/// ```
#[derive(Clone, Debug, Default)]
pub struct HstsHandler(Arc<Mutex<HashMap<String, Entry>>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    /// In seconds since 1970.
    until: u64,
    reach: Reach,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Host,
    Subdomains,
}

impl HstsHandler {
    /// Without any host.
    #[must_use]
    pub fn new() -> HstsHandler {
        HstsHandler::default()
    }

    /// Takes in what a host says in `Strict-Transport-Security`; what isn't such a value is passed over.
    pub fn remember(&self, host: &str, value: &str) {
        let Some((age, reach)) = parse(value) else { return };
        let (host, mut known) = (canonical(host), self.lock());
        if age == 0 {
            known.remove(&host);
            return;
        }
        if known.len() >= MAX_HOSTS && !known.contains_key(&host) {
            let now = now();
            known.retain(|_, entry| entry.until > now);
            if known.len() >= MAX_HOSTS {
                return;
            }
        }
        known.insert(host, Entry { until: now().saturating_add(age).min(LAST), reach });
    }

    /// Whether that URL's host wants TLS.
    #[must_use]
    pub fn covers(&self, url: &Url) -> bool {
        let Some(Host::Domain(name)) = url.host() else { return false };
        let (name, known, now) = (canonical(name), self.lock(), now());
        let mut rest = name.as_str();
        loop {
            let entry = known.get(rest).filter(|entry| entry.until > now);
            if entry.is_some_and(|entry| entry.reach == Reach::Subdomains || rest.len() == name.len()) {
                return true;
            }
            match rest.split_once('.') {
                Some((_, above)) => rest = above,
                None => return false,
            }
        }
    }

    /// Writes what is known, in the lines that curl reads and writes: `.example.org "20301231 23:59:59"`, where a dot
    /// in front stands for subdomains as well. The file replaces another one in one step.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let (path, now) = (path.as_ref(), now());
        let known = self.lock();
        let mut lines: Vec<String> = known
            .iter()
            .filter(|(_, entry)| entry.until > now)
            .map(|(host, entry)| {
                let dot = if entry.reach == Reach::Subdomains { "." } else { "" };
                format!("{dot}{host} \"{}\"\n", day_and_time(entry.until))
            })
            .collect();
        drop(known);
        lines.sort();
        let write = || -> Result<()> {
            let mut partial = PartialFile::beside(path, Readers::Usual)?;
            partial.write_all(lines.concat().as_bytes())?;
            partial.complete()
        };
        write().map_err(|error| error.context(format!("write {}", path.display())))
    }

    /// Adds what such a file has.
    ///
    /// # Errors
    ///
    /// When it can't be read, and [`ErrorKind::InvalidInput`] with the line when it isn't such a file.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let read = fs::read_to_string(path).map_err(Error::from).and_then(|text| entries(&text));
        let read = read.map_err(|error| error.context(format!("read {}", path.display())))?;
        self.lock().extend(read.into_iter().take(MAX_HOSTS));
        Ok(())
    }

    /// The URL by https, if its host wants that.
    fn upgraded(&self, url: &Url) -> Option<Url> {
        if url.scheme() != "http" || !self.covers(url) {
            return None;
        }
        let mut url = url.clone();
        // An explicit port stays (RFC 6797 §8.3); 80 isn't explicit, as http's own is never kept.
        url.set_scheme("https").ok().map(|()| url)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the handlers of a call may ask before they judge a URL that leads to http.
#[derive(Clone, Default)]
pub(super) struct Upgrades(Option<HstsHandler>);

impl Upgrades {
    pub(super) fn of(&self, url: Url) -> Url {
        self.0.as_ref().and_then(|hsts| hsts.upgraded(&url)).unwrap_or(url)
    }
}

impl Handler for HstsHandler {
    fn order(&self) -> i32 {
        100
    }

    fn request(&self, request: &mut Request, exchange: &mut Exchange<'_>) -> Result<()> {
        if let Some(url) = self.upgraded(request.url()) {
            request.set_url(url);
        }
        exchange.state::<Upgrades>().0 = Some(self.clone());
        Ok(())
    }

    fn response(&self, _: &mut Request, response: Response, _: &mut Exchange<'_>) -> Result<Next> {
        if response.url().scheme() == "https" && response.has_header(&STRICT_TRANSPORT_SECURITY) {
            // The first one counts (RFC 6797 §8.1).
            let value =
                response.headers().get(STRICT_TRANSPORT_SECURITY).and_then(|value| value.to_str().ok());
            if let (Some(value), Some(Host::Domain(name))) = (value, response.url().host()) {
                self.remember(name, value);
            }
        }
        Ok(Next::Pass(response))
    }
}

/// RFC 6797 §6.1: each directive once, `max-age` among them.
fn parse(value: &str) -> Option<(u64, Reach)> {
    let (mut age, mut reach, mut seen) = (None, Reach::Host, Vec::new());
    for directive in value.split(';').map(str::trim).filter(|directive| !directive.is_empty()) {
        let (name, value) =
            directive.split_once('=').map_or((directive, None), |(n, v)| (n.trim(), Some(v.trim())));
        let name = name.to_ascii_lowercase();
        if seen.contains(&name) {
            return None;
        }
        match (name.as_str(), value) {
            ("max-age", Some(value)) => {
                let digits = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                age = Some(digits.parse().unwrap_or(u64::MAX));
            }
            ("includesubdomains", None) => reach = Reach::Subdomains,
            ("max-age" | "includesubdomains", _) => return None,
            _ => {}
        }
        seen.push(name);
    }
    Some((age?, reach))
}

fn canonical(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `YYYYMMDD HH:MM:SS`, out of HTTP's `Sun, 06 Nov 1994 08:49:37 GMT`, whose places are fixed.
fn day_and_time(seconds: u64) -> String {
    let text = date::nearest(seconds).to_string();
    let month = MONTHS.iter().position(|month| *month == &text[8..11]).unwrap_or(0) + 1;
    format!("{}{month:02}{} {}", &text[12..16], &text[5..7], &text[17..25])
}

/// Undoes it; `unlimited` is curl's word for never.
fn seconds(text: &str) -> Option<u64> {
    if text == "unlimited" {
        return Some(LAST);
    }
    let (date, time) = text.split_once(' ')?;
    if date.len() != 8 || !date.is_ascii() {
        return None;
    }
    let month = MONTHS.get(date[4..6].parse::<usize>().ok()?.checked_sub(1)?)?;
    // RFC 850's day of the week is never looked at; the other format's must be right, so all seven are tried.
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].iter().find_map(|day| {
        let text = format!("{day}, {} {month} {} {time} GMT", &date[6..8], &date[..4]);
        date::parse(&text).and_then(date::seconds_since_1970)
    })
}

fn entries(text: &str) -> Result<Vec<(String, Entry)>> {
    let mut entries = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let entry = line.split_once(' ').and_then(|(host, until)| {
            let until = seconds(until.trim().strip_prefix('"')?.strip_suffix('"')?)?;
            let reach = if host.starts_with('.') { Reach::Subdomains } else { Reach::Host };
            Some((canonical(host.trim_start_matches('.')), Entry { until, reach }))
        });
        let Some(entry) = entry else {
            let message = format!("line {} isn't one of curl's for HSTS", number + 1);
            return Err(Error::new(ErrorKind::InvalidInput, message));
        };
        entries.push(entry);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        for (value, expected) in [
            ("max-age=1", Some((1, Reach::Host))),
            ("Max-Age=\"31536000\" ; IncludeSubDomains; preload", Some((31_536_000, Reach::Subdomains))),
            ("max-age=99999999999999999999999", Some((u64::MAX, Reach::Host))),
            (";max-age=0;", Some((0, Reach::Host))),
            ("includeSubDomains", None),
            ("max-age=1; max-age=2", None),
            ("max-age=-1", None),
            ("max-age", None),
            ("", None),
        ] {
            assert_eq!(parse(value), expected, "{value}");
        }
    }

    #[test]
    fn hosts_that_are_covered() {
        let hsts = HstsHandler::new();
        hsts.remember("a.example", "max-age=100");
        hsts.remember("B.example.", "max-age=100; includeSubDomains");
        hsts.remember("gone.example", "max-age=100");
        hsts.remember("gone.example", "max-age=0");
        for (host, covered) in [
            ("a.example", true),
            ("x.a.example", false),
            ("b.example", true),
            ("x.y.b.example", true),
            ("xb.example", false),
            ("gone.example", false),
            ("example", false),
            ("127.0.0.1", false),
        ] {
            assert_eq!(hsts.covers(&Url::parse(&format!("http://{host}/")).unwrap()), covered, "{host}");
        }
    }

    #[test]
    fn the_file_is_curls() -> Result<()> {
        assert_eq!(day_and_time(784_111_777), "19941106 08:49:37");
        assert_eq!(seconds("19941106 08:49:37"), Some(784_111_777));
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("hsts.txt");
        fs::write(
            &path,
            "# curl's\n.b.example \"20990101 00:00:00\"\na.example \"unlimited\"\nold.example \"20000101 00:00:00\"\n",
        )?;
        let hsts = HstsHandler::new();
        hsts.load(&path)?;
        hsts.save(&path)?;
        let saved = "a.example \"99991231 23:59:59\"\n.b.example \"20990101 00:00:00\"\n";
        let mut lines: Vec<_> = saved.lines().collect();
        lines.sort_unstable();
        assert_eq!(fs::read_to_string(&path)?.lines().collect::<Vec<_>>(), lines);
        for wrong in
            ["a.example", "a.example 2099", "a.example \"20991301 00:00:00\"", "a.example \"é0990101 0\""]
        {
            fs::write(&path, wrong)?;
            assert_eq!(hsts.load(&path).unwrap_err().kind(), ErrorKind::InvalidInput, "{wrong}");
        }
        Ok(())
    }
}
