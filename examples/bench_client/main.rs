//! What benchmarks of HTTP clients drive: `bench_client URL COUNT MODE` does COUNT requests and prints a line of JSON.
//!
//! Modes: `keep` (GET, the body collected, connections kept), `new` (a connection each), `down` (GET, the body read
//! through 64 KiB and dropped), `up:BYTES` (POST from a reader), `upfile:PATH` (POST of a file), `threads:N` (`keep` from N
//! threads with one opener). BENCH_CA names a PEM file of authorities; BENCH_TIMEOUT is each request's limit in seconds.

use std::{env, fs, process, time::Duration, time::Instant};

use sockeye::{
    Result,
    urllib::{Opener, build_opener},
};

mod load;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, count, mode] = &arguments[..] else {
        eprintln!("usage: bench_client URL COUNT keep|new|down|up:BYTES|upfile:PATH|threads:N");
        process::exit(2);
    };
    let (mode, argument) = mode.split_once(':').unwrap_or((mode, "1"));
    let size = if mode == "upfile" { Ok(1) } else { argument.parse::<u64>() };
    let (Ok(count), Ok(size @ 1..)) = (count.parse::<u64>(), size) else {
        eprintln!("COUNT, BYTES and N are numbers, and there are some");
        process::exit(2);
    };
    let (opener, start) = (opener(mode)?, Instant::now());
    let bytes = match mode {
        "keep" | "new" => load::get(&opener, url, count)?,
        "down" => load::down(&opener, url, count)?,
        "up" => load::up(&opener, url, count, size)?,
        "upfile" => load::up_file(&opener, url, count, argument)?,
        "threads" => load::threads(&opener, url, count, size)?,
        _ => process::exit(64),
    };
    let (seconds, peak) = (start.elapsed().as_secs_f64(), peak_kib());
    println!("{{\"requests\": {count}, \"bytes\": {bytes}, \"seconds\": {seconds}, \"peak_kib\": {peak}}}");
    Ok(())
}

fn opener(mode: &str) -> Result<Opener> {
    let limit = env::var("BENCH_TIMEOUT").ok().and_then(|seconds| seconds.parse().ok());
    let mut opener = build_opener().timeout(limit.map(Duration::from_secs));
    if mode == "new" {
        opener = opener.max_idle(0);
    }
    #[cfg(feature = "tls")]
    if let Ok(path) = env::var("BENCH_CA") {
        opener = opener.tls(&sockeye::tls::ClientTls::new().add_ca_pem(&fs::read(path)?)?);
    }
    Ok(opener.build())
}

/// The most memory that this program has had; 0 where that isn't told.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
