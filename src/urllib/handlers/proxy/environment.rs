//! What the environment says of proxies.

use std::ffi::OsString;

use super::{Bypass, Choice, Loopback, ProxyHandler, Table};
use crate::urllib::Proxy;

/// Reads it through a function, so that tests can have one of their own.
pub(super) fn read(get: impl Fn(&str) -> Option<OsString>) -> ProxyHandler {
    let proxy = |lower: &str, upper: Option<&str>| -> Option<Result<Proxy, String>> {
        let (name, value) =
            [Some(lower), upper].into_iter().flatten().find_map(|name| Some((name, get(name)?)))?;
        if value.is_empty() {
            return None;
        }
        let proxy = value.to_str().map(Proxy::new);
        Some(match proxy {
            Some(proxy) => proxy.map_err(|error| format!("the environment's {name}: {error}")),
            None => Err(format!("the environment's {name} isn't UTF-8")),
        })
    };
    // CVE-2016-5385 and its kin: a server hands a request's header `Proxy` on as HTTP_PROXY.
    let upper = get("REQUEST_METHOD").is_none().then_some("HTTP_PROXY");
    let table = Table {
        http: proxy("http_proxy", upper),
        https: proxy("https_proxy", Some("HTTPS_PROXY")),
        all: proxy("all_proxy", Some("ALL_PROXY")),
    };
    if table.http.is_none() && table.https.is_none() && table.all.is_none() {
        return ProxyHandler::none();
    }
    let hosts = get("no_proxy").or_else(|| get("NO_PROXY")).unwrap_or_default();
    ProxyHandler {
        choice: Choice::ByScheme(table),
        bypass: Bypass::parse_what_can_be(&hosts.to_string_lossy()),
        loopback: Loopback::ByLocal,
        fault: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handler(variables: &[(&str, &str)]) -> ProxyHandler {
        read(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    }

    fn found(variables: &[(&str, &str)], url: &str) -> String {
        match handler(variables).find(&url.parse().unwrap()) {
            Ok(proxy) => proxy.map_or_else(|| "direct".to_owned(), |proxy| proxy.to_string()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn variables_and_their_order() {
        let both = [("HTTP_PROXY", "http://upper"), ("http_proxy", "http://lower")];
        for (variables, url, expected) in [
            (&[][..], "http://h/", "direct"),
            (&both, "http://h/", "http://lower"),
            (&both[..1], "http://h/", "http://upper"),
            (&both, "https://h/", "direct"),
            (&[("HTTPS_PROXY", "p:1")], "https://h/", "http://p:1"),
            (&[("all_proxy", "socks5h://p")], "https://h/", "socks5h://p"),
            (&[("ALL_PROXY", "p"), ("HTTP_PROXY", "q")], "http://h/", "http://q"),
            (&[("ALL_PROXY", "p")], "file:///x", "direct"),
            // An empty one in lower case takes the other one back, as in Python.
            (&[("http_proxy", ""), ("HTTP_PROXY", "p")], "http://h/", "direct"),
            (&[("HTTP_PROXY", "p"), ("REQUEST_METHOD", "GET")], "http://h/", "direct"),
            (&[("http_proxy", "p"), ("REQUEST_METHOD", "GET")], "http://h/", "http://p"),
            (&[("HTTP_PROXY", "p"), ("NO_PROXY", "x,h/y,h")], "http://h/", "direct"),
            (&[("HTTP_PROXY", "p"), ("NO_PROXY", "h"), ("no_proxy", "")], "http://h/", "http://p"),
        ] {
            assert_eq!(found(variables, url), expected, "{variables:?} {url}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_said_to_who_would_use_it() {
        let wrong = [("HTTP_PROXY", "ftp://me:secret@p")];
        let said = found(&wrong, "http://h/");
        assert!(said.starts_with("the environment's HTTP_PROXY: ") && !said.contains("secret"), "{said}");
        assert_eq!(found(&wrong, "https://h/"), "direct");
        assert_eq!(found(&[wrong[0], ("NO_PROXY", "*")], "http://h/"), "direct");
        assert_eq!(found(&wrong, "http://127.0.0.1/"), "direct");
    }

    #[test]
    fn the_loopback_is_reached_through_what_is_there_itself() {
        for url in ["http://localhost/", "http://LOCALHOST.:8/", "http://a.localhost/", "http://127.9.9.9/"] {
            assert_eq!(found(&[("HTTP_PROXY", "p")], url), "direct", "{url}");
            for proxy in ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"] {
                assert_eq!(found(&[("HTTP_PROXY", proxy)], url), proxy, "{url}");
            }
        }
        for url in ["http://[::1]/", "http://[::ffff:127.0.0.1]/"] {
            assert_eq!(found(&[("HTTP_PROXY", "p")], url), "direct", "{url}");
        }
        assert_eq!(found(&[("HTTP_PROXY", "p")], "http://localhost.example/"), "http://p");
    }
}
