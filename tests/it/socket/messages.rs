//! `sendmsg`, `recvmsg` and each kind of ancillary data, over real sockets.

use std::{
    io::{IoSlice, IoSliceMut},
    net::IpAddr,
    os::fd::{AsFd, AsRawFd},
    time::{Duration, Instant, SystemTime},
};

use sockeye::{
    ErrorKind,
    socket::{
        AF_INET6, AF_UNIX, Ancillary, CMSG_LEN, Credentials, ErrorOrigin, IP_PKTINFO, IP_RECVTOS, IP_RECVTTL,
        IPPROTO_IP, IPPROTO_IPV6, IPV6_RECVERR, IPV6_RECVHOPLIMIT, IPV6_RECVPKTINFO, IPV6_RECVTCLASS, Kind,
        MSG_CTRUNC, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_PEEK, MSG_TRUNC, MsgFlags, OutgoingAncillary, PacketInfo,
        Protocol, ReceivedMessage, SO_PASSCRED, SO_PASSPIDFD, SO_RCVBUF, SO_RXQ_OVFL, SO_TIMESTAMP,
        SO_TIMESTAMPING, SO_TIMESTAMPNS, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM,
        SOF_TIMESTAMPING_RX_SOFTWARE, SOF_TIMESTAMPING_SOFTWARE, SOL_SOCKET, Settable, SockOpt, Socket,
        level, socketpair,
    },
};

use super::{LONG, check, udp};

fn unix(kind: Kind) -> (Socket, Socket) {
    socketpair(AF_UNIX, kind, Protocol::default()).unwrap()
}

fn udp6() -> Option<Socket> {
    let socket = Socket::new(AF_INET6, SOCK_DGRAM, Default::default()).ok()?;
    socket.bind("[::1]:0").ok()?;
    Some(socket)
}

fn receive(socket: &Socket, flags: MsgFlags) -> ReceivedMessage {
    socket.recvmsg_with_flags(&mut [IoSliceMut::new(&mut [0; 64])], 512, flags).unwrap()
}

/// Sends itself a datagram with that beside it; what arrives beside it.
fn to_itself(socket: &Socket, ancillary: &[OutgoingAncillary<'_>]) -> Vec<Ancillary> {
    let own = socket.getsockname().unwrap();
    socket.sendmsg_to(&[IoSlice::new(b"x")], ancillary, MsgFlags::default(), &own).unwrap();
    let message = receive(socket, MsgFlags::default());
    assert_eq!((message.len, message.from), (1, Some(own)));
    message.ancillary
}

#[test]
fn buffers_are_gathered_and_scattered() {
    for kind in [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET] {
        let (ours, theirs) = unix(kind);
        let parts = [IoSlice::new(b"one"), IoSlice::new(b""), IoSlice::new(b"two"), IoSlice::new(b"three")];
        assert_eq!(ours.sendmsg(&parts, &[]).unwrap(), 11);
        let (mut a, mut b) = ([0; 5], [0; 20]);
        let message = theirs.recvmsg(&mut [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)], 0).unwrap();
        assert_eq!((message.len, message.full_len, &a, &b[..6]), (11, 11, b"onetw", &b"othree"[..]));
        assert!(message.ancillary.is_empty() && message.from.is_none());
    }
}

#[test]
fn the_flags_tell_what_was_cut_and_what_ends() {
    let socket = udp();
    let own = socket.getsockname().unwrap();
    for (flags, full) in [(MsgFlags::default(), 2), (MSG_TRUNC, 100), (MSG_TRUNC | MSG_PEEK, 100)] {
        socket.sendto(&[7; 100], &own).unwrap();
        let (mut a, mut b) = ([0; 1], [0; 1]);
        let buffers = &mut [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
        let message = socket.recvmsg_with_flags(buffers, 0, flags).unwrap();
        assert_eq!((message.len, message.full_len, message.flags), (2, full, MSG_TRUNC), "{flags:?}");
    }
    // How large a buffer the next one needs.
    assert_eq!(socket.recvmsg_with_flags(&mut [], 0, MSG_TRUNC | MSG_PEEK).unwrap().full_len, 100);

    // Room for a head alone, then for a part of the data.
    socket.setsockopt(IPPROTO_IP, IP_PKTINFO, true).unwrap();
    for room in [CMSG_LEN(0) - 1, CMSG_LEN(0), CMSG_LEN(3)] {
        socket.sendto(b"x", &own).unwrap();
        let message = socket.recvmsg(&mut [], room).unwrap();
        // 100 bytes wait from above.
        assert!(message.flags.contains(MSG_CTRUNC), "{room}: {message:?}");
        assert!(
            message.ancillary.iter().all(|piece| matches!(piece, Ancillary::Other { .. })),
            "{message:?}"
        );
    }
}

#[test]
fn modes_and_flags_hold_for_messages_too() {
    let (ours, theirs) = unix(SOCK_STREAM);
    check(theirs.recvmsg_with_flags(&mut [], 0, MSG_DONTWAIT), ErrorKind::WouldBlock);
    theirs.settimeout(Duration::from_millis(1)).unwrap();
    let error = check(theirs.recvmsg(&mut [IoSliceMut::new(&mut [0])], 0), ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "recvmsg failed: timed out");
    let big = vec![0; 1 << 24];
    let some = ours.sendmsg_with_flags(&[IoSlice::new(&big)], &[], MSG_DONTWAIT).unwrap();
    assert!((1..1 << 24).contains(&some));
    check(ours.sendmsg_with_flags(&[IoSlice::new(&big)], &[], MSG_DONTWAIT), ErrorKind::WouldBlock);
    theirs.settimeout(LONG).unwrap();
    assert_eq!(receive(&theirs, MsgFlags::default()).len, 64);
    drop(theirs);
    // Waits for the end, which data that nobody read may make an error; `support::until` says why.
    let _ = ours.recv(&mut [0; 8]);
    check(ours.sendmsg(&[IoSlice::new(b"x")], &[]), ErrorKind::BrokenPipe);
}

#[test]
fn more_buffers_than_the_system_takes_are_an_error() {
    let (ours, _theirs) = unix(SOCK_STREAM);
    assert!(ours.sendmsg(&vec![IoSlice::new(b"x"); 5000], &[]).is_err());
    // Lost without a word, if the system were asked.
    let stdin = std::io::stdin();
    let rights = [OutgoingAncillary::Rights(&[stdin.as_fd()])];
    for buffers in [&[][..], &[IoSlice::new(b"")]] {
        let error = check(ours.sendmsg(buffers, &rights), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("at least one byte"), "{error}");
    }
}

#[test]
fn credentials() {
    let (ours, theirs) = unix(SOCK_DGRAM);
    theirs.setsockopt(SOL_SOCKET, SO_PASSCRED, true).unwrap();
    let own = Credentials::current();
    // The system adds them by itself, or checks those that are sent.
    for ancillary in [&[][..], &[OutgoingAncillary::Credentials(own)]] {
        ours.sendmsg(&[IoSlice::new(b"x")], ancillary).unwrap();
        let message = receive(&theirs, MsgFlags::default());
        assert!(matches!(message.ancillary[..], [Ancillary::Credentials(who)] if who == own), "{message:?}");
    }
}

#[test]
fn where_a_datagram_arrived_and_from_where_it_goes() {
    let socket = udp();
    socket.setsockopt(IPPROTO_IP, IP_PKTINFO, true).unwrap();
    let local = IpAddr::from([127, 0, 0, 1]);
    let from_here = PacketInfo { interface: 1, local, destination: local };
    for ancillary in [&[][..], &[OutgoingAncillary::PacketInfo(from_here)]] {
        let found = to_itself(&socket, ancillary);
        assert!(matches!(found[..], [Ancillary::PacketInfo(info)] if info == from_here), "{found:?}");
    }
    let not_mine = PacketInfo { local: [192, 0, 2, 1].into(), ..from_here };
    let wrong = [OutgoingAncillary::PacketInfo(not_mine)];
    let own = socket.getsockname().unwrap();
    let error = socket.sendmsg_to(&[IoSlice::new(b"x")], &wrong, MsgFlags::default(), &own).unwrap_err();
    assert!(error.to_string().starts_with(&format!("sendmsg to {own} failed: ")), "{error}");

    let Some(socket) = udp6() else { return };
    socket.setsockopt(IPPROTO_IPV6, IPV6_RECVPKTINFO, true).unwrap();
    let local = IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]);
    let from_here = PacketInfo { interface: 1, local, destination: local };
    let found = to_itself(&socket, &[OutgoingAncillary::PacketInfo(from_here)]);
    assert!(matches!(found[..], [Ancillary::PacketInfo(info)] if info == from_here), "{found:?}");
}

/// Whoever receives a descriptor owns it: it must not be sent by its number.
#[test]
fn descriptors_do_not_travel_as_bare_numbers() {
    let (ours, _theirs) = socketpair(AF_UNIX, SOCK_DGRAM, Default::default()).unwrap();
    let (scm_rights, data) = (1, ours.fileno().to_ne_bytes());
    let rights = OutgoingAncillary::Other { level: SOL_SOCKET.number(), kind: scm_rights, data: &data };
    let error = ours.sendmsg(&[IoSlice::new(b"x")], &[rights]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
}

/// Nobody has to know of them for them to be closed.
#[test]
fn descriptors_of_processes_have_an_owner() {
    let (ours, theirs) = unix(SOCK_DGRAM);
    if theirs.setsockopt(SOL_SOCKET, SO_PASSPIDFD, true).is_err() {
        eprintln!("skipped: no SO_PASSPIDFD here");
        return;
    }
    ours.send(b"x").unwrap();
    let message = receive(&theirs, MsgFlags::default());
    let [Ancillary::Process(process)] = &message.ancillary[..] else { panic!("{message:?}") };
    let link = std::fs::read_link(format!("/proc/self/fd/{}", process.as_raw_fd())).unwrap();
    assert!(link.to_string_lossy().contains("pidfd"), "{link:?}");
    let number = process.as_raw_fd();
    drop(message);
    // The next one gets the lowest number that is free, which is this one unless another test is faster.
    for _ in 0..100 {
        ours.send(b"x").unwrap();
        let (.., fds, _) = theirs.recv_fds(&mut [0; 8], 4).unwrap();
        assert!(fds.is_empty());
    }
    ours.send(b"x").unwrap();
    let message = receive(&theirs, MsgFlags::default());
    let [Ancillary::Process(process)] = &message.ancillary[..] else { panic!("{message:?}") };
    assert!(process.as_raw_fd() < number + 100, "descriptors are left open");
}

#[test]
fn hops_and_classes() {
    let socket = udp();
    socket.setsockopt(IPPROTO_IP, IP_RECVTTL, true).unwrap();
    socket.setsockopt(IPPROTO_IP, IP_RECVTOS, true).unwrap();
    let found = to_itself(&socket, &[OutgoingAncillary::Ttl(9), OutgoingAncillary::Tos(0x10)]);
    assert!(matches!(found[..], [Ancillary::Ttl(9), Ancillary::Tos(0x10)]), "{found:?}");

    let Some(socket) = udp6() else { return };
    socket.setsockopt(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, true).unwrap();
    socket.setsockopt(IPPROTO_IPV6, IPV6_RECVTCLASS, true).unwrap();
    let wish = [OutgoingAncillary::HopLimit(9), OutgoingAncillary::TrafficClass(0x20)];
    let found = to_itself(&socket, &wish);
    assert!(matches!(found[..], [Ancillary::HopLimit(9), Ancillary::TrafficClass(0x20)]), "{found:?}");
}

#[test]
fn errors_of_ipv6_have_their_offender() {
    let (Some(deaf), Some(socket)) = (udp6(), udp6()) else { return };
    let address = deaf.getsockname().unwrap();
    deaf.connect(&address).unwrap();
    socket.setsockopt(IPPROTO_IPV6, IPV6_RECVERR, true).unwrap();
    socket.sendto(b"anybody?", &address).unwrap();
    let message = receive(&socket, MSG_ERRQUEUE);
    let [Ancillary::ExtendedError(report)] = &message.ancillary[..] else { panic!("{message:?}") };
    assert_eq!((report.origin, report.kind, report.code), (ErrorOrigin::Icmp6, 1, 4));
    assert_eq!(report.offender.as_ref().unwrap().ip(), address.ip());
}

/// Sets one, and says how far the time that comes with a datagram is from now.
fn age<K: Settable<bool>>(option: SockOpt<level::Sol, K>) -> Duration {
    let socket = udp();
    socket.setsockopt(SOL_SOCKET, option, true).unwrap();
    let before = SystemTime::now() - Duration::from_secs(1);
    let found = to_itself(&socket, &[]);
    let [Ancillary::Timestamp(time)] = found[..] else { panic!("{found:?}") };
    time.duration_since(before).unwrap()
}

#[test]
fn times() {
    assert!(age(SO_TIMESTAMP) < LONG && age(SO_TIMESTAMPNS) < LONG);
    let socket = udp();
    // Received, by software.
    socket
        .setsockopt(SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE)
        .unwrap();
    // Switched on for the machine in the background: the first datagrams may have none.
    let begun = Instant::now();
    let times = loop {
        match to_itself(&socket, &[])[..] {
            [Ancillary::Timestamping(times)] if times.software.is_some() => break times,
            _ => assert!(begun.elapsed() < LONG),
        }
    };
    assert!(times.hardware.is_none());
}

#[test]
fn what_a_full_queue_dropped_is_counted() {
    let socket = udp();
    socket.setsockopt(SOL_SOCKET, SO_RXQ_OVFL, true).unwrap();
    socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096).unwrap();
    let own = socket.getsockname().unwrap();
    for _ in 0..100 {
        socket.sendto(&[0; 512], &own).unwrap();
    }
    while socket.recv_with_flags(&mut [0; 8], MSG_DONTWAIT).is_ok() {}
    let found = to_itself(&socket, &[]);
    assert!(matches!(found[..], [Ancillary::Dropped(1..100)]), "{found:?}");
}
