//! How a server ends, and what outlives it.

use std::{
    io::{Read, Write},
    net::Shutdown,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use sockeye::{
    ErrorKind,
    server::{Connection, Next, Server, ServerHandle},
};

use super::{connect, end};

#[test]
fn shutdown_from_a_handler_and_join_there_is_an_error() {
    let own: Arc<Mutex<Option<ServerHandle>>> = Arc::default();
    let (told, error) = mpsc::channel();
    let handle = Arc::clone(&own);
    let handler = move |_: &mut Connection<'_>| {
        let server = handle.lock().unwrap().clone().unwrap();
        server.shutdown();
        told.send(server.join().unwrap_err().kind()).unwrap();
        Ok(Next::Close)
    };
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(handler).unwrap();
    *own.lock().unwrap() = Some(server.clone());
    connect(&server).write_all(b"x").unwrap();
    assert_eq!(error.recv().unwrap(), ErrorKind::InvalidInput);
    server.join().unwrap();
    assert_eq!(server.counts().threads, 0);
    *own.lock().unwrap() = None;
}

#[test]
fn shutdown_ends_a_handler_that_waits_for_its_peer() {
    let (told, inside) = mpsc::channel();
    let handler = move |conn: &mut Connection<'_>| {
        conn.recv(1)?;
        told.send(()).unwrap();
        conn.settimeout(None);
        let error = conn.recv(1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        Err(error)
    };
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(handler).unwrap();
    let mut stream = connect(&server);
    stream.write_all(b"x").unwrap();
    inside.recv().unwrap();
    server.shutdown_within(Duration::from_millis(10));
    server.join().unwrap();
    assert_eq!(server.counts().panicked, 0);
}

/// Its peer reads as fast as it sends, so it never has to wait.
#[test]
fn shutdown_ends_a_handler_whose_peer_keeps_up() {
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let endless = move |conn: &mut Connection<'_>| loop {
        if let Err(error) = conn.sendall(b"more") {
            tell.lock().unwrap().send((error.kind(), error.sent())).unwrap();
            return Err(error);
        }
    };
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(endless).unwrap();
    let mut stream = connect(&server);
    stream.write_all(b"?").unwrap();
    stream.read_exact(&mut [0; 4]).unwrap();
    let reading = std::thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()));
    server.shutdown_within(Duration::ZERO);
    server.join().unwrap();
    assert_eq!(told.recv(), Ok((ErrorKind::Cancelled, Some(0))));
    let _ = reading.join().unwrap();
}

#[test]
fn a_detached_connection_outlives_its_server() {
    let (give, take) = mpsc::sync_channel(1);
    let handler = move |conn: &mut Connection<'_>| {
        conn.recv(1)?;
        let give = give.clone();
        Ok(Next::detach(move |connection| give.send(connection).unwrap()))
    };
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(handler).unwrap();
    let mut stream = connect(&server);
    stream.write_all(b"xrest").unwrap();
    let mut detached = take.recv().unwrap();
    end(server);
    detached.write_all(b"still here").unwrap();
    let mut got = [0; 10];
    stream.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"still here");
    stream.shutdown(Shutdown::Write).unwrap();
    let mut rest = String::new();
    detached.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "rest");
}
