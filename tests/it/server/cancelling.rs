//! Tokens that end `handle_request`.

use std::{
    io::{Read, Write},
    sync::mpsc,
    thread,
};

use sockeye::{
    ErrorKind, Result,
    cancel::CancelToken,
    client::Client,
    http::{HttpServer, handler},
    server::{Connection, Next, RequestHandler, Server, factory},
    socket::{create_connection, create_server},
};

use crate::support::{PATIENCE, connect};

/// Tells when it was set up, and how it ended.
struct Waiting {
    own: Option<CancelToken>,
    told: mpsc::Sender<&'static str>,
}

impl RequestHandler for Waiting {
    fn setup(&self, conn: &mut Connection<'_>) -> Result<()> {
        if let Some(own) = &self.own {
            conn.socket().set_cancel(own.clone())?;
        }
        self.told.send("set up").unwrap();
        Ok(())
    }
    fn handle(&self, conn: &mut Connection<'_>) -> Result<Next> {
        conn.settimeout(None);
        self.told.send("handling").unwrap();
        conn.recv(4096)?;
        conn.recv(4096)?;
        Ok(Next::Close)
    }
    fn finish(&self, _: &mut Connection<'_>) {
        self.told.send("finished").unwrap();
    }
}

#[test]
fn a_token_ends_handle_request_whatever_it_waits_for() {
    for (own, data) in [(false, ""), (true, ""), (false, "x"), (true, "x")] {
        let token = CancelToken::new().unwrap();
        let listening = create_server("127.0.0.1:0").unwrap();
        let mut client = connect(listening.getsockname().unwrap().as_socket_addr().unwrap());
        client.write_all(data.as_bytes()).unwrap();
        if !own {
            listening.set_cancel(token.clone()).unwrap();
        }
        let (told, hear) = mpsc::channel();
        let handler = Waiting { own: own.then(|| token.clone()), told };
        let server = Server::from(listening);
        let outcome = thread::scope(|scope| {
            let serving = scope.spawn(|| server.handle_request(handler));
            let inside = if data.is_empty() { "set up" } else { "handling" };
            while hear.recv_timeout(PATIENCE).unwrap() != inside {}
            token.cancel();
            serving.join().unwrap()
        });
        // The error of a handler's own call is its `handle_error`'s.
        let kind = outcome.err().map(|error| error.kind());
        assert_eq!(kind, data.is_empty().then_some(ErrorKind::Cancelled));
        assert_eq!(hear.recv(), Ok("finished"));
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn a_token_that_was_cancelled_lets_nobody_in() {
    let listening = create_server("127.0.0.1:0").unwrap();
    let _client = connect(listening.getsockname().unwrap().as_socket_addr().unwrap());
    let token = CancelToken::new().unwrap();
    listening.set_cancel(token.clone()).unwrap();
    token.cancel();
    let server = Server::from(listening);
    let error = server.handle_request(|_: &mut Connection<'_>| unreachable!()).unwrap_err();
    assert_eq!(error.to_string(), "handle_request failed: cancelled");
}

#[test]
fn a_token_ends_handle_request_of_http() {
    let listening = create_server("127.0.0.1:0").unwrap();
    let client = create_connection(listening.getsockname().unwrap(), PATIENCE).unwrap();
    client.sendall(b"GET / HTTP/1.1\r\n").unwrap();
    let token = CancelToken::new().unwrap();
    listening.set_cancel(token.clone()).unwrap();
    let server = HttpServer::from(listening);
    thread::scope(|scope| {
        let serving = scope.spawn(|| server.handle_request(handler(|_, _| unreachable!())));
        thread::yield_now();
        token.cancel();
        assert_eq!(serving.join().unwrap().unwrap_err().kind(), ErrorKind::Cancelled);
    });
}

#[test]
fn a_detached_connection_is_no_longer_the_listeners() {
    let listening = create_server("127.0.0.1:0").unwrap();
    let mut client = Client::connect(listening.getsockname().unwrap()).unwrap();
    client.sendall(b"?").unwrap();
    let token = CancelToken::new().unwrap();
    listening.set_cancel(token.clone()).unwrap();
    let (give, taken) = mpsc::channel();
    let detach = factory(move |_| {
        let give = give.clone();
        move |conn: &mut Connection<'_>| {
            conn.recv(1)?;
            let give = give.clone();
            Ok(Next::detach(move |own| give.send(own).unwrap()))
        }
    });
    Server::from(listening).handle_request(detach).unwrap();
    token.cancel();
    taken.recv().unwrap().write_all(b"still here\n").unwrap();
    assert_eq!(client.readline().unwrap(), b"still here\n");
}
