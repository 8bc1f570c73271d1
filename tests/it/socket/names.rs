//! Names: each function beside Python's answer for the same input, errors included.

use std::{fmt::Display, io::Write, net::Ipv4Addr, process::Command, time::Duration};

use sockeye::{
    Error, ErrorKind, Result,
    socket::{
        AF_INET, AF_INET6, AI_CANONNAME, AI_NUMERICHOST, AI_NUMERICSERV, AI_PASSIVE, AddrInfo, AiFlags,
        EAI_NONAME, Family, Hints, HostEntry, Kind, NI_DGRAM, NI_NAMEREQD, NI_NOFQDN, NI_NUMERICHOST,
        NI_NUMERICSERV, NiFlags, Protocol, Resolver, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM, getaddrinfo, getfqdn,
        gethostbyaddr, gethostbyname, gethostbyname_ex, gethostname, getnameinfo, getprotobyname,
        getservbyname, getservbyport, htonl, htons, if_indextoname, if_nameindex, if_nametoindex, inet_aton,
        inet_ntoa, inet_ntop, inet_pton, ntohl, ntohs,
    },
};

use super::{
    LONG,
    namespace::{NAME, in_namespace, name_server},
};
use crate::support::peer;

/// Prints one line for each line that it reads: what Python's socket makes of it.
const PYTHON: &str = "
import socket as s, sys
def show(value):
    if isinstance(value, bytes): return value.hex()
    if isinstance(value, (list, tuple)): return '[' + ' '.join(map(show, value)) + ']'
    return str(int(value)) if isinstance(value, int) else str(value)
for line in sys.stdin:
    try: print(show(eval(line)))
    except s.gaierror as error: print('gaierror', error.errno)
    except s.herror: print('unknown host')
    except (OSError, ValueError, OverflowError): print('error')
";

/// Python expressions, each with what sockeye answers.
#[derive(Default)]
struct Table(Vec<(String, String)>);

impl Table {
    fn row(&mut self, python: impl Into<String>, ours: Result<impl Show>) {
        let ours = match ours {
            Ok(value) => value.show(),
            Err(error) => match error.look_up_code() {
                Some(code) => format!("gaierror {}", code.number()),
                None => "error".to_owned(),
            },
        };
        self.0.push((python.into(), ours));
    }

    /// The same, where Python says "unknown host" in words of its own.
    fn host(&mut self, python: String, ours: Result<impl Show>) {
        let unknown = ours.as_ref().is_err_and(|error| error.kind() == ErrorKind::UnknownHost);
        self.row(python, ours);
        if unknown {
            self.0.last_mut().unwrap().1.push_str("|unknown host");
        }
    }

    fn check(self) {
        let Some(python) = peer("python3") else { return };
        let mut script = tempfile::NamedTempFile::new().unwrap();
        script.write_all(PYTHON.as_bytes()).unwrap();
        let mut questions = tempfile::tempfile().unwrap();
        for (question, _) in &self.0 {
            writeln!(questions, "{question}").unwrap();
        }
        std::io::Seek::rewind(&mut questions).unwrap();
        let output = Command::new(python).arg(script.path()).stdin(questions).output().unwrap();
        let answers = String::from_utf8(output.stdout).unwrap();
        assert_eq!(answers.lines().count(), self.0.len(), "{}", String::from_utf8_lossy(&output.stderr));
        let differing: Vec<String> = std::iter::zip(answers.lines(), &self.0)
            .filter(|(python, (_, ours))| !ours.split('|').any(|ours| ours == *python))
            .map(|(python, (question, ours))| format!("{question}\n  Python: {python}\n  sockeye: {ours}"))
            .collect();
        assert!(differing.is_empty(), "\n{}\n", differing.join("\n"));
    }
}

/// How both sides print a value.
trait Show {
    fn show(&self) -> String;
}

impl<T: Display> Show for T {
    fn show(&self) -> String {
        self.to_string()
    }
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(" "))
}

fn entry<A: Display>((name, aliases, addresses): HostEntry<A>) -> String {
    list([name, list(aliases), list(addresses.iter().map(A::to_string))])
}

fn pair((one, other): (String, String)) -> String {
    list([one, other])
}

fn infos(found: Vec<AddrInfo>) -> String {
    list(found.into_iter().map(|info| {
        let address = match info.address.as_socket_addr().unwrap() {
            std::net::SocketAddr::V4(v4) => list([v4.ip().to_string(), v4.port().to_string()]),
            std::net::SocketAddr::V6(v6) => {
                let numbers =
                    [u32::from(v6.port()), v6.flowinfo(), v6.scope_id()].map(|number| number.to_string());
                list([vec![v6.ip().to_string()], numbers.to_vec()].concat())
            }
        };
        let numbers = [info.family.number(), info.kind.number(), info.protocol.number()]
            .map(|number| number.to_string());
        list([numbers.to_vec(), vec![info.canonical_name.unwrap_or_default(), address]].concat())
    }))
}

#[test]
fn getaddrinfo_is_pythons() {
    let mut table = Table::default();
    let mut row = |host: Option<&str>, port: &str, hints: (Family, Kind, Protocol, AiFlags)| {
        let (family, kind, protocol, flags) = hints;
        let quoted = host.map_or("None".to_owned(), |host| format!("{host:?}"));
        let numbers = [family.number(), kind.number(), protocol.number(), flags.number()];
        let question = format!("s.getaddrinfo({quoted}, {port:?}, *{numbers:?})");
        let hints = Hints::new().family(family).kind(kind).protocol(protocol).flags(flags);
        table.row(question, getaddrinfo(host, port, hints).map(infos));
    };
    let any = (Family::default(), Kind::default(), Protocol::default(), AiFlags::default());
    for host in ["127.0.0.1", "localhost", "::1", "127.1", "", "fe80::1%lo", "fe80::1%no", "0"] {
        row(Some(host), "80", any);
        row(Some(host), "80", (AF_INET, SOCK_STREAM, Protocol::default(), AI_CANONNAME));
        row(Some(host), "80", (AF_INET6, SOCK_STREAM, Protocol::default(), AI_NUMERICHOST));
    }
    for port in ["http", "domain", "ssh", "nosuch", "", "0", "65535", "80x"] {
        row(Some("127.0.0.1"), port, any);
        row(Some("127.0.0.1"), port, (AF_INET, SOCK_DGRAM, Protocol::default(), AiFlags::default()));
        row(Some("::1"), port, (AF_INET6, Kind::default(), Protocol::raw(17), AI_NUMERICSERV));
    }
    for port in ["0", "80"] {
        row(None, port, any);
        row(None, port, (AF_INET, SOCK_STREAM, Protocol::default(), AI_PASSIVE));
        row(None, port, (AF_INET6, SOCK_STREAM, Protocol::default(), AI_PASSIVE));
    }
    row(Some("localhost"), "80", (Family::raw(999), any.1, any.2, any.3));
    row(Some("localhost"), "80", (any.0, Kind::raw(999), any.2, any.3));
    row(Some("localhost"), "80", (any.0, any.1, Protocol::raw(999), any.3));
    row(Some("localhost"), "80", (any.0, any.1, any.2, AiFlags::raw(1 << 20)));
    row(Some("::1"), "http", (AF_INET6, SOCK_RAW, any.2, any.3));
    table.check();
}

/// The hosts that both sides are asked for; what they are is the business of the system's files.
fn hosts(names: &[&str]) -> Table {
    let mut table = Table::default();
    for name in names {
        table.host(format!("s.gethostbyname({name:?})"), gethostbyname(name));
        table.host(format!("s.gethostbyname_ex({name:?})"), gethostbyname_ex(name).map(entry));
        if !name.is_empty() {
            table.host(format!("s.gethostbyaddr({name:?})"), gethostbyaddr(name).map(entry));
        }
        table.row(format!("s.getfqdn({name:?})"), getfqdn(name));
    }
    table
}

#[test]
fn hosts_are_pythons() {
    let mut table = hosts(&["localhost", "", "127.0.0.1", "127.1"]);
    // What Python would ask the network for is only in the rows that end before that.
    table.row("s.gethostbyname('<broadcast>')", gethostbyname("<broadcast>"));
    table.row("s.gethostbyname('0.0.0.0')", gethostbyname("0.0.0.0"));
    table.row("s.gethostbyname('::1')", gethostbyname("::1"));
    table.row("s.gethostbyname_ex('::1')", gethostbyname_ex("::1").map(entry));
    table.row("s.gethostname()", gethostname());
    table.check();
    for host in ["", "<broadcast>"] {
        assert_eq!(gethostbyname_ex(host).unwrap_err().look_up_code(), Some(EAI_NONAME), "{host}");
        assert_eq!(gethostbyaddr(host).unwrap_err().look_up_code(), Some(EAI_NONAME), "{host}");
    }
}

#[test]
fn getnameinfo_is_pythons() {
    let mut table = Table::default();
    let mut row = |host: &str, port: u16, flags: NiFlags| {
        let ours = getnameinfo((host, port), flags).map(pair);
        table.row(format!("s.getnameinfo(({host:?}, {port}), {})", flags.number()), ours);
    };
    let all = [NiFlags::default(), NI_NUMERICHOST, NI_NUMERICSERV, NI_DGRAM, NI_NAMEREQD, NI_NOFQDN];
    for flags in all.into_iter().chain([NI_NUMERICHOST | NI_NUMERICSERV, NiFlags::raw(1 << 20)]) {
        for port in [0, 22, 53, 80, 514, 54_321] {
            row("127.0.0.1", port, flags);
        }
        row("::1", 80, flags | NI_NUMERICHOST);
        row("localhost", 80, flags);
        row("192.0.2.1", 80, flags | NI_NUMERICHOST);
    }
    table.check();
    assert_eq!(getnameinfo("/tmp/x", NI_NUMERICHOST).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn services_and_protocols_are_pythons() {
    let mut table = Table::default();
    for name in ["http", "www", "domain", "ssh", "nosuch", "", "https", "syslog", "x y"] {
        table.row(format!("s.getservbyname({name:?})"), getservbyname(name, None));
        for protocol in ["tcp", "udp", "nosuch"] {
            let ours = getservbyname(name, protocol);
            table.row(format!("s.getservbyname({name:?}, {protocol:?})"), ours);
        }
    }
    for port in [0, 22, 53, 80, 443, 514, 65_535] {
        table.row(format!("s.getservbyport({port})"), getservbyport(port, None));
        for protocol in ["tcp", "udp", "nosuch"] {
            table.row(format!("s.getservbyport({port}, {protocol:?})"), getservbyport(port, protocol));
        }
    }
    for name in ["icmp", "tcp", "TCP", "udp", "ipv6-icmp", "nosuch", ""] {
        table.row(format!("s.getprotobyname({name:?})"), getprotobyname(name).map(Protocol::number));
    }
    table.check();
}

#[test]
fn addresses_as_text_are_pythons() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut table = Table::default();
    let loose = "127.1 0x7f.1 0X7f.1 0177.1 1.2.3.4.5 1. .1 256.1 255.16777215 1.16777216 1.2.65535 1.2.65536 1.2.3.256 08
        00 0 0x 0x+1 +1 -1 4294967296 4294967295 1..2 ::1 0xffffffff 1.2.3.4 x 1x 0x7g 037777777777 040000000000";
    for text in loose.split_ascii_whitespace().chain(["", " 1"]) {
        table.row(format!("s.inet_aton({text:?})"), inet_aton(text).map(|ip| hex(&ip.octets())));
    }
    let strict =
        "1.2.3.4 01.2.3.4 1.2.3 1.2.3.4.5 256.1.1.1 :: ::1 1:2:3:4:5:6:7:: 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:8:9
        1::2::3 ::ffff:1.2.3.4 ::1.2.3.4 1:2:3:4:5:6:1.2.3.4 ::12345 ::g ::1%lo [::1] : ::: 2001:DB8::A";
    for text in strict.split_ascii_whitespace().chain([""]) {
        let v4 =
            inet_pton(AF_INET, text).map(|ip| hex(&ip.to_string().parse::<Ipv4Addr>().unwrap().octets()));
        table.row(format!("s.inet_pton(s.AF_INET, {text:?})"), v4);
        let v6 = inet_pton(AF_INET6, text).map(|ip| match ip {
            std::net::IpAddr::V6(ip) => hex(&ip.octets()),
            std::net::IpAddr::V4(_) => unreachable!(),
        });
        table.row(format!("s.inet_pton(s.AF_INET6, {text:?})"), v6);
    }
    for bytes in [
        &[1, 2, 3, 4][..],
        &[0; 4],
        &[255; 16],
        &[0; 16],
        &[1; 15],
        &[],
        &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    ] {
        for (family, name) in [(AF_INET, "AF_INET"), (AF_INET6, "AF_INET6"), (Family::raw(1), "AF_UNIX")] {
            let question = format!("s.inet_ntop(s.{name}, bytes.fromhex('{}'))", hex(bytes));
            table.row(question, inet_ntop(family, bytes));
        }
    }
    table.row("s.inet_ntoa(bytes([127, 0, 0, 1]))", Ok(inet_ntoa([127, 0, 0, 1])));
    for number in [0, 1, 0x1234, 0xffff] {
        table.row(format!("s.htons({number})"), Ok(htons(number)));
        table.row(format!("s.ntohs({number})"), Ok(ntohs(number)));
        table.row(format!("s.htonl({number})"), Ok(htonl(number.into())));
        table.row(format!("s.ntohl({number} << 16)"), Ok(ntohl(u32::from(number) << 16)));
    }
    table.check();
}

#[test]
fn interfaces_are_pythons() {
    let mut table = Table::default();
    let all = if_nameindex()
        .map(|all| list(all.into_iter().map(|(number, name)| pair((number.to_string(), name)))));
    table.row("s.if_nameindex()", all);
    for name in ["lo", "nosuch", "", "a name that is far too long for one"] {
        table.row(format!("s.if_nametoindex({name:?})"), if_nametoindex(name));
    }
    for number in [0, 1, 9_999_999] {
        table.row(format!("s.if_indextoname({number})"), if_indextoname(number));
    }
    table.check();
    assert!(if_nametoindex("a\0b").is_err());
}

#[test]
fn a_port_above_65535_is_refused_everywhere() {
    for port in ["65536", "70000", "99999999999999999999"] {
        let error = getaddrinfo("127.0.0.1", port, Hints::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let expected = format!("look up the service {port} failed: a port is 65535 at most");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn every_look_up_within_limits_answers_as_without() {
    let resolver = Resolver::new().timeout(LONG);
    let same = |one: Result<String>, other: Result<String>| {
        let text = |answer: Result<String>| answer.map_err(|error| (error.look_up_code(), error.to_string()));
        assert_eq!(text(one), text(other));
    };
    for host in ["localhost", "127.0.0.1", "::1", "fe80::1%lo"] {
        let hints = Hints::new();
        same(
            resolver.getaddrinfo(host, "http", hints).map(infos),
            getaddrinfo(host, "http", hints).map(infos),
        );
        same(
            resolver.gethostbyname(host).map(|ip| ip.to_string()),
            gethostbyname(host).map(|ip| ip.to_string()),
        );
        same(resolver.gethostbyname_ex(host).map(entry), gethostbyname_ex(host).map(entry));
        let none = NI_NUMERICHOST;
        same(resolver.getnameinfo((host, 80), none).map(pair), getnameinfo((host, 80), none).map(pair));
    }
    same(resolver.gethostbyaddr("127.0.0.1").map(entry), gethostbyaddr("127.0.0.1").map(entry));
    same(resolver.getfqdn("localhost"), getfqdn("localhost"));
    same(
        resolver.getaddrinfo(None, 80, Hints::new()).map(infos),
        getaddrinfo(None, 80, Hints::new()).map(infos),
    );
}

/// What the system's own files say, in a namespace where they are ours.
const HOSTS: &[u8] = b"10.1.2.3 box.example box b # c\n10.1.2.4 short # \xff\n127.0.0.1 localhost\n\
                       10.9.9.9 twin wrong\n10.1.2.5 twin right\n10.1.2.6 CASE.example Case\n::1 six.example six\n\
                       10.1.2.7 many.example many\n10.1.2.8 other.example many alias\n";

#[test]
#[ignore = "run by the test below"]
fn with_a_hosts_file_of_ours() {
    hosts(&["box", "box.example", "b", "short", "10.1.2.3", "10.1.2.4", "c"]).check();
    assert_eq!(entry(gethostbyname_ex("box").unwrap()), "[box.example [box b] [10.1.2.3]]");
    assert_eq!(getfqdn("b").unwrap(), "box.example");
    hosts(&["case", "CASE.example"]).check();
    let named = |name| entry(gethostbyname_ex(name).unwrap());
    assert_eq!(named("case"), "[CASE.example [Case] [10.1.2.6]]");
    assert_eq!(named("six"), "[six.example [six] [127.0.0.1]]");
    // Python has `many` twice.
    assert_eq!(named("many"), "[many.example [many alias other.example] [10.1.2.7 10.1.2.8]]");
    // An earlier line has the same main name, of another address.
    hosts(&["10.1.2.5"]).check();
    assert_eq!(entry(gethostbyaddr("10.1.2.5").unwrap()), "[twin [right] [10.1.2.5]]");
}

/// The name comes from elsewhere: the file's line for that address is about other names.
#[test]
#[ignore = "run by the test below"]
fn with_a_name_server_beside_a_hosts_file() {
    name_server(Duration::ZERO);
    hosts(&["10.1.2.3"]).check();
    assert_eq!(entry(gethostbyaddr("10.1.2.3").unwrap()), format!("[{NAME} [] [10.1.2.3]]"));
    let mut table = Table::default();
    table.row("s.gethostbyname_ex('www.example.test')", gethostbyname_ex("www.example.test").map(entry));
    table.check();
    let stands_for = entry(gethostbyname_ex("www.example.test").unwrap());
    assert_eq!(stands_for, format!("[{NAME} [www.example.test] [127.0.0.1]]"));
}

#[test]
fn aliases_of_the_hosts_file_are_pythons() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hosts");
    std::fs::write(&file, HOSTS).unwrap();
    let switch = folder.path().join("nsswitch.conf");
    std::fs::write(&switch, "hosts: files\n").unwrap();
    let setup = format!(
        "mount --bind {} /etc/hosts && mount --bind {} /etc/nsswitch.conf",
        file.display(),
        switch.display()
    );
    in_namespace(&["--mount"], &setup, "socket::names::with_a_hosts_file_of_ours");
    if peer("ip").is_none() {
        return;
    }
    std::fs::write(&switch, "hosts: dns\n").unwrap();
    let resolv = folder.path().join("resolv.conf");
    std::fs::write(&resolv, "nameserver 127.0.0.1\n").unwrap();
    let setup = format!("{setup} && ip link set lo up && mount --bind {} /etc/resolv.conf", resolv.display());
    in_namespace(&["--mount", "--net"], &setup, "socket::names::with_a_name_server_beside_a_hosts_file");
}

#[test]
#[ignore = "run by the test below"]
fn with_both_files_hidden() {
    assert_eq!(std::fs::read("/etc/services").unwrap(), b"");
    assert_eq!(getservbyname("http", "tcp").unwrap(), 80);
    assert_eq!(getservbyname("domain", "udp").unwrap(), 53);
    let error: Error = getservbyname("http", "udp").unwrap_err();
    assert_eq!(error.to_string(), "service http over udp not found");
    assert_eq!(getservbyport(443, None).unwrap(), "https");
    assert_eq!(getprotobyname("icmp").unwrap().number(), 1);
    let found = getaddrinfo("127.0.0.1", "http", Hints::new()).unwrap();
    assert_eq!(infos(found), "[[2 1 6  [127.0.0.1 80]]]");
    assert_eq!(getnameinfo("127.0.0.1:22", NI_NUMERICHOST).unwrap().1, "ssh");
}

/// Trap 11 of the semantic traps: slim images have neither file.
#[test]
fn services_and_protocols_do_not_depend_on_the_systems_files() {
    let setup = "mount --bind /dev/null /etc/services && mount --bind /dev/null /etc/protocols";
    in_namespace(&["--mount"], setup, "socket::names::with_both_files_hidden");
}

#[test]
#[ignore = "run by the test below"]
fn with_a_name_of_ours() {
    sockeye::socket::sethostname("sockeye.example").unwrap();
    assert_eq!(gethostname().unwrap(), "sockeye.example");
}

#[test]
fn this_machine_gets_another_name() {
    in_namespace(&["--uts"], "true", "socket::names::with_a_name_of_ours");
}

/// Told before the system is asked: it would take what stands before the NUL.
#[test]
fn a_nul_byte_is_no_part_of_a_name() {
    let error = sockeye::socket::sethostname(&format!("a\0{}", "b".repeat(1000))).unwrap_err();
    assert!(error.to_string().contains("a NUL byte"), "{error}");
}
