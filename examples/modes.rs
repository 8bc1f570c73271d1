//! The three modes of a socket, on a pair where nobody has sent anything yet: `modes`.

use std::{thread, time::Duration};

use sockeye::{
    ErrorKind, Result,
    socket::{AF_UNIX, Protocol, SOCK_STREAM, socketpair},
};

fn main() -> Result<()> {
    let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default())?;
    let mut buf = [0; 64];

    // Non-blocking: the call says at once that it would have to wait.
    ours.setblocking(false)?;
    let error = ours.recv(&mut buf).expect_err("nothing was sent");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    println!("non-blocking: {error}");

    // Timed: it waits that long at most.
    ours.settimeout(Duration::from_millis(20))?;
    let error = ours.recv(&mut buf).expect_err("nothing was sent");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    println!("timed: {error}");

    // Blocking, as a new socket is: it waits for as long as it takes.
    ours.setblocking(true)?;
    assert_eq!(ours.gettimeout(), None);
    let sender = thread::spawn(move || theirs.sendall(b"at last"));
    let n = ours.recv(&mut buf)?;
    println!("blocking: {}", String::from_utf8_lossy(&buf[..n]));
    sender.join().expect("the sender doesn't panic")
}
