//! Descriptors that travel: to Python and back, close-on-exec, none left over.

use std::{
    fs::{self, File},
    io::{Read, Seek, Write},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    process::Command,
};

use sockeye::{
    ErrorKind,
    socket::{
        AF_UNIX, MSG_CTRUNC, MsgFlags, Protocol, SOCK_DGRAM, SOCK_STREAM, Socket, create_connection,
        create_server, socketpair,
    },
};

use super::{check, pair};
use crate::support::{Program, peer};

fn is_close_on_exec(fd: &OwnedFd) -> bool {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd())).unwrap();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
    u32::from_str_radix(flags.trim(), 8).unwrap() & 0o2_000_000 != 0
}

/// Two ends of which the first sees the end of data once nobody holds the other.
fn watched() -> (UnixStream, OwnedFd) {
    let (reader, writer) = UnixStream::pair().unwrap();
    (reader, writer.into())
}

#[track_caller]
fn nobody_holds(mut reader: UnixStream) {
    // Blocks for ever if somebody does.
    assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn on_streams_and_datagrams_with_data() {
    for kind in [SOCK_STREAM, SOCK_DGRAM] {
        let (ours, theirs) = socketpair(AF_UNIX, kind, Protocol::default()).unwrap();
        let (reader, writer) = watched();
        let all: Vec<BorrowedFd<'_>> = (0..3).map(|_| writer.as_fd()).collect();
        assert_eq!(ours.send_fds(b"three", &all).unwrap(), 5);
        drop(writer);
        let mut buf = [0; 64];
        let (n, fds, flags) = theirs.recv_fds(&mut buf, 3).unwrap();
        assert_eq!((&buf[..n], fds.len(), flags), (&b"three"[..], 3, MsgFlags::default()));
        assert!(fds.iter().all(is_close_on_exec));
        drop(fds);
        nobody_holds(reader);
    }
}

#[test]
fn more_than_are_wanted_are_closed() {
    for wanted in [0, 1, 2] {
        let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
        let (reader, writer) = watched();
        let all: Vec<BorrowedFd<'_>> = (0..5).map(|_| writer.as_fd()).collect();
        ours.send_fds(b"x", &all).unwrap();
        drop(writer);
        let (_, fds, flags) = theirs.recv_fds(&mut [0; 8], wanted).unwrap();
        assert_eq!(fds.len(), wanted);
        assert!(flags.contains(MSG_CTRUNC));
        drop(fds);
        nobody_holds(reader);
    }
}

#[test]
fn what_can_not_travel_says_so() {
    let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
    let stdin = std::io::stdin();
    let error = check(ours.send_fds(b"", &[stdin.as_fd()]), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("at least one byte"), "{error}");
    let many: Vec<BorrowedFd<'_>> = (0..254).map(|_| stdin.as_fd()).collect();
    check(ours.send_fds(b"x", &many), ErrorKind::InvalidInput);
    ours.send_fds(b"x", &many[1..]).unwrap();
    assert_eq!(theirs.recv_fds(&mut [0; 8], usize::MAX).unwrap().1.len(), 253);
    ours.send_fds(b"none", &[]).unwrap();
    assert_eq!(theirs.recv_fds(&mut [0; 8], 4).unwrap().0, 4);
    drop(ours);
    let (n, fds, _) = theirs.recv_fds(&mut [0; 8], 4).unwrap();
    assert!(n == 0 && fds.is_empty());
    let (client, _server) = pair();
    let error = check(client.send_fds(b"x", &[stdin.as_fd()]), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("Unix socket"), "{error}");
}

const PYTHON: &str = r#"
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
data, fds, flags, _ = socket.recv_fds(s, 64, 4)
os.write(fds[0], b" and from Python")
made, theirs = os.pipe()
os.write(theirs, b"a pipe of Python's")
rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [made, fds[0]]))]
s.sendmsg([data, b" and two back"], rights)
for fd in [made, theirs, *fds]:
    os.close(fd)
print(len(fds), flags)
"#;

#[test]
fn to_python_and_back() {
    let Some(python) = peer("python3") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sock");
    let server = create_server(path.as_path()).unwrap();
    let mut command = Command::new(python);
    let program = Program::start(command.arg("-c").arg(PYTHON).arg(&path));
    let (conn, _) = server.accept().unwrap();

    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"from Rust").unwrap();
    conn.send_fds(b"one there", &[file.as_fd()]).unwrap();
    let mut buf = [0; 64];
    let (n, fds, flags) = conn.recv_fds(&mut buf, 8).unwrap();
    assert_eq!((&buf[..n], flags), (&b"one there and two back"[..], MsgFlags::default()));
    assert!(fds.len() == 2 && fds.iter().all(is_close_on_exec));
    let [made, same] = <[OwnedFd; 2]>::try_from(fds).unwrap();
    let (mut text, mut whole) = (String::new(), String::new());
    // To its end: nobody holds the pipe's other end.
    File::from(made).read_to_string(&mut text).unwrap();
    assert_eq!(text, "a pipe of Python's");
    let mut same = File::from(same);
    same.rewind().unwrap();
    same.read_to_string(&mut whole).unwrap();
    assert_eq!(whole, "from Rust and from Python");
    assert_eq!(program.finish().success(), "1 0");
}

/// A connection that was accepted here is served by another process.
#[test]
fn a_socket_is_one_after_the_way() {
    let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
    let server = create_server("127.0.0.1:0").unwrap();
    let client = create_connection(server.getsockname().unwrap(), None).unwrap();
    let (conn, _) = server.accept().unwrap();
    ours.send_fds(b"yours", &[conn.as_fd()]).unwrap();
    drop(conn);
    let (_, mut fds, _) = theirs.recv_fds(&mut [0; 8], 1).unwrap();
    let conn = Socket::from(fds.remove(0));
    conn.sendall(b"hello").unwrap();
    assert_eq!(client.recv(&mut [0; 8]).unwrap(), 5);
    assert_eq!(conn.getpeername().unwrap(), client.getsockname().unwrap());
}
