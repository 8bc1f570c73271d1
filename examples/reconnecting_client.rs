//! Prints the lines of a server, and connects again whenever it has to: `reconnecting_client HOST:PORT`.

use std::{env, time::Duration};

use sockeye::{
    Error, Result,
    reactor::{
        Connector, Factory, Reactor, Reason, Reconnecting,
        basic::{LineProtocol, LineReceiver, LineTransport},
    },
    socket::Address,
};

struct Printer;

impl LineProtocol for Printer {
    fn connection_made(&mut self, transport: &mut LineTransport<'_>) {
        transport.send_line("hello");
    }

    fn line_received(&mut self, _transport: &mut LineTransport<'_>, line: &[u8]) {
        println!("{}", String::from_utf8_lossy(line));
    }
}

struct Printers;

impl Factory for Printers {
    type Protocol = LineReceiver<Printer>;

    fn build(&mut self, peer: &Address) -> Option<LineReceiver<Printer>> {
        println!("connected to {peer}");
        Some(LineReceiver::new(Printer).delimiter("\n"))
    }

    fn connection_failed(&mut self, _reactor: &mut Reactor, _connector: &Connector, error: &Error) {
        println!("{error}");
    }

    fn connection_lost(&mut self, _reactor: &mut Reactor, _connector: &Connector, reason: &Reason) {
        println!("{reason}");
    }
}

fn main() -> Result<()> {
    let server = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7777".to_owned());
    let mut reactor = Reactor::new()?;
    let client = Reconnecting::new(Printers)
        .initial_delay(Duration::from_millis(10))
        .max_delay(Duration::from_secs(30));
    reactor.connect_tcp(server, client)?;
    reactor.run()
}
