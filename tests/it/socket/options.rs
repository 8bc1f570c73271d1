//! Every option: a row each, what is set and what is read back; Python reads it too.
//!
//! `may` names why a row can fail on some machines: `PermissionDenied` for plain users, `Unsupported` for kernels
//! that are older or built without it.

mod ip;
mod table;
mod tcp;

use std::{os::fd::AsFd, process, time::Duration};

use sockeye::{
    ErrorKind,
    socket::{self, *},
};

use table::{Table, reached};

const LATE: ErrorKind = ErrorKind::Unsupported;
const PRIVILEGED: ErrorKind = ErrorKind::PermissionDenied;

fn table(family: Family, kind: Kind) -> Table {
    Table::new(Socket::new(family, kind, Protocol::default()).unwrap())
}

#[test]
fn of_every_socket() {
    let s = table(AF_INET, SOCK_STREAM);
    for value in [false, true] {
        s.check(SOL_SOCKET, SO_REUSEADDR, value);
        s.check(SOL_SOCKET, SO_REUSEPORT, value);
        s.check(SOL_SOCKET, SO_BROADCAST, value);
        s.check(SOL_SOCKET, SO_KEEPALIVE, value);
        s.check(SOL_SOCKET, SO_OOBINLINE, value);
        s.check(SOL_SOCKET, SO_DONTROUTE, value);
        s.check(SOL_SOCKET, SO_TIMESTAMP, value);
        s.may((SOL_SOCKET, SO_DEBUG), value, PRIVILEGED);
    }
    for value in [None, Some(Duration::ZERO), Some(Duration::from_secs(7))] {
        s.check(SOL_SOCKET, SO_LINGER, value);
    }
    for value in [None, Some(Duration::from_secs(7))] {
        s.check(SOL_SOCKET, SO_SNDTIMEO, value);
        s.check(SOL_SOCKET, SO_RCVTIMEO, value);
    }
    s.check(SOL_SOCKET, SO_RCVLOWAT, 2);
    s.becomes(SOL_SOCKET, SO_SNDBUF, 8192, |size| size >= 8192);
    s.becomes(SOL_SOCKET, SO_RCVBUF, 8192, |size| size >= 8192);
    s.reads(SOL_SOCKET, SO_SNDLOWAT, |bytes| bytes > 0);
    s.reads(SOL_SOCKET, SO_ERROR, |errno| errno == 0);
    s.reads(SOL_SOCKET, SO_TYPE, |kind| kind == SOCK_STREAM);
    s.reads(SOL_SOCKET, SO_ACCEPTCONN, |listens| !listens);
    s.python_reads_the_same(13);
}

#[cfg(target_os = "linux")]
#[test]
fn of_linux() {
    let s = table(AF_INET, SOCK_STREAM);
    // Other systems take it; this one has one value for all.
    s.refuses((SOL_SOCKET, SO_SNDLOWAT), 1, LATE);
    s.reads(SOL_SOCKET, SO_DOMAIN, |family| family == AF_INET);
    s.reads(SOL_SOCKET, SO_PROTOCOL, |protocol| protocol == IPPROTO_TCP);
    s.check(SOL_SOCKET, SO_PRIORITY, 3);
    s.may((SOL_SOCKET, SO_MARK), 7, PRIVILEGED);
    s.reads(SOL_SOCKET, SO_BINDTODEVICE, |name| name.is_empty());
    if reached(s.socket.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, "lo"), PRIVILEGED).is_some() {
        s.reads(SOL_SOCKET, SO_BINDTODEVICE, |name| name == "lo");
        s.reads(SOL_SOCKET, SO_BINDTOIFINDEX, |number| number == 1);
    }
    s.may((SOL_SOCKET, SO_BINDTOIFINDEX), 0, PRIVILEGED);
    s.check(SOL_SOCKET, SO_RXQ_OVFL, true);
    s.may((SOL_SOCKET, SO_RCVMARK), true, LATE);
    s.may((SOL_SOCKET, SO_RCVPRIORITY), true, LATE);
    s.check(SOL_SOCKET, SO_WIFI_STATUS, true);
    s.check(SOL_SOCKET, SO_NOFCS, true);
    s.check(SOL_SOCKET, SO_SELECT_ERR_QUEUE, true);
    s.check(SOL_SOCKET, SO_TIMESTAMPNS, true);
    s.check(SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
    s.check(SOL_SOCKET, SO_MAX_PACING_RATE, 1_000_000);
    s.check(SOL_SOCKET, SO_INCOMING_CPU, 0);
    s.reads(SOL_SOCKET, SO_COOKIE, |number| number > 0);
    s.may((SOL_SOCKET, SO_BUF_LOCK), 3, LATE);
    s.may((SOL_SOCKET, SO_TXREHASH), 1, LATE);
    s.reads(SOL_SOCKET, SO_BPF_EXTENSIONS, |words| words > 0);
    s.reads(SOL_SOCKET, SO_MEMINFO, |numbers| numbers.len() >= 9);
    s.check(SOL_SOCKET, SO_ZEROCOPY, true);
    s.sets(SOL_SOCKET, SO_CNX_ADVICE, 1);
    s.may((SOL_SOCKET, SO_RESERVE_MEM), 0, LATE);
    for option in [SO_SNDBUFFORCE, SO_RCVBUFFORCE] {
        reached(s.socket.setsockopt(SOL_SOCKET, option, 16384), PRIVILEGED);
    }
    s.reads(SOL_SOCKET, SO_NETNS_COOKIE, |number| number > 0);
    s.python_reads_the_same(5);

    let s = table(AF_INET, SOCK_DGRAM);
    s.check(SOL_SOCKET, SO_NO_CHECK, true);
    s.may((SOL_SOCKET, SO_PEEK_OFF), 0, LATE);
    s.check(SOL_SOCKET, SO_TXTIME, (1, 0)); // CLOCK_MONOTONIC
    busy_polling(&s);
}

/// Where the kernel is built with it.
fn busy_polling(s: &Table) {
    if s.socket.getsockopt(SOL_SOCKET, SO_BUSY_POLL).is_err_and(|error| error.kind() == LATE) {
        eprintln!("skipped: this kernel doesn't poll devices");
        return;
    }
    s.may((SOL_SOCKET, SO_BUSY_POLL), 50, PRIVILEGED);
    s.may((SOL_SOCKET, SO_PREFER_BUSY_POLL), true, PRIVILEGED);
    reached(s.socket.setsockopt(SOL_SOCKET, SO_BUSY_POLL_BUDGET, 8), PRIVILEGED);
    s.reads(SOL_SOCKET, SO_INCOMING_NAPI_ID, |number| number == 0);
}

#[cfg(target_os = "linux")]
#[test]
fn of_unix_sockets() {
    let (one, _other) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
    let s = Table::new(one);
    s.check(SOL_SOCKET, SO_PASSCRED, true);
    s.may((SOL_SOCKET, SO_PASSSEC), true, LATE);
    s.may((SOL_SOCKET, SO_PASSPIDFD), true, LATE);
    s.may((SOL_SOCKET, SO_PASSRIGHTS), false, LATE);
    s.check(SOL_SOCKET, SO_PEEK_OFF, 3);
    s.reads(SOL_SOCKET, SO_PEERCRED, |peer| peer.pid == process::id() as i32);
    s.reads(SOL_SOCKET, SO_PEERGROUPS, |groups| groups.len() < 1 << 16);
    // Only where a security module labels sockets.
    reached(s.socket.getsockopt(SOL_SOCKET, SO_PEERSEC), LATE);
    s.python_reads_the_same(1);
}

#[cfg(target_os = "linux")]
#[test]
fn filters() {
    let s = table(AF_INET, SOCK_DGRAM);
    s.socket.bind("127.0.0.1:0").unwrap();
    let own = s.socket.getsockname().unwrap();
    // Load the length of the whole, let 12 bytes (8 of them UDP's head) pass: BPF_LD|BPF_LEN, JEQ, RET.
    let program = [
        Filter::instruction(0x80, 0, 0, 0),
        Filter::instruction(0x15, 0, 1, 12),
        Filter::instruction(0x06, 0, 0, 0xffff),
        Filter::instruction(0x06, 0, 0, 0),
    ];
    s.sets(SOL_SOCKET, SO_ATTACH_FILTER, program.as_flattened());
    s.socket.sendto(b"dropped", &own).unwrap();
    s.socket.sendto(b"four", &own).unwrap();
    assert_eq!(s.socket.recv(&mut [0; 16]).unwrap(), 4);
    s.sets(SOL_SOCKET, SO_DETACH_FILTER, ());
    s.socket.sendto(b"passes", &own).unwrap();
    assert_eq!(s.socket.recv(&mut [0; 16]).unwrap(), 6);
    s.check(SOL_SOCKET, SO_LOCK_FILTER, true);
    s.refuses((SOL_SOCKET, SO_ATTACH_FILTER), program.as_flattened(), PRIVILEGED);
    // No instruction, and one that is cut off.
    let s = table(AF_INET, SOCK_DGRAM);
    for wrong in [&[][..], &[0; 7]] {
        s.refuses((SOL_SOCKET, SO_ATTACH_FILTER), wrong, ErrorKind::InvalidInput);
    }
    // The descriptor of a socket is no program.
    s.refuses((SOL_SOCKET, SO_ATTACH_BPF), s.socket.as_fd(), ErrorKind::InvalidInput);

    s.check(SOL_SOCKET, SO_REUSEPORT, true);
    s.socket.bind("127.0.0.1:0").unwrap();
    s.sets(SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &Filter::instruction(0x06, 0, 0, 0));
    s.sets(SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, ());
    s.refuses((SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF), s.socket.as_fd(), ErrorKind::InvalidInput);
}

/// A new line among the options wants a row here.
#[test]
fn every_option_has_a_row() {
    let lines = [
        include_str!("../../../src/socket/options.rs"),
        include_str!("../../../src/socket/options_ip.rs"),
        include_str!("../../../src/socket/options_tcp.rs"),
    ];
    let table = [include_str!("options.rs"), include_str!("options/ip.rs"), include_str!("options/tcp.rs")];
    let lines = lines.into_iter().flat_map(str::lines).map(str::trim);
    let mut count = 0;
    for line in lines.filter(|line| line.ends_with(',') && line.contains(": ")) {
        let Some((name, _)) = line.split_once(": ") else { continue };
        if name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_') {
            let has_row = |table: &&str| {
                table.match_indices(name).any(|(at, _)| {
                    let ends = table[at + name.len()..].starts_with([',', ')', ']']);
                    ends && table[..at].ends_with([' ', '['])
                })
            };
            assert!(table.iter().any(has_row), "{name} has no row");
            count += 1;
        }
    }
    assert!(count > 180, "only {count} options were found");
}

#[test]
fn an_option_that_is_not_there_is_unsupported() {
    let s = &Socket::new(AF_INET, SOCK_DGRAM, Default::default()).unwrap();
    let error = s.setsockopt(IPPROTO_IP, SockOpt::<_, i32>::raw(9999), 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().starts_with("setsockopt IPPROTO_IP SockOpt(9999) failed: "), "{error}");
    assert!(error.raw_os_error().is_some(), "{error}");
    let unnamed =
        s.getsockopt(Level::raw(SOL_SOCKET.number()), SockOpt::<_, i32>::raw(socket::SO_TYPE.number()));
    assert_eq!(unnamed.unwrap(), SOCK_DGRAM.number());
}

/// Safe code must not have the kernel write to an address of its choice, nor load half an instruction.
#[test]
fn values_that_hold_addresses_are_refused_or_whole() {
    let s = &Socket::new(AF_INET, SOCK_DGRAM, Default::default()).unwrap();
    for table in [64, 96, 128] {
        let error = s.setsockopt(IPPROTO_IP, SockOpt::<_, Bytes>::raw(table), &[0; 96]).unwrap_err();
        let refused = error.kind() == ErrorKind::InvalidInput && error.raw_os_error().is_none();
        assert!(refused || cfg!(not(target_os = "linux")), "{error}");
    }
    // The length of this one isn't in bytes: it would be written past the buffer's end.
    let get_filter = SockOpt::<_, Bytes>::raw(26);
    let long = Filter::instruction(0x06, 0, 0, u32::MAX).repeat(100);
    s.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, &long).unwrap();
    let read = s.getsockopt(SOL_SOCKET, get_filter).map(drop).unwrap_err();
    assert!(read.kind() == ErrorKind::InvalidInput || cfg!(not(target_os = "linux")), "{read}");
    let accept_all = Filter::instruction(0x06, 0, 0, u32::MAX);
    s.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, &accept_all).unwrap();
    let cut = [&accept_all[..], &[0; 3]].concat();
    assert_eq!(s.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, &cut).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn raw_numbers_and_raw_bytes() {
    let s = &Socket::new(AF_INET, SOCK_STREAM, Default::default()).unwrap();
    let number = SockOpt::<_, i32>::raw(SO_KEEPALIVE.number());
    let bytes = SockOpt::<_, Bytes>::raw(SO_KEEPALIVE.number());
    s.setsockopt(SOL_SOCKET, number, 1).unwrap();
    assert!(s.getsockopt(SOL_SOCKET, SO_KEEPALIVE).unwrap());
    s.setsockopt(SOL_SOCKET, bytes, &0_i32.to_ne_bytes()).unwrap();
    assert_eq!(s.getsockopt(SOL_SOCKET, number).unwrap(), 0);
    assert_eq!(s.getsockopt(SOL_SOCKET, bytes).unwrap(), [0; 4]);
}
