//! The `Date` field (RFC 9110 §6.6.1): its text is made once a second, not once an answer.

use std::{
    io::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The last second of the year 9999, the last one that the format has room for.
const LAST: u64 = 253_402_300_799;

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
const LENGTH: usize = 29;

/// The text for the second that was asked for last; each thread has its own.
#[derive(Clone, Debug)]
pub(crate) struct DateCache {
    second: u64,
    text: [u8; LENGTH],
}

impl DateCache {
    /// A cache that holds the beginning of 1970.
    pub(crate) fn new() -> DateCache {
        let mut cache = DateCache { second: 0, text: [b' '; LENGTH] };
        cache.fill(0);
        cache
    }

    /// The time as an IMF-fixdate: 29 bytes, `Sun, 06 Nov 1994 08:49:37 GMT`. A time before 1970 or after 9999
    /// becomes the nearest that can be written.
    #[inline]
    pub(crate) fn value(&mut self, now: SystemTime) -> &[u8; LENGTH] {
        let second = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().min(LAST));
        if second != self.second {
            self.fill(second);
        }
        &self.text
    }

    /// What [`value`](DateCache::value) gave last.
    #[inline]
    pub(crate) fn last(&self) -> &[u8; LENGTH] {
        &self.text
    }

    #[cold]
    fn fill(&mut self, second: u64) {
        let date = httpdate::HttpDate::from(UNIX_EPOCH + Duration::from_secs(second));
        let mut room = &mut self.text[..];
        // Always fits: the format has one length.
        let _ = write!(room, "{date}");
        self.second = second;
    }
}

impl Default for DateCache {
    fn default() -> DateCache {
        DateCache::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(second: u64, expected: &str) {
        let mut cache = DateCache::new();
        for _ in 0..2 {
            let now = UNIX_EPOCH + Duration::new(second, 999_999_999);
            assert_eq!(cache.value(now), expected.as_bytes());
            assert_eq!(cache.last(), expected.as_bytes());
        }
    }

    #[test]
    fn writes_the_date_of_that_second() {
        check(0, "Thu, 01 Jan 1970 00:00:00 GMT");
        check(784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT");
        check(951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT");
        check(LAST, "Fri, 31 Dec 9999 23:59:59 GMT");
    }

    #[test]
    fn follows_the_clock_both_ways() {
        let mut cache = DateCache::new();
        let at = |second| UNIX_EPOCH + Duration::from_secs(second);
        assert_eq!(cache.value(at(60)), b"Thu, 01 Jan 1970 00:01:00 GMT");
        assert_eq!(cache.value(at(59)), b"Thu, 01 Jan 1970 00:00:59 GMT");
        assert_eq!(cache.value(at(0)), b"Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn takes_any_time_without_panic() {
        let mut cache = DateCache::new();
        if let Some(early) = UNIX_EPOCH.checked_sub(Duration::from_secs(1 << 40)) {
            assert_eq!(cache.value(early), b"Thu, 01 Jan 1970 00:00:00 GMT");
        }
        if let Some(late) = UNIX_EPOCH.checked_add(Duration::from_secs(1 << 60)) {
            assert_eq!(cache.value(late), b"Fri, 31 Dec 9999 23:59:59 GMT");
        }
    }
}
