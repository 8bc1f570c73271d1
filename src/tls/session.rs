//! [`Session`]: one side of a TLS connection as bytes. No sockets, no waiting.
//!
//! ```text
//!  socket ──> incoming ──┐              ┌──> the caller's buffer, and `plain` for what didn't fit
//!                        │── rustls ────┤
//!  socket <── outgoing <─┘              └─── the caller's data
//! ```

use rustls::{
    CommonState,
    client::{ClientConnectionData, UnbufferedClientConnection},
    unbuffered::{ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus},
};

use super::inbox::{Inbox, SIZE};

/// What a record adds to its data: header, explicit nonce, tag, kind.
const RECORD_OVERHEAD: usize = 5 + 8 + 16 + 1;

/// The most data in one record (RFC 8446 §5.1).
pub(super) const RECORD: usize = 16 * 1024;

/// What a call came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// So many bytes are in the caller's buffer.
    Data(usize),
    /// The peer said that no more data come (close_notify).
    Ended,
    /// It takes more of the peer's bytes to go on.
    Hungry,
    /// The caller's data were taken; or, without any, the handshake is over.
    Taken,
}

/// What the caller wants to go out.
#[derive(Clone, Copy)]
pub(super) enum Outward<'a> {
    /// Nothing.
    Nothing,
    /// These data.
    Data(&'a [u8]),
    /// The end of data.
    CloseNotify,
}

/// One side of a TLS connection.
pub(super) struct Session {
    conn: UnbufferedClientConnection,
    /// From the peer, not looked at.
    pub(super) incoming: Inbox,
    /// Decrypted, and for nobody's buffer yet.
    plain: Vec<u8>,
    /// How much of it was taken.
    taken: usize,
    /// For the peer, in the order in which it was encrypted.
    pub(super) outgoing: Vec<u8>,
    /// The peer's close_notify has come.
    ended: bool,
    /// It broke, for good.
    failed: Option<rustls::Error>,
}

impl Session {
    pub(super) fn new(conn: UnbufferedClientConnection) -> Session {
        Session {
            conn,
            incoming: Inbox::default(),
            plain: Vec::new(),
            taken: 0,
            outgoing: Vec::new(),
            ended: false,
            failed: None,
        }
    }

    /// What was agreed on.
    pub(super) fn common(&self) -> &CommonState {
        &self.conn
    }

    /// Goes on with the handshake: `Hungry` or `Taken`.
    pub(super) fn handshake(&mut self) -> Result<Outcome, rustls::Error> {
        loop {
            match self.step(&mut [], Outward::Nothing)? {
                // A server may speak before it has heard the client's last word.
                Some(Outcome::Data(_)) | None => {}
                Some(outcome) => return Ok(outcome),
            }
        }
    }

    /// Takes decrypted data: as many records as are there and fit.
    pub(super) fn read(&mut self, buf: &mut [u8]) -> Result<Outcome, rustls::Error> {
        let mut filled = self.take_plain(buf);
        while filled < buf.len() && !self.ended {
            match self.step(&mut buf[filled..], Outward::Nothing) {
                Ok(None) => {}
                Ok(Some(Outcome::Data(n))) => filled += n,
                Ok(Some(_)) => break,
                // What came before it is whole; the next call says the same again.
                Err(_) if filled > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(match filled {
            0 if self.ended => Outcome::Ended,
            0 => Outcome::Hungry,
            n => Outcome::Data(n),
        })
    }

    /// Encrypts it all into `outgoing`.
    pub(super) fn write(&mut self, outward: Outward<'_>) -> Result<Outcome, rustls::Error> {
        loop {
            // Records that wait in `incoming` come first in rustls' order; they go into `plain`, and there are no
            // more than that.
            match self.step(&mut [], outward)? {
                Some(Outcome::Data(_) | Outcome::Ended) | None => {}
                Some(outcome) => return Ok(outcome),
            }
        }
    }

    /// Lets go what an unusually large exchange made it hold.
    pub(super) fn shrink(&mut self) {
        self.incoming.shrink();
        shrink(&mut self.plain);
        shrink(&mut self.outgoing);
    }

    fn take_plain(&mut self, buf: &mut [u8]) -> usize {
        let left = &self.plain[self.taken..];
        let n = left.len().min(buf.len());
        buf[..n].copy_from_slice(&left[..n]);
        self.taken += n;
        if self.taken == self.plain.len() {
            self.plain.clear();
            self.taken = 0;
        }
        n
    }

    /// One of rustls' states.
    fn step(&mut self, buf: &mut [u8], outward: Outward<'_>) -> Result<Option<Outcome>, rustls::Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let outcome = self.process(buf, outward);
        match &outcome {
            Ok(Some(Outcome::Ended)) => self.ended = true,
            Ok(_) => {}
            Err(error) => {
                self.failed = Some(error.clone());
                // The alert that tells the peer of it. Beyond that, rustls must not be asked again: it would panic.
                if self.conn.wants_write() {
                    let _ = self.process(&mut [], Outward::Nothing);
                }
            }
        }
        outcome
    }

    fn process(&mut self, buf: &mut [u8], outward: Outward<'_>) -> Result<Option<Outcome>, rustls::Error> {
        let UnbufferedStatus { discard, state } = self.conn.process_tls_records(self.incoming.bytes_mut());
        let mut parts = Parts { buf, plain: &mut self.plain, outgoing: &mut self.outgoing };
        let outcome = match state {
            Ok(state) => parts.handle(state, outward),
            Err(error) => Err(error),
        };
        self.incoming.consume(discard);
        outcome
    }
}

/// Where a step puts what comes of it.
struct Parts<'a> {
    buf: &'a mut [u8],
    plain: &'a mut Vec<u8>,
    outgoing: &'a mut Vec<u8>,
}

impl Parts<'_> {
    fn handle(
        &mut self,
        state: ConnectionState<'_, '_, ClientConnectionData>,
        outward: Outward<'_>,
    ) -> Result<Option<Outcome>, rustls::Error> {
        Ok(match state {
            ConnectionState::ReadTraffic(mut traffic) => {
                let mut filled = 0;
                while let Some(record) = traffic.next_record() {
                    filled += self.deliver(record?.payload, filled);
                }
                Some(Outcome::Data(filled))
            }
            ConnectionState::EncodeTlsData(mut data) => {
                append(self.outgoing, 0, |room| match data.encode(room) {
                    Err(EncodeError::InsufficientSize(size)) => Err(Some(size)),
                    other => other.map_err(|_| None),
                })?;
                None
            }
            // It is in `outgoing`, which goes out before anything is waited for.
            ConnectionState::TransmitTlsData(data) => {
                data.done();
                None
            }
            ConnectionState::PeerClosed | ConnectionState::Closed => Some(Outcome::Ended),
            ConnectionState::WriteTraffic(mut traffic) => {
                let size = match outward {
                    Outward::Nothing => return Ok(Some(Outcome::Taken)),
                    Outward::Data(data) => data.len(),
                    Outward::CloseNotify => 0,
                };
                let expected = size + (size / RECORD + 2) * RECORD_OVERHEAD;
                append(self.outgoing, expected, |room| {
                    let written = match outward {
                        Outward::Data(data) => traffic.encrypt(data, room),
                        _ => traffic.queue_close_notify(room),
                    };
                    match written {
                        Err(EncryptError::InsufficientSize(size)) => Err(Some(size)),
                        other => other.map_err(|_| None),
                    }
                })?;
                Some(Outcome::Taken)
            }
            // BlockedHandshake; and early data, which a client never gets.
            _ => Some(Outcome::Hungry),
        })
    }

    /// Into the caller's buffer, and what doesn't fit behind what is there already.
    fn deliver(&mut self, payload: &[u8], filled: usize) -> usize {
        let room = &mut self.buf[filled..];
        let n = payload.len().min(room.len());
        room[..n].copy_from_slice(&payload[..n]);
        self.plain.extend_from_slice(&payload[n..]);
        n
    }
}

/// Lets go more than a record's memory, if nothing is in it.
pub(super) fn shrink(bytes: &mut Vec<u8>) {
    if bytes.is_empty() && bytes.capacity() > SIZE {
        *bytes = Vec::new();
    }
}

/// Has something written behind what is there; it may ask for more room, once.
fn append(
    out: &mut Vec<u8>,
    expected: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, Option<InsufficientSizeError>>,
) -> Result<(), rustls::Error> {
    let start = out.len();
    out.resize(start + expected, 0);
    let mut written = write(&mut out[start..]);
    if let Err(Some(size)) = written {
        out.resize(start + size.required_size, 0);
        written = write(&mut out[start..]);
    }
    out.truncate(start + *written.as_ref().unwrap_or(&0));
    // Without a size it is the keys that are used up (RFC 8446 §5.5).
    written.map(drop).map_err(|_| rustls::Error::EncryptError)
}
