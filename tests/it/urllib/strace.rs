//! How many system calls a request takes, counted by strace.

use std::{env, fs::File, time::Duration};

use sockeye::urllib::{Data, Opener, Request, build_opener};

use super::{hear, ok, one, text};
use crate::support::{ARGUMENT, Scripted, calls_of};

const ROUNDS: usize = 500;

/// What strace runs; the server is in another process, so that its calls aren't counted.
#[test]
#[ignore = "run by the test below"]
fn kept_gets() {
    let url = env::var(ARGUMENT).unwrap();
    // Limits that are far away cost no call.
    let far = Duration::from_secs(60);
    let limited = build_opener().timeout(far).resolve_timeout(far).connect_timeout(far).tls_timeout(far);
    let limited = limited.send_timeout(far).first_byte_timeout(far).build();
    for opener in [Opener::new(), limited] {
        for _ in 0..ROUNDS {
            assert_eq!(text(opener.open(&url).unwrap()).unwrap(), "hello");
        }
    }
}

#[test]
fn a_kept_get_is_two_system_calls() {
    let connection = || (0..ROUNDS).flat_map(|_| [hear(), ok("hello")]).collect();
    let server = Scripted::new(vec![connection(), connection()]);
    if let Some(calls) = calls_of("urllib::strace::kept_gets", &server.url("/")) {
        calls.check(
            2 * ROUNDS,
            &[("recvfrom", 1), ("sendto", 1), ("poll", 0), ("fcntl", 0), ("setsockopt", 0)],
        );
    }
}

const UPLOADS: usize = 20;

/// What strace runs; a file and a URL.
#[test]
#[ignore = "run by the test below"]
fn uploads_of_a_file() {
    let argument = env::var(ARGUMENT).unwrap();
    let (path, url) = argument.split_once(' ').unwrap();
    let opener = Opener::new();
    for _ in 0..UPLOADS {
        let data = Data::sized_reader(File::open(path).unwrap(), LENGTH);
        assert_eq!(text(opener.open(Request::new(url).unwrap().data(data)).unwrap()).unwrap(), "ok");
    }
}

const LENGTH: u64 = 100_000;

/// The first piece goes with the head, the rest by itself. On Linux: elsewhere it is read and sent.
#[cfg(not(sockeye_portable))]
#[test]
fn a_file_goes_out_by_sendfile() {
    use crate::support::Turn;
    use std::io::Write;

    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&vec![b'.'; LENGTH as usize - 3]).unwrap();
    file.write_all(b"end").unwrap();
    let server = one((0..UPLOADS).flat_map(|_| [Turn::Until("end"), ok("ok")]).collect::<Vec<_>>());
    let argument = format!("{} {}", file.path().display(), server.url("/"));
    if let Some(calls) = calls_of("urllib::strace::uploads_of_a_file", &argument) {
        assert!(calls.of("sendfile") >= UPLOADS && calls.of("sendto") < 2 * UPLOADS, "{calls}");
    }
}
