//! The page of a folder without an index page.
//!
//! One page without anything to load beside it, for phones and desktops, by day and by night. Names are whatever
//! bytes they are: shown as text, and linked byte for byte.

use std::{
    cmp::Reverse,
    time::{Duration, SystemTime},
};

use super::{
    super::error_page::escape,
    path::{Wanted, encode_name},
};
use crate::wire::date::http_date;

/// The media type of [`render`]'s pages.
pub(super) const CONTENT_TYPE: &str = "text/html; charset=utf-8";

/// Nothing is loaded, nothing runs: a name that got past the escaping would still be only text.
pub(super) const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const STYLE: &str = include_str!("listing.css");

/// A salmon-coloured dot: without it, browsers ask for `/favicon.ico`.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
                    %3Ccircle cx='8' cy='8' r='6' fill='%23e8765f'/%3E%3C/svg%3E";

/// One line of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// As the file system has it.
    pub(super) name: Vec<u8>,
    pub(super) content: Content,
    /// When it was changed, in seconds since 1970.
    pub(super) modified: i64,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Folder,
    /// A file of so many bytes.
    File(u64),
}

/// The page of a folder with these entries, in any order.
pub(super) fn render(folder: &Wanted, mut entries: Vec<Entry>) -> Vec<u8> {
    entries.sort_by_cached_key(|entry| {
        let name = String::from_utf8_lossy(&entry.name).to_lowercase();
        (Reverse(entry.content == Content::Folder), name, entry.name.clone())
    });
    let mut page = Vec::with_capacity(STYLE.len() + 1024 + 256 * entries.len());
    head(&mut page, folder);
    page.extend_from_slice(b"<main>\n");
    breadcrumbs(&mut page, folder);
    summary(&mut page, &entries);
    let is_root = folder.names().next().is_none();
    // A list without items would be an empty frame.
    if !(is_root && entries.is_empty()) {
        page.extend_from_slice(b"<ul>\n");
        if !is_root {
            page.extend_from_slice(b"<li><a class=\"u\" href=\"../\"><b>Parent folder</b></a></li>\n");
        }
        for entry in &entries {
            line(&mut page, entry);
        }
        page.extend_from_slice(b"</ul>\n");
    }
    page.extend_from_slice(b"</main>\n</body>\n</html>\n");
    page
}

fn head(page: &mut Vec<u8>, folder: &Wanted) {
    page.extend_from_slice(
        b"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
          <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Index of /",
    );
    for name in folder.names() {
        escape(page, &visible(name));
        page.push(b'/');
    }
    page.extend_from_slice(b"</title>\n<link rel=\"icon\" href=\"");
    page.extend_from_slice(ICON.as_bytes());
    page.extend_from_slice(b"\">\n<style>\n");
    page.extend_from_slice(STYLE.as_bytes());
    page.extend_from_slice(b"</style>\n</head>\n<body>\n");
}

/// The way from the root, each step a link; relative, as the root may stand below a path of a proxy's.
fn breadcrumbs(page: &mut Vec<u8>, folder: &Wanted) {
    let depth = folder.names().count();
    page.extend_from_slice(b"<h1>");
    for (step, name) in std::iter::once(&b"Index"[..]).chain(folder.names()).enumerate() {
        if step > 0 {
            page.extend_from_slice(b"<i>/</i>");
        }
        let name = visible(name);
        if step == depth {
            escape(page, &name);
        } else {
            page.extend_from_slice(b"<a href=\"");
            page.extend_from_slice("../".repeat(depth - step).as_bytes());
            page.extend_from_slice(b"\">");
            escape(page, &name);
            page.extend_from_slice(b"</a>");
        }
    }
    page.extend_from_slice(b"</h1>\n");
}

/// `2 folders, 1 file, 12 kB (times are UTC)`.
fn summary(page: &mut Vec<u8>, entries: &[Entry]) {
    let sizes = entries.iter().filter_map(|entry| match entry.content {
        Content::File(size) => Some(size),
        Content::Folder => None,
    });
    let files = sizes.clone().count();
    let counted = |count: usize, one: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {one}s")),
    };
    let size = (files > 0).then(|| human_size(sizes.fold(0, u64::saturating_add)));
    let parts: Vec<String> = [counted(entries.len() - files, "folder"), counted(files, "file"), size]
        .into_iter()
        .flatten()
        .collect();
    let text = match parts.join(", ") {
        none if none.is_empty() => "Nothing here".to_owned(),
        counted => counted + " (times are UTC)",
    };
    page.extend_from_slice(b"<p>");
    page.extend_from_slice(text.as_bytes());
    page.extend_from_slice(b"</p>\n");
}

fn line(page: &mut Vec<u8>, entry: &Entry) {
    let (class, slash) = match entry.content {
        Content::Folder => ("d", "/"),
        Content::File(_) => ("f", ""),
    };
    page.extend_from_slice(b"<li><a class=\"");
    page.extend_from_slice(class.as_bytes());
    page.extend_from_slice(b"\" href=\"");
    for piece in encode_name(&entry.name) {
        page.extend_from_slice(piece.as_bytes());
    }
    page.extend_from_slice(slash.as_bytes());
    page.extend_from_slice(b"\"><b>");
    escape(page, &visible(&entry.name));
    page.extend_from_slice(slash.as_bytes());
    page.extend_from_slice(b"</b><span class=\"s\">");
    if let Content::File(size) = entry.content {
        page.extend_from_slice(human_size(size).as_bytes());
    }
    page.extend_from_slice(b"</span><span class=\"t\">");
    if let Some(date) = date(entry.modified) {
        page.extend_from_slice(date.as_bytes());
    }
    page.extend_from_slice(b"</span></a></li>\n");
}

/// A name as text; what can't be seen, or turns the text around it, is replaced.
fn visible(name: &[u8]) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let hidden = |c: char| c.is_control() || turns(c);
    String::from_utf8_lossy(name).replace(hidden, "\u{fffd}")
}

/// A size in three digits: `999 B`, `1.2 kB`, `34 MB`.
fn human_size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let (mut scaled, mut unit) = (bytes as f64 / 1000.0, 0);
    // What would be shown as 1000 is 1.0 of the next.
    while scaled >= 999.5 && unit + 1 < UNITS.len() {
        scaled /= 1000.0;
        unit += 1;
    }
    let decimals = usize::from(scaled < 9.95);
    format!("{scaled:.decimals$} {}", UNITS[unit])
}

/// `06 Nov 1994 08:49`, in UTC; `None` outside of what an HTTP date can tell.
fn date(seconds: i64) -> Option<String> {
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))?;
    // The pieces of `Sun, 06 Nov 1994 08:49:37 GMT`.
    http_date(time)?.to_string().get(5..22).map(str::to_owned)
}

#[cfg(test)]
mod tests;
