//! Calls of what isn't the engine's own: handlers, hooks, and whatever is dropped with a connection. They may panic.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
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

/// Calls it with what it is lent. Should it panic, `put_away` has that before the panic goes on: what is dropped while
/// one unwinds must not panic itself.
pub(crate) fn lend<T, R>(mut lent: T, call: impl FnOnce(&mut T) -> R, put_away: impl FnOnce(T)) -> (T, R) {
    match catch_unwind(AssertUnwindSafe(|| call(&mut lent))) {
        Ok(outcome) => (lent, outcome),
        Err(panic) => {
            let _ = guarded(|| put_away(lent));
            resume_unwind(panic)
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

    #[test]
    fn what_was_lent_does_not_meet_the_panic() {
        let (lent, outcome) = lend(7, |lent| mem::replace(lent, 8), |_| panic!("in vain"));
        assert_eq!((lent, outcome), (8, 7));
        let panic = catch_unwind(|| lend(Bomb, |_| panic_any("the first"), drop)).map(|_| ());
        assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"the first"));
    }
}
