//! The Host field (RFC 9112 §3.2, RFC 9110 §7.2, RFC 3986 §3.2.2).

use super::{Fields, FramingError, Name, Version};

/// HTTP/1.1 has exactly one, HTTP/1.0 at most one; what there is, is well formed.
#[inline]
pub(super) fn check(version: Version, fields: Fields<'_>) -> Result<(), FramingError> {
    match (fields.count(Name::Host), fields.first(Name::Host)) {
        (0 | 1, Some(host)) if is_host(host) => Ok(()),
        (0 | 1, Some(_)) => Err(FramingError::Host),
        (0 | 1, None) if version == Version::Http10 => Ok(()),
        (0 | 1, None) => Err(FramingError::HostMissing),
        _ => Err(FramingError::HostRepeated),
    }
}

/// Whether that is `uri-host [ ":" port ]`. An empty one is: the target may have no authority. User info is not.
pub(crate) fn is_host(value: &[u8]) -> bool {
    if let [b'[', rest @ ..] = value {
        let Some(end) = rest.iter().position(|&byte| byte == b']') else { return false };
        return is_ip_literal(&rest[..end]) && is_port(&rest[end + 1..]);
    }
    // Nearly always only what needs no second look.
    let plain = value.iter().take_while(|&&byte| NAME[usize::from(byte)]).count();
    let (name, port) = value.split_at(plain);
    match port.first() {
        None => true,
        Some(b':') => is_port(port),
        Some(b'%') => is_encoded_name(name.len(), value),
        Some(_) => false,
    }
}

/// A name with percent-encoded bytes, the first of them at `from`.
fn is_encoded_name(from: usize, value: &[u8]) -> bool {
    let mut rest = &value[from..];
    loop {
        rest = match rest {
            [b'%', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => after,
            [byte, after @ ..] if NAME[usize::from(*byte)] => after,
            rest => return is_port(rest),
        };
    }
}

/// Nothing, or a colon and digits, of which there may be none.
fn is_port(value: &[u8]) -> bool {
    match value {
        [] => true,
        [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// What stands in brackets: an IPv6 address, as far as its characters go, or an address of a future version.
fn is_ip_literal(address: &[u8]) -> bool {
    match address {
        [b'v' | b'V', version, b'.', rest @ ..] => {
            version.is_ascii_hexdigit()
                && !rest.is_empty()
                && rest.iter().all(|&byte| byte == b':' || NAME[usize::from(byte)])
        }
        _ => {
            let colons = address.iter().filter(|&&byte| byte == b':').count();
            colons >= 2 && address.iter().all(|&byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
        }
    }
}

/// `unreserved` and `sub-delims` of RFC 3986.
const NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'.' | b'_' | b'~')
            || matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=');
        byte += 1;
    }
    table
};
