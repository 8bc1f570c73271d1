//! Media types by a file's name.

use std::borrow::Cow;

use crate::wire::media;

/// What is sent for a name that says nothing.
const UNKNOWN: &str = "application/octet-stream";

/// The media type for a name, with the extensions that the user set first.
pub(super) fn media_type<'a>(name: &[u8], own: &'a [(String, String)]) -> Cow<'a, str> {
    let Some(extension) = extension(name) else {
        return own_type(own, "").map_or(Cow::Borrowed(UNKNOWN), Cow::Borrowed);
    };
    if let Some(own) = own_type(own, extension) {
        return Cow::Borrowed(own);
    }
    match media::of_extension(extension) {
        None => Cow::Borrowed(UNKNOWN),
        // One type for scripts and modules (RFC 9239 §6).
        Some("application/javascript") => Cow::Borrowed("text/javascript; charset=utf-8"),
        Some(text) if text.starts_with("text/") => Cow::Owned(format!("{text}; charset=utf-8")),
        Some(other) => Cow::Borrowed(other),
    }
}

/// Whether a compressed twin is worth looking for: text in one form or another.
///
/// Pictures, films and archives are compressed already; and the twin of `notes.tar` is more likely a file of its
/// own than the same one.
pub(super) fn is_compressible(media_type: &str) -> bool {
    const OTHERS: [&str; 4] = ["application/json", "application/wasm", "application/xml", "font/ttf"];
    let essence = media_type.split(';').next().unwrap_or_default().trim_end();
    essence.starts_with("text/")
        || essence.ends_with("+xml")
        || essence.ends_with("+json")
        || OTHERS.contains(&essence)
}

/// What stands after the last dot; a name that only begins with one has none.
fn extension(name: &[u8]) -> Option<&str> {
    let dot = name.iter().rposition(|&byte| byte == b'.').filter(|&dot| dot > 0)?;
    std::str::from_utf8(&name[dot + 1..]).ok().filter(|extension| !extension.is_empty())
}

fn own_type<'a>(own: &'a [(String, String)], extension: &str) -> Option<&'a str> {
    let found = own.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(extension))?;
    Some(&found.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "media-types")]
    #[test]
    fn types_by_name() {
        for (name, expected) in [
            ("index.html", "text/html; charset=utf-8"),
            ("INDEX.HTM", "text/html; charset=utf-8"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.mjs", "text/javascript; charset=utf-8"),
            ("a.b.txt", "text/plain; charset=utf-8"),
            ("a.json", "application/json"),
            ("a.svg", "image/svg+xml"),
            ("a.png", "image/png"),
            ("a.wasm", "application/wasm"),
            ("a.tar.gz", "application/gzip"),
            ("README", UNKNOWN),
            ("a.", UNKNOWN),
            (".txt", UNKNOWN),
            ("a.nosuchtype", UNKNOWN),
        ] {
            assert_eq!(media_type(name.as_bytes(), &[]), expected, "{name}");
        }
        assert_eq!(media_type(b"a.\xff", &[]), UNKNOWN);
        assert_eq!(media_type(b"\xff.txt", &[]), "text/plain; charset=utf-8");
    }

    #[cfg(feature = "media-types")]
    #[test]
    fn own_types_come_first() {
        let own = [("txt".into(), "text/x-own".into()), (String::new(), "text/plain".into())];
        assert_eq!(media_type(b"a.TXT", &own), "text/x-own");
        assert_eq!(media_type(b"README", &own), "text/plain");
        assert_eq!(media_type(b"a.css", &own), "text/css; charset=utf-8");
    }

    #[test]
    fn what_is_worth_compressing() {
        for yes in ["text/html; charset=utf-8", "image/svg+xml", "application/json", "application/ld+json"] {
            assert!(is_compressible(yes), "{yes}");
        }
        for no in ["image/png", "application/gzip", UNKNOWN, "application/x-tar", "video/mp4"] {
            assert!(!is_compressible(no), "{no}");
        }
    }
}
