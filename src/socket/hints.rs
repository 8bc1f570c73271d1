//! What to do about an error of the system, in the words of the error.

use super::{IPPROTO_ICMP, IPPROTO_ICMPV6, Kind, Protocol, SOCK_DGRAM, SOCK_RAW};
use crate::{error::Error, sys::c};

/// Which privilege a new socket lacked; empty if it isn't that.
pub(super) fn privilege<L>(kind: Kind, protocol: Protocol<L>, error: &Error) -> &'static str {
    match (kind, error.raw_os_error()) {
        (SOCK_RAW, Some(c::EPERM | c::EACCES)) => " (SOCK_RAW needs root or the capability CAP_NET_RAW)",
        (SOCK_DGRAM, Some(c::EPERM | c::EACCES))
            if protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6 =>
        {
            " (Linux lets the groups of the sysctl net.ipv4.ping_group_range alone do so)"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{IPPROTO_RAW, IPPROTO_UDP, SOCK_STREAM};

    #[test]
    fn only_where_a_privilege_is_missing() {
        let (denied, other) = (Error::from_errno(c::EPERM), Error::from_errno(c::EMFILE));
        assert!(privilege(SOCK_RAW, IPPROTO_RAW, &denied).contains("CAP_NET_RAW"));
        assert!(privilege(SOCK_DGRAM, IPPROTO_ICMPV6, &denied).contains("ping_group_range"));
        assert_eq!(privilege(SOCK_RAW, IPPROTO_RAW, &other), "");
        assert_eq!(privilege(SOCK_DGRAM, IPPROTO_UDP, &denied), "");
        assert_eq!(privilege(SOCK_STREAM, IPPROTO_ICMP, &denied), "");
    }
}
