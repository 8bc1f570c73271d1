//! Datagrams many at a time.

use sockeye::{
    Result,
    socket::{AF_INET, DatagramBatch, SOCK_DGRAM, Socket},
};

use super::{clients::Load, servers::ready};

/// As many as one look at the socket takes.
const BATCH: u64 = 64;

pub(super) fn echo() -> Result<()> {
    let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    udp.bind("127.0.0.1:0")?;
    ready(&udp.getsockname()?);
    let mut batch = DatagramBatch::new(BATCH as usize, 2048);
    loop {
        udp.recvmmsg(&mut batch)?;
        udp.sendmmsg(&mut batch)?;
    }
}

impl Load {
    pub(super) fn send_batches(&self) -> Result<()> {
        let udp = self.connected()?;
        let mut batch = DatagramBatch::new(BATCH as usize, self.message.len());
        self.rate(BATCH, || {
            while batch.len() < BATCH as usize {
                batch.push(&self.message, None)?;
            }
            // Nobody may be there to take them.
            let _ = udp.sendmmsg(&mut batch);
            Ok(())
        })
    }

    /// The system cuts one datagram up into many.
    pub(super) fn send_segments(&self) -> Result<()> {
        let udp = self.connected()?;
        let all = self.message.repeat(BATCH as usize);
        let size = u16::try_from(self.message.len()).expect("SIZE is that of a datagram");
        let mut batch = DatagramBatch::new(1, all.len());
        self.rate(BATCH, || {
            batch.push_segments(&all, size, None)?;
            let _ = udp.sendmmsg(&mut batch);
            batch.clear();
            Ok(())
        })
    }

    fn connected(&self) -> Result<Socket> {
        let udp = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
        udp.connect(("127.0.0.1", self.port))?;
        Ok(udp)
    }
}
