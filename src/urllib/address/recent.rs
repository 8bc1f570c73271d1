//! The URL that this thread parsed last: a program mostly asks the same server again, or even the same question.
//!
//! A host costs more than the rest of a URL, names by the tables of IDNA above all. Where the text before the path is
//! the same as last time, only what follows it is parsed: as the reference to an absolute path that it is
//! (WHATWG URL, *relative slash state*).

use std::{cell::RefCell, sync::Arc};

use url::{ParseError, Url};

thread_local! {
    static LAST: RefCell<Option<Parsed>> = const { RefCell::new(None) };
}

struct Parsed {
    /// As it was written.
    text: String,
    /// The length of `http://host:port` in it.
    server: usize,
    url: Arc<Url>,
}

/// The last one, if it was that one.
pub(super) fn same(text: &str) -> Option<Arc<Url>> {
    LAST.with_borrow(|last| last.as_ref().filter(|last| last.text == text).map(|last| last.url.clone()))
}

/// [`Url::parse`] of a text without white space and control characters.
pub(super) fn parse(text: &str) -> Result<Arc<Url>, ParseError> {
    LAST.with_borrow_mut(|last| {
        if let Some(last) = last {
            if let Some(path) = text.strip_prefix(&last.text[..last.server]).filter(|rest| is_path(rest)) {
                let url = Arc::new(last.url.join(path)?);
                last.text.replace_range(last.server.., path);
                last.url = url.clone();
                return Ok(url);
            }
        }
        let url = Arc::new(Url::parse(text)?);
        if let Some(server) = server(text) {
            *last = Some(Parsed { text: text.to_owned(), server, url: url.clone() });
        }
        Ok(url)
    })
}

/// How much stands before the path.
fn server(text: &str) -> Option<usize> {
    let scheme = ["http://", "https://"].into_iter().find(|scheme| text.starts_with(scheme))?.len();
    let rest = &text[scheme..];
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'\\' | b'?' | b'#'))?;
    (end > 0 && is_path(&rest[end..])).then_some(scheme + end)
}

/// Whether a reference that reads so is a path, rather than another server's.
fn is_path(reference: &str) -> bool {
    matches!(reference.as_bytes(), [b'/'] | [b'/', b'!'..=b'.' | b'0'..=b'[' | b']'.., ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVERS: [&str; 9] = [
        "http://h",
        "https://h",
        "http://H:80",
        "http://h:81",
        "http://me:x@h",
        "http://[::1]:8",
        "http://0x7f.1",
        "http://büch.er",
        "http://h:99999",
    ];
    const REST: [&str; 21] = [
        "",
        "/",
        "/a/b",
        "//",
        "//a",
        "/\\a",
        "\\a",
        "?q",
        "/?q#f",
        "#f",
        "/../a/./b/..",
        "/%2e%2E/a",
        "/ä?ö#ü",
        "/a:b@c",
        "/C:/x",
        "/C|/..",
        "@g/",
        ":1/a",
        "/[a]",
        "/.//a",
        "/..//\\a",
    ];

    #[test]
    fn it_makes_no_difference() {
        for server in SERVERS {
            for rest in REST {
                let text = format!("{server}{rest}");
                let expected = Url::parse(&text);
                for before in SERVERS {
                    let _ = parse(&format!("{before}/x?y#z"));
                    assert_eq!(parse(&text).map(Arc::unwrap_or_clone), expected, "{text:?} after {before:?}");
                    if let Some(kept) = same(&text) {
                        assert_eq!(Ok(Arc::unwrap_or_clone(kept)), expected, "{text:?} again");
                    }
                }
            }
        }
    }

    #[test]
    fn a_bad_url_is_not_kept() {
        for _ in 0..2 {
            assert!(parse("http://h:99999/").is_err());
        }
        assert_eq!(parse("http://h:9999/").map(|url| url.port()), Ok(Some(9999)));
        assert_eq!(parse("http://h:9999/a").map(|url| url.path().to_owned()), Ok("/a".to_owned()));
    }
}
