//! The engine with as many lanes as a large machine gives it.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{atomic::AtomicUsize, mpsc},
};

use super::{classes::Class, *};
use crate::{
    server::{Connection, Next, turn::Plain},
    socket::{Address, create_server},
};

/// Three lanes' worth.
const CORES: usize = 3 * CORES_PER_LANE;
/// Long enough for any machine; a test that fails ends after it.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn start<H>(config: Config, handler: H) -> (Arc<Engine<Plain<H>>>, Address)
where
    H: Fn(&mut Connection<'_>) -> Result<Next> + Send + Sync + 'static,
{
    let door = create_server("127.0.0.1:0").unwrap();
    let addr = door.getsockname().unwrap();
    (Engine::start(Plain::new(handler, None, Some(PATIENCE)), vec![door], &config).unwrap(), addr)
}

fn connect(addr: &Address) -> TcpStream {
    let stream = TcpStream::connect(addr.as_socket_addr().unwrap()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[track_caller]
fn echoes(mut stream: &TcpStream) {
    stream.write_all(b"line\n").unwrap();
    let mut got = [0; 5];
    stream.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"line\n");
}

pub(super) fn end<S: Service + 'static>(engine: &Arc<Engine<S>>) {
    engine.shutdown(PATIENCE);
    engine.join().unwrap();
    let counts = engine.counts();
    assert_eq!((counts.open, counts.threads, counts.expired), (0, 0, 0));
}

pub(super) fn echo(conn: &mut Connection<'_>) -> Result<Next> {
    let line = conn.readline()?;
    conn.sendall(&line)?;
    Ok(Next::Wait)
}

#[test]
fn every_lane_has_its_share_and_serves_it() {
    let (engine, addr) = start(Config { cores: CORES, ..Config::default() }, echo);
    assert_eq!(engine.lanes.len(), 3);
    let peers: Vec<_> = (0..30).map(|_| connect(&addr)).collect();
    for _ in 0..20 {
        peers.iter().for_each(echoes);
    }
    let shares: Vec<_> = engine.lanes.iter().map(|track| track.lane.count()).collect();
    assert_eq!(shares, [10, 10, 10]);
    end(&engine);
}

#[test]
fn lanes_that_block_are_all_taken_over() {
    const PEERS: usize = 9;
    let inside = std::sync::Barrier::new(PEERS);
    let blocking = move |conn: &mut Connection<'_>| {
        // Nobody gets out before all are in.
        inside.wait();
        echo(conn)
    };
    let (engine, addr) = start(Config { cores: CORES, ..Config::default() }, blocking);
    let mut peers: Vec<_> = (0..PEERS).map(|_| connect(&addr)).collect();
    for _ in 0..3 {
        peers.iter_mut().for_each(|peer| peer.write_all(b"line\n").unwrap());
        for peer in &mut peers {
            let mut got = [0; 5];
            peer.read_exact(&mut got).unwrap();
        }
    }
    assert!(engine.counts().taken_over > 0);
    end(&engine);
}

/// Counts those that are open together.
struct Census {
    now: AtomicUsize,
    most: AtomicUsize,
}

#[test]
fn the_most_connections_hold_over_all_lanes() {
    const MOST: usize = 4;
    let census = Arc::new(Census { now: AtomicUsize::new(0), most: AtomicUsize::new(0) });
    let counting = Arc::clone(&census);
    let handler = move |conn: &mut Connection<'_>| {
        let now = counting.now.fetch_add(1, Ordering::SeqCst) + 1;
        counting.most.fetch_max(now, Ordering::SeqCst);
        let served = echo(conn);
        counting.now.fetch_sub(1, Ordering::SeqCst);
        served.map(|_| Next::Close)
    };
    let (engine, addr) = start(Config { cores: CORES, max_connections: MOST, ..Config::default() }, handler);
    let peers: Vec<_> = (0..8 * MOST)
        .map(|_| {
            thread::spawn({
                let addr = addr.clone();
                move || {
                    for _ in 0..20 {
                        echoes(&connect(&addr));
                    }
                }
            })
        })
        .collect();
    while engine.counts().accepted < 8 * 20 {
        assert!(engine.counts().open <= MOST);
    }
    for peer in peers {
        peer.join().unwrap();
    }
    assert!((1..=MOST).contains(&census.most.load(Ordering::SeqCst)));
    assert_eq!(engine.counts().accepted, 8 * 20 * MOST as u64);
    end(&engine);
}

/// However many handlers block, in lanes of their own each: a thread for each that may, and a driver for each lane.
#[test]
fn there_are_never_more_threads_than_allowed() {
    const PEERS: usize = 24;
    let (open, gate) = std::sync::mpsc::sync_channel(PEERS);
    let gate = Mutex::new(gate);
    let blocking = move |conn: &mut Connection<'_>| {
        let _ = gate.lock().unwrap_or_else(PoisonError::into_inner).recv();
        echo(conn)
    };
    let (engine, addr) = start(Config { cores: CORES, max_threads: 2, ..Config::default() }, blocking);
    let mut peers: Vec<_> = (0..PEERS).map(|_| connect(&addr)).collect();
    for _ in 0..5 {
        peers.iter_mut().for_each(|peer| peer.write_all(b"line\n").unwrap());
        for _ in 0..PEERS {
            assert!(engine.counts().threads <= 2 + 3);
            open.send(()).unwrap();
        }
        for peer in &mut peers {
            peer.read_exact(&mut [0; 5]).unwrap();
        }
    }
    drop(open);
    end(&engine);
}

/// One lane, one driver.
fn narrow() -> Config {
    Config { cores: 1, ..Config::default() }
}

/// A connection is a class of its own to [`Plain`]: their order numbers them.
#[test]
fn a_class_that_is_known_to_block_costs_the_lane_nothing_more() {
    let (open, gate) = mpsc::channel();
    let (tell, inside) = mpsc::channel();
    let gate = Mutex::new(gate);
    let handler = move |conn: &mut Connection<'_>| {
        let line = conn.readline()?;
        if line == b"wait\n" {
            tell.send(()).unwrap();
            let _ = gate.lock().unwrap_or_else(PoisonError::into_inner).recv();
        }
        conn.sendall(&line)?;
        Ok(Next::Wait)
    };
    let (engine, addr) = start(narrow(), handler);
    let mut blocking = connect(&addr);
    echoes(&blocking);
    let quick = connect(&addr);
    for _ in 0..10 {
        blocking.write_all(b"wait\n").unwrap();
        inside.recv_timeout(PATIENCE).unwrap();
        echoes(&quick);
        // The first time, the other was answered because the lane was taken over.
        assert_eq!(engine.counts().taken_over, 1);
        assert!(engine.classes.is_slow(Class::new(0)), "known before its call ends");
        assert!(!engine.classes.is_slow(Class::new(1)));
        open.send(()).unwrap();
        blocking.read_exact(&mut [0; 5]).unwrap();
    }
    end(&engine);
}

#[test]
fn quick_requests_clear_a_class() {
    let (engine, addr) = start(narrow(), |conn: &mut Connection<'_>| echo(conn).map(|_| Next::Close));
    // A busy machine may make one slow, not all of them.
    let cleared = (0..1000).map(Class::new).any(|class| {
        engine.classes.mark_slow(class);
        (1..256).for_each(|_| engine.classes.note(class, Duration::ZERO));
        assert!(engine.classes.is_slow(class), "one is missing");
        let mut peer = connect(&addr);
        echoes(&peer);
        assert_eq!(peer.read(&mut [0]).unwrap(), 0);
        !engine.classes.is_slow(class)
    });
    assert!(cleared);
    end(&engine);
}

/// It never sleeps, but keeps its lane from everybody else.
#[test]
fn a_handler_that_computes_for_long_loses_the_lane() {
    let over = Arc::new(AtomicBool::new(false));
    let computing = Arc::clone(&over);
    let (tell, inside) = mpsc::channel();
    let handler = move |conn: &mut Connection<'_>| {
        let line = conn.readline()?;
        let began = Instant::now();
        tell.send(()).unwrap();
        while line == b"work\n" && !computing.load(Ordering::SeqCst) && began.elapsed() < PATIENCE {
            std::hint::spin_loop();
        }
        conn.sendall(&line)?;
        Ok(Next::Wait)
    };
    let (engine, addr) = start(narrow(), handler);
    let mut busy = connect(&addr);
    busy.write_all(b"work\n").unwrap();
    inside.recv_timeout(PATIENCE).unwrap();
    echoes(&connect(&addr));
    assert!(engine.counts().taken_over >= 1);
    over.store(true, Ordering::SeqCst);
    busy.read_exact(&mut [0; 5]).unwrap();
    end(&engine);
}

/// One that always has more to do goes to the end of the line when others wait for its thread.
#[test]
fn a_greedy_peer_shares_its_thread() {
    let never = Mutex::new(mpsc::channel::<()>());
    let handler = move |conn: &mut Connection<'_>| {
        let line = conn.readline()?;
        // Long enough for the lane to be taken over, and its class to stay slow.
        let _ = never.lock().unwrap_or_else(PoisonError::into_inner).1.recv_timeout(Duration::from_millis(5));
        conn.sendall(&line)?;
        Ok(Next::Wait)
    };
    let (engine, addr) = start(Config { max_threads: 1, ..narrow() }, handler);
    let over = Arc::new(AtomicBool::new(false));
    let greedy = thread::spawn({
        let (mut stream, over) = (connect(&addr), Arc::clone(&over));
        move || {
            // There is always one more line than was answered.
            stream.write_all(b"line\nline\n").unwrap();
            while !over.load(Ordering::SeqCst) {
                stream.write_all(b"line\n").unwrap();
                stream.read_exact(&mut [0; 5]).unwrap();
            }
        }
    });
    while engine.counts().taken_over == 0 {
        thread::yield_now();
    }
    for _ in 0..3 {
        echoes(&connect(&addr));
    }
    over.store(true, Ordering::SeqCst);
    greedy.join().unwrap();
    end(&engine);
}

/// What has not begun when a shutdown's time is over never begins.
#[test]
fn a_shutdown_gives_up_what_waits_for_a_thread() {
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let begun = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&begun);
    let blocking = move |conn: &mut Connection<'_>| {
        counting.fetch_add(1, Ordering::SeqCst);
        let _ = gate.lock().unwrap_or_else(PoisonError::into_inner).recv();
        echo(conn)
    };
    let (engine, addr) = start(Config { max_threads: 1, ..narrow() }, blocking);
    let mut peers: Vec<_> = (0..4).map(|_| connect(&addr)).collect();
    peers.iter_mut().for_each(|peer| peer.write_all(b"line\n").unwrap());
    // One blocks the thread that there is, and the driver has handed the others over.
    while begun.load(Ordering::SeqCst) == 0 || engine.counts().accepted < 4 || !engine.crew.is_short() {
        thread::yield_now();
    }
    engine.shutdown(Duration::ZERO);
    let (began, mut ended) = (Instant::now(), 0);
    while ended < 3 {
        assert!(began.elapsed() < PATIENCE, "only {ended} were given up");
        ended = 0;
        for peer in &mut peers {
            peer.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
            ended += usize::from(matches!(peer.read(&mut [0]), Ok(0)));
        }
    }
    open.send(()).unwrap();
    engine.join().unwrap();
    assert_eq!(begun.load(Ordering::SeqCst), 1);
}

#[test]
fn who_is_called_now_and_then_cannot_join_either() {
    let (engine, _) = start(narrow(), echo);
    let (tell, told) = mpsc::channel();
    let (open, gate) = mpsc::channel::<()>();
    let own = Arc::clone(&engine);
    let mut once = Some((tell, gate));
    let actions = move || {
        if let Some((tell, gate)) = once.take() {
            own.shutdown(Duration::ZERO);
            let _ = gate.recv();
            tell.send(own.join().unwrap_err().kind()).unwrap();
        }
    };
    engine.call_every(Duration::from_millis(1), actions).unwrap();
    // Another one joins already, and waits for that very thread.
    let joining = thread::spawn({
        let engine = Arc::clone(&engine);
        move || engine.join().unwrap()
    });
    while engine.joining.try_lock().is_ok() || engine.crew.threads() > 0 {
        thread::yield_now();
    }
    open.send(()).unwrap();
    assert_eq!(told.recv_timeout(PATIENCE), Ok(ErrorKind::InvalidInput));
    joining.join().unwrap();
}
