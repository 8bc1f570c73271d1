//! [`Patience`]: how long one request may take, and who may end it.

use std::time::Duration;

use crate::{cancel::CancelToken, socket::getdefaulttimeout};

/// The limits of a request, or of all that an opener opens.
#[derive(Clone, Debug, Default)]
pub(super) struct Patience {
    /// From opening it to the last byte.
    pub(super) total: Option<Duration>,
    /// For each wait.
    pub(super) each: Option<Duration>,
    pub(super) cancel: Option<CancelToken>,
}

impl Patience {
    /// These limits; where there are none, the opener's; then the default timeout of sockets, which limits each
    /// wait, as in Python.
    pub(super) fn or(&self, opener: &Patience) -> Patience {
        Patience {
            total: self.total.or(opener.total),
            each: self.each.or(opener.each).or_else(getdefaulttimeout),
            cancel: self.cancel.clone(),
        }
    }
}
