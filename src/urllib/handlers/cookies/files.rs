//! A jar as a file: `cookie_store`'s JSON, and the format of Mozilla, Netscape, curl and wget.

use std::{
    fs,
    io::{BufReader, Write},
    path::Path,
};

use cookie_store::{Cookie, CookieDomain, CookieExpiration, CookieStore};
use url::Url;

use super::{CookieJar, policy};
use crate::{
    error::{Error, ErrorKind, Result},
    urllib::partial::{PartialFile, Readers},
    wire::date::nearest,
};

const HEADING: &str = "# Netscape HTTP Cookie File\n";

/// How lines of cookies begin that only HTTP may see; else a `#` begins a comment.
const HTTP_ONLY: &str = "#HttpOnly_";

/// What stands for it in Mozilla's lines.
const END_OF_SESSION: i64 = 0;

/// The format of a file of cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieFile {
    /// All that is known of each cookie, as the crate `cookie_store` writes it.
    Json,
    /// The lines that Netscape began with; curl, wget and browsers' tools read and write them.
    ///
    /// Python: `http.cookiejar.MozillaCookieJar`.
    Mozilla,
}

/// Which cookies are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lasting {
    BeyondTheSession,
    Any,
}

impl CookieJar {
    /// Writes the cookies that outlive the session ([`save_all`](Self::save_all): the others too); the file replaces another one in one step, and only its owner may
    /// read it.
    ///
    /// Python: `FileCookieJar.save`.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::urllib::{CookieFile, CookieJar, Url};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// let path = std::env::temp_dir().join(format!("sockeye-cookies-{}.txt", std::process::id()));
    /// let jar = CookieJar::new();
    /// let url = Url::parse("http://www.example.org/").expect("a URL");
    /// jar.set_cookie("lang=en; Max-Age=3600", &url);
    /// jar.save(&path, CookieFile::Mozilla)?;
    /// let again = CookieJar::new();
    /// again.load(&path, CookieFile::Mozilla)?;
    /// assert_eq!(again.cookie_header(&url).as_deref(), Some("lang=en"));
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn save(&self, path: impl AsRef<Path>, format: CookieFile) -> Result<()> {
        self.write(path.as_ref(), format, Lasting::BeyondTheSession)
    }

    /// [`save`](Self::save), with the cookies that end with the session as well: for a session of several programs, as
    /// curl and `sockeye get -b` have it. Mozilla's format says 0 for their end; [`load`](Self::load) takes in all.
    ///
    /// Python: `FileCookieJar.save(ignore_discard=True)`.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub fn save_all(&self, path: impl AsRef<Path>, format: CookieFile) -> Result<()> {
        self.write(path.as_ref(), format, Lasting::Any)
    }

    fn write(&self, path: &Path, format: CookieFile, lasting: Lasting) -> Result<()> {
        let write = || -> Result<()> {
            // Requests need the jar, so nothing is written while it is locked.
            let text = self.text(format, lasting)?;
            let mut partial = PartialFile::beside(path, Readers::Owner)?;
            partial.write_all(&text)?;
            partial.complete()
        };
        write().map_err(|error| error.context(format!("write cookies to {}", path.display())))
    }

    fn text(&self, format: CookieFile, lasting: Lasting) -> Result<Vec<u8>> {
        let mut inner = self.lock();
        inner.shelf.drop_expired();
        let (store, mut text) = (inner.shelf.store(), Vec::new());
        let written = match (format, lasting) {
            (CookieFile::Json, Lasting::BeyondTheSession) => {
                cookie_store::serde::json::save(store, &mut text)
            }
            (CookieFile::Json, Lasting::Any) => {
                cookie_store::serde::json::save_incl_expired_and_nonpersistent(store, &mut text)
            }
            (CookieFile::Mozilla, lasting) => return Ok(lines(store, lasting).into_bytes()),
        };
        written.map_err(|error| Error::with_source(ErrorKind::Other, "write cookies", error))?;
        Ok(text)
    }

    /// Reads the cookies of a file into the jar; those of the same domain, path and name are replaced, expired ones
    /// left out.
    ///
    /// Python: `FileCookieJar.load`.
    ///
    /// # Errors
    ///
    /// When it can't be read, and [`ErrorKind::InvalidInput`] when it isn't such a file; the jar is as it was then.
    pub fn load(&self, path: impl AsRef<Path>, format: CookieFile) -> Result<()> {
        let path = path.as_ref();
        let read = match format {
            CookieFile::Json => from_json(path),
            CookieFile::Mozilla => {
                fs::read_to_string(path).map_err(Error::from).and_then(|text| from_lines(&text))
            }
        };
        let read = read.map_err(|error| error.context(format!("read cookies from {}", path.display())))?;
        let mut inner = self.lock();
        for (cookie, url) in read {
            // What isn't admitted from the web isn't from a file.
            if let Some(cookie) = policy::welcome(&inner, cookie, &url) {
                inner.insert(cookie, &url);
            }
        }
        Ok(())
    }
}

fn from_json(path: &Path) -> Result<Vec<(Cookie<'static>, Url)>> {
    let file = fs::File::open(path)?;
    let store = cookie_store::serde::json::load(BufReader::new(file))
        .map_err(|error| Error::with_source(ErrorKind::InvalidInput, "not cookie_store's JSON", error))?;
    let with_url = |cookie: &Cookie<'static>| {
        let url = format!("https://{}{}", cookie.domain.as_cow()?, &*cookie.path);
        Some((cookie.clone(), Url::parse(&url).ok()?))
    };
    Ok(store.iter_unexpired().filter_map(with_url).collect())
}

/// `domain TAB with-subdomains TAB path TAB secure TAB expires TAB name TAB value`
fn lines(store: &CookieStore, lasting: Lasting) -> String {
    let truth = |is| if is { "TRUE" } else { "FALSE" };
    let mut lines: Vec<String> = store
        .iter_unexpired()
        .filter_map(|cookie| {
            let expires = match &cookie.expires {
                CookieExpiration::AtUtc(expires) => expires.unix_timestamp(),
                CookieExpiration::SessionEnd if lasting == Lasting::Any => END_OF_SESSION,
                CookieExpiration::SessionEnd => return None,
            };
            let (domain, wide) = match &cookie.domain {
                CookieDomain::Suffix(domain) => (format!(".{domain}"), true),
                domain => (domain.as_cow()?.into_owned(), false),
            };
            let mark = if cookie.http_only() == Some(true) { HTTP_ONLY } else { "" };
            let (path, secure) = (&*cookie.path, truth(policy::is_secure(cookie)));
            let wide = truth(wide);
            let (name, value) = (cookie.name(), cookie.value());
            // A tab would shift the fields.
            let line = format!("{mark}{domain}\t{wide}\t{path}\t{secure}\t{expires}\t{name}\t{value}\n");
            (line.matches('\t').count() == 6).then_some(line)
        })
        .collect();
    lines.sort();
    HEADING.to_owned() + &lines.concat()
}

fn from_lines(text: &str) -> Result<Vec<(Cookie<'static>, Url)>> {
    let mut cookies = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let (line, http_only) = match line.strip_prefix(HTTP_ONLY) {
            Some(rest) => (rest, "; HttpOnly"),
            None => (line, ""),
        };
        if line.trim().is_empty() || (http_only.is_empty() && line.starts_with('#')) {
            continue;
        }
        let wrong = || {
            let message = format!("line {} isn't one of Mozilla's cookies", number + 1);
            Error::new(ErrorKind::InvalidInput, message)
        };
        let fields: Vec<&str> = line.split('\t').collect();
        let [domain, wide, path, secure, expires, name, value] = fields[..] else { return Err(wrong()) };
        let expires: i64 = expires.parse().map_err(|_| wrong())?;
        let host = domain.trim_start_matches('.');
        let url = Url::parse(&format!("https://{host}{path}")).map_err(|_| wrong())?;
        let mut text = format!("{name}={value}; Path={path}{http_only}");
        if wide == "TRUE" {
            text += &format!("; Domain={host}");
        }
        if secure == "TRUE" {
            text += "; Secure";
        }
        if expires != END_OF_SESSION {
            text += &format!("; Expires={}", nearest(expires.try_into().unwrap_or(0)));
        }
        // A semicolon would make an attribute of a value.
        if [name, value, path].iter().any(|field| field.contains(';')) || !policy::is_clean(&text) {
            return Err(wrong());
        }
        let cookie = Cookie::parse(text, &url).map_err(|_| wrong())?;
        if !cookie.is_expired() {
            cookies.push((cookie.into_owned(), url));
        }
    }
    Ok(cookies)
}
