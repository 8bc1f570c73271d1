//! What is encoded is decoded; no bytes make a decoder panic.

use std::os::fd::AsFd;

use super::*;

/// What the pieces are after a way through the system: on loopback it hands most of them on as they are.
fn decoded(pieces: &[OutgoingAncillary<'_>]) -> Vec<Ancillary> {
    let mut control = ControlOut::default();
    for piece in pieces {
        piece.encode(&mut control);
    }
    let data = |(level, kind, data)| Ancillary::decode(ControlMessage::Data { level, kind, data });
    sys::control_messages(control.bytes()).map(data).collect()
}

#[test]
fn what_goes_out_comes_in() {
    let who = Credentials { pid: 1, uid: 2, gid: 3 };
    let v6 = IpAddr::from([1, 2, 3, 4, 5, 6, 7, 8]);
    let v4 = IpAddr::from([1, 2, 3, 4]);
    let pieces = decoded(&[
        OutgoingAncillary::Credentials(who),
        OutgoingAncillary::PacketInfo(PacketInfo { interface: 5, local: v4, destination: v6 }),
        OutgoingAncillary::PacketInfo(PacketInfo { interface: 6, local: v6, destination: v6 }),
        OutgoingAncillary::Ttl(7),
        OutgoingAncillary::HopLimit(255),
        OutgoingAncillary::Tos(0x10),
        OutgoingAncillary::TrafficClass(0x20),
        OutgoingAncillary::Other { level: 77, kind: 88, data: b"99" },
        OutgoingAncillary::Other { level: 77, kind: 89, data: b"" },
    ]);
    let expected = "[\
        Credentials(Credentials { pid: 1, uid: 2, gid: 3 }), \
        PacketInfo(PacketInfo { interface: 5, local: 1.2.3.4, destination: 0.0.0.0 }), \
        PacketInfo(PacketInfo { interface: 6, local: 1:2:3:4:5:6:7:8, destination: 1:2:3:4:5:6:7:8 }), \
        Ttl(7), HopLimit(255), Tos(16), TrafficClass(32), \
        Other { level: 77, kind: 88, data: [57, 57] }, Other { level: 77, kind: 89, data: [] }]";
    assert_eq!(format!("{pieces:?}"), expected);
}

#[test]
fn descriptors_are_written_one_after_the_other() {
    let (one, other) = (std::io::stdin(), std::io::stdout());
    let mut control = ControlOut::default();
    OutgoingAncillary::Rights(&[one.as_fd(), other.as_fd()]).encode(&mut control);
    let seen: Vec<_> = sys::control_messages(control.bytes()).collect();
    let numbers = [one.as_raw_fd().to_ne_bytes(), other.as_raw_fd().to_ne_bytes()].concat();
    assert_eq!(seen, [(c::SOL_SOCKET, c::SCM_RIGHTS, &numbers[..])]);
}

/// Each kind with data of every length up to more than it has, of three patterns: a value, or the bytes as they are.
#[test]
fn no_bytes_make_a_decoder_panic() {
    for &(level, kind, _) in KINDS {
        for length in 0..100 {
            for byte in [0, 0x7f, 0xff] {
                let data = vec![byte; length];
                match Ancillary::decode(ControlMessage::Data { level, kind, data: &data }) {
                    Ancillary::Other { level: l, kind: k, data: d } => {
                        assert_eq!((l, k, d), (level, kind, data))
                    }
                    known => assert!(length > 0, "{known:?}"),
                }
            }
        }
    }
}

fn check(level: i32, kind: i32, data: &[u8], expected: &str) {
    let found = Ancillary::decode(ControlMessage::Data { level, kind, data });
    assert_eq!(format!("{found:?}"), expected);
}

#[test]
fn what_only_comes_in() {
    check(c::SOL_SOCKET, c::SO_RXQ_OVFL, &5_u32.to_ne_bytes(), "Dropped(5)");
    check(c::IPPROTO_UDP, c::UDP_GRO, &1200_i32.to_ne_bytes(), "SegmentSize(1200)");
    let too_large =
        format!("Other {{ level: {}, kind: {}, data: {:?} }}", c::IPPROTO_UDP, c::UDP_GRO, [255; 4]);
    check(c::IPPROTO_UDP, c::UDP_GRO, &[255; 4], &too_large);

    let time = |seconds: i64, nanos: i64| [seconds.to_ne_bytes(), nanos.to_ne_bytes()].concat();
    let at = |seconds, nanos| SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos);
    if size_of::<std::os::raw::c_long>() == 8 {
        check(c::SOL_SOCKET, c::SCM_TIMESTAMP, &time(5, 6), &format!("Timestamp({:?})", at(5, 6000)));
        check(c::SOL_SOCKET, c::SCM_TIMESTAMPNS, &time(5, 6), &format!("Timestamp({:?})", at(5, 6)));
        let three = [time(5, 6), time(0, 0), time(0, 7)].concat();
        let expected =
            format!("Timestamping(Timestamps {{ software: Some({:?}), hardware: Some(7ns) }})", at(5, 6));
        check(c::SOL_SOCKET, c::SCM_TIMESTAMPING, &three, &expected);
    }
}

#[test]
fn an_extended_error_and_its_offender() {
    let head = |origin| [&111_i32.to_ne_bytes()[..], &[origin, 3, 1, 0], &[0; 8]].concat();
    for (origin, name) in
        [(0, "Other(0)"), (1, "Local"), (2, "Icmp"), (3, "Icmp6"), (4, "Timestamping"), (5, "Zerocopy")]
    {
        let report = ExtendedError::decode(&head(origin)).unwrap();
        assert_eq!((report.errno, report.kind, report.code, report.offender), (111, 3, 1, None));
        assert_eq!(format!("{:?}", report.origin), name);
    }
    let family = u16::try_from(c::AF_INET).unwrap().to_ne_bytes();
    let offender = [&family[..], &[0, 0, 127, 0, 0, 1], &[0; 8]].concat();
    let report = ExtendedError::decode(&[head(2), offender].concat()).unwrap();
    assert_eq!(report.offender.unwrap().to_string(), "127.0.0.1:0");
}
