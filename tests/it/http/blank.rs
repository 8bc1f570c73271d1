//! Blank lines where a request may begin (RFC 9112 §2.2): alone they are no request, and the connection is idle.

use std::{
    io::{BufReader, Write},
    net::TcpStream,
    time::Duration,
};

use super::support::{Answer, Site};

const POST: &str = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab";
const SHORT: Duration = Duration::from_millis(50);
const BLANK: [&str; 4] = ["\r", "\r\n", "\r\n\r", "\r\n\r\n"];

/// Calls it with connections that got the answers to their requests, and sent blank lines behind them.
fn each(site: &Site, check: impl Fn(BufReader<TcpStream>, &str)) {
    for (before, answers) in [("", 0), (POST, 1)] {
        for blank in BLANK {
            for step in [usize::MAX, 1] {
                let sent = format!("{before}{blank}");
                let mut stream = BufReader::new(site.connect());
                sent.as_bytes().chunks(step).for_each(|piece| stream.get_mut().write_all(piece).unwrap());
                for _ in 0..answers {
                    assert_eq!(Answer::read(&mut stream, false).unwrap().line(), "200 ab");
                }
                check(stream, &format!("step {step}: {}", sent.escape_debug()));
            }
        }
    }
}

#[test]
fn an_end_behind_blank_lines_is_silent() {
    let site = Site::new();
    for blank in BLANK {
        site.check(blank, &[]);
        site.check(format!("{POST}{blank}"), &["200 ab"]);
    }
    for blank in ["", "\r\n", "\r\n\r\n"] {
        site.check(format!("{blank}{POST}{blank}{POST}{blank}"), &["200 ab", "200 ab"]);
        site.check(format!("{POST}{blank}GET"), &["200 ab", "400 "]);
    }
    for wrong in ["\r\n\r\n\r\n", "\n", "\r\r", "\r\n\n"] {
        site.check(wrong, &["400 "]);
        site.check(format!("{POST}{wrong}"), &["200 ab", "400 "]);
    }
}

#[test]
fn silence_behind_blank_lines_ends_without_a_word() {
    let site = Site::with(|server| server.head_timeout(SHORT).idle_timeout(SHORT));
    each(&site, |mut stream, case| assert!(Answer::read(&mut stream, false).is_none(), "{case}"));
}

#[test]
fn blank_lines_begin_no_head_s_time() {
    let site = Site::with(|server| server.head_timeout(SHORT));
    let mut stream = BufReader::new(site.connect());
    write!(stream.get_mut(), "{POST}\r\n").unwrap();
    assert_eq!(Answer::read(&mut stream, false).unwrap().line(), "200 ab");
    // A head that began later has its time over.
    let mut half = BufReader::new(site.connect());
    write!(half.get_mut(), "POST").unwrap();
    assert_eq!(Answer::read(&mut half, false).unwrap().line(), "408 ");
    write!(stream.get_mut(), "\r\n{POST}").unwrap();
    assert_eq!(Answer::read(&mut stream, false).unwrap().line(), "200 ab");
}

#[test]
fn blank_lines_keep_nobody_out() {
    let site = Site::with(|server| server.max_connections(1).evict_after(Duration::ZERO));
    each(&site, |mut stream, case| {
        let second = site.connect();
        (&second).write_all(POST.as_bytes()).unwrap();
        let answer = Answer::read(&mut BufReader::new(&second), false).unwrap();
        assert_eq!(answer.line(), "200 ab", "{case}");
        assert!(Answer::read(&mut stream, false).is_none(), "{case}");
    });
}

#[test]
fn blank_lines_delay_no_shutdown() {
    for (before, answers) in [("", 0), (POST, 1)] {
        let site = Site::new();
        let mut stream = BufReader::new(site.connect());
        write!(stream.get_mut(), "{before}\r\n").unwrap();
        for _ in 0..answers {
            assert_eq!(Answer::read(&mut stream, false).unwrap().line(), "200 ab");
        }
        // Another request: by now the first connection was read as far as it came.
        site.check("GET / HTTP/1.0\r\n\r\n", &["200 hello"]);
        site.handle().shutdown();
        assert!(Answer::read(&mut stream, false).is_none(), "{before:?}");
    }
}
