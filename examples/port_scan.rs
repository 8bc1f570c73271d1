//! Which ports of a host are open: `port_scan [HOST [FIRST [LAST]]]`, by default localhost, 1 and 1000.
//!
//! Plain blocking calls on a hundred threads. Scan only machines that are yours.

use std::{
    env, process,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use sockeye::{
    Result,
    socket::{AF_INET, IPPROTO_TCP, SOCK_STREAM, Socket, gethostbyname, getservbyport},
};

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let port = |at: usize, default| arguments.get(at).map_or(Ok(default), |port| port.parse::<u16>());
    let (Ok(first), Ok(last)) = (port(1, 1), port(2, 1000)) else {
        eprintln!("usage: port_scan [HOST [FIRST [LAST]]], with ports from 0 to 65535");
        process::exit(2);
    };
    let host = gethostbyname(arguments.first().map_or("localhost", String::as_str))?;
    let next = AtomicU32::new(first.into());

    // Each thread takes the next port that nobody has taken.
    let next_port = || u16::try_from(next.fetch_add(1, Ordering::Relaxed)).ok().filter(|&port| port <= last);
    let scan = || -> Result<Vec<u16>> {
        let mut open = Vec::new();
        while let Some(port) = next_port() {
            let socket = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
            socket.settimeout(Duration::from_millis(500))?;
            // A port that nobody serves may be the one that the system gave to this very socket: it meets itself.
            if socket.connect_ex((host, port))? == 0 && socket.getsockname()? != socket.getpeername()? {
                open.push(port);
            }
        }
        Ok(open)
    };
    let found: Result<Vec<Vec<u16>>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..100).map(|_| scope.spawn(scan)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a scan doesn't panic")).collect()
    });
    let mut open = found?.concat();
    open.sort_unstable();
    for port in open {
        println!("{port}/tcp open {}", getservbyport(port, "tcp").unwrap_or_default());
    }
    Ok(())
}
