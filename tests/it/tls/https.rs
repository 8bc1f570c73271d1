//! `https:` URLs.

use std::{
    env,
    io::{self, Read, Seek, Write},
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use sockeye::{
    ErrorKind, Result,
    socket::{SO_LINGER, SO_RCVBUF, SO_SNDBUF, SOL_SOCKET, Socket},
    tls::ClientTls,
    urllib::{Data, Opener, Request, build_opener},
};

use super::trusting;
use crate::support::{
    ARGUMENT, PATIENCE, Scripted, calls_of,
    tls::{Authority, Secure, TlsServer, close},
};

/// Reads a head.
pub(super) fn hear(stream: &mut Secure) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Answers as often as it is asked.
fn hello(stream: &mut Secure) -> io::Result<()> {
    loop {
        hear(stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")?;
    }
}

fn opener(tls: &ClientTls) -> Opener {
    build_opener().tls(tls).build()
}

fn text(opener: &Opener, url: &str) -> Result<String> {
    let mut page = String::new();
    opener.open(url)?.read_to_string(&mut page)?;
    Ok(page)
}

#[test]
fn a_connection_is_kept() -> Result<()> {
    let root = Authority::new("Test CA");
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    let server = TlsServer::new(root.issue(&["localhost"]).server(), move |stream| {
        count.fetch_add(1, Ordering::SeqCst);
        hello(stream)
    });
    let opener = opener(&trusting(&root));
    for _ in 0..3 {
        assert_eq!(text(&opener, &server.url("/"))?, "hello");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    opener.close_idle();
    // Another opener has another configuration: this one fails.
    let error = text(&Opener::new(), &server.url("/")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Certificate);
    assert!(error.to_string().starts_with(&format!("open {} failed: ", server.url("/"))), "{error}");
    Ok(())
}

/// A server that has read a record of a POST, and then resets, isn't sent it once more.
#[test]
fn a_post_that_was_read_in_part_is_not_sent_twice() -> Result<()> {
    let (root, heard) = (Authority::new("Test CA"), Arc::new(Mutex::new(Vec::new())));
    let log = heard.clone();
    // What isn't read has no room, so that a part of it is still here.
    let listener = Socket::from(TcpListener::bind("127.0.0.1:0").unwrap());
    listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 2000)?;
    let listener = TcpListener::try_from(listener)?;
    let server = TlsServer::at_once_on(listener, root.issue(&["localhost"]).server(), move |stream, _| {
        let socket = Socket::from(stream.sock.try_clone()?);
        loop {
            let head = hear(stream)?;
            let is_post = head.starts_with("POST");
            log.lock().unwrap().push(head);
            if is_post {
                // What is closed without lingering is reset.
                socket.setsockopt(SOL_SOCKET, SO_LINGER, Some(Duration::ZERO)).unwrap();
                return Ok(());
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")?;
        }
    });
    let opener = build_opener()
        .tls(&trusting(&root))
        .prepare_socket(|socket| socket.setsockopt(SOL_SOCKET, SO_SNDBUF, 2000))
        .build();
    assert_eq!(text(&opener, &server.url("/"))?, "hello");
    let post = Request::new(server.url("/"))?.data(vec![b'x'; 30_000]).timeout(PATIENCE);
    let error = opener.open(post).unwrap_err();
    drop((opener, server));
    let heard = heard.lock().unwrap().iter().filter(|head| head.starts_with("POST")).count();
    assert_eq!(heard, 1, "{error}");
    Ok(())
}

#[test]
fn http_1_1_is_offered() -> Result<()> {
    let root = Authority::new("Test CA");
    let mut config = root.issue(&["localhost"]).server();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let server = TlsServer::new(config, |stream| {
        hear(stream)?;
        let agreed = String::from_utf8_lossy(stream.conn.alpn_protocol().unwrap_or(b"none")).into_owned();
        write!(stream, "HTTP/1.0 200 OK\r\n\r\n{agreed}")?;
        close(stream)
    });
    assert_eq!(text(&opener(&trusting(&root)), &server.url("/"))?, "http/1.1");
    Ok(())
}

#[test]
fn a_body_that_is_cut_is_an_error() -> Result<()> {
    let root = Authority::new("Test CA");
    for answer in ["HTTP/1.0 200 OK\r\n\r\nhel", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"] {
        let server = TlsServer::new(root.issue(&["localhost"]).server(), move |stream| {
            hear(stream)?;
            stream.write_all(answer.as_bytes()) // and no close_notify
        });
        let error = text(&opener(&trusting(&root)), &server.url("/")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{answer}");
    }
    Ok(())
}

/// Most servers don't say goodbye to an idle connection.
#[test]
fn a_request_is_repeated_when_the_kept_connection_has_ended() -> Result<()> {
    let root = Authority::new("Test CA");
    let server = TlsServer::new(root.issue(&["localhost"]).server(), |stream| {
        hear(stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")?;
        // The next one's first byte comes, and it closes nevertheless.
        stream.read_exact(&mut [0; 1])
    });
    let opener = opener(&trusting(&root));
    for _ in 0..3 {
        assert_eq!(text(&opener, &server.url("/"))?, "hello");
    }
    Ok(())
}

#[test]
fn data_go_up_and_much_comes_down() -> Result<()> {
    let root = Authority::new("Test CA");
    let server = TlsServer::new(root.issue(&["localhost"]).server(), |stream| {
        let head = hear(stream)?.to_ascii_lowercase();
        let (_, rest) = head.split_once("content-length: ").unwrap();
        let length = rest.split("\r\n").next().unwrap().parse().unwrap();
        let mut data = vec![0; length];
        stream.read_exact(&mut data)?;
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n")?;
        stream.write_all(&data)
    });
    let data: Vec<u8> = (0..1_500_000_u32).map(|at| (at % 251) as u8).collect();
    let request = Request::new(server.url("/"))?.data(data.clone());
    let mut back = Vec::new();
    opener(&trusting(&root)).open(request)?.read_to_end(&mut back)?;
    assert!(back == data);
    Ok(())
}

#[test]
fn redirects_go_up_to_https_and_not_down() -> Result<()> {
    let root = Authority::new("Test CA");
    let secure = TlsServer::new(root.issue(&["localhost"]).server(), hello);
    let answer = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", secure.url("/"));
    let plain = Scripted::answer(answer);
    assert_eq!(text(&opener(&trusting(&root)), &plain.url("/"))?, "hello");

    let down = TlsServer::new(root.issue(&["localhost"]).server(), |stream| {
        hear(stream)?;
        stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: http://localhost:1/\r\nContent-Length: 0\r\n\r\n")
    });
    let error = text(&opener(&trusting(&root)), &down.url("/")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect);
    Ok(())
}

const ROUNDS: usize = 500;

/// What strace runs; see `urllib::strace`.
#[test]
#[ignore = "run by the test below"]
fn kept_gets() {
    let argument = env::var(ARGUMENT).unwrap();
    let (url, authority) = argument.split_once(' ').unwrap();
    let tls = ClientTls::new().without_system_authorities().add_ca_file(authority).unwrap();
    let opener = opener(&tls);
    for _ in 0..ROUNDS {
        assert_eq!(text(&opener, url).unwrap(), "hello");
    }
}

#[test]
fn a_kept_get_is_two_system_calls() {
    let root = Authority::new("Test CA");
    let server = TlsServer::new(root.issue(&["localhost"]).server(), hello);
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, root.pem()).unwrap();
    let argument = format!("{} {}", server.url("/"), authority.display());
    if let Some(calls) = calls_of("tls::https::kept_gets", &argument) {
        calls.check(ROUNDS, &[("recvfrom", 1), ("sendto", 1), ("poll", 0), ("futex", 0), ("setsockopt", 0)]);
    }
}

#[test]
fn a_switched_connection_stays_encrypted() -> Result<()> {
    let root = Authority::new("Test CA");
    let server = TlsServer::new(root.issue(&["localhost"]).server(), |stream| {
        hear(stream)?;
        stream.write_all(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nearly")?;
        let mut ping = [0; 4];
        stream.read_exact(&mut ping)?;
        stream.write_all(&ping)
    });
    let request = Request::new(server.url("/"))?.upgrade("x");
    let mut stream = opener(&trusting(&root)).open(request)?.into_stream()?;
    assert!(stream.tls().is_some());
    stream.write_all(b"ping")?;
    let mut heard = [0; 9];
    stream.read_exact(&mut heard)?;
    assert_eq!(&heard, b"earlyping");
    Ok(())
}

/// A refusal is heard while data are sent that the server doesn't read.
#[test]
fn a_refusal_ends_the_sending() -> Result<()> {
    const REFUSAL: &[u8] = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n";
    let root = Authority::new("Test CA");
    for (piece, data) in
        [(REFUSAL.len(), Data::from(vec![0; 64 << 20])), (1, Data::reader(std::io::repeat(0)))]
    {
        let (done, held) = mpsc::channel::<()>();
        let server = TlsServer::new(root.issue(&["localhost"]).server(), move |stream| {
            hear(stream)?;
            for piece in REFUSAL.chunks(piece) {
                stream.write_all(piece)?;
            }
            // Until the other side has it.
            let _ = held.recv();
            Ok(())
        });
        let request = Request::new(server.url("/"))?.data(data).expect_above(None).timeout(PATIENCE);
        let error = opener(&trusting(&root)).open(request).unwrap_err();
        assert_eq!(error.response().map(|answer| answer.getcode()), Some(413), "{error}");
        drop(done);
    }
    Ok(())
}

/// What the system can't send by itself is read and encrypted.
#[test]
fn a_file_is_sent() -> Result<()> {
    let content: Vec<u8> = (0..100_000_u32).flat_map(u32::to_be_bytes).collect();
    let root = Authority::new("Test CA");
    let (tell, told) = mpsc::channel();
    let length = content.len();
    let server = TlsServer::new(root.issue(&["localhost"]).server(), move |stream| {
        hear(stream)?;
        let mut got = vec![0; length];
        stream.read_exact(&mut got)?;
        let _ = tell.send(got);
        stream.write_all(b"HTTP/1.1 204 Done\r\n\r\n")
    });
    let mut file = tempfile::tempfile()?;
    file.write_all(&content)?;
    file.rewind()?;
    let request = Request::new(server.url("/"))?.data(Data::sized_reader(file, length as u64));
    assert_eq!(opener(&trusting(&root)).open(request)?.getcode(), 204);
    assert!(told.recv().unwrap() == content);
    Ok(())
}
