//! Any bytes as a chunked body: `cargo +nightly fuzz run chunked`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sockeye::fuzzing::chunked(bytes));
