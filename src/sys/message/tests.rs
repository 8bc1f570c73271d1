//! Bytes, addresses and descriptors over real sockets.

use std::{
    net::UdpSocket,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use super::*;
use crate::sys::{ControlMessage, cmsg_len, cmsg_space};

fn rights(fds: &[BorrowedFd<'_>]) -> ControlOut {
    let numbers: Vec<u8> = fds.iter().flat_map(|fd| fd.as_raw_fd().to_ne_bytes()).collect();
    let mut control = ControlOut::default();
    control.push(libc::SOL_SOCKET, libc::SCM_RIGHTS, &numbers);
    control
}

fn taken(control: &mut ControlIn) -> Vec<OwnedFd> {
    let mut all = Vec::new();
    control.take(|message| match message {
        ControlMessage::Rights(fds) => all.extend(fds),
        ControlMessage::Process(_) | ControlMessage::Data { .. } => panic!("{message:?}"),
    });
    all
}

/// Three descriptors for one end of a pair, received in so much room; the other end tells when all are closed.
fn pass(room: usize) -> (Incoming, ControlIn, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (watched, passed) = UnixStream::pair().unwrap();
    let control = rights(&[passed.as_fd(), passed.as_fd(), passed.as_fd()]);
    let buffers = [IoSlice::new(b"he"), IoSlice::new(b"llo")];
    let message = Outgoing { buffers: &buffers, control: &control, to: None };
    assert_eq!(sendmsg(ours.as_fd(), &message, 0).unwrap(), 5);
    let (mut one, mut two) = ([0; 1], [0; 9]);
    let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
    let mut control = ControlIn::with_room(room);
    let incoming = recvmsg(theirs.as_fd(), &mut buffers, &mut control, 0).unwrap();
    assert_eq!((incoming.length, &one, &two[..4]), (5, b"h", &b"ello"[..]));
    (incoming, control, watched)
}

fn is_close_on_exec(fd: &OwnedFd) -> bool {
    // SAFETY: asks only.
    unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFD) & libc::FD_CLOEXEC != 0 }
}

/// The other end of a pair sees the end of data once nobody holds this one.
#[track_caller]
fn all_are_closed(watched: &UnixStream) {
    watched.set_nonblocking(true).unwrap();
    assert_eq!(std::io::Read::read(&mut &*watched, &mut [0; 8]).unwrap(), 0);
}

#[test]
fn descriptors_arrive_close_on_exec_and_once() {
    let (incoming, mut control, watched) = pass(cmsg_space(3 * 4));
    assert_eq!(incoming.flags & libc::MSG_CTRUNC, 0);
    let fds = taken(&mut control);
    assert!(fds.len() == 3 && fds.iter().all(is_close_on_exec));
    assert!(taken(&mut control).is_empty());
    drop(fds);
    all_are_closed(&watched);
}

#[test]
fn what_nobody_takes_is_closed() {
    let (_, control, watched) = pass(cmsg_space(3 * 4));
    drop(control);
    all_are_closed(&watched);
}

#[test]
fn what_has_no_room_is_closed() {
    for (room, count) in [(0, 0), (1, 0), (cmsg_len(4), 1), (cmsg_len(4) + 3, 1), (cmsg_len(8), 2)] {
        let (incoming, mut control, watched) = pass(room);
        assert_ne!(incoming.flags & libc::MSG_CTRUNC, 0, "{room}");
        let fds = taken(&mut control);
        assert_eq!(fds.len(), count, "{room}");
        drop(fds);
        all_are_closed(&watched);
    }
}

#[test]
fn room_that_is_used_again_keeps_nothing() {
    let (_, mut control, watched) = pass(cmsg_space(3 * 4));
    let (ours, theirs) = UnixStream::pair().unwrap();
    let none = ControlOut::default();
    let buffers = [IoSlice::new(b"x")];
    sendmsg(ours.as_fd(), &Outgoing { buffers: &buffers, control: &none, to: None }, 0).unwrap();
    recvmsg(theirs.as_fd(), &mut [IoSliceMut::new(&mut [0; 8])], &mut control, 0).unwrap();
    all_are_closed(&watched);
    assert!(taken(&mut control).is_empty());
}

#[test]
fn datagrams_have_addresses_and_lengths() {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let own = udp.local_addr().unwrap();
    let to = SockAddr::from(own);
    let buffers = [IoSlice::new(b"hello")];
    let message = Outgoing { buffers: &buffers, control: &ControlOut::default(), to: Some(&to) };
    sendmsg(udp.as_fd(), &message, 0).unwrap();
    let mut buf = [0; 2];
    let mut control = ControlIn::with_room(usize::MAX);
    let incoming =
        recvmsg(udp.as_fd(), &mut [IoSliceMut::new(&mut buf)], &mut control, libc::MSG_TRUNC).unwrap();
    assert_eq!((incoming.length, &buf), (5, b"he"));
    assert_eq!(incoming.flags, libc::MSG_TRUNC);
    assert_eq!(incoming.from.unwrap().as_socket(), Some(own));
}
