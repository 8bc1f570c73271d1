//! Limits of single phases: bodies that travel too slowly, connections that take too long.

use std::{io::Read, net::TcpListener, time::Duration};

use sockeye::{
    Error, Result,
    urllib::{Data, Opener, Proxy, Request, build_opener},
};

use super::{fetch, hear, ok, one, say, text};
use crate::support::{Scripted, Turn};

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(60);

#[track_caller]
fn stalled(error: &Error, bytes: &str) {
    assert!(error.is_timeout(), "{error}");
    assert!(error.to_string().contains(&format!("stalled: fewer than {bytes} bytes in 100ms")), "{error}");
}

#[test]
fn a_download_that_stalls() -> Result<()> {
    for head in ["Content-Length: 1000", "Transfer-Encoding: chunked\r\n\r\n100", "Connection: close"] {
        let server = one([hear(), say(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\nhello")), Turn::End]);
        stalled(&fetch(Request::new(server.url("/"))?.stall_limit(100, SHORT)).unwrap_err(), "100");
    }
    Ok(())
}

/// Bytes that never stop coming may still be too few, whatever buffer they are read into.
#[test]
fn a_download_that_is_slow() -> Result<()> {
    for size in [64, 64 * 1024] {
        let server = one([hear(), say("HTTP/1.1 200 OK\r\n\r\n"), Turn::Forever(vec![b'x'; 1000])]);
        let opener = build_opener().stall_limit(1 << 50, SHORT).build();
        let mut response = opener.open(server.url("/"))?;
        let mut buf = vec![0; size];
        let error =
            std::iter::repeat_with(|| response.read(&mut buf)).find_map(std::io::Result::err).unwrap();
        stalled(&error.into(), "1125899906842624");
    }
    Ok(())
}

#[test]
fn an_upload_that_stalls() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let endless = || Data::reader(std::io::repeat(b'x'));
    for data in [Data::from(vec![0; 64 << 20]), Data::sized_reader(std::io::repeat(0), 1 << 40), endless()] {
        let request = Request::new(&url)?.data(data).expect_above(None);
        stalled(&fetch(request.read_timeout(LONG).stall_limit(1 << 20, SHORT)).unwrap_err(), "1048576");
    }
    Ok(())
}

#[test]
fn what_is_short_or_fast_passes() -> Result<()> {
    let server = one([Turn::Until("abc"), ok("hello"), hear(), ok(&"x".repeat(100_000)), hear(), ok("last")]);
    let opener = build_opener().stall_limit(1 << 40, LONG).build();
    assert_eq!(text(opener.open(Request::new(server.url("/"))?.data("abc"))?)?, "hello");
    assert_eq!(text(opener.open(Request::new(server.url("/"))?.stall_limit(50, LONG))?)?.len(), 100_000);
    assert_eq!(text(opener.open(Request::new(server.url("/"))?.stall_limit(0, LONG))?)?, "last");
    Ok(())
}

/// A server may think as long as the other limits allow.
#[test]
fn the_wait_for_the_head_is_no_stall() -> Result<()> {
    let server = one([hear(), Turn::End]);
    let request = Request::new(server.url("/"))?.stall_limit(1, SHORT / 10).read_timeout(SHORT);
    let error = fetch(request).unwrap_err();
    assert!(error.is_timeout() && !error.to_string().contains("stalled"), "{error}");
    Ok(())
}

/// A proxy that takes the connection and says nothing; the request itself may take as long as it likes.
#[test]
fn connecting_has_a_limit_of_its_own() -> Result<()> {
    // It gives up some time itself, which is no timeout.
    let silent = || Scripted::new(vec![vec![Turn::End]]);
    for scheme in ["socks4", "socks5", "http"] {
        let proxy = silent();
        // Asks for a tunnel.
        let request = Request::new("http://127.0.0.1:9/")?.upgrade("x");
        let request = request.proxy(Proxy::new(format!("{scheme}://{}", proxy.addr()))?);
        let error = fetch(request.connect_timeout(SHORT)).unwrap_err();
        assert!(error.is_timeout() && error.to_string().contains("the proxy"), "{error}");
    }
    #[cfg(feature = "tls")]
    {
        let server = silent();
        let opener = build_opener().connect_timeout(SHORT).build();
        assert!(opener.open(format!("https://{}/", server.addr())).unwrap_err().is_timeout());
    }
    Ok(())
}

/// Nothing is limited where a connection is there.
#[test]
fn a_kept_connection_takes_no_connecting() -> Result<()> {
    let server = one([hear(), ok("a"), hear(), ok("b")]);
    let opener = Opener::new();
    assert_eq!(text(opener.open(server.url("/"))?)?, "a");
    assert_eq!(text(opener.open(Request::new(server.url("/"))?.connect_timeout(Duration::ZERO))?)?, "b");
    Ok(())
}
