//! Echoes whatever a connection sends: `tcp_echo_server [PORT]`, by default 4096.
//!
//! Try it with `nc localhost 4096`, or with the example `tcp_echo_client`.

use sockeye::server::{Connection, Next, Server};

fn main() -> sockeye::Result<()> {
    let port = std::env::args().nth(1).map_or(Ok(4096), |port| port.parse()).expect("PORT is a number");
    let server = Server::bind(("", port))?;
    println!("listening on {}", server.addr()?);
    server.serve_forever(|conn: &mut Connection| {
        let data = conn.recv(4096)?;
        conn.sendall(&data)?;
        Ok(Next::Wait)
    })
}
