//! rouille: tiny_http with its own pool of 8 threads per core.

use std::{io::Read, thread};

use rouille::{Response, start_server};
use sockeye_bench_peers::{HELLO, NAP, address};

fn main() {
    start_server(address(), |request| match request.raw_url() {
        "/sleep" | "/block" => {
            thread::sleep(NAP);
            Response::text(HELLO)
        }
        "/echo" => {
            let mut body = Vec::new();
            if let Some(mut data) = request.data() {
                let _ = data.read_to_end(&mut body);
            }
            Response::from_data("application/octet-stream", body)
        }
        _ => Response::text(HELLO),
    });
}
