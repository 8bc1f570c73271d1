//! Forwards a port to another server, no faster than either side reads: `port_forwarder PORT HOST:PORT`.

use std::{env, process};

use sockeye::{
    Error, Result,
    reactor::{Endpoint, Protocol, Reactor, Transport, factory},
};

/// The side that somebody has connected to.
struct Incoming {
    server: Endpoint,
}

/// The side of the server; a relay takes its place.
struct Outgoing;

impl Protocol for Incoming {
    fn connection_made(&mut self, transport: &mut Transport<'_>) {
        // Nothing is lost: it waits in the system's buffer until there is somebody to send it to.
        transport.pause_reading();
        let incoming = transport.id();
        let connecting = self.server.connect(transport.reactor(), factory(|_peer| Outgoing));
        let Ok(connecting) = connecting else { return transport.abort() };
        let _ = connecting.both(move |reactor, outcome| {
            match (outcome, reactor.transport(incoming)) {
                (Ok(outgoing), Some(mut transport)) => {
                    transport.resume_reading();
                    reactor.relay(incoming, outgoing);
                }
                (Ok(outgoing), None) => {
                    reactor.transport(outgoing).into_iter().for_each(|mut transport| transport.abort());
                }
                (Err(error), transport) => {
                    eprintln!("{error}");
                    transport.into_iter().for_each(|mut transport| transport.abort());
                }
            }
            Ok::<_, Error>(())
        });
    }

    fn data_received(&mut self, _transport: &mut Transport<'_>, _data: &[u8]) {}
}

impl Protocol for Outgoing {
    fn data_received(&mut self, _transport: &mut Transport<'_>, _data: &[u8]) {}
}

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, server] = arguments.as_slice() else { process::exit(2) };
    let server = Endpoint::parse(&format!("tcp:{server}"))?;
    let mut reactor = Reactor::new()?;
    let incoming = factory(move |_peer| Incoming { server: server.clone() });
    let listening =
        Endpoint::parse(&format!("tcp:{port}:interface=127.0.0.1"))?.listen(&mut reactor, incoming)?;
    println!("listening on {}", listening.host());
    reactor.run()
}
