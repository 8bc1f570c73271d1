//! Calls that wait until all is there, whatever the descriptor; and the errors that come too late for them.

use std::{
    io::{BufRead, IoSlice, IoSliceMut, Read},
    net::TcpStream,
    os::fd::AsFd,
    thread,
    time::Duration,
};

use sockeye::{
    ErrorKind,
    cancel::CancelToken,
    client::Client,
    socket::{
        AF_UNIX, Ancillary, CMSG_SPACE, Credentials, MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_WAITALL, MsgFlags,
        OutgoingAncillary, Protocol, SO_ERROR, SO_LINGER, SO_OOBINLINE, SO_PASSCRED, SO_RCVTIMEO,
        SO_SNDTIMEO, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET, Socket, create_server, socketpair,
    },
};

use super::{LONG, check, pair, tcp};
use crate::support::until;

/// Whether the system says so of the descriptor.
fn is_nonblocking(socket: &Socket) -> bool {
    socket2::SockRef::from(socket).nonblocking().unwrap()
}

/// Blocking sockets on descriptors of every past, with their peers, and what has to live on beside them.
fn blocking() -> Vec<(Socket, Socket, Option<Socket>)> {
    let ((peer, accepted), (timed, a), (cloned, b), (token, c)) = (pair(), pair(), pair(), pair());
    for socket in [&accepted, &timed, &cloned, &token] {
        socket.settimeout(LONG).unwrap();
        socket.settimeout(None).unwrap();
        assert!(!is_nonblocking(socket));
    }
    let clone = cloned.try_clone().unwrap();
    assert!(is_nonblocking(&cloned));
    token.set_cancel(CancelToken::new().unwrap()).unwrap();
    // By somebody else who holds the descriptor.
    let (foreign, d) = pair();
    foreign.settimeout(None).unwrap();
    socket2::SockRef::from(&foreign).set_nonblocking(true).unwrap();
    let own = [(accepted, peer, None), (timed, a, None), (cloned, b, Some(clone)), (token, c, None)];
    own.into_iter().chain([(foreign, d, None)]).collect()
}

/// Sends a second part when the first was taken.
#[track_caller]
fn check_all_six(receive: impl Fn(&Socket, &mut [u8; 6]) -> usize + Sync) {
    let (limited, peer) = pair();
    limited.settimeout(LONG).unwrap();
    for (reader, writer, _clone) in blocking().into_iter().chain([(limited, peer, None)]) {
        writer.sendall(b"abc").unwrap();
        thread::scope(|scope| {
            let reading = scope.spawn(|| {
                let mut buf = [0; 6];
                (receive(&reader, &mut buf), buf)
            });
            let look = || reader.recv_with_flags(&mut [0; 1], MSG_PEEK | MSG_DONTWAIT);
            until(|| look().is_err() || reading.is_finished());
            writer.sendall(b"def").unwrap();
            assert_eq!(reading.join().unwrap(), (6, *b"abcdef"), "{reader:?}");
        });
    }
}

#[test]
fn recv_waits_for_all() {
    check_all_six(|reader, buf| reader.recv_with_flags(buf, MSG_WAITALL).unwrap());
}

#[test]
fn recvfrom_waits_for_all() {
    check_all_six(|reader, buf| reader.recvfrom_with_flags(buf, MSG_WAITALL).unwrap().0);
}

#[test]
fn recvmsg_waits_for_all_its_buffers() {
    check_all_six(|reader, buf| {
        let (one, rest) = buf.split_at_mut(2);
        let mut buffers = [IoSliceMut::new(one), IoSliceMut::new(&mut []), IoSliceMut::new(rest)];
        let message = reader.recvmsg_with_flags(&mut buffers, 64, MSG_WAITALL).unwrap();
        assert_eq!((message.full_len, buffers.map(|buffer| buffer.len())), (6, [2, 0, 4]));
        message.len
    });
}

#[test]
fn all_is_what_comes_before_the_end() {
    for (reader, writer, _clone) in blocking() {
        writer.sendall(b"abc").unwrap();
        drop(writer);
        let mut buf = [0; 6];
        let message = reader.recvmsg_with_flags(&mut [IoSliceMut::new(&mut buf)], 0, MSG_WAITALL).unwrap();
        assert_eq!((message.len, reader.recvfrom_with_flags(&mut buf, MSG_WAITALL).unwrap().0), (3, 0));
    }
}

#[test]
fn a_look_ahead_waits_for_all_where_the_descriptor_blocks() {
    let (reader, writer) = pair();
    reader.settimeout(LONG).unwrap();
    reader.settimeout(None).unwrap();
    writer.sendall(b"abc").unwrap();
    thread::scope(|scope| {
        let looking = scope.spawn(|| reader.recv_with_flags(&mut [0; 6], MSG_PEEK | MSG_WAITALL).unwrap());
        thread::yield_now();
        writer.sendall(b"def").unwrap();
        assert_eq!(looking.join().unwrap(), 6);
    });
    reader.settimeout(LONG).unwrap();
    assert_eq!(reader.recv_with_flags(&mut [0; 7], MSG_PEEK | MSG_WAITALL).unwrap(), 6);
}

/// The system lets nothing follow what descriptors came with, on a blocking descriptor neither.
#[test]
fn descriptors_end_a_message() {
    let stdin = std::io::stdin();
    for timeout in [None, Some(LONG)] {
        let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
        let rights = [stdin.as_fd()];
        theirs.settimeout(timeout).unwrap();
        ours.sendall(b"ab").unwrap();
        ours.sendmsg(&[IoSlice::new(b"cd")], &[OutgoingAncillary::Rights(&rights)]).unwrap();
        ours.sendmsg(&[IoSlice::new(b"ef")], &[OutgoingAncillary::Rights(&rights)]).unwrap();
        let mut buf = [0; 6];
        let room = CMSG_SPACE(8 * 4);
        for (part, _) in [(&b"abcd"[..], 1), (b"ef", 1)] {
            let mut buffers = [IoSliceMut::new(&mut buf[..part.len() + 1])];
            let message = theirs.recvmsg_with_flags(&mut buffers, room, MSG_WAITALL).unwrap();
            assert_eq!((message.len, message.ancillary.len()), (part.len(), 1));
            assert!(buf.starts_with(part));
        }
    }
}

#[test]
fn a_blocking_send_takes_all() {
    const LENGTH: usize = 10 << 20;
    let data = vec![7; LENGTH];
    type Send = fn(&Socket, &[u8]) -> usize;
    let ways: [Send; 4] = [
        |socket, data| socket.send(data).unwrap(),
        |socket, data| socket.sendto(data, socket.getpeername().unwrap()).unwrap(),
        |socket, data| {
            let peer = socket.getpeername().unwrap();
            socket.sendmsg_to(&[IoSlice::new(data)], &[], MsgFlags::default(), peer).unwrap()
        },
        |socket, data| {
            let (one, rest) = data.split_at(LENGTH / 3);
            socket.sendmsg(&[IoSlice::new(one), IoSlice::new(rest)], &[]).unwrap()
        },
    ];
    for send in ways {
        for (writer, mut reader, _clone) in blocking() {
            thread::scope(|scope| {
                let reading = scope.spawn(move || {
                    let mut all = Vec::new();
                    reader.read_to_end(&mut all).unwrap();
                    all
                });
                assert_eq!(send(&writer, &data), LENGTH);
                writer.shutdown(sockeye::socket::SHUT_WR).unwrap();
                assert!(reading.join().unwrap() == data);
            });
        }
    }
}

/// The system tells it once: who had asked for more than there was must not have heard it in vain.
#[test]
fn a_reset_after_what_came_is_the_next_calls() {
    let ways: [fn(&Socket) -> sockeye::Result<usize>; 3] = [
        |socket| socket.recv_with_flags(&mut [0; 100], MSG_WAITALL),
        |socket| Ok(socket.recvfrom_with_flags(&mut [0; 100], MSG_WAITALL)?.0),
        |socket| Ok(socket.recvmsg_with_flags(&mut [IoSliceMut::new(&mut [0; 100])], 0, MSG_WAITALL)?.len),
    ];
    for receive in ways {
        for (reader, peer, _clone) in blocking() {
            peer.setsockopt(SOL_SOCKET, SO_LINGER, Some(Duration::ZERO)).unwrap();
            peer.sendall(b"hello").unwrap();
            drop(peer);
            assert_eq!(receive(&reader).unwrap(), 5);
            check(receive(&reader), ErrorKind::ConnectionReset);
            assert_eq!(receive(&reader).unwrap(), 0);
        }
    }
}

#[test]
fn the_options_error_is_the_one_that_was_kept() {
    let (reader, peer) = pair();
    peer.setsockopt(SOL_SOCKET, SO_LINGER, Some(Duration::ZERO)).unwrap();
    peer.sendall(b"hello").unwrap();
    drop(peer);
    assert_eq!(reader.recv_with_flags(&mut [0; 100], MSG_WAITALL).unwrap(), 5);
    let kinds = [(); 2].map(|()| reader.getsockopt(SOL_SOCKET, SO_ERROR).unwrap());
    assert_eq!(std::io::Error::from_raw_os_error(kinds[0]).kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(kinds[1], 0);
    assert_eq!(reader.recv(&mut [0; 8]).unwrap(), 0);
}

/// As Python's `BlockingIOError`; without an end these would wait for ever.
#[test]
fn the_systems_own_limits_end_blocking_calls() {
    let limit = Some(Duration::from_millis(20));
    let (reader, _peer) = pair();
    reader.settimeout(None).unwrap();
    reader.setsockopt(SOL_SOCKET, SO_RCVTIMEO, limit).unwrap();
    check(reader.recv(&mut [0; 8]), ErrorKind::WouldBlock);
    check(reader.recvmsg(&mut [IoSliceMut::new(&mut [0; 8])], 0), ErrorKind::WouldBlock);
    reader.setsockopt(SOL_SOCKET, SO_SNDTIMEO, limit).unwrap();
    let error = check(reader.sendall(&vec![0; 1 << 26]), ErrorKind::WouldBlock);
    assert!(error.sent() > Some(0));

    let listener = tcp();
    listener.bind("127.0.0.1:0").unwrap();
    listener.listen(1).unwrap();
    listener.setsockopt(SOL_SOCKET, SO_RCVTIMEO, limit).unwrap();
    check(listener.accept(), ErrorKind::WouldBlock);
}

/// Two connections fill the queue of a listener that takes one.
#[test]
fn the_systems_own_limit_ends_a_blocking_connect() {
    let listener = tcp();
    listener.bind("127.0.0.1:0").unwrap();
    listener.listen(0).unwrap();
    let outcome = (0..64).map(|_| {
        let socket = tcp();
        socket.setsockopt(SOL_SOCKET, SO_SNDTIMEO, Some(Duration::from_millis(50))).unwrap();
        (socket.connect(listener.getsockname().unwrap()), socket)
    });
    let outcomes: Vec<_> = outcome.take(8).collect();
    let refused =
        outcomes.into_iter().find_map(|(outcome, _)| outcome.err()).expect("a queue of none took 8");
    assert!(refused.would_block(), "{refused}");
}

#[test]
fn a_limit_of_stds_is_kept() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let limit = Some(Duration::from_millis(20));
    stream.set_read_timeout(limit).unwrap();
    let (_peer, _) = listener.accept().unwrap();
    // A clone is as it was, and so is what comes back.
    let socket = Socket::from(stream.try_clone().unwrap());
    check(socket.recv(&mut [0; 8]), ErrorKind::WouldBlock);
    assert_eq!(socket.gettimeout(), None);
    assert!(!is_nonblocking(&socket));
    assert_eq!(stream.read(&mut [0; 8]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(TcpStream::try_from(socket).unwrap().read_timeout().unwrap(), limit);
}

/// A peer that has sent something and breaks off.
fn break_off(peer: Socket, data: &[u8]) {
    peer.setsockopt(SOL_SOCKET, SO_LINGER, Some(Duration::ZERO)).unwrap();
    peer.sendall(data).unwrap();
}

/// It is in the descriptor, where the system keeps it.
#[test]
fn a_reset_after_what_came_is_told_to_whoever_calls_next() {
    type Next = fn(Socket) -> std::io::Result<usize>;
    let ways: [Next; 4] = [
        |socket| Ok(socket.makefile()?.fill_buf()?.len()),
        |socket| Ok(socket.try_clone()?.recv(&mut [0; 8])?),
        |socket| TcpStream::try_from(socket)?.read(&mut [0; 8]),
        |socket| Ok(Socket::from(socket.detach()?).recv(&mut [0; 8])?),
    ];
    for next in ways {
        for (reader, peer, _clone) in blocking() {
            break_off(peer, b"hello");
            assert_eq!(reader.recv_with_flags(&mut [0; 100], MSG_WAITALL).unwrap(), 5);
            assert_eq!(next(reader).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
        }
    }
}

#[test]
fn a_client_hears_of_a_reset_whatever_its_socket_received() {
    let server = create_server("127.0.0.1:0").unwrap();
    for timeout in [None, Some(LONG), Some(Duration::ZERO)] {
        let mut client = Client::connect(server.getsockname().unwrap()).unwrap();
        break_off(server.accept().unwrap().0, b"hello");
        assert_eq!(client.socket().unwrap().recv_with_flags(&mut [0; 100], MSG_WAITALL).unwrap(), 5);
        client.settimeout(timeout);
        check(client.recv(8), ErrorKind::ConnectionReset);
    }
}

/// And the data that came before it isn't passed over.
#[test]
fn a_reset_that_ends_a_send_is_the_readers() {
    let data = vec![7; 30 << 20];
    for (writer, peer, _clone) in blocking() {
        thread::scope(|scope| {
            scope.spawn(|| {
                // Once there is something, the call has begun.
                let peer = peer;
                assert_eq!(peer.recv(&mut [0; 1]).unwrap(), 1);
                peer.sendall(b"answer").unwrap();
            });
            assert!(writer.send(&data).unwrap() < data.len());
        });
        let mut buf = [0; 100];
        assert_eq!((writer.recv(&mut buf).unwrap(), &buf[..6]), (6, &b"answer"[..]));
        check(writer.recv(&mut buf), ErrorKind::ConnectionReset);
        assert_eq!(writer.recv(&mut buf).unwrap(), 0);
    }
}

/// As long as data comes, it would have gone on until all was there.
#[test]
fn the_systems_own_limit_ends_a_call_that_waits_for_all() {
    let (reader, writer) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
    reader.setsockopt(SOL_SOCKET, SO_RCVTIMEO, Some(Duration::from_millis(20))).unwrap();
    let mut buf = vec![0; 1 << 20];
    thread::scope(|scope| {
        let reading = scope.spawn(|| reader.recv_with_flags(&mut buf, MSG_WAITALL).unwrap());
        let look = || reader.recv_with_flags(&mut [0; 1], MSG_PEEK | MSG_DONTWAIT);
        while !reading.is_finished() {
            writer.sendall(b"x").unwrap();
            until(|| look().is_err() || reading.is_finished());
        }
        assert!(reading.join().unwrap() < 1 << 20);
    });
}

#[test]
fn urgent_data_ends_what_waits_for_all() {
    let (limited, peer) = pair();
    limited.settimeout(LONG).unwrap();
    for (reader, writer, _clone) in blocking().into_iter().chain([(limited, peer, None)]) {
        for inline in [false, true] {
            reader.setsockopt(SOL_SOCKET, SO_OOBINLINE, inline).unwrap();
            writer.sendall(b"xy").unwrap();
            writer.send_with_flags(b"!", MSG_OOB).unwrap();
            writer.sendall(b"z12").unwrap();
            let rest: &[u8] = if inline { b"!z12" } else { b"z12" };
            for part in [b"xy", rest] {
                let mut buf = [0; 5];
                let room = if part == rest { rest.len() } else { 5 };
                let n = reader.recv_with_flags(&mut buf[..room], MSG_WAITALL).unwrap();
                assert_eq!(&buf[..n], part, "{reader:?}");
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_message_goes_on_with_the_same_sender() {
    for way in 0..3 {
        let (reader, writer) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default()).unwrap();
        reader.setsockopt(SOL_SOCKET, SO_PASSCRED, true).unwrap();
        let _clone = (way == 1).then(|| reader.try_clone().unwrap());
        if way == 2 {
            reader.settimeout(LONG).unwrap();
        }
        let receive = |buf: &mut [u8]| {
            let message = reader.recvmsg_with_flags(&mut [IoSliceMut::new(buf)], 200, MSG_WAITALL).unwrap();
            let [Ancillary::Credentials(who)] = message.ancillary[..] else { panic!("{message:?}") };
            (message.len, who.pid)
        };
        let own = Credentials::current();
        writer.sendall(b"abc").unwrap();
        thread::scope(|scope| {
            let reading = scope.spawn(|| receive(&mut [0; 6]));
            let look = || reader.recv_with_flags(&mut [0; 1], MSG_PEEK | MSG_DONTWAIT);
            until(|| look().is_err() || reading.is_finished());
            writer.sendall(b"def").unwrap();
            assert_eq!(reading.join().unwrap(), (6, own.pid));
        });
        // Another's needs a privilege.
        let other = [OutgoingAncillary::Credentials(Credentials { pid: 1, ..own })];
        writer.sendall(b"abc").unwrap();
        if writer.sendmsg(&[IoSlice::new(b"def")], &other).is_ok() {
            assert_eq!((receive(&mut [0; 6]), receive(&mut [0; 3])), ((3, own.pid), (3, 1)));
        }
    }
}

#[test]
fn an_empty_buffer_takes_nothing_and_waits_for_nothing() {
    let (ours, theirs) = socketpair(AF_UNIX, SOCK_DGRAM, Protocol::default()).unwrap();
    ours.sendall(b"hello").unwrap();
    assert_eq!((theirs.recv(&mut []).unwrap(), theirs.recv(&mut [0; 9]).unwrap()), (0, 5));
    for (idle, _peer, _clone) in blocking() {
        assert_eq!(idle.recv(&mut []).unwrap(), 0);
        idle.settimeout(LONG).unwrap();
        assert_eq!(idle.recv_with_flags(&mut [], MSG_WAITALL).unwrap(), 0);
    }
}

#[test]
fn without_its_token_a_descriptor_can_block_again() {
    let (socket, _peer) = pair();
    socket.settimeout(None).unwrap();
    let set = || socket.set_cancel(CancelToken::new().unwrap()).unwrap();
    set();
    assert!(is_nonblocking(&socket));
    // Other threads may be within a call.
    socket.set_cancel(None).unwrap();
    assert!(is_nonblocking(&socket));
    socket.settimeout(None).unwrap();
    assert!(!is_nonblocking(&socket));
    socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, Some(Duration::from_millis(20))).unwrap();
    check(socket.recv(&mut [0; 8]), ErrorKind::WouldBlock);
    set();
    let _clone = socket.try_clone().unwrap();
    socket.set_cancel(None).unwrap();
    socket.settimeout(None).unwrap();
    assert!(is_nonblocking(&socket));
}
