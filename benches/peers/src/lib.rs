//! What the peers share: the answer, and the port they are told.

use std::time::Duration;

/// The body of `/`, `/sleep` and `/block`.
pub const HELLO: &str = "Hello, World!";

/// How long `/sleep` and `/block` take.
pub const NAP: Duration = Duration::from_millis(20);

/// `127.0.0.1` and the port of the first argument; exits when there is none.
pub fn address() -> std::net::SocketAddr {
    let port = std::env::args().nth(1).and_then(|port| port.parse::<u16>().ok());
    let Some(port) = port else {
        eprintln!("usage: PEER PORT");
        std::process::exit(2);
    };
    ([127, 0, 0, 1], port).into()
}
