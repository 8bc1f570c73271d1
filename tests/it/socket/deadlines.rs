//! One time limit for the whole of an operation: a peer that gets on a little, over and over, each time well within
//! the limit, keeps no call for longer. Each peer here ends by itself, far behind the limit: a call that counts from
//! its last step on comes to an end of its own and not to that of its time.

use std::{
    fs::{self, File},
    io::Write,
    os::{fd::OwnedFd, unix::net::UnixStream},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use sockeye::{
    Error, ErrorKind,
    client::Client,
    socket::{
        AF_UNIX, Address, DatagramBatch, Kind, MSG_WAITALL, Protocol, SO_SNDBUF, SOCK_DGRAM, SOCK_STREAM,
        SOL_SOCKET, Socket, create_connection, socketpair,
    },
};

use super::{
    check,
    namespace::{in_namespace, name_server},
    tcp,
};
use crate::support::peer;

const LIMIT: Duration = Duration::from_millis(200);
const STEP: Duration = Duration::from_millis(25);
/// Ten times the limit.
const STEPS: usize = 80;

/// What a peer takes of a stream at most, in one step; all steps together take far less than [`WHOLE`].
const PIECE: usize = 64 * 1024;
const WHOLE: usize = 1 << 26;

/// Whether the time has passed without the end of the other side.
fn goes_on(other: &Receiver<()>, time: Duration) -> bool {
    other.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
}

/// What comes of the call while a peer takes so many steps, and goes with all that it holds.
fn paced<T>(mut step: impl FnMut() + Send, call: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let (_here, calling) = mpsc::channel();
        scope.spawn(move || {
            for _ in 0..STEPS {
                step();
                if !goes_on(&calling, STEP) {
                    return;
                }
            }
        });
        call()
    })
}

/// Two ends of which ours has the limit, and so little room that it can go on after each step of theirs.
fn narrow(kind: Kind) -> (Socket, Socket) {
    let (ours, theirs) = socketpair(AF_UNIX, kind, Protocol::default()).unwrap();
    ours.setsockopt(SOL_SOCKET, SO_SNDBUF, 1).unwrap();
    ours.settimeout(LIMIT).unwrap();
    theirs.settimeout(Duration::ZERO).unwrap();
    (ours, theirs)
}

/// Takes what there is, in each step.
fn takes(theirs: Socket) -> impl FnMut() + Send {
    let mut room = vec![0; PIECE];
    move || drop(theirs.recv(&mut room))
}

/// Sends a byte in each step.
fn tells(theirs: Socket) -> impl FnMut() + Send {
    move || theirs.sendall(b"x").unwrap()
}

#[test]
fn trap_04_of_sendall() {
    let data = vec![0; WHOLE];
    let (ours, theirs) = narrow(SOCK_STREAM);
    let error = paced(takes(theirs), || check(ours.sendall(&data), ErrorKind::TimedOut));
    assert!(error.sent() > Some(0));
    let (ours, theirs) = narrow(SOCK_STREAM);
    let mut client = Client::from(ours);
    client.settimeout(LIMIT);
    paced(takes(theirs), || check(client.sendall(&data), ErrorKind::TimedOut));
    let (ours, theirs) = narrow(SOCK_STREAM);
    let mut file = ours.makefile().unwrap();
    let error =
        paced(takes(theirs), || check(file.write_all(&data).map_err(Error::from), ErrorKind::TimedOut));
    assert!(error.sent() > Some(0));
}

#[test]
fn of_readline() {
    let (ours, theirs) = narrow(SOCK_STREAM);
    let mut file = ours.makefile().unwrap();
    paced(tells(theirs), || check(file.readline(), ErrorKind::TimedOut));
    let (ours, theirs) = narrow(SOCK_STREAM);
    let mut client = Client::from(ours);
    client.settimeout(LIMIT);
    paced(tells(theirs), || check(client.readline(), ErrorKind::TimedOut));
}

/// What has come is given; that it isn't all tells that the time is over.
#[test]
fn of_receiving_all() {
    let (ours, theirs) = narrow(SOCK_STREAM);
    let n = paced(tells(theirs), || ours.recv_with_flags(&mut [0; 2 * STEPS], MSG_WAITALL)).unwrap();
    assert!((1..STEPS).contains(&n), "{n}");
}

/// Both a peer that takes little, and a source that has little.
#[test]
fn of_sendfile() {
    let file = tempfile::tempfile().unwrap();
    file.set_len(WHOLE as u64).unwrap();
    let (ours, theirs) = narrow(SOCK_STREAM);
    let error = paced(takes(theirs), || check(ours.sendfile(&file, 0, None), ErrorKind::TimedOut));
    assert!(error.sent() > Some(0));

    let (ours, _theirs) = narrow(SOCK_STREAM);
    let (source, mut writer) = UnixStream::pair().unwrap();
    let source = File::from(OwnedFd::from(source));
    let step = move || writer.write_all(b"x").unwrap();
    let error = paced(step, || check(ours.sendfile(&source, 0, None), ErrorKind::TimedOut));
    assert!(error.sent() > Some(0));
}

#[test]
fn of_sendmmsg() {
    let (ours, theirs) = narrow(SOCK_DGRAM);
    let mut batch = DatagramBatch::new(1024, 64);
    while batch.push(b"x", None).is_ok() {}
    // Of all steps together not the whole.
    let mut taken = DatagramBatch::new(8, 64);
    let step = move || drop(theirs.recvmmsg(&mut taken));
    let error = paced(step, || check(ours.sendmmsg(&mut batch), ErrorKind::TimedOut));
    assert!(error.sent() > Some(0) && !batch.is_empty());
}

/// The look-up has an answer when half of this is over. The system asks a server that doesn't answer for the second
/// time a second later: behind the limit, but not behind a limit that counts from the answer on.
const CONNECTING: Duration = Duration::from_millis(1600);

/// Whether somebody has asked to be connected to the port, and waits for the answer.
fn somebody_knocks(port: u16) -> bool {
    const SYN_SENT: &str = "02";
    let (table, port) = (fs::read_to_string("/proc/net/tcp").unwrap(), format!(":{port:04X}"));
    table.lines().any(|line| {
        let mut words = line.split_ascii_whitespace().skip(2);
        words.next().is_some_and(|to| to.ends_with(&port)) && words.next() == Some(SYN_SENT)
    })
}

/// A server whose queue is full when it is asked for the first time, and then no longer.
fn check_connecting(connect: impl FnOnce((&str, u16)) -> sockeye::Result<()>) {
    let server = tcp();
    server.bind("127.0.0.1:0").unwrap();
    server.listen(0).unwrap();
    server.settimeout(STEP).unwrap();
    let address: Address = server.getsockname().unwrap();
    let _first = create_connection(&address, None).unwrap();
    let port = address.port().unwrap();
    thread::scope(|scope| {
        let (_here, calling) = mpsc::channel();
        scope.spawn(move || {
            while !somebody_knocks(port) {
                if !goes_on(&calling, Duration::from_millis(5)) {
                    return;
                }
            }
            let mut held = Vec::new();
            while goes_on(&calling, Duration::ZERO) {
                held.extend(server.accept());
            }
        });
        check(connect(("slow.example", port)), ErrorKind::TimedOut);
    });
}

#[test]
#[ignore = "run by the test below"]
fn with_a_slow_name_server() {
    name_server(CONNECTING / 2);
    let timed = || {
        let socket = tcp();
        socket.settimeout(CONNECTING).unwrap();
        socket
    };
    thread::scope(|scope| {
        scope.spawn(|| check_connecting(|to| timed().connect(to)));
        // To an errno it is EAGAIN, as in Python.
        scope.spawn(|| {
            check_connecting(|to| match timed().connect_ex(to)? {
                11 => Err(ErrorKind::TimedOut.into()),
                _ => Ok(()),
            });
        });
        scope.spawn(|| check_connecting(|to| create_connection(to, CONNECTING).map(drop)));
    });
}

/// Look-up and handshake together.
#[test]
fn of_connecting_to_a_name() {
    if peer("ip").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("resolv"), "nameserver 127.0.0.1\n").unwrap();
    fs::write(folder.path().join("switch"), "hosts: dns\n").unwrap();
    let folder = folder.path().display();
    let setup = format!(
        "ip link set lo up && mount --bind {folder}/resolv /etc/resolv.conf \
         && mount --bind {folder}/switch /etc/nsswitch.conf"
    );
    in_namespace(&["--mount", "--net"], &setup, "socket::deadlines::with_a_slow_name_server");
}
