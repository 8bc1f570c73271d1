//! Asks everybody on the network who is there: `udp_broadcast [PORT [HOST]]`, by default 2233 and
//! `<broadcast>`. Others answer with `udp_broadcast answer [PORT]`.
//!
//! On one machine alone, 127.255.255.255 reaches everybody on the loopback.

use std::{env, process, time::Duration};

use sockeye::{
    ErrorKind, Result,
    socket::{AF_INET, IPPROTO_UDP, SO_BROADCAST, SOCK_DGRAM, SOL_SOCKET, Socket, gethostname},
};

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let answers = arguments.first().is_some_and(|first| first == "answer");
    let mut rest = arguments.iter().skip(usize::from(answers)).map(String::as_str);
    let Ok(port) = rest.next().unwrap_or("2233").parse::<u16>() else {
        eprintln!("usage: udp_broadcast [answer] [PORT [HOST]], with a port from 0 to 65535");
        process::exit(2);
    };
    if answers { answer(port) } else { ask(port, rest.next().unwrap_or("<broadcast>")) }
}

fn ask(port: u16, host: &str) -> Result<()> {
    let udp = Socket::new(AF_INET, SOCK_DGRAM, IPPROTO_UDP)?;
    udp.setsockopt(SOL_SOCKET, SO_BROADCAST, true)?; // without it the system refuses
    udp.settimeout(Duration::from_secs(1))?;
    udp.sendto(b"who is there?", (host, port))?;
    let mut buf = [0; 1024];
    loop {
        match udp.recvfrom(&mut buf) {
            Ok((n, from)) => println!("{from}: {}", String::from_utf8_lossy(&buf[..n])),
            Err(error) if error.kind() == ErrorKind::TimedOut => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn answer(port: u16) -> Result<()> {
    let udp = Socket::new(AF_INET, SOCK_DGRAM, IPPROTO_UDP)?;
    udp.bind(("", port))?;
    println!("listening on {}", udp.getsockname()?);
    let name = gethostname()?;
    let mut buf = [0; 1024];
    loop {
        let (n, from) = udp.recvfrom(&mut buf)?;
        println!("{from}: {}", String::from_utf8_lossy(&buf[..n]));
        udp.sendto(format!("{name} is").as_bytes(), from)?;
    }
}
