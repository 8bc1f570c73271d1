//! What is asked of URLs: parsing that refuses unclean ones, origins, and showing one without its password.

mod recent;

use std::{borrow::Cow, sync::Arc};

use url::{Position, Url};

use super::local;
use crate::error::{Error, ErrorKind, Result};

/// Parses an absolute URL.
///
/// The WHATWG's rules would strip tabs and line ends and code spaces; a program that hands those in has
/// most likely put foreign text into its URL, so it hears of it (CVE-2019-9740 and its kin in CPython).
pub(super) fn parse(text: &str) -> Result<Arc<Url>> {
    if let Some(url) = recent::same(text) {
        return Ok(url);
    }
    let is_unclean = |c: char| c.is_ascii_control() || c == ' ';
    if let Some(bad) = text.chars().find(|c| is_unclean(*c)) {
        let at_an_end = !text.trim_matches(is_unclean).contains(is_unclean);
        let advice = if at_an_end { "trim the text" } else { "it must be percent-coded" };
        let message = format!("the URL {:?} holds {bad:?}: {advice}", hide_user_info(text));
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    match recent::parse(text) {
        Ok(url) => Ok(url),
        Err(url::ParseError::RelativeUrlWithoutBase) => Err(no_scheme(&hide_user_info(text))),
        Err(error) => {
            let message = format!("not a URL: {:?}", hide_user_info(text));
            Err(Error::with_source(ErrorKind::InvalidInput, message, error))
        }
    }
}

/// Whether an [`Opener`](super::Opener) opens URLs of that scheme by itself: `http`, `https`, `http+unix`, `file`, `data`.
/// For programs that want to know before they open the first of several. Handlers may open others.
///
/// Python: none; `urlopen` says "unknown url type".
///
/// # Errors
///
/// [`ErrorKind::Unsupported`], as opening it would give, with a hint at what may be meant.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{Request, check_scheme};
///
/// assert!(check_scheme(Request::new("http://localhost:8000/")?.url()).is_ok());
/// // By the rules of URLs, what stands before a colon is a scheme.
/// let error = check_scheme(Request::new("localhost:8000/")?.url()).unwrap_err();
/// assert!(error.to_string().ends_with("perhaps http://localhost:8000/"));
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn check_scheme(url: &Url) -> Result<()> {
    match url.scheme() {
        "http" | "https" | local::SCHEME | "file" | "data" => Ok(()),
        _ => Err(Error::new(ErrorKind::Unsupported, unknown_scheme(url))),
    }
}

/// What is said where nobody opens URLs of that scheme.
pub(super) fn unknown_scheme(url: &Url) -> String {
    if let Some(rest) = behind_user_info(url) {
        return format!("the URL has no scheme: perhaps http:// is missing before …{rest}");
    }
    let hint = if is_host_and_port(url) {
        format!("perhaps http://{}", without_query(url))
    } else {
        "http, https, file and data are the ones that are known".to_owned()
    };
    format!("unknown scheme {:?}: {hint}", url.scheme())
}

/// Whether it may be meant as `localhost:8000/x`: by the rules of URLs a host before a port is a scheme.
fn is_host_and_port(url: &Url) -> bool {
    let port = url.path().split('/').next().unwrap_or_default();
    url.cannot_be_a_base() && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn no_scheme(text: &str) -> Error {
    let mut message = format!("the URL {text:?} has no scheme");
    // Of `/path` nobody can tell the host.
    if !text.is_empty() && !text.starts_with('/') {
        let rest = ["http//", "https//"].iter().find_map(|start| text.strip_prefix(start));
        message.push_str(": perhaps http://");
        message.push_str(rest.unwrap_or(text));
    }
    Error::new(ErrorKind::InvalidInput, message)
}

/// Whether scheme, host and port are the same: only then do credentials go along.
pub(super) fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// Takes user name and password out.
pub(super) fn drop_user_info(url: &mut Url) {
    // These fail only for URLs that can't have any.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

/// The URL for people: without user name and password. Errors, `Debug` and logs of this crate show URLs like this;
/// so can a program's own messages.
///
/// Python: none.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{Request, without_user_info};
///
/// let request = Request::new("http://me:secret@127.0.0.1/page?q")?;
/// assert_eq!(without_user_info(request.url()), "http://127.0.0.1/page?q");
/// # Ok::<(), sockeye::Error>(())
/// ```
#[must_use]
pub fn without_user_info(url: &Url) -> Cow<'_, str> {
    if let Some(rest) = behind_user_info(url) {
        return format!("…{rest}").into();
    }
    if url.username().is_empty() && url.password().is_none() {
        return url.as_str().into();
    }
    let mut clean = url.clone();
    drop_user_info(&mut clean);
    String::from(clean).into()
}

/// What begins with the `@`, where `me:secret@localhost/` was meant to be a URL: by the rules of URLs, the user's name is a
/// scheme there, and the password the path.
fn behind_user_info(url: &Url) -> Option<&str> {
    if !url.cannot_be_a_base() || url.scheme() == "data" {
        return None;
    }
    // A password may hold what ends a host elsewhere.
    url.as_str().rfind('@').map(|at| &url.as_str()[at..])
}

/// Without query and fragment, which may hold secrets.
pub(super) fn without_query(url: &Url) -> String {
    let query = if url.query().is_some() { "?…" } else { "" };
    format!("{}{query}", &url[..Position::AfterPath])
}

/// What isn't a URL, for an error's text: what stands before an `@` could be a password.
fn hide_user_info(text: &str) -> Cow<'_, str> {
    // Where there is no scheme, slashes may be anything's.
    let is_scheme = |text: &str| {
        let text = text.strip_suffix(':').unwrap_or(text);
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let start = text.find("//").filter(|&at| is_scheme(&text[..at])).map_or(0, |slashes| slashes + 2);
    match text.rfind('@').filter(|&at| at >= start) {
        Some(at) => format!("{}…{}", &text[..start], &text[at..]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests;
