//! The shape of the crate, enforced: layers, sizes, the fence around unsafe code and platforms.
//!
//! Each rule is a function from a source to its complaints; `rules_bite` shows each of them a wrong source, so that
//! none can pass because it stopped looking. A complaint says what to do.

mod rules_bite;
mod source;

use source::{Source, line_of, read_all, words};

/// What each room may name through `crate::`. A new room gets a row; a new entry in a row is a change of the
/// design, so ARCHITECTURE.md changes with it.
const ROOMS: &[(&str, &[&str])] = &[
    // The numbers of `sys::c` alone: see `error_knows_numbers_alone`.
    ("error", &["sys"]),
    ("deadline", &[]),
    ("cancel", &["error"]),
    ("sys", BASE),
    ("socket", &["error", "deadline", "cancel", "sys"]),
    ("poll", &["error", "deadline", "cancel", "sys", "socket"]),
    ("tls", &["error", "deadline", "cancel", "sys", "socket"]),
    ("stream", &["error", "deadline", "cancel", "sys", "socket", "tls"]),
    // Bytes in, bytes out.
    ("wire", &["error"]),
    ("client", &["error", "deadline", "cancel", "sys", "socket", "poll", "tls", "stream"]),
    // Nothing in `server` knows HTTP.
    ("server", &["error", "deadline", "cancel", "sys", "socket", "poll", "tls", "stream"]),
    ("http", &["error", "deadline", "cancel", "sys", "socket", "tls", "stream", "wire", "server"]),
    ("urllib", &["error", "deadline", "cancel", "sys", "socket", "poll", "tls", "stream", "wire", "client"]),
    ("reactor", &["error", "deadline", "cancel", "sys", "socket", "poll", "tls", "stream"]),
];
const BASE: &[&str] = &["error", "deadline", "cancel"];

/// Names that belong to few rooms, and why.
const FENCES: &[(&str, &[&str], &str)] = &[
    ("unsafe", &["sys"], "unsafe code lives in src/sys: give it a safe function there"),
    ("libc", &["sys"], "system calls live in src/sys: give it a function there"),
    ("mio", &["poll"], "readiness lives in src/poll: nothing outside may notice mio"),
    ("httparse", &["wire"], "heads are parsed in src/wire"),
    ("mime_guess", &["wire"], "media types come from src/wire/media.rs, which knows builds without them"),
    (
        "httpdate",
        &["wire", "tls"],
        "dates are read and written in src/wire/date.rs: httpdate panics at some times",
    ),
    ("rustls", &["tls"], "TLS lives in src/tls"),
    (
        "target_os",
        &["sys", "poll"],
        "platforms differ in src/sys and src/poll only: ask for what you need there",
    ),
    ("target_vendor", &["sys", "poll"], "platforms differ in src/sys and src/poll only"),
    ("sockeye_portable", &["sys", "poll"], "platforms differ in src/sys and src/poll only"),
];

/// What `wire` may not name: it gets bytes (and the time, where it needs it) and gives bytes.
const NOT_IN_WIRE: &[&str] = &["net", "fs", "thread", "os", "process", "env"];
const NOT_IN_WIRE_WORDS: &[&str] = &["Socket", "Stream", "Instant", "SystemTime::now"];

/// Public functions that take a boolean because it is the value of a boolean option.
const BOOLEAN_OPTIONS: &[(&str, &str)] = &[
    ("setblocking", "Python's name and argument for a socket's mode"),
    ("set_inheritable", "Python's name and argument for FD_CLOEXEC"),
    ("listing", "FileHandler lists folders"),
    ("precompressed", "FileHandler sends compressed twins"),
];

/// Functions whose parameters somebody else's trait has settled.
const FOREIGN: &[(&str, &str)] = &[("verify_server_cert", "rustls' ServerCertVerifier")];

const FILE_LINES: usize = 500;
const INLINE_TEST_LINES: usize = 80;
const FUNCTION_LINES: usize = 60;
const PARAMETERS: usize = 4;
const EXAMPLE_LINES: usize = 60;

fn complain(source: &Source, line: usize, what: &str) -> String {
    format!("{}:{line}: {what}", source.path)
}

fn layers(source: &Source) -> Vec<String> {
    let room = source.room();
    if matches!(room, "lib" | "bin") {
        return Vec::new();
    }
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return vec![complain(
            source,
            1,
            &format!("`{room}` is a new room: give it a row in ROOMS of tests/it/architecture.rs"),
        )];
    };
    let mut found = Vec::new();
    for (line, name) in source.names_below("crate") {
        // The root re-exports the error's names.
        let named = if matches!(name.as_str(), "Error" | "ErrorKind" | "Result") { "error" } else { &name };
        if named != room && !allowed.contains(&named) {
            let what =
                format!("`{room}` may not name `crate::{name}`: move the code, or hand in what it needs");
            found.push(complain(source, line, &what));
        }
    }
    for at in words(&source.shipped, "super") {
        let supers = source.shipped[at..].split("::").take_while(|part| *part == "super").count();
        if supers >= source.depth() && !source.shipped[..at].ends_with("super::") {
            found.push(complain(
                source,
                line_of(&source.shipped, at),
                "write `crate::` for what is outside the room",
            ));
        }
    }
    found
}

/// An error is below the system's calls, and knows it by the C headers' numbers only.
fn error_knows_numbers_alone(source: &Source) -> Vec<String> {
    let named = words(&source.shipped, "sys").into_iter().filter(|_| source.room() == "error");
    let wrong = named.filter(|&at| !source.shipped[at..].starts_with("sys::c;"));
    wrong
        .map(|at| complain(source, line_of(&source.shipped, at), "`error` may name `sys::c` alone"))
        .collect()
}

fn wire_is_pure(source: &Source) -> Vec<String> {
    if source.room() != "wire" {
        return Vec::new();
    }
    let say = |line, name: &str| {
        complain(source, line, &format!("`wire` may not name {name}: it gets bytes and gives bytes"))
    };
    let std = source.names_below("std").into_iter().filter(|(_, name)| NOT_IN_WIRE.contains(&name.as_str()));
    let mut found: Vec<String> = std.map(|(line, name)| say(line, &format!("std::{name}"))).collect();
    for word in NOT_IN_WIRE_WORDS {
        found.extend(words(&source.shipped, word).iter().map(|&at| say(line_of(&source.shipped, at), word)));
    }
    found
}

fn fences(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (name, rooms, why) in FENCES {
        if !rooms.contains(&source.room()) {
            let at = words(&source.code, name);
            found.extend(
                at.iter().map(|&at| complain(source, line_of(&source.code, at), &format!("`{name}`: {why}"))),
            );
        }
    }
    found
}

fn unsafe_is_proven(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let (mut found, mut last) = (Vec::new(), 0);
    for at in words(&source.code, "unsafe") {
        let rest = source.code[at + "unsafe".len()..].trim_start();
        if rest.starts_with("extern") || rest.starts_with("fn") {
            continue; // clippy asks for `# Safety`
        }
        let line = line_of(&source.code, at);
        // A statement may begin a few lines above its block, its comment before it; each block needs its own.
        let above = &lines[line.saturating_sub(8).max(last)..line];
        if !above.iter().any(|line| line.contains("SAFETY:")) {
            found.push(complain(
                source,
                line,
                "write above this block a `// SAFETY:` comment that proves it",
            ));
        }
        last = line;
    }
    found
}

fn sizes(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let lines = source.text.lines().count() - source.inline_tests.iter().sum::<usize>();
    if lines > FILE_LINES {
        let what = format!("{lines} lines, {FILE_LINES} are allowed: split it by what its parts are for");
        found.push(complain(source, 1, &what));
    }
    for lines in source.inline_tests.iter().filter(|lines| **lines > INLINE_TEST_LINES) {
        let what = format!(
            "{lines} lines of inline tests, {INLINE_TEST_LINES} are allowed: move them to a sibling tests.rs"
        );
        found.push(complain(source, 1, &what));
    }
    found
}

fn functions_are_small(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for function in source.functions() {
        let (name, lines, count) = (&function.name, function.lines, function.parameters.len());
        if lines > FUNCTION_LINES {
            let what = format!("`{name}` has {lines} lines, {FUNCTION_LINES} are allowed: name its steps");
            found.push(complain(source, function.line, &what));
        }
        if count > PARAMETERS && !FOREIGN.iter().any(|(foreign, _)| foreign == name) {
            let what = format!(
                "`{name}` has {count} parameters, {PARAMETERS} are allowed: gather those that belong together"
            );
            found.push(complain(source, function.line, &what));
        }
    }
    found
}

fn no_booleans(source: &Source) -> Vec<String> {
    let is_bool = |parameter: &String| parameter.rsplit(':').next().is_some_and(|kind| kind.trim() == "bool");
    let wrong = source.functions().into_iter().filter(|function| {
        function.public
            && function.parameters.iter().any(is_bool)
            && !BOOLEAN_OPTIONS.iter().any(|(name, _)| *name == function.name)
    });
    wrong
        .map(|function| {
            let what = format!(
                "`{}` takes a bool, which says nothing where it is called: an enum or two functions \
                 (the value of a boolean option: a line in BOOLEAN_OPTIONS of tests/it/architecture.rs)",
                function.name
            );
            complain(source, function.line, &what)
        })
        .collect()
}

fn finished(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for word in ["todo", "unimplemented"] {
        for at in words(&source.code, word) {
            if source.code[at + word.len()..].starts_with('!') {
                found.push(complain(source, line_of(&source.code, at), &format!("`{word}!`: finish it")));
            }
        }
    }
    for word in [concat!("FIX", "ME"), concat!("XX", "X")] {
        let at = words(&source.text, word);
        found.extend(
            at.iter().map(|&at| complain(source, line_of(&source.text, at), &format!("`{word}`: mend it"))),
        );
    }
    found
}

fn says_what_it_is_for(source: &Source) -> Vec<String> {
    if source.text.starts_with("//! ") || source.path.ends_with("/tests.rs") {
        return Vec::new();
    }
    vec![complain(source, 1, "begin the file with a `//!` line that says what it is for")]
}

fn unwraps_are_proven(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let calls = [".unwrap()", ".expect(", "unreachable!("].map(|call| source.shipped.match_indices(call));
    let mut found = Vec::new();
    for (at, call) in calls.into_iter().flatten() {
        let line = line_of(&source.shipped, at);
        let near = &lines[line.saturating_sub(4)..line];
        if !near.iter().any(|line| line.contains("//") && !line.contains("///")) {
            let what = format!("`{call}`: return an error, or prove in a comment above that it can't happen");
            found.push(complain(source, line, &what));
        }
    }
    found
}

/// `cli` brings along what the command needs: whoever builds it so has all that README and its help tell of.
fn the_command_is_whole(source: &Source) -> Vec<String> {
    let found = words(&source.code, "feature").into_iter().filter(|_| source.path.starts_with("src/bin/"));
    let what = "the command has every option in every build: let the feature `cli` in Cargo.toml bring along what it needs";
    found.map(|at| complain(source, line_of(&source.code, at), what)).collect()
}

fn examples_are_short(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if lines <= EXAMPLE_LINES {
        return Vec::new();
    }
    let what = format!("{lines} lines, {EXAMPLE_LINES} are allowed: an example shows one idea");
    vec![complain(source, 1, &what)]
}

/// Runs a rule over every file; fails with all complaints at once.
#[track_caller]
fn check(sources: &[Source], rule: fn(&Source) -> Vec<String>) {
    let found: Vec<String> = sources.iter().flat_map(rule).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn layers_point_down() {
    check(&read_all("src"), layers);
    check(&read_all("src"), wire_is_pure);
    check(&read_all("src"), error_knows_numbers_alone);
}

#[test]
fn the_fences_hold() {
    check(&read_all("src"), fences);
    check(&read_all("src"), unsafe_is_proven);
    check(&read_all("src"), the_command_is_whole);
}

#[test]
fn files_and_functions_are_small() {
    for folder in ["src", "tests", "benches"] {
        check(&read_all(folder), sizes);
    }
    check(&read_all("src"), functions_are_small);
    check(&read_all("examples"), examples_are_short);
}

#[test]
fn booleans_have_names() {
    let sources = read_all("src");
    check(&sources, no_booleans);
    for (name, why) in BOOLEAN_OPTIONS {
        let used = sources.iter().flat_map(Source::functions).any(|function| function.name == *name);
        assert!(
            used,
            "BOOLEAN_OPTIONS names `{name}` ({why}), and no function is called so: take the line out"
        );
    }
}

#[test]
fn everything_is_finished_and_says_what_it_is() {
    for folder in ["src", "tests", "examples"] {
        check(&read_all(folder), finished);
        check(&read_all(folder), says_what_it_is_for);
    }
}

#[test]
fn unwraps_have_a_proof() {
    check(&read_all("src"), unwraps_are_proven);
}
