//! HTTP's dates (RFC 9110 §5.6.7). What they can't tell, before 1970 and after 9999, is `None` or the nearest: the crate
//! that writes them panics at it.
//!
//! - [`http_date`], [`nearest`]: times as text; [`parse`]: text of all three forms
//! - [`DateCache`]: the `Date` field, whose text is made once a second, not once an answer

use std::{
    fmt,
    io::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The last second of the year 9999, the last one that the format has room for.
pub(crate) const LAST: u64 = 253_402_300_799;

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
const LENGTH: usize = 29;

/// `Sun, 06 Nov 1994 08:49:37 GMT`; `None` for a time that HTTP can't tell.
pub(crate) fn http_date(time: SystemTime) -> Option<impl fmt::Display> {
    seconds_since_1970(time).map(nearest)
}

/// The same for a second since 1970; one after 9999 becomes the last before.
pub(crate) fn nearest(second: u64) -> impl fmt::Display {
    httpdate::HttpDate::from(UNIX_EPOCH + Duration::from_secs(second.min(LAST)))
}

/// A date in any of its three forms.
pub(crate) fn parse(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

/// A time in whole seconds, as HTTP tells it; `None` where it can't.
pub(crate) fn seconds_since_1970(time: SystemTime) -> Option<u64> {
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    (seconds <= LAST).then_some(seconds)
}

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
        let mut room = &mut self.text[..];
        // Always fits: the format has one length.
        let _ = write!(room, "{}", nearest(second));
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
    fn times_that_http_cannot_tell() {
        let check = |time, expected| {
            assert_eq!(seconds_since_1970(time), expected);
            let text = http_date(time).map(|date| date.to_string());
            assert_eq!(text.as_deref().and_then(parse).and_then(seconds_since_1970), expected);
        };
        let at = |second| UNIX_EPOCH + Duration::from_secs(second);
        check(UNIX_EPOCH, Some(0));
        check(UNIX_EPOCH - Duration::from_nanos(1), None);
        check(at(LAST), Some(LAST));
        check(at(LAST + 1), None);
        assert_eq!(nearest(u64::MAX).to_string(), nearest(LAST).to_string());
    }

    #[test]
    fn no_text_panics() {
        let (days, months) = (["Mon", "Sun", "Sunday", ""], ["Jan", "Feb", "Dec", "Foo"]);
        for (day, month) in days.iter().flat_map(|day| months.iter().map(move |month| (day, month))) {
            for number in ["00", "29", "31", "99", "é"] {
                for year in ["0000", "1969", "1970", "2024", "9999", "99"] {
                    let _ = parse(&format!("{day}, {number} {month} {year} 23:59:59 GMT"));
                    let _ = parse(&format!("{day}, {number}-{month}-{year} 23:59:59 GMT"));
                    let _ = parse(&format!("{day} {month} {number} 23:59:59 {year}"));
                }
            }
        }
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
