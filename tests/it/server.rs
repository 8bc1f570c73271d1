//! `Server`: many connections, few threads.

mod cancelling;
mod closing;
mod datagrams;
mod ending;
mod python;
mod sessions;

use std::{
    io::{BufRead, Read, Write},
    net::{Shutdown, TcpStream},
    process::Command,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use sockeye::{
    Error, ErrorKind, Result,
    server::{Connection, Next, RequestHandler, Server, ServerHandle},
    socket::{AF_INET, Address, IPPROTO_TCP, SOCK_STREAM, Socket},
};

use crate::support::{self, Program};

fn echo(conn: &mut Connection<'_>) -> Result<Next> {
    let data = conn.recv(4096)?;
    conn.sendall(&data)?;
    Ok(Next::Wait)
}

fn connect(server: &ServerHandle) -> TcpStream {
    let stream = TcpStream::connect(server.addr().as_socket_addr().unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// Sends `data` in one piece and again byte by byte, and expects `answer` to each.
#[track_caller]
fn check(server: &ServerHandle, data: &[u8], answer: &[u8]) {
    for step in [data.len(), 1] {
        let mut stream = connect(server);
        for part in data.chunks(step) {
            stream.write_all(part).unwrap();
        }
        let mut got = vec![0; answer.len()];
        stream.read_exact(&mut got).unwrap();
        assert_eq!(got, answer);
    }
}

fn end(server: ServerHandle) {
    server.shutdown();
    server.join().unwrap();
    assert_eq!((server.counts().open, server.counts().threads), (0, 0));
}

#[test]
fn echoes_to_many_connections_with_few_threads() {
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(echo).unwrap();
    check(&server, b"hello", b"hello");
    let mut streams: Vec<_> = (0..200).map(|_| connect(&server)).collect();
    for round in 0..5_u8 {
        for stream in &mut streams {
            stream.write_all(&[round; 64]).unwrap();
        }
        for stream in &mut streams {
            let mut got = [0; 64];
            stream.read_exact(&mut got).unwrap();
            assert_eq!(got, [round; 64]);
        }
    }
    assert!(server.counts().open >= 200);
    end(server);
    assert_eq!(streams[0].read(&mut [0]).unwrap(), 0, "shutting down closes what is idle");
}

#[test]
fn what_is_read_in_lines_and_left_over_comes_at_the_next_call() {
    let lines = |conn: &mut Connection<'_>| {
        let mut line = conn.readline()?;
        line.make_ascii_uppercase();
        conn.sendall(&line)?;
        Ok(Next::Wait)
    };
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(lines).unwrap();
    check(&server, b"one\ntwo\nthree\n", b"ONE\nTWO\nTHREE\n");
    end(server);
}

/// A handler may look at what there is and take nothing until a whole message is there.
#[test]
fn what_is_not_taken_is_there_with_more_at_the_next_call() {
    let whole = |conn: &mut Connection<'_>| {
        let held = conn.fill_buf()?;
        if held.len() < 5 {
            return Ok(Next::Wait);
        }
        let message = held[..5].to_vec();
        conn.consume(5);
        conn.sendall(&message)?;
        Ok(Next::Wait)
    };
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(whole).unwrap();
    check(&server, b"abcdefghijklmno", b"abcdefghijklmno");
    let mut broken_off = connect(&server);
    broken_off.write_all(b"abc").unwrap();
    broken_off.shutdown(Shutdown::Write).unwrap();
    assert_eq!(broken_off.read(&mut [0]).unwrap(), 0, "the rest will never come");
    end(server);
}

#[test]
fn a_loop_that_serves_the_whole_connection_works_as_well() {
    let whole = |conn: &mut Connection<'_>| loop {
        let data = conn.recv(16)?;
        if data.is_empty() {
            return Ok(Next::Close);
        }
        conn.sendall(&data)?;
    };
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(whole).unwrap();
    let mut first = connect(&server);
    first.write_all(b"a").unwrap();
    first.read_exact(&mut [0]).unwrap();
    // The first connection's handler holds a thread; the others are served all the same.
    check(&server, b"a longer text than the handler reads at a time", b"a longer text than");
    first.write_all(b"b").unwrap();
    first.read_exact(&mut [0]).unwrap();
    drop(first);
    end(server);
}

#[test]
fn handlers_that_block_delay_nobody() {
    const BLOCKED: usize = 40;
    let gate = Arc::new(Barrier::new(BLOCKED + 1));
    let at_gate = Arc::clone(&gate);
    let handler = move |conn: &mut Connection<'_>| {
        let data = conn.recv(4096)?;
        if data == b"block" {
            at_gate.wait();
        }
        conn.sendall(&data)?;
        Ok(Next::Wait)
    };
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(handler).unwrap();
    let mut blocked: Vec<_> = (0..BLOCKED).map(|_| connect(&server)).collect();
    for stream in &mut blocked {
        stream.write_all(b"block").unwrap();
    }
    for _ in 0..20 {
        check(&server, b"quick", b"quick");
    }
    // Only when all forty stand in their handlers at once does the gate open.
    gate.wait();
    for stream in &mut blocked {
        stream.read_exact(&mut [0; 5]).unwrap();
    }
    assert!(server.counts().taken_over >= 1);
    end(server);
}

#[test]
fn a_socket_that_does_not_listen_is_refused() {
    let socket = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP).unwrap();
    socket.bind("127.0.0.1:0").unwrap();
    let error = Server::from(socket).spawn(echo).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("doesn't listen"), "{error}");
}

/// What threads share has to allow it; checked when this compiles.
#[test]
fn what_is_shared_between_threads_can_be() {
    fn shared<T: Send + Sync>() {}
    shared::<Socket>();
    shared::<Address>();
    shared::<Error>();
    shared::<Server>();
    shared::<ServerHandle>();
    shared::<sockeye::client::Client>();
    shared::<sockeye::http::HttpServer>();
    shared::<sockeye::http::FileHandler>();
    shared::<sockeye::cancel::CancelToken>();
    shared::<sockeye::urllib::Opener>();
    shared::<sockeye::urllib::Response>();
}

/// With the only thread for them blocked, handlers wait; the server accepts and keeps its time limits all the same.
#[test]
fn past_the_limit_of_threads_handlers_wait_and_the_server_lives() {
    let (open, gate) = mpsc::sync_channel(3);
    let gate = Mutex::new(gate);
    let handler = move |conn: &mut Connection<'_>| {
        let data = conn.recv(4096)?;
        if data == b"block" {
            gate.lock().unwrap().recv().unwrap();
        }
        conn.sendall(&data)?;
        Ok(Next::Wait)
    };
    let limits = Server::bind("127.0.0.1:0").unwrap().max_threads(1).idle_timeout(Duration::from_millis(400));
    let server = limits.spawn(handler).unwrap();
    let mut blocked = [connect(&server), connect(&server), connect(&server)];
    for stream in &mut blocked {
        stream.write_all(b"block").unwrap();
    }
    let mut idle = connect(&server);
    assert_eq!(idle.read(&mut [0]).unwrap(), 0, "its time is kept");
    assert!(server.counts().threads <= 2);
    let mut quick = connect(&server);
    quick.write_all(b"quick").unwrap();
    for _ in &blocked {
        open.send(()).unwrap();
    }
    for stream in &mut blocked {
        stream.read_exact(&mut [0; 5]).unwrap();
    }
    quick.read_exact(&mut [0; 5]).unwrap();
    end(server);
}

#[test]
fn a_full_server_closes_nobody_while_nobody_waits() {
    let server = Server::bind("127.0.0.1:0").unwrap().max_connections(2).evict_after(Duration::ZERO);
    let server = server.spawn(echo).unwrap();
    let mut peers = [connect(&server), connect(&server)];
    for _ in 0..3 {
        for peer in &mut peers {
            peer.write_all(b"line\n").unwrap();
            peer.read_exact(&mut [0; 5]).unwrap();
        }
    }
    end(server);
}

#[test]
fn past_the_limit_of_connections_accepting_waits() {
    let server =
        Server::bind("127.0.0.1:0").unwrap().max_connections(1).evict_after(None).spawn(echo).unwrap();
    let mut first = connect(&server);
    first.write_all(b"1").unwrap();
    first.read_exact(&mut [0]).unwrap();
    let mut second = connect(&server);
    second.write_all(b"2").unwrap();
    assert_eq!(server.counts().open, 1);
    drop(first);
    second.read_exact(&mut [0]).unwrap();
    end(server);
}

/// Idle connections keep nobody out: the one that has been idle longest goes, one that is being served stays.
#[test]
fn a_full_server_closes_what_has_been_idle_longest() {
    let (open, gate) = mpsc::channel();
    let gate = Mutex::new(gate);
    let handler = move |conn: &mut Connection<'_>| {
        let data = conn.recv(4096)?;
        if data == b"b" {
            gate.lock().unwrap().recv().unwrap();
        }
        conn.sendall(&data)?;
        Ok(Next::Wait)
    };
    let server = Server::bind("127.0.0.1:0").unwrap().max_connections(3);
    let server = server.evict_after(Duration::from_millis(20)).spawn(handler).unwrap();
    let mut busy = connect(&server);
    busy.write_all(b"b").unwrap();
    let mut idle = [connect(&server), connect(&server)];
    for stream in &mut idle {
        stream.write_all(b"x").unwrap();
        stream.read_exact(&mut [0]).unwrap();
    }
    for stream in &mut idle {
        let mut new = connect(&server);
        new.write_all(b"x").unwrap();
        new.read_exact(&mut [0]).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the one that was idle first goes first");
        *stream = new;
    }
    open.send(()).unwrap();
    busy.read_exact(&mut [0]).unwrap();
    assert!(server.counts().open <= 3);
    assert!(server.counts().expired >= 2);
    end(server);
}

#[test]
fn an_idle_connection_is_closed_when_its_time_is_up() {
    let server =
        Server::bind("127.0.0.1:0").unwrap().idle_timeout(Duration::from_millis(20)).spawn(echo).unwrap();
    let mut stream = connect(&server);
    stream.write_all(b"x").unwrap();
    stream.read_exact(&mut [0]).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert_eq!(server.counts().expired, 1);
    end(server);
}

#[test]
fn sendall_says_what_went_out_where_nothing_can() {
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let mute = move |conn: &mut Connection<'_>| {
        conn.shutdown(Shutdown::Write)?;
        let error = conn.sendall(b"x").unwrap_err();
        tell.lock().unwrap().send((error.kind(), error.sent())).unwrap();
        Ok(Next::Close)
    };
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(mute).unwrap();
    connect(&server).write_all(b"?").unwrap();
    assert_eq!(told.recv(), Ok((ErrorKind::BrokenPipe, Some(0))));
    end(server);
}

#[test]
fn a_panic_costs_its_own_connection_only() {
    let handler = |conn: &mut Connection<'_>| match conn.recv(1)?.as_slice() {
        b"!" => panic!("as the test wants it"),
        data => conn.sendall(data).map(|()| Next::Wait),
    };
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(handler).unwrap();
    let mut good = connect(&server);
    let mut bad = connect(&server);
    bad.write_all(b"!").unwrap();
    assert_eq!(bad.read(&mut [0]).unwrap_or(0), 0);
    good.write_all(b"x").unwrap();
    good.read_exact(&mut [0]).unwrap();
    assert_eq!(server.counts().panicked, 1);
    end(server);
}

#[test]
fn a_panic_in_a_hook_costs_its_own_connection_only() {
    struct Picky(AtomicBool);
    impl RequestHandler for Picky {
        fn handle(&self, conn: &mut Connection<'_>) -> Result<Next> {
            echo(conn)
        }
        fn verify_request(&self, _: &Address) -> bool {
            assert!(self.0.swap(true, Ordering::SeqCst), "as the test wants it");
            true
        }
    }
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(Picky(AtomicBool::new(false))).unwrap();
    assert_eq!(connect(&server).read(&mut [0]).unwrap_or(0), 0);
    check(&server, b"x", b"x");
    assert_eq!(server.counts().panicked, 1);
    end(server);
}

#[test]
fn hooks_judge_new_connections_and_see_errors() {
    struct Hooked {
        closed: AtomicBool,
        errors: Mutex<mpsc::Sender<ErrorKind>>,
    }
    impl RequestHandler for Hooked {
        fn handle(&self, conn: &mut Connection<'_>) -> Result<Next> {
            conn.recv(1)?;
            self.closed.store(true, Ordering::SeqCst);
            Err(Error::new(ErrorKind::Protocol, "as the test wants it"))
        }
        fn verify_request(&self, peer: &Address) -> bool {
            assert!(peer.port().is_some());
            !self.closed.load(Ordering::SeqCst)
        }
        fn handle_error(&self, _: &Address, error: &Error) {
            self.errors.lock().unwrap().send(error.kind()).unwrap();
        }
    }
    let (errors, told) = mpsc::channel();
    let hooked = Hooked { closed: AtomicBool::new(false), errors: Mutex::new(errors) };
    let server = Server::bind("127.0.0.1:0").unwrap().spawn(hooked).unwrap();
    connect(&server).write_all(b"x").unwrap();
    assert_eq!(told.recv().unwrap(), ErrorKind::Protocol);
    assert_eq!(connect(&server).read(&mut [0]).unwrap_or(0), 0, "refused by verify_request");
    end(server);
}

#[test]
fn a_unix_socket_serves_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("echo");
    let server = Server::bind(path.as_path()).unwrap().spawn(echo).unwrap();
    let mut stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
    stream.write_all(b"x").unwrap();
    stream.read_exact(&mut [0]).unwrap();
    end(server);
}

/// Out of descriptors the server neither ends nor spins, and is whole again once some are free.
#[test]
#[cfg(target_os = "linux")]
fn out_of_descriptors_it_waits_and_recovers() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 40; exec \"$0\" 0"]).arg(support::example("tcp_echo_server"));
    let (_server, addr) = Program::serve(&mut command);
    let port = addr.port();
    let greet = |stream: &mut TcpStream| {
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(b"x").unwrap();
    };
    let mut streams: Vec<_> = (0..60).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    streams.iter_mut().for_each(greet);
    let (served, waiting) = streams.split_at_mut(20);
    for stream in served {
        stream.read_exact(&mut [0]).unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
    }
    for stream in waiting {
        stream.read_exact(&mut [0]).unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
    }
}

#[test]
fn several_addresses_and_a_handler_that_borrows() {
    let server = Server::bind("127.0.0.1:0").unwrap().also_bind("127.0.0.1:0").unwrap().backlog(8).unwrap();
    let addrs = server.addrs().unwrap();
    assert_eq!((addrs.len(), &addrs[0]), (2, &server.addr().unwrap()));
    let mut stream = TcpStream::connect(addrs[0].as_socket_addr().unwrap()).unwrap();
    stream.write_all(b"hello").unwrap();
    let heard = Mutex::new(Vec::new());
    let listen = |conn: &mut Connection<'_>| {
        *heard.lock().unwrap() = conn.recv(4096)?;
        Ok(Next::Close)
    };
    server.handle_request(listen).unwrap();
    assert_eq!(heard.into_inner().unwrap(), b"hello");

    let server = server.spawn(echo).unwrap();
    assert_eq!(server.addrs(), addrs);
    for addr in &addrs {
        let mut stream = TcpStream::connect(addr.as_socket_addr().unwrap()).unwrap();
        stream.write_all(b"a").unwrap();
        stream.read_exact(&mut [0]).unwrap();
    }
    end(server);
}
