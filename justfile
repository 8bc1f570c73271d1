# The project's chores. `just` alone lists them; .ci/run does what `just ci` does.

_list:
    @{{ just_executable() }} --list

# Format, lint and test, as before every commit.
check:
    cargo fmt
    cargo clippy --all-features --all-targets -- -D warnings
    cargo test --all-features

# The test command of README.md.
test:
    cargo test --all-features

# Only the tests with other programs: curl, Python, httpbin, nginx, Chromium, tinyproxy, microsocks, strace.
interop:
    tests/peers.sh
    CI=true cargo test --all-features --test it -- interop chromium strace peers tinyproxy constants

# Every interleaving of the engine's state machine.
loom:
    RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test --lib --release loom_

# The tests of the unsafe code, under valgrind.
valgrind *tests:
    tests/valgrind.sh {{ tests }}

# The code that systems other than Linux run.
portable:
    RUSTFLAGS="--cfg sockeye_portable" CARGO_TARGET_DIR=target/portable cargo test --all-features

# Random bytes at a parser, until it breaks or you do: request_head, response_head, chunked, redirect.
fuzz target *arguments:
    cargo +nightly fuzz run {{ target }} {{ arguments }}

# Nanoseconds per head, per chunked MiB.
bench-wire:
    cargo bench --features unstable-fuzzing --bench wire

# Beside published servers, on this machine: see benches/compare.py --help.
bench *arguments:
    python3 benches/compare.py {{ arguments }}

# The manual, as docs.rs shows it.
doc:
    RUSTDOCFLAGS=-Dwarnings cargo doc --all-features --no-deps --open

# Licences, advisories, duplicate versions (needs cargo-deny).
deny:
    cargo deny --all-features check

# What every change has to pass.
ci:
    bash .ci/run
