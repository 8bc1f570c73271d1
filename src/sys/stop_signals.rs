//! SIGINT and SIGTERM as something that a thread can wait for.

use std::{
    io::{Read, Write},
    os::{fd::AsRawFd, unix::net::UnixStream},
    sync::atomic::{AtomicI32, AtomicUsize, Ordering},
};

use crate::error::{Error, ErrorKind, Result};

use super::platform::SEND_FLAGS;

const SIGNALS: [libc::c_int; 2] = [libc::SIGINT, libc::SIGTERM];

/// What the handler writes to; -1 while nobody has installed it, `TAKEN` while somebody does or undoes it.
static WRITER: AtomicI32 = AtomicI32::new(NOBODY);
const NOBODY: i32 = -1;
const TAKEN: i32 = -2;

/// How many handlers are at it.
static TELLING: AtomicUsize = AtomicUsize::new(0);

/// As long as it lives, the signals don't end the process.
pub(crate) struct StopSignals {
    writer: UnixStream,
    former: Vec<Former>,
}

#[derive(Clone, Copy)]
struct Former {
    signal: libc::c_int,
    action: libc::sigaction,
}

/// Where the signals arrive.
#[derive(Debug)]
pub(crate) struct StopWaiter(UnixStream);

/// # Errors
///
/// [`ErrorKind::InvalidInput`] when it is installed already; when the process has no descriptors left.
pub(crate) fn install() -> Result<(StopSignals, StopWaiter)> {
    if WRITER.compare_exchange(NOBODY, TAKEN, Ordering::SeqCst, Ordering::SeqCst).is_err() {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            "the signals are already somebody's in this process",
        ));
    }
    let pair = UnixStream::pair().and_then(|(reader, writer)| {
        writer.set_nonblocking(true)?;
        Ok((reader, writer))
    });
    let (reader, writer) = match pair {
        Ok(pair) => pair,
        Err(error) => {
            WRITER.store(NOBODY, Ordering::SeqCst);
            return Err(error.into());
        }
    };
    WRITER.store(writer.as_raw_fd(), Ordering::SeqCst);
    let former = SIGNALS.iter().map(|&signal| Former { signal, action: set(signal, &told()) }).collect();
    Ok((StopSignals { writer, former }, StopWaiter(reader)))
}

impl StopWaiter {
    /// Waits for a signal. False when [`StopSignals`] is gone.
    pub(crate) fn wait(&self) -> bool {
        let mut byte = [0];
        super::uninterrupted(|| (&self.0).read(&mut byte)).is_ok_and(|read| read == 1 && byte[0] != END)
    }
}

/// What no signal writes.
const END: u8 = 0;

impl Drop for StopSignals {
    fn drop(&mut self) {
        for former in &self.former {
            set(former.signal, &former.action);
        }
        WRITER.store(TAKEN, Ordering::SeqCst);
        // On another thread a handler may be at it.
        while TELLING.load(Ordering::SeqCst) > 0 {
            std::thread::yield_now();
        }
        WRITER.store(NOBODY, Ordering::SeqCst);
        // When there is no room, signals have filled it: the waiter comes to the end of file behind them.
        let _ = (&self.writer).write(&[END]);
    }
}

impl std::fmt::Debug for StopSignals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StopSignals").finish_non_exhaustive()
    }
}

fn set(signal: libc::c_int, action: &libc::sigaction) -> libc::sigaction {
    // SAFETY: plain data, for which zero is a value.
    let mut former: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: both point to actions that live; the handler is `tell`, or one that was installed before.
    unsafe { libc::sigaction(signal, action, &mut former) };
    former
}

/// Has the signal told, and interrupted calls go on.
fn told() -> libc::sigaction {
    // SAFETY: plain data, for which zero is a value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = tell as extern "C" fn(libc::c_int) as libc::sighandler_t;
    action.sa_flags = libc::SA_RESTART;
    action
}

/// Does nothing but what is allowed in a signal's handler. `send` leaves errno alone unless it fails, which takes
/// thousands of signals that nobody has read.
extern "C" fn tell(_signal: libc::c_int) {
    TELLING.fetch_add(1, Ordering::SeqCst);
    let writer = WRITER.load(Ordering::SeqCst);
    if writer >= 0 {
        // SAFETY: one byte that lives; and who closes the descriptor waits for TELLING before.
        unsafe { libc::send(writer, [1_u8].as_ptr().cast(), 1, SEND_FLAGS) };
    }
    TELLING.fetch_sub(1, Ordering::SeqCst);
}
