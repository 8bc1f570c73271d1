//! What benchmarks of sockets drive, as `bench_sockets ROLE`; a role that it lacks ends it with status 64.
//!
//! Servers print `READY PORT` and end with standard input: `tcp-echo`, `udp-echo`. Clients print their rate as a line
//! of JSON: `tcp-ping PORT SIZE SECONDS`, `udp-send PORT SIZE SECONDS`.
//!
//! With THREADS=1 in the environment, tcp-echo serves by a thread for each connection, not by `Server`. With TIMED=1
//! all sockets have a time limit. With BATCH=1, datagrams go by `recvmmsg` and `sendmmsg`; with GSO=1, udp-send has the
//! system cut them.

use std::{env, process, time::Duration};

mod batches;
mod clients;
mod servers;

fn main() -> sockeye::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    let is_set = |name: &str| env::var_os(name).is_some();
    let limit = is_set("TIMED").then_some(Duration::from_secs(10));
    let load = clients::Load {
        port: u16::try_from(number(1)).unwrap_or(0),
        message: vec![b'x'; number(2) as usize],
        time: Duration::from_secs(number(3).into()),
    };
    match arguments.first().map_or("", String::as_str) {
        "tcp-echo" if is_set("THREADS") => servers::threads(limit),
        "tcp-echo" => servers::server(),
        "udp-echo" if is_set("BATCH") => batches::echo(),
        "udp-echo" => servers::datagrams(limit),
        "tcp-ping" => load.ping(limit),
        "udp-send" if is_set("BATCH") => load.send_batches(),
        "udp-send" if is_set("GSO") => load.send_segments(),
        "udp-send" => load.send(limit),
        _ => process::exit(64),
    }
}
