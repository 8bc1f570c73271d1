//! Which compressed twin of a file a client takes (RFC 9110 §12.5.3).

/// A content coding that a file may stand ready in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Zstd,
    Gzip,
}

impl Coding {
    /// The smallest first: where the client has no preference, this is ours.
    pub(super) const ALL: [Coding; 3] = [Coding::Brotli, Coding::Zstd, Coding::Gzip];

    /// What the twin's name ends with.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Coding::Brotli => ".br",
            Coding::Zstd => ".zst",
            Coding::Gzip => ".gz",
        }
    }

    /// The value of `Content-Encoding`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
            Coding::Gzip => "gzip",
        }
    }

    fn is_named(self, name: &[u8]) -> bool {
        name.eq_ignore_ascii_case(self.name().as_bytes())
            // RFC 9110 §8.4.1.3.
            || (self == Coding::Gzip && name.eq_ignore_ascii_case(b"x-gzip"))
    }
}

/// The codings that the fields' values accept at least as gladly as the plain file, the most wanted first.
pub(super) fn accepted<'a>(values: impl Iterator<Item = &'a [u8]> + Clone) -> impl Iterator<Item = Coding> {
    let elements = values.flat_map(|value| value.split(|&byte| byte == b',')).filter_map(element);
    let quality = |named: &dyn Fn(&[u8]) -> bool| {
        let by_name = elements.clone().find(|(name, _)| named(name));
        by_name.map(|(_, quality)| quality)
    };
    let any_other = quality(&|name| name == b"*");
    let plain = quality(&|name| name.eq_ignore_ascii_case(b"identity")).unwrap_or(0);
    let mut found: Vec<(u16, Coding)> = Vec::with_capacity(Coding::ALL.len());
    for coding in Coding::ALL {
        let quality = quality(&|name| coding.is_named(name)).or(any_other).unwrap_or(0);
        if quality > 0 && quality >= plain {
            found.push((quality, coding));
        }
    }
    // A stable sort: among equals our own order holds.
    found.sort_by_key(|&(quality, _)| std::cmp::Reverse(quality));
    found.into_iter().map(|(_, coding)| coding)
}

/// A name and its weight in thousandths; `None` for what isn't one.
fn element(text: &[u8]) -> Option<(&[u8], u16)> {
    let mut parts = text.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
    let name = parts.next().filter(|name| !name.is_empty())?;
    match parts.find_map(|part| part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q="))) {
        Some(weight) => Some((name, thousandths(weight)?)),
        None => Some((name, 1000)),
    }
}

/// `0`, `1`, and up to three digits after the point (RFC 9110 §12.4.2).
fn thousandths(weight: &[u8]) -> Option<u16> {
    let (whole, decimals) = match weight {
        [whole] => (whole, &b""[..]),
        [whole, b'.', decimals @ ..] if decimals.len() <= 3 => (whole, decimals),
        _ => return None,
    };
    let mut sum = match whole {
        b'0' => 0,
        b'1' => 1000,
        _ => return None,
    };
    for (digit, unit) in decimals.iter().zip([100, 10, 1]) {
        sum += digit.is_ascii_digit().then(|| u16::from(digit - b'0') * unit)?;
    }
    (sum <= 1000).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::{Coding::*, *};

    #[track_caller]
    fn check(values: &[&str], expected: &[Coding]) {
        let found: Vec<_> = accepted(values.iter().map(|value| value.as_bytes())).collect();
        assert_eq!(found, expected, "{values:?}");
    }

    #[test]
    fn what_is_accepted() {
        check(&[], &[]);
        check(&[""], &[]);
        check(&["gzip"], &[Gzip]);
        check(&["x-gzip, deflate"], &[Gzip]);
        check(&["gzip, deflate, br, zstd"], &[Brotli, Zstd, Gzip]);
        check(&["gzip", "BR"], &[Brotli, Gzip]);
        check(&["br;q=0.5, gzip;q=0.8"], &[Gzip, Brotli]);
        check(&["br;q=0, gzip; q=0.001"], &[Gzip]);
        check(&["*"], &[Brotli, Zstd, Gzip]);
        check(&["*;q=0.5, gzip;q=1.000, br;q=0"], &[Gzip, Zstd]);
        check(&["identity"], &[]);
        check(&["identity;q=0.5, gzip, br;q=0.4"], &[Gzip]);
        check(&["identity;q=0, gzip;q=0.1"], &[Gzip]);
    }

    #[test]
    fn weights_that_are_none() {
        for weight in ["", "2", "1.001", "0.0001", ".5", "-1", "0,5", "0.5x", "nan", "1.0001"] {
            check(&[&format!("gzip;q={weight}")], &[]);
        }
        check(&["gzip;Q=0.5;x=1"], &[Gzip]);
        check(&[";q=1,,;;, gzip"], &[Gzip]);
    }
}
