//! [`ExtendedError`]: what the queue of errors holds.

use super::{Address, ancillary::Fields};
use crate::{error::Error, sys};

/// An error that the network reported about something this socket sent: `struct sock_extended_err` and the address
/// of whoever reported it.
///
/// [`MSG_ERRQUEUE`](super::MSG_ERRQUEUE) takes it from the queue, together with what was sent. Linux only.
///
/// # Examples
///
/// See [`Socket::recvmsg_with_flags`](super::Socket::recvmsg_with_flags).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExtendedError {
    /// The errno: what `recv` would have failed with.
    pub errno: i32,
    /// Who reported it.
    pub origin: ErrorOrigin,
    /// The ICMP message's type.
    pub kind: u8,
    /// The ICMP message's code.
    pub code: u8,
    /// More that depends on the origin: the path's MTU for `EMSGSIZE`, the first number of a range for
    /// [`ErrorOrigin::Zerocopy`].
    pub info: u32,
    /// More that depends on the origin: the number of a time stamp, the last of a range.
    pub data: u32,
    /// The machine that reported it, without a port.
    pub offender: Option<Address>,
}

/// Who reported an [`ExtendedError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorOrigin {
    /// This machine.
    Local,
    /// A machine on the way, or at its end: ICMP.
    Icmp,
    /// The same for IPv6.
    Icmp6,
    /// No error: when something was sent, for [`Ancillary::Timestamping`](super::Ancillary::Timestamping).
    Timestamping,
    /// No error: memory that `MSG_ZEROCOPY` sent from is free again.
    Zerocopy,
    /// Any other, by its number.
    Other(u8),
}

impl ExtendedError {
    /// The errno as an [`Error`], for its kind and its words.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, socket::ExtendedError};
    /// fn is_refused(report: &ExtendedError) -> bool {
    ///     report.error().kind() == ErrorKind::ConnectionRefused
    /// }
    /// # let _ = is_refused;
    /// ```
    #[must_use]
    pub fn error(&self) -> Error {
        Error::from_errno(self.errno)
    }

    pub(super) fn decode(data: &[u8]) -> Option<ExtendedError> {
        let mut fields = Fields(data);
        let errno = i32::from_ne_bytes(fields.take()?);
        let [origin, kind, code, _padding] = fields.take()?;
        let (info, data) = (u32::from_ne_bytes(fields.take()?), u32::from_ne_bytes(fields.take()?));
        let offender = sys::address_of(fields.0).map(Address::from_sock_addr);
        let origin = match origin {
            1 => ErrorOrigin::Local,
            2 => ErrorOrigin::Icmp,
            3 => ErrorOrigin::Icmp6,
            4 => ErrorOrigin::Timestamping,
            5 => ErrorOrigin::Zerocopy,
            other => ErrorOrigin::Other(other),
        };
        Some(ExtendedError { errno, origin, kind, code, info, data, offender })
    }
}
