//! Where a server can be reached.

use std::net::{IpAddr, SocketAddr};

use crate::{socket::Address, sys};

/// The URLs of a server that listens on that address, for people to click on.
///
/// For "every address" (`0.0.0.0`, `::`) these are `localhost` and the address of each interface that is up, asked
/// for with `getifaddrs(3)`; IPv6 addresses that need a zone (`fe80::…`) are left out, as no browser takes them.
/// A Unix socket has no URL.
///
/// # Examples
///
/// ```
/// use sockeye::{http, socket::Address};
///
/// let addr: std::net::SocketAddr = "[::1]:8000".parse()?;
/// assert_eq!(http::urls(&Address::from(addr)), ["http://[::1]:8000/"]);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[must_use]
pub fn urls(address: &Address) -> Vec<String> {
    let Some(address) = address.as_socket_addr() else { return Vec::new() };
    // Without a list, localhost is still there.
    let interfaces = if address.ip().is_unspecified() { sys::interface_addresses() } else { Ok(Vec::new()) };
    among(address, &interfaces.unwrap_or_default())
}

fn among(address: SocketAddr, interfaces: &[IpAddr]) -> Vec<String> {
    // 80 is what a browser takes by itself.
    let port = match address.port() {
        80 => String::new(),
        port => format!(":{port}"),
    };
    let url = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) => format!("http://{ip}{port}/"),
        IpAddr::V6(ip) => format!("http://[{ip}]{port}/"),
    };
    if !address.ip().is_unspecified() {
        return vec![url(&address.ip())];
    }
    let reachable = |ip: &&IpAddr| match ip {
        IpAddr::V4(_) => true,
        // `::` listens for both families.
        IpAddr::V6(ip) => address.is_ipv6() && !ip.is_unicast_link_local(),
    };
    let (v4, v6): (Vec<&IpAddr>, Vec<&IpAddr>) =
        interfaces.iter().filter(|ip| !ip.is_loopback()).filter(reachable).partition(|ip| ip.is_ipv4());
    let mut urls = vec![format!("http://localhost{port}/")];
    for url in v4.into_iter().chain(v6).map(url) {
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    urls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, expected: &[&str]) {
        let interfaces =
            ["127.0.0.1", "::1", "fe80::1", "2001:db8::7", "192.168.0.7", "10.0.0.7", "192.168.0.7"];
        let interfaces = interfaces.map(|ip| ip.parse().unwrap());
        assert_eq!(among(address.parse().unwrap(), &interfaces), expected, "{address}");
    }

    #[test]
    fn one_address() {
        check("127.0.0.1:8000", &["http://127.0.0.1:8000/"]);
        check("[::1]:8000", &["http://[::1]:8000/"]);
        check("192.168.0.7:80", &["http://192.168.0.7/"]);
    }

    #[test]
    fn every_address() {
        let v4 = ["http://localhost:8000/", "http://192.168.0.7:8000/", "http://10.0.0.7:8000/"];
        check("0.0.0.0:8000", &v4);
        check("[::]:8000", &[&v4[..], &["http://[2001:db8::7]:8000/"]].concat());
        check("0.0.0.0:80", &["http://localhost/", "http://192.168.0.7/", "http://10.0.0.7/"]);
    }
}
