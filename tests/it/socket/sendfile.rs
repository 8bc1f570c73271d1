//! `sendfile`: to the end, in time, and where the system refuses.

use std::{
    fs::File,
    io::{Read, Seek, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
    thread,
    time::Duration,
};

use sockeye::{
    ErrorKind,
    cancel::CancelToken,
    socket::{Shutdown, Socket},
};

use super::{LONG, SHORT, check, pair};

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i * 7 + i / 251) as u8).collect()
}

/// What arrives when `send` has sent and closed its end.
fn arrives(reader: &Socket, send: impl FnOnce() + Send) -> Vec<u8> {
    thread::scope(|scope| {
        scope.spawn(send);
        let mut all = Vec::new();
        (&mut &*reader).read_to_end(&mut all).unwrap();
        all
    })
}

#[test]
fn from_offset_count_bytes_or_to_the_end() {
    let data = pattern(3 << 20);
    for timeout in [None, Some(LONG)] {
        for (offset, count) in [
            (0, None),
            (1, None),
            (0, Some(1)),
            (5, Some(70_000)),
            (0, Some(0)),
            (1 << 30, None),
            (2, Some(u64::MAX)),
        ] {
            let (client, server) = pair();
            client.settimeout(timeout).unwrap();
            let mut file = file(&data);
            file.seek(std::io::SeekFrom::Start(3)).unwrap();
            let start = data.len().min(offset as usize);
            let end = data.len().min(start.saturating_add(count.unwrap_or(u64::MAX) as usize));
            let got = arrives(&server, || {
                assert_eq!(client.sendfile(&file, offset, count).unwrap(), (end - start) as u64);
                client.shutdown(Shutdown::Write).unwrap();
            });
            assert!(got == data[start..end], "{offset} {count:?}");
            assert_eq!(file.stream_position().unwrap(), 3);
        }
    }
}

#[test]
fn what_the_system_refuses_is_read_and_sent() {
    let data = pattern(300_000);
    let (client, server) = pair();
    // Of a socket `sendfile(2)` says EINVAL, of a pipe ESPIPE; neither has places to read from.
    let (reader, mut writer) = UnixStream::pair().unwrap();
    let source = File::from(OwnedFd::from(reader));
    let got = arrives(&server, || {
        thread::scope(|scope| {
            scope.spawn(|| {
                writer.write_all(&data).unwrap();
                drop(writer);
            });
            assert_eq!(client.sendfile(&source, 0, 100_000).unwrap(), 100_000);
            assert_eq!(client.sendfile(&source, 0, None).unwrap(), 200_000);
            assert_eq!(client.sendfile(&source, 0, None).unwrap(), 0);
        });
        client.shutdown(Shutdown::Write).unwrap();
    });
    assert!(got == data);
}

#[test]
fn a_pipe_is_a_source_within_the_time_limit() {
    let (client, server) = pair();
    let mut child = std::process::Command::new("cat")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let source = File::from(OwnedFd::from(child.stdout.take().unwrap()));
    client.settimeout(SHORT).unwrap();
    let error = check(client.sendfile(&source, 0, 5), ErrorKind::TimedOut);
    assert_eq!((error.sent(), error.to_string().as_str()), (Some(0), "sendfile failed: timed out"));
    client.settimeout(Duration::ZERO).unwrap();
    check(client.sendfile(&source, 0, 5), ErrorKind::WouldBlock);
    client.settimeout(LONG).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"hello").unwrap();
    assert_eq!(client.sendfile(&source, 0, 5).unwrap(), 5);
    // A pipe has no places: ESPIPE.
    assert_eq!(client.sendfile(&source, 1, 5).unwrap_err().raw_os_error(), Some(29));
    drop(stdin);
    assert_eq!(client.sendfile(&source, 0, None).unwrap(), 0);
    child.wait().unwrap();
    assert_eq!(server.recv(&mut [0; 8]).unwrap(), 5);

    let token = CancelToken::new().unwrap();
    let (held, silent) = UnixStream::pair().unwrap();
    client.set_cancel(token.clone()).unwrap();
    thread::scope(|scope| {
        let source = File::from(OwnedFd::from(silent));
        let blocked = scope.spawn(|| check(client.sendfile(&{ source }, 0, None), ErrorKind::Cancelled));
        token.cancel();
        blocked.join().unwrap();
    });
    drop(held);
}

#[test]
fn an_error_tells_how_much_was_sent() {
    let data = pattern(1 << 24);
    let file = file(&data);
    for timeout in [Duration::ZERO, Duration::from_millis(20)] {
        let (client, server) = pair();
        client.settimeout(timeout).unwrap();
        let kind = if timeout.is_zero() { ErrorKind::WouldBlock } else { ErrorKind::TimedOut };
        let error = check(client.sendfile(&file, 0, None), kind);
        let sent = error.sent().unwrap();
        assert!((1..data.len()).contains(&sent));
        // From there it goes on.
        client.settimeout(LONG).unwrap();
        let got = arrives(&server, || {
            assert_eq!(client.sendfile(&file, sent as u64, None).unwrap(), (data.len() - sent) as u64);
            client.shutdown(Shutdown::Write).unwrap();
        });
        assert!(got == data);
    }
}

#[test]
fn a_copy_tells_how_much_was_sent_too() {
    let (client, server) = pair();
    client.settimeout(Duration::from_millis(20)).unwrap();
    let (reader, mut writer) = UnixStream::pair().unwrap();
    let source = File::from(OwnedFd::from(reader));
    let sent = thread::scope(|scope| {
        // Ends when nobody takes any more.
        scope.spawn(move || while writer.write_all(&[7; 1 << 16]).is_ok() {});
        let error = check(client.sendfile(&{ source }, 0, None), ErrorKind::TimedOut);
        error.sent().unwrap()
    });
    assert!(sent > 0);
    assert_eq!(arrives(&server, || drop(client)).len(), sent);
}

#[test]
fn what_can_not_be_sent_says_so() {
    let (client, server) = pair();
    let folder = File::open("/").unwrap();
    assert!(client.sendfile(&folder, 0, None).is_err());
    let file = file(b"data");
    assert!(client.sendfile(&file, u64::MAX, None).is_err());
    drop(server);
    assert_eq!(client.recv(&mut [0; 8]).unwrap(), 0);
    let error = (0..1000).find_map(|_| client.sendfile(&file, 0, None).err()).unwrap();
    assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error}");
    assert_eq!(error.sent(), Some(0));
    let mut client = client;
    client.close();
    check(client.sendfile(&file, 0, None), ErrorKind::Closed);
}
