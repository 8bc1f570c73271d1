//! [`urlencode`], [`quote`] and their relatives: percent coding.

use std::{
    borrow::Borrow,
    fmt::{Display, Write},
};

use form_urlencoded::byte_serialize;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode};

/// What `quote` leaves as it is: RFC 3986's unreserved characters, and the slash.
const QUOTED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Writes pairs as a form or a query: `name=Ada&year=1843`.
///
/// Takes pairs in any shape: arrays, vectors, slices, maps; names and values are anything that can be
/// shown, so numbers as well. The bytes follow the WHATWG's `application/x-www-form-urlencoded`: a space is
/// a `+`, everything but letters, digits and `*-._` is percent-coded in UTF-8.
///
/// Python: `urllib.parse.urlencode`, which leaves `~` as it is and codes `*`: both read back the same.
///
/// # Examples
///
/// ```
/// use std::collections::BTreeMap;
/// use sockeye::urllib::urlencode;
///
/// let login = [("username", "me@163.com"), ("password", "a b&c")];
/// assert_eq!(urlencode(login), "username=me%40163.com&password=a+b%26c");
/// assert_eq!(urlencode(&BTreeMap::from([("page", 2), ("size", 50)])), "page=2&size=50");
/// ```
pub fn urlencode<I, K, V>(pairs: I) -> String
where
    I: IntoIterator,
    I::Item: Borrow<(K, V)>,
    K: Display,
    V: Display,
{
    let mut out = String::new();
    let mut text = String::new();
    for pair in pairs {
        let (name, value) = pair.borrow();
        if !out.is_empty() {
            out.push('&');
        }
        encode(&mut out, &mut text, name);
        out.push('=');
        encode(&mut out, &mut text, value);
    }
    out
}

/// The same for names with several values: each value makes a pair of its own.
///
/// Python: `urllib.parse.urlencode(doseq=True)`.
///
/// ```
/// use sockeye::urllib::urlencode_doseq;
///
/// assert_eq!(urlencode_doseq([("tag", vec!["a", "b c"]), ("none", vec![])]), "tag=a&tag=b+c");
/// ```
pub fn urlencode_doseq<K, V, S>(pairs: impl IntoIterator<Item = (K, S)>) -> String
where
    K: Display,
    V: Display,
    S: IntoIterator<Item = V>,
{
    let named = pairs.into_iter().flat_map(|(name, values)| {
        let name = name.to_string();
        values.into_iter().map(move |value| (name.clone(), value)).collect::<Vec<_>>()
    });
    urlencode(named)
}

/// Appends one part; `text` is a scratch buffer.
fn encode(out: &mut String, text: &mut String, part: &impl Display) {
    text.clear();
    // Writing to a String fails only if a Display of the user's says so; what it wrote until then stands.
    let _ = write!(text, "{part}");
    out.extend(byte_serialize(text.as_bytes()));
}

/// Percent-codes everything but letters, digits, `_.-~` and `/`: for a path, or a piece of one.
///
/// Python: `urllib.parse.quote`.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{quote, unquote};
///
/// assert_eq!(quote("/El Niño/"), "/El%20Ni%C3%B1o/");
/// assert_eq!(unquote("/El%20Ni%C3%B1o/"), "/El Niño/");
/// ```
#[must_use]
pub fn quote(text: &str) -> String {
    utf8_percent_encode(text, QUOTED).collect()
}

/// The same, and leaves these ASCII characters as they are, too: `/` only if it is among them.
///
/// Python: `urllib.parse.quote(text, safe)`.
///
/// ```
/// use sockeye::urllib::quote_safe;
///
/// assert_eq!(quote_safe("a/b:c", ""), "a%2Fb%3Ac");
/// assert_eq!(quote_safe("a/b:c", ":"), "a%2Fb:c");
/// ```
#[must_use]
pub fn quote_safe(text: &str, safe: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || "_.-~".contains(c) || (c.is_ascii() && safe.contains(c));
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if plain(c) {
            out.push(c);
        } else {
            out.extend(percent_encode(c.encode_utf8(&mut [0; 4]).as_bytes(), NON_ALPHANUMERIC));
        }
    }
    out
}

/// As [`quote`], for bytes that needn't be UTF-8.
///
/// Python: `urllib.parse.quote_from_bytes`.
///
/// ```
/// use sockeye::urllib::{quote_from_bytes, unquote_to_bytes};
///
/// assert_eq!(quote_from_bytes(b"a&\xef"), "a%26%EF");
/// assert_eq!(unquote_to_bytes("a%26%EF"), b"a&\xef");
/// ```
#[must_use]
pub fn quote_from_bytes(bytes: &[u8]) -> String {
    percent_encode(bytes, QUOTED).collect()
}

/// Undoes [`quote_from_bytes`].
///
/// Python: `urllib.parse.unquote_to_bytes`.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::unquote_to_bytes;
///
/// assert_eq!(unquote_to_bytes("a%20%FF"), b"a \xff");
/// ```
#[must_use]
pub fn unquote_to_bytes(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

/// Undoes [`quote`]. Bytes that aren't UTF-8 become U+FFFD, as in Python.
///
/// Python: `urllib.parse.unquote`.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::unquote;
///
/// assert_eq!(unquote("a%20b+c%C3%A9"), "a b+cé");
/// assert_eq!(unquote("%ff%zz"), "\u{fffd}%zz");
/// ```
#[must_use]
pub fn unquote(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Codes one name or value of a form: as [`urlencode`] does, a space is a `+`.
///
/// Python: `urllib.parse.quote_plus`.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::quote_plus;
///
/// assert_eq!(quote_plus("a b&c=1/2"), "a+b%26c%3D1%2F2");
/// ```
#[must_use]
pub fn quote_plus(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// Undoes [`quote_plus`].
///
/// Python: `urllib.parse.unquote_plus`.
///
/// ```
/// use sockeye::urllib::{quote_plus, unquote_plus};
///
/// assert_eq!(unquote_plus(&quote_plus("a b+c")), "a b+c");
/// ```
#[must_use]
pub fn unquote_plus(text: &str) -> String {
    unquote(&text.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn pairs_in_every_shape() {
        let pairs = vec![("a", "1"), ("b", "2")];
        assert_eq!(urlencode(&pairs), "a=1&b=2");
        assert_eq!(urlencode(pairs), "a=1&b=2");
        assert_eq!(urlencode(HashMap::from([("k".to_owned(), 7)])), "k=7");
        assert_eq!(urlencode([] as [(&str, &str); 0]), "");
    }

    #[test]
    fn nothing_unclean_gets_through() {
        assert_eq!(urlencode([("a\r\nb", "c\0 d=&")]), "a%0D%0Ab=c%00+d%3D%26");
        assert_eq!(quote("a\r\nb?c#d"), "a%0D%0Ab%3Fc%23d");
    }

    #[test]
    fn what_is_not_utf_8_is_replaced() {
        assert_eq!(unquote("%ff%41%zz%"), "\u{fffd}A%zz%");
    }
}
