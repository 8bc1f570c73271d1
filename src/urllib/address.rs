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
    if url.username().is_empty() && url.password().is_none() {
        return url.as_str().into();
    }
    let mut clean = url.clone();
    drop_user_info(&mut clean);
    String::from(clean).into()
}

/// Without query and fragment, which may hold secrets.
pub(super) fn without_query(url: &Url) -> String {
    let query = if url.query().is_some() { "?…" } else { "" };
    format!("{}{query}", &url[..Position::AfterPath])
}

/// What isn't a URL, for an error's text: what stands before an `@` could be a password.
fn hide_user_info(text: &str) -> Cow<'_, str> {
    let start = text.find("//").map_or(0, |slashes| slashes + 2);
    match text.rfind('@').filter(|&at| at >= start) {
        Some(at) => format!("{}…{}", &text[..start], &text[at..]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unclean_urls_are_refused() {
        for text in
            ["http://h/a b", "http://h/\r\nX: y", "http://h/\0", "http://h\t/", " http://h/", "http://h/\x7f"]
        {
            assert_eq!(parse(text).map_err(|e| e.kind()), Err(ErrorKind::InvalidInput), "{text:?}");
        }
        for (text, advice) in
            [("http://h/\r\n", "trim"), (" http://h/", "trim"), ("http://h/a b\n", "percent")]
        {
            let error = parse(text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(advice), "{error}");
        }
    }

    #[test]
    fn strange_urls_never_panic() {
        for text in
            ["", ":", "//", "http:", "http://", "http://h:99999/", "http://[::1", "http://%00/", "a:b"]
        {
            let _ = parse(text);
        }
    }

    #[test]
    fn a_missing_scheme_is_named() {
        for text in ["localhost/x", "127.0.0.1:80/", "[::1]:80"] {
            let said = parse(text).map_or_else(|error| error.to_string(), |url| url.to_string());
            assert_eq!(said, format!("the URL {text:?} has no scheme: perhaps http://{text}"));
        }
        let error = parse("http//h/x").err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.ends_with("has no scheme: perhaps http://h/x"), "{error}");
        for text in ["", "/x", "//h/x"] {
            let said = parse(text).map_or_else(|error| error.to_string(), |url| url.to_string());
            assert_eq!(said, format!("the URL {text:?} has no scheme"));
        }
        for (text, is) in [
            ("localhost:8000", true),
            ("localhost:8000/x", true),
            ("h:80?q", true),
            ("data:,1", false),
            ("file:///1", false),
            ("x:", false),
            ("x:1y", false),
        ] {
            assert_eq!(parse(text).map(|url| is_host_and_port(&url)).ok(), Some(is), "{text}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() -> Result<()> {
        let base = parse("http://h/")?;
        for (text, same) in
            [("http://H:80/x", true), ("http://h:81/", false), ("https://h/", false), ("http://g/", false)]
        {
            assert_eq!(same_origin(&base, &*parse(text)?), same, "{text}");
        }
        Ok(())
    }

    #[test]
    fn passwords_are_not_shown() -> Result<()> {
        assert_eq!(without_user_info(&*parse("http://me:secret@h/x")?), "http://h/x");
        for text in
            ["http://me:secret@h/a b", "http://me:se/cret:secret@h:99999/", "secret@h/x", "//me:secret@h"]
        {
            let error = parse(text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains("@h") && !error.contains("secret"), "{error}");
        }
        Ok(())
    }
}
