//! Data whose own source fails: that is no loss of the request's connection, whatever the error looks like.

use std::{
    error::Error as _,
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use sockeye::{
    Error, ErrorKind, Result,
    urllib::{Data, Multipart, Opener, Part, Request, RetryHandler, build_opener, testing::Script},
};

use super::{fetch, hear, ok, one, say, text};
use crate::support::{PATIENCE, Scripted, Turn};

/// Kinds of a lost connection, of one that was cut, and of neither.
const KINDS: [io::ErrorKind; 5] = [
    io::ErrorKind::ConnectionReset,
    io::ErrorKind::BrokenPipe,
    io::ErrorKind::NotConnected,
    io::ErrorKind::UnexpectedEof,
    io::ErrorKind::Other,
];

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Gives so many bytes and then fails.
struct Failing(usize, io::ErrorKind);

impl Read for Failing {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.min(buf.len()) {
            0 => Err(self.1.into()),
            n => {
                buf[..n].fill(b'x');
                self.0 -= n;
                Ok(n)
            }
        }
    }
}

/// Each way to give data that fail after so many bytes.
fn ways(good: usize, kind: io::ErrorKind) -> Vec<Data> {
    let form = Multipart::new().part("f", Part::reader(Failing(good, kind), 1 << 20));
    let trailers = Data::reader_with_trailers(Failing(good, kind), ["X-Sum"], |_| ["0"]);
    vec![
        Data::sized_reader(Failing(good, kind), 1 << 20),
        Data::reader(Failing(good, kind)),
        Data::repeatable(1 << 20, move || Ok(Failing(good, kind))),
        form.into(),
        trailers.unwrap(),
    ]
}

fn put(url: &str, data: Data) -> Request {
    Request::new(url).unwrap().method("PUT").data(data).timeout(PATIENCE)
}

#[track_caller]
fn is_the_sources(error: &Error, kind: io::ErrorKind) {
    let said = error.to_string();
    assert_eq!(error.kind(), Error::from(io::Error::from(kind)).kind(), "{said}");
    assert!(said.contains("read the request's data failed: "), "{said}");
}

/// The server waits for the rest all the while.
#[test]
fn nothing_is_waited_for() {
    for kind in KINDS {
        for (good, expect) in [(0, None), (10, None), (200_000, None), (10, Some(0))] {
            for data in ways(good, kind) {
                let server = match expect {
                    None => one([hear(), Turn::End]),
                    Some(_) => one([hear(), say("HTTP/1.1 100 Continue\r\n\r\n"), Turn::End]),
                };
                let request = put(&server.url("/"), data).expect_above(expect);
                is_the_sources(&fetch(request).unwrap_err(), kind);
            }
        }
    }
}

#[test]
fn a_kept_connection_is_not_taken_for_lost() -> Result<()> {
    for kind in KINDS {
        for data in ways(10, kind) {
            let server =
                Scripted::new(vec![vec![hear(), ok("a"), hear(), Turn::End], vec![hear(), ok("never")]]);
            let opener = Opener::new();
            assert_eq!(text(opener.open(server.url("/"))?)?, "a");
            is_the_sources(&opener.open(put(&server.url("/"), data)).unwrap_err(), kind);
            assert_eq!(server.heard().len(), 1);
        }
    }
    Ok(())
}

/// An answer that came early is none to half of the data.
#[test]
fn an_early_answer_does_not_make_it_a_success() {
    for kind in KINDS {
        for answer in [say(OK), Turn::Drip(OK.into())] {
            for data in ways(300_000, kind) {
                let server = one([hear(), answer.clone(), Turn::End]);
                let request = put(&server.url("/"), data).expect_above(None);
                is_the_sources(&fetch(request).unwrap_err(), kind);
                let heard = server.heard().concat();
                assert!(!heard.ends_with("0\r\n\r\n"), "a body that breaks off doesn't look whole");
            }
        }
    }
}

#[test]
fn data_that_cannot_be_opened() -> Result<()> {
    for kind in KINDS {
        let server = Scripted::new(vec![vec![hear(), ok("a"), Turn::End], vec![hear(), ok("never")]]);
        let opener = Opener::new();
        assert_eq!(text(opener.open(server.url("/"))?)?, "a");
        let data = Data::repeatable(5, move || Err::<io::Empty, _>(kind.into()));
        let error = opener.open(put(&server.url("/"), data)).unwrap_err();
        assert!(error.to_string().contains("open the request's data failed: "), "{error}");
        assert_eq!(server.heard().len(), 1);
    }
    Ok(())
}

/// A retry mends connections, not readers.
#[test]
fn it_is_not_tried_again() -> Result<()> {
    let retry = RetryHandler::new().backoff(Duration::ZERO, Duration::ZERO);
    let opener = build_opener().add_handler(retry).build();
    for kind in KINDS {
        // The last one ends early.
        for good in [10, 1 << 20] {
            let opened = Arc::new(AtomicUsize::new(0));
            let count = opened.clone();
            let data = Data::repeatable(1 << 20, move || {
                count.fetch_add(1, Ordering::Relaxed);
                Ok(Failing(good, kind).take((1 << 20) - 1))
            });
            let server = Scripted::new(vec![vec![hear(), Turn::End]; 3]);
            let error = opener.open(put(&server.url("/"), data)).unwrap_err();
            assert!(error.to_string().contains("the request's data"), "{error}");
            assert_eq!(opened.load(Ordering::Relaxed), 1);
        }
    }
    Ok(())
}

/// What is downloaded goes up at once, and its server resets.
#[test]
fn a_download_that_breaks_off_in_an_upload() -> Result<()> {
    let long = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    for end in [Turn::Reset, Turn::Send(Vec::new())] {
        // It reads the request, so that what it sends arrives.
        let (source, target) = (one([hear(), say(long), end]), one([hear(), say(OK), Turn::End]));
        let download = match Opener::new().open(source.url("/")) {
            Ok(download) => download,
            // The reset took what was sent before it along.
            Err(_) => continue,
        };
        let error = fetch(put(&target.url("/"), Data::sized_reader(download, 1_000_000))).unwrap_err();
        assert!(error.to_string().contains("read the request's data failed: "), "{error}");
    }
    Ok(())
}

/// The answer that the source got is not the request's.
#[test]
fn an_answer_inside_stays_inside() -> Result<()> {
    struct Other(String);
    impl Read for Other {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            Opener::new().open(self.0.as_str())?.read(buf)
        }
    }
    let source = one([hear(), say("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")]);
    let target = one([hear(), Turn::End]);
    let error = fetch(put(&target.url("/"), Data::reader(Other(source.url("/"))))).unwrap_err();
    assert!(error.response().is_none() && error.kind() == ErrorKind::Other, "{error:?}");
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let inside = causes.filter_map(|cause| cause.downcast_ref::<Error>()?.response()).next();
    assert_eq!(inside.map(|answer| answer.getcode()), Some(503), "{error:?}");
    Ok(())
}

/// As over connections, so by a script.
#[test]
fn a_script_says_the_same() {
    for kind in KINDS {
        for data in ways(10, kind) {
            let script = Script::new().on("http://h.example/", "never");
            let error = script.opener().open(put("http://h.example/", data)).unwrap_err();
            is_the_sources(&error, kind);
        }
    }
}
