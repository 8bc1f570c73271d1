//! [`Bypass`]: the hosts that are reached without a proxy.

use std::net::IpAddr;

use url::{Host, Url};

/// A list of hosts, as `NO_PROXY` has them; the table stands at [`ProxyHandler::bypass`](super::ProxyHandler::bypass).
#[derive(Clone, Debug, Default)]
pub(super) struct Bypass(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    hosts: Hosts,
    /// `None` is any.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// Without a dot at either end.
    Name(String),
    /// The address's first bits.
    Network(IpAddr, u8),
}

impl Bypass {
    /// The list, or the first of it that is none of these.
    pub(super) fn parse(list: &str) -> Result<Bypass, String> {
        let entries = words(list).map(|word| entry(word).ok_or_else(|| word.to_owned()));
        entries.collect::<Result<_, _>>().map(Bypass)
    }

    /// The list without what is none of these.
    pub(super) fn parse_what_can_be(list: &str) -> Bypass {
        Bypass(words(list).filter_map(entry).collect())
    }

    /// Whether that URL's host is one of them.
    pub(super) fn covers(&self, url: &Url) -> bool {
        let port = url.port_or_known_default();
        let fits = |entry: &&Entry| entry.port.is_none() || entry.port == port;
        let mut entries = self.0.iter().filter(fits);
        match url.host() {
            Some(Host::Domain(name)) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                entries.any(|entry| entry.hosts.has_name(name))
            }
            Some(Host::Ipv4(ip)) => entries.any(|entry| entry.hosts.has_address(ip.into())),
            Some(Host::Ipv6(ip)) => entries.any(|entry| entry.hosts.has_address(ip.to_canonical())),
            None => false,
        }
    }
}

impl Hosts {
    fn has_name(&self, name: &str) -> bool {
        match self {
            Hosts::All => true,
            Hosts::Name(end) => {
                let before = name.strip_suffix(end.as_str());
                before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
            }
            Hosts::Network(..) => false,
        }
    }

    fn has_address(&self, ip: IpAddr) -> bool {
        match (self, ip) {
            (Hosts::All, _) => true,
            (Hosts::Network(IpAddr::V4(network), bits), IpAddr::V4(ip)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(*bits)).unwrap_or(0);
                (u32::from(*network) ^ u32::from(ip)) & mask == 0
            }
            (Hosts::Network(IpAddr::V6(network), bits), IpAddr::V6(ip)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(*bits)).unwrap_or(0);
                (u128::from(*network) ^ u128::from(ip)) & mask == 0
            }
            _ => false,
        }
    }
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty())
}

fn entry(word: &str) -> Option<Entry> {
    let (host, port) = without_port(word)?;
    let hosts = match host {
        "*" => Hosts::All,
        _ => match host.split_once('/') {
            Some((ip, bits)) => network(ip.parse().ok()?, bits)?,
            None => match host.parse::<IpAddr>() {
                Ok(ip) => {
                    Hosts::Network(ip.to_canonical(), if ip.to_canonical().is_ipv4() { 32 } else { 128 })
                }
                Err(_) => name(host)?,
            },
        },
    };
    Some(Entry { hosts, port })
}

/// What stands before the port, without brackets. More than one colon without brackets is an address.
fn without_port(word: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match word.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            match rest {
                "" => return Some((host, None)),
                rest if rest.starts_with('/') && host.contains(':') => return None,
                rest => (host, rest.strip_prefix(':')?),
            }
        }
        None => match word.split_once(':') {
            Some((host, port)) if !port.contains(':') => (host, port),
            _ => return Some((word, None)),
        },
    };
    // u16's parser takes a plus sign.
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    Some((host, Some(port.parse().ok().filter(|_| digits)?)))
}

fn network(ip: IpAddr, bits: &str) -> Option<Hosts> {
    let bits: u8 = bits.parse().ok().filter(|_| bits.bytes().all(|byte| byte.is_ascii_digit()))?;
    match (ip, ip.to_canonical()) {
        (IpAddr::V4(_), _) if bits <= 32 => Some(Hosts::Network(ip, bits)),
        // ::ffff:10.0.0.0/104
        (IpAddr::V6(_), four @ IpAddr::V4(_)) if (96..=128).contains(&bits) => {
            Some(Hosts::Network(four, bits - 96))
        }
        (IpAddr::V6(_), _) if bits <= 128 => Some(Hosts::Network(ip, bits)),
        _ => None,
    }
}

/// A name as URLs have it: in lower case and ASCII.
fn name(text: &str) -> Option<Hosts> {
    let text = text.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(text);
    let text = text.trim_start_matches('.').trim_end_matches('.');
    match Host::parse(text).ok()? {
        Host::Domain(name) if !name.contains('*') => Some(Hosts::Name(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(list: &str, covered: &[&str], others: &[&str]) {
        let bypass = Bypass::parse(list).unwrap();
        for (hosts, expected) in [(covered, true), (others, false)] {
            for host in hosts {
                let url = Url::parse(&format!("http://{host}/")).unwrap();
                assert_eq!(bypass.covers(&url), expected, "{list} {host}");
            }
        }
    }

    #[test]
    fn names() {
        let (covered, others) = (["h.org", "H.ORG", "a.h.org", "a.b.h.org.", "h.org:81"], ["ah.org", "org"]);
        for list in ["h.org", ".h.org", "*.h.org", " x , H.org ", "x h.org.", "..h.org", "x,,h.org,"] {
            check(list, &covered, &others);
        }
        check("bücher.example", &["xn--bcher-kva.example", "a.bücher.example"], &["bucher.example"]);
        check("*", &["h", "10.0.0.1", "[::1]"], &[]);
        check("", &[], &["h", "10.0.0.1"]);
        check("localhost", &["localhost", "a.localhost"], &["127.0.0.1", "localhost.example"]);
    }

    #[test]
    fn addresses_and_networks() {
        check("10.0.0.1", &["10.0.0.1", "0xa.1", "[::ffff:10.0.0.1]"], &["10.0.0.10", "1.10.0.0.1.example"]);
        check("10.0.0.0/8", &["10.255.0.1"], &["11.0.0.1", "10.example"]);
        check("10.1.2.3/8", &["10.255.0.1"], &[]);
        check("0.0.0.0/0", &["1.2.3.4"], &["h", "[::1]"]);
        check("192.168.1.4/30", &["192.168.1.7"], &["192.168.1.8"]);
        check("fe80::/10", &["[fe80::1]", "[febf::1]"], &["[fec0::1]", "1.2.3.4"]);
        check("::/0", &["[::1]"], &["1.2.3.4"]);
        for list in ["::1", "[::1]", "::1/128"] {
            check(list, &["[::1]", "[0:0::1]:80"], &["[::2]", "127.0.0.1"]);
        }
        check("::ffff:10.0.0.0/104", &["10.1.1.1"], &["11.1.1.1"]);
    }

    #[test]
    fn ports() {
        check("h:8080", &["h:8080", "a.h:8080"], &["h", "h:80", "h:808"]);
        check("h:80", &["h", "h:80"], &["h:8080"]);
        check("[::1]:8080,10.0.0.1:81", &["[::1]:8080", "10.0.0.1:81"], &["[::1]", "10.0.0.1"]);
        check("*:81", &["h:81"], &["h"]);
    }

    #[test]
    fn what_is_none_is_named_or_passed_over() {
        for wrong in [
            "10.0.0.0/33",
            "::/129",
            "h/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "h:",
            "h:x",
            "h:70000",
            "h:+1",
            "[::1",
            "[::1]x",
            "a*b",
            ".",
            "http://h",
        ] {
            assert_eq!(Bypass::parse(&format!("a,{wrong}")).unwrap_err(), wrong);
            let bypass = Bypass::parse_what_can_be(&format!("{wrong},a"));
            assert_eq!(bypass.0.len(), 1, "{wrong}");
        }
    }
}
