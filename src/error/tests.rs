use std::error::Error as _;

use super::*;

const ECONNREFUSED: i32 = 111;

#[test]
fn operation_object_cause() {
    let error = Error::from_errno(ECONNREFUSED).context("connect to 127.0.0.1:80");
    assert_eq!(error.to_string(), "connect to 127.0.0.1:80 failed: connection refused");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(error.raw_os_error(), Some(ECONNREFUSED));
    assert_eq!(error.source().unwrap().to_string(), "connection refused");
}

#[test]
fn context_twice_keeps_the_kind_the_count_and_the_payload() {
    let error = Error::from(ErrorKind::TimedOut).after_sending(7).with_payload(41_u8);
    let error = error.context("sendall").context("upload");
    assert_eq!(error.to_string(), "upload failed: sendall failed: timed out");
    assert_eq!((error.kind(), error.sent()), (ErrorKind::TimedOut, Some(7)));
    assert_eq!(error.payload::<u8>(), Some(&41));
    let error = error.into_payload::<u16>().unwrap_err();
    assert_eq!(error.into_payload::<u8>().unwrap(), 41);
}

#[test]
fn through_io_error_and_back() {
    let there: io::Error = Error::from_errno(ECONNREFUSED).into();
    assert_eq!(there.raw_os_error(), Some(ECONNREFUSED));
    assert_eq!(Error::from(there).raw_os_error(), Some(ECONNREFUSED));

    let there: io::Error = Error::new(ErrorKind::TooLarge, "head over 64 KiB").into();
    assert_eq!(there.kind(), io::ErrorKind::InvalidData);
    let back = Error::from(there);
    assert_eq!((back.kind(), back.to_string()), (ErrorKind::TooLarge, "head over 64 KiB".to_owned()));
}

#[test]
fn every_bare_kind_survives_the_way_through_io_error() {
    use ErrorKind::*;
    for kind in [
        WouldBlock,
        TimedOut,
        Cancelled,
        ConnectionRefused,
        ConnectionReset,
        BrokenPipe,
        NotConnected,
        Closed,
        Unreachable,
        AddressInUse,
        AddressNotAvailable,
        NotFound,
        UnknownHost,
        PermissionDenied,
        InvalidInput,
        UnexpectedEof,
        Protocol,
        Certificate,
        TooLarge,
        Redirect,
        OutOfResources,
        Unsupported,
        Status,
        Proxy,
        Other,
    ] {
        let there = io::Error::from(Error::from(kind));
        assert_eq!(there.kind(), io_kind(kind));
        assert_eq!(Error::from(there).kind(), kind);
    }
    // What is on hot paths takes no allocation.
    assert!(io::Error::from(Error::from(WouldBlock)).get_ref().is_none());
}

#[test]
fn a_foreign_error_keeps_its_words() {
    let error = Error::from(io::Error::new(io::ErrorKind::NotFound, "no such thing"));
    assert_eq!((error.kind(), error.to_string()), (ErrorKind::NotFound, "no such thing".to_owned()));
}

#[test]
fn descriptors_gone_and_descriptor_closed() {
    assert_eq!(Error::from_errno(24).kind(), ErrorKind::OutOfResources);
    assert_eq!(Error::from_errno(9).kind(), ErrorKind::Closed);
}

#[test]
fn every_errno_of_a_socket_has_a_kind() {
    for (errno, kind) in [
        (c::EINPROGRESS, ErrorKind::WouldBlock),
        (c::EALREADY, ErrorKind::WouldBlock),
        (c::EMSGSIZE, ErrorKind::TooLarge),
        (c::EDESTADDRREQ, ErrorKind::NotConnected),
        (c::ENOTCONN, ErrorKind::NotConnected),
        (c::ENOTSOCK, ErrorKind::InvalidInput),
        (c::EISCONN, ErrorKind::InvalidInput),
        (c::EPROTOTYPE, ErrorKind::InvalidInput),
        (c::EAFNOSUPPORT, ErrorKind::Unsupported),
        (c::EPROTONOSUPPORT, ErrorKind::Unsupported),
        (c::ESOCKTNOSUPPORT, ErrorKind::Unsupported),
        (c::EOPNOTSUPP, ErrorKind::Unsupported),
        (c::ENOPROTOOPT, ErrorKind::Unsupported),
        (c::ENOBUFS, ErrorKind::OutOfResources),
        (c::ENOMEM, ErrorKind::OutOfResources),
        (c::ENETUNREACH, ErrorKind::Unreachable),
        (c::EHOSTUNREACH, ErrorKind::Unreachable),
    ] {
        assert_eq!(Error::from_errno(errno).kind(), kind, "{errno}");
    }
}
