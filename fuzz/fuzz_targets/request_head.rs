//! Any bytes as a request's head: `cargo +nightly fuzz run request_head`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sockeye::fuzzing::request_head(bytes));
