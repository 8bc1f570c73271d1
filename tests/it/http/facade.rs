//! What a program gets to see of the server: the log, one request at a time, the body's helpers.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    sync::{Arc, Mutex, mpsc},
    thread,
};

use sockeye::{
    ErrorKind, Result,
    http::{Handler, HeaderValue, HttpServer, Request, Response, StatusCode, handler},
};

use super::support::{Answer, Site};
use crate::support::{PATIENCE, connect, exchange};

#[test]
fn each_answer_is_logged() {
    let (sender, lines) = mpsc::channel();
    let site = Site::with(|server| {
        server.log_requests(move |entry| {
            let line = entry.to_string();
            let (before, after) = line.split_once(" - - [").unwrap();
            let (date, request) = after.split_once("] ").unwrap();
            assert_eq!((before, date.len()), ("127.0.0.1", "22/Nov/2026:18:13:40 +0000".len()));
            sender.send(request.to_owned()).unwrap();
        })
    });
    let check = |request: &str, expect: &str| {
        site.ask(request.as_bytes(), usize::MAX);
        let line = lines.recv().unwrap();
        assert!(line.starts_with(expect), "{line}");
        assert!(lines.try_recv().is_err());
    };
    check("GET / HTTP/1.0\r\n\r\n", "\"GET / HTTP/1.0\" 200 5");
    check("GET /pieces?\"\\ HTTP/1.0\r\n\r\n", "\"GET /pieces?\\\"\\\\ HTTP/1.0\" 200 9");
    check("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "\"HEAD / HTTP/1.1\" 200 0");
    check("nonsense\r\n\r\n", "\"-\" 400 ");
    check("GET /x HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n", "\"GET /x HTTP/1.1\" 417 ");
    check("HEAD /x HTTP/1.1\r\n\r\n", "\"HEAD /x HTTP/1.1\" 400 0");
    check("GET /panic HTTP/1.0\r\n\r\n", "\"GET /panic HTTP/1.0\" 500 ");
}

/// A large answer is logged at its end, with what was sent of it.
#[test]
fn a_large_answer_is_logged_when_it_is_sent_or_broke_off() {
    const LARGE: u64 = 50_000_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    File::create(&path).unwrap().set_len(LARGE).unwrap();
    let answers = handler(move |request, response| {
        let head = response.send_response(StatusCode::OK);
        match request.path() {
            "/file" => head.send_file(File::open(&path)?, 0, LARGE),
            "/whole" => head.body(vec![b'x'; LARGE as usize]),
            _ => Ok((0..50).try_for_each({
                let mut body = head.end_headers()?;
                move |_| body.write_all(&[b'x'; 1_000_000])
            })?),
        }
    });
    let (sender, lines) = mpsc::channel();
    let server = HttpServer::bind("127.0.0.1:0").unwrap().log_requests(move |entry| {
        let line = entry.to_string();
        let (_, line) = line.split_once("] ").unwrap();
        sender.send((line.to_owned(), entry.size(), entry.error().is_some())).unwrap();
    });
    let server = server.spawn(answers).unwrap();
    for path in ["/file", "/whole", "/streamed"] {
        let get = || {
            let mut stream = BufReader::new(connect(server.addr().as_socket_addr().unwrap()));
            write!(stream.get_mut(), "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
            // It has begun, and isn't all in the system's buffers.
            assert!(stream.fill_buf().unwrap().starts_with(b"HTTP/1.1 200 OK"));
            assert!(lines.try_recv().is_err(), "{path}");
            stream
        };
        let answer = Answer::read(&mut get(), false).unwrap();
        assert!(answer.whole && answer.body.len() as u64 == LARGE);
        let line = format!("\"GET {path} HTTP/1.1\" 200 {LARGE}");
        assert_eq!(lines.recv_timeout(PATIENCE).unwrap(), (line, LARGE, false));
        drop(get());
        let (line, size, broke) = lines.recv_timeout(PATIENCE).unwrap();
        assert!(line.starts_with(&format!("\"GET {path} HTTP/1.1\" 200 ")), "{line}");
        assert!(broke && 0 < size && size < LARGE, "{path}: {size}");
    }
    server.shutdown();
    server.join().unwrap();
    assert!(lines.try_recv().is_err());
}

#[test]
fn one_request_is_handled_on_this_thread() {
    let server = HttpServer::bind("127.0.0.1:0").unwrap();
    let addr = server.addr().unwrap().as_socket_addr().unwrap();
    let client = thread::spawn(move || {
        exchange(addr, b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
    });
    let seen = Mutex::new(None);
    let answer = handler(|request, response| {
        *seen.lock().unwrap() = Some(thread::current().id());
        response.send_response(StatusCode::OK).body(request.peer().to_string())
    });
    // It borrows from here.
    server.handle_request(answer).unwrap();
    assert_eq!(*seen.lock().unwrap(), Some(thread::current().id()));
    let answer = client.join().unwrap();
    assert_eq!(answer.matches("HTTP/1.1 200 OK\r\n").count(), 1, "{answer}");
    assert!(answer.contains("Connection: close\r\n") && answer.contains("127.0.0.1:"), "{answer}");
}

#[test]
fn one_request_is_logged_and_its_settings_hold() {
    let (sender, lines) = mpsc::channel();
    let server = HttpServer::bind("127.0.0.1:0").unwrap();
    let server = server.log_requests(move |entry| sender.send(entry.to_string()).unwrap());
    let addr = server.addr().unwrap().as_socket_addr().unwrap();
    let client = thread::spawn(move || exchange(addr, b"GET /here HTTP/1.0\r\n\r\n"));
    server.handle_request(handler(|_, response| response.send_response(StatusCode::OK).body(""))).unwrap();
    client.join().unwrap();
    assert!(lines.recv().unwrap().ends_with("\"GET /here HTTP/1.0\" 200 0"));

    let server = server.server_name("a\r\nX-Injected: 1");
    let error = server.handle_request(handler(|_, _| Ok(()))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn the_log_says_why_a_handler_failed() {
    let (sender, lines) = mpsc::channel();
    let server = HttpServer::bind("127.0.0.1:0").unwrap();
    let server = server.log_requests(move |entry| sender.send(format!("{entry:#}")).unwrap());
    let addr = server.addr().unwrap().as_socket_addr().unwrap();
    let client = thread::spawn(move || exchange(addr, b"GET / HTTP/1.0\r\n\r\n"));
    server.handle_request(handler(|_, _| Err(sockeye::Error::new(ErrorKind::Other, "one\ntwo")))).unwrap();
    client.join().unwrap();
    let line = lines.recv().unwrap();
    assert!(line.contains("\"GET / HTTP/1.0\" 500 ") && line.contains(": one"), "{line}");
    assert!(!line.contains('\n'), "one request is one line: {line}");
}

/// A wrapper calls the verbs' methods of what it holds, whatever that is held by.
#[test]
fn a_held_handler_answers_each_verb() {
    struct Verbs;
    impl Handler for Verbs {
        fn do_put(&self, _: &mut Request<'_>, response: Response<'_>) -> Result<()> {
            response.send_response(StatusCode::CREATED).body("")
        }
    }
    struct Outer<H>(H);
    impl<H: Handler> Handler for Outer<H> {
        fn do_put(&self, request: &mut Request<'_>, response: Response<'_>) -> Result<()> {
            self.0.do_put(request, response)
        }
    }
    let created = handler(|_, response| response.send_response(StatusCode::CREATED).body(""));
    let held: [Box<dyn Handler>; 4] = [
        Box::new(Outer(Box::new(Verbs) as Box<dyn Handler>)),
        Box::new(Outer(Arc::new(Verbs))),
        Box::new(Outer(&Verbs)),
        Box::new(Outer(created)),
    ];
    for handler in held {
        let server = HttpServer::bind("127.0.0.1:0").unwrap().spawn(handler).unwrap();
        let answer = exchange(server.addr().as_socket_addr().unwrap(), b"PUT / HTTP/1.0\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
        server.shutdown();
    }
}

#[test]
fn a_body_as_a_whole_is_modest_and_utf8() {
    let texts = handler(|request, response| {
        let text = request.text()?;
        response.send_response(StatusCode::OK).body(text.to_uppercase())
    });
    let server = HttpServer::bind("127.0.0.1:0").unwrap().spawn(texts).unwrap();
    let addr = server.addr().as_socket_addr().unwrap();
    let check = |body: &[u8], status: u16| {
        let mut stream = connect(addr);
        write!(stream, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
        stream.write_all(body).unwrap();
        assert_eq!(Answer::read(&mut BufReader::new(stream), false).unwrap().status, status);
    };
    check("größe".as_bytes(), 200);
    check(b"\xff", 400);
    check(&vec![b'x'; 1024 * 1024], 200);
    check(&vec![b'x'; 1024 * 1024 + 1], 413);
    server.shutdown();
    server.join().unwrap();
}

#[test]
fn a_request_tells_all_of_itself() {
    let probe = handler(|request, response| {
        assert_eq!((request.raw_path(), request.path(), request.query()), ("/a%20b", "/a b", Some("q=%20")));
        assert_eq!(request.header("x-one"), Some("1"));
        assert_eq!((request.header("X-Latin"), request.header("absent")), (None, None));
        assert_eq!(request.headers().get_all("X-One").iter().count(), 2);
        assert_eq!(request.headers()["x-latin"], HeaderValue::from_bytes(b"\xe9").unwrap());
        let names: Vec<&str> = request.fields().map(|(name, _)| name).collect();
        assert_eq!(names, ["Host", "X-One", "x-ONE", "X-Latin", "Content-Length"]);
        let mut line = String::new();
        request.read_line(&mut line)?;
        let mut rest = [0; 10];
        let read = request.read(&mut rest)?;
        assert_eq!((line.as_str(), &rest[..read]), ("ab\n", &b"cd"[..]));
        assert_eq!(request.read(&mut rest)?, 0);
        let reply = response.send_response(StatusCode::OK).send_header("X-Time", std::time::UNIX_EPOCH);
        reply.send_header("X-Number", -5).send_header("X-Args", format_args!("{}", 1)).body([])
    });
    let server = HttpServer::bind("127.0.0.1:0").unwrap().spawn(probe).unwrap();
    let head = "POST /a%20b?q=%20 HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-ONE: 2\r\nX-Latin: \u{e9}\r\n";
    // One Latin-1 byte, which isn't UTF-8.
    let mut request = head.replace('\u{e9}', "?").into_bytes();
    *request.iter_mut().rfind(|byte| **byte == b'?').unwrap() = 0xe9;
    request.extend(b"Content-Length: 5\r\n\r\nab\ncd");
    let mut stream = connect(server.addr().as_socket_addr().unwrap());
    stream.write_all(&request).unwrap();
    let answer = Answer::read(&mut BufReader::new(stream), false).unwrap();
    assert_eq!(answer.status, 200);
    let said = ["X-Time", "X-Number", "X-Args"].map(|name| answer.header(name).unwrap());
    assert_eq!(said, ["Thu, 01 Jan 1970 00:00:00 GMT", "-5", "1"]);
    server.shutdown();
    server.join().unwrap();
}

#[test]
fn an_address_in_use_is_an_error() {
    let server = HttpServer::bind("127.0.0.1:0").unwrap();
    let taken = HttpServer::bind(server.addr().unwrap()).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AddressInUse);
    let both = HttpServer::bind("127.0.0.1:0").unwrap().also_bind("127.0.0.1:0").unwrap().backlog(8).unwrap();
    let addrs = both.addrs().unwrap();
    assert_eq!((addrs.len(), &addrs[0]), (2, &both.addr().unwrap()));
    let server = both.spawn(handler(|_, response| response.send_error(StatusCode::GONE, None))).unwrap();
    for addr in server.addrs() {
        let answer = exchange(addr.as_socket_addr().unwrap(), b"GET / HTTP/1.0\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 410 Gone\r\n"), "{answer}");
    }
    server.shutdown();
    server.join().unwrap();
}
