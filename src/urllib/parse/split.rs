//! [`urlsplit`] and [`urlunsplit`]: a URL's five parts.

use std::{fmt, net::Ipv6Addr};

use crate::error::{Error, ErrorKind, Result};

/// Schemes whose URLs have a host, so that an empty one is written as `//`.
const WITH_HOST: [&str; 25] = [
    "ftp", "http", "gopher", "nntp", "telnet", "imap", "wais", "file", "mms", "https", "shttp", "snews",
    "prospero", "rtsp", "rtsps", "rtspu", "rsync", "svn", "svn+ssh", "sftp", "nfs", "git", "git+ssh", "ws",
    "wss",
];

/// A URL or a reference in its parts, as they stand there: nothing is decoded, only the scheme is in lower case.
///
/// Python: `urllib.parse.SplitResult`.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::urlsplit;
///
/// let parts = urlsplit("http://me:pw@Example.org:8080/a/b;c?d=e#f")?;
/// assert_eq!((parts.scheme.as_str(), parts.netloc.as_str()), ("http", "me:pw@Example.org:8080"));
/// assert_eq!((parts.path.as_str(), parts.query.as_str(), parts.fragment.as_str()), ("/a/b;c", "d=e", "f"));
/// assert_eq!((parts.username(), parts.hostname().as_deref(), parts.port()?), (Some("me"), Some("example.org"), Some(8080)));
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SplitResult {
    /// What stands before the first colon, in lower case; empty in a relative reference.
    pub scheme: String,
    /// What stands behind `//`: user info, host and port.
    pub netloc: String,
    /// The path, parameters behind a `;` included.
    pub path: String,
    /// What stands behind `?`.
    pub query: String,
    /// What stands behind `#`.
    pub fragment: String,
}

impl SplitResult {
    /// The user name, as it stands there.
    ///
    /// Python: `SplitResult.username`.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        let (user, _) = self.netloc.rsplit_once('@')?;
        Some(user.split_once(':').map_or(user, |(name, _)| name))
    }

    /// The password, as it stands there.
    ///
    /// Python: `SplitResult.password`.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        let (user, _) = self.netloc.rsplit_once('@')?;
        user.split_once(':').map(|(_, password)| password)
    }

    /// The host in lower case, an IPv6 address without its brackets; `None` if it is empty.
    ///
    /// Python: `SplitResult.hostname`.
    #[must_use]
    pub fn hostname(&self) -> Option<String> {
        let (host, _) = self.host_and_port();
        // A zone keeps its case: it is a name on this machine.
        let (name, zone) = host.split_at(host.find('%').unwrap_or(host.len()));
        (!host.is_empty()).then(|| name.to_lowercase() + zone)
    }

    /// The port, if one is given.
    ///
    /// Python: `SplitResult.port`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] when it isn't a number up to 65535.
    pub fn port(&self) -> Result<Option<u16>> {
        let (_, Some(port)) = self.host_and_port() else { return Ok(None) };
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        match port.parse() {
            _ if port.is_empty() => Ok(None),
            Ok(number) if digits => Ok(Some(number)),
            _ => Err(Error::new(
                ErrorKind::InvalidInput,
                format!("the port {port:?} isn't a number up to 65535"),
            )),
        }
    }

    fn host_and_port(&self) -> (&str, Option<&str>) {
        let place = self.netloc.rsplit_once('@').map_or(self.netloc.as_str(), |(_, place)| place);
        if let Some((host, rest)) = place.split_once('[').and_then(|(_, inside)| inside.split_once(']')) {
            return (host, rest.split_once(':').map(|(_, port)| port));
        }
        place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)))
    }
}

/// The parts put together again: [`urlunsplit`].
impl fmt::Display for SplitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scheme.is_empty() {
            write!(f, "{}:", self.scheme)?;
        }
        // A path that begins with `//` would be read as a host.
        let wants_host = WITH_HOST.contains(&self.scheme.as_str()) || self.path.starts_with("//");
        if !self.netloc.is_empty() || wants_host {
            write!(f, "//{}", self.netloc)?;
            if !self.path.is_empty() && !self.path.starts_with('/') {
                f.write_str("/")?;
            }
        }
        f.write_str(&self.path)?;
        if !self.query.is_empty() {
            write!(f, "?{}", self.query)?;
        }
        if !self.fragment.is_empty() {
            write!(f, "#{}", self.fragment)?;
        }
        Ok(())
    }
}

/// Takes a URL, or a relative reference, apart (RFC 3986 §3). Blanks and control characters in front are passed over,
/// tabs and line ends taken out, as browsers do.
///
/// What is a URL for `urlopen` decides [`Url`](super::super::Url), by the WHATWG's rules, which also take `\` for `/`
/// and `http:x` for `http://x`. Don't check with one what is opened by the other.
///
/// Python: `urllib.parse.urlsplit`, which refuses hosts that Unicode would make ambiguous as well.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] for square brackets without an IPv6 address between them.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::urlsplit;
///
/// assert_eq!(urlsplit("//h/x")?.netloc, "h");
/// assert_eq!(urlsplit("mailto:a@b")?.path, "a@b");
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn urlsplit(url: &str) -> Result<SplitResult> {
    let url = url.trim_start_matches(|c: char| c <= ' ').replace(['\t', '\r', '\n'], "");
    let (scheme, rest) = split_scheme(&url);
    let (netloc, rest) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
        None => ("", rest),
    };
    check_brackets(netloc)?;
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    Ok(SplitResult {
        scheme: scheme.to_ascii_lowercase(),
        netloc: netloc.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        fragment: fragment.to_owned(),
    })
}

/// Puts the parts together again. What was taken apart comes out the same, but for parts that were there and empty, as
/// in `http://h/?`, and for `http:x`, which becomes `http:///x`. A path never turns into a host.
///
/// Python: `urllib.parse.urlunsplit`, which until 3.12 made the URL `//h` of the path `//h`.
///
/// ```
/// use sockeye::urllib::{urlsplit, urlunsplit};
///
/// let mut parts = urlsplit("HTTP://h/a?b#c")?;
/// parts.query = "d=e".into();
/// assert_eq!(urlunsplit(&parts), "http://h/a?d=e#c");
/// # Ok::<(), sockeye::Error>(())
/// ```
#[must_use]
pub fn urlunsplit(parts: &SplitResult) -> String {
    parts.to_string()
}

/// RFC 3986 §3.1: a letter, then letters, digits and `+-.`, up to a colon.
fn split_scheme(url: &str) -> (&str, &str) {
    match url.split_once(':') {
        Some((scheme, rest))
            if scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) =>
        {
            (scheme, rest)
        }
        _ => ("", url),
    }
}

fn check_brackets(netloc: &str) -> Result<()> {
    if !netloc.contains(['[', ']']) {
        return Ok(());
    }
    let place = netloc.rsplit_once('@').map_or(netloc, |(_, place)| place);
    let inside = place.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let fits = inside.is_some_and(|(host, after)| {
        let address = host.split_once('%').map_or(host, |(address, _)| address);
        // RFC 3986 §3.2.2: `v1.something` is kept for what may come.
        let future =
            host.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(version, text)| {
                !version.is_empty()
                    && !text.is_empty()
                    && version.bytes().all(|byte| byte.is_ascii_hexdigit())
            });
        let port = after.is_empty() || after.starts_with(':');
        port && (future || address.parse::<Ipv6Addr>().is_ok())
    });
    if fits && netloc.matches(['[', ']']).count() == 2 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidInput, "the URL has square brackets without an IPv6 address"))
}
