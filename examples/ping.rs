//! Asks a host whether it is there, by ICMP echo, three times: `ping [HOST]`, by default 127.0.0.1.
//!
//! The datagram form of Linux needs a group in net.ipv4.ping_group_range; a raw socket needs root or CAP_NET_RAW.

use std::{env, process, time::Duration, time::Instant};

use sockeye::{
    ErrorKind, Result,
    socket::{AF_INET6, Family, Hints, Protocol, SOCK_DGRAM, SOCK_RAW, Socket, getaddrinfo, getprotobyname},
};

const LIMIT: Duration = Duration::from_secs(1);

fn main() -> Result<()> {
    let host = env::args().nth(1).unwrap_or_else(|| "127.0.0.1".to_owned());
    let found = &getaddrinfo(host.as_str(), 0, Hints::new().kind(SOCK_DGRAM))?[0];
    let (name, request, reply) =
        if found.family == AF_INET6 { ("ipv6-icmp", 128, 129) } else { ("icmp", 8, 0) };
    let socket = open(found.family, getprotobyname(name)?)?;
    socket.connect(&found.address)?;
    for number in 0..3 {
        let (message, begun) = (echo(request, number), Instant::now());
        socket.send(&message)?;
        match wait(&socket, reply, &message[8..]) {
            Ok(()) => println!("answer {number} from {host} after {:?}", begun.elapsed()),
            Err(error) if error.kind() == ErrorKind::TimedOut => println!("no answer {number}"),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn open(family: Family, icmp: Protocol) -> Result<Socket> {
    Socket::new(family, SOCK_DGRAM, icmp)
        .or_else(|error| Socket::new(family, SOCK_RAW, icmp).inspect_err(|_| eprintln!("{error}")))
}

/// RFC 792, RFC 4443: kind, code, checksum, identifier, number; then anything, which comes back.
fn echo(request: u8, number: u16) -> Vec<u8> {
    let (id, number) = (process::id().to_be_bytes(), number.to_be_bytes());
    let mut message = [&[request, 0, 0, 0, 0, 0], &number[..], &id[..], &number[..]].concat();
    let sum: u32 = message.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    message[2..4].copy_from_slice(&(!(sum % 0xffff) as u16).to_be_bytes());
    message
}

fn wait(socket: &Socket, reply: u8, sent: &[u8]) -> Result<()> {
    let (begun, mut buf) = (Instant::now(), [0; 1500]);
    socket.settimeout(LIMIT)?;
    while begun.elapsed() < LIMIT {
        let n = socket.recv(&mut buf)?;
        // A raw IPv4 socket gives the packet's head too, and what others are answered.
        let head = if buf[0] >> 4 == 4 { usize::from(buf[0] & 15) * 4 } else { 0 };
        if buf[..n].get(head) == Some(&reply) && buf[..n].get(head + 8..) == Some(sent) {
            return Ok(());
        }
    }
    Err(ErrorKind::TimedOut.into())
}
