//! Limits of the phases of an exchange, and which of them an error names.

use std::{
    net::{SocketAddr, TcpListener},
    sync::mpsc,
    time::Duration,
};

use sockeye::{
    ErrorKind, Result,
    urllib::{Data, Opener, OpenerBuilder, Proxy, Request, build_opener},
};

use super::{fetch, hear, ok, one, say, text};
use crate::support::{Scripted, Turn};

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(60);

/// Whether it was that limit which ended it: in the opener's words, and in the request's.
#[track_caller]
fn ended_by(what: &str, request: Request, opener: &Opener) {
    let error = opener.open(request).and_then(text).unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(error.to_string().contains(&format!("timed out: {what} took longer than 50ms")), "{error}");
}

fn long() -> OpenerBuilder {
    let opener = build_opener().timeout(LONG).read_timeout(LONG).connect_timeout(LONG);
    opener.resolve_timeout(LONG).tls_timeout(LONG).send_timeout(LONG).first_byte_timeout(LONG)
}

/// Takes connections and neither reads nor says a thing.
fn silent() -> Result<(TcpListener, String)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let place = listener.local_addr()?.to_string();
    Ok((listener, place))
}

fn no_answer(_name: &str, _port: u16, left: Option<Duration>) -> Result<Vec<SocketAddr>> {
    let (_server, answers) = mpsc::channel();
    answers.recv_timeout(left.unwrap()).map_err(|_| ErrorKind::TimedOut.into())
}

#[test]
fn names_that_are_not_found() -> Result<()> {
    let request = || Request::new("http://box.internal/");
    let opener = long().resolver(no_answer).build();
    ended_by("looking up the name", request()?.resolve_timeout(SHORT), &opener);
    ended_by("making the connection", request()?.connect_timeout(SHORT), &opener);
    ended_by("a single wait", request()?.read_timeout(SHORT), &opener);
    ended_by("all of it", request()?.timeout(SHORT), &opener);
    // A proxy's name is looked up, and of a server whose address the proxy wants.
    let (_silent, place) = silent()?;
    for proxy in ["http://proxy.internal".to_owned(), format!("socks5://{place}")] {
        let request = request()?.proxy(Proxy::new(proxy)?);
        ended_by("looking up the name", request.resolve_timeout(SHORT), &opener);
    }
    let opener = long().resolver(no_answer).resolve_timeout(SHORT).build();
    ended_by("looking up the name", request()?, &opener);
    Ok(())
}

/// A resolver that takes longer than it may isn't believed.
#[test]
fn an_answer_after_the_time() -> Result<()> {
    let late = |name: &str, port, left| {
        drop(no_answer(name, port, left));
        Ok(vec![([127, 0, 0, 1], port).into()])
    };
    let request = Request::new("http://box.internal/")?;
    ended_by("looking up the name", request.resolve_timeout(SHORT), &long().resolver(late).build());
    Ok(())
}

#[cfg(feature = "tls")]
#[test]
fn handshakes() -> Result<()> {
    let (_silent, place) = silent()?;
    let request = || Request::new(format!("https://{place}/"));
    ended_by("the TLS handshake", request()?.tls_timeout(SHORT), &long().build());
    ended_by("the TLS handshake", request()?, &long().tls_timeout(SHORT).build());
    ended_by("making the connection", request()?.connect_timeout(SHORT), &long().build());
    let through = Request::new("http://127.0.0.1:9/")?.proxy(Proxy::new(format!("https://{place}"))?);
    ended_by("the TLS handshake", through.tls_timeout(SHORT), &long().build());
    Ok(())
}

/// The proxy is a part of connecting, and has no first byte of its own.
#[test]
fn proxies() -> Result<()> {
    let (_silent, place) = silent()?;
    for scheme in ["socks4", "socks5h", "http"] {
        let through = Request::new("http://127.0.0.1:9/")?.upgrade("x");
        let through =
            through.proxy(Proxy::new(format!("{scheme}://{place}"))?).first_byte_timeout(SHORT / 10);
        ended_by("making the connection", through.connect_timeout(SHORT), &long().build());
    }
    Ok(())
}

#[test]
fn sending() -> Result<()> {
    let (_silent, place) = silent()?;
    let request = |data: Data| Ok::<_, sockeye::Error>(Request::new(format!("http://{place}/"))?.data(data));
    let much = || Data::from(vec![0; 64 << 20]);
    let endless = || std::io::repeat(b'x');
    let file = || {
        let file = tempfile::tempfile()?;
        file.set_len(1 << 30)?;
        Ok::<_, sockeye::Error>(Data::sized_reader(file, 1 << 30))
    };
    let datas = [much(), Data::reader(endless()), Data::sized_reader(endless(), 1 << 40), file()?];
    for data in datas {
        let request = request(data)?.expect_above(None);
        ended_by("sending the request", request.send_timeout(SHORT), &long().build());
    }
    // The wait for the server's word is a part of it.
    ended_by("sending the request", request(much())?, &long().send_timeout(SHORT).build());
    ended_by("a single wait", request(much())?.expect_above(None).read_timeout(SHORT), &long().build());
    // A rate has words of its own.
    let slow = request(much())?.expect_above(None).stall_limit(1 << 20, SHORT).send_timeout(LONG);
    assert!(fetch(slow).unwrap_err().to_string().contains("stalled: fewer than"));
    Ok(())
}

#[test]
fn the_first_byte() -> Result<()> {
    for turns in [
        vec![Turn::End],
        // What may become an interim answer doesn't stop it, nor does one that isn't whole.
        vec![hear(), say("HTTP/1.1 "), Turn::End],
        vec![hear(), say("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x"), Turn::End],
        vec![hear(), say("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"), Turn::End],
    ] {
        for drip in [false, true] {
            let turns = turns.iter().map(|turn| match turn {
                Turn::Send(bytes) if drip => Turn::Drip(bytes.clone()),
                turn => turn.clone(),
            });
            let server = Scripted::new(vec![turns.collect()]);
            let request = Request::new(server.url("/"))?.first_byte_timeout(SHORT);
            ended_by("the first byte of the answer", request, &long().build());
        }
    }
    let server = one([Turn::End]);
    let opener = long().first_byte_timeout(SHORT).build();
    ended_by("the first byte of the answer", Request::new(server.url("/"))?, &opener);
    Ok(())
}

/// Once the first byte is there, others have the word.
#[test]
fn what_comes_after_the_first_byte() -> Result<()> {
    for start in ["HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"] {
        let server = one([hear(), say(start), Turn::End]);
        let request = Request::new(server.url("/"))?.first_byte_timeout(LONG);
        ended_by("a single wait", request.read_timeout(SHORT), &long().build());
        let server = one([hear(), say(start), Turn::End]);
        ended_by("all of it", Request::new(server.url("/"))?.timeout(SHORT), &long().build());
    }
    Ok(())
}

/// Whatever is set beside it, the one that ends first has the word.
#[test]
fn the_shortest_has_the_word() -> Result<()> {
    let server = one([Turn::End]);
    let request = Request::new(server.url("/"))?.timeout(SHORT).first_byte_timeout(LONG).read_timeout(LONG);
    ended_by("all of it", request, &long().build());
    Ok(())
}

#[test]
fn each_round_has_its_own_and_a_kept_connection_takes_none_to_connect() -> Result<()> {
    let server = one([hear(), super::moved(302, "/x"), hear(), ok("a"), Turn::Until("data"), ok("b")]);
    let opener = long().build();
    assert_eq!(text(opener.open(server.url("/"))?)?, "a");
    let request = Request::new(server.url("/"))?.data("data").connect_timeout(Duration::ZERO);
    let request = request.resolve_timeout(Duration::ZERO).tls_timeout(Duration::ZERO);
    assert_eq!(text(opener.open(request)?)?, "b");
    Ok(())
}
