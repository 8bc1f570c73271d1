//! [`Netrc`] and [`NetrcHandler`]: passwords by host, from the file that ftp, curl and git share.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{Credentials, authorize, is_authorized};
use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{Exchange, Handler, Request},
};

/// User names and passwords by host, as a `.netrc` file has them.
///
/// `machine`, `login`, `password`, `account`, `default` and `macdef` are known; words may stand in double quotes with
/// backslashes; `#` begins a comment. Anything else is an error with its line. An entry counts only with a login *and*
/// a password, and `default` is read and never used: what is meant for one host goes to that host alone (curl
/// CVE-2024-11053, CVE-2025-0167).
///
/// Python: `netrc.netrc`.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::Netrc;
///
/// let netrc = Netrc::parse("machine example.org login ada password \"18 43\"")?;
/// assert_eq!(netrc.find("example.org"), Some(("ada", "18 43")));
/// assert_eq!(netrc.find("www.example.org"), None);
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Netrc {
    entries: Vec<(String, Credentials)>,
}

impl Netrc {
    /// Reads such a text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`], with the line.
    pub fn parse(text: &str) -> Result<Netrc> {
        let mut words = Words { rest: text, line: 1 };
        let (mut netrc, mut open) = (Netrc::default(), Entry::default());
        while let Some(word) = words.next()? {
            match word.as_str() {
                "machine" => {
                    let host = Some(words.value("machine")?.to_ascii_lowercase());
                    netrc.close(std::mem::replace(&mut open, Entry { host, ..Entry::default() }));
                }
                "default" => netrc.close(std::mem::take(&mut open)),
                "login" | "user" => open.login = Some(words.value("login")?),
                "password" => open.password = Some(words.value("password")?),
                "account" => drop(words.value("account")?),
                "macdef" => words.skip_macro(),
                _ => return Err(words.wrong("isn't a word of such a file")),
            }
        }
        netrc.close(open);
        Ok(netrc)
    }

    /// Reads such a file.
    ///
    /// Python: `netrc.netrc(file)`.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), and when it can't be read.
    pub fn load(path: impl AsRef<Path>) -> Result<Netrc> {
        let path = path.as_ref();
        let read = fs::read_to_string(path).map_err(Error::from).and_then(|text| Netrc::parse(&text));
        read.map_err(|error| error.context(format!("read {}", path.display())))
    }

    /// Reads the file that `$NETRC` names, or `.netrc` in `$HOME`; without such a file there are no entries.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load); [`ErrorKind::PermissionDenied`] when others may read the file, as in Python.
    pub fn from_home() -> Result<Netrc> {
        let named = env::var_os("NETRC").map(PathBuf::from);
        let Some(path) = named.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".netrc"))) else {
            return Ok(Netrc::default());
        };
        match fs::metadata(&path) {
            Ok(status) if status.mode() & 0o077 != 0 => {
                let message = format!("{0} can be read by others: chmod 600 {0}", path.display());
                Err(Error::new(ErrorKind::PermissionDenied, message))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Netrc::default()),
            _ => Netrc::load(path),
        }
    }

    /// Login and password of exactly that host, the first entry's.
    ///
    /// Python: `netrc.authenticators`.
    #[must_use]
    pub fn find(&self, host: &str) -> Option<(&str, &str)> {
        self.entry(host).map(|found| (found.user.as_str(), found.password.as_str()))
    }

    fn entry(&self, host: &str) -> Option<&Credentials> {
        self.entries.iter().find(|(name, _)| name.eq_ignore_ascii_case(host)).map(|(_, found)| found)
    }

    fn close(&mut self, entry: Entry) {
        if let Entry { host: Some(host), login: Some(login), password: Some(password) } = entry {
            self.entries.push((host, Credentials::new(login, password)));
        }
    }
}

#[derive(Default)]
struct Entry {
    host: Option<String>,
    login: Option<String>,
    password: Option<String>,
}

/// The words of such a file.
struct Words<'a> {
    rest: &'a str,
    line: usize,
}

impl Words<'_> {
    /// The next word that isn't a comment.
    fn next(&mut self) -> Result<Option<String>> {
        self.skip(|c| c.is_ascii_whitespace());
        while self.rest.starts_with('#') {
            self.skip(|c| c != '\n');
            self.skip(|c| c.is_ascii_whitespace());
        }
        self.word()
    }

    fn word(&mut self) -> Result<Option<String>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        if let Some(quoted) = self.rest.strip_prefix('"') {
            return self.quoted(quoted).map(Some);
        }
        let end = self.rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(Some(word.to_owned()))
    }

    fn quoted(&mut self, text: &str) -> Result<String> {
        let (mut word, mut escaped) = (String::new(), false);
        for (at, c) in text.char_indices() {
            match c {
                '"' if !escaped => {
                    self.rest = &self.rest[at + 2..];
                    return Ok(word);
                }
                '\\' if !escaped => escaped = true,
                '\n' => break,
                c => {
                    word.push(c);
                    escaped = false;
                }
            }
        }
        Err(self.wrong("has a quote without end"))
    }

    /// A word that belongs to the one before; it may begin with a `#`.
    fn value(&mut self, of: &str) -> Result<String> {
        self.skip(|c| c.is_ascii_whitespace());
        match self.word()? {
            Some(word) => Ok(word),
            None => Err(self.wrong(&format!("ends after {of}"))),
        }
    }

    /// A macro goes on to the next empty line.
    fn skip_macro(&mut self) {
        // The first piece is what follows the word on its own line.
        let lines = || self.rest.split_inclusive('\n');
        let full = lines().skip(1).take_while(|line| !matches!(*line, "\n" | "\r\n")).count();
        let end: usize = lines().take(full + 2).map(str::len).sum();
        self.line += self.rest[..end].matches('\n').count();
        self.rest = &self.rest[end..];
    }

    fn skip(&mut self, passed: impl Fn(char) -> bool) {
        let end = self.rest.find(|c| !passed(c)).unwrap_or(self.rest.len());
        self.line += self.rest[..end].matches('\n').count();
        self.rest = &self.rest[end..];
    }

    /// The words themselves aren't shown: one could be a password.
    fn wrong(&self, what: &str) -> Error {
        Error::new(ErrorKind::InvalidInput, format!("line {} {what}", self.line))
    }
}

/// Sends what a [`Netrc`] has for the URL's host, as Basic (RFC 7617), with the first request.
///
/// Only for exactly that host, only if the URL has no user info and the request no `Authorization`, and never once a
/// redirect has led to another scheme, host or port, not even for a host that has an entry. Its order is 330.
///
/// Python: requests does this by itself; urllib doesn't.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{Netrc, NetrcHandler, build_opener};
///
/// # fn main() -> sockeye::Result<()> {
/// # use sockeye::http::{HttpServer, StatusCode, handler};
/// # let server = HttpServer::bind("127.0.0.1:0")?.spawn(handler(|request, response| {
/// #     let sent = request.headers().get("authorization").and_then(|value| value.to_str().ok());
/// #     response.send_response(StatusCode::OK).body(sent.unwrap_or("nothing"))
/// # }))?;
/// # let url = format!("http://{}/", server.addr());
/// let netrc = Netrc::parse("machine 127.0.0.1 login ada password 1843")?;
/// let opener = build_opener().add_handler(NetrcHandler::new(netrc)).build();
/// // This server answers with what it was sent.
/// assert_eq!(std::io::read_to_string(opener.open(&url)?)?, "Basic YWRhOjE4NDM=");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct NetrcHandler(Netrc);

impl NetrcHandler {
    /// With these entries.
    #[must_use]
    pub fn new(netrc: Netrc) -> NetrcHandler {
        NetrcHandler(netrc)
    }
}

impl Handler for NetrcHandler {
    fn order(&self) -> i32 {
        330
    }

    fn request(&self, request: &mut Request, _: &mut Exchange<'_>) -> Result<()> {
        if request.has_left() || is_authorized(request) || Credentials::of(request.url()).is_some() {
            return Ok(());
        }
        if let Some(found) = request.url().host_str().and_then(|host| self.0.entry(host)) {
            let value = found.basic()?;
            authorize(request, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_every_form() -> Result<()> {
        let netrc = Netrc::parse(
            "# mine\nmachine h login me password #1\nmachine a login me password one\nmachine B\n\tlogin \"m e\" password \"t\\\"w\\\\o\" account x\n\
             macdef init\ncd /\nmachine evil login x password y\n\nmachine c login me\nmachine d password p\n\
             machine a login you password two # last\ndefault login z password z",
        )?;
        for (host, expected) in [
            ("a", Some(("me", "one"))),
            ("A", Some(("me", "one"))),
            ("b", Some(("m e", "t\"w\\o"))),
            ("evil", None),
            ("c", None),
            ("d", None),
            ("z", None),
            ("h", Some(("me", "#1"))),
            ("", None),
        ] {
            assert_eq!(netrc.find(host), expected, "{host}");
        }
        Ok(())
    }

    #[test]
    fn a_macro_ends_at_an_empty_line_of_any_kind() -> Result<()> {
        for end in ["\n", "\r\n"] {
            let text = ["macdef init", "cd /", "", "machine h login a password b", "login"].join(end);
            let error = Netrc::parse(&text).unwrap_err().to_string();
            assert!(error.starts_with("line 5 "), "{error}");
            let text =
                ["macdef init", "machine g login a password b", "", "machine h login a password b", ""];
            let netrc = Netrc::parse(&text.join(end))?;
            assert_eq!((netrc.find("h"), netrc.find("g")), (Some(("a", "b")), None));
        }
        Ok(())
    }

    #[test]
    fn wrong_ones_are_named_by_line_and_not_shown() {
        for (text, line) in [
            ("machine a login me password s3cret\ns3cret2", 2),
            ("machine", 1),
            ("machine a\nlogin", 2),
            ("\n\nmachine \"s3cret", 3),
        ] {
            let error = Netrc::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("line {line} ")) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn any_text_gives_an_error_or_a_value() {
        let words = ["machine", "default", "\"", "\\", "#", "\n\n", "macdef", "login", "é"];
        for a in words {
            for b in words {
                for c in words {
                    let _ = Netrc::parse(&format!("{a} {b}{c} {a}"));
                }
            }
        }
    }
}
