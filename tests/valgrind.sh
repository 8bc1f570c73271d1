#!/usr/bin/env bash
# Runs the tests of the unsafe code (src/sys) and of what hands it memory (src/socket) under valgrind, which fails on
# memory that isn't theirs or that nobody has written. Arguments are names of tests, instead of those two rooms.
set -eu -o pipefail
cd "$(dirname "$0")/.."

# The one line of cargo's that names a program.
program=$(cargo test --locked --all-features --lib --no-run --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
[ $# -gt 0 ] || set -- sys:: socket::
exec valgrind --error-exitcode=9 --leak-check=no --suppressions=tests/valgrind.supp -q "$program" "$@"
