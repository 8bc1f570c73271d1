//! Open files for another process: [`Socket::send_fds`], [`Socket::recv_fds`].

use std::{
    io::{IoSlice, IoSliceMut},
    os::fd::{BorrowedFd, OwnedFd},
};

use super::{Ancillary, CMSG_LEN, MsgFlags, OutgoingAncillary, Socket, hints};
use crate::error::Result;

/// Of a descriptor in a message: a C int.
const SIZE: usize = size_of::<i32>();

impl Socket {
    /// Sends descriptors over a Unix socket, together with data: `sendmsg(2)` with `SCM_RIGHTS`. Says how many
    /// bytes of the data went; the descriptors went with the first one.
    ///
    /// The peer gets descriptors of its own for the same open files; these here stay open. O_NONBLOCK travels with the
    /// open file, and a [`Socket`]'s may be set in blocking mode too: for a peer that expects a blocking one, send what
    /// [`detach`](Self::detach) gives.
    ///
    /// Python: `socket.send_fds`.
    ///
    /// # Errors
    ///
    /// As [`sendmsg`](Self::sendmsg): no data on a stream, more than 253 descriptors (Linux), and a socket that
    /// isn't a Unix one are [`InvalidInput`](crate::ErrorKind::InvalidInput).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{fs::File, io::Write, os::fd::AsFd};
    /// use sockeye::socket::{AF_UNIX, Protocol, SOCK_STREAM, socketpair};
    /// let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default())?;
    /// let null = File::options().write(true).open("/dev/null").unwrap();
    /// assert_eq!(ours.send_fds(b"write here", &[null.as_fd()])?, 10);
    ///
    /// let mut buf = [0; 64];
    /// let (n, mut fds, _flags) = theirs.recv_fds(&mut buf, 4)?;
    /// assert_eq!(&buf[..n], b"write here");
    /// File::from(fds.remove(0)).write_all(b"gone").unwrap();
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn send_fds(&self, data: &[u8], fds: &[BorrowedFd<'_>]) -> Result<usize> {
        let rights = [OutgoingAncillary::Rights(fds)];
        // A message of no descriptors is one more thing that systems disagree about.
        let sent = self.sendmsg(&[IoSlice::new(data)], if fds.is_empty() { &[] } else { &rights });
        sent.map_err(|error| match hints::descriptors(fds.len(), &error) {
            "" => error,
            hint => error.context(format!("send_fds of {} descriptors{hint}", fds.len())),
        })
    }

    /// Receives data and at most `maxfds` descriptors: `recvmsg(2)`. They are open files of this process, and
    /// close-on-exec.
    ///
    /// [`MSG_CTRUNC`](super::MSG_CTRUNC) in the flags says that the peer sent more than `maxfds`: those were closed.
    /// Where other ancillary data was asked for (`SO_PASSCRED` and its like), it takes of the same room, as in Python: use
    /// [`recvmsg`](Self::recvmsg) then.
    /// `Ok` with no bytes is the end of data on a stream.
    ///
    /// Python: `socket.recv_fds`, which gives inheritable descriptors, as bare numbers.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{io::stdin, os::fd::AsFd};
    /// use sockeye::socket::{AF_UNIX, MSG_CTRUNC, Protocol, SOCK_DGRAM, socketpair};
    /// let (ours, theirs) = socketpair(AF_UNIX, SOCK_DGRAM, Protocol::default())?;
    /// ours.send_fds(b"three", &[stdin().as_fd(), stdin().as_fd(), stdin().as_fd()])?;
    /// let (_, fds, flags) = theirs.recv_fds(&mut [0; 64], 1)?;
    /// assert_eq!(fds.len(), 1);
    /// assert!(flags.contains(MSG_CTRUNC));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn recv_fds(&self, buf: &mut [u8], maxfds: usize) -> Result<(usize, Vec<OwnedFd>, MsgFlags)> {
        // Not CMSG_SPACE: its padding has room for one more.
        let room = if maxfds == 0 { 0 } else { CMSG_LEN(maxfds.saturating_mul(SIZE)) };
        let message = self.recvmsg(&mut [IoSliceMut::new(buf)], room)?;
        let mut fds = Vec::new();
        for piece in message.ancillary {
            if let Ancillary::Rights(more) = piece {
                fds.extend(more);
            }
        }
        Ok((message.len, fds, message.flags))
    }
}
