//! Rust source as the rules see it: comments and literals blanked, test code apart, functions found.
//!
//! Not a parser: just enough of the lexical grammar that a word in a comment or a string never counts.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One file.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the repository's root: `src/wire/head.rs`.
    pub(crate) path: String,
    /// As it stands.
    pub(crate) text: String,
    /// The text with comments, strings and characters blanked: same length, same lines.
    pub(crate) code: String,
    /// The code with inline `#[cfg(test)]` modules blanked as well; all blank in a file of tests.
    pub(crate) shipped: String,
    /// How many lines each inline `#[cfg(test)]` module has.
    pub(crate) inline_tests: Vec<usize>,
}

/// A function's signature and size.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// The line of its `fn`, from 1.
    pub(crate) line: usize,
    /// From `fn` to the closing brace; 0 without a body.
    pub(crate) lines: usize,
    /// Without `self`.
    pub(crate) parameters: Vec<String>,
    /// `pub`, `pub(crate)` and the like.
    pub(crate) public: bool,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Source {
        let code = blank_comments_and_literals(text);
        let (shipped, inline_tests) = blank_inline_tests(&code);
        Source { path: path.to_owned(), text: text.to_owned(), code, shipped, inline_tests }
    }

    /// `src/wire/head.rs` is in `wire`, and so would `src/wire.rs` be.
    pub(crate) fn room(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
    }

    /// How many modules lead from the crate's root to this file.
    pub(crate) fn depth(&self) -> usize {
        let inside = self.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        if inside == "lib" { 0 } else { inside.split('/').count() }
    }

    /// Whether the whole file is test code.
    pub(crate) fn is_test(&self) -> bool {
        self.shipped.trim().is_empty()
    }

    /// The functions that ship.
    pub(crate) fn functions(&self) -> Vec<Function> {
        words(&self.shipped, "fn").into_iter().filter_map(|at| function(&self.shipped, at)).collect()
    }

    /// The first segments named below `root`: `crate::{error::Error, wire}` gives `error` and `wire`.
    pub(crate) fn names_below(&self, root: &str) -> Vec<(usize, String)> {
        let code = &self.shipped;
        let mut found = Vec::new();
        for at in words(code, root) {
            let Some(rest) = code[at + root.len()..].strip_prefix("::") else { continue };
            for name in first_segments(rest) {
                found.push((line_of(code, at), name));
            }
        }
        found
    }
}

/// The line of a byte, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where `word` stands as a whole word.
pub(crate) fn words(code: &str, word: &str) -> Vec<usize> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(|&at| !code[..at].ends_with(is_name) && !code[at + word.len()..].starts_with(is_name))
        .collect()
}

/// All `.rs` files below a folder of the repository, tests told from the rest by their `mod` lines.
pub(crate) fn read_all(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join(folder), &mut paths);
    paths.sort();
    let mut sources: Vec<Source> = paths
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            Source::new(&path.strip_prefix(root).unwrap().to_string_lossy(), &text)
        })
        .collect();
    let tests: Vec<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        let stem = source.path.trim_end_matches(".rs");
        if tests.iter().any(|test| stem == test || stem.starts_with(&format!("{test}/"))) {
            source.shipped = String::new();
        }
    }
    sources
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    if !folder.exists() {
        return;
    }
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            // Packages of their own build beside their sources.
            if !path.ends_with("target") {
                collect(&path, paths);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// The files, without `.rs`, that a file declares by `#[cfg(test)] mod NAME;` or the like: `any(test, …)` as well, for
/// code that else is only in the builds of fuzzers.
pub(crate) fn test_modules(source: &Source) -> Vec<String> {
    let (folder, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let base = match file {
        "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
        other => format!("{folder}/{}", other.trim_end_matches(".rs")),
    };
    let mut found = Vec::new();
    for at in test_attributes(&source.code) {
        let rest = after_attributes(&source.code[at..]).trim_start();
        let rest = ["pub(crate) ", "pub(super) ", "pub "]
            .iter()
            .fold(rest, |rest, word| rest.trim_start_matches(word));
        if let Some(name) = rest.strip_prefix("mod ").and_then(|rest| rest.split_once(';')) {
            if name.0.chars().all(|c| c.is_alphanumeric() || c == '_') {
                found.push(format!("{base}/{}", name.0));
            }
        }
    }
    found
}

/// Where `#[cfg(test)]` or `#[cfg(all(test, …))]` stands.
fn test_attributes(code: &str) -> Vec<usize> {
    code.match_indices("#[cfg(")
        .map(|(at, _)| at)
        .filter(|&at| {
            let attribute = &code[at..code[at..].find(']').map_or(code.len(), |end| at + end)];
            !words(attribute, "test").is_empty() && !attribute.contains("not(test")
        })
        .collect()
}

/// What follows the attributes that the text starts with.
fn after_attributes(mut code: &str) -> &str {
    while let Some(end) = code.trim_start().strip_prefix("#[").and_then(|rest| closing(rest, '[', ']')) {
        code = &code.trim_start()[2 + end + 1..];
    }
    code
}

/// Where the bracket closes whose inside the text starts with.
fn closing(inside: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 1;
    for (at, c) in inside.char_indices() {
        depth += i32::from(c == open) - i32::from(c == close);
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn blank_inline_tests(code: &str) -> (String, Vec<usize>) {
    let (mut shipped, mut sizes) = (code.to_owned(), Vec::new());
    for at in test_attributes(code) {
        let rest = after_attributes(&code[at..]);
        let start = code.len() - rest.len();
        let Some(open) = rest.find(['{', ';']) else { continue };
        let item =
            rest[..open].trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
        let end = match rest[open..].strip_prefix('{').and_then(|inside| closing(inside, '{', '}')) {
            Some(end) => start + open + 1 + end + 1,
            None => start + open + 1,
        };
        if item.starts_with("mod ") && rest[open..].starts_with('{') {
            sizes.push(code[at..end].matches('\n').count() + 1);
        }
        shipped.replace_range(at..end, &blank(&code[at..end]));
    }
    (shipped, sizes)
}

fn blank(text: &str) -> String {
    // One byte for one byte, so that positions stay.
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

fn blank_comments_and_literals(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let previous = code.chars().next_back();
        let in_word = previous.is_some_and(|c| c.is_alphanumeric() || c == '_');
        match skipped(rest, in_word) {
            Some(length) => {
                code.push_str(&blank(&rest[..length]));
                rest = &rest[length..];
            }
            None => {
                // A letter that isn't ASCII would shift the bytes: it can't matter outside literals.
                code.push_str(if first.is_ascii() { &rest[..1] } else { &"_____"[..first.len_utf8()] });
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    code
}

/// The length of the comment or literal that the text starts with.
fn skipped(rest: &str, in_word: bool) -> Option<usize> {
    let to_end_of = |pattern: &str| rest.find(pattern).map_or(rest.len(), |end| end + pattern.len());
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(to_end_of("*/"));
    }
    if !in_word {
        let raw = rest.trim_start_matches(['b', 'c']);
        if let Some(hashes) = raw.strip_prefix('r').map(|raw| raw.len() - raw.trim_start_matches('#').len()) {
            if raw[1 + hashes..].starts_with('"') && rest.len() - raw.len() <= 1 {
                let start = rest.len() - raw.len() + 1 + hashes + 1;
                let end = format!("\"{}", "#".repeat(hashes));
                return Some(rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len()));
            }
        }
    }
    match rest.as_bytes()[0] {
        b'"' => Some(quoted(rest, '"')),
        // A character, not a lifetime: an escape, or one character and a quote.
        b'\'' if rest[1..].starts_with('\\') => Some(quoted(rest, '\'')),
        b'\'' if rest.chars().nth(2) == Some('\'') => Some(rest.char_indices().nth(2)?.0 + 1),
        _ => None,
    }
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if !escaped && c == quote {
            return at + 1;
        }
        escaped = !escaped && c == '\\';
    }
    rest.len()
}

fn first_segments(rest: &str) -> Vec<String> {
    let Some(inside) = rest.strip_prefix('{') else {
        return vec![segment(rest)];
    };
    let inside = &inside[..closing(inside, '{', '}').unwrap_or(inside.len())];
    split(inside).iter().map(|part| segment(part.trim())).collect()
}

fn segment(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '*').collect()
}

/// Splits at the commas that stand in no bracket.
fn split(list: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth, mut previous) = (Vec::new(), String::new(), 0, ' ');
    for c in list.chars() {
        let arrow = c == '>' && matches!(previous, '-' | '=');
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '>' if !arrow => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
        previous = c;
    }
    parts.push(part);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn function(code: &str, at: usize) -> Option<Function> {
    let name = segment(code[at + 2..].trim_start());
    if name.is_empty() {
        return None; // a pointer's type
    }
    let line_start = code[..at].rfind('\n').map_or(0, |end| end + 1);
    let after_name = at + 2 + code[at + 2..].find(&name)? + name.len();
    let mut open = after_name;
    if code[open..].starts_with('<') {
        open += generics(&code[open..]);
    }
    open += code[open..].find('(')? + 1;
    let close = open + closing(&code[open..], '(', ')')?;
    let mut parameters: Vec<String> = split(&code[open..close]).iter().map(|p| p.trim().to_owned()).collect();
    if parameters
        .first()
        .is_some_and(|first| !words(first.split(':').next().unwrap_or(""), "self").is_empty())
    {
        parameters.remove(0);
    }
    let body = close + code[close..].find(['{', ';'])?;
    let lines = match code[body..].strip_prefix('{').and_then(|inside| closing(inside, '{', '}')) {
        Some(end) => code[at..body + 1 + end].matches('\n').count() + 1,
        None => 0,
    };
    let public = !words(&code[line_start..at], "pub").is_empty();
    Some(Function { name, line: line_of(code, at), lines, parameters, public })
}

/// The length of `<…>`.
fn generics(code: &str) -> usize {
    let (mut depth, mut previous) = (0, ' ');
    for (at, c) in code.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if !matches!(previous, '-' | '=') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
        previous = c;
    }
    code.len()
}
