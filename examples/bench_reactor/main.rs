//! What benchmarks of event loops drive, as `bench_reactor ROLE`; a role that it lacks ends it with status 64.
//!
//! Servers print `READY PORT` and end with standard input: `tcp-echo`, `udp-echo`. Timers print what they cost as a line
//! of JSON: `timers N spread` has N of them called over one second, `timers N cancel` takes N back.

use std::{env, process};

mod cost;
mod servers;
mod timers;

fn main() -> sockeye::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let argument = |at: usize| arguments.get(at).map_or("", String::as_str);
    match (argument(0), argument(2)) {
        ("tcp-echo", _) => servers::tcp(),
        ("udp-echo", _) => servers::udp(),
        ("timers", "spread") => timers::spread(argument(1).parse().unwrap_or(0)),
        ("timers", "cancel") => timers::cancel(argument(1).parse().unwrap_or(0)),
        _ => process::exit(64),
    }
}
