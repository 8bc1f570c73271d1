//! One error for the whole crate.
//!
//! [`Error`] is two words wide and opaque: [`kind`](Error::kind) answers what the caller can do,
//! [`raw_os_error`](Error::raw_os_error) gives the errno, [`source`](std::error::Error::source) the cause, and
//! `Display` reads *operation, object, cause*.

use std::{any::Any, borrow::Cow, error::Error as StdError, fmt, io, mem};

use crate::sys::c;

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Cause = Box<dyn StdError + Send + Sync>;

/// What the caller can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operation would block and the socket is non-blocking: wait until it is ready, and try again.
    WouldBlock,
    /// A time limit passed.
    TimedOut,
    /// A [`CancelToken`](crate::cancel::CancelToken) ended the operation.
    Cancelled,
    /// Nobody listens there, or the peer refused.
    ConnectionRefused,
    /// The peer broke the connection off, or it was lost.
    ConnectionReset,
    /// Written to a connection that the peer had closed.
    BrokenPipe,
    /// The socket isn't connected, and the call names no address.
    NotConnected,
    /// The network or the host can't be reached.
    Unreachable,
    /// The address is taken.
    AddressInUse,
    /// The address isn't one of this machine's.
    AddressNotAvailable,
    /// The host's or the service's name is unknown.
    UnknownHost,
    /// A file, or a path of a Unix socket, doesn't exist.
    NotFound,
    /// The system doesn't allow it.
    PermissionDenied,
    /// An argument is wrong: the call can't ever succeed as it is.
    InvalidInput,
    /// The socket, or the thing behind it, is closed.
    Closed,
    /// The data ended before its end.
    UnexpectedEof,
    /// The peer broke the protocol.
    Protocol,
    /// The peer's certificate isn't accepted: expired, of another name, of an unknown issuer. The text says which
    /// one and why.
    Certificate,
    /// Something passed one of the limits that guard this side, or a datagram one of the system's.
    TooLarge,
    /// An HTTP status of 400 or above: the error holds the response.
    Status,
    /// Too many redirects, a loop of them, or one that isn't followed for safety.
    Redirect,
    /// The proxy didn't make the connection that it was asked for. If it speaks HTTP, the error holds its answer.
    Proxy,
    /// The system has no descriptors, memory or threads left.
    OutOfResources,
    /// The system, or this build, doesn't have it.
    Unsupported,
    /// Anything else; the source and the errno say more.
    Other,
}

/// The error of every function in this crate.
///
/// # Examples
///
/// ```
/// use sockeye::{Error, ErrorKind};
///
/// let error = Error::from(std::io::Error::from_raw_os_error(libc_econnrefused()));
/// assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
/// let error = error.context("connect to 127.0.0.1:80");
/// assert!(error.to_string().starts_with("connect to 127.0.0.1:80 failed: "));
/// # fn libc_econnrefused() -> i32 {
/// #     let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
/// #     std::net::TcpStream::connect(free).unwrap_err().raw_os_error().unwrap()
/// # }
/// ```
pub struct Error(Repr);

/// A bare errno or kind takes no allocation: `WouldBlock` is on hot paths.
enum Repr {
    Os(i32),
    Kind(ErrorKind),
    Full(Box<Full>),
}

struct Full {
    kind: ErrorKind,
    errno: Option<i32>,
    /// What failed: "connect to 127.0.0.1:80", or the whole message when there is no source.
    message: Cow<'static, str>,
    source: Option<Cause>,
    /// How much of a `sendall` went out.
    sent: Option<usize>,
    /// What a room above attaches; only that room knows its type.
    payload: Option<Box<dyn Any + Send + Sync>>,
}

impl Error {
    /// An error with a message of its own: one line, lower case, without a final period.
    ///
    /// ```
    /// use sockeye::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::InvalidInput, "the port must be a number");
    /// assert_eq!(error.to_string(), "the port must be a number");
    /// ```
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Error {
        Error(Repr::Full(Box::new(Full::new(kind, message.into()))))
    }

    /// An error whose cause is another one; `Display` gives `message: cause`.
    pub(crate) fn with_source(
        kind: ErrorKind,
        message: impl Into<Cow<'static, str>>,
        source: impl Into<Cause>,
    ) -> Error {
        let full = Full { source: Some(source.into()), ..Full::new(kind, message.into()) };
        Error(Repr::Full(Box::new(full)))
    }

    /// The calling thread's errno.
    pub(crate) fn last_os_error() -> Error {
        io::Error::last_os_error().into()
    }

    /// That errno.
    pub(crate) const fn from_errno(errno: i32) -> Error {
        Error(Repr::Os(errno))
    }

    /// The same error, with what was being done in front: `operation failed: cause`.
    #[must_use]
    pub fn context(self, operation: impl Into<Cow<'static, str>>) -> Error {
        let operation = operation.into();
        self.under(format!("{operation} failed"))
    }

    /// The same error as the cause of that: `message: cause`.
    pub(crate) fn under(self, message: String) -> Error {
        let (kind, errno) = (self.kind(), self.raw_os_error());
        let (mut sent, mut payload) = (None, None);
        let source = match self.0 {
            Repr::Full(mut full) => {
                (sent, payload) = (full.sent, full.payload.take());
                Error(Repr::Full(full))
            }
            bare => Error(bare),
        };
        let (message, source) = (message.into(), Some(source.into()));
        Error(Repr::Full(Box::new(Full { kind, errno, message, source, sent, payload })))
    }

    /// What the caller can do.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.0 {
            Repr::Os(errno) => kind_of(&io::Error::from_raw_os_error(*errno)),
            Repr::Kind(kind) => *kind,
            Repr::Full(full) => full.kind,
        }
    }

    /// The errno, where the system gave one.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        match &self.0 {
            Repr::Os(errno) => Some(*errno),
            Repr::Kind(_) => None,
            Repr::Full(full) => full.errno,
        }
    }

    /// Whether a time limit passed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::socket::{Socket, AF_INET, SOCK_DGRAM};
    /// # fn main() -> sockeye::Result<()> {
    /// let socket = Socket::new(AF_INET, SOCK_DGRAM, Default::default())?;
    /// socket.bind("127.0.0.1:0")?;
    /// socket.settimeout(Duration::from_millis(1))?;
    /// assert!(socket.recv(&mut [0; 8]).unwrap_err().is_timeout());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::TimedOut
    }

    /// Whether a non-blocking operation has to wait.
    #[must_use]
    pub fn would_block(&self) -> bool {
        self.kind() == ErrorKind::WouldBlock
    }

    /// Whether it has no words of its own.
    pub(crate) fn is_bare(&self) -> bool {
        !matches!(self.0, Repr::Full(_))
    }

    /// How many bytes a failed `sendall` had sent before it failed.
    #[must_use]
    pub fn sent(&self) -> Option<usize> {
        match &self.0 {
            Repr::Full(full) => full.sent,
            _ => None,
        }
    }

    /// The same error of a `sendall` that had sent so much; nothing, where nobody knows.
    pub(crate) fn after_sending(self, sent: impl Into<Option<usize>>) -> Error {
        let mut full = self.into_full();
        full.sent = sent.into();
        Error(Repr::Full(full))
    }

    /// The same error with that errno.
    pub(crate) fn with_errno(self, errno: Option<i32>) -> Error {
        let mut full = self.into_full();
        full.errno = errno;
        Error(Repr::Full(full))
    }

    /// Attaches what a room above wants to find again by [`payload`](Self::payload).
    pub(crate) fn with_payload(self, payload: impl Any + Send + Sync) -> Error {
        let mut full = self.into_full();
        full.payload = Some(Box::new(payload));
        Error(Repr::Full(full))
    }

    /// What was attached, if it is of that type.
    pub(crate) fn payload<T: Any>(&self) -> Option<&T> {
        match &self.0 {
            Repr::Full(full) => full.payload.as_ref()?.downcast_ref(),
            _ => None,
        }
    }

    /// Takes out what was attached, if it is of that type; else the error is given back.
    pub(crate) fn into_payload<T: Any>(mut self) -> Result<T, Error> {
        let Repr::Full(full) = &mut self.0 else { return Err(self) };
        match full.payload.take().map(<Box<dyn Any + Send + Sync>>::downcast) {
            Some(Ok(payload)) => Ok(*payload),
            Some(Err(other)) => {
                full.payload = Some(other);
                Err(self)
            }
            None => Err(self),
        }
    }

    fn into_full(self) -> Box<Full> {
        let (kind, errno) = (self.kind(), self.raw_os_error());
        match self.0 {
            Repr::Full(full) => full,
            Repr::Os(_) | Repr::Kind(_) => {
                Box::new(Full { errno, ..Full::new(kind, self.to_string().into()) })
            }
        }
    }
}

impl Full {
    fn new(kind: ErrorKind, message: Cow<'static, str>) -> Full {
        Full { kind, errno: None, message, source: None, sent: None, payload: None }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Error {
        Error(Repr::Kind(kind))
    }
}

/// Keeps kind and errno; an [`Error`] that travelled inside an [`io::Error`] comes out as it went in.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        if let Some(errno) = error.raw_os_error() {
            return Error(Repr::Os(errno));
        }
        let kind = kind_of(&error);
        if error.get_ref().is_none() {
            return match kind {
                ErrorKind::Other => Error::with_source(kind, "input or output failed", error),
                kind => Error(Repr::Kind(kind)),
            };
        }
        match error.downcast::<Error>() {
            Ok(ours) => ours,
            Err(error) => Error(Repr::Full(Box::new(Full {
                source: error.into_inner(),
                ..Full::new(kind, Cow::Borrowed(""))
            }))),
        }
    }
}

/// Keeps kind and errno: a bare errno stays one, and a bare kind that std has, too; anything else travels inside.
impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        match error.0 {
            Repr::Os(errno) => io::Error::from_raw_os_error(errno),
            Repr::Kind(kind) if kind_of(&io_kind(kind).into()) == kind => io_kind(kind).into(),
            Repr::Kind(_) | Repr::Full(_) => io::Error::new(io_kind(error.kind()), error),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0 {
            Repr::Full(full) => full.source.as_deref().map(|source| source as _),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Os(errno) => f.write_str(&describe(*errno)),
            Repr::Kind(kind) => kind.fmt(f),
            Repr::Full(full) => match &full.source {
                Some(source) if full.message.is_empty() => source.fmt(f),
                Some(source) => write!(f, "{}: {source}", full.message),
                None => f.write_str(&full.message),
            },
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.kind());
        if let Some(errno) = self.raw_os_error() {
            out.field("errno", &errno);
        }
        out.field("message", &self.to_string()).finish()
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ErrorKind::WouldBlock => "operation would block",
            ErrorKind::TimedOut => "timed out",
            ErrorKind::Cancelled => "cancelled",
            ErrorKind::ConnectionRefused => "connection refused",
            ErrorKind::ConnectionReset => "connection reset by peer",
            ErrorKind::BrokenPipe => "broken pipe",
            ErrorKind::NotConnected => "not connected",
            ErrorKind::Unreachable => "network or host unreachable",
            ErrorKind::AddressInUse => "address already in use",
            ErrorKind::AddressNotAvailable => "address not available",
            ErrorKind::UnknownHost => "name or service not known",
            ErrorKind::NotFound => "not found",
            ErrorKind::PermissionDenied => "permission denied",
            ErrorKind::InvalidInput => "invalid argument",
            ErrorKind::Closed => "already closed",
            ErrorKind::UnexpectedEof => "unexpected end of data",
            ErrorKind::Protocol => "the peer broke the protocol",
            ErrorKind::Certificate => "certificate not accepted",
            ErrorKind::TooLarge => "too large",
            ErrorKind::Status => "error status",
            ErrorKind::Redirect => "redirect not followed",
            ErrorKind::Proxy => "refused by the proxy",
            ErrorKind::OutOfResources => "out of resources",
            ErrorKind::Unsupported => "not supported",
            ErrorKind::Other => "other error",
        })
    }
}

/// The system's words for an errno, without std's " (os error 111)", and in lower case.
fn describe(errno: i32) -> String {
    let mut text = io::Error::from_raw_os_error(errno).to_string();
    if let Some(end) = text.rfind(" (os error") {
        text.truncate(end);
    }
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    text
}

fn kind_of(error: &io::Error) -> ErrorKind {
    use io::ErrorKind as Io;
    match error.kind() {
        Io::WouldBlock => ErrorKind::WouldBlock,
        Io::TimedOut => ErrorKind::TimedOut,
        Io::ConnectionRefused => ErrorKind::ConnectionRefused,
        Io::ConnectionReset | Io::ConnectionAborted => ErrorKind::ConnectionReset,
        Io::BrokenPipe => ErrorKind::BrokenPipe,
        Io::NotConnected => ErrorKind::NotConnected,
        Io::HostUnreachable | Io::NetworkUnreachable | Io::NetworkDown => ErrorKind::Unreachable,
        Io::AddrInUse => ErrorKind::AddressInUse,
        Io::AddrNotAvailable => ErrorKind::AddressNotAvailable,
        Io::NotFound => ErrorKind::NotFound,
        Io::PermissionDenied => ErrorKind::PermissionDenied,
        Io::InvalidInput => ErrorKind::InvalidInput,
        Io::UnexpectedEof | Io::WriteZero => ErrorKind::UnexpectedEof,
        Io::InvalidData => ErrorKind::Protocol,
        Io::OutOfMemory => ErrorKind::OutOfResources,
        Io::Unsupported => ErrorKind::Unsupported,
        _ => match error.raw_os_error() {
            Some(errno) => kind_of_errno(errno),
            None => ErrorKind::Other,
        },
    }
}

/// The errnos for which std has no kind of its own.
fn kind_of_errno(errno: i32) -> ErrorKind {
    match errno {
        c::EBADF => ErrorKind::Closed,
        c::ENFILE | c::EMFILE | c::ENOBUFS => ErrorKind::OutOfResources,
        c::EINPROGRESS | c::EALREADY => ErrorKind::WouldBlock,
        c::EMSGSIZE => ErrorKind::TooLarge,
        c::EDESTADDRREQ => ErrorKind::NotConnected,
        c::ENOTSOCK | c::EISCONN | c::EPROTOTYPE => ErrorKind::InvalidInput,
        c::EAFNOSUPPORT | c::EPROTONOSUPPORT | c::ESOCKTNOSUPPORT | c::ENOPROTOOPT => ErrorKind::Unsupported,
        _ => ErrorKind::Other,
    }
}

fn io_kind(kind: ErrorKind) -> io::ErrorKind {
    use io::ErrorKind as Io;
    match kind {
        ErrorKind::WouldBlock => Io::WouldBlock,
        ErrorKind::TimedOut => Io::TimedOut,
        ErrorKind::ConnectionRefused => Io::ConnectionRefused,
        ErrorKind::ConnectionReset => Io::ConnectionReset,
        ErrorKind::BrokenPipe => Io::BrokenPipe,
        ErrorKind::NotConnected | ErrorKind::Closed => Io::NotConnected,
        ErrorKind::Unreachable => Io::HostUnreachable,
        ErrorKind::AddressInUse => Io::AddrInUse,
        ErrorKind::AddressNotAvailable => Io::AddrNotAvailable,
        ErrorKind::NotFound | ErrorKind::UnknownHost => Io::NotFound,
        ErrorKind::PermissionDenied => Io::PermissionDenied,
        ErrorKind::InvalidInput => Io::InvalidInput,
        ErrorKind::UnexpectedEof => Io::UnexpectedEof,
        ErrorKind::Protocol | ErrorKind::Certificate | ErrorKind::TooLarge | ErrorKind::Redirect => {
            Io::InvalidData
        }
        ErrorKind::OutOfResources => Io::OutOfMemory,
        ErrorKind::Unsupported => Io::Unsupported,
        ErrorKind::Cancelled | ErrorKind::Status | ErrorKind::Proxy | ErrorKind::Other => Io::Other,
    }
}

const _: () = assert!(mem::size_of::<Error>() <= 2 * mem::size_of::<usize>());

#[cfg(test)]
mod tests;
