//! Any bytes as a response's head: `cargo +nightly fuzz run response_head`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sockeye::fuzzing::response_head(bytes));
