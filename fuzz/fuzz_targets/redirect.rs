//! Any bytes as a way by redirects: `cargo +nightly fuzz run redirect`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sockeye::fuzzing::redirect(bytes));
