//! `struct tcp_info`: what the kernel knows of a connection (Linux).

use std::time::Duration;

use super::{Readable, option::sealed::Sealed};

/// What the kernel knows of a connection: `struct tcp_info` of `linux/tcp.h`.
///
/// Older kernels know less: what they don't tell is 0.
///
/// Python: the bytes that `getsockopt(IPPROTO_TCP, TCP_INFO, 256)` gives.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{IPPROTO_TCP, TCP_INFO, create_connection, create_server};
/// let server = create_server("127.0.0.1:0")?;
/// let client = create_connection(server.getsockname()?, None)?;
/// # if TCP_INFO.number() > 0 {
/// let info = client.getsockopt(IPPROTO_TCP, TCP_INFO)?;
/// assert_eq!(info.state_name(), "ESTABLISHED");
/// assert!(info.snd_mss > 0);
/// # }
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpInfo {
    /// The number of the connection's state: see [`state_name`](Self::state_name).
    pub state: u8,
    /// How often the segment that waits for an answer was sent again.
    pub retransmits: u8,
    /// How many probes of a silent connection have no answer yet.
    pub probes: u8,
    /// How long the kernel waits for an answer before it sends again.
    pub rto: Duration,
    /// The largest segment that is sent, in bytes.
    pub snd_mss: u32,
    /// The largest segment that was received, in bytes.
    pub rcv_mss: u32,
    /// Segments without an answer; of a listening socket: connections that wait for `accept`.
    pub unacked: u32,
    /// Segments that are taken for lost.
    pub lost: u32,
    /// Segments that were sent again and have no answer yet.
    pub retrans: u32,
    /// Since data was last sent.
    pub last_data_sent: Duration,
    /// Since data was last received.
    pub last_data_recv: Duration,
    /// The largest packet of the path, in bytes.
    pub pmtu: u32,
    /// The round trip, smoothed.
    pub rtt: Duration,
    /// How much it varies.
    pub rttvar: Duration,
    /// The congestion window, in segments.
    pub snd_cwnd: u32,
    /// Segments that were sent again, in all.
    pub total_retrans: u32,
    /// Bytes that the peer has acknowledged.
    pub bytes_acked: u64,
    /// Bytes that were received.
    pub bytes_received: u64,
    /// Bytes that wait to be sent.
    pub notsent_bytes: u32,
    /// The shortest round trip.
    pub min_rtt: Duration,
    /// Bytes a second that arrive at the peer.
    pub delivery_rate: u64,
    /// The whole structure, for what has no field here.
    pub raw: Vec<u8>,
}

impl TcpInfo {
    /// The state's name in RFC 9293 §3.3.2: `ESTABLISHED`, `LISTEN`.
    ///
    /// ```
    /// # use sockeye::socket::{IPPROTO_TCP, TCP_INFO, create_server};
    /// # if TCP_INFO.number() > 0 {
    /// let server = create_server("127.0.0.1:0")?;
    /// assert_eq!(server.getsockopt(IPPROTO_TCP, TCP_INFO)?.state_name(), "LISTEN");
    /// # }
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn state_name(&self) -> &'static str {
        STATES.get(usize::from(self.state)).unwrap_or(&"unknown")
    }
}

/// By Linux' numbers.
const STATES: [&str; 12] = [
    "unknown",
    "ESTABLISHED",
    "SYN-SENT",
    "SYN-RECEIVED",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "TIME-WAIT",
    "CLOSED",
    "CLOSE-WAIT",
    "LAST-ACK",
    "LISTEN",
    "CLOSING",
];

impl Readable for TcpInfo {
    type Got = TcpInfo;

    /// The structure only ever grows at its end: what isn't there is 0.
    fn decode(bytes: &[u8]) -> Option<TcpInfo> {
        let field = |at: usize, size: usize| bytes.get(at..at + size);
        let byte = |at| field(at, 1).map_or(0, |field| field[0]);
        let word = |at| field(at, 4).and_then(u32::decode).unwrap_or(0);
        let long = |at| field(at, 8).and_then(u64::decode).unwrap_or(0);
        let micros = |at| Duration::from_micros(word(at).into());
        let millis = |at| Duration::from_millis(word(at).into());
        Some(TcpInfo {
            state: *bytes.first()?,
            retransmits: byte(2),
            probes: byte(3),
            rto: micros(8),
            snd_mss: word(16),
            rcv_mss: word(20),
            unacked: word(24),
            lost: word(32),
            retrans: word(36),
            last_data_sent: millis(44),
            last_data_recv: millis(52),
            pmtu: word(60),
            rtt: micros(68),
            rttvar: micros(72),
            snd_cwnd: word(80),
            total_retrans: word(100),
            bytes_acked: long(120),
            bytes_received: long(128),
            notsent_bytes: word(144),
            min_rtt: micros(148),
            delivery_rate: long(160),
            raw: bytes.to_vec(),
        })
    }
}

impl Sealed for TcpInfo {}
