//! `makefile`: lines, buffers, time limits; Python at the other end.

use std::{
    io::{BufRead, Read, Write},
    process::Command,
    thread,
    time::Duration,
};

use sockeye::{
    Error, ErrorKind,
    cancel::CancelToken,
    socket::{
        AF_UNIX, Protocol, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET, Shutdown, Socket, SocketFile, create_server,
        socketpair,
    },
};

use super::{LONG, SHORT, check, pair};
use crate::support::{Program, peer};

fn file() -> (SocketFile, Socket) {
    let (client, server) = pair();
    (client.makefile().unwrap(), server)
}

#[test]
fn lines_byte_by_byte() {
    let (mut file, conn) = file();
    let text = b"one\r\n\ntwo\nlast";
    thread::scope(|scope| {
        scope.spawn(move || {
            for byte in text {
                conn.sendall(&[*byte]).unwrap();
            }
        });
        let lines: Vec<Vec<u8>> = file.into_iter().map(Result::unwrap).collect();
        assert_eq!(lines, [&b"one\r\n"[..], b"\n", b"two\n", b"last"]);
        assert_eq!(file.readline().unwrap(), b"");
    });
}

#[test]
fn readlines_stop_behind_the_hint() {
    for (hint, expected) in [(0, 1), (1, 1), (4, 1), (5, 2), (8, 2), (9, 3), (usize::MAX, 4)] {
        let (mut file, conn) = file();
        conn.sendall(b"one\ntwo\nsix\nend").unwrap();
        drop(conn);
        assert_eq!(file.readlines(hint).unwrap().len(), expected, "{hint}");
        let rest = file.readlines(usize::MAX).unwrap().concat();
        assert_eq!(rest.len(), 15 - (4 * expected).min(15));
    }
    let (mut file, conn) = file();
    file.socket().settimeout(SHORT).unwrap();
    conn.sendall(b"one\ntw").unwrap();
    check(file.readlines(usize::MAX), ErrorKind::TimedOut);
    conn.sendall(b"o\n").unwrap();
    conn.shutdown(Shutdown::Write).unwrap();
    assert_eq!(file.readlines(usize::MAX).unwrap(), [b"one\n", b"two\n"]);
}

#[test]
fn a_line_that_is_too_long_stays() {
    let (mut file, conn) = file();
    file.set_line_limit(8);
    conn.sendall(b"1234567\n12345678\n").unwrap();
    assert_eq!(file.readline().unwrap(), b"1234567\n");
    let error = check(file.readline(), ErrorKind::TooLarge);
    assert_eq!(error.to_string(), "a line of more than 8 bytes");
    check(file.readline_text(), ErrorKind::TooLarge);
    check(file.readlines(0), ErrorKind::TooLarge);
    file.set_line_limit(9);
    assert_eq!(file.readline_text().unwrap(), "12345678\n");
}

#[test]
fn lines_end_with_their_first_error() {
    let (mut file, conn) = file();
    file.set_line_limit(4);
    conn.sendall(b"one\nthree\nsix\n").unwrap();
    let mut lines = file.into_iter();
    assert_eq!(lines.next().unwrap().unwrap(), b"one\n");
    check(lines.next().unwrap(), ErrorKind::TooLarge);
    assert!(lines.next().is_none() && lines.next().is_none());
    // Nothing is lost: a larger limit takes it.
    file.set_line_limit(6);
    let mut lines = file.into_iter();
    assert_eq!(lines.next().unwrap().unwrap(), b"three\n");
    assert_eq!(lines.next().unwrap().unwrap(), b"six\n");
    drop(conn);
    assert!(lines.next().is_none() && lines.next().is_none());
}

#[test]
fn reading_by_the_traits_of_std() {
    let (mut file, conn) = file();
    conn.sendall(b"one\ntwo\nand the rest").unwrap();
    drop(conn);
    let mut text = String::new();
    assert_eq!(file.read_line(&mut text).unwrap(), 4);
    assert_eq!(file.readline().unwrap(), b"two\n");
    let mut buf = [0; 3];
    file.read_exact(&mut buf).unwrap();
    assert_eq!((file.read(&mut []).unwrap(), file.fill_buf().unwrap()), (0, &b" the rest"[..]));
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "one\n the rest");
}

#[test]
fn what_is_written_goes_with_flush_close_drop_or_a_read() {
    let ways: [fn(SocketFile); 4] = [
        |mut file| file.flush().unwrap(),
        |file| file.close().unwrap(),
        drop,
        |mut file| {
            file.socket().settimeout(SHORT).unwrap();
            check(file.readline(), ErrorKind::TimedOut);
        },
    ];
    for way in ways {
        let (mut file, conn) = file();
        write!(file, "{}-{}", 1, 2).unwrap();
        conn.settimeout(Duration::ZERO).unwrap();
        check(conn.recv(&mut [0; 8]), ErrorKind::WouldBlock);
        conn.settimeout(LONG).unwrap();
        way(file);
        assert_eq!(conn.recv(&mut [0; 8]).unwrap(), 3, "as one piece");
    }
}

#[test]
fn what_was_not_sent_in_time_goes_later_and_once() {
    // Full stays full: nothing is on its way, as over TCP.
    let (ours, conn) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
    let mut file = ours.makefile().unwrap();
    drop(ours);
    file.socket().settimeout(SHORT).unwrap();
    // Fill the queue, past the buffers; then what is small stays here.
    let mut expected = Vec::new();
    let big: Vec<u8> = (0..1 << 20).map(|i| (i % 251) as u8).collect();
    loop {
        match file.write_all(&big) {
            Ok(()) => expected.extend_from_slice(&big),
            Err(error) => {
                expected.extend_from_slice(&big[..Error::from(error).sent().unwrap()]);
                break;
            }
        }
    }
    file.write_all(b"small").unwrap();
    expected.extend_from_slice(b"small");
    for _ in 0..2 {
        let error = check(file.flush().map_err(Error::from), ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "flush failed: timed out");
    }
    file.socket().settimeout(LONG).unwrap();
    thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut all = Vec::new();
            (&conn).read_to_end(&mut all).unwrap();
            all
        });
        file.flush().unwrap();
        file.close().unwrap();
        assert!(reading.join().unwrap() == expected);
    });
}

#[test]
fn a_flush_that_sent_some_goes_on_behind_it() {
    let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
    // Less than what is held back.
    ours.setsockopt(SOL_SOCKET, SO_SNDBUF, 1).unwrap();
    let mut file = ours.makefile().unwrap();
    let data: Vec<u8> = (0..8000).map(|i| (i % 251) as u8).collect();
    file.write_all(&data).unwrap();
    file.socket().settimeout(SHORT).unwrap();
    let error = check(file.flush().map_err(Error::from), ErrorKind::TimedOut);
    assert!((1..8000).contains(&error.sent().unwrap()), "{error:?}");
    file.socket().settimeout(LONG).unwrap();
    let mut got = vec![0; 8000];
    thread::scope(|scope| {
        scope.spawn(|| (&theirs).read_exact(&mut got).unwrap());
        file.flush().unwrap();
    });
    assert!(got == data);
    theirs.settimeout(Duration::ZERO).unwrap();
    check(theirs.recv(&mut [0; 8]), ErrorKind::WouldBlock);
}

/// What was held back goes first: an error there has sent nothing of the data that `write_all` was given.
#[test]
fn an_error_counts_only_what_it_was_given() {
    let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
    ours.setsockopt(SOL_SOCKET, SO_SNDBUF, 1).unwrap();
    let mut file = ours.makefile().unwrap();
    file.write_all(&[1; 8000]).unwrap();
    file.socket().settimeout(SHORT).unwrap();
    let error = check(file.write_all(&[2; 8000]).map_err(Error::from), ErrorKind::TimedOut);
    assert_eq!(error.sent(), Some(0));
    theirs.settimeout(Duration::ZERO).unwrap();
    assert!(theirs.recv(&mut [0; 8000]).unwrap() > 0, "of what was held back some has gone");
}

#[test]
fn a_token_and_a_mode_come_along() {
    let (client, _conn) = pair();
    let token = CancelToken::new().unwrap();
    client.set_cancel(token.clone()).unwrap();
    let mut file = client.makefile().unwrap();
    assert_eq!(file.socket().gettimeout(), Some(LONG));
    thread::scope(|scope| {
        let blocked = scope.spawn(|| check(file.readline(), ErrorKind::Cancelled));
        token.cancel();
        blocked.join().unwrap();
    });
    let mut closed = client;
    closed.close();
    check(closed.makefile(), ErrorKind::Closed);
}

const PYTHON: &str = r#"
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
f = s.makefile("rw", encoding="utf-8", newline="\r\n")
s.close()
for line in f:
    f.write(line.rstrip().upper() + "\n")
    f.flush()
"#;

#[test]
fn a_conversation_with_pythons_makefile() {
    let Some(python) = peer("python3") else { return };
    let server = create_server("127.0.0.1:0").unwrap();
    let port = server.getsockname().unwrap().port().unwrap().to_string();
    let program = Program::start(Command::new(python).args(["-c", PYTHON, &port]));
    let mut conn = server.accept().unwrap().0;
    let mut file = conn.makefile().unwrap();
    for word in ["hello", "grün", ""] {
        write!(file, "{word}\r\n").unwrap();
        assert_eq!(file.readline_text().unwrap(), format!("{}\n", word.to_uppercase()));
    }
    conn.close();
    file.close().unwrap();
    assert_eq!(program.finish().success(), "");
}
