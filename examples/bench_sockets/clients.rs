//! Clients that make as much load as they can.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    time::{Duration, Instant},
};

use sockeye::{
    ErrorKind, Result,
    socket::{AF_INET, Address, SOCK_DGRAM, Socket, create_connection},
};

pub(super) struct Load {
    pub(super) port: u16,
    pub(super) message: Vec<u8>,
    pub(super) time: Duration,
}

impl Load {
    pub(super) fn ping(&self, limit: Option<Duration>) -> Result<()> {
        let socket = create_connection((Ipv4Addr::LOCALHOST, self.port), limit)?;
        let mut buf = self.message.clone();
        self.rate(1, || {
            socket.sendall(&self.message)?;
            let mut got = 0;
            while got < buf.len() {
                got += match socket.recv(&mut buf[got..])? {
                    0 => return Err(ErrorKind::UnexpectedEof.into()),
                    n => n,
                };
            }
            Ok(())
        })
    }

    pub(super) fn send(&self, limit: Option<Duration>) -> Result<()> {
        let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
        udp.settimeout(limit)?;
        let to = Address::from(SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.port));
        self.rate(64, || {
            for _ in 0..64 {
                // Nobody may be there to take them.
                let _ = udp.sendto(&self.message, &to);
            }
            Ok(())
        })
    }

    pub(super) fn rate(&self, each: u64, mut round: impl FnMut() -> Result<()>) -> Result<()> {
        let (begun, mut count) = (Instant::now(), 0);
        while count == 0 || begun.elapsed() < self.time {
            round()?;
            count += each;
        }
        println!("{{\"rate\":{:.0}}}", count as f64 / begun.elapsed().as_secs_f64());
        Ok(())
    }
}
