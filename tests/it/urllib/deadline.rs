//! Time limits and cancelling: on every stretch of an exchange, also against a server that always has one more byte.

use std::{io::Read, net::TcpListener, thread, time::Duration};

use sockeye::{
    ErrorKind, Result,
    cancel::CancelToken,
    urllib::{Opener, Request, build_opener},
};

use super::{fetch, hear, ok, one, say, text};
use crate::support::{Scripted, Turn};

/// Long enough to connect on loopback, short enough for a test.
const SHORT: Duration = Duration::from_millis(200);

#[track_caller]
fn late(request: Request) {
    let error = fetch(request).unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

/// What a server may do instead of answering.
fn stalls() -> Vec<Vec<Turn>> {
    vec![
        vec![Turn::End],
        vec![hear(), say("HTTP/1.1 200 OK\r\nConte"), Turn::End],
        vec![hear(), say("HTTP/1.1 103 Early Hints\r\n\r\n"), Turn::End],
        vec![hear(), say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"), Turn::End],
        vec![hear(), say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"), Turn::End],
        vec![hear(), say("HTTP/1.1 200 OK\r\n\r\nhello"), Turn::End],
        vec![
            hear(),
            say("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 9\r\n\r\nhel"),
            Turn::End,
            Turn::End,
        ],
    ]
}

#[test]
fn a_server_that_stalls() -> Result<()> {
    for turns in stalls() {
        let server = one(turns.clone());
        late(Request::new(server.url("/"))?.timeout(SHORT));
        // A redirect whose body stalls costs its connection; the next one stalls as well.
        let server = Scripted::new(vec![turns, vec![Turn::End]]);
        late(Request::new(server.url("/"))?.read_timeout(SHORT));
    }
    Ok(())
}

/// Bytes that never stop coming don't stop the clock.
#[test]
fn a_server_that_never_stops() -> Result<()> {
    for (start, more) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000000\r\n\r\n", "xxxxxxxxxxxxxxxxxxxxxxxxx"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "a\r\nxxxxxxxxxx\r\n"),
        ("HTTP/1.1 200 OK\r\n\r\n", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    ] {
        let server = one([hear(), say(start), Turn::Forever(more.repeat(4096).into())]);
        let mut response = Opener::new().open(Request::new(server.url("/"))?.timeout(SHORT))?;
        // A byte at a time, the server is always ahead, and nothing ever has to be waited for.
        let error = (0..1u64 << 25).find_map(|_| response.read(&mut [0]).err()).expect("an end of the time");
        let error = sockeye::Error::from(error);
        assert!(error.is_timeout(), "{error}");
    }
    Ok(())
}

/// A redirect doesn't restart the clock.
#[test]
fn the_total_covers_all_rounds() -> Result<()> {
    let server = one([hear(), super::moved(302, "/x"), hear(), Turn::End]);
    late(Request::new(server.url("/"))?.timeout(SHORT));
    Ok(())
}

#[test]
fn a_server_that_never_reads() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    late(Request::new(&url)?.data(vec![0; 64 << 20]).timeout(SHORT));
    late(Request::new(&url)?.data(vec![0; 64 << 20]).read_timeout(SHORT));
    Ok(())
}

#[test]
fn the_opener_has_limits_too() -> Result<()> {
    let server = one([Turn::End]);
    assert!(build_opener().timeout(SHORT).build().open(server.url("/")).unwrap_err().is_timeout());
    let server = one([Turn::End]);
    assert!(build_opener().read_timeout(SHORT).build().open(server.url("/")).unwrap_err().is_timeout());
    Ok(())
}

/// A limit of an earlier request isn't left on its connection.
#[test]
fn limits_end_with_their_request() -> Result<()> {
    let server = one([hear(), ok("a"), hear(), ok("b")]);
    let opener = Opener::new();
    let token = CancelToken::new()?;
    let first = Request::new(server.url("/"))?.timeout(Duration::from_secs(30)).cancel_token(&token);
    text(opener.open(first)?)?;
    token.cancel();
    assert_eq!(text(opener.open(server.url("/"))?)?, "b");
    Ok(())
}

#[test]
fn cancelled_from_another_thread() -> Result<()> {
    for turns in stalls() {
        let (heard, server) = (turns.len() > 1, Scripted::new(vec![turns]));
        let token = CancelToken::new()?;
        let request = Request::new(server.url("/"))?.cancel_token(&token);
        let canceller = thread::spawn(move || token.cancel());
        let error = fetch(request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error} {heard}");
        canceller.join().unwrap();
    }
    Ok(())
}

#[test]
fn a_cancelled_body_that_never_stops() -> Result<()> {
    let server = one([hear(), say("HTTP/1.1 200 OK\r\n\r\n"), Turn::Forever(vec![b'x'; 1000])]);
    let token = CancelToken::new()?;
    let mut response = Opener::new().open(Request::new(server.url("/"))?.cancel_token(&token))?;
    let mut buf = vec![0; 16 * 1024];
    response.read_exact(&mut buf)?;
    token.cancel();
    let error = loop {
        if let Err(error) = response.read(&mut buf) {
            break sockeye::Error::from(error);
        }
    };
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    Ok(())
}
