//! What the kernel knows of this process's threads.

use std::{fs, path::Path};

/// The kernel's number of the calling thread; 0 where it can't be told.
pub(crate) fn thread_number() -> u32 {
    let link = fs::read_link("/proc/thread-self").ok();
    let name = link.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
    name.and_then(|name| name.parse().ok()).unwrap_or(0)
}

/// Whether that thread sleeps in a system call (`S`, `D`), and not merely waits for a core. `None` where the
/// system doesn't tell.
pub(crate) fn is_asleep(thread: u32) -> Option<bool> {
    if thread == 0 {
        return None;
    }
    let stat = fs::read(format!("/proc/self/task/{thread}/stat")).ok()?;
    // "TID (name) S …": the name may hold anything, parentheses too.
    let end = stat.iter().rposition(|&byte| byte == b')')?;
    Some(matches!(stat.get(end + 2)?, b'S' | b'D'))
}

/// How many nanoseconds that thread has run on a core. `None` where the system doesn't tell.
pub(crate) fn time_on_core(thread: u32) -> Option<u64> {
    if thread == 0 {
        return None;
    }
    // "RUNNING WAITING TIMES", the first two in nanoseconds.
    let text = fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok()?;
    text.split(' ').next()?.parse().ok()
}

/// Whether a core had nothing to run just now, the calling thread apart. True where the system doesn't tell.
pub(crate) fn has_idle_core(cores: usize) -> bool {
    let runnable = || {
        // "0.20 0.18 0.12 1/80 11206": the fourth word begins with the number of runnable threads.
        let text = fs::read_to_string("/proc/loadavg").ok()?;
        text.split(' ').nth(3)?.split('/').next()?.parse::<usize>().ok()
    };
    runnable().is_none_or(|runnable| runnable.saturating_sub(1) < cores)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;

    #[test]
    fn a_blocked_thread_is_asleep_and_this_one_is_not() {
        assert_eq!(is_asleep(thread_number()), Some(false));
        let (number, told) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let blocked = thread::spawn(move || {
            number.send(thread_number()).unwrap();
            let _ = ended.recv();
        });
        let number = told.recv().unwrap();
        while is_asleep(number) != Some(true) {
            thread::yield_now();
        }
        drop(end);
        blocked.join().unwrap();
    }

    #[test]
    fn nothing_is_said_of_no_thread() {
        assert_eq!(is_asleep(0), None);
        assert_eq!(is_asleep(u32::MAX), None);
    }
}
