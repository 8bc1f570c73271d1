//! The C headers' numbers; above this room nothing else of it is used, as the functions are unsafe to call.
//!
//! What a system lacks is -1 there, and options with that number aren't offered; a flag that it lacks is 0.

pub(crate) use libc::*;

#[cfg(not(target_os = "linux"))]
macro_rules! lacking {
    ($($name:ident = $number:expr;)*) => {$(pub(crate) const $name: i32 = $number;)*};
}

#[cfg(not(target_os = "linux"))]
lacking! {
    SO_DOMAIN = -1;
    SO_PROTOCOL = -1;
    SO_PRIORITY = -1;
    SO_MARK = -1;
    SO_BINDTODEVICE = -1;
    SO_PASSCRED = -1;
    IP_OPTIONS = -1;
    IP_RECVERR = -1;
    IP_FREEBIND = -1;
    IPV6_ADD_MEMBERSHIP = libc::IPV6_JOIN_GROUP;
    IPV6_DROP_MEMBERSHIP = libc::IPV6_LEAVE_GROUP;
    TCP_CORK = -1;
    TCP_USER_TIMEOUT = -1;
    TCP_DEFER_ACCEPT = -1;
    TCP_QUICKACK = -1;
    TCP_SYNCNT = -1;
    TCP_CONGESTION = -1;
    TCP_INFO = -1;
    MSG_ERRQUEUE = 0;
    MSG_CONFIRM = 0;
    MSG_MORE = 0;
}

/// Apple has one name for it; the BSDs have Linux'.
#[cfg(target_vendor = "apple")]
lacking! {
    TCP_KEEPIDLE = libc::TCP_KEEPALIVE;
    MSG_NOSIGNAL = 0;
}
