//! What to do about an error of the system, in the words of the error.

use std::{borrow::Cow, net::SocketAddr, os::unix::fs::FileTypeExt, time::Duration};

use super::{
    AF_UNIX, Address, IPPROTO_ICMP, IPPROTO_ICMPV6, Kind, Protocol, SO_BROADCAST, SOCK_DGRAM, SOCK_RAW,
    SOL_SOCKET, Socket,
};
use crate::{
    error::{Error, ErrorKind},
    sys::{LONGEST_PATH, c},
};

/// The first port that any user may serve at.
const FIRST_FREE_PORT: u16 = 1024;
/// So many descriptors travel in a message (Linux).
const MOST_DESCRIPTORS: usize = 253;
/// So many segments a datagram is cut into (Linux; twice as many since 6.9).
const MOST_SEGMENTS: usize = 64;

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

/// What keeps a socket from having that address.
pub(super) fn bind(socket: &Socket, address: &Address, error: &Error) -> Cow<'static, str> {
    let hint = match error.kind() {
        ErrorKind::AddressInUse if is_left_behind(address) => {
            " (its file was left by a server that has ended: remove it first)"
        }
        ErrorKind::PermissionDenied if address.port().is_some_and(|port| port < FIRST_FREE_PORT) => {
            " (ports below 1024 need root or the capability CAP_NET_BIND_SERVICE)"
        }
        ErrorKind::InvalidInput if socket.getsockname().is_ok_and(|own| own.port().unwrap_or(0) != 0) => {
            " (it has an address already)"
        }
        _ => return wrong_address(socket, address, error),
    };
    hint.into()
}

/// Whether that is the file of a Unix socket that nobody serves any more. A socket of packets finds out without a
/// trace: whoever serves a stream there isn't asked to accept one, only the system says that the kinds differ.
fn is_left_behind(address: &Address) -> bool {
    let probe = |own: Socket| own.settimeout(Duration::ZERO).and_then(|()| own.connect(address));
    address
        .as_pathname()
        .and_then(|path| path.metadata().ok())
        .is_some_and(|file| file.file_type().is_socket())
        && Socket::new(AF_UNIX, SOCK_DGRAM, Protocol::default())
            .and_then(probe)
            .is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

/// What keeps a socket from sending to an address, or from being connected to it.
pub(super) fn send(socket: &Socket, to: &Address, error: &Error) -> Cow<'static, str> {
    let forbidden = || socket.getsockopt(SOL_SOCKET, SO_BROADCAST).is_ok_and(|allowed| !allowed);
    if error.raw_os_error() == Some(c::EACCES) && to.may_be_broadcast() && forbidden() {
        return " (a broadcast needs setsockopt(SOL_SOCKET, SO_BROADCAST, true))".into();
    }
    wrong_address(socket, to, error)
}

/// What no socket of that family can do with an address.
fn wrong_address(socket: &Socket, address: &Address, error: &Error) -> Cow<'static, str> {
    if !matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) {
        return "".into();
    }
    let (own, family) = (socket.family(), address.family());
    match address.as_socket_addr() {
        _ if own != family => {
            format!(" (a socket of {own:?} has no address of {family:?}: make one of that family)").into()
        }
        Some(SocketAddr::V6(v6)) if v6.scope_id() == 0 && v6.ip().is_unicast_link_local() => {
            " (a link-local address needs its interface, as in [fe80::1%eth0])".into()
        }
        _ => "".into(),
    }
}

/// That a host was named where there are paths only.
pub(super) fn no_path(host: &str) -> Error {
    let why =
        format!("{host:?} is a host, and a socket of AF_UNIX wants a path: with a / in it, or as a Path");
    Error::new(ErrorKind::InvalidInput, why)
}

/// Why a datagram isn't cut into so many.
pub(super) fn segments(count: usize, error: &Error) -> Cow<'static, str> {
    if count > MOST_SEGMENTS && error.kind() == ErrorKind::InvalidInput {
        return format!(" (its {count} segments are more than the system cuts: {MOST_SEGMENTS} on most)")
            .into();
    }
    "".into()
}

/// Why there is nothing to accept.
pub(super) fn accept(error: &Error) -> &'static str {
    if error.raw_os_error() == Some(c::EINVAL) {
        " (it doesn't listen: call listen first; or it was shut down)"
    } else {
        ""
    }
}

/// Why a message with so many descriptors doesn't go.
pub(super) fn descriptors(count: usize, error: &Error) -> &'static str {
    if count > MOST_DESCRIPTORS && error.kind() == ErrorKind::InvalidInput {
        return " (253 travel in a message at most)";
    }
    ""
}

/// That a path or an abstract name is too long.
pub(super) fn too_long(what: &str, length: usize) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("{what} has {length} bytes, {LONGEST_PATH} are allowed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{AF_INET, IPPROTO_RAW, IPPROTO_UDP, SOCK_STREAM, create_server, socketpair};

    #[test]
    fn only_where_a_privilege_is_missing() {
        let (denied, other) = (Error::from_errno(c::EPERM), Error::from_errno(c::EMFILE));
        assert!(privilege(SOCK_RAW, IPPROTO_RAW, &denied).contains("CAP_NET_RAW"));
        assert!(privilege(SOCK_DGRAM, IPPROTO_ICMPV6, &denied).contains("ping_group_range"));
        assert_eq!(privilege(SOCK_RAW, IPPROTO_RAW, &other), "");
        assert_eq!(privilege(SOCK_DGRAM, IPPROTO_UDP, &denied), "");
        assert_eq!(privilege(SOCK_STREAM, IPPROTO_ICMP, &denied), "");
    }

    #[track_caller]
    fn check<T: std::fmt::Debug>(outcome: crate::Result<T>, expected: &str) {
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn errors_say_what_to_do() {
        let socket = |family, kind| Socket::new(family, kind, Protocol::default()).unwrap();
        let udp = socket(AF_INET, SOCK_DGRAM);
        check(udp.connect(("<broadcast>", 9)), "connect to 255.255.255.255:9 (a broadcast needs ");
        check(udp.sendto(b"x", ("<broadcast>", 9)), "sendto 255.255.255.255:9 (a broadcast needs ");
        let tcp = socket(AF_INET, SOCK_STREAM);
        check(tcp.accept(), "accept (it doesn't listen: call listen first; or it was shut down) failed: ");
        tcp.bind("127.0.0.1:0").unwrap();
        check(tcp.bind("127.0.0.1:0"), "(it has an address already)");

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        socket(AF_UNIX, SOCK_STREAM).bind(&path).unwrap();
        check(socket(AF_UNIX, SOCK_STREAM).bind(&path), "remove it first");
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "mine").unwrap();
        check(socket(AF_UNIX, SOCK_STREAM).bind(&path), "s failed: address already in use");
        std::fs::remove_file(&path).unwrap();
        let _served = create_server(&path).unwrap();
        check(socket(AF_UNIX, SOCK_STREAM).bind(&path), "s failed: address already in use");

        check(socket(AF_UNIX, SOCK_STREAM).bind(folder.path().join("s".repeat(108))), "are allowed");
        check(Address::from_abstract_name([b's'; 108]), "the abstract name has 108 bytes, 107 are allowed");
        let fds = vec![std::os::fd::AsFd::as_fd(&tcp); 254];
        let (sent, _peer) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
        assert_eq!(sent.send_fds(b"x", &fds[1..]).unwrap(), 1);
        // Linux' limit; other systems have theirs.
        if let Err(error) = sent.send_fds(b"x", &fds) {
            let error = error.to_string();
            assert!(error.contains("254 descriptors (253 travel in a message at most)"), "{error}");
        }
    }

    #[test]
    fn a_broadcast_that_is_forbidden_otherwise_is_not_called_so() {
        let socket = Socket::new(AF_INET, SOCK_DGRAM, Protocol::default()).unwrap();
        let to = Address::from(SocketAddr::from(([192, 168, 1, 255], 9)));
        let (denied, firewall) = (Error::from_errno(c::EACCES), Error::from_errno(c::EPERM));
        assert!(send(&socket, &to, &denied).contains("SO_BROADCAST"));
        assert_eq!(send(&socket, &to, &firewall), "");
        socket.setsockopt(SOL_SOCKET, SO_BROADCAST, true).unwrap();
        assert_eq!(send(&socket, &to, &denied), "");
    }

    #[test]
    fn a_privileged_port_is_named_as_one() {
        let socket = Socket::new(AF_INET, SOCK_STREAM, Protocol::default()).unwrap();
        let denied = Error::from_errno(c::EACCES);
        let port = |port: u16| Address::from(std::net::SocketAddr::from(([127, 0, 0, 1], port)));
        assert!(bind(&socket, &port(80), &denied).contains("CAP_NET_BIND_SERVICE"));
        assert_eq!(bind(&socket, &port(1024), &denied), "");
    }
}
