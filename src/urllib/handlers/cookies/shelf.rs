//! [`Shelf`]: the cookies of a jar, bounded: whose turn it is to go when there is no room.

use std::collections::{BTreeMap, HashMap};

use cookie_store::{Cookie, CookieStore, StoreAction};
use url::Url;

use super::{
    MAX_COOKIES, MAX_OF_DOMAIN,
    policy::{Suffixes, is_secure},
};

/// Domain, path and name.
type Key = [String; 3];

#[derive(Default)]
pub(super) struct Shelf {
    /// INVARIANT: at most `MAX_COOKIES`, and `MAX_OF_DOMAIN` of a domain.
    store: CookieStore,
    /// When each was set last.
    ages: HashMap<Key, u64>,
    /// The next age.
    clock: u64,
}

impl Shelf {
    pub(super) fn store(&self) -> &CookieStore {
        &self.store
    }

    /// Tells whether it was taken, or took one away.
    pub(super) fn insert(&mut self, cookie: Cookie<'static>, url: &Url, suffixes: &Suffixes) -> bool {
        let key = key(&cookie);
        if !self.make_room(&cookie, &key, url, suffixes) {
            return false;
        }
        match self.store.insert(cookie, url) {
            Ok(StoreAction::ExpiredExisting) => drop(self.take(&key)),
            Ok(_) => {
                self.ages.insert(key, self.clock);
                self.clock += 1;
            }
            Err(_) => return false,
        }
        true
    }

    pub(super) fn remove(&mut self, domain: &str, path: &str, name: &str) -> Option<Cookie<'static>> {
        self.take(&[domain, path, name].map(str::to_owned)).filter(|cookie| !cookie.is_expired())
    }

    pub(super) fn clear(&mut self) {
        self.store.clear();
        self.ages.clear();
    }

    fn take(&mut self, key: &Key) -> Option<Cookie<'static>> {
        self.ages.remove(key);
        self.store.remove(&key[0], &key[1], &key[2])
    }

    pub(super) fn drop_expired(&mut self) {
        let expired = self.store.iter_any().filter(|cookie| cookie.is_expired());
        for key in expired.map(key).collect::<Vec<_>>() {
            self.take(&key);
        }
    }

    /// Whether there is a place for it; for that, others have to go: of its own domain, or else of the site with the
    /// most (RFC 6265 §5.3), so that no site can push another one's out by way of its subdomains.
    fn make_room(&mut self, new: &Cookie<'_>, key: &Key, url: &Url, suffixes: &Suffixes) -> bool {
        if new.is_expired() || self.ages.contains_key(key) {
            return true;
        }
        if self.is_full(&key[0]) == Full::No {
            return true;
        }
        self.drop_expired();
        let most = match self.is_full(&key[0]) {
            Full::No => return true,
            Full::Domain => return self.evict(|domain| domain == key[0], url),
            Full::Jar => {
                let mut sites = BTreeMap::<&str, usize>::new();
                for [domain, ..] in self.ages.keys() {
                    *sites.entry(suffixes.site(domain)).or_default() += 1;
                }
                sites.into_iter().max_by_key(|(_, count)| *count).map(|(site, _)| site.to_owned())
            }
        };
        self.evict(|domain| Some(suffixes.site(domain)) == most.as_deref(), url)
    }

    fn is_full(&self, domain: &str) -> Full {
        if self.ages.keys().filter(|[of, ..]| of == domain).count() >= MAX_OF_DOMAIN {
            Full::Domain
        } else if self.ages.len() >= MAX_COOKIES {
            Full::Jar
        } else {
            Full::No
        }
    }

    /// Takes one of these away: one that isn't Secure, if there is one, and the oldest. What came over http takes no
    /// Secure one's place (RFC 6265bis §5.7).
    fn evict(&mut self, of: impl Fn(&str) -> bool, url: &Url) -> bool {
        let candidates = self.store.iter_any().map(|cookie| (is_secure(cookie), key(cookie)));
        let of_these = candidates.filter(|(_, key)| of(&key[0]));
        let oldest = of_these.min_by_key(|(secure, key)| (*secure, self.ages.get(key).copied()));
        let Some((_, key)) = oldest.filter(|(secure, _)| url.scheme() == "https" || !secure) else {
            return false;
        };
        self.take(&key);
        true
    }
}

/// What there is no room in.
#[derive(PartialEq, Eq)]
enum Full {
    No,
    Domain,
    Jar,
}

fn key(cookie: &Cookie<'_>) -> Key {
    [String::from(&cookie.domain), String::from(&cookie.path), cookie.name().to_owned()]
}
