//! [`urljoin`] and [`urldefrag`].

use super::{SplitResult, urlsplit};
use crate::error::Result;

/// Schemes whose URLs have a hierarchy, in which relative references have a meaning.
const HIERARCHICAL: [&str; 19] = [
    "", "ftp", "http", "gopher", "nntp", "imap", "wais", "file", "https", "shttp", "mms", "prospero", "rtsp",
    "rtsps", "rtspu", "sftp", "svn", "svn+ssh", "ws",
];

/// Where a reference leads, seen from a base (RFC 3986 §5.2).
///
/// Redirects follow [`Url::join`](super::super::Url::join), by the WHATWG's rules: these also code what must be coded,
/// and take `\` for `/`.
///
/// Python: `urllib.parse.urljoin`, where more `..` than there are folders take the root away: `http://h/` for
/// `/../http://h/`, seen from `/`.
///
/// # Errors
///
/// As [`urlsplit`].
///
/// # Examples
///
/// ```
/// use sockeye::urllib::urljoin;
///
/// assert_eq!(urljoin("http://h/a/b", "../c?d")?, "http://h/c?d");
/// assert_eq!(urljoin("http://h/a/b", "//g/x")?, "http://g/x");
/// assert_eq!(urljoin("http://h/a/b", "#top")?, "http://h/a/b#top");
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn urljoin(base: &str, url: &str) -> Result<String> {
    if base.is_empty() || url.is_empty() {
        return Ok(if url.is_empty() { base } else { url }.to_owned());
    }
    let (from, mut to) = (urlsplit(base)?, urlsplit(url)?);
    if to.scheme.is_empty() {
        to.scheme.clone_from(&from.scheme);
    }
    if to.scheme != from.scheme || !(to.scheme == "wss" || HIERARCHICAL.contains(&to.scheme.as_str())) {
        return Ok(url.to_owned());
    }
    if !to.netloc.is_empty() {
        return Ok(to.to_string());
    }
    to.netloc.clone_from(&from.netloc);
    if to.path.is_empty() {
        to.path = from.path;
        if to.query.is_empty() {
            to.query = from.query;
        }
    } else {
        to.path = merge(&from.path, &to.path);
    }
    Ok(to.to_string())
}

/// RFC 3986 §5.2.3 and §5.2.4; more `..` than there are folders stay at the root.
fn merge(base: &str, path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    if !path.starts_with('/') {
        segments.extend(base.split('/'));
        // What isn't a folder; of no path at all the root stays.
        if base.split('/').next_back() != Some("") {
            segments.pop();
        }
    }
    segments.extend(path.split('/'));
    let last = segments.len() - 1;
    let mut resolved: Vec<&str> = Vec::new();
    for (at, segment) in segments.iter().enumerate() {
        match *segment {
            // The root stays: without it `/../http://h/` would have a host.
            ".." if resolved == [""] => {}
            ".." => drop(resolved.pop()),
            "." => {}
            // Doubled slashes of a relative path's folders are taken for one, as in Python.
            "" if at > 0 && at < last && !path.starts_with('/') => {}
            segment => resolved.push(segment),
        }
    }
    if matches!(segments[last], "." | "..") {
        resolved.push("");
    }
    let joined = resolved.join("/");
    if joined.is_empty() { "/".to_owned() } else { joined }
}

/// The URL without its fragment, and the fragment.
///
/// Python: `urllib.parse.urldefrag`.
///
/// # Errors
///
/// As [`urlsplit`].
///
/// ```
/// use sockeye::urllib::urldefrag;
///
/// assert_eq!(urldefrag("http://h/a#b")?, ("http://h/a".into(), "b".into()));
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn urldefrag(url: &str) -> Result<(String, String)> {
    if !url.contains('#') {
        return Ok((url.to_owned(), String::new()));
    }
    let SplitResult { fragment, .. } = urlsplit(url)?;
    let bare = SplitResult { fragment: String::new(), ..urlsplit(url)? };
    Ok((bare.to_string(), fragment))
}
