//! [`SocketFile`]: a connection as a file, with lines and buffers.

use std::{
    io::{self, BufRead, Read, Write},
    iter::FusedIterator,
};

use super::{Buffer, LINE_LIMIT, Limit, LineEnd, MsgFlags, Socket, transfer::doing};
use crate::error::{Error, ErrorKind, Result};

/// What is held back until it is flushed.
const UNSENT: usize = 8 * 1024;

/// A socket's bytes with a buffer for each direction, and lines: what [`Socket::makefile`] gives.
///
/// What is written is held back, 8 KiB at most, and sent by `flush`, by [`close`](Self::close), when the file is
/// dropped (whose errors nobody sees), and before a read waits for the peer, so that a question never stays behind
/// while its answer is awaited.
///
/// # Time limits
///
/// They are the socket's, see [`socket`](Self::socket), and cover each call as a whole. When one passes, nothing is
/// lost: what was received of a line is the beginning of the next try's, and what wasn't sent goes with the next flush.
/// (Python refuses every read after a timeout.) That holds for the methods here; of std's `BufRead`, `lines` drops what
/// it had of a line.
///
/// Python: what `socket.makefile` gives, in its modes `rb`, `wb` and `rwb`; for text there is
/// [`readline_text`](Self::readline_text). In `std`: `BufReader` and `BufWriter` in one.
///
/// # Examples
///
/// ```
/// use std::io::Write;
/// use sockeye::socket::{create_connection, create_server};
/// let server = create_server("127.0.0.1:0")?;
/// let mut client = create_connection(server.getsockname()?, None)?.makefile()?;
/// let mut conn = server.accept()?.0.makefile()?;
/// write!(client, "{} {}\r\n", "HELO", "me").unwrap();
/// client.flush().unwrap();
/// assert_eq!(conn.readline()?, b"HELO me\r\n");
/// write!(conn, "250 you\r\n250 bye\r\n").unwrap();
/// conn.close()?;
/// let mut lines = Vec::new();
/// for line in &mut client {
///     lines.push(line?);
/// }
/// assert_eq!(lines, [b"250 you\r\n", b"250 bye\r\n"]);
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
pub struct SocketFile {
    socket: Socket,
    received: Buffer,
    unsent: Vec<u8>,
    line_limit: usize,
}

/// The lines of a [`SocketFile`], each with its end, until the end of data or the first error, which is the last item.
///
/// Nothing is lost by an error: the file's next lines, by a new iterator, go on behind the last whole line.
#[derive(Debug)]
pub struct FileLines<'a> {
    /// `None` once it is over.
    file: Option<&'a mut SocketFile>,
}

impl Socket {
    /// Makes a file of the socket, over a descriptor of its own: the connection stays open until both are closed.
    ///
    /// The time limit and the cancel token are those of the socket now. A thread that reads while another one writes
    /// takes a file each.
    ///
    /// Python: `socket.makefile`, whose arguments are methods of the file here. In `std`: `try_clone`, `BufReader`,
    /// `BufWriter`.
    ///
    /// # Errors
    ///
    /// When the process has no descriptors left; [`Closed`](ErrorKind::Closed).
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let mut client = create_connection(server.getsockname()?, None)?;
    /// let mut file = client.makefile()?;
    /// client.close();
    /// server.accept()?.0.sendall(b"one\ntwo")?; // and closes
    /// assert_eq!(file.readline()?, b"one\n");
    /// assert_eq!(file.readline()?, b"two");
    /// assert_eq!(file.readline()?, b"");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn makefile(&self) -> Result<SocketFile> {
        let socket = self.try_clone().map_err(|error| error.context("makefile"))?;
        socket.set_cancel(self.cancel_token())?;
        Ok(SocketFile { socket, received: Buffer::default(), unsent: Vec::new(), line_limit: LINE_LIMIT })
    }
}

impl SocketFile {
    /// Receives a line, with its `\n`. The last one may lack it, and an empty vector is the end of data.
    ///
    /// Python: `readline` of a file in mode `rb`. In `std`: `BufRead::read_until`.
    ///
    /// # Errors
    ///
    /// As [`Socket::recv`]; [`TooLarge`](ErrorKind::TooLarge) for a line that is longer than the
    /// [limit](Self::set_line_limit). What was received of it is kept in either case.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::socket::{create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let mut file = create_connection(server.getsockname()?, Duration::from_millis(1))?.makefile()?;
    /// let (conn, _) = server.accept()?;
    /// conn.sendall(b"half a li")?;
    /// assert!(file.readline().unwrap_err().is_timeout());
    /// conn.sendall(b"ne\n")?;
    /// file.socket().settimeout(None)?;
    /// assert_eq!(file.readline()?, b"half a line\n");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn readline(&mut self) -> Result<Vec<u8>> {
        let length = self.line_length()?;
        Ok(self.received.take(length))
    }

    /// Receives a line as text: UTF-8, its end always `\n`. The last one may lack it, and an empty text is the end of
    /// data.
    ///
    /// Python: `readline` of a file in mode `r`, with an encoding of UTF-8 and universal newlines (but for a lone
    /// `\r`, which ends no line here).
    ///
    /// # Errors
    ///
    /// As [`readline`](Self::readline); [`Protocol`](ErrorKind::Protocol) for a line that isn't UTF-8, which stays for
    /// `readline`.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, socket::{create_connection, create_server}};
    /// let server = create_server("127.0.0.1:0")?;
    /// let mut file = create_connection(server.getsockname()?, None)?.makefile()?;
    /// server.accept()?.0.sendall(b"gr\xc3\xbcn\r\n\xff\r\n")?;
    /// assert_eq!(file.readline_text()?, "grün\n");
    /// assert_eq!(file.readline_text().unwrap_err().kind(), ErrorKind::Protocol);
    /// assert_eq!(file.readline()?, b"\xff\r\n");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn readline_text(&mut self) -> Result<String> {
        let length = self.line_length()?;
        let line = &self.received.bytes()[..length];
        let text = std::str::from_utf8(line)
            .map_err(|_| Error::new(ErrorKind::Protocol, "a line that isn't UTF-8"))?;
        let text = match text.strip_suffix("\r\n") {
            Some(text) => format!("{text}\n"),
            None => text.to_owned(),
        };
        self.received.consume(length);
        Ok(text)
    }

    /// Receives whole lines until they are `hint` bytes or more, or to the end of data. No lines are the end.
    ///
    /// Python: `readlines(hint)`; its `readlines()`, without a bound, is `usize::MAX`.
    ///
    /// # Errors
    ///
    /// As [`readline`](Self::readline); all lines are kept then.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::socket::{create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let mut file = create_connection(server.getsockname()?, None)?.makefile()?;
    /// server.accept()?.0.sendall(b"one\ntwo\nthree\nfour")?;
    /// assert_eq!(file.readlines(5)?, [b"one\n", b"two\n"]);
    /// assert_eq!(file.readlines(usize::MAX)?, [&b"three\n"[..], b"four"]);
    /// assert!(file.readlines(usize::MAX)?.is_empty());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn readlines(&mut self, hint: usize) -> Result<Vec<Vec<u8>>> {
        // The line that ends behind this place is the last one.
        let length = self.length_through(hint.saturating_sub(1), "readlines")?;
        let lines = self.received.take(length);
        Ok(lines.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect())
    }

    /// Sends what was written and not sent yet, and closes the file. The socket that it was made of stays open.
    ///
    /// Python: `close`.
    ///
    /// # Errors
    ///
    /// As [`Socket::sendall`]. The file is closed all the same, and what wasn't sent is lost: `flush` first to be able
    /// to try again.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Write;
    /// use sockeye::socket::{create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let client = create_connection(server.getsockname()?, None)?;
    /// let mut file = client.makefile()?;
    /// file.write_all(b"hello").unwrap();
    /// file.close()?;
    /// assert_eq!(server.accept()?.0.recv(&mut [0; 8])?, 5);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn close(mut self) -> Result<()> {
        let outcome = self.send_unsent(self.limit());
        self.unsent.clear();
        outcome.map_err(|error| error.context("close"))
    }

    /// The longest line, in bytes with its end. Default is 65,536.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, socket::{create_connection, create_server}};
    /// let server = create_server("127.0.0.1:0")?;
    /// let mut file = create_connection(server.getsockname()?, None)?.makefile()?;
    /// file.set_line_limit(4);
    /// server.accept()?.0.sendall(b"too long\n")?;
    /// assert_eq!(file.readline().unwrap_err().kind(), ErrorKind::TooLarge);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn set_line_limit(&mut self, bytes: usize) {
        self.line_limit = bytes;
    }

    /// The socket below: its time limit is the file's. Bytes taken from it, or sent by it, pass by the buffers.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::socket::{create_connection, create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// let file = create_connection(server.getsockname()?, None)?.makefile()?;
    /// file.socket().settimeout(Duration::from_secs(5))?;
    /// assert_eq!(file.socket().gettimeout(), Some(Duration::from_secs(5)));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    fn limit(&self) -> Limit {
        self.socket.mode.limit().start()
    }

    /// How long the next line is, which is in the buffer then.
    fn line_length(&mut self) -> Result<usize> {
        self.length_through(0, "readline")
    }

    /// How long the data is through the first line's end at that place or later, or the end of data.
    fn length_through(&mut self, place: usize, operation: &'static str) -> Result<usize> {
        let limit = self.limit();
        let mut end = LineEnd::at_or_after(place, self.line_limit);
        loop {
            if let Some(length) = end.find(self.received.bytes())? {
                return Ok(length);
            }
            if self.fill(limit).map_err(|error| doing(operation, error))? == 0 {
                return Ok(self.received.bytes().len());
            }
        }
    }

    /// Receives more into the buffer; 0 is the end of data.
    fn fill(&mut self, limit: Limit) -> Result<usize> {
        self.send_unsent(limit)?;
        let n = self.socket.receive(self.received.room(), MsgFlags::default(), limit)?;
        self.received.filled(n);
        Ok(n)
    }

    /// What isn't sent stays.
    fn send_unsent(&mut self, limit: Limit) -> Result<()> {
        let outcome = self.socket.transmit_all(&self.unsent, MsgFlags::default(), limit);
        match &outcome {
            Ok(()) => self.unsent.clear(),
            Err(error) => drop(self.unsent.drain(..error.sent().unwrap_or(0))),
        }
        outcome
    }
}

/// Big reads pass by the buffer.
impl Read for SocketFile {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        if self.received.is_empty() {
            let limit = self.limit();
            self.send_unsent(limit)?;
            return Ok(self.socket.receive(buf, MsgFlags::default(), limit)?);
        }
        let n = self.received.bytes().read(buf)?;
        self.received.consume(n);
        Ok(n)
    }
}

impl BufRead for SocketFile {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.received.is_empty() {
            self.fill(self.limit())?;
        }
        Ok(self.received.bytes())
    }

    fn consume(&mut self, n: usize) {
        self.received.consume(n);
    }
}

/// Holds back what is small; see [`SocketFile`].
impl Write for SocketFile {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let limit = self.limit();
        if self.unsent.len() + data.len() > UNSENT {
            self.send_unsent(limit)?;
        }
        if data.len() > UNSENT {
            return Ok(self.socket.transmit(data, MsgFlags::default(), limit)?);
        }
        self.unsent.extend_from_slice(data);
        Ok(data.len())
    }

    /// One time limit for the whole. [`Error::sent`] tells how much of this data went out or is held back.
    fn write_all(&mut self, data: &[u8]) -> io::Result<()> {
        let limit = self.limit();
        if self.unsent.len() + data.len() > UNSENT {
            self.send_unsent(limit).map_err(|error| error.after_sending(0))?;
        }
        if data.len() > UNSENT {
            return Ok(self.socket.transmit_all(data, MsgFlags::default(), limit)?);
        }
        self.unsent.extend_from_slice(data);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(self.send_unsent(self.limit()).map_err(|error| error.context("flush"))?)
    }
}

/// Sends what was written and not sent yet, as `BufWriter` does: errors are lost.
impl Drop for SocketFile {
    fn drop(&mut self) {
        if !self.unsent.is_empty() {
            let _ = self.send_unsent(self.limit());
        }
    }
}

impl Iterator for FileLines<'_> {
    type Item = Result<Vec<u8>>;

    fn next(&mut self) -> Option<Result<Vec<u8>>> {
        let outcome = self.file.as_mut()?.readline();
        if outcome.as_ref().map_or(true, Vec::is_empty) {
            self.file = None;
        }
        Some(outcome).filter(|outcome| !matches!(outcome, Ok(line) if line.is_empty()))
    }
}

impl FusedIterator for FileLines<'_> {}

/// The lines, as [`readline`](SocketFile::readline) gives them.
impl<'a> IntoIterator for &'a mut SocketFile {
    type Item = Result<Vec<u8>>;
    type IntoIter = FileLines<'a>;

    fn into_iter(self) -> FileLines<'a> {
        FileLines { file: Some(self) }
    }
}
