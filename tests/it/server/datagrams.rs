//! `DatagramServer`: packets over UDP and Unix sockets.

use std::{
    env,
    fs::File,
    io::{BufRead, Write},
    net::{SocketAddr, UdpSocket},
    os::unix::net::UnixDatagram,
    process::Command,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use sockeye::{
    Error, ErrorKind, Result,
    cancel::CancelToken,
    client::{Client, Connector},
    server::{Connection, Datagram, DatagramHandler, DatagramServer, Next, Server, ServerHandle},
    socket::{AF_UNIX, Address, SOCK_DGRAM, Socket},
};

use super::end;
use crate::support::{PATIENCE, calls_of, until};

fn echo(datagram: &mut Datagram<'_>) -> Result<()> {
    datagram.reply(datagram.packet())
}

fn serve(handler: impl DatagramHandler + 'static) -> ServerHandle {
    DatagramServer::bind("127.0.0.1:0").unwrap().spawn(handler).unwrap()
}

fn peer() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn addr(server: &ServerHandle) -> SocketAddr {
    server.addr().as_socket_addr().unwrap()
}

#[track_caller]
fn expect(socket: &UdpSocket, answer: &[u8]) {
    let mut got = vec![0; 70_000];
    let count = socket.recv(&mut got).unwrap();
    assert_eq!(&got[..count], answer);
}

#[track_caller]
fn ask(server: &ServerHandle, question: &[u8], answer: &[u8]) {
    let socket = peer();
    socket.send_to(question, addr(server)).unwrap();
    expect(&socket, answer);
}

#[test]
fn packets_of_all_sizes_and_many_peers_are_answered() {
    let server = serve(echo);
    for size in [0, 1, 1472, 1473, 9000, 65_507] {
        ask(&server, &vec![7; size], &vec![7; size]);
    }
    let peers: Vec<_> = (0..50).map(|_| peer()).collect();
    for round in 0..10_u8 {
        for peer in &peers {
            peer.send_to(&[round], addr(&server)).unwrap();
        }
        peers.iter().for_each(|peer| expect(peer, &[round]));
    }
    let counts = server.counts();
    assert_eq!((counts.accepted, counts.served), (506, 506));
    end(server);
}

#[test]
fn packets_whose_handlers_block_delay_nobody() {
    const BLOCKED: usize = 20;
    let gate = Arc::new(Barrier::new(BLOCKED + 1));
    let at_gate = Arc::clone(&gate);
    let server = serve(move |datagram: &mut Datagram<'_>| {
        if datagram.packet() == b"block" {
            at_gate.wait();
        }
        echo(datagram)
    });
    let blocked: Vec<_> = (0..BLOCKED).map(|_| peer()).collect();
    for peer in &blocked {
        peer.send_to(b"block", addr(&server)).unwrap();
    }
    for _ in 0..20 {
        ask(&server, b"quick", b"quick");
    }
    // Only when all of them stand in their handlers at once does the gate open.
    gate.wait();
    blocked.iter().for_each(|peer| expect(peer, b"block"));
    assert!(server.counts().taken_over >= 1);
    end(server);
}

/// With all places taken, packets stay in the system's buffer and are served when there is one.
#[test]
fn past_the_limit_packets_wait_outside() {
    let (open, gate) = mpsc::channel();
    let (tell, inside) = mpsc::channel();
    let gate = Mutex::new(gate);
    let handler = move |datagram: &mut Datagram<'_>| {
        tell.send(()).unwrap();
        gate.lock().unwrap().recv().unwrap();
        echo(datagram)
    };
    let server = DatagramServer::bind("127.0.0.1:0").unwrap().max_packets(2).spawn(handler).unwrap();
    let peers: Vec<_> = (0..5).map(|_| peer()).collect();
    for peer in &peers {
        peer.send_to(b"x", addr(&server)).unwrap();
    }
    for _ in 0..2 {
        inside.recv_timeout(PATIENCE).unwrap();
    }
    assert_eq!((server.counts().open, server.counts().accepted), (2, 2));
    for _ in &peers {
        open.send(()).unwrap();
    }
    peers.iter().for_each(|peer| expect(peer, b"x"));
    end(server);
}

struct Hooked(Mutex<mpsc::Sender<ErrorKind>>);

impl DatagramHandler for Hooked {
    fn handle(&self, datagram: &mut Datagram<'_>) -> Result<()> {
        if datagram.packet() == b"fail" {
            datagram.write_all(b"never sent")?;
            return Err(Error::new(ErrorKind::Protocol, "as the test wants it"));
        }
        echo(datagram)
    }
    fn verify_request(&self, datagram: &Datagram<'_>) -> bool {
        datagram.packet() != b"refused"
    }
    fn handle_error(&self, peer: &Address, error: &Error) {
        assert!(peer.port().is_some());
        self.0.lock().unwrap().send(error.kind()).unwrap();
    }
    fn handle_timeout(&self) {
        self.0.lock().unwrap().send(ErrorKind::TimedOut).unwrap();
    }
}

#[test]
fn hooks_judge_packets_and_see_errors_and_what_is_too_long() {
    let (errors, told) = mpsc::channel();
    let server = DatagramServer::bind("127.0.0.1:0").unwrap().max_packet_size(8);
    let server = server.spawn(Hooked(Mutex::new(errors))).unwrap();
    let peer = peer();
    for packet in [&b"refused"[..], b"fail", b"too long!", b"12345678"] {
        peer.send_to(packet, addr(&server)).unwrap();
    }
    expect(&peer, b"12345678");
    let mut told = [told.recv().unwrap(), told.recv().unwrap()];
    // Packets are served in any order.
    told.sort_by_key(|kind| *kind == ErrorKind::TooLarge);
    assert_eq!(told, [ErrorKind::Protocol, ErrorKind::TooLarge]);
    assert_eq!(server.counts().served, 2, "what is refused isn't served");
    end(server);
}

#[test]
fn what_is_written_leaves_as_one_packet_and_nothing_as_none() {
    let server = serve(|datagram: &mut Datagram<'_>| {
        let mut line = String::new();
        while datagram.read_line(&mut line)? > 0 {
            datagram.write_all(line.to_uppercase().as_bytes())?;
            line.clear();
        }
        Ok(())
    });
    let peer = peer();
    peer.send_to(b"", addr(&server)).unwrap();
    peer.send_to(b"one\ntwo\nthree", addr(&server)).unwrap();
    expect(&peer, b"ONE\nTWO\nTHREE");
    end(server);
}

#[test]
fn a_unix_socket_serves_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("echo");
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let server = DatagramServer::bind(path.as_path()).unwrap();
    let server = server.spawn(move |datagram: &mut Datagram<'_>| {
        let outcome = echo(datagram).map_err(|error| error.kind());
        tell.lock().unwrap().send(outcome).unwrap();
        Ok(())
    });
    let server = server.unwrap();
    let nameless = UnixDatagram::unbound().unwrap();
    nameless.send_to(b"x", &path).unwrap();
    assert_eq!(told.recv(), Ok(Err(ErrorKind::NotConnected)), "nobody can answer a nameless one");
    let mut client = Connector::new().kind(SOCK_DGRAM).timeout(PATIENCE).connect(path.as_path()).unwrap();
    client.send(b"and?").unwrap();
    assert_eq!((client.recv(64).unwrap(), told.recv()), (b"and?".to_vec(), Ok(Ok(()))));
    end(server);
    let error = DatagramServer::bind(path.as_path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressInUse);
    until(|| DatagramServer::bind(path.as_path()).unwrap_err().to_string().contains("remove it first"));
}

/// What the network says about an earlier answer must not end receiving.
#[test]
fn a_peer_that_is_gone_does_not_disturb() {
    let gone = peer();
    let socket = peer();
    let (own, other) = (socket.local_addr().unwrap(), gone.local_addr().unwrap());
    socket.connect(other).unwrap();
    drop(gone);
    // The refusals of the first two come as errors of the next calls on the socket.
    socket.send(b"anybody?").unwrap();
    let server = DatagramServer::from(Socket::from(socket)).spawn(echo).unwrap();
    let mut back = None;
    until(|| {
        back = UdpSocket::bind(other).ok();
        back.is_some()
    });
    let back = back.unwrap();
    back.set_read_timeout(Some(PATIENCE)).unwrap();
    back.send_to(b"here again", own).unwrap();
    expect(&back, b"here again");
    end(server);
}

#[test]
fn a_panic_costs_its_own_packet_only() {
    let server = serve(|datagram: &mut Datagram<'_>| {
        assert_ne!(datagram.packet(), b"!", "as the test wants it");
        echo(datagram)
    });
    peer().send_to(b"!", addr(&server)).unwrap();
    ask(&server, b"x", b"x");
    // Another thread may have served the second while the first still panicked.
    let ended = server.clone();
    end(server);
    assert_eq!(ended.counts().panicked, 1);
}

/// What was received is served, also while the server shuts down.
#[test]
fn shutdown_lets_handlers_end() {
    let (open, gate) = mpsc::channel();
    let (tell, inside) = mpsc::channel();
    let gate = Mutex::new(gate);
    let server = serve(move |datagram: &mut Datagram<'_>| {
        tell.send(()).unwrap();
        gate.lock().unwrap().recv().unwrap();
        echo(datagram)
    });
    let peer = peer();
    peer.send_to(b"x", addr(&server)).unwrap();
    inside.recv_timeout(PATIENCE).unwrap();
    server.shutdown();
    open.send(()).unwrap();
    expect(&peer, b"x");
    end(server);
}

#[test]
fn one_request_on_the_calling_thread() {
    let (errors, told) = mpsc::channel();
    let hooked = Hooked(Mutex::new(errors));
    let server = DatagramServer::bind("127.0.0.1:0").unwrap().request_timeout(Duration::from_millis(1));
    assert!(server.handle_request(hooked).unwrap_err().is_timeout());
    assert_eq!(told.recv(), Ok(ErrorKind::TimedOut));
    let client = Client::connect_udp(server.addr().unwrap());
    client.unwrap().send(b"hello").unwrap();
    let own = |server: &DatagramServer| server.sockets()[0].gettimeout();
    server
        .handle_request(|datagram: &mut Datagram<'_>| {
            assert_eq!(datagram.socket().gettimeout(), Some(Duration::from_secs(60)));
            Ok(())
        })
        .unwrap();
    assert_eq!(own(&server), None, "the socket is the user's");
    let server = server.also_bind("127.0.0.1:0").unwrap().request_timeout(PATIENCE);
    let heard = Mutex::new(Vec::new());
    for server_addr in server.addrs().unwrap().iter().rev() {
        let mut client = Client::connect_udp(server_addr).unwrap();
        client.send(b"hello").unwrap();
        server
            .handle_request(|datagram: &mut Datagram<'_>| {
                heard.lock().unwrap().push(datagram.socket().getsockname()?);
                echo(datagram)
            })
            .unwrap();
        assert_eq!(client.recv(64).unwrap(), b"hello");
    }
    let mut addrs = server.addrs().unwrap();
    addrs.reverse();
    assert_eq!(heard.into_inner().unwrap(), addrs);
}

#[test]
#[ignore = "run by the test below"]
fn with_few_descriptors() {
    let server = DatagramServer::bind("127.0.0.1:0").unwrap().request_timeout(PATIENCE);
    let mut client = Client::connect_udp(server.addr().unwrap()).unwrap();
    client.socket().unwrap().settimeout(PATIENCE).unwrap();
    client.send(b"hello").unwrap();
    let mut held = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        held.push(file);
    }
    for _ in 0..2 {
        assert_eq!(server.handle_request(echo).unwrap_err().kind(), ErrorKind::OutOfResources);
    }
    held.pop();
    server.handle_request(echo).unwrap();
    assert_eq!(client.recv(64).unwrap(), b"hello");
}

#[test]
fn a_packet_without_descriptors_left_waits() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 32; exec \"$0\" \"$@\""]).arg(env::current_exe().unwrap());
    shell.args(["--exact", "server::datagrams::with_few_descriptors", "--ignored"]);
    let output = shell.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn a_socket_of_the_wrong_kind_is_refused() {
    let stream = Socket::from(std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let error = DatagramServer::from(stream).spawn(echo).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let datagrams = Socket::from(peer());
    let error = Server::from(datagrams).spawn(|_: &mut Connection<'_>| Ok(Next::Close)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn service_actions_are_called_until_the_end_and_may_end_it() {
    let own: Arc<Mutex<Option<ServerHandle>>> = Arc::default();
    let (handle, ended) = (Arc::clone(&own), Arc::new(AtomicBool::new(false)));
    let (tell, told) = mpsc::channel();
    let over = Arc::clone(&ended);
    let mut rounds = 0;
    let actions = move || {
        assert!(!over.load(Ordering::SeqCst), "called after the end");
        rounds += 1;
        assert_ne!(rounds, 1, "as the test wants it");
        if let Some(server) = &*handle.lock().unwrap() {
            server.shutdown();
            tell.send(server.join().unwrap_err().kind()).unwrap();
        }
    };
    let server = DatagramServer::bind("127.0.0.1:0").unwrap();
    let server = server.service_actions(Duration::from_millis(1), actions).spawn(echo).unwrap();
    *own.lock().unwrap() = Some(server.clone());
    assert_eq!(told.recv_timeout(PATIENCE), Ok(ErrorKind::InvalidInput));
    server.join().unwrap();
    ended.store(true, Ordering::SeqCst);
    assert_eq!((server.counts().threads, server.counts().panicked), (0, 1));
    *own.lock().unwrap() = None;
}

const PACKETS: usize = 200;

/// What strace runs: packets in plenty, all there before the server is.
#[test]
#[ignore = "run by the test below"]
fn plenty() {
    let server = DatagramServer::bind("127.0.0.1:0").unwrap();
    let (peer, addr) = (peer(), server.addr().unwrap().as_socket_addr().unwrap());
    for _ in 0..PACKETS {
        peer.send_to(b"x", addr).unwrap();
    }
    let server = server.spawn(echo).unwrap();
    (0..PACKETS).for_each(|_| expect(&peer, b"x"));
    end(server);
}

/// A `recvfrom`, a `sendto` and a share of an `epoll_wait`; one more `recvfrom` finds nothing, unless
/// the server has been shut down by then.
#[test]
fn a_packet_is_two_system_calls_and_a_share() {
    let Some(calls) = calls_of("server::datagrams::plenty", "") else { return };
    // Half of them are the peer's own.
    assert_eq!(calls.of("sendto"), 2 * PACKETS, "{calls}");
    assert!((2 * PACKETS..=2 * PACKETS + 10).contains(&calls.of("recvfrom")), "{calls}");
    assert!(calls.of("epoll_wait") <= PACKETS / 4, "{calls}");
}

/// What ends the wait for a packet ends its handler's wait for room as well.
#[test]
fn the_socket_s_token_ends_a_reply_too() {
    let folder = tempfile::tempdir().unwrap();
    let bound = |name: &str| {
        let socket = Socket::new(AF_UNIX, SOCK_DGRAM, Default::default()).unwrap();
        socket.bind(folder.path().join(name)).unwrap();
        socket
    };
    let (own, peer, token) = (bound("server"), bound("peer"), CancelToken::new().unwrap());
    peer.sendto(b"hello", own.getsockname().unwrap()).unwrap();
    own.set_cancel(token.clone()).unwrap();
    let (errors, told) = mpsc::channel();
    let server = DatagramServer::from(own);
    let canceller = thread::spawn(move || token.cancel());
    let cancelled = |datagram: &mut Datagram<'_>| loop {
        // The peer never reads.
        if let Err(error) = datagram.reply(b"and again") {
            errors.send(error.kind()).unwrap();
            return Ok(());
        }
    };
    // It may be cancelled before it begins.
    match server.handle_request(cancelled) {
        Ok(()) => assert_eq!(told.recv(), Ok(ErrorKind::Cancelled)),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Cancelled),
    }
    canceller.join().unwrap();
}
