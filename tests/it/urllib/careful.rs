//! What a careful client does with answers, good and bad: the rows of the folder `careful`, a file each
//! (`fixture.rs` tells how they are written), whole and byte by byte; and what no file can hold.

mod fixture;

use std::{
    fs,
    io::{BufRead, Read},
    path::Path,
};

use sockeye::{
    ErrorKind, Result,
    urllib::{Opener, Request},
};

use super::{hear, one, text};
use crate::support::{Scripted, Turn};
use fixture::{Case, Pace, Row};

/// So many rows have files; that of 64 MiB in 64 KiB is a test below.
const FILES: usize = 34;

/// What came of it, as a fixture says it.
fn outcome(case: &Case, server: &Scripted) -> String {
    let opener = Opener::new();
    let ask = |_| -> Result<String> {
        let request = Request::new(server.url("/"))?.timeout(case.timeout);
        text(opener.open(request)?)
    };
    match (0..case.requests.unwrap_or(1)).map(ask).collect::<Result<String>>() {
        Ok(bodies) => format!("ok {bodies}").trim_end().to_owned(),
        Err(error) => format!("error {:?}", error.kind()),
    }
}

fn is_built_in(feature: &str) -> bool {
    match feature {
        "gzip" => cfg!(feature = "gzip"),
        _ => panic!("{feature} is needed by none so far"),
    }
}

#[test]
fn every_row_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/urllib/careful");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "txt")).collect();
    assert_eq!(files.len(), FILES, "a row more or less: change FILES");
    let mut wrong = Vec::new();
    for row in files.iter().map(|path| Row::read(path)) {
        assert!(!row.cases.is_empty(), "{}: no cases", row.name);
        for case in row.cases.iter().filter(|case| case.needs.as_deref().is_none_or(is_built_in)) {
            for pace in [Pace::Whole, Pace::ByteByByte] {
                let server = Scripted::at(|addr| case.turns(&addr.to_string(), pace));
                let found = outcome(case, &server);
                let heard = server.heard().concat();
                let mut rest = heard.as_str();
                let asked = case.asked.iter().all(|line| {
                    let found = rest.find(&format!("{line}\r\n"));
                    rest = found.map_or("", |at| &rest[at + line.len()..]);
                    found.is_some()
                });
                if found != case.expected || !asked {
                    wrong.push(format!("{}, {}, {pace:?}: {found}\n{heard}", row.name, case.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// 64 MiB of zeros in 64 KiB of gzip: a limit, by their ratio; or as asked.
#[cfg(feature = "gzip")]
#[test]
fn a_bomb_is_as_large_as_asked() -> Result<()> {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use sockeye::urllib::{DecodeHandler, build_opener};

    // Of 64 members that are alike: made at once, it takes too long in a test.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; 1 << 20])?;
    let body = encoder.finish()?.repeat(64);
    assert!(body.len() < 80_000, "{}", body.len());
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    let answer = [head.as_bytes(), &body].concat();
    let length = |opener: Opener, turn: Turn| -> Result<u64> {
        let server = one([hear(), turn]);
        Ok(std::io::copy(&mut opener.open(server.url("/"))?, &mut std::io::sink())?)
    };
    for turn in [Turn::Send(answer.clone()), Turn::Drip(answer)] {
        assert_eq!(length(Opener::new(), turn.clone()).unwrap_err().kind(), ErrorKind::TooLarge);
        let limited = build_opener().max_body(1 << 20).build();
        assert_eq!(length(limited, turn.clone()).unwrap_err().kind(), ErrorKind::TooLarge);
        let sized = build_opener().add_handler(DecodeHandler::new().max_size(1 << 20)).build();
        assert_eq!(length(sized, turn.clone()).unwrap_err().kind(), ErrorKind::TooLarge);
        // As much as is wanted, without the rest.
        let server = one([hear(), turn]);
        let asked = build_opener().add_handler(DecodeHandler::new().max_ratio(2000)).build();
        asked.open(server.url("/"))?.read_exact(&mut vec![0; 4 << 20])?;
    }
    Ok(())
}

#[test]
fn an_answer_to_head_has_no_body() -> Result<()> {
    let server = one([
        hear(),
        Turn::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".into()),
        hear(),
        super::ok("x"),
    ]);
    let opener = Opener::new();
    let response = opener.open(Request::new(server.url("/"))?.method("HEAD"))?;
    assert_eq!(response.headers()["content-length"], "5");
    assert_eq!(text(response)?, "");
    assert_eq!(text(opener.open(server.url("/"))?)?, "x");
    Ok(())
}

/// Whatever way it is read: whole, by small and large buffers, by lines.
#[test]
fn every_way_of_reading() -> Result<()> {
    let body: Vec<u8> = (0..200_000u32).map(|n| b"0123456789abcde\n"[n as usize % 16]).collect();
    let mut chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for (n, piece) in body.chunks(7001).enumerate() {
        chunked.extend(format!("{:x};n={n}\r\n", piece.len()).as_bytes());
        chunked.extend(piece);
        chunked.extend(b"\r\n");
    }
    chunked.extend(b"0\r\nX-End: yes\r\n\r\n");
    let mut sized = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    sized.extend(&body);
    let mut open_ended = b"HTTP/1.0 200 OK\r\n\r\n".to_vec();
    open_ended.extend(&body);
    for answer in [chunked, sized, open_ended] {
        for size in [1, 1000, 8 * 1024, 100_000, 1_000_000] {
            let server = Scripted::answer(answer.clone());
            let mut response = Opener::new().open(server.url("/"))?;
            let (mut found, mut buf) = (Vec::<u8>::new(), vec![0; size]);
            loop {
                match response.read(&mut buf)? {
                    0 => break,
                    n => found.extend(&buf[..n]),
                }
            }
            assert!(found == body, "read by {size}");
            assert_eq!(response.read(&mut buf)?, 0);
            assert!(response.trailers().is_none_or(|trailers| trailers["x-end"] == "yes"));
        }
        let server = Scripted::answer(answer);
        let response = Opener::new().open(server.url("/"))?;
        assert_eq!(
            response.lines().map(|line| line.map_or(0, |line| line.len())).sum::<usize>(),
            200_000 / 16 * 15
        );
    }
    Ok(())
}

/// Once broken, always broken: nobody may take it for the end.
#[test]
fn an_error_is_not_followed_by_an_end() -> Result<()> {
    for size in [10, 10_000] {
        let server = Scripted::answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
        let mut response = Opener::new().open(server.url("/"))?;
        let mut buf = vec![0; size];
        response.read_exact(&mut buf[..10])?;
        for _ in 0..3 {
            let error = sockeye::Error::from(response.read(&mut buf).unwrap_err());
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        }
    }
    Ok(())
}

/// Whatever single byte of a good answer is wrong: an answer or an error, and an end.
#[test]
fn every_byte_may_be_wrong() {
    let good =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: u\r\n\r\n";
    let wrong = |at: usize| {
        [b'\0', b'\n', b'\r', b' ', b':', b'9', 0xff].map(|byte| {
            let mut answer = good.to_vec();
            answer[at] = byte;
            answer
        })
    };
    let answers: Vec<_> = (0..good.len()).flat_map(wrong).collect();
    let count = answers.len();
    let server = Scripted::new(answers.into_iter().map(|answer| vec![hear(), Turn::Send(answer)]).collect());
    // None is kept, so that each answer has a request of its own.
    let opener = sockeye::urllib::build_opener().max_idle(0).build();
    let found: Vec<_> = (0..count).map(|_| opener.open(server.url("/")).and_then(text)).collect();
    assert!(
        found.iter().any(Result::is_ok) && found.iter().filter(|found| found.is_err()).count() > count / 2
    );
}

/// RFC 9112 §4: any words, in any encoding, or none.
#[test]
fn the_reason_is_the_servers_own() {
    for (line, reason) in [
        (&b"HTTP/1.1 404 Not Found"[..], "Not Found"),
        (b"HTTP/1.1 404 Gone fishing, \tback soon", "Gone fishing, \tback soon"),
        (b"HTTP/1.1 404 ", ""),
        (b"HTTP/1.1 404", ""),
        ("HTTP/1.1 404 pas trouvé".as_bytes(), "pas trouvé"),
        (b"HTTP/1.1 404 pas trouv\xe9", "pas trouvé"),
        // What a terminal would obey.
        (b"HTTP/1.1 404 \x9b31m", "\u{fffd}31m"),
        ("HTTP/1.1 404 \u{9b}31m".as_bytes(), "\u{fffd}31m"),
    ] {
        let answer = [line, b"\r\nContent-Length: 0\r\n\r\n"].concat();
        for turn in [Turn::Send(answer.clone()), Turn::Drip(answer)] {
            let server = one([hear(), turn]);
            let error = Opener::new().open(server.url("/")).unwrap_err();
            assert_eq!(error.response().map(|response| response.reason()).as_deref(), Some(reason));
            assert!(error.to_string().ends_with(format!("failed: 404 {reason}").trim_end()), "{error}");
        }
    }
}
