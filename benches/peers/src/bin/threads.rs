//! What blocking code reaches when nothing is in its way: a thread for each connection, which parses nothing.
//!
//! It is the practical limit of handlers that sleep: no hand-over, no queue, one thread that waits for one peer.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use sockeye_bench_peers::{HELLO, NAP, address};

/// A thread needs little: it calls nothing deep.
const STACK: usize = 64 << 10;

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\
         Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n{HELLO}",
        HELLO.len()
    );
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer)?;
        let got = &buffer[..count];
        if count == 0 {
            return Ok(());
        }
        if got.starts_with(b"GET /block ") {
            thread::sleep(NAP);
        }
        stream.write_all(answer.as_bytes())?;
        if got.windows(17).any(|window| window == b"Connection: close") {
            return Ok(());
        }
    }
}

fn main() {
    let listener = TcpListener::bind(address()).unwrap();
    for stream in listener.incoming().flatten() {
        thread::Builder::new().stack_size(STACK).spawn(move || serve(stream)).unwrap();
    }
}
