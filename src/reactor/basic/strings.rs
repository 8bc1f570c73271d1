//! [`StringReceiver`]: a protocol of strings, however they are framed.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use super::{Codec, Int8Codec, Int16Codec, Int32Codec, NetstringCodec};
use crate::{
    error::{Error, Result},
    reactor::{Protocol, Reason, Transport},
};

/// So much room is kept for what isn't whole.
const KEPT: usize = 1024;

/// What one connection does with the strings that it receives. [`StringReceiver`] makes a [`Protocol`] of it.
///
/// Twisted: `NetstringReceiver`, `Int32StringReceiver` and their like, whose methods are overridden.
pub trait StringProtocol: 'static {
    /// The connection is there.
    fn connection_made(&mut self, transport: &mut StringTransport<'_>) {
        let _ = transport;
    }

    /// A string.
    fn string_received(&mut self, transport: &mut StringTransport<'_>, string: &[u8]);

    /// The peer broke the form, or a string is longer than allowed; nothing more can be understood. Unless overridden,
    /// the connection ends.
    ///
    /// Twisted: `lengthLimitExceeded`, `handleParseError`.
    fn invalid_received(&mut self, transport: &mut StringTransport<'_>, error: &Error) {
        let _ = error;
        transport.lose_connection();
    }

    /// As [`Protocol::eof_received`].
    fn eof_received(&mut self, transport: &mut StringTransport<'_>) {
        transport.lose_connection();
    }

    /// As [`Protocol::write_paused`].
    fn write_paused(&mut self, transport: &mut StringTransport<'_>) {
        let _ = transport;
    }

    /// As [`Protocol::write_resumed`].
    fn write_resumed(&mut self, transport: &mut StringTransport<'_>) {
        let _ = transport;
    }

    /// As [`Protocol::timed_out`].
    fn timed_out(&mut self, transport: &mut StringTransport<'_>) {
        transport.lose_connection();
    }

    /// As [`Protocol::connection_lost`].
    fn connection_lost(&mut self, transport: &mut StringTransport<'_>, reason: &Reason) {
        let _ = (transport, reason);
    }
}

/// A [`Transport`] that knows strings.
pub struct StringTransport<'r> {
    transport: Transport<'r>,
    codec: &'r dyn Codec,
    out: &'r mut Vec<u8>,
}

impl StringTransport<'_> {
    /// Sends a string.
    ///
    /// Twisted: `sendString`.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](crate::ErrorKind::TooLarge) for one that the form has no room for; nothing is sent.
    pub fn send_string(&mut self, string: impl AsRef<[u8]>) -> Result<()> {
        self.out.clear();
        self.codec.encode(string.as_ref(), self.out)?;
        self.transport.write(self.out);
        // An unusually large one's room isn't kept.
        self.out.shrink_to(KEPT);
        Ok(())
    }
}

impl<'r> Deref for StringTransport<'r> {
    type Target = Transport<'r>;

    fn deref(&self) -> &Transport<'r> {
        &self.transport
    }
}

impl<'r> DerefMut for StringTransport<'r> {
    fn deref_mut(&mut self) -> &mut Transport<'r> {
        &mut self.transport
    }
}

impl fmt::Debug for StringTransport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StringTransport").field("transport", &self.transport).finish_non_exhaustive()
    }
}

/// Makes a [`Protocol`] of a [`StringProtocol`], with any [`Codec`].
///
/// After [`pause_reading`](Transport::pause_reading) no further string is handed on, be it here already.
///
/// # Examples
///
/// ```
/// use sockeye::reactor::{
///     basic::{NetstringReceiver, StringProtocol, StringTransport},
///     testing::MemoryTransport,
/// };
///
/// struct Echo;
/// impl StringProtocol for Echo {
///     fn string_received(&mut self, transport: &mut StringTransport<'_>, string: &[u8]) {
///         // What has come can be sent.
///         let _ = transport.send_string(string);
///     }
/// }
///
/// # fn main() -> sockeye::Result<()> {
/// for size in [1, 3, 100] {
///     let mut memory = MemoryTransport::new(NetstringReceiver::new(Echo))?;
///     memory.receive_in_pieces(b"5:hello,0:,", size);
///     assert_eq!(memory.written(), b"5:hello,0:,");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct StringReceiver<P, C> {
    protocol: P,
    codec: C,
    /// What was received and not handed on.
    rest: Vec<u8>,
    out: Vec<u8>,
    /// The peer broke the form.
    is_broken: bool,
}

/// `5:hello,`. Twisted: the same.
pub type NetstringReceiver<P> = StringReceiver<P, NetstringCodec>;
/// Strings behind a length of one byte. Twisted: the same.
pub type Int8StringReceiver<P> = StringReceiver<P, Int8Codec>;
/// Strings behind a length of two bytes. Twisted: the same.
pub type Int16StringReceiver<P> = StringReceiver<P, Int16Codec>;
/// Strings behind a length of four bytes. Twisted: the same.
pub type Int32StringReceiver<P> = StringReceiver<P, Int32Codec>;

impl<P: StringProtocol, C: Codec + Default + 'static> StringReceiver<P, C> {
    /// Strings of at most 99,999 bytes.
    pub fn new(protocol: P) -> StringReceiver<P, C> {
        StringReceiver::with_codec(protocol, C::default())
    }
}

impl<P: StringProtocol, C: Codec + 'static> StringReceiver<P, C> {
    /// With a codec that has its limit, or one of your own.
    pub fn with_codec(protocol: P, codec: C) -> StringReceiver<P, C> {
        StringReceiver { protocol, codec, rest: Vec::new(), out: Vec::new(), is_broken: false }
    }

    /// What it hands the strings to.
    pub fn protocol(&mut self) -> &mut P {
        &mut self.protocol
    }

    fn with(&mut self, transport: &mut Transport<'_>, call: impl FnOnce(&mut P, &mut StringTransport<'_>)) {
        let mut strings =
            StringTransport { transport: transport.borrow(), codec: &self.codec, out: &mut self.out };
        call(&mut self.protocol, &mut strings);
    }

    /// Hands on what can be; says how much that was.
    fn hand_on(&mut self, transport: &mut Transport<'_>, input: &[u8]) -> usize {
        let mut used = 0;
        while used < input.len() {
            if self.is_broken || transport.is_disconnecting() {
                return input.len();
            }
            if transport.is_reading_paused() {
                break;
            }
            let left = &input[used..];
            match self.codec.decode(left) {
                Ok(None) => break,
                Ok(Some(frame)) => {
                    used += frame.used;
                    let string = &left[frame.message];
                    self.with(transport, |protocol, strings| protocol.string_received(strings, string));
                }
                Err(error) => {
                    self.is_broken = true;
                    self.with(transport, |protocol, strings| protocol.invalid_received(strings, &error));
                }
            }
        }
        used
    }

    /// Goes on with what is here already.
    fn go_on(&mut self, transport: &mut Transport<'_>) {
        let mut input = std::mem::take(&mut self.rest);
        let used = self.hand_on(transport, &input);
        input.drain(..used);
        self.rest = if input.is_empty() && input.capacity() > KEPT { Vec::new() } else { input };
    }
}

impl<P: StringProtocol, C: Codec + 'static> Protocol for StringReceiver<P, C> {
    fn connection_made(&mut self, transport: &mut Transport<'_>) {
        self.with(transport, |protocol, strings| protocol.connection_made(strings));
    }

    fn data_received(&mut self, transport: &mut Transport<'_>, data: &[u8]) {
        if self.rest.is_empty() {
            let used = self.hand_on(transport, data);
            self.rest.extend_from_slice(&data[used..]);
        } else {
            self.rest.extend_from_slice(data);
            self.go_on(transport);
        }
    }

    fn eof_received(&mut self, transport: &mut Transport<'_>) {
        self.with(transport, |protocol, strings| protocol.eof_received(strings));
    }

    fn write_paused(&mut self, transport: &mut Transport<'_>) {
        self.with(transport, |protocol, strings| protocol.write_paused(strings));
    }

    fn write_resumed(&mut self, transport: &mut Transport<'_>) {
        self.with(transport, |protocol, strings| protocol.write_resumed(strings));
    }

    fn read_resumed(&mut self, transport: &mut Transport<'_>) {
        self.go_on(transport);
    }

    fn timed_out(&mut self, transport: &mut Transport<'_>) {
        self.with(transport, |protocol, strings| protocol.timed_out(strings));
    }

    fn connection_lost(&mut self, transport: &mut Transport<'_>, reason: &Reason) {
        self.with(transport, |protocol, strings| protocol.connection_lost(strings, reason));
    }
}
