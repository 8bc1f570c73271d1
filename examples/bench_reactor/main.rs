//! What benchmarks of event loops drive, as `bench_reactor ROLE`; a role that it lacks ends it with status 64.
//!
//! Servers print `READY PORT` and end with standard input: `tcp-echo`, `udp-echo`.

use std::{env, process};

mod servers;

fn main() -> sockeye::Result<()> {
    let role = env::args().nth(1).unwrap_or_default();
    match role.as_str() {
        "tcp-echo" => servers::tcp(),
        "udp-echo" => servers::udp(),
        _ => process::exit(64),
    }
}
