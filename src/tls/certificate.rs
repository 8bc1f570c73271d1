//! [`Summary`]: what a person wants to know of a certificate, read from its DER (RFC 5280 §4.1).
//!
//! For the texts of errors only: nothing is decided by it but the times of a certificate that the user named as
//! trusted by itself.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

const INTEGER: u8 = 0x02;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xA0;

/// `id-at-commonName` and `id-at-organizationName`.
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANIZATION: &[u8] = &[0x55, 4, 10];

/// How much of a name is shown: it comes from a stranger.
const SHOWN: usize = 80;

/// A certificate's names and times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) subject: String,
    pub(super) issuer: String,
    /// Seconds since 1970.
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    /// Issuer and subject are the same.
    pub(super) self_issued: bool,
}

impl Summary {
    /// `None` for what can't be read.
    pub(super) fn of(der: &[u8]) -> Option<Summary> {
        let mut certificate = Der(der).inside(SEQUENCE)?;
        let mut tbs = certificate.inside(SEQUENCE)?;
        if tbs.0.first() == Some(&VERSION) {
            tbs.next()?;
        }
        tbs.of_kind(INTEGER)?;
        tbs.of_kind(SEQUENCE)?;
        let issuer = tbs.of_kind(SEQUENCE)?;
        let mut validity = tbs.inside(SEQUENCE)?;
        let subject = tbs.of_kind(SEQUENCE)?;
        Some(Summary {
            subject: name(subject),
            issuer: name(issuer),
            not_before: time(validity.next()?)?,
            not_after: time(validity.next()?)?,
            self_issued: subject == issuer,
        })
    }
}

/// `"localhost", issued by "Test CA"`, or `"localhost", which is self-signed`.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.self_issued {
            return write!(f, "{:?} (self-signed)", self.subject);
        }
        write!(f, "{:?} (issued by {:?})", self.subject, self.issuer)
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn date(seconds: i64) -> String {
    // RFC 5280 §4.1.2.5: from 1950 on, and "no good end" is the last second of 9999, which is also what can be shown.
    const LAST: u64 = 253_402_300_799;
    match u64::try_from(seconds) {
        Ok(seconds) => {
            httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(LAST)))
        }
        Err(_) => "before 1970".to_owned(),
    }
}

/// What is left of some DER.
#[derive(Clone, Copy)]
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// Tag and contents of the next value.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7F => (usize::from(first), rest),
            // More than four bytes of length aren't sent by anybody who means it.
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
                (bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)), rest)
            }
            _ => return None,
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, contents))
    }

    fn of_kind(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, contents)| contents)
    }

    fn inside(&mut self, tag: u8) -> Option<Der<'a>> {
        self.of_kind(tag).map(Der)
    }
}

/// The common name; else the organization's.
fn name(contents: &[u8]) -> String {
    let found = attribute(contents, COMMON_NAME).or_else(|| attribute(contents, ORGANIZATION));
    found.unwrap_or_else(|| "no name".to_owned())
}

fn attribute(contents: &[u8], wanted: &[u8]) -> Option<String> {
    let mut sets = Der(contents);
    while let Some(mut set) = sets.inside(SET) {
        let mut pair = set.inside(SEQUENCE)?;
        let kind = pair.of_kind(OID)?;
        let (_, value) = pair.next()?;
        if kind == wanted {
            return Some(String::from_utf8_lossy(value).chars().take(SHOWN).collect());
        }
    }
    None
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn time((tag, text): (u8, &[u8])) -> Option<i64> {
    let text = text.strip_suffix(b"Z")?;
    let (year, rest) = match tag {
        // RFC 5280 §4.1.2.5.1: 50 is 1950.
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year = number(year)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        _ => {
            let (year, rest) = text.split_at_checked(4)?;
            (number(year)?, rest)
        }
    };
    let mut fields = rest.chunks(2).map(number);
    let mut field = || fields.next().flatten();
    let (month, day, hour, minute, second) = (field()?, field()?, field()?, field()?, field()?);
    Some(((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Days since 1970: years begin in March, so that leap days stand at their ends.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let century = year.div_euclid(100);
    year * 365 + year.div_euclid(4) - century + century.div_euclid(4) + (month * 153 + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn names_and_times_are_read() {
        let mut params = CertificateParams::new(["example.org".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "me\n");
        (params.not_before, params.not_after) = (date_time_ymd(1999, 12, 31), date_time_ymd(2120, 2, 29));
        let mut authority = CertificateParams::new([]).unwrap();
        authority.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        authority.distinguished_name = rcgen::DistinguishedName::new();
        authority.distinguished_name.push(DnType::OrganizationName, "Great CA");
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::new(authority, KeyPair::generate().unwrap());
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let summary = Summary::of(certificate.der()).unwrap();
        assert_eq!(summary.to_string(), r#""me\n" (issued by "Great CA")"#);
        assert_eq!(date(summary.not_before), "Fri, 31 Dec 1999 00:00:00 GMT");
        assert_eq!(date(summary.not_after), "Thu, 29 Feb 2120 00:00:00 GMT");
        // Cut anywhere it is unreadable, and no panic.
        for end in 0..certificate.der().len() {
            let _ = Summary::of(&certificate.der()[..end]);
        }
    }

    #[test]
    fn days_are_counted() {
        for (date, expected) in
            [((1970, 1, 1), 0), ((2000, 2, 29), 11_016), ((2000, 3, 1), 11_017), ((1969, 12, 31), -1)]
        {
            assert_eq!(days(date.0, date.1, date.2), expected, "{date:?}");
        }
        assert_eq!(time((UTC_TIME, b"500101000000Z")), Some(-631_152_000));
        for wrong in [&b""[..], b"Z", b"9Z", b"99010100000Z", b"990101", b"xx0101000000Z"] {
            assert!(time((UTC_TIME, wrong)).is_none_or(|time| time < 1_000_000_000), "{wrong:?}");
        }
    }
}
