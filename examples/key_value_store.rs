//! A store of keys and values by lines: `key_value_store [PORT]`. `set KEY VALUE`, `get KEY`, `del KEY`, `quit`.

use std::{cell::RefCell, collections::HashMap, env, rc::Rc, time::Duration};

use sockeye::{
    Result,
    reactor::{
        Reactor,
        basic::{LineProtocol, LineReceiver, LineTransport},
        factory,
        policies::Policies,
    },
};

type Store = Rc<RefCell<HashMap<String, String>>>;

struct Session(Store);

impl LineProtocol for Session {
    fn line_received(&mut self, transport: &mut LineTransport<'_>, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let mut words = line.trim().splitn(3, ' ');
        let mut store = self.0.borrow_mut();
        match (words.next(), words.next(), words.next()) {
            (Some("set"), Some(key), Some(value)) => {
                store.insert(key.to_owned(), value.to_owned());
                transport.send_line("ok");
            }
            (Some("get"), Some(key), None) => match store.get(key) {
                Some(value) => transport.send_line(format!("value {value}")),
                None => transport.send_line("none"),
            },
            (Some("del"), Some(key), None) => {
                transport.send_line(if store.remove(key).is_some() { "ok" } else { "none" });
            }
            (Some("quit"), None, None) => transport.lose_connection(),
            _ => transport.send_line("error: set KEY VALUE, get KEY, del KEY, quit"),
        }
    }
}

fn main() -> Result<()> {
    let port = env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(7777_u16);
    let store = Store::default();
    let mut reactor = Reactor::new()?;
    let sessions = factory(move |_peer| LineReceiver::new(Session(store.clone())).delimiter("\n"))
        .timeout(Duration::from_secs(300))
        .limit(10_000);
    let listening = reactor.listen_tcp(("127.0.0.1", port), sessions)?;
    println!("listening on {}", listening.host());
    reactor.run()
}
