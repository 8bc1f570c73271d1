//! Receiving under a deadline in one system call, even when the data isn't there yet.
//!
//! "Try, wait, try again" is three calls for an answer that is on its way, as that of a pooled HTTP request
//! always is. A *patient* socket's descriptor blocks, with SO_RCVTIMEO as a tick: while more than a tick is
//! left, a plain `recv(2)` keeps the deadline as well. The last stretch goes the usual way, so that the deadline
//! is kept to the millisecond.

use std::{sync::atomic::Ordering, time::Duration};

use super::{SO_RCVTIMEO, SOL_SOCKET, Socket};
use crate::{
    deadline::Deadline,
    error::{ErrorKind, Result},
    sys::{self, Interest},
};

/// Long enough to be rare, short enough that most deadlines are further away.
const TICK: Duration = Duration::from_secs(1);

impl Socket {
    /// Makes the socket patient. Not for one whose descriptor anybody else holds, or that has a cancel token:
    /// nothing ends a call inside the system but the tick.
    pub(super) fn make_patient(&mut self) -> Result<()> {
        self.setsockopt(SOL_SOCKET, SO_RCVTIMEO, Some(TICK))?;
        self.ensure_blocking()?;
        self.patient.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Takes the tick away, for other people's calls.
    pub(super) fn end_patience(&self) -> Result<()> {
        if self.patient.load(Ordering::Relaxed) {
            self.setsockopt(SOL_SOCKET, SO_RCVTIMEO, None)
        } else {
            Ok(())
        }
    }

    /// Whether a call may be a patient one.
    pub(super) fn is_patient_until(&self, deadline: Deadline) -> bool {
        self.patient.load(Ordering::Relaxed) && deadline != Deadline::NEVER && self.blocks()
    }

    /// `recv(2)` that blocks while at least a tick is left; `None` if less is left without an answer. Past the deadline
    /// nothing is tried.
    pub(super) fn recv_patiently(&self, buf: &mut [u8], deadline: Deadline) -> Result<Option<usize>> {
        self.check_overdue(Interest::Read)?;
        loop {
            match deadline.remaining() {
                Some(Duration::ZERO) => return Err(ErrorKind::TimedOut.into()),
                Some(left) if left < TICK => return Ok(None),
                _ => {}
            }
            match sys::recv_once(self.descriptor()?, buf, 0) {
                Err(error) if matches!(error.raw_os_error(), Some(sys::c::EAGAIN | sys::c::EINTR)) => {}
                outcome => return outcome.map(Some),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{Bounds, Dialler, create_server};

    fn dialled() -> (Socket, Socket) {
        let server = create_server("127.0.0.1:0").unwrap();
        let port = server.getsockname().unwrap().port().unwrap();
        let bounds = Bounds { deadline: Deadline::after(Duration::from_secs(60)), cancel: None };
        let dialler = Dialler::default();
        let socket = dialler.connect(dialler.find("127.0.0.1", port, bounds).unwrap(), bounds).unwrap();
        (socket, server.accept().unwrap().0)
    }

    #[test]
    fn data_and_its_end_arrive() {
        let (socket, peer) = dialled();
        let deadline = Deadline::after(Duration::from_secs(60));
        assert!(socket.is_patient_until(deadline));
        peer.sendall(b"x").unwrap();
        assert_eq!(socket.recv_by(&mut [0; 8], deadline).unwrap(), 1);
        drop(peer);
        assert_eq!(socket.recv_by(&mut [0; 8], deadline).unwrap(), 0);
    }

    #[test]
    fn a_short_deadline_and_no_waiting_are_kept() {
        let (socket, _peer) = dialled();
        let soon = Deadline::after(Duration::from_millis(1));
        assert_eq!(socket.recv_by(&mut [0; 8], soon).unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(socket.try_recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn a_mode_a_clone_and_a_detached_descriptor_know_nothing_of_it() {
        let (socket, _peer) = dialled();
        let deadline = Deadline::after(Duration::from_secs(60));
        socket.settimeout(Duration::ZERO).unwrap();
        assert!(!socket.is_patient_until(deadline));
        assert_eq!(socket.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);

        // Without its tick it would wait for ever.
        let (socket, _peer) = dialled();
        socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, None).unwrap();
        assert!(!socket.is_patient_until(deadline));

        let (socket, _peer) = dialled();
        let clone = socket.try_clone().unwrap();
        assert!(!socket.is_patient_until(deadline));
        let stream = std::net::TcpStream::try_from(clone).unwrap();
        assert_eq!(stream.read_timeout().unwrap(), None);
    }
}
