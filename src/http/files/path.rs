//! From a request's path to a file's, purely.
//!
//! The path is decoded once, here, into names that lead downwards only: none is empty, `.` or `..`, none holds a
//! slash or a NUL. What is opened under the root is made of these names alone.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// What stays as it is in a name within a URL: letters, digits and the marks that RFC 3986 §2.3 leaves free.
/// A colon is encoded, so no name can look like a scheme, and so is a backslash, which browsers take for a slash.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What is encoded in a query that is sent back: whatever isn't allowed there (RFC 3986 §3.4), and the backslash.
const QUERY: &AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`');

/// A file or folder below the root, as a request names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The names, joined with slashes; empty for the root itself.
    ///
    /// INVARIANT: no name is empty, `.` or `..`, none holds a NUL, and the first byte is no slash.
    path: Vec<u8>,
    /// How the request wrote it.
    spelling: Spelling,
}

/// How a path was written; a folder is served under one spelling alone, as links on its page are relative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Ends with a slash: a folder.
    Folder,
    /// Doesn't: a file, or a folder to be redirected.
    File,
    /// Ends with a slash, and has empty names or dots on the way: a folder to be redirected.
    Crooked,
}

impl Wanted {
    /// What the path of a request names; `None` when nothing can be there.
    ///
    /// Refused are `..` in any disguise (clients resolve it before they send, RFC 3986 §5.2.4), NUL, and encoded
    /// slashes: no file's name has one. A backslash is a letter here as in every Unix file name, unless a system
    /// that takes it for a slash would climb by it.
    pub(super) fn parse(path: &str) -> Option<Wanted> {
        let mut names = Vec::with_capacity(path.len());
        let mut crooked = false;
        let path = path.strip_prefix('/')?;
        let (inner, folder) = match path.strip_suffix('/') {
            Some(inner) => (inner, true),
            None => (path, path.is_empty()),
        };
        // The root's path has no names at all; any other empty name is a doubled slash.
        let written = if path.is_empty() { None } else { Some(inner.split('/')) };
        for name in written.into_iter().flatten() {
            let name: Vec<u8> = percent_decode_str(name).collect();
            if name.is_empty() || name == b"." {
                crooked = true;
                continue;
            }
            if !is_servable(&name) {
                return None;
            }
            if !names.is_empty() {
                names.push(b'/');
            }
            names.extend_from_slice(&name);
        }
        let spelling = match (folder, crooked) {
            (true, false) => Spelling::Folder,
            (true, true) => Spelling::Crooked,
            // `/a/.` is a folder, `/a//b` may be a file.
            (false, _) => Spelling::File,
        };
        Some(Wanted { path: names, spelling })
    }

    /// The path below the root, for `openat(2)`: `.` is the root itself.
    pub(super) fn below_root(&self) -> &[u8] {
        if self.path.is_empty() { b"." } else { &self.path }
    }

    pub(super) fn spelling(&self) -> Spelling {
        self.spelling
    }

    /// The names on the way.
    pub(super) fn names(&self) -> impl DoubleEndedIterator<Item = &[u8]> + Clone {
        self.path.split(|&byte| byte == b'/').filter(|name| !name.is_empty())
    }

    /// The last name; empty for the root.
    pub(super) fn last_name(&self) -> &[u8] {
        self.names().next_back().unwrap_or_default()
    }

    /// The same with that name at its end.
    pub(super) fn join(&self, name: &str) -> Wanted {
        let mut path = self.path.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name.as_bytes());
        Wanted { path, spelling: Spelling::File }
    }

    /// The same file's path with that ending.
    pub(super) fn with_suffix(&self, suffix: &str) -> Vec<u8> {
        [self.below_root(), suffix.as_bytes()].concat()
    }

    /// Where this folder is served: the one spelling that its page's links count on.
    ///
    /// Begins with exactly one slash, and with nothing that a browser takes for one, since no name is empty and
    /// each is encoded: it can't lead to another host.
    pub(super) fn folder_location(&self, query: Option<&str>) -> String {
        let mut location = String::from("/");
        for name in self.names() {
            location.extend(encode_name(name));
            location.push('/');
        }
        if let Some(query) = query {
            location.push('?');
            location.extend(percent_encoding::utf8_percent_encode(query, QUERY));
        }
        location
    }
}

/// A name for an `href`, byte for byte.
pub(super) fn encode_name(name: &[u8]) -> percent_encoding::PercentEncode<'_> {
    percent_encode(name, NAME)
}

/// Whether a request may name it: it holds no slash and no NUL, and none of the parts between backslashes is `..`.
pub(super) fn is_servable(name: &[u8]) -> bool {
    let climbs = name.split(|&byte| byte == b'\\').any(|part| part == b"..");
    !climbs && !name.iter().any(|byte| matches!(byte, b'/' | 0))
}

#[cfg(test)]
mod tests;
