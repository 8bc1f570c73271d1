use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    sync::{Arc, Mutex, mpsc},
    thread::{self, ThreadId},
    time::Instant,
};

use super::{
    super::{
        Config,
        drive::Local,
        lane::Outcome,
        service::Wait,
        tests::{echo, end, start},
    },
    *,
};
use crate::{
    server::{Connection as Peer, Next},
    socket::Socket,
    stream::Stream,
};

/// As the address of a socket pair; nobody asks.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

const LONG: Duration = Duration::from_millis(80);

fn pair() -> (Socket, UnixStream) {
    let (own, peer) = UnixStream::pair().unwrap();
    own.set_nonblocking(true).unwrap();
    (Socket::from(own), peer)
}

/// A connection in a thread's hands, watched by its lane's poller; and its peer.
fn held<S: Service<Line = Stream> + 'static>(engine: &Arc<Engine<S>>) -> (Held<Connection<S>>, UnixStream) {
    let (own, peer) = pair();
    // The lane's own driver may still be on its way.
    while !engine.lanes[0].lane.tick(Instant::now()).calm {
        thread::yield_now();
    }
    assert!(engine.room.take());
    let mut held = engine.welcome(0, Stream::from(own), NOWHERE.into()).unwrap();
    held.conn = engine.watch(held.token, held.conn, Wait::Idle).unwrap_or_else(|_| panic!("not watched"));
    (held, peer)
}

#[test]
fn whoever_comes_back_at_once_is_served_by_the_same_thread() {
    let (engine, _) = start(Config::default(), echo);
    let (mut held, mut peer) = held(&engine);
    peer.write_all(b"line\n").unwrap();
    assert!(engine.comes_back(&mut held, LONG));
    assert_eq!(held.conn.watched, Watched::No, "a driver would be woken");
    assert!(!engine.comes_back(&mut held, LEAST * SHARE - Duration::from_nanos(1)), "a quick handler");
    engine.draining.store(true, Ordering::Relaxed);
    assert!(!engine.comes_back(&mut held, LONG), "shutting down");
    engine.draining.store(false, Ordering::Relaxed);
    let gone = engine.close(held.token, held.conn);
    assert!(engine.lanes[0].lane.settle(gone, Instant::now()).0.is_none());
    end(&engine);
}

/// Through all of a thread's work: a handler that blocks, and a peer that asks again before it is done.
#[test]
fn the_thread_serves_the_next_request_as_well() {
    let far: Arc<Mutex<Option<UnixStream>>> = Arc::default();
    let served: Arc<Mutex<Vec<ThreadId>>> = Arc::default();
    let (peers, threads) = (Arc::clone(&far), Arc::clone(&served));
    let never = Mutex::new(mpsc::channel::<()>());
    let handler = move |conn: &mut Peer<'_>| {
        let line = conn.readline()?;
        threads.lock().unwrap().push(thread::current().id());
        if line == b"one\n" {
            let _ = never.lock().unwrap().1.recv_timeout(LEAST * (SHARE + 1));
            peers.lock().unwrap().as_mut().unwrap().write_all(b"two\n")?;
        }
        Ok(if line == b"one\n" { Next::Wait } else { Next::Close })
    };
    let (engine, _) = start(Config::default(), handler);
    let (own, mut peer) = pair();
    assert!(engine.room.take());
    let held = engine.welcome(0, Stream::from(own), NOWHERE.into()).unwrap();
    *far.lock().unwrap() = Some(peer.try_clone().unwrap());
    peer.write_all(b"one\n").unwrap();
    engine.serve_out(held, Instant::now(), &mut Local::default());
    assert_eq!(*served.lock().unwrap(), [thread::current().id(); 2]);
    end(&engine);
}

/// No thread stays where it is while others wait for one.
#[test]
fn no_thread_tarries_that_is_wanted_elsewhere() {
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let blocking = move |conn: &mut Peer<'_>| {
        let _ = gate.lock().unwrap().recv();
        echo(conn)
    };
    let (engine, addr) = start(Config { cores: 1, max_threads: 1, ..Config::default() }, blocking);
    let (mut held, mut peer) = held(&engine);
    peer.write_all(b"line\n").unwrap();
    assert!(engine.comes_back(&mut held, LONG));
    let blocked = TcpStream::connect(addr.as_socket_addr().unwrap()).unwrap();
    (&blocked).write_all(b"line\n").unwrap();
    while !engine.crew.is_spent() {
        thread::yield_now();
    }
    assert!(!engine.comes_back(&mut held, LONG));
    open.send(()).unwrap();
    (&blocked).read_exact(&mut [0; 5]).unwrap();
    let gone = engine.close(held.token, held.conn);
    assert!(engine.lanes[0].lane.settle(gone, Instant::now()).0.is_none());
    drop((open, blocked));
    end(&engine);
}

#[test]
fn whoever_does_not_is_parked_and_served_by_a_driver() {
    let (engine, _) = start(Config::default(), echo);
    let (mut held, mut peer) = held(&engine);
    assert!(!engine.comes_back(&mut held, LONG));
    let Held { token, conn, .. } = held;
    let conn = engine.watch(token, conn, Wait::Idle).unwrap_or_else(|_| panic!("not watched"));
    let parked = Outcome::Park(token, conn, Wait::Idle);
    assert!(engine.lanes[0].lane.settle(parked, Instant::now()).0.is_none());
    peer.write_all(b"line\n").unwrap();
    let mut got = [0; 5];
    peer.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"line\n");
    end(&engine);
}
