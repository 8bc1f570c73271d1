//! [`TlsConnection`]: a [`Carrier`], most often a socket, with a [`Session`] above it.
//!
//! All calls take `&self`; one thread may read while another writes. Three locks, always taken in this order:
//! `reading` or `writing` (held while the carrier is waited for), then `session` (held while it computes, never while
//! anything is waited for).

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use rustls::client::UnbufferedClientConnection;

use super::{
    ClientTls, TlsInfo,
    carrier::Carrier,
    refusal::{self, refused},
    session::{Outcome, Outward, RECORD, Session, shrink},
};
use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    socket::{Shutdown, Socket},
};

/// How much data is encrypted for one send: a few records, so that much data doesn't cost many calls.
const PIECE: usize = 64 * 1024;

/// What is to be reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aim<'a> {
    /// The name or the address.
    pub(crate) host: &'a str,
    /// What is offered where the configuration offers nothing (ALPN).
    pub(crate) protocols: &'a [&'a str],
}

/// A connection over TLS.
pub(crate) struct TlsConnection {
    carrier: Carrier,
    session: Mutex<Session>,
    /// Whoever reads.
    reading: Mutex<()>,
    /// Whoever writes.
    writing: Mutex<Unsent>,
}

/// What is encrypted and not sent: it must go out before anything else does.
#[derive(Default)]
struct Unsent {
    bytes: Vec<u8>,
    sent: usize,
    /// How much of a caller's data is in there of which the caller wasn't told. The next call, which comes with
    /// the same data, begins with these.
    promised: usize,
    /// Where in `bytes` the records of a longer piece end, and how much of the promise comes behind each.
    records: Vec<(usize, usize)>,
    /// What ended the sending when some of it had gone: the system says it once, the caller hears it next.
    failed: Option<Error>,
    /// close_notify has gone out, or is in there.
    closed: bool,
}

impl TlsConnection {
    /// Speaks TLS on a connected socket, or through a proxy that TLS is spoken with, as its client.
    pub(crate) fn connect(
        carrier: Carrier,
        aim: Aim<'_>,
        tls: &ClientTls,
        deadline: Deadline,
    ) -> Result<TlsConnection> {
        let (host, config) = (aim.host, tls.rustls()?);
        let protocols = match config.alpn_protocols.as_slice() {
            [] => aim.protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect(),
            chosen => chosen.to_vec(),
        };
        let conn = UnbufferedClientConnection::new_with_alpn(config, tls.name_for(host)?, protocols)
            .map_err(|error| refused(error, None).context(format!("begin TLS with {host}")))?;
        let mut session = Session::new(conn);
        shake_hands(&carrier, &mut session, deadline)
            .map_err(|error| error.context(format!("TLS handshake with {host}")))?;
        Ok(TlsConnection {
            carrier,
            session: Mutex::new(session),
            reading: Mutex::default(),
            writing: Mutex::default(),
        })
    }

    /// The socket below.
    pub(crate) fn socket(&self) -> &Socket {
        self.carrier.socket()
    }

    /// What was agreed on.
    pub(crate) fn info(&self) -> TlsInfo {
        TlsInfo::of(lock(&self.session).common())
    }

    /// What is there, at most a buffer full; waits for the first byte. `Ok(0)` is the peer's close_notify.
    pub(crate) fn read_by(&self, buf: &mut [u8], deadline: Deadline) -> Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let _turn = lock(&self.reading);
        loop {
            let mut session = lock(&self.session);
            match self.take(&mut session, buf)? {
                Outcome::Data(n) => return Ok(n),
                Outcome::Ended => return Ok(0),
                Outcome::Hungry | Outcome::Taken => {}
            }
            let mut inbox = session.incoming.lend();
            drop(session);
            let received = match inbox.room() {
                Some(room) => self.carrier.recv_by(room, deadline),
                None => Err(too_much()),
            };
            inbox.filled(*received.as_ref().unwrap_or(&0));
            let mut session = lock(&self.session);
            session.incoming.take_back(inbox);
            match received? {
                0 => return Err(cut()),
                _ if session.incoming.is_full() => return Err(too_much()),
                _ => {}
            }
        }
    }

    /// Never waits: `WouldBlock` when nothing is there.
    pub(crate) fn try_read(&self, buf: &mut [u8]) -> Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let _turn = try_lock(&self.reading)?;
        let mut session = lock(&self.session);
        loop {
            match self.take(&mut session, buf)? {
                Outcome::Data(n) => return Ok(n),
                Outcome::Ended => return Ok(0),
                Outcome::Hungry | Outcome::Taken => {}
            }
            let received = self.carrier.try_recv(session.incoming.room().ok_or_else(too_much)?)?;
            session.incoming.filled(received);
            if received == 0 {
                return Err(cut());
            }
        }
    }

    /// Some of it, in whole records; waits until a piece has gone out, or time is over.
    pub(crate) fn write_by(&self, data: &[u8], deadline: Deadline) -> Result<usize> {
        self.write(lock(&self.writing), data, |unsent| unsent.send_all(&self.carrier, deadline))
    }

    /// All of it, or an error that tells how much was sent.
    pub(crate) fn write_all_by(&self, data: &[u8], deadline: Deadline) -> Result<()> {
        let mut sent = 0;
        while sent < data.len() {
            match self.write_by(&data[sent..], deadline) {
                Ok(n) => sent += n,
                Err(error) => return Err(error.after_sending(sent)),
            }
        }
        Ok(())
    }

    /// Never waits: says how much is in records that have gone out, which the peer may have read; `WouldBlock` when
    /// there is no room for one. The next call has to come with the rest, or the same data, as with OpenSSL and Python.
    pub(crate) fn try_write(&self, data: &[u8]) -> Result<usize> {
        self.write(try_lock(&self.writing)?, data, |unsent| unsent.try_send(&self.carrier))
    }

    /// Ends one direction, or both: the peer is told by close_notify that this was all.
    pub(crate) fn shutdown(&self, how: Shutdown, deadline: Deadline) -> Result<()> {
        if how != Shutdown::Read {
            let mut unsent = lock(&self.writing);
            unsent.send_all(&self.carrier, deadline)?;
            self.close(&mut unsent)?;
            unsent.send_all(&self.carrier, deadline)?;
        }
        self.carrier.shutdown(how, deadline)
    }

    /// Lets go what an unusually large exchange made it hold.
    pub(crate) fn shrink(&self) {
        lock(&self.session).shrink();
        shrink(&mut lock(&self.writing).bytes);
        self.carrier.shrink();
    }

    fn take(&self, session: &mut Session, buf: &mut [u8]) -> Result<Outcome> {
        session.read(buf).map_err(|error| {
            if let Ok(mut unsent) = try_lock(&self.writing) {
                unsent.bytes.append(&mut session.outgoing);
                // The peer's loss if it can't go out now: the connection is broken either way.
                let _ = unsent.try_send(&self.carrier);
            }
            refused(error, None)
        })
    }

    fn write(
        &self,
        mut unsent: MutexGuard<'_, Unsent>,
        data: &[u8],
        send: impl Fn(&mut Unsent) -> Result<()>,
    ) -> Result<usize> {
        if unsent.closed {
            return Err(ErrorKind::BrokenPipe.into());
        }
        if let Some(error) = unsent.failed.take() {
            return Err(error);
        }
        if unsent.promised == 0 && !data.is_empty() {
            send(&mut unsent)?;
            self.promise(&mut unsent, &data[..data.len().min(PIECE)])?;
        }
        let outcome = send(&mut unsent);
        let n = unsent.gone().min(data.len());
        if let Err(error) = outcome {
            if n == 0 {
                return Err(error);
            }
            // What isn't the system's own comes again by itself.
            unsent.failed =
                Some(error).filter(|error| !error.would_block() && error.raw_os_error().is_some());
        }
        unsent.promised -= n;
        Ok(n)
    }

    /// Encrypts a piece, record by record.
    fn promise(&self, unsent: &mut Unsent, piece: &[u8]) -> Result<()> {
        unsent.records.clear();
        if piece.len() <= RECORD {
            self.encrypt(unsent, Outward::Data(piece))?;
        } else {
            let (mut session, mut left) = (lock(&self.session), piece.len());
            for record in piece.chunks(RECORD) {
                session.write(Outward::Data(record)).map_err(|error| refused(error, None))?;
                left -= record.len();
                unsent.records.push((session.outgoing.len(), left));
            }
            std::mem::swap(&mut unsent.bytes, &mut session.outgoing);
        }
        unsent.promised = piece.len();
        Ok(())
    }

    /// Encrypts into what is unsent, of which there is nothing.
    fn encrypt(&self, unsent: &mut Unsent, outward: Outward<'_>) -> Result<()> {
        let mut session = lock(&self.session);
        session.write(outward).map_err(|error| refused(error, None))?;
        // What was there is empty: its memory is for the next one.
        std::mem::swap(&mut unsent.bytes, &mut session.outgoing);
        Ok(())
    }

    fn close(&self, unsent: &mut Unsent) -> Result<()> {
        if !unsent.closed {
            self.encrypt(unsent, Outward::CloseNotify)?;
            unsent.closed = true;
        }
        Ok(())
    }
}

/// Says goodbye, if that can be said at once, so that the peer doesn't take the end for an attack.
impl Drop for TlsConnection {
    fn drop(&mut self) {
        let mut unsent = std::mem::take(&mut *lock(&self.writing));
        if unsent.bytes.is_empty() && self.close(&mut unsent).is_ok() {
            let _ = unsent.try_send(&self.carrier);
        }
    }
}

impl std::fmt::Debug for TlsConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsConnection").field("carrier", &self.carrier).finish_non_exhaustive()
    }
}

impl Unsent {
    fn send_all(&mut self, carrier: &Carrier, deadline: Deadline) -> Result<()> {
        self.send(|bytes| carrier.send_by(bytes, deadline))
    }

    fn try_send(&mut self, carrier: &Carrier) -> Result<()> {
        self.send(|bytes| carrier.try_send(bytes))
    }

    /// How much of what was promised has gone out in whole records.
    fn gone(&self) -> usize {
        if self.bytes.is_empty() {
            return self.promised;
        }
        let whole = self.records.iter().rev().find(|(end, _)| *end <= self.sent);
        whole.map_or(0, |(_, left)| self.promised.saturating_sub(*left))
    }

    fn send(&mut self, mut send: impl FnMut(&[u8]) -> Result<usize>) -> Result<()> {
        while self.sent < self.bytes.len() {
            self.sent += send(&self.bytes[self.sent..])?;
        }
        self.sent = 0;
        self.bytes.clear();
        Ok(())
    }
}

/// The handshake, to its end on both sides' wire.
fn shake_hands(carrier: &Carrier, session: &mut Session, deadline: Deadline) -> Result<()> {
    loop {
        refusal::forget();
        let outcome = session.handshake();
        let chain = refusal::recall();
        let sent = match session.outgoing.as_slice() {
            [] => Ok(()),
            bytes => carrier.sendall_by(bytes, deadline),
        };
        session.outgoing.clear();
        match outcome {
            Ok(Outcome::Taken) => return sent,
            Ok(Outcome::Ended) => return Err(hung_up()),
            Ok(_) => sent?,
            // Why it failed matters more than that the peer couldn't be told.
            Err(error) => return Err(refused(error, chain)),
        }
        let received = carrier.recv_by(session.incoming.room().ok_or_else(too_much)?, deadline)?;
        session.incoming.filled(received);
        if received == 0 {
            return Err(hung_up());
        }
    }
}

fn hung_up() -> Error {
    Error::new(ErrorKind::UnexpectedEof, "the peer closed the connection: perhaps it doesn't speak TLS there")
}

fn cut() -> Error {
    let message = "the connection ended without TLS's close_notify: data may be missing";
    Error::new(ErrorKind::UnexpectedEof, message)
}

fn too_much() -> Error {
    Error::new(ErrorKind::TooLarge, "the peer sends a TLS message without end")
}

/// Nothing here is left half done by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `WouldBlock` while another thread has it.
fn try_lock<T>(mutex: &Mutex<T>) -> Result<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Ok(guard),
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => Err(ErrorKind::WouldBlock.into()),
    }
}
