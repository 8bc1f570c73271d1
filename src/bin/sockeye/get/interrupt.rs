//! [`Interrupt`]: Ctrl-C.

use std::{
    process,
    sync::{Arc, Mutex, PoisonError},
};

use sockeye::{Result, cancel::CancelToken};

use super::failure::INTERRUPTED;

/// What the first Ctrl-C (SIGINT, SIGTERM, SIGHUP) ends; the second one ends the process.
#[derive(Debug)]
pub(super) struct Interrupt {
    token: CancelToken,
    parts: Arc<Mutex<Option<CancelToken>>>,
}

impl Interrupt {
    /// Waits for it from here on.
    pub(super) fn new() -> Result<Interrupt> {
        let (token, parts) = (CancelToken::new()?, Arc::new(Mutex::new(None::<CancelToken>)));
        let (pressed, running) = (token.clone(), parts.clone());
        let handler = move || {
            if pressed.is_cancelled() {
                process::exit(INTERRUPTED.into());
            }
            pressed.cancel();
            if let Some(parts) = &*running.lock().unwrap_or_else(PoisonError::into_inner) {
                parts.cancel();
            }
        };
        // Without it, Ctrl-C just ends the process, and the partial file stays under its own name.
        let _ = ctrlc::set_handler(handler);
        Ok(Interrupt { token, parts })
    }

    /// What it cancels.
    pub(super) fn token(&self) -> &CancelToken {
        &self.token
    }

    /// Another token that it cancels, which can be cancelled alone; it takes the place of an earlier one.
    pub(super) fn parts(&self) -> Result<CancelToken> {
        let parts = CancelToken::new()?;
        *self.parts.lock().unwrap_or_else(PoisonError::into_inner) = Some(parts.clone());
        if self.token.is_cancelled() {
            parts.cancel();
        }
        Ok(parts)
    }
}
