//! Tells who is alive: `udp_heartbeat PORT [PEER]`. Sends a beat to the peer every 100 ms, and says who came and who has
//! been silent for half a second.

use std::{cell::RefCell, collections::HashMap, env, rc::Rc, time::Duration};

use sockeye::{
    Error, Result,
    reactor::{DatagramProtocol, DatagramTransport, LoopingCall, Reactor},
    socket::Address,
};

const EVERY: Duration = Duration::from_millis(100);
const SILENCE: Duration = Duration::from_millis(500);

/// When each was heard last.
type Seen = Rc<RefCell<HashMap<Address, Duration>>>;

struct Beats(Seen);

impl DatagramProtocol for Beats {
    fn datagram_received(&mut self, transport: &mut DatagramTransport<'_>, _data: &[u8], from: &Address) {
        let now = transport.reactor().now();
        if self.0.borrow_mut().insert(from.clone(), now).is_none() {
            println!("{from} is alive");
        }
    }
}

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let port = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(7777_u16);
    let (peer, seen) = (arguments.next(), Seen::default());
    let mut reactor = Reactor::new()?;
    let socket = reactor.listen_udp(("127.0.0.1", port), Beats(seen.clone()))?;
    println!("listening on {}", socket.host());
    let beat = move |reactor: &mut Reactor| {
        if let (Some(peer), Some(mut transport)) = (&peer, socket.transport(reactor)) {
            // Lost beats are what this is about.
            let _ = transport.send_to(b"beat", peer.as_str());
        }
        let now = reactor.now();
        seen.borrow_mut().retain(|peer, last| {
            let is_alive = now - *last < SILENCE;
            if !is_alive {
                println!("{peer} is silent");
            }
            is_alive
        });
        Ok::<_, Error>(())
    };
    let _beating = LoopingCall::new(move |reactor, _tick| beat(reactor)).start(&mut reactor, EVERY);
    reactor.run()
}
