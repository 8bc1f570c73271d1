//! Each rule is shown sources that break it, and a clean one.

use super::*;

/// How often a rule complains of a text at a path.
#[track_caller]
fn complaints(rule: fn(&Source) -> Vec<String>, path: &str, text: &str, expected: usize) {
    let found = rule(&Source::new(path, text));
    assert_eq!(found.len(), expected, "{text}\n{found:#?}");
}

#[test]
fn layers_see_each_way_to_name_a_room() {
    let wire = |text, expected| complaints(layers, "src/wire/head.rs", text, expected);
    wire("use crate::socket::Socket;", 1);
    wire("use crate::{error::Error, socket::{Socket, Address}, server};", 2);
    wire("fn f() { crate::http::serve() }", 1);
    wire("use crate::*;", 1);
    wire("use super::super::socket::Socket;", 1);
    wire("use crate::{error::{Error, ErrorKind}, wire::limits};\nuse super::limits;\nuse crate::Result;", 0);
    wire("//! [`crate::socket`]\n/* crate::socket */ fn f() { \"crate::socket\"; }", 0);
    wire("#[cfg(test)]\nmod tests { use crate::socket::Socket; }", 0);
    complaints(layers, "src/wire/mod.rs", "use super::socket::Socket;", 1);
    complaints(layers, "src/server/mod.rs", "use crate::wire::head;", 1);
    complaints(layers, "src/attic/mod.rs", "//! New.", 1);
    complaints(
        layers,
        "src/http/mod.rs",
        "use crate::{server::Server, wire::head}; fn f(_: ::http::Method) {}",
        0,
    );
}

#[test]
fn wire_sees_clocks_and_sockets() {
    let wire = |text, expected| complaints(wire_is_pure, "src/wire/head.rs", text, expected);
    wire("use std::{net::TcpStream, io::Read, fs};", 2);
    wire("let started = Instant::now();\nlet today = SystemTime::now();", 2);
    wire("fn f(_: &Socket) {}", 1);
    wire("// Socket, Instant::now, std::net\nuse std::time::SystemTime;", 0);
    complaints(wire_is_pure, "src/socket/mod.rs", "use std::net::TcpStream;", 0);

    let error = |text, expected| complaints(error_knows_numbers_alone, "src/error.rs", text, expected);
    error("use crate::sys::c;", 0);
    error("use crate::sys::wait;", 1);
    error("use crate::sys::{c, wait};", 1);
    complaints(error_knows_numbers_alone, "src/socket/mod.rs", "use crate::sys::wait;", 0);
}

#[test]
fn fences_see_words_and_not_letters() {
    complaints(fences, "src/http/files.rs", "unsafe { libc::close(1) };", 2);
    complaints(fences, "src/http/files.rs", "#[cfg(target_os = \"linux\")] fn f() {}", 1);
    complaints(fences, "src/server/engine/lane.rs", "use mio::Poll;", 1);
    complaints(fences, "src/http/files.rs", "let mio_like = 'u'; // unsafe, libc\nlet s = r#\"mio\"#;", 0);
    complaints(fences, "src/sys/linux.rs", "unsafe { libc::close(1) };", 0);
}

#[test]
fn the_command_depends_on_no_feature() {
    let whole = |path, expected| {
        complaints(the_command_is_whole, path, "#[cfg(feature = \"cookies\")] fn f() {}", expected);
    };
    whole("src/bin/sockeye/get.rs", 1);
    whole("src/urllib/mod.rs", 0);
}

#[test]
fn unsafe_wants_a_proof_each() {
    let sys = |text, expected| complaints(unsafe_is_proven, "src/sys/linux.rs", text, expected);
    sys("fn f() {\n    unsafe { g() }\n}", 1);
    sys("// SAFETY: once.\nunsafe { g() };\nunsafe { g() };", 1);
    sys("// SAFETY: g wants nothing.\nlet x =\n    unsafe { g() };", 0);
    sys("/// # Safety\n/// None.\nunsafe fn f() {}", 0);
}

#[test]
fn sizes_leave_inline_tests_out() {
    let long = "fn f() {}\n".repeat(501);
    complaints(sizes, "src/http/files.rs", &long, 1);
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "// x\n".repeat(70));
    complaints(sizes, "src/http/files.rs", &format!("{}{tests}", &long[..10 * 490]), 0);
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "// x\n".repeat(90));
    complaints(sizes, "src/http/files.rs", &tests, 1);
}

#[test]
fn functions_are_measured_whole() {
    let small = |text: &str, expected| complaints(functions_are_small, "src/http/files.rs", text, expected);
    small(&format!("fn f() {{\n{}}}", "    g(\"}\");\n".repeat(59)), 1);
    small(&format!("fn f() {{\n{}}}", "    g('{');\n".repeat(58)), 0);
    small("fn f(a: A, b: B, c: C, d: D, e: E) {}", 1);
    small("trait T { fn f(a: A, b: B, c: C, d: D, e: E); }", 1);
    small("fn f<F: Fn(A, B) -> C>(&self, a: HashMap<A, B>, b: (A, B), c: fn(A, B) -> C, d: &'a D) {}", 0);
    small("#[cfg(test)]\nmod tests { fn f(a: A, b: B, c: C, d: D, e: E) {} }", 0);
}

#[test]
fn booleans_are_seen_in_public_functions() {
    let bools = |text, expected| complaints(no_booleans, "src/http/files.rs", text, expected);
    bools("pub fn f(&self, fast: bool) {}", 1);
    bools("pub(crate) const fn f(a: A, mut fast: bool) {}", 1);
    bools("fn f(fast: bool) {}\npub fn g(f: fn(bool)) -> bool {}", 0);
}

#[test]
fn unfinished_work_is_seen() {
    complaints(finished, "src/a.rs", "fn f() { todo!() }\nfn g() { unimplemented!(\"x\") }", 2);
    complaints(finished, "src/a.rs", concat!("// FIX", "ME later"), 1);
    complaints(finished, "src/a.rs", "// todo!(), in words\nfn todo() {}", 0);
    complaints(says_what_it_is_for, "src/a.rs", "use std::io;", 1);
    complaints(says_what_it_is_for, "src/a.rs", "//! Something.\n", 0);
}

#[test]
fn unwraps_without_a_word_are_seen() {
    let unwraps = |text, expected| complaints(unwraps_are_proven, "src/a.rs", text, expected);
    unwraps("fn f() { g().unwrap() }", 1);
    unwraps("fn f() {\n    // g gives Some for a digit, and this is one.\n    g().expect(\"a digit\")\n}", 0);
    unwraps(
        "/// g().unwrap()\nfn f() { g().unwrap_or(1) }\n#[cfg(test)]\nmod tests { fn f() { g().unwrap() } }",
        0,
    );
}

#[test]
fn examples_are_counted() {
    complaints(examples_are_short, "examples/a.rs", &"\n".repeat(61), 1);
    complaints(examples_are_short, "examples/a.rs", &"\n".repeat(60), 0);
}

#[test]
fn files_of_tests_are_known_by_their_mod_lines() {
    let declares = |path, text| source::test_modules(&Source::new(path, text));
    assert_eq!(declares("src/wire/head.rs", "#[cfg(test)]\nmod tests;"), ["src/wire/head/tests"]);
    assert_eq!(declares("src/wire/mod.rs", "#[cfg(all(test, loom))]\nmod orders;"), ["src/wire/orders"]);
    let fuzzing = declares("src/wire/mod.rs", "#[cfg(any(test, feature = \"f\"))]\npub mod fuzzing;");
    assert_eq!(fuzzing, ["src/wire/fuzzing"]);
    assert_eq!(declares("src/wire/mod.rs", "#[cfg(not(test))]\nmod real;\nmod head;"), [""; 0]);
    let all = read_all("src");
    assert!(all.iter().any(|source| source.path == "src/error/tests.rs" && source.is_test()));
    assert!(all.iter().any(|source| source.path == "src/error.rs" && !source.is_test()));
    assert!(
        all.len() > 20 && all.iter().flat_map(Source::functions).count() > 50,
        "too few sources to be true"
    );
}
