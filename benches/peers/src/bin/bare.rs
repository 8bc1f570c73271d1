//! The floor: one epoll loop that sends a fixed answer for every head that it sees the end of.
//!
//! It parses nothing and allocates nothing: what a server costs beside this is what HTTP costs. It takes a
//! connection's first bytes as soon as it is accepted, and polls it only if it stays open.

use std::{io, mem, net::TcpListener, os::fd::IntoRawFd, ptr};

use libc::{EPOLL_CTL_ADD, EPOLLIN, MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_NONBLOCK, c_int, epoll_event};
use sockeye_bench_peers::address;

const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\
    Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nHello, World!";
const LAST: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\
    Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: close\r\n\r\nHello, World!";

/// How the loop goes on with a connection.
#[derive(PartialEq)]
enum Next {
    Wait,
    Close,
}

fn send(fd: c_int, bytes: &[u8]) {
    // SAFETY: the pointer and the length are those of a live slice.
    unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), MSG_NOSIGNAL) };
}

/// One `recv`, and one `send` of as many answers as heads ended in it.
fn serve(fd: c_int, buffer: &mut [u8]) -> Next {
    // SAFETY: the pointer and the length are those of a live slice that nobody else uses.
    let count = unsafe { libc::recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), 0) };
    let Ok(count) = usize::try_from(count) else {
        let error = io::Error::last_os_error();
        return if error.kind() == io::ErrorKind::WouldBlock { Next::Wait } else { Next::Close };
    };
    let got = &buffer[..count];
    let heads = match count {
        0 => return Next::Close,
        1..256 => usize::from(got.ends_with(b"\r\n\r\n")),
        _ => got.windows(4).filter(|window| window == b"\r\n\r\n").count(),
    };
    match heads {
        0 => Next::Wait,
        1 if got.windows(17).any(|window| window == b"Connection: close") => {
            send(fd, LAST);
            Next::Close
        }
        1 => {
            send(fd, HELLO);
            Next::Wait
        }
        _ => {
            send(fd, &HELLO.repeat(heads));
            Next::Wait
        }
    }
}

fn close(fd: c_int) {
    // SAFETY: the loop owns every descriptor that it accepted, and forgets it here.
    unsafe { libc::close(fd) };
}

fn watch(epoll: c_int, fd: c_int) {
    let mut event = epoll_event { events: EPOLLIN as u32, u64: fd as u64 };
    // SAFETY: the event outlives the call.
    assert_eq!(unsafe { libc::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &mut event) }, 0);
}

fn accept(listener: c_int, epoll: c_int, buffer: &mut [u8]) {
    for _ in 0..64 {
        // SAFETY: the peer's address is not asked for.
        let fd = unsafe {
            libc::accept4(listener, ptr::null_mut(), ptr::null_mut(), SOCK_NONBLOCK | SOCK_CLOEXEC)
        };
        if fd < 0 {
            return;
        }
        match serve(fd, buffer) {
            Next::Wait => watch(epoll, fd),
            Next::Close => close(fd),
        }
    }
}

fn main() {
    let listener = TcpListener::bind(address()).unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = listener.into_raw_fd();
    let seconds: c_int = 5;
    // SAFETY: plain calls; the option's value outlives its call. std listens with a backlog of 128, so again.
    let epoll = unsafe {
        libc::listen(listener, 4096);
        let option = ptr::from_ref(&seconds).cast();
        libc::setsockopt(listener, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, option, 4);
        libc::epoll_create1(libc::EPOLL_CLOEXEC)
    };
    watch(epoll, listener);
    let mut buffer = vec![0; 16 << 10];
    // SAFETY: all zeros is a valid event.
    let mut events: Vec<epoll_event> = vec![unsafe { mem::zeroed() }; 256];
    loop {
        // SAFETY: there is room for as many events as are asked for.
        let count = unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), 256, -1) };
        for event in &events[..usize::try_from(count).unwrap_or(0)] {
            match event.u64 as c_int {
                fd if fd == listener => accept(listener, epoll, &mut buffer),
                fd if serve(fd, &mut buffer) == Next::Close => close(fd),
                _ => {}
            }
        }
    }
}
