//! Answers each line in upper case, as the example of Python's `socketserver`, and counts them for each connection:
//! `line_server [PORT]`, by default 9999.
//!
//! Try it with `nc localhost 9999`; an empty line ends the connection.

use std::{env, process};

use sockeye::{
    Result,
    server::{Connection, Next, Server, Session, factory},
    socket::Address,
};

/// One for each connection.
struct Upper {
    peer: Address,
    lines: u32,
}

impl Session for Upper {
    fn setup(&mut self, conn: &mut Connection<'_>) -> Result<()> {
        conn.sendall(b"Send me lines.\r\n")
    }

    fn handle(&mut self, conn: &mut Connection<'_>) -> Result<Next> {
        let line = conn.readline()?;
        if line.trim_ascii().is_empty() {
            return Ok(Next::Close);
        }
        self.lines += 1;
        println!("{} wrote: {}", self.peer, String::from_utf8_lossy(&line).trim_end());
        conn.sendall(&line.to_ascii_uppercase())?;
        Ok(Next::Wait)
    }

    fn finish(&mut self, conn: &mut Connection<'_>) {
        let _ = conn.sendall(format!("{} lines. Bye.\r\n", self.lines).as_bytes());
    }
}

fn main() -> Result<()> {
    let Ok(port) = env::args().nth(1).map_or(Ok(9999), |port| port.parse::<u16>()) else {
        eprintln!("usage: line_server [PORT], with a port from 0 to 65535");
        process::exit(2);
    };
    let server = Server::bind(("", port))?;
    println!("listening on {}", server.addr()?);
    server.serve_forever(factory(|peer: &Address| Upper { peer: peer.canonical(), lines: 0 }))
}
