//! What may stand behind a header's colon.

use std::{borrow::Cow, fmt, io::Write, time::SystemTime};

use ::http::HeaderValue;

use crate::wire::{date::http_date, write};

/// A value for [`Head::send_header`](super::Head::send_header): text, a number, a [`HeaderValue`], a
/// [`SystemTime`] (written as an HTTP date; one before 1970 or after 9999 is an error), or `format_args!(…)`.
///
/// What it writes is checked: a control character (CR, LF and NUL above all) is an error.
///
/// Python: the argument `value` of `send_header`, which is text and isn't checked.
///
/// # Examples
///
/// ```
/// use std::time::SystemTime;
/// use sockeye::http::{HttpServer, StatusCode, handler};
/// use sockeye::urllib::urlopen;
///
/// # fn main() -> sockeye::Result<()> {
/// let server = HttpServer::bind("127.0.0.1:0")?.spawn(handler(|_request, response| {
///     response
///         .send_response(StatusCode::OK)
///         .send_header("X-Count", 42)
///         .send_header("X-Version", format_args!("{}.{}", 1, 2))
///         .send_header("Last-Modified", SystemTime::UNIX_EPOCH)
///         .body("")
/// }))?;
/// let response = urlopen(format!("http://{}/", server.addr()))?;
/// assert_eq!(response.headers()["x-count"], "42");
/// assert_eq!(response.headers()["x-version"], "1.2");
/// assert_eq!(response.headers()["last-modified"], "Thu, 01 Jan 1970 00:00:00 GMT");
/// # server.shutdown();
/// # Ok(())
/// # }
/// ```
pub trait FieldValue: sealed::Sealed {
    #[doc(hidden)]
    fn append_to(&self, out: &mut Vec<u8>);
}

mod sealed {
    pub trait Sealed {}
}

impl<T: FieldValue + ?Sized> sealed::Sealed for &T {}
impl<T: FieldValue + ?Sized> FieldValue for &T {
    fn append_to(&self, out: &mut Vec<u8>) {
        (**self).append_to(out);
    }
}

impl sealed::Sealed for str {}
impl FieldValue for str {
    fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

impl sealed::Sealed for String {}
impl FieldValue for String {
    fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

impl sealed::Sealed for Cow<'_, str> {}
impl FieldValue for Cow<'_, str> {
    fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

impl sealed::Sealed for HeaderValue {}
impl FieldValue for HeaderValue {
    fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

impl sealed::Sealed for fmt::Arguments<'_> {}
impl FieldValue for fmt::Arguments<'_> {
    fn append_to(&self, out: &mut Vec<u8>) {
        // Writing to a Vec fails only if a Display does so by itself: then what it wrote so far stands.
        let _ = out.write_fmt(*self);
    }
}

impl sealed::Sealed for SystemTime {}
impl FieldValue for SystemTime {
    fn append_to(&self, out: &mut Vec<u8>) {
        match http_date(*self) {
            Some(date) => {
                let _ = write!(out, "{date}");
            }
            // HTTP can't tell such a time: a NUL makes the header an error.
            None => out.push(0),
        }
    }
}

impl sealed::Sealed for u64 {}
impl FieldValue for u64 {
    fn append_to(&self, out: &mut Vec<u8>) {
        write::number(out, *self);
    }
}

impl sealed::Sealed for u32 {}
impl FieldValue for u32 {
    fn append_to(&self, out: &mut Vec<u8>) {
        write::number(out, u64::from(*self));
    }
}

impl sealed::Sealed for u16 {}
impl FieldValue for u16 {
    fn append_to(&self, out: &mut Vec<u8>) {
        write::number(out, u64::from(*self));
    }
}

impl sealed::Sealed for usize {}
impl FieldValue for usize {
    fn append_to(&self, out: &mut Vec<u8>) {
        write::number(out, *self as u64);
    }
}

impl sealed::Sealed for i32 {}
impl FieldValue for i32 {
    fn append_to(&self, out: &mut Vec<u8>) {
        i64::from(*self).append_to(out);
    }
}

impl sealed::Sealed for i64 {}
impl FieldValue for i64 {
    fn append_to(&self, out: &mut Vec<u8>) {
        if *self < 0 {
            out.push(b'-');
        }
        write::number(out, self.unsigned_abs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: impl FieldValue, expect: &str) {
        let mut out = Vec::new();
        value.append_to(&mut out);
        assert_eq!(out, expect.as_bytes());
    }

    #[test]
    fn values_as_text() {
        check("text", "text");
        check(String::from("text"), "text");
        check(0_usize, "0");
        check(u64::MAX, "18446744073709551615");
        check(i64::MIN, "-9223372036854775808");
        check(-7, "-7");
        check(format_args!("{}-{}", 1, 2), "1-2");
        check(SystemTime::UNIX_EPOCH, "Thu, 01 Jan 1970 00:00:00 GMT");
        check(SystemTime::UNIX_EPOCH - std::time::Duration::from_secs(1), "\0");
        check(HeaderValue::from_static("a b"), "a b");
    }
}
