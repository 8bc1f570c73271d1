//! A connection that two threads use at once.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{Aim, Carrier, ClientTls, TlsConnection, settings::provider};
use crate::{
    ErrorKind,
    deadline::Deadline,
    socket::{SO_SNDBUF, SOL_SOCKET, Shutdown},
};

const PATIENCE: Duration = Duration::from_secs(30);

type Secure = StreamOwned<ServerConnection, UnixStream>;

fn server() -> ServerConfig {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let builder =
        ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    builder
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], made.signing_key.into())
        .unwrap()
}

/// The client's end, and what the server's end is run with.
fn connect(
    config: ServerConfig,
    (near, far): (UnixStream, UnixStream),
    serve: impl FnOnce(Secure) + Send + 'static,
) -> (TlsConnection, thread::JoinHandle<()>) {
    let conn = ServerConnection::new(Arc::new(config)).unwrap();
    let server = thread::spawn(move || serve(StreamOwned::new(conn, far)));
    let tls = ClientTls::new().dangerous_accept_any_certificate();
    let aim = Aim { host: "localhost", protocols: &[] };
    (
        TlsConnection::connect(Carrier::Socket(near.into()), aim, &tls, Deadline::after(PATIENCE)).unwrap(),
        server,
    )
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 + at / 251) as u8).collect()
}

fn read_all(conn: &TlsConnection, len: usize) -> Vec<u8> {
    let (mut all, mut buf) = (Vec::new(), vec![0; 10_000]);
    while all.len() < len {
        let n = conn.read_by(&mut buf, Deadline::after(PATIENCE)).unwrap();
        assert!(n > 0, "{} of {len}", all.len());
        all.extend_from_slice(&buf[..n]);
    }
    all
}

#[test]
fn one_thread_reads_while_another_writes() {
    const SIZE: usize = 4_000_000;
    // It sends and receives at once as well: nothing moves on if one waits for the other.
    let (conn, server) = connect(server(), UnixStream::pair().unwrap(), |mut tls| {
        let data = pattern(SIZE);
        let mut got = Vec::new();
        let mut buf = vec![0; 30_000];
        for piece in data.chunks(20_000) {
            tls.write_all(piece).unwrap();
            let n = tls.read(&mut buf).unwrap();
            got.extend_from_slice(&buf[..n]);
        }
        tls.read_to_end(&mut got).unwrap();
        assert!(got == data);
    });
    let data = pattern(SIZE);
    thread::scope(|scope| {
        scope.spawn(|| {
            conn.write_all_by(&data, Deadline::after(PATIENCE)).unwrap();
            conn.shutdown(Shutdown::Write, Deadline::after(PATIENCE)).unwrap();
        });
        assert!(read_all(&conn, SIZE) == data);
    });
    server.join().unwrap();
}

/// rustls keeps its place in a half-received message of the handshake's kind: whoever writes meanwhile must not show it
/// another buffer (it would panic).
#[test]
fn writing_goes_on_within_a_ticket_that_comes_in_pieces() {
    let (near, mut middle) = UnixStream::pair().unwrap();
    let (mut other, far) = UnixStream::pair().unwrap();
    let (mut up, mut down) = (middle.try_clone().unwrap(), other.try_clone().unwrap());
    let upward = thread::spawn(move || {
        let _ = std::io::copy(&mut up, &mut down);
        down.shutdown(std::net::Shutdown::Write)
    });
    // Once the handshake is over, a byte passes for each that is written.
    let pace = Arc::new(AtomicBool::new(false));
    let paced = pace.clone();
    let (passed, bytes) = mpsc::sync_channel(0);
    let downward = thread::spawn(move || {
        let mut byte = [0];
        while matches!(other.read(&mut byte), Ok(1)) && middle.write_all(&byte).is_ok() {
            if paced.load(Ordering::SeqCst) {
                let _ = passed.send(());
            }
        }
    });
    let (go, wait) = mpsc::channel();
    let mut config = server();
    config.max_fragment_size = Some(32);
    let (conn, server) = connect(config, (near, far), move |mut tls| {
        while !tls.conn.wants_write() {
            tls.conn.read_tls(&mut tls.sock).unwrap();
            tls.conn.process_new_packets().unwrap();
        }
        while tls.conn.wants_write() {
            tls.conn.write_tls(&mut tls.sock).unwrap();
        }
        wait.recv().unwrap();
        // Its tickets go out before it reads the first byte.
        let mut got = Vec::new();
        tls.read_exact(&mut [0]).unwrap();
        tls.write_all(b".").unwrap();
        tls.read_to_end(&mut got).unwrap();
    });
    pace.store(true, Ordering::SeqCst);
    go.send(()).unwrap();
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let all = read_all(&conn, 1);
            conn.shutdown(Shutdown::Write, Deadline::after(PATIENCE)).unwrap();
            all
        });
        let written =
            bytes.iter().take_while(|()| conn.write_by(b"x", Deadline::after(PATIENCE)).is_ok()).count();
        assert_eq!(reader.join().unwrap(), b".");
        assert!(written > 100, "{written}");
    });
    drop((conn, bytes));
    server.join().unwrap();
    upward.join().unwrap().unwrap();
    downward.join().unwrap();
}

#[test]
fn what_never_waits_does_not_wait_for_another_thread() {
    let (conn, server) = connect(server(), UnixStream::pair().unwrap(), |mut tls| {
        let mut line = [0; 2];
        tls.read_exact(&mut line).unwrap();
        tls.write_all(&line).unwrap();
    });
    let mut buf = [0; 8];
    assert_eq!(conn.try_read(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(conn.try_write(b"o").unwrap(), 1);
    thread::scope(|scope| {
        let reader = scope.spawn(|| read_all(&conn, 2));
        while !reader.is_finished() {
            // It may get in between, and then there is nothing yet.
            assert_eq!(conn.try_read(&mut []).unwrap(), 0);
            if conn.try_write(b"k").is_ok() {
                break;
            }
        }
        assert_eq!(reader.join().unwrap(), b"ok");
    });
    server.join().unwrap();
}

/// A peer reads record by record, so what counts as sent does too, not whole pieces alone.
#[test]
fn what_has_gone_out_is_told_record_by_record() {
    const SIZE: usize = 100_000;
    let (go, wait) = mpsc::channel::<()>();
    let (conn, server) = connect(server(), UnixStream::pair().unwrap(), move |mut tls| {
        tls.read_exact(&mut [0]).unwrap();
        wait.recv().unwrap();
        let mut got = Vec::new();
        tls.read_to_end(&mut got).unwrap();
        assert!(got == pattern(SIZE));
    });
    conn.write_all_by(b".", Deadline::after(PATIENCE)).unwrap();
    // Room for a record or two, and for no piece.
    conn.socket().setsockopt(SOL_SOCKET, SO_SNDBUF, 20_000).unwrap();
    let (data, mut sent) = (pattern(SIZE), 0);
    let error = loop {
        match conn.try_write(&data[sent..]) {
            Ok(n) => sent += n,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    assert!(sent > 0 && sent < 64 * 1024 && sent % (16 * 1024) == 0, "{sent}");
    // Time that is over takes nothing back.
    assert!(conn.write_all_by(&data[sent..], Deadline::after(Duration::ZERO)).unwrap_err().is_timeout());
    go.send(()).unwrap();
    conn.write_all_by(&data[sent..], Deadline::after(PATIENCE)).unwrap();
    conn.shutdown(Shutdown::Write, Deadline::after(PATIENCE)).unwrap();
    server.join().unwrap();
}
