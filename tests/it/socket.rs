//! Sockets through the public interface: their life, modes, options, addresses and errors.
//!
//! Where Python's `socket` has a trap, a test is named after it:
//!
//! | trap | tests |
//! |---|---|
//! | 1 three modes, one flag of the descriptor | `modes::trap_01_…` |
//! | 2 timed out, or would block | `modes::trap_02_…` |
//! | 3 `MSG_DONTWAIT` under a timeout | `traps::trap_03_…` |
//! | 4 one deadline for all of `sendall`, which says how far it came | `deadlines::trap_04_…`, `traps::trap_04_…` |
//! | 5 calls that signals interrupt | `src/socket/tests.rs`: `trap_05_…`, `connecting_to_a_full_unix_queue_…` |
//! | 6 what `connect_ex` answers | `modes::trap_06_…` |
//! | 7 ports whose last connections linger | `a_server_starts_again_on_its_port` |
//! | 8 buffers read back doubled | `options::of_every_socket`: `SO_RCVBUF` |
//! | 9 scopes, and IPv4 within IPv6 | `addresses::trap_09_…`, `places::ipv6_alone_or_both` |
//! | 10 names of Unix sockets | `addresses::trap_10_…`, `places` |
//! | 11 services and protocols without their files | `names::services_and_protocols_…` |
//! | 12 look-ups without end | `names::every_look_up_within_limits_…`, `src/socket/resolver.rs` |
//! | 13 `""` and `<broadcast>` | `addresses::trap_13_…` |
//! | 14 the queue of errors | `traps::trap_14_…` |
//! | 15 peeking, urgent data, cut and empty datagrams | `traps::trap_15_…` |
//! | 16 a peer that has closed | `traps::trap_16_…`, `src/sys/sigpipe.rs` |
//! | 17 files of sockets | `traps::trap_17_…` |
//! | 18 broadcasting without the option | `traps::trap_18_…` |
//! | 19 ports past 65535 | `addresses::trap_19_…` |
//! | 20 `accept` when descriptors are short | `connect::trap_20_…` |
//! | 21 raw sockets | `connect::trap_21_…` |
//! | 22 Windows | isn't offered |
//!
//! What CPython 3.11 tests of its `socket`, class by class of `Lib/test/test_socket.py`, and where that is tested here.
//! Not here is what the compiler sees to (arguments of a wrong type, reference counts, enums), and what belongs to
//! systems or kernels that aren't offered.
//!
//! | there | here |
//! |---|---|
//! | `ThreadableTest`, `Socket*Test`, `Threaded*SocketTest`, `*Base`, `*Mixin`, `NetworkConnectionTest` | have no tests of their own |
//! | `GeneralModuleTests`: `test_*repr`, `test_str_for_enums`, `test_*_enum` | `lifecycle::debug_is_pythons_repr`, `constants::numbers_are_…`, `constants::unknown_numbers_…` |
//! | — `testCrucial*`, `test3542SocketOptions` | `constants::every_constant_is_…`, `options::every_option_has_a_row` |
//! | — `testHostnameRes`, `test_host_resolution`, `test_getfqdn_filter_localhost` | `names::hosts_are_pythons`, `names::aliases_of_…` |
//! | — `test_host_resolution_bad_address`, `testNtoH`, `test*toString`, `testStringTo*`, `testIPv4_inet_aton_…` | `names::addresses_as_text_are_pythons` |
//! | — `test_sethostname` | `names::this_machine_gets_another_name` |
//! | — `testInterfaceNameIndex`, `testInvalidInterface*` | `names::interfaces_are_pythons` |
//! | — `testGetServBy` | `names::services_and_protocols_are_pythons` |
//! | — `testGetaddrinfo`, `test_getaddrinfo_ipv6_*`, `test_getnameinfo*` | `names::getaddrinfo_is_pythons`, `names::getnameinfo_is_pythons`, `places::scopes_print` |
//! | — `test_idna` | `src/socket/resolve.rs`: `names_in_other_scripts` |
//! | — `testDefaultTimeout` | `modes::the_default_timeout_…` |
//! | — `testSockName`, `testGetSockOpt`, `testSetSockOpt` | `places::unix_sockets`, `options::of_every_socket` |
//! | — `testSendAfterClose`, `test_socket_close`, `test_*_closed_socketio` | `lifecycle::closing_twice_…`, `traps::trap_17_…` |
//! | — `test_getsockaddrarg`, `testSendtoErrors` | `addresses::trap_19_…`, `no_argument_panics` |
//! | — `test_sendall_interrupted*` | `src/socket/tests.rs`: `trap_05_signals_end_no_call`, `trap_05_signals_make_no_wait_longer` |
//! | — `test_listen_backlog*` | `no_argument_panics`, `modes::trap_06_a_full_queue_…` |
//! | — `test_socket_consistent_sock_type` | `lifecycle::a_kind_may_hold_the_mode` |
//! | — `test_socket_fileno*` | `lifecycle::every_family_and_kind_…`, `lifecycle::a_file_that_is_no_socket_…` |
//! | — `testCloseException`, `test_dealloc_warn`, `test_pickle`, `test_weakref`, `test_makefile_*mode`, `test_flowinfo` | isn't: a descriptor has one owner, a file's mode is its type, std's `SocketAddrV6` holds what it is given |
//! | — `test_SocketType_*`, `test_socket_methods`, `testNewAttributes`, `testSocketError`, `testRefCount*`, `testInterpreterCrash`, `testNtoHErrors`, `test__sendfile_*` | isn't: the interpreter's |
//! | — `test_sock_ioctl`, `test_sio_loopback_fast_path`, `testWindowsSpecificConstants` | isn't: Windows |
//! | `BasicCANTest`, `CANTest`, `ISOTPTest`, `J1939Test`, `Basic*RDS*`, `RDSTest`, `BasicQIPCRTRTest`, `*VSOCK*`, `BasicBluetoothTest`, `TIPC*`, `LinuxKernelCryptoAPI` | `lifecycle::other_families_…`, `places::bytes_of_addresses_…`; what they speak isn't: few kernels have it |
//! | `BasicTCPTest`, `BasicTCPTest2`: `testRecv*`, `testOverFlow*`, `testSendAll` | `modes::a_blocking_call_waits_…`, `transfer::trunc_throws_…`, `places::unix_sockets`, `deadlines::trap_04_…` |
//! | — `testFromFd`, `testDup`, `testDetach`, `testShutdown` | `lifecycle::from_std_and_back`, `clones`, `read_and_write_by_reference` |
//! | `BasicUDPTest` | `the_facade`, `traps::trap_15_…` |
//! | `*UDPLITE*`, `*SCTP*` | `options::tcp::of_udp`; the rest isn't: one is UDP with other options, the other in few kernels |
//! | `Sendmsg*Test*`, `Recvmsg*Test*`: `*Gather`, `*Scatter`, `*Array`, `*Generator` | `messages::buffers_are_gathered_…`, `messages::more_buffers_than_…` |
//! | — `*Trunc`, `*Shorter`, `*Overflow`, `*EOF`, `*Peek`, `*AncillaryBuf` | `messages::the_flags_tell_…` |
//! | — `*Timeout`, `*DontWait`, `*AfterClose` | `messages::modes_and_flags_…`, `lifecycle::closing_twice_…` |
//! | — `*BadCmsg`, `*BadMultiCmsg`, `*ExcessCmsgReject`, `*NoDestAddr` | `src/socket/ancillary/tests.rs`: `what_goes_out_comes_in`; a piece that is wrong can't be written |
//! | `CmsgMacroTests` | `src/sys/control/tests.rs`: `the_sizes_are_those_of_the_c_macros` |
//! | `*SCMRights*Test`, `SendRecvFdsTests` | `descriptors`, `src/sys/message/tests.rs`: `what_has_no_room_is_closed`, `descriptors_arrive_close_on_exec_and_once` |
//! | `*RFC3542Ancillary*Test` | `messages::hops_and_classes`, `src/sys/control/tests.rs`: `a_cut_message_gives_what_is_there`, `lengths_that_lie` |
//! | `InterruptedRecvTimeoutTest`, `InterruptedSendTimeoutTest`, `TCPTimeoutTest.testInterruptedTimeout` | `src/socket/tests.rs`: `trap_05_signals_…`; handlers that raise are Python's |
//! | `TCPCloserTest` | `lifecycle::closing_twice_…`, `a_server_starts_again_on_its_port` |
//! | `BasicSocketPairTest` | `lifecycle::pairs_of_every_kind` |
//! | `NonBlockingTCPTests`, `NonblockConstantTest` | `modes::trap_01_three_modes`, `modes::an_endless_timeout_is_one`, `modes::an_accepted_connection_…`, `lifecycle::a_kind_may_hold_the_mode` |
//! | `FileObjectClassTestCase`, `SmallBuffered*` | `files`, `traps::trap_17_…` |
//! | `UnbufferedFile*`, `LineBuffered*` | isn't: unbuffered is the socket itself |
//! | `Unicode*FileObjectClassTestCase` | `files::a_conversation_with_pythons_makefile` |
//! | `NetworkConnectionNoServer` | `errors_name_operation_…`, `src/socket/race/tests.rs`: `all_refused_lists_each`, `the_deadline_ends_all_…` |
//! | `NetworkConnectionAttributesTest` | `connect`, `src/socket/race/tests.rs`: `the_source_address_is_bound_…` |
//! | `NetworkConnectionBehaviourTest`, `TCPTimeoutTest`, `UDPTimeoutTest` | `modes::trap_02_…`, `clones::a_detached_clone_leaves_the_time_limit_of_accept_alone` |
//! | `TestExceptions` | `errors_name_operation_…`, `lifecycle::closing_twice_…` |
//! | `TestLinuxAbstractNamespace` | `places::abstract_names`, `places::the_system_chooses_…`, `addresses::trap_10_abstract_names` |
//! | `TestUnixDomain` | `places::unix_sockets`, `places::paths_have_any_bytes_…` |
//! | `BufferIOTest` | `transfer::the_number_never_passes_the_buffer`, `no_argument_panics` |
//! | `ContextManagersTest` | `a_broken_pipe_is_an_error`: dropping closes |
//! | `InheritanceTest` | `lifecycle::programs_inherit_…`, `lifecycle::descriptors_are_close_on_exec` |
//! | `SendfileUsingSendTest`, `SendfileUsingSendfileTest` | `sendfile` |
//! | `CreateServerTest`, `CreateServerFunctionalTest` | `addresses::trap_09_…`, `addresses::a_dual_stack_server_…`, `places::ipv6_alone_or_both`; sharing a port: the example of `ListenOptions` |
//! | `TestSocketSharing`, `TestMSWindowsTCPFlags`, `TestMacOSTCPFlags` | isn't: Windows; macOS, where nothing is run |

mod addresses;
mod batches;
mod cancelling;
mod clones;
mod connect;
mod constants;
mod deadlines;
mod descriptors;
mod files;
mod lifecycle;
mod messages;
mod modes;
mod names;
mod namespace;
mod options;
mod places;
mod sendfile;
mod strace;
mod transfer;
mod traps;
mod whole;

use std::{
    io::{Read, Write},
    path::Path,
    time::Duration,
};

use sockeye::{
    Error, ErrorKind, Result,
    socket::{
        AF_INET, Address, IPPROTO_TCP, SO_BROADCAST, SO_REUSEADDR, SO_SNDBUF, SOCK_DGRAM, SOCK_STREAM,
        SOL_SOCKET, Socket, create_connection, create_server, getservbyname,
    },
};

use crate::support::until;

/// Long enough never to pass in a test.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(1);

fn tcp() -> Socket {
    Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP).unwrap()
}

fn udp() -> Socket {
    let socket = Socket::new(AF_INET, SOCK_DGRAM, Default::default()).unwrap();
    socket.bind("127.0.0.1:0").unwrap();
    socket
}

/// Two ends of a TCP connection.
fn pair() -> (Socket, Socket) {
    let server = create_server("127.0.0.1:0").unwrap();
    let client = create_connection(server.getsockname().unwrap(), LONG).unwrap();
    (client, server.accept().unwrap().0)
}

/// An address where nobody listens, held by the socket so that nobody will.
fn nobody() -> (Socket, Address) {
    let socket = tcp();
    socket.bind("127.0.0.1:0").unwrap();
    let address = socket.getsockname().unwrap();
    (socket, address)
}

#[track_caller]
fn check<T: std::fmt::Debug>(outcome: Result<T>, kind: ErrorKind) -> Error {
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    error
}

/// The socket part of the facade, as it is written in the design.
#[test]
fn the_facade() -> Result<()> {
    let server = create_server("127.0.0.1:0")?;
    let getservbyname = |name: &str, protocol: &str| {
        getservbyname(name, protocol)?;
        Ok::<u16, Error>(server.getsockname()?.port().unwrap())
    };
    let udp = udp();
    udp.setsockopt(SOL_SOCKET, SO_BROADCAST, true)?;

    let sock = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
    sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, true)?;
    let size: i32 = sock.getsockopt(SOL_SOCKET, SO_SNDBUF)?;
    sock.settimeout(Duration::from_secs(5))?;
    match sock.connect_ex(("localhost", getservbyname("http", "tcp")?))? {
        0 => sock.sendall(b"GET / HTTP/1.0\r\n\r\n")?,
        errno => panic!("{errno}"),
    }
    udp.sendto(b"who is there?", ("localhost", udp.getsockname()?.port().unwrap()))?;
    let mut buf = [0; 64];
    let (n, from) = udp.recvfrom(&mut buf)?;

    assert!(size > 0);
    assert_eq!((n, from), (13, udp.getsockname()?));
    Ok(())
}

#[test]
fn a_broken_pipe_is_an_error() {
    let (client, server) = pair();
    drop(server);
    let error = (0..1000).find_map(|_| client.sendall(&[0; 1 << 16]).err()).unwrap();
    assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error}");
    assert!(error.sent().is_some());
}

#[test]
fn errors_name_operation_object_and_cause() {
    let (_held, address) = nobody();
    let error = check(tcp().connect(&address), ErrorKind::ConnectionRefused);
    assert_eq!(error.to_string(), format!("connect to {address} failed: connection refused"));
    let error = check(create_connection(&address, LONG), ErrorKind::ConnectionRefused);
    assert_eq!(error.to_string(), format!("connect to {address} failed: connection refused"));
    let error = check(tcp().bind(&address), ErrorKind::AddressInUse);
    assert_eq!(error.to_string(), format!("bind to {address} failed: address already in use"));
    let error = check(create_server(&address), ErrorKind::AddressInUse);
    assert_eq!(error.to_string(), format!("bind to {address} failed: address already in use"));
    let error = check(tcp().connect(("no such host", 80)), ErrorKind::UnknownHost);
    assert!(error.to_string().starts_with("look up no such host failed: "), "{error}");
    let error = check(create_connection("/no/such/socket", None), ErrorKind::NotFound);
    assert_eq!(error.to_string(), "connect to /no/such/socket failed: no such file or directory");
    let error = check(tcp().recv(&mut [0; 8]), ErrorKind::NotConnected);
    assert!(error.to_string().starts_with("recv failed: "), "{error}");
    check(tcp().connect("127.0.0.1:70000"), ErrorKind::InvalidInput);
    check(tcp().bind(Path::new(&"x".repeat(200))), ErrorKind::InvalidInput);
}

#[test]
fn a_server_starts_again_on_its_port() {
    let server = create_server("127.0.0.1:0").unwrap();
    let address = server.getsockname().unwrap();
    let client = create_connection(&address, LONG).unwrap();
    let (conn, _) = server.accept().unwrap();
    // The server's end closes first, hence lingers.
    drop((conn, server));
    assert_eq!(client.recv(&mut [0; 8]).unwrap(), 0);
    drop(client);
    until(|| create_server(&address).is_ok());
}

#[test]
fn read_and_write_by_reference() {
    let (client, server) = pair();
    (&client).write_all(b"hello").unwrap();
    client.shutdown(sockeye::socket::Shutdown::Write).unwrap();
    let mut text = String::new();
    (&server).read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello");
}

#[test]
fn no_argument_panics() {
    let udp = udp();
    for address in
        ["", ":", "::", "[", "]", "[]:1", "a:b:c", "\0:1", "host\0:1", "é:1", "%:1", "/", "/\0", "[::1%]:0"]
    {
        let _ = udp.connect(address);
        let _ = udp.sendto(b"", address);
    }
    let _ = udp.listen(i32::MIN);
    let _ = Socket::new(
        sockeye::socket::Family::raw(i32::MAX),
        sockeye::socket::Kind::raw(-1),
        sockeye::socket::Protocol::raw(i32::MIN),
    );
    let _ =
        udp.setsockopt(sockeye::socket::Level::raw(-1), sockeye::socket::SockOpt::<_, i32>::raw(i32::MIN), 0);
    udp.settimeout(Duration::from_nanos(1)).unwrap();
    let _ = udp.recv(&mut []);
}

/// The tests that the tables at the top of this page name are there: in the rooms of this folder, in this file, or in
/// the file of `src` that stands before them. An ellipsis stands for the rest of a name.
#[test]
fn the_tables_name_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = root.join("tests/it/socket.rs");
    let text = std::fs::read_to_string(&own).unwrap();
    let rows =
        text.lines().filter_map(|line| line.strip_prefix("//! | ")?.strip_suffix(" |")?.rsplit_once(" | "));
    let mut checked = 0;
    for (_, here) in rows {
        let mut file = own.clone();
        for named in here.split('`').skip(1).step_by(2).filter(|named| !named.contains(char::is_uppercase)) {
            let (room, test) = match named.rsplit_once("::") {
                Some((room, test)) => (Some(room), test),
                None if named.starts_with("src/") => {
                    file = root.join(named);
                    (None, "")
                }
                // A room as a whole.
                None if root.join(format!("tests/it/socket/{named}.rs")).exists() => continue,
                None => (None, named),
            };
            let room = room.map(|room| root.join(format!("tests/it/socket/{}.rs", room.replace("::", "/"))));
            let source = std::fs::read_to_string(room.as_ref().unwrap_or(&file)).unwrap_or_default();
            assert!(source.contains(&format!("fn {}", test.trim_end_matches('…'))), "{named} isn't there");
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked}");
}
