//! Calls of what isn't the engine's own: handlers, hooks, and whatever is dropped with a connection. They may panic.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Calls it; `None` if it panicked.
pub(crate) fn guarded<R>(call: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(outcome) => Some(outcome),
        Err(payload) => {
            // What a panic carries is the program's as well, and may panic when it is dropped. A second such thing is
            // left where it is.
            if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                mem::forget(another);
            }
            None
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::panic_any;

    use super::*;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_any(mem::ManuallyDrop::new(7));
        }
    }

    #[test]
    fn nothing_gets_out_of_it() {
        assert_eq!(guarded(|| 7), Some(7));
        assert_eq!(guarded(|| panic!("once")), None::<()>);
        assert_eq!(guarded(|| panic_any(Bomb)), None::<()>);
        assert_eq!(guarded(|| drop(Bomb)), None);
    }
}
