//! Bodies that are watched: limits of their length, and callbacks.

use std::{
    io::{BufRead, Read},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use sockeye::{
    Error, ErrorKind, Result,
    urllib::{Opener, Request, build_opener},
};

use super::{hear, ok, one, say, text};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

#[test]
fn a_body_that_says_its_length_is_refused_at_once() -> Result<()> {
    let server = one([hear(), ok("hello"), hear(), ok("hello")]);
    let opener = build_opener().max_body(4).build();
    let error = opener.open(server.url("/")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("has 5 bytes, 4 are allowed"), "{error}");
    // The request's own limit wins.
    let server = one([hear(), ok("hello")]);
    assert_eq!(text(opener.open(Request::new(server.url("/"))?.max_body(5))?)?, "hello");
    Ok(())
}

#[test]
fn a_body_of_unknown_length_is_cut_at_the_limit() -> Result<()> {
    for (limit, expected) in [(5, Ok("hello")), (6, Ok("hello")), (4, Err("hell")), (0, Err(""))] {
        let server = one([hear(), say(CHUNKED)]);
        let mut response = Opener::new().open(Request::new(server.url("/"))?.max_body(limit))?;
        let mut got = String::new();
        let outcome = response.read_to_string(&mut got).map_err(|error| Error::from(error).kind());
        let failed = expected.map_err(|_| ErrorKind::TooLarge);
        assert_eq!(outcome.map(|_| got.as_str()), failed, "{limit}");
        let (Ok(came) | Err(came)) = expected;
        assert!(came.starts_with(&got), "{got:?}");
    }
    Ok(())
}

#[test]
fn an_error_status_is_heard_of_before_its_long_body() -> Result<()> {
    let server = one([hear(), say("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello")]);
    let error = build_opener().max_body(4).build().open(server.url("/")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status);
    let read = text(error.into_response()?).unwrap_err();
    assert_eq!(read.kind(), ErrorKind::TooLarge);
    Ok(())
}

#[test]
fn progress_is_told() -> Result<()> {
    for (answer, total) in [(ok("one\ntwo\n"), Some(8)), (say(CHUNKED), None)] {
        let server = one([hear(), answer, hear(), ok("again")]);
        let (seen, steps) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU64::new(0)));
        let (told, count) = (seen.clone(), steps.clone());
        let request = Request::new(server.url("/"))?.progress(move |progress| {
            count.fetch_add(1, Ordering::SeqCst);
            told.lock().unwrap().push((progress.received, progress.total));
        });
        let opener = Opener::new();
        let mut response = opener.open(request)?;
        assert_eq!(response.bytes_left(), total);
        let mut line = String::new();
        response.read_line(&mut line)?;
        std::io::copy(&mut response, &mut std::io::sink())?;
        let seen = seen.lock().unwrap().clone();
        assert_eq!(seen.last(), Some(&(total.unwrap_or(5), total)));
        assert_eq!(seen.len() as u64, steps.load(Ordering::SeqCst));
        assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0), "{seen:?}");
        // The connection went home from below the watch.
        assert_eq!(text(opener.open(server.url("/"))?)?, "again");
    }
    Ok(())
}
