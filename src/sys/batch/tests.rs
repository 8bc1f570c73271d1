//! Slots, and datagrams through the system in both directions.

use std::{
    net::UdpSocket,
    os::{
        fd::AsFd,
        unix::net::{UnixDatagram, UnixStream},
    },
};

use super::*;
use crate::{
    ErrorKind,
    sys::{ControlOut, Outgoing, recvmmsg, sendmmsg, sendmsg},
};

#[test]
fn what_is_put_is_there() {
    let mut slots = Slots::new(3, 4);
    let address = SockAddr::from(std::net::SocketAddr::from(([1, 2, 3, 4], 80)));
    slots.put(0, b"one", None);
    slots.put(2, b"too long", Some(&address));
    assert_eq!((slots.data(0), slots.data(1), slots.data(2)), (&b"one"[..], &b""[..], &b"too "[..]));
    assert!(slots.name(0).is_none() && slots.name(2).unwrap().as_socket() == address.as_socket());
    slots.data_mut(0)[0] = b'O';
    assert_eq!(slots.data(0), b"One");
    slots.put(2, b"", None);
    assert!(slots.data(2).is_empty() && slots.name(2).is_none());
    assert_eq!((Slots::new(0, 0).count(), Slots::new(1, 0).size()), (0, 1));
}

/// All of them, however many system calls it takes.
fn all(count: usize, mut call: impl FnMut(Range<usize>) -> usize) {
    let mut done = 0;
    while done < count {
        let n = call(done..count.min(done + crate::sys::AT_ONCE));
        assert!(n > 0);
        done += n;
    }
}

#[test]
fn there_and_back() {
    let (one, other) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let to = SockAddr::from(other.local_addr().unwrap());
    let (mut out, mut back) = (Slots::new(50, 64), Slots::new(50, 8));
    for at in 0..50 {
        out.put(at, format!("{at}: {}", "x".repeat(at % 8)).as_bytes(), Some(&to));
    }
    all(50, |range| sendmmsg(one.as_fd(), &out, range, 0).unwrap());
    all(50, |range| recvmmsg(other.as_fd(), &mut back, range, libc::MSG_TRUNC).unwrap());
    for at in 0..50 {
        let (sent, facts) = (out.data(at), back.facts(at));
        assert_eq!(back.data(at), &sent[..sent.len().min(8)]);
        assert_eq!(facts.flags & libc::MSG_TRUNC != 0, sent.len() > 8, "{at}");
        assert_eq!(back.name(at).unwrap().as_socket(), Some(one.local_addr().unwrap()));
    }
    let nothing = recvmmsg(other.as_fd(), &mut back, 0..50, libc::MSG_DONTWAIT).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
}

#[test]
fn descriptors_that_come_along_are_closed() {
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    let (watched, passed) = UnixStream::pair().unwrap();
    let mut control = ControlOut::default();
    control.push(libc::SOL_SOCKET, libc::SCM_RIGHTS, &std::os::fd::AsRawFd::as_raw_fd(&passed).to_ne_bytes());
    let buffers = [std::io::IoSlice::new(b"take this")];
    sendmsg(ours.as_fd(), &Outgoing { buffers: &buffers, control: &control, to: None }, 0).unwrap();
    drop(passed);
    let mut slots = Slots::new(2, 64);
    assert_eq!(recvmmsg(theirs.as_fd(), &mut slots, 0..1, 0).unwrap(), 1);
    assert_eq!((slots.data(0), slots.name(0).is_none()), (&b"take this"[..], true));
    watched.set_nonblocking(true).unwrap();
    assert_eq!(std::io::Read::read(&mut &watched, &mut [0; 8]).unwrap(), 0);
}
