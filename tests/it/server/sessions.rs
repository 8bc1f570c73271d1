//! The life of a connection's handler: setup, handle, finish; and a handler of its own for each.

use std::{
    io::{BufRead, Read, Write},
    net::Shutdown,
    sync::{Mutex, mpsc},
    time::Duration,
};

use sockeye::{
    Error, ErrorKind, Result,
    cancel::CancelToken,
    client::{Client, Connector},
    server::{Connection, Next, RequestHandler, Server, Session, factory},
    socket::{Address, IPPROTO_TCP, ListenOptions, SOCK_SEQPACKET, Socket, TCP_NODELAY, create_server},
};

use super::{connect, end};
use crate::support::{PATIENCE, until};

/// Tells what is called, in order; what is received decides what happens.
struct Told(Mutex<mpsc::Sender<&'static str>>);

impl Told {
    fn tell(&self, what: &'static str) {
        self.0.lock().unwrap().send(what).unwrap();
    }
}

impl RequestHandler for Told {
    fn setup(&self, conn: &mut Connection<'_>) -> Result<()> {
        self.tell("setup");
        assert!(conn.socket().getsockopt(IPPROTO_TCP, TCP_NODELAY)?);
        conn.sendall(b"hello\n")
    }
    fn handle(&self, conn: &mut Connection<'_>) -> Result<Next> {
        match conn.readline()?.as_slice() {
            b"close\n" => Ok(Next::Close),
            b"fail\n" => Err(Error::new(ErrorKind::Protocol, "as the test wants it")),
            b"panic\n" => panic!("as the test wants it"),
            b"detach\n" => Ok(Next::detach(drop)),
            _ => Ok(Next::Wait),
        }
    }
    fn finish(&self, conn: &mut Connection<'_>) {
        self.tell("finish");
        let _ = conn.sendall(b"bye\n");
    }
    fn handle_error(&self, _: &Address, _: &Error) {
        self.tell("error");
    }
}

/// One connection that sends that: what is called, and what comes back.
fn check_life(sent: &[u8], calls: &[&str], received: &str) {
    let (tell, told) = mpsc::channel();
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(Told(Mutex::new(tell))).unwrap();
    let mut stream = connect(&server);
    let mut greeting = [0; 6];
    stream.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"hello\n", "before anything is sent");
    stream.write_all(sent).unwrap();
    if sent.is_empty() {
        stream.shutdown(Shutdown::Write).unwrap();
    }
    let mut rest = String::new();
    let _ = stream.read_to_string(&mut rest);
    assert_eq!(rest, received);
    end(server);
    assert_eq!(told.into_iter().collect::<Vec<_>>(), calls, "{sent:?}");
}

#[test]
fn setup_comes_first_and_finish_last_whatever_happens() {
    check_life(b"close\n", &["setup", "finish"], "bye\n");
    check_life(b"fail\n", &["setup", "error", "finish"], "bye\n");
    check_life(b"", &["setup", "finish"], "bye\n");
    check_life(b"detach\n", &["setup"], "");
    check_life(b"panic\n", &["setup"], "");
}

#[test]
fn a_shutdown_and_an_idle_time_finish_too() {
    let (tell, told) = mpsc::channel();
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(Told(Mutex::new(tell.clone()))).unwrap();
    let mut stream = connect(&server);
    stream.read_exact(&mut [0; 6]).unwrap();
    end(server);
    let limits = Server::bind("127.0.0.1:0").unwrap().idle_timeout(Duration::from_millis(1));
    let server = limits.spawn(Told(Mutex::new(tell))).unwrap();
    let mut other = connect(&server);
    for stream in [&mut stream, &mut other] {
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert!(rest.ends_with("bye\n"));
    }
    end(server);
    assert_eq!(told.into_iter().collect::<Vec<_>>(), ["setup", "finish", "setup", "finish"]);
}

#[test]
fn one_request_is_set_up_and_finished_on_the_calling_thread() {
    let (tell, told) = mpsc::channel();
    let server = Server::bind("127.0.0.1:0").unwrap().also_bind("127.0.0.1:0").unwrap();
    let server = server.request_timeout(PATIENCE);
    for addr in server.addrs().unwrap().iter().rev() {
        let mut client = Connector::new().timeout(PATIENCE).connect(addr).unwrap();
        client.sendall(b"close\n").unwrap();
        server.handle_request(Told(Mutex::new(tell.clone()))).unwrap();
        assert_eq!(client.readline().unwrap(), b"hello\n");
        assert_eq!(client.readline().unwrap(), b"bye\n");
    }
    drop(tell);
    assert_eq!(told.into_iter().collect::<Vec<_>>(), ["setup", "finish", "setup", "finish"]);
}

#[test]
fn a_wait_for_a_request_in_vain_is_told() {
    struct Waits(mpsc::Sender<()>);
    impl RequestHandler for Waits {
        fn handle(&self, _: &mut Connection<'_>) -> Result<Next> {
            Ok(Next::Close)
        }
        fn handle_timeout(&self) {
            self.0.send(()).unwrap();
        }
    }
    let (tell, told) = mpsc::channel();
    for limit in [Duration::from_millis(1), Duration::ZERO] {
        let server = Server::bind("127.0.0.1:0").unwrap().request_timeout(limit);
        assert!(server.handle_request(Waits(tell.clone())).unwrap_err().is_timeout());
        let server = server.also_bind("127.0.0.1:0").unwrap();
        assert!(server.handle_request(Waits(tell.clone())).unwrap_err().is_timeout());
        assert_eq!((told.try_recv(), told.try_recv()), (Ok(()), Ok(())), "{limit:?}");
        // They are the user's, and stay as they were.
        assert!(server.sockets().iter().all(|socket| socket.gettimeout().is_none()));
    }
}

/// Each connection has its own handler, which a slow class, other threads and other connections don't mix up.
#[test]
fn each_connection_keeps_its_own_state() {
    let counting = factory(|_peer: &Address| {
        let mut sum = 0_u64;
        move |conn: &mut Connection<'_>| {
            let line = conn.readline()?;
            if line.is_empty() {
                return Ok(Next::Close);
            }
            sum += line.len() as u64;
            if sum % 7 == 0 {
                std::thread::yield_now();
            }
            conn.sendall(format!("{sum}\n").as_bytes())?;
            Ok(Next::Wait)
        }
    });
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(counting).unwrap();
    let mut clients: Vec<_> =
        (0..20).map(|_| Connector::new().timeout(PATIENCE).connect(server.addr()).unwrap()).collect();
    for round in 1..=20 {
        for (number, client) in clients.iter_mut().enumerate() {
            client.sendall(&[vec![b'x'; number], vec![b'\n']].concat()).unwrap();
        }
        for (number, client) in clients.iter_mut().enumerate() {
            let sum = format!("{}\n", round * (number + 1));
            assert_eq!(client.readline().unwrap(), sum.as_bytes());
        }
    }
    end(server);
}

/// Dropped with its connection, after `finish`.
#[test]
fn a_connections_handler_lives_as_long_as_it() {
    struct Own(mpsc::Sender<&'static str>);
    impl Session for Own {
        fn setup(&mut self, conn: &mut Connection<'_>) -> Result<()> {
            conn.sendall(b"!")
        }
        fn handle(&mut self, _: &mut Connection<'_>) -> Result<Next> {
            Ok(Next::Close)
        }
        fn finish(&mut self, _: &mut Connection<'_>) {
            self.0.send("finish").unwrap();
        }
    }
    impl Drop for Own {
        fn drop(&mut self) {
            self.0.send("drop").unwrap();
        }
    }
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let own = factory(move |_: &Address| Own(tell.lock().unwrap().clone()));
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(own).unwrap();
    let mut stream = connect(&server);
    stream.read_exact(&mut [0]).unwrap();
    drop(stream);
    end(server);
    assert_eq!(told.into_iter().collect::<Vec<_>>(), ["finish", "drop"]);
}

/// Sockets of somebody else, as a parent process leaves them: each with what it was made with.
#[test]
fn sockets_that_listen_already_are_served_together() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stream");
    let own = Socket::from(std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let server = Server::from(own).also_from(create_server(&path).unwrap());
    assert_eq!(server.sockets().len(), 2);
    let greet = factory(|peer: &Address| {
        let family = peer.as_socket_addr().is_some();
        move |conn: &mut Connection<'_>| {
            conn.readline()?;
            conn.sendall(if family { b"inet\n" } else { b"unix\n" })?;
            Ok(Next::Close)
        }
    });
    let server = server.spawn(greet).unwrap();
    let connector = Connector::new().timeout(PATIENCE);
    let clients = [connector.connect(server.addr()).unwrap(), connector.connect(&path).unwrap()];
    for (mut client, answer) in clients.into_iter().zip([b"inet\n", b"unix\n"]) {
        client.sendall(b"?\n").unwrap();
        assert_eq!(client.readline().unwrap(), answer);
    }
    end(server);
    until(|| Server::bind(path.as_path()).unwrap_err().to_string().contains("remove it first"));
}

/// `SOCK_SEQPACKET`: what is sent as one record is read as one, however many come at once.
#[test]
fn records_stay_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records");
    let listening = ListenOptions::new().kind(SOCK_SEQPACKET).create_server(&path).unwrap();
    let sizes = |conn: &mut Connection<'_>| {
        let record = conn.recv(100_000)?;
        if record.is_empty() {
            return Ok(Next::Close);
        }
        conn.send(format!("{} of {}", record.len(), record[0]).as_bytes())?;
        Ok(Next::Wait)
    };
    let server = Server::from(listening).spawn(sizes).unwrap();
    let mut client = Connector::new().kind(SOCK_SEQPACKET).timeout(PATIENCE).connect(&path).unwrap();
    let records: Vec<_> = [1, 16_384, 65_536, 100_000, 2, 3].into_iter().zip(1_u8..).collect();
    for round in 0..10 {
        for (size, byte) in &records {
            client.send(&vec![*byte; *size]).unwrap();
            // The first time one by one, and then several at once.
            if round == 0 {
                assert_eq!(client.recv(64).unwrap(), format!("{size} of {byte}").as_bytes());
            }
        }
        for (size, byte) in records.iter().filter(|_| round > 0) {
            assert_eq!(client.recv(64).unwrap(), format!("{size} of {byte}").as_bytes());
        }
    }
    drop(client);
    end(server);
}

/// A limit that is set once holds for the whole connection, and a line may take several turns to come.
#[test]
fn a_line_may_be_as_long_as_its_connection_was_told() {
    const LONG: usize = 150_000;
    struct Lines(Mutex<mpsc::Sender<()>>);
    impl RequestHandler for Lines {
        fn setup(&self, conn: &mut Connection<'_>) -> Result<()> {
            conn.set_line_limit(LONG);
            conn.settimeout(Duration::from_millis(1));
            Ok(())
        }
        fn handle(&self, conn: &mut Connection<'_>) -> Result<Next> {
            match conn.readline() {
                Err(error) if error.is_timeout() => {
                    if conn.fill_buf()?.len() == LONG - 1 {
                        self.0.lock().unwrap().send(()).unwrap();
                    }
                }
                Err(error) if error.kind() == ErrorKind::TooLarge => {
                    conn.sendall(b"too long\n")?;
                    return Ok(Next::Close);
                }
                line => conn.sendall(format!("{}\n", line?.len()).as_bytes())?,
            }
            Ok(Next::Wait)
        }
    }
    let (tell, told) = mpsc::channel();
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(Lines(Mutex::new(tell))).unwrap();
    let mut client = Connector::new().timeout(PATIENCE).connect(server.addr()).unwrap();
    client.sendall(&[b'x'; LONG - 1]).unwrap();
    told.recv_timeout(PATIENCE).unwrap();
    client.sendall(b"\n").unwrap();
    assert_eq!(client.readline().unwrap(), format!("{LONG}\n").as_bytes());
    client.sendall(&[b'x'; LONG + 1]).unwrap();
    assert_eq!(client.readline().unwrap(), b"too long\n");
    end(server);
}

/// What a handler keeps is its own, and so is how it goes.
struct Dropped(Box<dyn FnMut() + Send>);

impl Drop for Dropped {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl Session for Dropped {
    fn handle(&mut self, conn: &mut Connection<'_>) -> Result<Next> {
        conn.readline()?;
        Ok(Next::Close)
    }
}

#[test]
fn a_session_that_panics_as_it_goes_costs_its_connection_only() {
    let server = Server::bind("127.0.0.1:0").unwrap();
    let server = server.spawn(factory(|_peer| Dropped(Box::new(|| panic!("dropped"))))).unwrap();
    for _ in 0..3 {
        let mut client = Client::connect(server.addr()).unwrap();
        client.settimeout(PATIENCE);
        client.sendall(b"line\n").unwrap();
        assert_eq!(client.readline().unwrap(), b"");
    }
    server.shutdown();
    server.join().unwrap();
    assert_eq!((server.counts().panicked, server.counts().open), (3, 0));
}

#[test]
fn a_session_that_blocks_as_it_goes_delays_nobody() {
    let (open, gate) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let parts = Mutex::new(Some((gate, tell)));
    let server = Server::bind("127.0.0.1:0").unwrap();
    let server = server
        .spawn(factory(move |_peer| {
            let mut blocking = parts.lock().unwrap().take();
            Dropped(Box::new(move || {
                if let Some((gate, tell)) = blocking.take() {
                    tell.send(()).unwrap();
                    let _ = gate.recv();
                }
            }))
        }))
        .unwrap();
    let line = |client: &mut Client| client.sendall(b"line\n").unwrap();
    let mut slow = Client::connect(server.addr()).unwrap();
    line(&mut slow);
    told.recv_timeout(PATIENCE).unwrap();
    let mut quick = Client::connect(server.addr()).unwrap();
    quick.settimeout(PATIENCE);
    line(&mut quick);
    assert_eq!(quick.readline().unwrap(), b"");
    open.send(()).unwrap();
    server.shutdown();
    server.join().unwrap();
}

#[test]
fn every_socket_s_token_ends_the_wait_for_a_request() {
    for cancelled in 0..2 {
        let sockets = [0, 1].map(|_| create_server("127.0.0.1:0").unwrap());
        let tokens = [0, 1].map(|_| CancelToken::new().unwrap());
        for (socket, token) in sockets.iter().zip(&tokens) {
            socket.set_cancel(token.clone()).unwrap();
        }
        let [first, second] = sockets;
        let server = Server::from(first).also_from(second).request_timeout(PATIENCE);
        tokens[cancelled].cancel();
        let error = server.handle_request(|_: &mut Connection<'_>| Ok(Next::Close)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    }
}

/// Its handler panics, and what it keeps panics because of that, as a poisoned lock does.
struct Poisoned(Mutex<u32>);

impl Drop for Poisoned {
    fn drop(&mut self) {
        *self.0.lock().unwrap() += 1;
    }
}

impl Session for Poisoned {
    fn handle(&mut self, conn: &mut Connection<'_>) -> Result<Next> {
        if conn.readline()? == b"detach\n" {
            self.poison();
            return Ok(Next::detach(|_| panic!("detached")));
        }
        let _held = self.0.lock().unwrap();
        panic!("while the lock is held");
    }
}

impl Poisoned {
    fn poison(&self) {
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _held = self.0.lock().unwrap();
            panic!("while the lock is held");
        }));
    }
}

#[test]
fn a_panic_after_a_panic_ends_no_process() {
    let server = Server::bind("127.0.0.1:0").unwrap();
    let server = server.spawn(factory(|_peer| Poisoned(Mutex::new(0)))).unwrap();
    for line in ["panic\n", "detach\n", "panic\n"] {
        let mut client = Client::connect(server.addr()).unwrap();
        client.settimeout(PATIENCE);
        client.sendall(line.as_bytes()).unwrap();
        assert_eq!(client.readline().unwrap(), b"");
    }
    server.shutdown();
    server.join().unwrap();
    assert!(server.counts().panicked >= 3);

    let server = Server::bind("127.0.0.1:0").unwrap();
    let mut client = Client::connect(server.addr().unwrap()).unwrap();
    client.sendall(b"panic\n").unwrap();
    let request = || server.handle_request(factory(|_peer: &Address| Poisoned(Mutex::new(0))));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(request)).is_err());

    // As it says good-bye to one who was idle for too long.
    let server = server.idle_timeout(Duration::from_millis(1));
    let _idle = Client::connect(server.addr().unwrap()).unwrap();
    let request = || server.handle_request(factory(|_peer: &Address| Farewell(Poisoned(Mutex::new(0)))));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(request)).is_err());
}

/// Panics at the end.
struct Farewell(Poisoned);

impl Session for Farewell {
    fn handle(&mut self, _: &mut Connection<'_>) -> Result<Next> {
        Ok(Next::Wait)
    }
    fn finish(&mut self, _: &mut Connection<'_>) {
        let _held = self.0.0.lock().unwrap();
        panic!("while the lock is held");
    }
}
