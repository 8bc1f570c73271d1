//! IP addresses as text and as bytes, and the order of bytes in numbers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{AF_INET, AF_INET6, Family};
use crate::error::{Error, ErrorKind, Result};

/// An IPv4 address by the loose rules of old: one to four parts, the last of which fills what is left, each decimal,
/// octal (`0177`) or hexadecimal (`0x7f`).
///
/// glibc also takes whatever follows a space; that is refused here. Where text comes from strangers, take
/// [`inet_pton`]: others read `0177.1` as 177.1.
///
/// Python: `socket.inet_aton`.
///
/// # Errors
///
/// [`InvalidInput`](ErrorKind::InvalidInput).
///
/// # Examples
///
/// ```
/// use std::net::Ipv4Addr;
/// use sockeye::socket::inet_aton;
/// for text in ["127.0.0.1", "127.1", "0x7f.1", "0177.0.1", "2130706433"] {
///     assert_eq!(inet_aton(text)?, Ipv4Addr::LOCALHOST);
/// }
/// assert!(inet_aton("127.0.0.1.5").is_err());
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn inet_aton(text: &str) -> Result<Ipv4Addr> {
    loose(text).map(Ipv4Addr::from).ok_or_else(|| illegal(text, "an IPv4 address"))
}

fn loose(text: &str) -> Option<u32> {
    let parts = text.split('.').map(number).collect::<Option<Vec<u32>>>()?;
    let (last, leading) = parts.split_last()?;
    let left = 32_u32.checked_sub(8 * u32::try_from(leading.len()).ok()?).filter(|&left| left > 0)?;
    if leading.iter().any(|&part| part > 255) || u64::from(*last) >> left != 0 {
        return None;
    }
    let leading = leading.iter().zip([24, 16, 8]).map(|(part, shift)| part << shift);
    Some(leading.fold(*last, |address, part| address | part))
}

/// As C's literals.
fn number(text: &str) -> Option<u32> {
    // The parser takes a plus sign.
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let (digits, radix) = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) if !digits.starts_with('+') => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
        Some(_) => return None,
    };
    u32::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))
}

/// An IPv4 address as text: `Ipv4Addr::to_string`.
///
/// Python: `socket.inet_ntoa`.
///
/// # Examples
///
/// ```
/// assert_eq!(sockeye::socket::inet_ntoa([127, 0, 0, 1]), "127.0.0.1");
/// ```
#[must_use]
pub fn inet_ntoa(address: impl Into<Ipv4Addr>) -> String {
    address.into().to_string()
}

/// An IP address of that family, in its usual form only: `str::parse`. Its bytes are `octets()`.
///
/// Python: `socket.inet_pton`, which gives the bytes.
///
/// # Errors
///
/// [`InvalidInput`](ErrorKind::InvalidInput), also for a family without IP addresses.
///
/// # Examples
///
/// ```
/// use std::net::Ipv6Addr;
/// use sockeye::socket::{AF_INET, AF_INET6, inet_pton};
/// assert_eq!(inet_pton(AF_INET6, "::1")?, Ipv6Addr::LOCALHOST);
/// assert!(inet_pton(AF_INET, "127.1").is_err());
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn inet_pton(family: Family, text: &str) -> Result<IpAddr> {
    let parsed = match family {
        AF_INET => text.parse::<Ipv4Addr>().map(IpAddr::from).ok(),
        AF_INET6 => text.parse::<Ipv6Addr>().map(IpAddr::from).ok(),
        _ => return Err(no_ip(family)),
    };
    parsed.ok_or_else(|| illegal(text, if family == AF_INET { "an IPv4 address" } else { "an IPv6 address" }))
}

/// The text of an address's bytes, 4 for `AF_INET` and 16 for `AF_INET6`, in the form of RFC 5952.
///
/// The long deprecated `::1.2.3.4` of C comes out as `::102:304`.
///
/// Python: `socket.inet_ntop`. In `std::net`: `Display`.
///
/// # Errors
///
/// [`InvalidInput`](ErrorKind::InvalidInput) for another number of bytes or another family.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{AF_INET, AF_INET6, inet_ntop};
/// assert_eq!(inet_ntop(AF_INET, &[127, 0, 0, 1])?, "127.0.0.1");
/// assert_eq!(inet_ntop(AF_INET6, &[0; 16])?, "::");
/// assert!(inet_ntop(AF_INET, &[0; 16]).is_err());
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn inet_ntop(family: Family, bytes: &[u8]) -> Result<String> {
    let wrong = |_| {
        let message = format!("{} bytes are no address of the family {family:?}", bytes.len());
        Error::new(ErrorKind::InvalidInput, message)
    };
    match family {
        AF_INET => <[u8; 4]>::try_from(bytes).map(|bytes| Ipv4Addr::from(bytes).to_string()).map_err(wrong),
        AF_INET6 => <[u8; 16]>::try_from(bytes).map(|bytes| Ipv6Addr::from(bytes).to_string()).map_err(wrong),
        _ => Err(no_ip(family)),
    }
}

fn illegal(text: &str, what: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("{text:?} is not {what}"))
}

fn no_ip(family: Family) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("the family {family:?} has no IP addresses"))
}

/// A number in the order of the network, from this machine's: `u16::to_be`.
///
/// Python: `socket.htons`.
///
/// ```
/// assert_eq!(sockeye::socket::htons(0x1234).to_ne_bytes(), [0x12, 0x34]);
/// ```
#[must_use]
pub const fn htons(host: u16) -> u16 {
    host.to_be()
}

/// A number in the order of the network, from this machine's: `u32::to_be`.
///
/// Python: `socket.htonl`.
///
/// ```
/// assert_eq!(sockeye::socket::htonl(0x0102_0304).to_ne_bytes(), [1, 2, 3, 4]);
/// ```
#[must_use]
pub const fn htonl(host: u32) -> u32 {
    host.to_be()
}

/// A number in the order of this machine, from the network's: `u16::from_be`.
///
/// Python: `socket.ntohs`.
///
/// ```
/// use sockeye::socket::{htons, ntohs};
/// assert_eq!(ntohs(htons(80)), 80);
/// ```
#[must_use]
pub const fn ntohs(network: u16) -> u16 {
    u16::from_be(network)
}

/// A number in the order of this machine, from the network's: `u32::from_be`.
///
/// Python: `socket.ntohl`.
///
/// ```
/// use sockeye::socket::{htonl, ntohl};
/// assert_eq!(ntohl(htonl(80)), 80);
/// ```
#[must_use]
pub const fn ntohl(network: u32) -> u32 {
    u32::from_be(network)
}
