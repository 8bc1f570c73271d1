//! Servers that are set to nothing, and to more than there is.

use std::{io, time::Duration};

use sockeye::{
    ErrorKind, Result,
    client::{Client, Connector},
    http::{self, HttpServer, StatusCode, handler},
    server::{Connection, Datagram, DatagramServer, Next, Server, ServerHandle},
    socket::SOCK_DGRAM,
    urllib::{Request, build_opener},
};

use super::{
    Case,
    Fate::{Answered, Either, Refused},
    LONG,
};

const SERVERS: &[Case<Server>] = &[
    ("backlog min", |server| server.backlog(i32::MIN).unwrap(), Answered),
    ("backlog max", |server| server.backlog(i32::MAX).unwrap(), Answered),
    ("max_connections 0", |server| server.max_connections(0), Answered),
    ("max_connections max", |server| server.max_connections(usize::MAX), Answered),
    ("evict_after 0", |server| server.evict_after(Duration::ZERO), Answered),
    ("evict_after max", |server| server.evict_after(Duration::MAX), Answered),
    ("max_threads 0", |server| server.max_threads(0), Answered),
    ("max_threads max", |server| server.max_threads(usize::MAX), Answered),
    ("idle_timeout 0", |server| server.idle_timeout(Duration::ZERO), Either),
    ("idle_timeout max", |server| server.idle_timeout(Duration::MAX), Answered),
    ("timeout 0", |server| server.timeout(Duration::ZERO), Either),
    ("timeout max", |server| server.timeout(Duration::MAX), Answered),
    ("request_timeout 0", |server| server.request_timeout(Duration::ZERO), Answered),
    ("request_timeout max", |server| server.request_timeout(Duration::MAX), Answered),
    ("service_actions 0", |server| server.service_actions(Duration::ZERO, || ()), Answered),
    ("service_actions max", |server| server.service_actions(Duration::MAX, || ()), Answered),
];

const HTTP_SERVERS: &[Case<HttpServer>] = &[
    ("backlog min", |server| server.backlog(i32::MIN).unwrap(), Answered),
    ("backlog max", |server| server.backlog(i32::MAX).unwrap(), Answered),
    ("max_head 0", |server| server.max_head(0), Refused),
    ("max_head max", |server| server.max_head(usize::MAX), Answered),
    ("max_headers 0", |server| server.max_headers(0), Refused),
    ("max_headers max", |server| server.max_headers(usize::MAX), Answered),
    ("max_target 0", |server| server.max_target(0), Refused),
    ("max_target max", |server| server.max_target(usize::MAX), Answered),
    ("max_body 0", |server| server.max_body(0), Refused),
    ("max_body max", |server| server.max_body(u64::MAX), Answered),
    ("max_connections 0", |server| server.max_connections(0), Answered),
    ("max_connections max", |server| server.max_connections(usize::MAX), Answered),
    ("evict_after 0", |server| server.evict_after(Duration::ZERO), Answered),
    ("evict_after max", |server| server.evict_after(Duration::MAX), Answered),
    ("max_threads 0", |server| server.max_threads(0), Answered),
    ("max_threads max", |server| server.max_threads(usize::MAX), Answered),
    ("head_timeout 0", |server| server.head_timeout(Duration::ZERO), Either),
    ("head_timeout max", |server| server.head_timeout(Duration::MAX), Answered),
    ("body_timeout 0", |server| server.body_timeout(Duration::ZERO), Either),
    ("body_timeout max", |server| server.body_timeout(Duration::MAX), Answered),
    ("idle_timeout 0", |server| server.idle_timeout(Duration::ZERO), Either),
    ("idle_timeout max", |server| server.idle_timeout(Duration::MAX), Answered),
    ("write_timeout 0", |server| server.write_timeout(Duration::ZERO), Either),
    ("write_timeout max", |server| server.write_timeout(Duration::MAX), Answered),
    ("request_timeout 0", |server| server.request_timeout(Duration::ZERO), Answered),
    ("request_timeout max", |server| server.request_timeout(Duration::MAX), Answered),
    ("service_actions 0", |server| server.service_actions(Duration::ZERO, || ()), Answered),
    ("service_actions max", |server| server.service_actions(Duration::MAX, || ()), Answered),
];

/// They are sent an empty packet: a longer one may be too long.
const DATAGRAM_SERVERS: &[Case<DatagramServer>] = &[
    ("max_packet_size 0", |server| server.max_packet_size(0), Answered),
    ("max_packet_size max", |server| server.max_packet_size(usize::MAX), Answered),
    ("max_packets 0", |server| server.max_packets(0), Answered),
    ("max_packets max", |server| server.max_packets(usize::MAX), Answered),
    ("max_threads 0", |server| server.max_threads(0), Answered),
    ("max_threads max", |server| server.max_threads(usize::MAX), Answered),
    ("timeout 0", |server| server.timeout(Duration::ZERO), Either),
    ("timeout max", |server| server.timeout(Duration::MAX), Answered),
    ("request_timeout 0", |server| server.request_timeout(Duration::ZERO), Answered),
    ("request_timeout max", |server| server.request_timeout(Duration::MAX), Answered),
    ("service_actions 0", |server| server.service_actions(Duration::ZERO, || ()), Answered),
    ("service_actions max", |server| server.service_actions(Duration::MAX, || ()), Answered),
];

/// It ends whenever it is told to, and has counted no panic.
fn end(name: &str, server: &ServerHandle, patience: Duration) {
    server.shutdown_within(patience);
    server.join().unwrap();
    assert_eq!(server.counts().panicked, 0, "{name}");
}

fn lines(conn: &mut Connection<'_>) -> Result<Next> {
    conn.set_line_limit(usize::MAX);
    let line = conn.readline()?;
    conn.sendall(&line)?;
    // What there is, and no more.
    let rest = conn.recv(usize::MAX)?;
    conn.sendall(&rest)?;
    Ok(Next::Wait)
}

fn ask(mut client: Client) -> Result<()> {
    client.set_line_limit(usize::MAX);
    client.sendall(b"hello\nrest")?;
    let line = client.readline()?;
    match (&*line, client.recv(usize::MAX)?.first()) {
        (b"hello\n", Some(b'r')) => Ok(()),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}

#[test]
fn servers_of_any_protocol() {
    for &(name, set, fate) in SERVERS {
        let server = set(Server::bind("127.0.0.1:0").unwrap()).spawn(lines).unwrap();
        fate.check(name, Connector::new().timeout(LONG).connect(server.addr()).and_then(ask));
        end(name, &server, Duration::MAX);
    }
}

#[test]
fn a_server_that_is_given_no_time_to_end() {
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(lines).unwrap();
    end("shutdown_within 0", &server, Duration::ZERO);
}

fn length(request: &mut http::Request<'_>, response: http::Response<'_>) -> Result<()> {
    let read = io::copy(request, &mut io::sink())?;
    response.send_response(StatusCode::OK).body(read.to_string())
}

#[test]
fn servers_of_http() {
    let opener = build_opener().timeout(LONG).build();
    for &(name, set, fate) in HTTP_SERVERS {
        let server = set(HttpServer::bind("127.0.0.1:0").unwrap()).spawn(handler(length)).unwrap();
        let request = Request::new(format!("http://{}/", server.addr())).unwrap().data("hello");
        let answer = opener.open(request).and_then(|response| response.text());
        assert!(answer.as_ref().map_or(true, |length| length == "5"), "{name}: {answer:?}");
        fate.check(name, answer);
        end(name, &server, Duration::MAX);
    }
}

#[test]
fn servers_of_packets() {
    for &(name, set, fate) in DATAGRAM_SERVERS {
        let server = set(DatagramServer::bind("127.0.0.1:0").unwrap());
        let server = server.spawn(|datagram: &mut Datagram| datagram.reply(b"pong")).unwrap();
        let ask = |mut client: Client| client.send(b"").and_then(|_| client.recv(usize::MAX));
        let connector = Connector::new().kind(SOCK_DGRAM).timeout(LONG);
        fate.check(name, connector.connect(server.addr()).and_then(ask));
        end(name, &server, Duration::MAX);
    }
}
