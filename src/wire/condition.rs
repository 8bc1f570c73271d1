//! Conditional requests (RFC 9110 §13): whether a request goes on, given what the resource is like now.
//!
//! - [`EntityTag`]: what `ETag` says, and the two ways to compare it.
//! - [`Validators`]: the selected representation as it is now.
//! - [`evaluate`]: the five fields in the order of §13.2.2.
//!
//! A field that can't be read never makes a condition true that protects something: a malformed `If-Match` fails
//! the request, a malformed `If-None-Match` sends the representation. A date that isn't one is ignored, as the
//! RFC demands.

use ::http::Method;

use super::date::{parse, seconds_since_1970};

/// An entity tag (RFC 9110 §8.8.3): `"opaque"`, or `W/"opaque"` for a weak one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag<'a> {
    strength: Strength,
    /// What stands between the quotes.
    opaque: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strength {
    Strong,
    Weak,
}

impl<'a> EntityTag<'a> {
    /// The tag written there, if it is one and nothing else.
    pub(crate) fn parse(text: &'a [u8]) -> Option<EntityTag<'a>> {
        match Self::parse_first(text)? {
            (tag, b"") => Some(tag),
            _ => None,
        }
    }

    /// The tag at the beginning, and what follows it.
    fn parse_first(text: &'a [u8]) -> Option<(EntityTag<'a>, &'a [u8])> {
        let (strength, quoted) = match text.strip_prefix(b"W/") {
            Some(rest) => (Strength::Weak, rest),
            None => (Strength::Strong, text),
        };
        let inner = quoted.strip_prefix(b"\"")?;
        let end = inner.iter().position(|&byte| byte == b'"')?;
        let opaque = &inner[..end];
        let etagc = |&byte: &u8| byte > b' ' && byte != 0x7f;
        opaque.iter().all(etagc).then_some((EntityTag { strength, opaque }, &inner[end + 1..]))
    }

    /// Strong comparison (RFC 9110 §8.8.3.2): the same bytes, for ranges and for changes.
    pub(crate) fn is_exactly(&self, other: &EntityTag<'_>) -> bool {
        self.strength == Strength::Strong && self == other
    }

    /// Weak comparison: as good as the same, for caches.
    pub(crate) fn is_like(&self, other: &EntityTag<'_>) -> bool {
        self.opaque == other.opaque
    }
}

/// What the selected representation is like now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validators<'a> {
    /// Its entity tag.
    pub(crate) tag: Option<EntityTag<'a>>,
    /// When it was last changed, in whole seconds since 1970, as `Last-Modified` says it.
    pub(crate) modified: Option<u64>,
    /// The time of the answer, likewise. A change within the last second makes the date useless for ranges.
    pub(crate) now: u64,
}

/// How the request goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome<'h> {
    /// As if there were no condition, and no `Range`.
    Whole,
    /// The value of `Range` applies.
    Ranges(&'h [u8]),
    /// The client's copy is still good: 304.
    NotModified,
    /// It isn't what the client thinks it is: 412.
    Failed,
}

/// Evaluates a request's conditions in the order of RFC 9110 §13.2.2.
///
/// To be called once the request would otherwise be answered with 200 (§13.2.1).
pub(crate) fn evaluate<'h>(
    method: &Method,
    fields: impl Iterator<Item = (&'h str, &'h [u8])> + Clone,
    current: &Validators<'_>,
) -> Outcome<'h> {
    let reads = method == Method::GET || method == Method::HEAD;
    let all = |name: &'static str| {
        fields.clone().filter_map(move |(n, value)| n.eq_ignore_ascii_case(name).then_some(value))
    };
    // A date, or a range, that is given twice is none.
    let only = |name| {
        let mut values = all(name);
        values.next().filter(|_| values.next().is_none())
    };

    // Steps 1 and 2.
    if all("if-match").next().is_some() {
        if !all("if-match").any(|list| lists(list, current, EntityTag::is_exactly)) {
            return Outcome::Failed;
        }
    } else if let (Some(limit), Some(modified)) =
        (only("if-unmodified-since").and_then(seconds), current.modified)
    {
        if modified > limit {
            return Outcome::Failed;
        }
    }
    // Steps 3 and 4.
    if all("if-none-match").next().is_some() {
        if all("if-none-match").any(|list| lists(list, current, EntityTag::is_like)) {
            return if reads { Outcome::NotModified } else { Outcome::Failed };
        }
    } else if reads {
        match (only("if-modified-since").and_then(seconds), current.modified) {
            (Some(limit), Some(modified)) if modified <= limit => return Outcome::NotModified,
            _ => {}
        }
    }
    // Step 5; ranges are defined for GET alone (§14.2).
    match only("range").filter(|_| method == Method::GET) {
        Some(range) if all("if-range").next().is_none() => Outcome::Ranges(range),
        Some(range) if only("if-range").is_some_and(|value| is_unchanged(value, current)) => {
            Outcome::Ranges(range)
        }
        _ => Outcome::Whole,
    }
}

/// Whether a list of tags, or `*`, names the current representation.
fn lists<'a>(
    list: &'a [u8],
    current: &Validators<'_>,
    same: impl Fn(&EntityTag<'a>, &EntityTag<'_>) -> bool,
) -> bool {
    let mut rest = list.trim_ascii();
    if rest == b"*" {
        return true;
    }
    let Some(now) = current.tag else { return false };
    loop {
        // Empty elements of a list count for nothing (RFC 9110 §5.6.1.2).
        while let [b',' | b' ' | b'\t', after @ ..] = rest {
            rest = after;
        }
        let Some((tag, after)) = EntityTag::parse_first(rest) else { return false };
        if same(&tag, &now) {
            return true;
        }
        rest = after.trim_ascii_start();
        if !rest.starts_with(b",") {
            return false;
        }
    }
}

/// `If-Range` (RFC 9110 §13.1.5): a strong tag, or a date that can be relied upon.
fn is_unchanged(value: &[u8], current: &Validators<'_>) -> bool {
    let value = value.trim_ascii();
    match (EntityTag::parse(value), current.tag) {
        (Some(tag), Some(now)) => tag.is_exactly(&now),
        (Some(_), None) => false,
        // Exactly that date, and no second change can hide in its second (§8.8.2.2).
        (None, _) => current.modified.is_some_and(|modified| {
            seconds(value) == Some(modified) && modified.saturating_add(1) <= current.now
        }),
    }
}

/// An HTTP date in any of its three forms (RFC 9110 §5.6.7), in seconds since 1970.
fn seconds(value: &[u8]) -> Option<u64> {
    seconds_since_1970(parse(std::str::from_utf8(value).ok()?.trim())?)
}

#[cfg(test)]
mod tests;
