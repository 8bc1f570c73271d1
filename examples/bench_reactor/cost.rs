//! What something cost, as a line of JSON.

use std::{fs, time::Duration};

/// `times`: to arrange them, in all, and on a core.
pub(crate) fn tell(count: u64, fired: u64, times: [Duration; 3]) {
    let [scheduled, wall, cpu] = times.map(|time| time.as_secs_f64());
    println!(
        "{{\"n\":{count},\"fired\":{fired},\"schedule_s\":{scheduled:.4},\"wall_s\":{wall:.4},\"cpu_s\":{cpu:.4},\
         \"rss_mb\":{}}}",
        most_memory()
    );
}

/// What this process, which has one thread, has run; zero where the system doesn't tell.
pub(crate) fn cpu() -> Duration {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|text| text.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// The most memory it had, in MiB; zero where the system doesn't tell.
fn most_memory() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
