//! In the steady state of hello, a request costs the server no heap allocation, and the client two: counted
//! exactly, over all threads.
//!
//! A binary of its own, because an allocator is global.

#![allow(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    io::{Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use sockeye::{
    Result,
    http::{Handler, HttpServer, Request, Response, StatusCode},
    urllib::{Opener, build_opener},
};

struct Counting;

static COUNT: AtomicU64 = AtomicU64::new(0);

// SAFETY: everything is the system allocator's; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Hello;

impl Handler for Hello {
    fn do_get(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        let contents = "Hello, World!";
        assert!(request.path() == "/" && request.header("host").is_some());
        let mut body = response
            .send_response(StatusCode::OK)
            .send_header("Content-Type", "text/plain")
            .send_header("Content-Length", contents.len())
            .end_headers()?;
        body.write_all(contents.as_bytes())?;
        Ok(())
    }

    fn do_post(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
        let mut body = response.send_response(StatusCode::OK).end_headers()?;
        std::io::copy(request, &mut body)?;
        Ok(())
    }
}

const END: &[u8] = b"Hello, World!";

/// Sends that so often, one after the other, and reads its answers.
fn ask(stream: &mut TcpStream, request: &[u8], answers: usize, times: usize) {
    let mut buf = [0; 4096];
    for _ in 0..times {
        stream.write_all(request).unwrap();
        let mut filled = 0;
        while buf[..filled].windows(END.len()).filter(|window| *window == END).count() < answers {
            let read = stream.read(&mut buf[filled..]).unwrap();
            assert_ne!(read, 0);
            filled += read;
        }
        assert!(buf.starts_with(b"HTTP/1.1 200 OK\r\n"));
    }
}

#[test]
fn no_allocation_per_request() {
    let server = HttpServer::bind("127.0.0.1:0").unwrap().spawn(Hello).unwrap();
    let addr = server.addr().as_socket_addr().unwrap();
    let mut streams: Vec<_> = (0..4).map(|_| TcpStream::connect(addr).unwrap()).collect();
    let get: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n";
    let post: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 13\r\n\r\nHello, World!";
    let pipeline = get.repeat(3);
    let mut count = |times| {
        let before = COUNT.load(Ordering::SeqCst);
        for stream in &mut streams {
            for (request, answers) in [(get, 1), (post, 1), (&pipeline[..], 3)] {
                ask(stream, request, answers, times);
            }
        }
        COUNT.load(Ordering::SeqCst) - before
    };
    // Buffers grow to their size, threads start; and on a machine that does other things the server may find that
    // it needs another thread at any time. What each request costs shows in every round.
    let rounds: Vec<u64> = (0..20).map(|_| count(100)).collect();
    assert!(rounds[1..].contains(&0), "allocations in rounds of 2,000 requests: {rounds:?}");
    // The client on a kept connection: the answer's head, and the response itself.
    let url = format!("http://{addr}/");
    let far = Duration::from_secs(60);
    let limited = build_opener().timeout(far).read_timeout(far).resolve_timeout(far).connect_timeout(far);
    let limited = limited.tls_timeout(far).send_timeout(far).first_byte_timeout(far).build();
    for opener in [Opener::new(), limited] {
        let mut page = String::with_capacity(64);
        let mut fetch = || {
            let before = COUNT.load(Ordering::SeqCst);
            for _ in 0..100 {
                page.clear();
                opener.open(&url).unwrap().read_to_string(&mut page).unwrap();
            }
            COUNT.load(Ordering::SeqCst) - before
        };
        let rounds: Vec<u64> = (0..20).map(|_| fetch()).collect();
        assert!(
            rounds[1..].iter().any(|&count| count <= 2 * 100),
            "allocations in rounds of 100: {rounds:?}"
        );
    }
    server.shutdown();
    server.join().unwrap();
}
