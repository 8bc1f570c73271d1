//! Where references lead, by `urljoin` and as redirects: the table in `references.txt`.

use std::net::SocketAddr;

use sockeye::{
    Error, ErrorKind, Result,
    urllib::{Proxy, Request, Response, build_opener, urljoin},
};

use super::{hear, say};
use crate::support::{Scripted, Turn};

/// A line of the table.
struct Row {
    /// As it stands there, for the message of a failure.
    line: &'static str,
    base: String,
    reference: Vec<u8>,
    joined: Option<String>,
    /// The kind of the error where no request goes out.
    led: Result<String, ErrorKind>,
}

fn table() -> Vec<Row> {
    let (mut base, mut rows) = ("", Vec::new());
    let lines = include_str!("references.txt").lines();
    for line in lines.filter(|line| !line.is_empty() && *line != "#" && !line.starts_with("# ")) {
        if let Some(next) = line.strip_prefix("@ ") {
            base = next;
            continue;
        }
        let columns: Vec<_> = line.split_ascii_whitespace().collect();
        let [reference, joined, led] = columns[..] else { panic!("not three columns: {line}") };
        let text = |column| String::from_utf8(unescaped(column)).unwrap();
        rows.push(Row {
            line,
            base: base.to_owned(),
            reference: unescaped(reference),
            joined: (joined != "none").then(|| text(joined)),
            led: match led {
                "refused" => Err(ErrorKind::Redirect),
                "malformed" => Err(ErrorKind::Protocol),
                "same" => Ok(text(joined)),
                led => Ok(text(led)),
            },
        });
    }
    rows
}

fn unescaped(column: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = if column == "\"\"" { "" } else { column };
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.extend(plain.bytes());
        let length = if escape.starts_with('x') { 3 } else { 1 };
        out.push(match &escape[..length] {
            "s" => b' ',
            "t" => b'\t',
            "r" => b'\r',
            "n" => b'\n',
            "\\" => b'\\',
            byte => u8::from_str_radix(&byte[1..], 16).unwrap(),
        });
        rest = &escape[length..];
    }
    out.extend(rest.bytes());
    out
}

/// A URL's scheme, host with port, and path with query, by a cut at every mark: those of the table are simple enough.
fn parts(url: &str) -> (&str, &str, &str) {
    let (scheme, rest) = url.split_once("://").unwrap();
    let rest = rest.split('#').next().unwrap();
    let (place, _) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let target = &rest[place.len()..];
    (scheme, place.rsplit('@').next().unwrap(), if target.is_empty() { "/" } else { target })
}

/// The place as `OpenerBuilder::resolve` names it.
fn with_port(scheme: &str, place: &str) -> String {
    let has_port = place.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
    let port = if scheme == "https" { 443 } else { 80 };
    if has_port { place.to_owned() } else { format!("{place}:{port}") }
}

/// What sends back to that place, then answers, each on a connection of its own.
fn server(reference: &[u8]) -> Scripted {
    let head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\nLocation: ";
    let moved = say([&head[..], reference, b"\r\n\r\n"].concat());
    Scripted::new(vec![vec![hear(), moved], vec![hear(), Turn::Send(b"HTTP/1.1 204 Well\r\n\r\n".into())]])
}

/// Opens it where that server is every host of the row, and no other one is to be found.
fn directly(row: &Row, addr: SocketAddr) -> Result<Response> {
    let nobody = |name: &str| Error::new(ErrorKind::UnknownHost, format!("{name} was not to be asked"));
    let mut opener = build_opener().resolver(move |name, _, _| Err(nobody(name)));
    for url in [Some(&row.base), row.led.as_ref().ok()].into_iter().flatten() {
        let (scheme, place, _) = parts(url);
        opener = opener.resolve(&with_port(scheme, place), [addr]);
    }
    opener.build().open(Request::new(&row.base)?.proxy(None))
}

/// The heads of the server's requests, after what came back was looked at.
#[track_caller]
fn check(row: &Row, server: Scripted, outcome: Result<Response>) -> Option<String> {
    match (&row.led, outcome) {
        (Ok(led), Ok(response)) => assert_eq!(response.geturl(), led, "{}", row.line),
        (Err(kind), Err(error)) => assert_eq!(error.kind(), *kind, "{}: {error}", row.line),
        // Nobody here speaks TLS.
        (Ok(led), Err(_)) if led.starts_with("https:") => {}
        (_, outcome) => panic!("{}: {outcome:?}", row.line),
    }
    let heard = server.heard();
    assert_eq!(heard.len(), if row.led.is_ok() { 2 } else { 1 }, "{}: {heard:?}", row.line);
    heard.into_iter().nth(1)
}

#[test]
fn references_are_joined() {
    let rows = table();
    assert!(rows.len() > 200);
    for row in rows {
        let Ok(reference) = std::str::from_utf8(&row.reference) else { continue };
        assert_eq!(urljoin(&row.base, reference).ok(), row.joined, "{}", row.line);
    }
}

/// The request that comes second is for the right target of the right host, by the right user.
#[test]
fn redirects_ask_the_right_server() {
    for row in table() {
        if row.led.as_ref().is_ok_and(|led| led.starts_with("https:")) {
            continue;
        }
        let server = server(&row.reference);
        let outcome = directly(&row, server.addr());
        let Some(head) = check(&row, server, outcome) else { continue };
        let led = row.led.unwrap();
        let (_, place, target) = parts(&led);
        assert!(head.starts_with(&format!("GET {target} HTTP/1.1\r\n")), "{}: {head}", row.line);
        assert!(head.contains(&format!("\r\nHost: {place}\r\n")), "{}: {head}", row.line);
        let has_user = led.split('/').nth(2).is_some_and(|authority| authority.contains('@'));
        assert_eq!(head.to_lowercase().contains("authorization:"), has_user, "{}: {head}", row.line);
    }
}

/// A proxy sees where each of them goes, scheme and port too.
#[test]
fn redirects_ask_the_proxy_for_the_right_url() -> Result<()> {
    for row in table() {
        if !cfg!(feature = "tls") && row.led.as_ref().is_ok_and(|led| led.starts_with("https:")) {
            continue;
        }
        let server = server(&row.reference);
        let proxy = Proxy::new(server.url(""))?;
        let outcome = build_opener().build().open(Request::new(&row.base)?.proxy(proxy));
        let Some(head) = check(&row, server, outcome) else { continue };
        let (scheme, place, target) = parts(row.led.as_ref().unwrap());
        let line = match scheme {
            "https" => format!("CONNECT {} HTTP/1.1\r\n", with_port(scheme, place)),
            _ => format!("GET http://{place}{target} HTTP/1.1\r\n"),
        };
        assert!(head.starts_with(&line), "{}: {head}", row.line);
    }
    Ok(())
}
