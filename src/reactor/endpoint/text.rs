//! The grammar of descriptions: words between colons, some with a name before an equals sign.

use super::wrong;
use crate::error::Result;

/// A description, taken apart.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) kind: String,
    /// In their order, those that have no name.
    bare: std::collections::VecDeque<String>,
    named: Vec<(String, String)>,
}

impl Words {
    pub(super) fn parse(text: &str) -> Result<Words> {
        let mut words = Words { kind: String::new(), bare: Default::default(), named: Vec::new() };
        for (place, word) in split(text)?.into_iter().enumerate() {
            match word {
                (None, value) if place == 0 => words.kind = value,
                (None, value) => words.bare.push_back(value),
                (Some(name), value) => words.named.push((name, value)),
            }
        }
        Ok(words)
    }

    /// The next one without a name.
    pub(super) fn next(&mut self) -> Option<String> {
        self.bare.pop_front()
    }

    /// The one with any of these names.
    pub(super) fn named(&mut self, names: &[&str]) -> Option<String> {
        let at = self.named.iter().position(|(name, _)| names.contains(&name.as_str()))?;
        Some(self.named.swap_remove(at).1)
    }

    /// Nothing is left that nobody asked for.
    pub(super) fn finish(mut self) -> Result<()> {
        if let Some((name, _)) = self.named.pop() {
            return Err(wrong(format!("{name:?} means nothing here, or stands there twice")));
        }
        match self.next() {
            Some(word) => Err(wrong(format!("{word:?} is more than is wanted"))),
            None => Ok(()),
        }
    }
}

/// The words, and the names of those that have one. Colons within brackets are an IPv6 address's.
fn split(text: &str) -> Result<Vec<(Option<String>, String)>> {
    let (mut words, mut name, mut word) = (Vec::new(), None, String::new());
    let mut letters = text.chars();
    let mut bracket = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => word.push(letters.next().ok_or_else(|| wrong("it ends with a backslash"))?),
            '[' if word.is_empty() && !bracket => bracket = true,
            ']' if bracket => bracket = false,
            ':' if !bracket => words.push((name.take(), std::mem::take(&mut word))),
            '=' if name.is_none() && !bracket => name = Some(std::mem::take(&mut word)),
            letter => word.push(letter),
        }
    }
    words.push((name, word));
    Ok(words)
}

pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, ':' | '=' | '\\' | '[') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted
}
