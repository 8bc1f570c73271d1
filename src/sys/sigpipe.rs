//! Keeping SIGPIPE away from calls that have no flag for it.
//!
//! A Rust program ignores the signal from its start, and then this costs one question to the system. Inside a
//! C program it would end the process.

use std::{mem, ptr};

use crate::error::Result;

/// Makes the call; a signal that it raises in this thread is taken back.
pub(super) fn without_sigpipe(call: impl FnOnce() -> Result<usize>) -> Result<usize> {
    if is_ignored() {
        return call();
    }
    // SAFETY: signal sets are plain data, for which zero is a value; the calls fill them in.
    let (mut pipe, mut before, mut pending) = unsafe { mem::zeroed::<[libc::sigset_t; 3]>() }.into();
    // SAFETY: all pointers are to local variables; the mask is this thread's own.
    let was_pending = unsafe {
        libc::sigemptyset(&mut pipe);
        libc::sigaddset(&mut pipe, libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, &pipe, &mut before);
        libc::sigpending(&mut pending);
        libc::sigismember(&pending, libc::SIGPIPE) == 1
    };
    let outcome = call();
    // SAFETY: as above.
    unsafe {
        if !was_pending {
            take(&pipe);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, ptr::null_mut());
    }
    outcome
}

/// Takes what is pending of these signals, without waiting for any: one that was sent to the whole process may be gone
/// to another thread meanwhile.
fn take(signals: &libc::sigset_t) {
    let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointers are to a borrowed and a local variable, and nobody asks for the signal's story.
    while unsafe { libc::sigtimedwait(signals, ptr::null_mut(), &at_once) } == -1
        && std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted
    {}
}

fn is_ignored() -> bool {
    // SAFETY: plain data, for which zero is a value.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: asks only; the answer goes to a local variable.
    let asked = unsafe { libc::sigaction(libc::SIGPIPE, ptr::null(), &mut action) };
    asked == 0 && action.sa_sigaction == libc::SIG_IGN
}

#[cfg(test)]
mod tests {
    use std::{
        io::{IoSlice, Write},
        os::{fd::AsFd, unix::net::UnixStream},
        process::Command,
    };

    use super::super::{ControlOut, Outgoing, Slots, send, sendfile, sendmmsg, sendmsg};
    use crate::ErrorKind;

    /// In a process of its own, as the signal's default action would end the tests.
    #[test]
    fn a_process_that_does_not_ignore_it_lives() {
        let name = "sys::sigpipe::tests::send_to_nobody";
        let mut probe = Command::new(std::env::current_exe().unwrap());
        let output = probe.args(["--exact", name, "--ignored", "--nocapture"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("still here"), "{output:?}");
    }

    #[test]
    #[ignore = "run by the test above"]
    fn send_to_nobody() {
        // SAFETY: sets the default action, and nothing else runs in this process.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(theirs);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"data").unwrap();
        assert_eq!(send(ours.as_fd(), b"data", 0).unwrap_err().kind(), ErrorKind::BrokenPipe);
        let (buffers, control) = ([IoSlice::new(b"data")], ControlOut::default());
        let message = Outgoing { buffers: &buffers, control: &control, to: None };
        assert_eq!(sendmsg(ours.as_fd(), &message, 0).unwrap_err().kind(), ErrorKind::BrokenPipe);
        let mut slots = Slots::new(1, 4);
        slots.put(0, b"data", None);
        assert_eq!(sendmmsg(ours.as_fd(), &slots, 0..1, 0).unwrap_err().kind(), ErrorKind::BrokenPipe);
        if let Err(error) = sendfile(ours.as_fd(), &file, 0, 4) {
            assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::Unsupported));
        }
        println!("still here");
    }
}
