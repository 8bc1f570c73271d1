//! For tests: signals that interrupt a thread's system calls.

use std::sync::atomic::{AtomicUsize, Ordering};

static ARRIVED: AtomicUsize = AtomicUsize::new(0);

/// A thread whose system calls can be interrupted.
#[derive(Clone, Copy)]
pub(crate) struct Interrupted(libc::pthread_t);

impl Interrupted {
    /// The calling thread. Signals do nothing but make its calls end with EINTR: without SA_RESTART.
    pub(crate) fn here() -> Interrupted {
        extern "C" fn count(_signal: libc::c_int) {
            ARRIVED.fetch_add(1, Ordering::SeqCst);
        }
        // SAFETY: plain data, for which zero is a value.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = count as extern "C" fn(libc::c_int) as libc::sighandler_t;
        // SAFETY: the handler does nothing but add to an atomic number.
        unsafe { libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()) };
        // SAFETY: always allowed.
        Interrupted(unsafe { libc::pthread_self() })
    }

    /// Interrupts it so often; the thread must not have been joined.
    pub(crate) fn interrupt(self, times: usize) {
        for _ in 0..times {
            let before = ARRIVED.load(Ordering::SeqCst);
            // SAFETY: the thread is not joined yet, as the caller sees to.
            unsafe { libc::pthread_kill(self.0, libc::SIGUSR1) };
            // A thread that has ended gets no signal: don't wait for ever.
            let mut patience = 0..100_000;
            while ARRIVED.load(Ordering::SeqCst) == before && patience.next().is_some() {
                std::thread::yield_now();
            }
        }
    }
}
