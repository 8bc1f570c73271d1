//! Sends every packet back to where it came from: `udp_echo_server [PORT]`, by default 4096.
//!
//! Try it with `nc -u localhost 4096`.

use std::{env, process};

use sockeye::server::{Datagram, DatagramServer};

fn main() -> sockeye::Result<()> {
    let Ok(port) = env::args().nth(1).map_or(Ok(4096), |port| port.parse::<u16>()) else {
        eprintln!("usage: udp_echo_server [PORT], with a port from 0 to 65535");
        process::exit(2);
    };
    let server = DatagramServer::bind(("", port))?;
    println!("listening on {}", server.addr()?);
    server.serve_forever(|datagram: &mut Datagram| datagram.reply(datagram.packet()))
}
