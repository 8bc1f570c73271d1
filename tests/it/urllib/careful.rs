//! What a careful client does with answers, good and bad; each of them also byte by byte.

use std::io::{BufRead, Read};

use sockeye::{
    ErrorKind::{self, Protocol, TooLarge, UnexpectedEof},
    urllib::{Opener, Request},
};

use super::{fetch, hear, one, text};
use crate::support::{Scripted, Turn};

/// The answer's body, or the kind of the error.
#[track_caller]
fn check(answer: impl AsRef<[u8]>, expected: Result<&str, ErrorKind>) {
    let answer = answer.as_ref();
    for turn in [Turn::Send(answer.to_vec()), Turn::Drip(answer.to_vec())] {
        let server = one([hear(), turn]);
        let found = fetch(server.url("/")).map_err(|error| error.kind());
        assert_eq!(
            found.as_deref(),
            expected.as_ref().copied(),
            "{}",
            answer[..answer.len().min(200)].escape_ascii()
        );
    }
}

#[test]
fn cut_short() {
    for (answer, kind) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789", UnexpectedEof),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nhello", UnexpectedEof),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", UnexpectedEof),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", UnexpectedEof),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", UnexpectedEof),
        ("HTTP/1.1 200 OK\r\nContent-Le", UnexpectedEof),
        ("HTTP/1.1 103 Early Hints\r\n\r\n", UnexpectedEof),
        ("", UnexpectedEof),
    ] {
        check(answer, Err(kind));
    }
}

#[test]
fn ambiguous_lengths() {
    for (head, kind) in [
        ("Content-Length: 5\r\nContent-Length: 6", Protocol),
        ("Content-Length: 5, 6", Protocol),
        ("Content-Length: +5", Protocol),
        ("Content-Length: -5", Protocol),
        ("Content-Length: 0x5", Protocol),
        ("Content-Length: ", Protocol),
        ("Content-Length: 99999999999999999999999999", Protocol),
        ("Content-Length: 3\r\nTransfer-Encoding: chunked", Protocol),
        ("Transfer-Encoding: gzip, chunked", Protocol),
        ("Transfer-Encoding: chunked, gzip", Protocol),
        ("Transfer-Encoding: gzip", Protocol),
    ] {
        check(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), Err(kind));
    }
}

#[test]
fn broken_chunks() {
    for (body, kind) in [
        ("00000000000000005\r\nhello\r\n0\r\n\r\n", TooLarge),
        ("10000000000000005\r\nhello\r\n0\r\n\r\n", TooLarge),
        ("-5\r\nhello\r\n0\r\n\r\n", Protocol),
        ("5\r\nhelloXX0\r\n\r\n", Protocol),
        ("5\nhello\r\n0\r\n\r\n", Protocol),
        ("5 5\r\nhello\r\n0\r\n\r\n", Protocol),
        ("\r\n", Protocol),
    ] {
        check(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}"), Err(kind));
    }
}

#[test]
fn good_answers() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncOnTeNt-LeNgTh:5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\n\r\nhello",
    ] {
        check(answer, Ok("hello"));
    }
    check(b"HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Length: 5\r\n\r\nhello", Ok("hello"));
    check("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", Ok(""));
    check("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", Ok(""));
    check("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Ok(""));
}

#[test]
fn no_http() {
    for answer in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "hello\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 99 Low\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: a\r\n b\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ] {
        check(answer, Err(Protocol));
    }
    check("HTTP/2.0 200 OK\r\n\r\n", Err(ErrorKind::Unsupported));
}

/// The limits hold while the rest doesn't come, and while it comes without end.
#[test]
fn without_end() {
    for (start, more) in [
        ("HTTP/1.1 200 OK\r\nX: ", "aaaaaaaaaaaaaaaa"),
        ("HTTP/1.1 200 OK\r\n", "X-A: b\r\n"),
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "X-A: b\r\n"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", "aaaaaaaaaaaaaaaa"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n",
        ),
    ] {
        let server = one([hear(), Turn::Send(start.into()), Turn::Forever(more.into())]);
        let found = fetch(server.url("/")).map_err(|error| error.kind());
        assert_eq!(found, Err(TooLarge), "{start:?} {more:?}");
    }
}

#[test]
fn a_thousand_headers() {
    let head: String = (0..1000).map(|n| format!("X-{n}: a\r\n")).collect();
    check(format!("HTTP/1.1 200 OK\r\n{head}Content-Length: 5\r\n\r\nhello"), Err(TooLarge));
}

#[test]
fn an_answer_to_head_has_no_body() -> sockeye::Result<()> {
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
fn every_way_of_reading() -> sockeye::Result<()> {
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
fn an_error_is_not_followed_by_an_end() -> sockeye::Result<()> {
    for size in [10, 10_000] {
        let server = Scripted::answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
        let mut response = Opener::new().open(server.url("/"))?;
        let mut buf = vec![0; size];
        response.read_exact(&mut buf[..10])?;
        for _ in 0..3 {
            let error = sockeye::Error::from(response.read(&mut buf).unwrap_err());
            assert_eq!(error.kind(), UnexpectedEof);
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
