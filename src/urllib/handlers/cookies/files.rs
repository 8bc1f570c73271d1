//! A jar as a file: `cookie_store`'s JSON, and the format of Mozilla, Netscape, curl and wget.

use std::{
    fs,
    io::{BufReader, Write},
    path::Path,
};

use cookie_store::{Cookie, CookieDomain, CookieExpiration, CookieStore};
use url::Url;

use super::{CookieJar, Inner, policy};
use crate::{
    error::{Error, ErrorKind, Result},
    urllib::partial::{Partial, Readers},
    wire::date::nearest,
};

const HEADING: &str = "# Netscape HTTP Cookie File\n";

/// How lines of cookies begin that only HTTP may see; else a `#` begins a comment.
const HTTP_ONLY: &str = "#HttpOnly_";

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

impl CookieJar {
    /// Writes the cookies that outlive the session; the file replaces another one in one step, and only its owner may
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
        let path = path.as_ref();
        let inner = self.lock();
        let write = || -> Result<()> {
            let mut partial = Partial::beside(path, Readers::Owner)?;
            match format {
                CookieFile::Json => cookie_store::serde::json::save(&inner.store, &mut partial.file)
                    .map_err(|error| Error::with_source(ErrorKind::Other, "write cookies", error))?,
                CookieFile::Mozilla => partial.file.write_all(lines(&inner.store).as_bytes())?,
            }
            Ok(partial.complete()?)
        };
        write().map_err(|error| error.context(format!("write cookies to {}", path.display())))
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
            let _ = insert(&mut inner, cookie, &url);
        }
        Ok(())
    }
}

fn insert(inner: &mut Inner, cookie: Cookie<'static>, url: &Url) -> Option<()> {
    let clean = policy::is_clean(cookie.name()) && policy::is_clean(cookie.value());
    (clean && inner.store.iter_any().count() < super::MAX_COOKIES).then_some(())?;
    inner.store.insert(cookie, url).ok().map(drop)
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
fn lines(store: &CookieStore) -> String {
    let truth = |is| if is { "TRUE" } else { "FALSE" };
    let mut lines: Vec<String> = store
        .iter_unexpired()
        .filter_map(|cookie| {
            let CookieExpiration::AtUtc(expires) = &cookie.expires else { return None };
            let (domain, wide) = match &cookie.domain {
                CookieDomain::Suffix(domain) => (format!(".{domain}"), true),
                domain => (domain.as_cow()?.into_owned(), false),
            };
            let mark = if cookie.http_only() == Some(true) { HTTP_ONLY } else { "" };
            let (path, secure) = (&*cookie.path, truth(policy::is_secure(cookie)));
            let (wide, expires) = (truth(wide), expires.unix_timestamp());
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
        let expires: u64 = expires.parse().map_err(|_| wrong())?;
        let host = domain.trim_start_matches('.');
        let url = Url::parse(&format!("https://{host}{path}")).map_err(|_| wrong())?;
        let mut text = format!("{name}={value}; Path={path}{http_only}");
        if wide == "TRUE" {
            text += &format!("; Domain={host}");
        }
        if secure == "TRUE" {
            text += "; Secure";
        }
        // Zero stands for the end of the session.
        if expires > 0 {
            text += &format!("; Expires={}", nearest(expires));
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
