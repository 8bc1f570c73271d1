//! Services and protocols by name: `/etc/services` and `/etc/protocols`, read in Rust.
//!
//! Minimal systems have neither file (Debian's slim images lack the package netbase): then, and for names that
//! the files lack, the tables at the end of this page hold what is usual. They are written as the files are,
//! so one parser reads both.

use std::fs;

use super::Protocol;
use crate::error::{Error, ErrorKind, Result};

/// The port of a service: `http` is 80.
///
/// Without a protocol, the first entry of that name counts. Reads `/etc/services`, then a built-in table, so
/// common names don't depend on the system's files. Case doesn't count, unlike in C.
///
/// Python: `socket.getservbyname`.
///
/// # Errors
///
/// [`NotFound`](ErrorKind::NotFound) for a name that is unknown, or unknown for that protocol.
///
/// # Examples
///
/// ```
/// use sockeye::socket::getservbyname;
/// assert_eq!(getservbyname("http", "tcp")?, 80);
/// assert_eq!(getservbyname("domain", None)?, 53);
/// assert!(getservbyname("smtp", "udp").is_err());
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn getservbyname<'a>(name: &str, protocol: impl Into<Option<&'a str>>) -> Result<u16> {
    let protocol = protocol.into();
    port_in(&read("/etc/services"), name, protocol).ok_or_else(|| unknown("service", name, protocol))
}

/// The name of a port's service: 80 is `http`.
///
/// Python: `socket.getservbyport`.
///
/// # Errors
///
/// [`NotFound`](ErrorKind::NotFound) for a port without a name, or without one for that protocol.
///
/// # Examples
///
/// ```
/// use sockeye::socket::getservbyport;
/// assert_eq!(getservbyport(22, "tcp")?, "ssh");
/// assert!(getservbyport(1, "no such protocol").is_err());
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn getservbyport<'a>(port: u16, protocol: impl Into<Option<&'a str>>) -> Result<String> {
    let protocol = protocol.into();
    let name = name_in(&read("/etc/services"), port, protocol);
    name.ok_or_else(|| unknown("service of port", &port.to_string(), protocol))
}

/// The protocol of that name: `icmp`, `tcp`. For [`Socket::new`](super::Socket::new).
///
/// Reads `/etc/protocols`, then a built-in table. Case doesn't count, unlike in C.
///
/// Python: `socket.getprotobyname`.
///
/// # Errors
///
/// [`NotFound`](ErrorKind::NotFound) for an unknown name.
///
/// # Examples
///
/// ```
/// use sockeye::socket::{IPPROTO_ICMP, IPPROTO_TCP, getprotobyname};
/// assert_eq!(getprotobyname("icmp")?, IPPROTO_ICMP);
/// assert_eq!(getprotobyname("TCP")?, IPPROTO_TCP);
/// assert!(getprotobyname("imcp").is_err());
/// # Ok::<(), sockeye::Error>(())
/// ```
pub fn getprotobyname(name: &str) -> Result<Protocol> {
    let number = protocol_in(&read("/etc/protocols"), name);
    number.map(Protocol::raw).ok_or_else(|| unknown("protocol", name, None))
}

/// One entry of `/etc/services`.
struct Service<'t> {
    name: &'t str,
    port: u16,
    protocol: &'t str,
    aliases: Vec<&'t str>,
}

impl Service<'_> {
    fn is_called(&self, name: &str) -> bool {
        std::iter::once(&self.name).chain(&self.aliases).any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// The entries of a text, `name port/protocol alias…`; a line that isn't one is passed over.
fn services(text: &str) -> impl Iterator<Item = Service<'_>> {
    entries(text).filter_map(|(name, value, aliases)| {
        let (port, protocol) = value.split_once('/')?;
        Some(Service { name, port: port.parse().ok()?, protocol, aliases })
    })
}

/// In the file, else in the built-in table.
fn port_in(file: &str, name: &str, protocol: Option<&str>) -> Option<u16> {
    let mut all = services(file).chain(services(SERVICES));
    all.find(|service| service.is_called(name) && wanted(service.protocol, protocol))
        .map(|service| service.port)
}

fn name_in(file: &str, port: u16, protocol: Option<&str>) -> Option<String> {
    let mut all = services(file).chain(services(SERVICES));
    all.find(|service| service.port == port && wanted(service.protocol, protocol))
        .map(|service| service.name.to_owned())
}

fn protocol_in(file: &str, name: &str) -> Option<i32> {
    entries(file)
        .chain(entries(PROTOCOLS))
        .find(|(own, _, aliases)| own.eq_ignore_ascii_case(name) || aliases.contains(&name))
        .and_then(|(_, number, _)| number.parse::<u8>().ok())
        .map(i32::from)
}

/// `name value alias…`, without comments.
fn entries(text: &str) -> impl Iterator<Item = (&str, &str, Vec<&str>)> {
    text.lines().filter_map(|line| {
        let line = line.split('#').next()?;
        let mut words = line.split_ascii_whitespace();
        Some((words.next()?, words.next()?, words.collect()))
    })
}

fn wanted(own: &str, protocol: Option<&str>) -> bool {
    protocol.is_none_or(|protocol| own.eq_ignore_ascii_case(protocol))
}

/// A file that isn't there is an empty one.
pub(super) fn read(path: &str) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn unknown(what: &str, name: &str, protocol: Option<&str>) -> Error {
    let over = protocol.map(|protocol| format!(" over {protocol}")).unwrap_or_default();
    Error::new(ErrorKind::NotFound, format!("{what} {name}{over} not found"))
}

/// From IANA's list: what people call by name.
const SERVICES: &str = "
echo 7/tcp
echo 7/udp
discard 9/tcp sink null
discard 9/udp sink null
daytime 13/tcp
daytime 13/udp
chargen 19/tcp ttytst source
chargen 19/udp ttytst source
ftp-data 20/tcp
ftp 21/tcp
ssh 22/tcp
telnet 23/tcp
smtp 25/tcp mail
time 37/tcp timserver
time 37/udp timserver
whois 43/tcp nicname
domain 53/tcp
domain 53/udp
bootps 67/udp
bootpc 68/udp
tftp 69/udp
gopher 70/tcp
finger 79/tcp
http 80/tcp www
kerberos 88/tcp kerberos5 krb5 kerberos-sec
kerberos 88/udp kerberos5 krb5 kerberos-sec
pop3 110/tcp pop-3
sunrpc 111/tcp portmapper
sunrpc 111/udp portmapper
auth 113/tcp authentication tap ident
nntp 119/tcp readnews untp
ntp 123/udp
netbios-ns 137/udp
netbios-dgm 138/udp
netbios-ssn 139/tcp
imap2 143/tcp imap
snmp 161/tcp
snmp 161/udp
snmp-trap 162/tcp snmptrap
snmp-trap 162/udp snmptrap
bgp 179/tcp
irc 194/tcp
ldap 389/tcp
ldap 389/udp
https 443/tcp
https 443/udp
microsoft-ds 445/tcp
kpasswd 464/tcp
kpasswd 464/udp
submissions 465/tcp ssmtp smtps urd
isakmp 500/udp
syslog 514/udp
printer 515/tcp spooler
submission 587/tcp
ipp 631/tcp
ldaps 636/tcp
domain-s 853/tcp
rsync 873/tcp
ftps 990/tcp
imaps 993/tcp
pop3s 995/tcp
socks 1080/tcp
openvpn 1194/udp
ms-sql-s 1433/tcp
mqtt 1883/tcp
radius 1812/udp
nfs 2049/tcp
nfs 2049/udp
mysql 3306/tcp
ms-wbt-server 3389/tcp
svn 3690/tcp subversion
sip 5060/tcp
sip 5060/udp
sip-tls 5061/tcp
xmpp-client 5222/tcp jabber-client
xmpp-server 5269/tcp jabber-server
mdns 5353/udp
postgresql 5432/tcp postgres
amqps 5671/tcp
amqp 5672/tcp
x11 6000/tcp x11-0
redis 6379/tcp
ircs-u 6697/tcp
http-alt 8080/tcp webcache
secure-mqtt 8883/tcp
git 9418/tcp
";

/// From IANA's list.
const PROTOCOLS: &str = "
ip 0 IP
hopopt 0 HOPOPT
icmp 1 ICMP
igmp 2 IGMP
ggp 3 GGP
ipencap 4 IP-ENCAP
st 5 ST
tcp 6 TCP
egp 8 EGP
igp 9 IGP
pup 12 PUP
udp 17 UDP
hmp 20 HMP
xns-idp 22 XNS-IDP
rdp 27 RDP
iso-tp4 29 ISO-TP4
dccp 33 DCCP
xtp 36 XTP
ddp 37 DDP
ipv6 41 IPv6
ipv6-route 43 IPv6-Route
ipv6-frag 44 IPv6-Frag
idrp 45 IDRP
rsvp 46 RSVP
gre 47 GRE
esp 50 IPSEC-ESP
ah 51 IPSEC-AH
ipv6-icmp 58 IPv6-ICMP icmpv6
ipv6-nonxt 59 IPv6-NoNxt
ipv6-opts 60 IPv6-Opts
eigrp 88 EIGRP
ospf 89 OSPFIGP
ipip 94 IPIP
etherip 97 ETHERIP
pim 103 PIM
ipcomp 108 IPCOMP
vrrp 112 VRRP
l2tp 115 L2TP
isis 124 ISIS
sctp 132 SCTP
udplite 136 UDPLite
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_services_file() {
        let text = "# comment\nhttp\t8000/tcp  web # World Wide Web\nbad line\nhuge 70000/tcp\nhttp 81/sctp\nx 9/udp";
        let check = |name: &str, protocol: Option<&str>, port: Option<u16>| {
            assert_eq!(port_in(text, name, protocol), port, "{name} {protocol:?}");
        };
        check("http", None, Some(8000));
        check("WEB", Some("TCP"), Some(8000));
        check("http", Some("sctp"), Some(81));
        check("x", None, Some(9));
        // What the file lacks, the built-in table has.
        check("ssh", None, Some(22));
        check("http", Some("udp"), None);
        for name in ["bad", "huge", "World", "#"] {
            check(name, None, None);
        }
        assert_eq!(name_in(text, 9, None).as_deref(), Some("x"));
        assert_eq!(name_in(text, 9, Some("tcp")).as_deref(), Some("discard"));
    }

    /// Images without the package netbase have neither file.
    #[test]
    fn a_protocols_file() {
        let text = "# comment\nxp 200 XP-Alias other # words\nhuge 256 HUGE\nudp 201";
        let check = |name: &str, number: Option<i32>| assert_eq!(protocol_in(text, name), number, "{name}");
        check("xp", Some(200));
        check("XP", Some(200));
        check("XP-Alias", Some(200));
        check("other", Some(200));
        check("udp", Some(201));
        // What the file lacks, the built-in table has, by all its names.
        check("ipv6-icmp", Some(58));
        check("icmpv6", Some(58));
        check("OSPFIGP", Some(89));
        for name in ["xp-alias", "words", "#", "200", "huge", "HUGE", ""] {
            check(name, None);
        }
    }

    #[test]
    fn without_the_files_the_built_in_tables_hold_the_usual() {
        assert_eq!(port_in("", "http", Some("tcp")), Some(80));
        assert_eq!(port_in("", "http", Some("udp")), None);
        assert_eq!(port_in("", "domain", Some("udp")), Some(53));
        assert_eq!(name_in("", 443, Some("tcp")).as_deref(), Some("https"));
        assert_eq!(protocol_in("", "icmp"), Some(1));
        assert_eq!(protocol_in("", "TCP"), Some(6));
        assert_eq!(services(SERVICES).count(), SERVICES.lines().filter(|line| !line.is_empty()).count());
    }

    #[test]
    fn names_that_nobody_has() {
        assert_eq!(getservbyname("", None).unwrap_err().kind(), ErrorKind::NotFound);
        let error = getservbyname("no-such-service", "tcp").unwrap_err();
        assert_eq!(error.to_string(), "service no-such-service over tcp not found");
        assert_eq!(getprotobyname("no such").unwrap_err().kind(), ErrorKind::NotFound);
    }
}
