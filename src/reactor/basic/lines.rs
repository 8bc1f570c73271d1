//! [`LineReceiver`]: a protocol of lines.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use super::{Codec, LineCodec};
use crate::{
    error::Error,
    reactor::{Protocol, Reason, Transport},
};

/// So much room is kept for what isn't whole.
const KEPT: usize = 1024;

/// What one connection does with the lines that it receives. [`LineReceiver`] makes a [`Protocol`] of it.
///
/// Twisted: `LineReceiver`, whose methods are overridden; `LineOnlyReceiver`.
///
/// # Examples
///
/// A line that tells how many bytes follow it:
///
/// ```
/// use sockeye::reactor::{basic::{LineProtocol, LineReceiver, LineTransport}, testing::MemoryTransport};
///
/// #[derive(Default)]
/// struct Post { missing: usize, body: Vec<u8> }
///
/// impl LineProtocol for Post {
///     fn line_received(&mut self, transport: &mut LineTransport<'_>, line: &[u8]) {
///         self.missing = std::str::from_utf8(line).unwrap_or("").parse().unwrap_or(0);
///         transport.set_raw_mode();
///     }
///
///     fn raw_data_received(&mut self, transport: &mut LineTransport<'_>, data: &[u8]) {
///         let (mine, rest) = data.split_at(data.len().min(self.missing));
///         self.body.extend_from_slice(mine);
///         self.missing -= mine.len();
///         if self.missing == 0 {
///             transport.send_line(&self.body);
///             self.body.clear();
///             transport.set_line_mode(rest);
///         }
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// for size in [1, 4, 100] {
///     let mut memory = MemoryTransport::new(LineReceiver::new(Post::default()))?;
///     memory.receive_in_pieces(b"3\r\none5\r\nthree", size);
///     assert_eq!(memory.written(), b"one\r\nthree\r\n");
/// }
/// # Ok(())
/// # }
/// ```
pub trait LineProtocol: 'static {
    /// The connection is there.
    fn connection_made(&mut self, transport: &mut LineTransport<'_>) {
        let _ = transport;
    }

    /// A line, without its delimiter.
    fn line_received(&mut self, transport: &mut LineTransport<'_>, line: &[u8]);

    /// Data after [`set_raw_mode`](LineTransport::set_raw_mode). Unless overridden it is dropped.
    fn raw_data_received(&mut self, transport: &mut LineTransport<'_>, data: &[u8]) {
        let _ = (transport, data);
    }

    /// A line is longer than allowed; what came of it is dropped. Unless overridden, the connection ends.
    ///
    /// Twisted: `lineLengthExceeded`.
    fn line_length_exceeded(&mut self, transport: &mut LineTransport<'_>, error: &Error) {
        let _ = error;
        transport.lose_connection();
    }

    /// As [`Protocol::eof_received`]. A line without its end is dropped.
    fn eof_received(&mut self, transport: &mut LineTransport<'_>) {
        transport.lose_connection();
    }

    /// As [`Protocol::write_paused`].
    fn write_paused(&mut self, transport: &mut LineTransport<'_>) {
        let _ = transport;
    }

    /// As [`Protocol::write_resumed`].
    fn write_resumed(&mut self, transport: &mut LineTransport<'_>) {
        let _ = transport;
    }

    /// As [`Protocol::timed_out`].
    fn timed_out(&mut self, transport: &mut LineTransport<'_>) {
        transport.lose_connection();
    }

    /// As [`Protocol::connection_lost`].
    fn connection_lost(&mut self, transport: &mut LineTransport<'_>, reason: &Reason) {
        let _ = (transport, reason);
    }
}

/// A [`Transport`] that knows lines.
pub struct LineTransport<'r> {
    transport: Transport<'r>,
    framing: &'r mut Framing,
}

impl LineTransport<'_> {
    /// Sends a line and the delimiter. One that holds the delimiter arrives as several.
    ///
    /// Twisted: `sendLine`.
    pub fn send_line(&mut self, line: impl AsRef<[u8]>) {
        self.transport.write(line.as_ref());
        self.transport.write(self.framing.codec.end());
    }

    /// What comes now is handed on as it is, beginning with what came behind this line.
    ///
    /// Twisted: `setRawMode`.
    pub fn set_raw_mode(&mut self) {
        self.framing.mode = Mode::Raw;
    }

    /// Back to lines, beginning with these bytes, which [`raw_data_received`](LineProtocol::raw_data_received) got and
    /// didn't want.
    ///
    /// Twisted: `setLineMode`.
    pub fn set_line_mode(&mut self, rest: &[u8]) {
        self.framing.mode = Mode::Line;
        self.framing.codec.forget();
        self.framing.returned.extend_from_slice(rest);
    }
}

impl<'r> Deref for LineTransport<'r> {
    type Target = Transport<'r>;

    fn deref(&self) -> &Transport<'r> {
        &self.transport
    }
}

impl<'r> DerefMut for LineTransport<'r> {
    fn deref_mut(&mut self) -> &mut Transport<'r> {
        &mut self.transport
    }
}

impl fmt::Debug for LineTransport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineTransport").field("transport", &self.transport).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Line,
    Raw,
}

#[derive(Debug)]
struct Framing {
    codec: LineCodec,
    mode: Mode,
    /// What the protocol gave back.
    returned: Vec<u8>,
}

/// Makes a [`Protocol`] of a [`LineProtocol`].
///
/// After [`pause_reading`](Transport::pause_reading) no further line is handed on, be it here already.
///
/// # Examples
///
/// ```
/// use sockeye::reactor::{basic::{LineProtocol, LineReceiver, LineTransport}, testing::MemoryTransport};
///
/// struct Echo;
/// impl LineProtocol for Echo {
///     fn line_received(&mut self, transport: &mut LineTransport<'_>, line: &[u8]) {
///         transport.send_line(line);
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// let mut memory = MemoryTransport::new(LineReceiver::new(Echo).delimiter("\n").max_length(10))?;
/// memory.receive(b"one\ntwo\nrest");
/// assert_eq!(memory.take(), b"one\ntwo\n");
/// memory.receive(b" of a long line");
/// assert!(memory.is_over());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LineReceiver<P> {
    protocol: P,
    framing: Framing,
    /// What was received and not handed on.
    rest: Vec<u8>,
}

impl<P: LineProtocol> LineReceiver<P> {
    /// Lines of at most 16,384 bytes that end with `\r\n`.
    pub fn new(protocol: P) -> LineReceiver<P> {
        let framing = Framing { codec: LineCodec::new(), mode: Mode::Line, returned: Vec::new() };
        LineReceiver { protocol, framing, rest: Vec::new() }
    }

    /// What ends a line. Default is `"\r\n"`.
    #[must_use]
    pub fn delimiter(mut self, delimiter: impl AsRef<[u8]>) -> LineReceiver<P> {
        self.framing.codec = self.framing.codec.delimiter(delimiter);
        self
    }

    /// The longest line. Default is 16,384 bytes.
    ///
    /// Twisted: `MAX_LENGTH`.
    #[must_use]
    pub fn max_length(mut self, bytes: usize) -> LineReceiver<P> {
        self.framing.codec = self.framing.codec.max_length(bytes);
        self
    }

    /// What it hands the lines to.
    pub fn protocol(&mut self) -> &mut P {
        &mut self.protocol
    }

    fn with(&mut self, transport: &mut Transport<'_>, call: impl FnOnce(&mut P, &mut LineTransport<'_>)) {
        let mut lines = LineTransport { transport: transport.borrow(), framing: &mut self.framing };
        call(&mut self.protocol, &mut lines);
    }

    /// Hands on what can be; says how much that was.
    fn hand_on(&mut self, transport: &mut Transport<'_>, input: &[u8]) -> usize {
        let mut used = 0;
        while used < input.len() && self.framing.returned.is_empty() {
            if transport.is_disconnecting() {
                return input.len();
            }
            if transport.is_reading_paused() {
                break;
            }
            let left = &input[used..];
            if self.framing.mode == Mode::Raw {
                self.with(transport, |protocol, lines| protocol.raw_data_received(lines, left));
                return input.len();
            }
            match self.framing.codec.decode(left) {
                Ok(None) => break,
                Ok(Some(frame)) => {
                    used += frame.used;
                    let line = &left[frame.message];
                    self.with(transport, |protocol, lines| protocol.line_received(lines, line));
                }
                Err(error) => {
                    self.framing.codec.forget();
                    self.with(transport, |protocol, lines| protocol.line_length_exceeded(lines, &error));
                    return input.len();
                }
            }
        }
        used
    }

    /// Goes on with what is here already.
    fn go_on(&mut self, transport: &mut Transport<'_>) {
        loop {
            let mut input = std::mem::take(&mut self.framing.returned);
            input.append(&mut self.rest);
            let used = self.hand_on(transport, &input);
            input.drain(..used);
            self.rest = if input.is_empty() && input.capacity() > KEPT { Vec::new() } else { input };
            if self.framing.returned.is_empty() {
                return;
            }
        }
    }
}

impl<P: LineProtocol> Protocol for LineReceiver<P> {
    fn connection_made(&mut self, transport: &mut Transport<'_>) {
        self.with(transport, |protocol, lines| protocol.connection_made(lines));
    }

    fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
        let was_empty = self.rest.is_empty() && self.framing.returned.is_empty();
        let used = if was_empty { self.hand_on(transport, data) } else { 0 };
        self.rest.extend_from_slice(&data[used..]);
        if !was_empty || !self.framing.returned.is_empty() {
            self.go_on(transport);
        }
    }

    fn eof_received(&mut self, transport: &mut Transport<'_>) {
        self.with(transport, |protocol, lines| protocol.eof_received(lines));
    }

    fn write_paused(&mut self, transport: &mut Transport<'_>) {
        self.with(transport, |protocol, lines| protocol.write_paused(lines));
    }

    fn write_resumed(&mut self, transport: &mut Transport<'_>) {
        self.with(transport, |protocol, lines| protocol.write_resumed(lines));
    }

    fn read_resumed(&mut self, transport: &mut Transport<'_>) {
        self.go_on(transport);
    }

    fn timed_out(&mut self, transport: &mut Transport<'_>) {
        self.with(transport, |protocol, lines| protocol.timed_out(lines));
    }

    fn connection_lost(&mut self, transport: &mut Transport<'_>, reason: &Reason) {
        self.with(transport, |protocol, lines| protocol.connection_lost(lines, reason));
    }
}
