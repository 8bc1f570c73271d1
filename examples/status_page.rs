//! A reactor in one thread, and a page about it by `HttpServer`'s threads: `status_page [PORT] [HTTP PORT]`. The handle
//! between them is the only thing that both have.

use std::{cell::RefCell, env, thread};

use sockeye::{
    Error, Result,
    http::{HttpServer, StatusCode, handler},
    reactor::{Protocol, Reactor, Reason, Transport, factory},
};

/// What the reactor's thread knows.
struct Counts {
    connections: usize,
    bytes: usize,
}

thread_local! {
    static COUNTS: RefCell<Counts> = const { RefCell::new(Counts { connections: 0, bytes: 0 }) };
}

struct Echo;

impl Protocol for Echo {
    fn connection_made(&mut self, _transport: &mut Transport<'_>) {
        COUNTS.with_borrow_mut(|counts| counts.connections += 1);
    }

    fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
        COUNTS.with_borrow_mut(|counts| counts.bytes += data.len());
        transport.write(data);
    }

    fn connection_lost(&mut self, _transport: &mut Transport<'_>, _reason: &Reason) {
        COUNTS.with_borrow_mut(|counts| counts.connections -= 1);
    }
}

fn main() -> Result<()> {
    let port = |at| env::args().nth(at).and_then(|text| text.parse().ok()).unwrap_or(0_u16);
    let mut reactor = Reactor::new()?;
    let listening = reactor.listen_tcp(("127.0.0.1", port(1)), factory(|_peer| Echo))?;
    let handle = reactor.handle();
    let page = handler(move |_request, response| {
        // Asked on the reactor's thread; this one waits for the answer.
        let text = handle.blocking_call(|_reactor| {
            COUNTS.with_borrow(|counts| {
                Ok::<_, Error>(format!("{} connections, {} bytes\n", counts.connections, counts.bytes))
            })
        })?;
        response.send_response(StatusCode::OK).body(text)
    });
    let http = HttpServer::bind(("127.0.0.1", port(2)))?;
    println!("listening on {}", http.addr()?);
    println!("echo on {}", listening.host());
    thread::spawn(move || http.serve_forever(page));
    reactor.run()
}
