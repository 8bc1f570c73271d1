//! What an HTTP server has of every server: room for new peers, actions between requests, waiting for one request.

use std::{io::BufReader, io::Write, sync::mpsc, thread, time::Duration};

use sockeye::{
    ErrorKind,
    http::{HttpServer, StatusCode, handler},
};

use super::support::{Answer, Site};
use crate::support::{PATIENCE, connect};

const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n";

#[test]
fn idle_connections_keep_nobody_out() {
    let site = Site::with(|server| server.max_connections(1).evict_after(Duration::ZERO));
    let first = site.connect();
    (&first).write_all(ASK).unwrap();
    let mut answers = BufReader::new(&first);
    assert_eq!(Answer::read(&mut answers, false).unwrap().status, 200);
    // The only place is taken, by a connection that is idle.
    let second = site.connect();
    (&second).write_all(ASK).unwrap();
    assert_eq!(Answer::read(&mut BufReader::new(&second), false).unwrap().status, 200);
    assert!(Answer::read(&mut answers, false).is_none(), "the idle one was closed");
}

#[test]
fn actions_are_called_while_it_serves() {
    let (tell, told) = mpsc::channel();
    let server = HttpServer::bind("127.0.0.1:0").unwrap();
    let server = server.service_actions(Duration::from_millis(1), move || tell.send(()).unwrap_or(()));
    let server = server.spawn(handler(|_, response| response.send_error(StatusCode::GONE, None))).unwrap();
    told.recv_timeout(PATIENCE).unwrap();
    told.recv_timeout(PATIENCE).unwrap();
    server.shutdown();
    server.join().unwrap();
}

#[test]
fn one_request_is_waited_for_on_every_address() {
    let server = HttpServer::bind("127.0.0.1:0").unwrap().also_bind("127.0.0.1:0").unwrap();
    let server = server.request_timeout(Duration::from_millis(1));
    let gone = || handler(|_, response| response.send_error(StatusCode::GONE, None));
    assert_eq!(server.handle_request(gone()).unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(server.sockets().len(), 2);
    let server = server.request_timeout(PATIENCE);
    for addr in server.addrs().unwrap() {
        let peer = thread::spawn(move || {
            let stream = connect(addr.as_socket_addr().unwrap());
            (&stream).write_all(ASK).unwrap();
            Answer::read(&mut BufReader::new(stream), false).unwrap().status
        });
        server.handle_request(gone()).unwrap();
        assert_eq!(peer.join().unwrap(), 410);
    }
}

/// Who reads the log sees that it was the server that ended, not the peer that was slow.
#[test]
fn an_answer_that_a_shutdown_breaks_off_is_logged_as_that() {
    const LARGE: usize = 64 << 20;
    let (tell, told) = mpsc::channel();
    let server = HttpServer::bind("127.0.0.1:0").unwrap();
    let server = server.log_requests(move |entry| tell.send(entry.error().map(ToString::to_string)).unwrap());
    let large = handler(|_, response| response.send_response(StatusCode::OK).body(vec![b'x'; LARGE]));
    let server = server.spawn(large).unwrap();
    let mut stream = connect(server.addr().as_socket_addr().unwrap());
    stream.write_all(ASK).unwrap();
    // Its beginning is here; of the rest the kernels hold a part.
    std::io::Read::read_exact(&mut stream, &mut [0; 1000]).unwrap();
    server.shutdown_within(Duration::ZERO);
    let error = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(error.as_deref(), Some("the server ended before the answer was read"));
    server.join().unwrap();
}

/// They weren't slow: the server ended.
#[test]
fn half_a_request_that_a_shutdown_ends_is_told_so() {
    for half in ["GET / HTTP/1.1\r\nHo", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab"] {
        let (tell, told) = mpsc::channel();
        let server = HttpServer::bind("127.0.0.1:0").unwrap();
        let server =
            server.log_requests(move |entry| tell.send(entry.error().map(ToString::to_string)).unwrap());
        let server =
            server.spawn(handler(|_, response| response.send_error(StatusCode::GONE, None))).unwrap();
        let mut stream = connect(server.addr().as_socket_addr().unwrap());
        // Answered, so that the server surely has the half behind it.
        stream.write_all(&[ASK, half.as_bytes()].concat()).unwrap();
        let mut stream = BufReader::new(stream);
        assert_eq!(Answer::read(&mut stream, false).unwrap().status, 410);
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), None);
        // Seen once it is parked; until then a shutdown waits for it.
        server.shutdown_within(Duration::from_millis(100));
        assert_eq!(Answer::read(&mut stream, false).unwrap().status, 503);
        let error = told.recv_timeout(PATIENCE).unwrap();
        assert_eq!(error.as_deref(), Some("the server ended before the request was here"));
        server.join().unwrap();
    }
}
