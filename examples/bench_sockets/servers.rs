//! Servers that echo.

use std::{io, io::Read, process, thread, time::Duration};

use sockeye::{
    Result,
    server::{Connection, Next, Server},
    socket::{AF_INET, Address, IPPROTO_TCP, SOCK_DGRAM, Socket, TCP_NODELAY, create_server},
};

pub(super) fn server() -> Result<()> {
    let server = Server::bind("127.0.0.1:0")?.max_connections(20_000);
    ready(&server.addr()?);
    server.serve_forever(|conn: &mut Connection| {
        let data = conn.recv(1 << 16)?;
        conn.sendall(&data)?;
        Ok(Next::Wait)
    })
}

pub(super) fn threads(limit: Option<Duration>) -> Result<()> {
    let server = create_server("127.0.0.1:0")?;
    ready(&server.getsockname()?);
    for accepted in server.incoming() {
        let (conn, _) = accepted?;
        conn.setsockopt(IPPROTO_TCP, TCP_NODELAY, true)?;
        conn.settimeout(limit)?;
        thread::Builder::new().stack_size(128 << 10).spawn(move || {
            let mut buf = vec![0; 1 << 16];
            while let Ok(n @ 1..) = conn.recv(&mut buf) {
                if conn.sendall(&buf[..n]).is_err() {
                    break;
                }
            }
        })?;
    }
    Ok(())
}

pub(super) fn datagrams(limit: Option<Duration>) -> Result<()> {
    let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    udp.bind("127.0.0.1:0")?;
    udp.settimeout(limit)?;
    ready(&udp.getsockname()?);
    let mut buf = [0; 2048];
    loop {
        let (n, from) = udp.recvfrom(&mut buf)?;
        udp.sendto(&buf[..n], from)?;
    }
}

pub(super) fn ready(address: &Address) {
    println!("READY {}", address.port().unwrap_or(0));
    thread::spawn(|| {
        let _ = io::stdin().read(&mut [0]);
        process::exit(0);
    });
}
