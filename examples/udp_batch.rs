//! Echoes datagrams many at a time: `udp_batch [PORT]`, by default 2235; 0 is any.
//!
//! `recvmmsg` takes all that has arrived, and `sendmmsg` sends the batch back where each of them came from. Compare it
//! with `udp_broadcast.rs`, which needs two system calls for each datagram.

use std::{env, process};

use sockeye::{
    Result,
    socket::{AF_INET, DatagramBatch, IPPROTO_UDP, SOCK_DGRAM, Socket},
};

fn main() -> Result<()> {
    let Ok(port) = env::args().nth(1).map_or(Ok(2235), |port| port.parse::<u16>()) else {
        eprintln!("usage: udp_batch [PORT], with a port from 0 to 65535");
        process::exit(2);
    };
    let udp = Socket::new(AF_INET, SOCK_DGRAM, IPPROTO_UDP)?;
    udp.bind(("", port))?;
    println!("listening on {}", udp.getsockname()?);
    let mut batch = DatagramBatch::new(64, 2048); // all the memory that it ever takes
    loop {
        udp.recvmmsg(&mut batch)?;
        for datagram in batch.iter().filter(|datagram| datagram.is_truncated()) {
            eprintln!("one of {:?} was longer than 2048 bytes", datagram.address());
        }
        // A datagram that can't be sent, its address being what it is, is nobody else's trouble.
        while udp.sendmmsg(&mut batch).is_err() {
            batch.remove_first();
        }
    }
}
