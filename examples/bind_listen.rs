//! A server by hand, one connection after the other: socket, options, bind, listen, accept: `bind_listen [PORT]`, by
//! default 4096. The example `tcp_echo_server` serves many at a time, in fewer lines.

use std::{env, process};

use sockeye::{
    Result,
    socket::{AF_INET, IPPROTO_TCP, SO_RCVBUF, SO_REUSEADDR, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET, Socket},
};

fn main() -> Result<()> {
    let Ok(port) = env::args().nth(1).map_or(Ok(4096), |port| port.parse::<u16>()) else {
        eprintln!("usage: bind_listen [PORT], with a port from 0 to 65535");
        process::exit(2);
    };
    let socket = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
    socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, true)?; // or the port stays taken for a minute after the end
    socket.setsockopt(SOL_SOCKET, SO_SNDBUF, 32 * 1024)?;
    socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 32 * 1024)?;
    println!("send buffer: {} bytes", socket.getsockopt(SOL_SOCKET, SO_SNDBUF)?); // Linux doubles it
    socket.bind(("", port))?; // every IPv4 address of this machine
    socket.listen(5)?;
    println!("start... listening on {}", socket.getsockname()?);
    for accepted in socket.incoming() {
        let (conn, peer) = accepted?;
        println!("{peer} is here");
        let mut buf = [0; 4096];
        // A peer that breaks off ends its own connection only.
        while let Ok(n @ 1..) = conn.recv(&mut buf) {
            if conn.sendall(&buf[..n]).is_err() {
                break;
            }
        }
    }
    Ok(())
}
