//! The field lines of a head, as they were parsed: borrowed, in order, names as the peer spelled them.
//!
//! - [`Storage`]: where httparse puts them; on the caller's stack, never zeroed
//! - [`Fields`]: what the rest of the crate sees
//!
//! The pass that checks the line ends also notes where the few fields are that decide on framing, so that
//! nobody has to search for them again.

use std::mem::MaybeUninit;

use ::http::{HeaderMap, HeaderName, HeaderValue};
use httparse::Header;

use super::head::HeadError;

/// The most field lines a head can have.
pub(crate) const MAX_FIELDS: usize = 100;

/// Room for the field lines of one head.
pub(crate) struct Storage<'b> {
    pub(super) lines: [MaybeUninit<Header<'b>>; MAX_FIELDS],
    /// For a version that httparse doesn't know: it reads such a head's lines by another function, which wants them
    /// initialised.
    pub(super) newer: Option<[Header<'b>; MAX_FIELDS]>,
}

/// Fresh room; costs nothing, as it isn't initialised. Each head wants its own: it stays borrowed with the head.
#[inline]
pub(crate) const fn storage<'b>() -> Storage<'b> {
    Storage { lines: [const { MaybeUninit::uninit() }; MAX_FIELDS], newer: None }
}

/// The field lines of a head.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    lines: &'a [Header<'a>],
    known: Known,
}

/// A field that the wire itself acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Host,
    Expect,
    Connection,
    ContentLength,
    TransferEncoding,
}

/// Where the fields are that the wire acts on, by [`Name`].
type Known = [Seen; 5];

/// How often a field was seen, and where first.
#[derive(Clone, Copy, Default)]
struct Seen {
    count: u8,
    first: u8,
}

// `Seen` counts in bytes.
const _: () = assert!(MAX_FIELDS <= u8::MAX as usize);

impl<'a> Fields<'a> {
    /// Takes what httparse made of `bytes`, and refuses a line that a bare LF ends, which httparse lets pass.
    ///
    /// No search: the end of each value is known, and what follows it, past white space, has to be a CR
    /// (httparse has made sure that LF follows a CR).
    pub(super) fn survey(bytes: &[u8], lines: &'a [Header<'a>]) -> Result<Fields<'a>, HeadError> {
        let base = bytes.as_ptr().addr();
        let mut known = Known::default();
        for (index, line) in lines.iter().enumerate() {
            let mut end = line.value.as_ptr().addr().wrapping_sub(base).wrapping_add(line.value.len());
            loop {
                match bytes.get(end) {
                    Some(b'\r') => break,
                    Some(b' ' | b'\t') => end += 1,
                    _ => return Err(HeadError::BareLineFeed),
                }
            }
            if let Some(name) = Name::of(line.name) {
                let seen = &mut known[name as usize];
                if seen.count == 0 {
                    seen.first = index as u8;
                }
                seen.count += 1;
            }
        }
        Ok(Fields { lines, known })
    }

    /// The value of the first line of that name, in any case.
    pub(crate) fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.lines.iter().find(|line| line.name.eq_ignore_ascii_case(name)).map(|line| line.value)
    }

    /// Names and values, in order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&'a str, &'a [u8])> + Clone + use<'a> {
        self.lines.iter().map(|line| (line.name, line.value))
    }

    /// The ecosystem's map of them; it allocates.
    pub(crate) fn to_header_map(self) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(self.lines.len());
        for (name, value) in self.iter() {
            // Both always succeed, as httparse checks for the same sets of characters.
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value))
            {
                map.append(name, value);
            }
        }
        map
    }

    /// How many lines of that name there are.
    #[inline]
    pub(super) fn count(&self, name: Name) -> usize {
        self.known[name as usize].count.into()
    }

    /// The value of the first line of that name, without a search.
    #[inline]
    pub(super) fn first(&self, name: Name) -> Option<&'a [u8]> {
        let seen = self.known[name as usize];
        if seen.count == 0 {
            return None;
        }
        self.lines.get(usize::from(seen.first)).map(|line| line.value)
    }

    /// The values of all lines of that name; a search only if there are several.
    pub(super) fn all(&self, name: Name) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let seen = self.known[name as usize];
        let (first, last) = match seen.count {
            0 => (0, 0),
            1 => (usize::from(seen.first), usize::from(seen.first) + 1),
            _ => (usize::from(seen.first), self.lines.len()),
        };
        let lines = self.lines.get(first..last).unwrap_or_default();
        lines.iter().filter(move |line| Name::of(line.name) == Some(name)).map(|line| line.value)
    }
}

impl std::fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.lines).finish()
    }
}

impl Name {
    #[inline(always)]
    fn of(name: &str) -> Option<Name> {
        // The length tells them apart, so that most names cost one look at a number.
        let (is, found) = match name.len() {
            4 => (reads(name, b"host"), Name::Host),
            6 => (reads(name, b"expect"), Name::Expect),
            10 => (reads(name, b"connection"), Name::Connection),
            14 => (reads(name, b"content-length"), Name::ContentLength),
            17 => (reads(name, b"transfer-encoding"), Name::TransferEncoding),
            _ => return None,
        };
        is.then_some(found)
    }
}

/// Whether a token reads so in some case: letters and hyphens, of which the bit that makes them small is set. Of a known
/// length, so that the compiler looks at many bytes at once.
#[inline]
fn reads<const N: usize>(token: &str, lowercase: &[u8; N]) -> bool {
    let token: Option<&[u8; N]> = token.as_bytes().try_into().ok();
    token.is_some_and(|token| {
        token.iter().zip(lowercase).fold(0, |all, (byte, small)| all | ((byte | 0x20) ^ small)) == 0
    })
}

/// The members of a comma-separated list, without the white space around them; empty ones are left out
/// (RFC 9110 §5.6.1). Not for lists whose members may be quoted strings.
pub(crate) fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(trim).filter(|member| !member.is_empty())
}

/// Without the spaces and tabs around it.
pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}
