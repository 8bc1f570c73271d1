//! tiny_http: its own thread per busy connection, and 16 threads that answer from its queue.

use std::{sync::Arc, thread};

use sockeye_bench_peers::{HELLO, NAP, address};
use tiny_http::{Header, Response, Server};

fn answer(server: &Server) {
    let plain = Header::from_bytes("Content-Type", "text/plain").unwrap();
    while let Ok(mut request) = server.recv() {
        let body = match request.url() {
            "/sleep" | "/block" => {
                thread::sleep(NAP);
                HELLO.into()
            }
            "/echo" => {
                let mut body = Vec::new();
                let _ = request.as_reader().read_to_end(&mut body);
                body
            }
            _ => HELLO.into(),
        };
        let _ = request.respond(Response::from_data(body).with_header(plain.clone()));
    }
}

fn main() {
    let server = Arc::new(Server::http(address()).unwrap());
    let threads = [(); 16].map(|()| {
        let server = server.clone();
        thread::spawn(move || answer(&server))
    });
    for thread in threads {
        thread.join().unwrap();
    }
}
