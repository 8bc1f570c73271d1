//! An echo server on a reactor: `reactor_echo [PORT]`.

use std::env;

use sockeye::{
    Result,
    reactor::{Protocol, Reactor, Transport, factory},
};

struct Echo;

impl Protocol for Echo {
    fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
        transport.write(data);
    }

    // Who sends and doesn't read is not read from either.
    fn write_paused(&mut self, transport: &mut Transport<'_>) {
        transport.pause_reading();
    }

    fn write_resumed(&mut self, transport: &mut Transport<'_>) {
        transport.resume_reading();
    }
}

fn main() -> Result<()> {
    let port = env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(7777_u16);
    let mut reactor = Reactor::new()?;
    let listening = reactor.listen_tcp(("127.0.0.1", port), factory(|_peer| Echo))?;
    println!("listening on {}", listening.host());
    reactor.run()
}
