//! [`Socket::sendfile`]: a file's bytes without a way through this program.

use std::{fs::File, io::Read, os::fd::AsFd};

use super::{Limit, MsgFlags, SOCK_STREAM, Socket};
use crate::{
    error::{Error, ErrorKind, Result},
    sys::{self, Interest, c},
};

/// More at once than any system takes.
const AT_ONCE: u64 = 1 << 30;

/// Where the system refuses, so much is copied at a time.
const COPIED: usize = 64 * 1024;

impl Socket {
    /// Sends a file from `offset` on, `count` bytes or to its end (`None`), and says how many bytes that was:
    /// `sendfile(2)`, again and again. Fewer than `count` means that the file ended.
    ///
    /// The time limit covers the whole. Where the system refuses, as for a pipe, or has no such call, the file is
    /// read and sent; what was read from a pipe and not sent is lost then. A pipe has no other `offset` than 0, and
    /// waiting for its data counts against the limit as well. The file's own position stays where it is.
    ///
    /// Python: `socket.sendfile`, which moves the file's position and refuses non-blocking sockets. In `std`:
    /// `io::copy`.
    ///
    /// # Errors
    ///
    /// As [`sendall`](Self::sendall), also in that [`Error::sent`] tells how much went out before; and what
    /// reading the file fails with.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::fs::File;
    /// use sockeye::socket::{create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let client = create_connection(server.getsockname()?, None)?;
    /// let file = File::open("Cargo.toml").unwrap();
    /// assert_eq!(client.sendfile(&file, 1, 7)?, 7);
    /// let mut buf = [0; 64];
    /// let (conn, _) = server.accept()?;
    /// assert_eq!(conn.recv(&mut buf)?, 7);
    /// assert_eq!(&buf[..7], b"package");
    ///
    /// let rest = client.sendfile(&file, 8, None)?;
    /// assert_eq!(rest, file.metadata().unwrap().len() - 8);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn sendfile(&self, file: &File, offset: u64, count: impl Into<Option<u64>>) -> Result<u64> {
        if self.kind()? != SOCK_STREAM {
            let why = "sendfile needs a stream: a file isn't datagrams";
            return Err(Error::new(ErrorKind::InvalidInput, why));
        }
        let mut sending = Sending { file, offset, left: count.into().unwrap_or(u64::MAX), sent: 0 };
        match self.send_file(&mut sending, self.mode.limit().start()) {
            Ok(()) => Ok(sending.sent),
            Err(error) => {
                let sent = usize::try_from(sending.sent).unwrap_or(usize::MAX);
                Err(error.after_sending(sent).context("sendfile"))
            }
        }
    }

    fn send_file(&self, sending: &mut Sending<'_>, limit: Limit) -> Result<()> {
        while sending.left > 0 {
            let at_once = sending.left.min(AT_ONCE) as usize;
            let position = sending.position()?;
            match self.attempt_without_flag(Interest::Write, limit, |fd| {
                sys::sendfile(fd, sending.file, position, at_once)
            }) {
                Ok(0) => return Ok(()),
                Ok(n) => sending.advance(n),
                Err(error) if is_refusal(&error) => return self.copy_file(sending, limit),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn copy_file(&self, sending: &mut Sending<'_>, limit: Limit) -> Result<()> {
        let mut buf = vec![0; COPIED.min(usize::try_from(sending.left).unwrap_or(COPIED))];
        while sending.left > 0 {
            let room = buf.len().min(usize::try_from(sending.left).unwrap_or(usize::MAX));
            let n = self.read_file(sending, &mut buf[..room], limit)?;
            if n == 0 {
                return Ok(());
            }
            let outcome = self.transmit_all(&buf[..n], MsgFlags::default(), limit);
            sending.advance(outcome.as_ref().err().map_or(n, |error| error.sent().unwrap_or(0)));
            outcome?;
        }
        Ok(())
    }

    /// Some of it, from a file or from whatever else can be read.
    fn read_file(&self, sending: &Sending<'_>, buf: &mut [u8], limit: Limit) -> Result<usize> {
        let position = sending.position()?;
        match sys::read_at(sending.file, buf, position) {
            // It has no places: a pipe, a terminal. Only from its beginning on.
            Err(error) if error.raw_os_error() == Some(c::ESPIPE) && sending.offset == 0 => {}
            Err(error) if error.raw_os_error() == Some(c::EBADF) => {
                let why = "the file isn't open for reading";
                return Err(Error::new(ErrorKind::InvalidInput, why).with_errno(Some(c::EBADF)));
            }
            outcome => return outcome,
        }
        let cancel = self.cancel_token();
        match sys::wait(sending.file.as_fd(), Interest::Read, limit.deadline(), cancel.as_ref()) {
            Err(error) if error.is_timeout() && limit == Limit::Now => {
                return Err(ErrorKind::WouldBlock.into());
            }
            outcome => outcome?,
        }
        Ok(sys::uninterrupted(|| (&mut &*sending.file).read(buf))?)
    }
}

/// How far it is.
struct Sending<'a> {
    file: &'a File,
    /// Where it began.
    offset: u64,
    left: u64,
    sent: u64,
}

impl Sending<'_> {
    fn position(&self) -> Result<u64> {
        self.offset.checked_add(self.sent).ok_or_else(|| Error::from_errno(c::EOVERFLOW))
    }

    fn advance(&mut self, n: usize) {
        self.sent += n as u64;
        self.left = self.left.saturating_sub(n as u64);
    }
}

/// Whether the system doesn't do it for this file or this socket; what is really wrong, copying will tell.
pub(crate) fn is_refusal(error: &Error) -> bool {
    error.kind() == ErrorKind::Unsupported
        || matches!(error.raw_os_error(), Some(c::EBADF | c::EINVAL | c::ENOSYS | c::ESPIPE | c::EOPNOTSUPP))
}
