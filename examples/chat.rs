//! A chat with names and rooms: `chat [PORT]`, and several `nc 127.0.0.1 PORT`. The first line is a name, `/join ROOM`
//! changes the room, all else is said to everybody in it.

use std::{cell::RefCell, collections::HashMap, env, rc::Rc};

use sockeye::{
    Result,
    reactor::{
        ConnectionId, Reactor, Reason,
        basic::{LineProtocol, LineReceiver, LineTransport},
        factory,
    },
};

/// Who is where. One thread: no lock.
type People = Rc<RefCell<HashMap<ConnectionId, (String, String)>>>;

struct Guest(People);

impl Guest {
    fn tell(&self, transport: &mut LineTransport<'_>, room: &str, text: &str) {
        for (&id, _) in self.0.borrow().iter().filter(|(_, (_, theirs))| theirs == room) {
            if let Some(mut other) = transport.reactor().transport(id) {
                other.write(format!("{text}\n").as_bytes());
            }
        }
    }
}

impl LineProtocol for Guest {
    fn connection_made(&mut self, transport: &mut LineTransport<'_>) {
        transport.send_line("your name?");
    }

    fn line_received(&mut self, transport: &mut LineTransport<'_>, line: &[u8]) {
        let (line, id) = (String::from_utf8_lossy(line).trim().to_owned(), transport.id());
        let known = self.0.borrow().get(&id).cloned();
        let (name, room) = match (known, line.strip_prefix("/join ")) {
            (Some((name, room)), None) => return self.tell(transport, &room, &format!("{name}: {line}")),
            (Some((name, _)), Some(room)) => (name, room.to_owned()),
            (None, _) => (line, "lobby".to_owned()),
        };
        self.0.borrow_mut().insert(id, (name.clone(), room.clone()));
        self.tell(transport, &room, &format!("* {name} is in {room}"));
    }

    fn connection_lost(&mut self, transport: &mut LineTransport<'_>, _reason: &Reason) {
        if let Some((name, room)) = { self.0.borrow_mut().remove(&transport.id()) } {
            self.tell(transport, &room, &format!("* {name} has left"));
        }
    }
}

fn main() -> Result<()> {
    let (mut reactor, people) = (Reactor::new()?, People::default());
    let port = env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(7777_u16);
    let guests = factory(move |_peer| LineReceiver::new(Guest(people.clone())).delimiter("\n"));
    println!("listening on {}", reactor.listen_tcp(("127.0.0.1", port), guests)?.host());
    reactor.run()
}
