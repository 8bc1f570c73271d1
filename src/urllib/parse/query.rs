//! [`parse_qs`] and [`parse_qsl`]: forms and queries, read back.

use std::{borrow::Cow, collections::BTreeMap};

use super::unquote_plus;
use crate::error::{Error, ErrorKind, Result};

/// Reads a form or a query back into its pairs, in order; values that are empty are kept. [`QueryOptions`] has more.
///
/// Python: `urllib.parse.parse_qsl(keep_blank_values=True)`.
///
/// ```
/// use sockeye::urllib::parse_qsl;
///
/// let pairs: Vec<_> = parse_qsl("a=1&b=x+y&c").collect();
/// assert_eq!(pairs, [("a".into(), "1".into()), ("b".into(), "x y".into()), ("c".into(), "".into())]);
/// ```
pub fn parse_qsl(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(text.as_bytes())
}

/// Reads a form or a query back: each name with its values, in order; values that are empty are kept.
///
/// Python: `urllib.parse.parse_qs(keep_blank_values=True)`.
///
/// ```
/// use sockeye::urllib::parse_qs;
///
/// let form = parse_qs("a=1&b=2&a=3");
/// assert_eq!(form["a"], ["1", "3"]);
/// ```
#[must_use]
pub fn parse_qs(text: &str) -> BTreeMap<String, Vec<String>> {
    gather(parse_qsl(text).map(|(name, value)| (name.into_owned(), value.into_owned())))
}

fn gather(pairs: impl Iterator<Item = (String, String)>) -> BTreeMap<String, Vec<String>> {
    pairs.fold(BTreeMap::new(), |mut form, (name, value)| {
        form.entry(name).or_insert_with(Vec::new).push(value);
        form
    })
}

/// How a form or a query is read, where [`parse_qsl`] isn't enough.
///
/// Python: the arguments of `urllib.parse.parse_qsl`.
///
/// # Examples
///
/// ```
/// use sockeye::{ErrorKind, urllib::QueryOptions};
///
/// let options = QueryOptions::new().separator(';').drop_blank_values().max_num_fields(2);
/// assert_eq!(options.parse_qsl("a=1;b=")?, [("a".to_owned(), "1".to_owned())]);
/// assert_eq!(options.parse_qsl("a=1;b=2;c=3").unwrap_err().kind(), ErrorKind::TooLarge);
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct QueryOptions {
    separator: char,
    blanks: Blanks,
    broken: Broken,
    most: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blanks {
    Kept,
    Dropped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Taken,
    Refused,
}

impl QueryOptions {
    /// As [`parse_qsl`] reads.
    #[must_use]
    pub fn new() -> QueryOptions {
        QueryOptions { separator: '&', blanks: Blanks::Kept, broken: Broken::Taken, most: None }
    }

    /// What stands between the fields. Default is `&`.
    ///
    /// Python: the argument `separator` of `parse_qsl`.
    #[must_use]
    pub fn separator(self, separator: char) -> QueryOptions {
        QueryOptions { separator, ..self }
    }

    /// Leaves out fields without a value. Default is to keep them.
    ///
    /// Python: `keep_blank_values=False`, the default there.
    #[must_use]
    pub fn drop_blank_values(self) -> QueryOptions {
        QueryOptions { blanks: Blanks::Dropped, ..self }
    }

    /// A field without `=` is an error. Default is to take it for a name.
    ///
    /// Python: `strict_parsing=True`.
    #[must_use]
    pub fn strict(self) -> QueryOptions {
        QueryOptions { broken: Broken::Refused, ..self }
    }

    /// How many fields there may be. Default is any number: the text's length is the bound.
    ///
    /// Python: the argument `max_num_fields` of `parse_qsl`.
    #[must_use]
    pub fn max_num_fields(self, most: usize) -> QueryOptions {
        QueryOptions { most: Some(most), ..self }
    }

    /// The pairs, in order.
    ///
    /// Python: `urllib.parse.parse_qsl`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] for too many fields, [`ErrorKind::InvalidInput`] for a broken one if that is
    /// [asked for](Self::strict).
    pub fn parse_qsl(&self, text: &str) -> Result<Vec<(String, String)>> {
        let mut pairs = Vec::new();
        // Counted before anything is made of them, as in Python.
        let fields = if text.is_empty() { 0 } else { text.matches(self.separator).count() + 1 };
        if let Some(most) = self.most.filter(|most| fields > *most) {
            return Err(Error::new(ErrorKind::TooLarge, format!("{fields} fields, {most} are allowed")));
        }
        for field in text.split(self.separator) {
            let (name, value) = match field.split_once('=') {
                Some(pair) => pair,
                None if field.is_empty() && self.broken == Broken::Taken => continue,
                None if self.broken == Broken::Taken => (field, ""),
                None if text.is_empty() => continue,
                None => {
                    let message = format!("the field {field:?} has no \"=\"");
                    return Err(Error::new(ErrorKind::InvalidInput, message));
                }
            };
            if !value.is_empty() || self.blanks == Blanks::Kept {
                pairs.push((unquote_plus(name), unquote_plus(value)));
            }
        }
        Ok(pairs)
    }

    /// Each name with its values, in order.
    ///
    /// Python: `urllib.parse.parse_qs`.
    ///
    /// # Errors
    ///
    /// As [`parse_qsl`](Self::parse_qsl).
    pub fn parse_qs(&self, text: &str) -> Result<BTreeMap<String, Vec<String>>> {
        Ok(gather(self.parse_qsl(text)?.into_iter()))
    }
}

impl Default for QueryOptions {
    fn default() -> QueryOptions {
        QueryOptions::new()
    }
}
