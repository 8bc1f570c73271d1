//! Echo servers.

use std::io::stdin;

use sockeye::{
    Result,
    reactor::{DatagramProtocol, DatagramTransport, Interest, Protocol, Reactor, Transport, factory},
    socket::Address,
};

struct Echo;

impl Protocol for Echo {
    fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
        transport.write(data);
    }

    fn write_paused(&mut self, transport: &mut Transport<'_>) {
        transport.pause_reading();
    }

    fn write_resumed(&mut self, transport: &mut Transport<'_>) {
        transport.resume_reading();
    }
}

impl DatagramProtocol for Echo {
    fn datagram_received(&mut self, transport: &mut DatagramTransport<'_>, data: &[u8], from: &Address) {
        // What can't be sent is lost, as datagrams are.
        let _ = transport.send_to(data, from);
    }
}

pub(crate) fn tcp() -> Result<()> {
    let mut reactor = Reactor::new()?;
    let port = reactor.listen_tcp("127.0.0.1:0", factory(|_peer| Echo))?;
    run(reactor, port.host())
}

pub(crate) fn udp() -> Result<()> {
    let mut reactor = Reactor::new()?;
    let port = reactor.listen_udp("127.0.0.1:0", Echo)?;
    run(reactor, port.host())
}

/// Until standard input ends.
fn run(mut reactor: Reactor, address: &Address) -> Result<()> {
    println!("READY {}", address.port().unwrap_or(0));
    reactor.add_source(stdin(), Interest::Read, |reactor, _| reactor.stop())?;
    reactor.run()
}
