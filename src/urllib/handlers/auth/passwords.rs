//! [`PasswordManager`]: which user name and password belong to which URL and realm.

use std::{fmt, sync::Arc};

use ::http::HeaderValue;
use percent_encoding::percent_decode_str;
use url::Url;

use super::secret;
use crate::{
    error::{Error, ErrorKind, Result},
    urllib::{address, base64},
};

/// A user name and a password.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::urllib) struct Credentials {
    pub(in crate::urllib) user: String,
    pub(in crate::urllib) password: String,
}

impl Credentials {
    pub(in crate::urllib) fn new(user: impl Into<String>, password: impl Into<String>) -> Credentials {
        Credentials { user: user.into(), password: password.into() }
    }

    /// What a URL holds before its host, decoded; `None` without any, and if it isn't UTF-8.
    pub(in crate::urllib) fn of(url: &Url) -> Option<Credentials> {
        if url.username().is_empty() && url.password().is_none() {
            return None;
        }
        let decode = |text| percent_decode_str(text).decode_utf8().ok();
        Some(Credentials::new(decode(url.username())?, decode(url.password().unwrap_or_default())?))
    }

    /// As RFC 7617 §2 sends them, in UTF-8.
    pub(in crate::urllib) fn basic(&self) -> Result<HeaderValue> {
        if self.user.contains(':') {
            let message = "a user name with a colon can't be told from the password (RFC 7617)";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        if self.user.chars().chain(self.password.chars()).any(char::is_control) {
            return Err(Error::new(ErrorKind::InvalidInput, "the credentials hold a control character"));
        }
        secret(&format!("Basic {}", base64::encode(format!("{}:{}", self.user, self.password).as_bytes())))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// User names and passwords by URL and realm.
///
/// One is used for a URL of the same scheme, host and port whose path is the same or below: that of `http://h/a` for
/// `http://h/a/b`, not for `http://h/ab`. Of several, the one for exactly this realm wins, then the longest path.
///
/// Python: `urllib.request.HTTPPasswordMgrWithDefaultRealm`; there, a URI without a scheme stands for all of them.
///
/// # Examples
///
/// ```
/// use sockeye::urllib::{PasswordManager, Url};
///
/// # fn main() -> sockeye::Result<()> {
/// let passwords = PasswordManager::new()
///     .add_password("Staff", "http://example.org/", "ada", "1843")?
///     .add_password(None, "http://example.org/public", "guest", "guest")?;
/// let url = |text| Url::parse(text).expect("a URL");
/// assert_eq!(passwords.find_user_password("Staff", &url("http://example.org/x")), Some(("ada", "1843")));
/// assert_eq!(passwords.find_user_password("Else", &url("http://example.org/public/x")), Some(("guest", "guest")));
/// assert_eq!(passwords.find_user_password("Staff", &url("http://example.org:81/x")), None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct PasswordManager {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// `None` is any realm.
    realm: Option<String>,
    place: Place,
    credentials: Credentials,
}

impl PasswordManager {
    /// Without any.
    ///
    /// Python: `HTTPPasswordMgrWithDefaultRealm()`.
    #[must_use]
    pub fn new() -> PasswordManager {
        PasswordManager::default()
    }

    /// Adds what is used at that URL and below; the realm `None` stands for any.
    ///
    /// Python: `HTTPPasswordMgr.add_password`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] when it isn't an absolute URL.
    pub fn add_password<'r>(
        mut self,
        realm: impl Into<Option<&'r str>>,
        url: impl AsRef<str>,
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> Result<PasswordManager> {
        let place = Place::new(url.as_ref())?;
        let (realm, credentials) = (realm.into().map(str::to_owned), Credentials::new(user, password));
        self.entries.push(Entry { realm, place, credentials });
        Ok(self)
    }

    /// User name and password for that realm of that URL, if there are any; without a realm, those for any.
    ///
    /// Python: `HTTPPasswordMgr.find_user_password`.
    #[must_use]
    pub fn find_user_password<'r>(
        &self,
        realm: impl Into<Option<&'r str>>,
        url: &Url,
    ) -> Option<(&str, &str)> {
        self.find(realm.into(), url).map(|found| (found.user.as_str(), found.password.as_str()))
    }

    pub(super) fn find(&self, realm: Option<&str>, url: &Url) -> Option<&Credentials> {
        let fitting = |entry: &&Entry| {
            let realm_fits = entry.realm.is_none() || entry.realm.as_deref() == realm;
            realm_fits && entry.place.covers(url)
        };
        let best = self.entries.iter().filter(fitting);
        best.max_by_key(|entry| (entry.realm.is_some(), entry.place.depth())).map(|entry| &entry.credentials)
    }

    /// What is shown before anybody asked: whatever the realm, if only one thing could be meant.
    pub(super) fn find_for_any(&self, url: &Url) -> Option<&Credentials> {
        let mut fitting = self.entries.iter().filter(|entry| entry.place.covers(url));
        let deepest = fitting.clone().map(|entry| entry.place.depth()).max()?;
        let first = fitting.find(|entry| entry.place.depth() == deepest)?;
        let clear = fitting.all(|e| e.place.depth() < deepest || e.credentials == first.credentials);
        clear.then_some(&first.credentials)
    }
}

/// A scheme, host and port, and a path in it.
#[derive(Clone, Debug)]
pub(super) struct Place(Url);

impl Place {
    pub(super) fn new(url: &str) -> Result<Place> {
        let url = Arc::unwrap_or_clone(address::parse(url)?);
        if !url.has_host() {
            return Err(Error::new(ErrorKind::InvalidInput, "the URL that credentials are for has no host"));
        }
        Ok(Place(url))
    }

    /// Whether that URL is here or below.
    pub(super) fn covers(&self, url: &Url) -> bool {
        let base = self.0.path().trim_end_matches('/');
        let below = url.path().strip_prefix(base);
        address::same_origin(&self.0, url)
            && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn depth(&self) -> usize {
        self.0.path().trim_end_matches('/').len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_covers_what_is_below() {
        for (place, url, covered) in [
            ("http://h", "http://h/", true),
            ("http://h", "http://H:80/x", true),
            ("http://h/a", "http://h/a", true),
            ("http://h/a", "http://h/a/b", true),
            ("http://h/a/", "http://h/a", true),
            ("http://h/a", "http://h/ab", false),
            ("http://h/a", "http://h/A", false),
            ("http://h/a", "http://h/a/../b", false),
            ("http://h/", "https://h/", false),
            ("http://h/", "http://h:81/", false),
            ("http://h/", "http://h.evil/", false),
            ("http://h/", "http://x@h/", true),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(Place::new(place).unwrap().covers(&url), covered, "{place} {url}");
        }
        assert!(Place::new("data:,x").is_err() && Place::new("h").is_err());
    }

    #[test]
    fn nothing_shows_a_password() -> Result<()> {
        let passwords = PasswordManager::new().add_password(None, "http://h/", "me", "secret")?;
        assert!(!format!("{passwords:?}").contains("secret"));
        assert!(!format!("{:?}", Credentials::new("me", "secret").basic()?).contains("bWU6"));
        Ok(())
    }

    #[test]
    fn unclean_ones_are_refused() {
        for (user, password) in [("a:b", "c"), ("a\r\n", "c"), ("a", "c\n"), ("a\0", "")] {
            assert!(Credentials::new(user, password).basic().is_err(), "{user:?} {password:?}");
        }
        assert!(Credentials::new("é", "ü:").basic().is_ok());
    }
}
