//! [`Kept`]: what is known of servers and proxies, from call to call.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use url::{Origin, Url};

/// For how many places something is kept.
const PLACES: usize = 64;

/// One value for each scheme, host and port.
pub(super) struct Kept<T>(Mutex<HashMap<Origin, T>>);

impl<T> Kept<T> {
    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<Origin, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, place: &Url, value: T) {
        let mut kept = self.lock();
        if kept.len() >= PLACES {
            kept.clear();
        }
        kept.insert(place.origin(), value);
    }

    pub(super) fn remove(&self, place: &Url) -> Option<T> {
        self.lock().remove(&place.origin())
    }
}

impl<T: Clone> Kept<T> {
    pub(super) fn get(&self, place: &Url) -> Option<T> {
        self.lock().get(&place.origin()).cloned()
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Kept<T> {
        Kept(Mutex::default())
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kept", self.lock().len())
    }
}
