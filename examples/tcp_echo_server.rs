//! Echoes whatever a connection sends: `tcp_echo_server [PORT]`, by default 4096.
//!
//! Try it with `nc localhost 4096`, or with the example `tcp_echo_client`.

use std::{env, process};

use sockeye::server::{Connection, Next, Server};

fn main() -> sockeye::Result<()> {
    let Ok(port) = env::args().nth(1).map_or(Ok(4096), |port| port.parse::<u16>()) else {
        eprintln!("usage: tcp_echo_server [PORT], with a port from 0 to 65535");
        process::exit(2);
    };
    let server = Server::bind(("", port))?;
    println!("listening on {}", server.addr()?);
    server.serve_forever(|conn: &mut Connection| {
        let data = conn.recv(4096)?;
        conn.sendall(&data)?;
        Ok(Next::Wait)
    })
}
