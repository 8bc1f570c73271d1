//! The rows of `IPPROTO_TCP`, `IPPROTO_UDP` and `IPPROTO_UDPLITE`.

use std::time::Duration;

use sockeye::{ErrorKind, socket::*};

use super::{
    LATE, PRIVILEGED, table,
    table::{Table, reached},
};

#[test]
fn of_tcp() {
    let s = table(AF_INET, SOCK_STREAM);
    s.check(IPPROTO_TCP, TCP_NODELAY, true);
    s.check(IPPROTO_TCP, TCP_KEEPIDLE, 30);
    s.check(IPPROTO_TCP, TCP_KEEPINTVL, 5);
    s.check(IPPROTO_TCP, TCP_KEEPCNT, 4);
    s.check(IPPROTO_TCP, TCP_FASTOPEN, 5);
    s.reads(IPPROTO_TCP, TCP_MAXSEG, |bytes| bytes > 0);
    s.python_reads_the_same(5);
}

#[cfg(target_os = "linux")]
#[test]
fn of_tcp_on_linux() {
    let s = table(AF_INET, SOCK_STREAM);
    s.check(IPPROTO_TCP, TCP_CORK, true);
    s.check(IPPROTO_TCP, TCP_USER_TIMEOUT, 1500);
    s.becomes(IPPROTO_TCP, TCP_DEFER_ACCEPT, 3, |seconds| seconds >= 3);
    s.check(IPPROTO_TCP, TCP_QUICKACK, true);
    s.check(IPPROTO_TCP, TCP_SYNCNT, 3);
    s.sets(IPPROTO_TCP, TCP_CONGESTION, "reno");
    s.reads(IPPROTO_TCP, TCP_CONGESTION, |name| name == "reno");
    s.reads(IPPROTO_TCP, TCP_CC_INFO, |info| info.is_empty());
    s.check(IPPROTO_TCP, TCP_LINGER2, 7);
    s.becomes(IPPROTO_TCP, TCP_WINDOW_CLAMP, 65536, |bytes| bytes > 0);
    s.check(IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16384);
    s.check(IPPROTO_TCP, TCP_INQ, true);
    s.check(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, true);
    s.check(IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, true);
    s.sets(IPPROTO_TCP, TCP_FASTOPEN_KEY, &[7; 16]);
    s.reads(IPPROTO_TCP, TCP_FASTOPEN_KEY, |key| key == [7; 16]);
    s.check(IPPROTO_TCP, TCP_SAVE_SYN, 1);
    s.check(IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, true);
    s.sets(IPPROTO_TCP, TCP_THIN_DUPACK, true);
    // Only for who takes a connection over.
    s.refuses((IPPROTO_TCP, TCP_TIMESTAMP), 5, PRIVILEGED);
    s.may((IPPROTO_TCP, TCP_TX_DELAY), 10, LATE);
    s.reads(IPPROTO_TCP, TCP_ULP, |name| name.is_empty());
    // No such thing, or a socket that isn't connected.
    assert!(s.socket.setsockopt(IPPROTO_TCP, TCP_ULP, "no such thing").is_err());
    for option in [TCP_MD5SIG, TCP_MD5SIG_EXT] {
        // Too short; or the kernel is built without it.
        assert!(s.socket.setsockopt(IPPROTO_TCP, option, &[0; 4]).is_err());
    }
    s.python_reads_the_same(7);
}

#[cfg(target_os = "linux")]
#[test]
fn taking_a_connection_over() {
    let s = table(AF_INET, SOCK_STREAM);
    if reached(s.socket.setsockopt(IPPROTO_TCP, TCP_REPAIR, 1), PRIVILEGED).is_none() {
        return;
    }
    s.reads(IPPROTO_TCP, TCP_REPAIR, |on| on == 1);
    s.check(IPPROTO_TCP, TCP_REPAIR_QUEUE, 2);
    s.check(IPPROTO_TCP, TCP_QUEUE_SEQ, 12345);
    s.becomes(IPPROTO_TCP, TCP_TIMESTAMP, 5, |clock| clock >= 5);
    s.reads(IPPROTO_TCP, TCP_REPAIR_WINDOW, |windows| windows == [0; 20]);
    // struct tcp_repair_opt: TCPOPT_MSS (2) and its value; only once it is connected.
    let segment = [2_u32.to_ne_bytes(), 1000_u32.to_ne_bytes()].concat();
    assert!(s.socket.setsockopt(IPPROTO_TCP, TCP_REPAIR_OPTIONS, &segment).is_err());
    s.socket.connect("127.0.0.1:9").unwrap(); // sends nothing
    s.sets(IPPROTO_TCP, TCP_REPAIR_OPTIONS, &segment);
    s.sets(IPPROTO_TCP, TCP_REPAIR, -1);
}

#[cfg(target_os = "linux")]
#[test]
fn what_the_kernel_knows_of_a_connection() {
    let server = create_server("127.0.0.1:0").unwrap();
    server.setsockopt(IPPROTO_TCP, TCP_SAVE_SYN, 1).unwrap();
    let listening = server.getsockopt(IPPROTO_TCP, TCP_INFO).unwrap();
    assert_eq!(listening.state_name(), "LISTEN");
    let client = create_connection(server.getsockname().unwrap(), None).unwrap();
    let (conn, _) = server.accept().unwrap();
    client.sendall(&[7; 1000]).unwrap();
    assert_eq!(conn.recv(&mut [0; 2000]).unwrap(), 1000);

    let s = Table::new(conn);
    s.reads(IPPROTO_TCP, TCP_INFO, |info| {
        assert_eq!(info.bytes_received, 1000);
        assert!(info.rcv_mss > 0 && info.pmtu > 0 && info.snd_cwnd > 0 && info.raw.len() > 160, "{info:?}");
        assert!(info.rtt > Duration::ZERO && info.rtt < Duration::from_secs(60) && info.min_rtt <= info.rtt);
        (info.state_name(), info.lost, info.retransmits) == ("ESTABLISHED", 0, 0)
    });
    // IPv4's head, version 4, and TCP's with SYN alone.
    s.reads(IPPROTO_TCP, TCP_SAVED_SYN, |syn| syn.len() >= 40 && syn[0] == 0x45 && syn[33] & 0x3f == 2);
    s.reads(IPPROTO_TCP, TCP_SAVED_SYN, |syn| syn.is_empty());
    drop(client);
    s.socket.recv(&mut [0; 8]).unwrap();
    s.reads(IPPROTO_TCP, TCP_INFO, |info| info.state_name() == "CLOSE-WAIT");
}

#[cfg(target_os = "linux")]
#[test]
fn of_udp() {
    let s = table(AF_INET6, SOCK_DGRAM);
    s.check(IPPROTO_UDP, UDP_CORK, true);
    s.check(IPPROTO_UDP, UDP_CORK, false);
    s.check(IPPROTO_UDP, UDP_NO_CHECK6_TX, true);
    s.check(IPPROTO_UDP, UDP_NO_CHECK6_RX, true);
    s.check(IPPROTO_UDP, UDP_SEGMENT, 1200);
    s.check(IPPROTO_UDP, UDP_GRO, true);
    // Where the kernel is built with IPsec.
    s.may((IPPROTO_UDP, UDP_ENCAP), 2, LATE);
    s.refuses((IPPROTO_UDP, UDP_SEGMENT), 1 << 20, ErrorKind::InvalidInput);

    let Ok(lite) = Socket::new(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE) else {
        eprintln!("skipped: this kernel has no UDP-Lite");
        return;
    };
    let s = Table::new(lite);
    s.check(IPPROTO_UDPLITE, UDPLITE_SEND_CSCOV, 20);
    s.check(IPPROTO_UDPLITE, UDPLITE_RECV_CSCOV, 20);
    s.python_reads_the_same(2);
}
