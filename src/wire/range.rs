//! Ranges of bytes (RFC 9110 §14): which parts of a representation a `Range` field asks for, and how several
//! of them travel in one answer.
//!
//! What comes out is bounded whatever went in: at most [`MAX_RANGES`] ranges, none overlapping another, so an
//! answer is never longer than the representation and the heads of its parts.

use std::ops::Range;

/// How many ranges a request may name; with more, the field is ignored and the whole is sent.
///
/// Browsers and download tools name one, PDF readers up to a dozen. RFC 9110 §14.2 names "many small ranges"
/// as the sign of a broken client or of an attack.
pub(crate) const MAX_RANGES: usize = 32;

/// Ranges that are closer than this are sent as one: about the size of a part's head (RFC 9110 §15.3.7.2).
const GAP: u64 = 80;

/// What to send of a representation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// All of it: the field doesn't apply, or isn't one (RFC 9110 §14.2 wants it ignored then).
    Whole,
    /// One part: 206 with `Content-Range`.
    One(Range<u64>),
    /// Several parts, in the order asked for: 206 with `multipart/byteranges`.
    ///
    /// INVARIANT: at least two, at most [`MAX_RANGES`], none empty, none within [`GAP`] of another.
    Several(Vec<Range<u64>>),
    /// No part of it: 416.
    Unsatisfiable,
}

/// What a `Range` field selects of a representation of that length.
pub(crate) fn select(value: &[u8], length: u64) -> Selection {
    let Some(set) = byte_ranges(value) else { return Selection::Whole };
    let mut selected: Vec<Range<u64>> = Vec::new();
    let mut named = 0;
    for spec in set.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
        // An empty element of a list counts for nothing (RFC 9110 §5.6.1.2).
        if spec.is_empty() {
            continue;
        }
        named += 1;
        let Some(spec) = Spec::parse(spec) else { return Selection::Whole };
        if named > MAX_RANGES {
            return Selection::Whole;
        }
        match spec.resolve(length) {
            Some(range) if range.is_empty() => return Selection::Whole,
            Some(range) => selected.push(range),
            None => {}
        }
    }
    merge(&mut selected);
    match selected.len() {
        0 if named == 0 => Selection::Whole,
        0 => Selection::Unsatisfiable,
        1 => Selection::One(selected.remove(0)),
        _ => Selection::Several(selected),
    }
}

/// The value of `Content-Range` for a part (RFC 9110 §14.4); the range isn't empty.
pub(crate) fn content_range(range: &Range<u64>, length: u64) -> String {
    format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1))
}

/// The value of `Content-Range` in a 416.
pub(crate) fn unsatisfied_range(length: u64) -> String {
    format!("bytes */{length}")
}

/// The text between the parts of a `multipart/byteranges` body (RFC 9110 §14.6).
#[derive(Debug)]
pub(crate) struct Multipart<'a> {
    /// Doesn't occur in the data: the caller makes it at random.
    pub(crate) boundary: &'a str,
    /// The representation's media type.
    pub(crate) media_type: &'a str,
    /// The representation's length.
    pub(crate) length: u64,
}

impl Multipart<'_> {
    /// The value of the answer's `Content-Type`.
    pub(crate) fn content_type(&self) -> String {
        format!("multipart/byteranges; boundary={}", self.boundary)
    }

    /// What stands before the bytes of a part.
    pub(crate) fn part_head(&self, range: &Range<u64>) -> String {
        format!(
            "\r\n--{}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
            self.boundary,
            self.media_type,
            content_range(range, self.length)
        )
    }

    /// What stands after the last part.
    pub(crate) fn end(&self) -> String {
        format!("\r\n--{}--\r\n", self.boundary)
    }

    /// How long the body with these parts is.
    pub(crate) fn body_length(&self, ranges: &[Range<u64>]) -> u64 {
        let parts = ranges.iter().map(|range| self.part_head(range).len() as u64 + (range.end - range.start));
        parts.fold(self.end().len() as u64, u64::saturating_add)
    }
}

/// One element of the list.
enum Spec {
    /// `first-` and `first-last`, both inclusive; no last is the largest number.
    From { first: u64, last: u64 },
    /// `-n`: the last n bytes.
    Suffix(u64),
}

impl Spec {
    fn parse(spec: &[u8]) -> Option<Spec> {
        let dash = spec.iter().position(|&byte| byte == b'-')?;
        match (&spec[..dash], &spec[dash + 1..]) {
            (b"", b"") => None,
            (b"", suffix) => Some(Spec::Suffix(number(suffix)?)),
            (first, b"") => Some(Spec::From { first: number(first)?, last: u64::MAX }),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                // A last byte before the first makes the whole field invalid (RFC 9110 §14.1.1).
                (first <= last).then_some(Spec::From { first, last })
            }
        }
    }

    /// The bytes meant; `None` if there are none, an empty range for all of an empty representation.
    fn resolve(self, length: u64) -> Option<Range<u64>> {
        match self {
            Spec::From { first, last } if first < length => Some(first..last.saturating_add(1).min(length)),
            // Satisfiable even when there is nothing (RFC 9110 §14.1.2).
            Spec::Suffix(n) if n > 0 => Some(length.saturating_sub(n)..length),
            _ => None,
        }
    }
}

/// The list after `bytes=`; units are compared without case (RFC 9110 §14.1).
fn byte_ranges(value: &[u8]) -> Option<&[u8]> {
    let equals = value.iter().position(|&byte| byte == b'=')?;
    value[..equals].eq_ignore_ascii_case(b"bytes").then_some(&value[equals + 1..])
}

/// Digits only; what doesn't fit is the largest number, which lies past every representation.
fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |sum, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        Some(sum.checked_mul(10).and_then(|sum| sum.checked_add(digit)).unwrap_or(u64::MAX))
    })
}

/// Joins ranges that overlap or nearly touch; each stays where its earliest piece stood.
fn merge(ranges: &mut Vec<Range<u64>>) {
    let near = |a: &Range<u64>, b: &Range<u64>| {
        a.start <= b.end.saturating_add(GAP) && b.start <= a.end.saturating_add(GAP)
    };
    let mut kept = 0;
    while kept < ranges.len() {
        match (kept + 1..ranges.len()).find(|&other| near(&ranges[kept], &ranges[other])) {
            Some(other) => {
                let other = ranges.remove(other);
                let kept = &mut ranges[kept];
                *kept = kept.start.min(other.start)..kept.end.max(other.end);
            }
            None => kept += 1,
        }
    }
}

#[cfg(test)]
mod tests;
