//! What of it goes over the wire.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread::{self, JoinHandle},
};

use sockeye::{
    Result,
    urllib::{Proxy, Request, build_opener},
};

use super::{START, random::Random};
use crate::support::PATIENCE;

/// A proxy that answers all by itself, one request a connection: the start with a redirect, anything else with an error.
struct Gatherer {
    url: String,
    thread: JoinHandle<Vec<Vec<u8>>>,
}

impl Gatherer {
    fn new(locations: Vec<Vec<u8>>) -> Result<Gatherer> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let gather = move || {
            let (mut heads, mut locations) = (Vec::new(), locations.into_iter());
            while let Ok((stream, _)) = listener.accept() {
                let head = head(&stream);
                if head.is_empty() {
                    break;
                }
                let is_start = head.starts_with(format!("GET {START} ").as_bytes());
                let location = if is_start { locations.next() } else { None };
                heads.push(head);
                answer(&stream, location);
            }
            heads
        };
        Ok(Gatherer { url, thread: thread::spawn(gather) })
    }

    /// What it heard, each head as it came.
    fn heads(self) -> Result<Vec<Vec<u8>>> {
        drop(TcpStream::connect(self.url.trim_start_matches("http://"))?);
        Ok(self.thread.join().unwrap())
    }
}

/// Nothing of a connection that ends at once.
fn head(stream: &TcpStream) -> Vec<u8> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut reader, mut head) = (BufReader::new(stream), Vec::new());
    while !head.ends_with(b"\r\n\r\n") && reader.read_until(b'\n', &mut head).unwrap() > 0 {}
    head
}

fn answer(mut stream: &TcpStream, location: Option<Vec<u8>>) {
    let answer = match location {
        Some(location) => [b"HTTP/1.1 302 Found\r\nLocation: ", &location[..]].concat(),
        None => b"HTTP/1.1 403 Forbidden".to_vec(),
    };
    let end = b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    // Of what is no HTTP the client may not have read all.
    let _ = stream.write_all(&[&answer[..], end].concat());
}

#[test]
fn redirected_requests_are_whole() -> Result<()> {
    let mut random = Random::new(7);
    let locations: Vec<_> = (0..2_000).map(|_| random.url()).collect();
    let count = locations.len();
    let gatherer = Gatherer::new(locations)?;
    let (opener, proxy) = (build_opener().build(), Proxy::new(&gatherer.url)?);
    for _ in 0..count {
        let request =
            Request::new(START)?.timeout(PATIENCE).proxy(proxy.clone()).add_header("X-Api-Key", "secret");
        // Nothing here is answered with more than an error.
        assert!(opener.open(request).is_err());
    }
    let heads = gatherer.heads()?;
    let followed = heads.iter().filter(|head| check(head).is_some()).count();
    assert!(followed > 500 && heads.len() >= count + followed, "{followed} of {}", heads.len());
    Ok(())
}

/// A head's target, if that isn't the start.
#[track_caller]
fn check(head: &[u8]) -> Option<&str> {
    let shown = head.escape_ascii();
    let text = std::str::from_utf8(head).unwrap_or_else(|_| panic!("{shown}"));
    let mut lines = text.strip_suffix("\r\n\r\n").unwrap().split("\r\n");
    let words: Vec<_> = lines.next().unwrap().split(' ').collect();
    let [method, target, "HTTP/1.1"] = words[..] else { panic!("{shown}") };
    assert!(target.bytes().all(|byte| byte.is_ascii_graphic()) && !target.contains('#'), "{shown}");
    let place = match method {
        "GET" => target.strip_prefix("http://").and_then(|rest| rest.split(['/', '?']).next()),
        "CONNECT" => Some(target),
        _ => panic!("{shown}"),
    };
    let fields: Vec<_> =
        lines.map(|line| line.split_once(": ").unwrap_or_else(|| panic!("{shown}"))).collect();
    assert!(fields.iter().all(|(_, value)| !value.contains(char::is_control)), "{shown}");
    let hosts = fields.iter().filter(|(name, _)| *name == "Host").map(|(_, value)| *value);
    assert!(hosts.eq(place), "{shown}");
    assert_eq!(text.contains("secret"), target.starts_with("http://h.example/"), "{shown}");
    (target != START).then_some(target)
}
