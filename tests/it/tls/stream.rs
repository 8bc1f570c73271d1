//! Data, their end, and time.

use std::{
    io::{self, Read, Write},
    net::{Shutdown as How, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use rustls::version::{TLS12, TLS13};
use sockeye::{
    ErrorKind, Result,
    cancel::CancelToken,
    client::{Client, Connector},
    socket::{AF_UNIX, SOCK_STREAM, Shutdown, Socket, socketpair},
    tls::ClientTls,
};

use super::{echo, trusting};
use crate::support::{
    PATIENCE, connect,
    tls::{Authority, TlsServer, close},
};

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 + at / 251) as u8).collect()
}

#[test]
fn much_goes_both_ways() -> Result<()> {
    let root = Authority::new("Test CA");
    for version in [&TLS12, &TLS13] {
        let server = TlsServer::new(root.issue(&["localhost"]).server_of(&[version]), |stream| {
            let mut all = Vec::new();
            stream.read_to_end(&mut all)?;
            stream.write_all(&all)?;
            close(stream)
        });
        let data = pattern(3_000_000);
        let mut client = Client::connect_tls(server.name(), &trusting(&root))?;
        client.sendall(&data[..1])?;
        client.sendall(&data[1..2_000_000])?;
        client.sendall(&data[2_000_000..])?;
        client.shutdown(Shutdown::Write)?;
        assert_eq!(client.sendall(b"more").unwrap_err().kind(), ErrorKind::BrokenPipe);
        let mut back = Vec::new();
        // Small reads and large ones.
        while back.len() < 100_000 {
            back.extend(client.recv(1 + back.len() % 5000)?);
        }
        client.read_to_end(&mut back)?;
        assert!(back == data);
        assert_eq!(client.recv(8)?, b"");
    }
    Ok(())
}

/// Hands every byte on by itself.
fn drip(mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
    let mut byte = [0];
    while from.read(&mut byte)? == 1 {
        to.write_all(&byte)?;
    }
    to.shutdown(How::Write)
}

#[test]
fn the_same_comes_byte_by_byte() -> Result<()> {
    let root = Authority::new("Test CA");
    for version in [&TLS12, &TLS13] {
        let server = TlsServer::new(root.issue(&["localhost"]).server_of(&[version]), echo);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (here, there) = (listener.local_addr().unwrap(), server.addr());
        let proxy = thread::spawn(move || {
            let (near, far) = (listener.accept().unwrap().0, connect(there));
            for stream in [&near, &far] {
                stream.set_nodelay(true).unwrap();
            }
            let (near_too, far_too) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            let back = thread::spawn(move || drip(far_too, near_too));
            let _ = drip(near, far);
            let _ = back.join().unwrap();
        });
        let data = pattern(20_000);
        let mut client = Client::connect_tls(("localhost", here.port()), &trusting(&root))?;
        client.sendall(&data)?;
        let mut back = vec![0; data.len()];
        client.read_exact(&mut back)?;
        assert!(back == data);
        client.shutdown(Shutdown::Write)?;
        assert_eq!(client.recv(8)?, b"");
        drop(client);
        proxy.join().unwrap();
    }
    Ok(())
}

#[test]
fn an_end_without_goodbye_is_an_error() -> Result<()> {
    let root = Authority::new("Test CA");
    let server = TlsServer::new(root.issue(&["localhost"]).server(), |stream| {
        stream.write_all(b"half a li")?;
        stream.sock.shutdown(How::Write)
    });
    let mut client = Client::connect_tls(server.name(), &trusting(&root))?;
    assert_eq!(client.recv(64)?, b"half a li");
    for _ in 0..2 {
        let error = client.recv(64).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        assert!(error.to_string().contains("close_notify"), "{error}");
    }
    Ok(())
}

#[test]
fn a_client_says_goodbye_when_it_is_dropped() -> Result<()> {
    let root = Authority::new("Test CA");
    let (sender, seen) = std::sync::mpsc::channel();
    let server = TlsServer::new(root.issue(&["localhost"]).server(), move |stream| {
        let mut all = Vec::new();
        // rustls' own server fails here without a close_notify.
        sender.send(stream.read_to_end(&mut all).map(|_| all)).unwrap();
        Ok(())
    });
    let mut client = Client::connect_tls(server.name(), &trusting(&root))?;
    client.sendall(b"bye")?;
    drop(client);
    assert_eq!(seen.recv_timeout(PATIENCE).unwrap().unwrap(), b"bye");
    Ok(())
}

#[test]
fn a_changed_byte_breaks_the_connection() -> Result<()> {
    let root = Authority::new("Test CA");
    let server = TlsServer::new(root.issue(&["localhost"]).server(), |stream| {
        stream.write_all(b"good")?;
        stream.flush()?;
        stream
            .sock
            .write_all(&[23, 3, 3, 0, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17])?;
        io::copy(&mut stream.sock, &mut io::sink()).map(drop)
    });
    let mut client = Client::connect_tls(server.name(), &trusting(&root))?;
    let mut got = Vec::new();
    let error = io::Read::read_to_end(&mut client, &mut got).unwrap_err();
    assert_eq!((got.as_slice(), sockeye::Error::from(error).kind()), (&b"good"[..], ErrorKind::Protocol));
    assert_eq!(client.recv(8).unwrap_err().kind(), ErrorKind::Protocol);
    assert_eq!(client.sendall(b"x").unwrap_err().kind(), ErrorKind::Protocol);
    Ok(())
}

#[test]
fn new_keys_in_the_middle_are_followed() -> Result<()> {
    let root = Authority::new("Test CA");
    let server = TlsServer::new(root.issue(&["localhost"]).server_of(&[&TLS13]), |stream| {
        let mut line = [0; 4];
        for _ in 0..3 {
            stream.read_exact(&mut line)?;
            stream.conn.refresh_traffic_keys().unwrap();
            stream.write_all(&line)?;
        }
        close(stream)
    });
    let mut client = Client::connect_tls(server.name(), &trusting(&root))?;
    for line in [b"one\n", b"two\n", b"six\n"] {
        client.sendall(line)?;
        assert_eq!(client.readline()?, line);
    }
    assert_eq!(client.recv(1)?, b"");
    Ok(())
}

#[test]
fn the_handshake_has_a_time_limit_and_can_be_cancelled() -> Result<()> {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let tls = ClientTls::new().dangerous_accept_any_certificate();
    let limited = Connector::new().timeout(Duration::from_millis(30));
    let error = limited.connect_tls(address, &tls).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    assert!(error.to_string().starts_with("TLS handshake with 127.0.0.1 failed: "), "{error}");

    let token = CancelToken::new()?;
    let connector = Connector::new().cancel(token.clone());
    let canceller = thread::spawn(move || {
        let (mut socket, _) = silent.accept().unwrap(); // the one above
        let _ = socket.read(&mut [0; 1]);
        let (mut socket, _) = silent.accept().unwrap();
        socket.read_exact(&mut [0; 1]).unwrap(); // it is in the handshake
        token.cancel();
        socket
    });
    assert_eq!(connector.connect_tls(address, &tls).unwrap_err().kind(), ErrorKind::Cancelled);
    canceller.join().unwrap();
    Ok(())
}

/// A byte now and then doesn't prolong it.
#[test]
fn a_dripping_handshake_ends_in_time() {
    let server = TlsServer::raw(|mut socket| {
        // The header of a record of 16 KiB, and then its bytes, far too slowly for the limit below.
        socket.write_all(&[22, 3, 3, 64, 0])?;
        socket.set_read_timeout(Some(Duration::from_millis(5)))?;
        loop {
            socket.write_all(&[2])?;
            let _ = socket.read(&mut [0; 4096]); // the pause
        }
    });
    let tls = ClientTls::new().dangerous_accept_any_certificate();
    let limited = Connector::new().timeout(Duration::from_millis(200));
    assert_eq!(limited.connect_tls(server.addr(), &tls).unwrap_err().kind(), ErrorKind::TimedOut);
}

#[test]
fn a_read_that_is_late_loses_nothing() -> Result<()> {
    let root = Authority::new("Test CA");
    let server = TlsServer::new(root.issue(&["localhost"]).server(), echo);
    let mut client = Client::connect_tls(server.name(), &trusting(&root))?;
    for limit in [Duration::from_millis(1), Duration::ZERO] {
        client.settimeout(limit);
        let expected = if limit.is_zero() { ErrorKind::WouldBlock } else { ErrorKind::TimedOut };
        assert_eq!(client.readline().unwrap_err().kind(), expected);
        client.settimeout(PATIENCE);
        client.sendall(b"line\n")?;
        assert_eq!(client.readline()?, b"line\n");
    }
    Ok(())
}

/// Non-blocking: the same data again after `WouldBlock`, as in Python.
#[test]
fn a_full_pipe_takes_the_rest_later() -> Result<()> {
    let root = Authority::new("Test CA");
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let server = TlsServer::new(root.issue(&["localhost"]).server(), move |stream| {
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        wait.recv().unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all)?;
        writeln!(stream, "{} {}", all.len(), all == pattern(all.len()))?;
        close(stream)
    });
    let mut client = Client::connect_tls(server.name(), &trusting(&root))?;
    let data = pattern(8_000_000);
    let mut sent = 0;
    client.settimeout(Duration::ZERO);
    let error = loop {
        match client.send(&data[sent..]) {
            Ok(n) => sent += n,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    assert!(sent < data.len());
    go.send(()).unwrap();
    client.settimeout(PATIENCE);
    client.sendall(&data[sent..])?;
    client.shutdown(Shutdown::Write)?;
    assert_eq!(client.readline()?, format!("{} true\n", data.len()).as_bytes());
    Ok(())
}

#[test]
fn what_is_not_tls_is_said_to_be_so() {
    let tls = ClientTls::new().dangerous_accept_any_certificate();
    for (answer, kind, reason) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            ErrorKind::Protocol,
            "perhaps that port speaks plain text",
        ),
        (b"", ErrorKind::UnexpectedEof, "perhaps it doesn't speak TLS there"),
        (b"\x15\x03\x03\x00\x02\x02\x28", ErrorKind::Protocol, "the peer said HandshakeFailure"),
        (b"\x15\x03\x03\x00\x02\x02\x46", ErrorKind::Protocol, "no version of TLS that is allowed"),
        (b"\x16\x03\x03\x00\x04\x02\x00", ErrorKind::UnexpectedEof, "closed the connection"),
        (b"\x16\x03\x03\xff\xff", ErrorKind::Protocol, "isn't TLS"),
    ] {
        let server = TlsServer::raw(move |mut socket| {
            let hello = socket.read(&mut [0; 4096])?;
            assert!(hello > 0);
            socket.write_all(answer)?;
            socket.shutdown(How::Write)?;
            io::copy(&mut socket, &mut io::sink()).map(drop)
        });
        let error = Connector::new().timeout(PATIENCE).connect_tls(server.addr(), &tls).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

/// A handshake message without end, in tiny records, is cut off.
#[test]
fn an_endless_handshake_is_bounded() {
    let server = TlsServer::raw(|mut socket| {
        // A Certificate of 64 KiB less one, a byte in each record.
        let record = |byte| [22, 3, 3, 0, 1, byte];
        let head = [2, 0, 255, 255].map(record).concat();
        socket.write_all(&head)?;
        let many = record(0).repeat(1000);
        loop {
            socket.write_all(&many)?;
        }
    });
    let tls = ClientTls::new().dangerous_accept_any_certificate();
    let error = Connector::new().timeout(PATIENCE).connect_tls(server.addr(), &tls).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooLarge | ErrorKind::Protocol), "{error}");
}

#[test]
fn random_bytes_never_panic() {
    let tls = ClientTls::new().dangerous_accept_any_certificate();
    let mut state = 1_u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let server = TlsServer::raw(move |mut socket| {
        let len = usize::from(noise()) * 4;
        let mut bytes: Vec<u8> = (0..len).map(|_| noise()).collect();
        // Half of them look like a record at first.
        if noise() % 2 == 0 {
            bytes.splice(..0, [20 + noise() % 5, 3, 3, 0, noise()]);
        }
        socket.write_all(&bytes)
    });
    for _ in 0..300 {
        let error = Connector::new().timeout(PATIENCE).connect_tls(server.addr(), &tls).unwrap_err();
        assert_ne!(error.kind(), ErrorKind::TimedOut, "{error}");
    }
}

#[test]
fn bytes_before_tls_are_not_the_servers() -> Result<()> {
    let (mut client, server) = upgraded()?;
    server.sendall(b"220 go\r\n250 injected\r\n")?;
    assert_eq!(client.readline()?, b"220 go\r\n");
    let error = client.start_tls("localhost", &ClientTls::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("in the clear"), "{error}");
    assert_eq!(client.recv(8).unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn tls_begins_late_on_any_socket_and_stays() -> Result<()> {
    let root = Authority::new("Test CA");
    let server = TlsServer::new(root.issue(&["localhost"]).server(), echo);
    let socket = sockeye::socket::create_connection(server.addr(), PATIENCE)?;
    let mut client = Client::from(socket);
    client.start_tls("localhost", &trusting(&root))?;
    client.sendall(b"hello\n")?;
    assert_eq!(client.readline()?, b"hello\n");
    assert_eq!(client.start_tls("localhost", &trusting(&root)).unwrap_err().kind(), ErrorKind::Unsupported);

    let client = Client::connect_tls(server.name(), &trusting(&root))?;
    assert_eq!(Socket::try_from(client).unwrap_err().kind(), ErrorKind::Unsupported);
    Ok(())
}

fn upgraded() -> Result<(Client, Socket)> {
    let (near, far) = socketpair(AF_UNIX, SOCK_STREAM, Default::default())?;
    Ok((Client::from(near), far))
}
