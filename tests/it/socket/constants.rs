//! Every constant: its number is Python's, and `Debug` prints its name.

use std::{collections::HashMap, net::Ipv4Addr, process::Command};

use sockeye::socket::*;

use crate::support::peer;

/// A constant as the tests see it: its number, and how it prints.
trait Constant {
    fn number(&self) -> i64;
    fn printed(&self) -> String;
}

macro_rules! constant {
    ($($type:ty)*) => {$(
        impl Constant for $type {
            fn number(&self) -> i64 {
                <$type>::number(*self).into()
            }

            fn printed(&self) -> String {
                format!("{self:?}")
            }
        }
    )*};
}

constant! { Family Kind PathMtu MsgFlags AiFlags Timestamping }

impl<L> Constant for Protocol<L> {
    fn number(&self) -> i64 {
        Protocol::number(*self).into()
    }

    fn printed(&self) -> String {
        format!("{self:?}")
    }
}

impl<L> Constant for Level<L> {
    fn number(&self) -> i64 {
        Level::number(*self).into()
    }

    fn printed(&self) -> String {
        format!("{self:?}")
    }
}

macro_rules! table {
    ($($name:ident)*) => { [$((stringify!($name), Constant::number(&$name), Constant::printed(&$name)),)*] };
}

/// What has a name of its own, hence prints it.
fn named() -> Vec<(&'static str, i64, String)> {
    table![
        AF_UNSPEC AF_INET AF_INET6 AF_UNIX AF_PACKET AF_NETLINK AF_VSOCK AF_CAN AF_BLUETOOTH
        SOCK_STREAM SOCK_DGRAM SOCK_RAW SOCK_SEQPACKET SOCK_RDM SOCK_NONBLOCK SOCK_CLOEXEC
        MSG_OOB MSG_PEEK MSG_DONTROUTE MSG_CTRUNC MSG_TRUNC MSG_DONTWAIT MSG_EOR MSG_WAITALL MSG_ERRQUEUE
        MSG_CONFIRM MSG_MORE MSG_NOSIGNAL MSG_FASTOPEN MSG_ZEROCOPY MSG_WAITFORONE MSG_CMSG_CLOEXEC
        IP_PMTUDISC_DONT IP_PMTUDISC_WANT IP_PMTUDISC_DO IP_PMTUDISC_PROBE IP_PMTUDISC_INTERFACE IP_PMTUDISC_OMIT
        AI_PASSIVE AI_CANONNAME AI_NUMERICHOST AI_NUMERICSERV AI_V4MAPPED AI_ALL AI_ADDRCONFIG
        SOF_TIMESTAMPING_TX_HARDWARE SOF_TIMESTAMPING_TX_SOFTWARE SOF_TIMESTAMPING_RX_HARDWARE
        SOF_TIMESTAMPING_RX_SOFTWARE SOF_TIMESTAMPING_SOFTWARE SOF_TIMESTAMPING_RAW_HARDWARE
        SOF_TIMESTAMPING_OPT_ID SOF_TIMESTAMPING_TX_SCHED SOF_TIMESTAMPING_TX_ACK SOF_TIMESTAMPING_OPT_CMSG
        SOF_TIMESTAMPING_OPT_TSONLY
        IPPROTO_IP IPPROTO_ICMP IPPROTO_IGMP IPPROTO_TCP IPPROTO_UDP IPPROTO_IPV6 IPPROTO_ICMPV6 IPPROTO_SCTP
        IPPROTO_RAW IPPROTO_UDPLITE IPPROTO_MPTCP IPPROTO_IPIP IPPROTO_GRE IPPROTO_RSVP IPPROTO_PIM IPPROTO_ESP
        IPPROTO_AH IPPROTO_ROUTING IPPROTO_FRAGMENT IPPROTO_NONE IPPROTO_DSTOPTS IPPROTO_EGP IPPROTO_PUP
        IPPROTO_IDP IPPROTO_TP
        SOL_SOCKET SOL_PACKET SOL_NETLINK SOL_ALG SOL_CAN_BASE SOL_CAN_RAW SOL_RDS SOL_TIPC
    ]
    .into()
}

/// A second name of a number, and the name that is printed; and what std's types stand for.
fn others() -> Vec<(&'static str, i64, String)> {
    let mut others = Vec::from(table![IPPROTO_HOPOPTS SOL_IP SOL_TCP SOL_UDP]);
    let printed: Vec<&str> = others.iter().map(|(_, _, printed)| printed.as_str()).collect();
    assert_eq!(printed, ["IPPROTO_IP", "IPPROTO_IP", "IPPROTO_TCP", "IPPROTO_UDP"]);

    let mut number = |name, number: i64| others.push((name, number, number.to_string()));
    let addresses: [(&'static str, Ipv4Addr); 7] = [
        ("INADDR_ANY", INADDR_ANY),
        ("INADDR_LOOPBACK", INADDR_LOOPBACK),
        ("INADDR_BROADCAST", INADDR_BROADCAST),
        ("INADDR_NONE", INADDR_NONE),
        ("INADDR_UNSPEC_GROUP", INADDR_UNSPEC_GROUP),
        ("INADDR_ALLHOSTS_GROUP", INADDR_ALLHOSTS_GROUP),
        ("INADDR_MAX_LOCAL_GROUP", INADDR_MAX_LOCAL_GROUP),
    ];
    for (name, address) in addresses {
        number(name, u32::from(address).into());
    }
    // std's enum has them in C's order.
    for (name, how) in [("SHUT_RD", SHUT_RD), ("SHUT_WR", SHUT_WR), ("SHUT_RDWR", SHUT_RDWR)] {
        number(name, how as i64);
    }
    number("IPPORT_RESERVED", IPPORT_RESERVED.into());
    number("IPPORT_USERRESERVED", IPPORT_USERRESERVED.into());
    number("SOMAXCONN", SOMAXCONN.into());
    number("IP_DEFAULT_MULTICAST_TTL", IP_DEFAULT_MULTICAST_TTL.into());
    number("IP_DEFAULT_MULTICAST_LOOP", IP_DEFAULT_MULTICAST_LOOP.into());
    number("IP_MAX_MEMBERSHIPS", IP_MAX_MEMBERSHIPS.into());
    others
}

/// What Python's `socket` calls so, for the names that it has.
fn pythons<'a>(names: impl Iterator<Item = &'a str>) -> Option<HashMap<String, i64>> {
    let code = "import socket, sys\n\
                for name in sys.argv[1:]:\n\
                \x20   if hasattr(socket, name): print(name, int(getattr(socket, name)))";
    let output = Command::new(peer("python3")?).args(["-c", code]).args(names).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let pair = |line: &str| line.split_once(' ').map(|(name, number)| (name.into(), number.parse().unwrap()));
    Some(text.lines().map(|line| pair(line).unwrap()).collect())
}

/// Python's numbers are the C headers' ones of this machine.
#[track_caller]
fn check(table: &[(&'static str, i64, String)], at_least: usize) {
    let Some(python) = pythons(table.iter().map(|(name, _, _)| *name)) else { return };
    for (name, number, _) in table {
        if let Some(expected) = python.get(*name) {
            assert_eq!(number, expected, "{name}");
        }
    }
    assert!(python.len() >= at_least, "Python knows only {} of {}", python.len(), table.len());
}

#[test]
fn numbers_are_pythons_and_debug_prints_the_name() {
    let named = named();
    for (name, _, printed) in &named {
        assert_eq!(name, printed);
    }
    check(&named, 60);
    check(&others(), 17);
}

#[test]
fn unknown_numbers_print_themselves() {
    assert_eq!(format!("{:?}", Family::raw(99)), "Family(99)");
    assert_eq!(format!("{:?}", Kind::raw(77)), "Kind(77)");
    assert_eq!(format!("{:?}", Kind::raw(77) | SOCK_NONBLOCK), "Kind(77) | SOCK_NONBLOCK");
    assert_eq!(format!("{:?}", SOCK_DGRAM | SOCK_CLOEXEC), "SOCK_DGRAM | SOCK_CLOEXEC");
    assert_eq!(format!("{:?}", Protocol::raw(200)), "Protocol(200)");
    assert_eq!(format!("{:?}", Level::raw(9999)), "Level(9999)");
    assert_eq!(format!("{:?}", MsgFlags::raw(0)), "MsgFlags(0)");
    assert_eq!(format!("{:?}", MSG_PEEK | MsgFlags::raw(1 << 27)), "MSG_PEEK | MsgFlags(0x8000000)");
}

/// A new constant wants a place in the table above.
#[test]
fn every_constant_is_in_the_table() {
    let sources = [
        include_str!("../../../src/socket/constants.rs"),
        include_str!("../../../src/socket/flags.rs"),
        include_str!("../../../src/socket/protocol.rs"),
    ];
    let table: Vec<&str> = named().into_iter().chain(others()).map(|(name, _, _)| name).collect();
    let mut count = 0;
    for line in sources.into_iter().flat_map(str::lines).map(str::trim) {
        let line = line.strip_prefix("pub const ").unwrap_or(line);
        let end = line.find([',', ':']).unwrap_or(0);
        let name = &line[..end];
        let constant = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if name.contains('_') && name.bytes().all(constant) || name == "SOMAXCONN" {
            assert!(table.contains(&name), "{name} is in no table");
            count += 1;
        }
    }
    assert_eq!(count, table.len());
}
