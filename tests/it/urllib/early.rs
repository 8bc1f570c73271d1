//! Servers that answer before they have read all, and read no further.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread::{self, JoinHandle},
};

use sockeye::{
    ErrorKind, Result,
    cancel::CancelToken,
    urllib::{Data, Opener, Request, build_opener},
};

use super::{hear, one, say, text};
use crate::support::{PATIENCE, Turn};

const REFUSAL: &str = "HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large";

/// Reads a head, says these one after the other, and reads nothing more while the connection is held.
fn deaf(pieces: Vec<Vec<u8>>) -> (String, JoinHandle<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            head.push(byte[0]);
        }
        for piece in pieces {
            stream.write_all(&piece).unwrap();
        }
        stream
    });
    (url, thread)
}

fn bytewise(text: &str) -> Vec<Vec<u8>> {
    text.bytes().map(|byte| vec![byte]).collect()
}

fn post(url: &str, data: impl Into<Data>) -> Result<Request> {
    Ok(Request::new(url)?.data(data).expect_above(None).timeout(PATIENCE))
}

/// More than the system's buffers hold, of each kind.
fn much() -> [Data; 3] {
    let zeros = || std::io::repeat(0);
    [Data::from(vec![0; 64 << 20]), Data::sized_reader(zeros(), 1 << 40), Data::reader(zeros())]
}

#[track_caller]
fn is_refused(opener: &Opener, pieces: Vec<Vec<u8>>, data: Data) {
    let (url, server) = deaf(pieces);
    let error = opener.open(post(&url, data).unwrap()).unwrap_err();
    let held = server.join().unwrap();
    let (status, body) = (error.response().map(|answer| answer.getcode()), error.into_response());
    assert_eq!((status, text(body.unwrap()).unwrap()), (Some(413), "too large".to_owned()));
    drop(held);
}

#[test]
fn a_refusal_ends_the_sending() {
    for pieces in [vec![REFUSAL.into()], bytewise(REFUSAL)] {
        for data in much() {
            is_refused(&Opener::new(), pieces.clone(), data);
        }
    }
}

#[test]
fn limits_of_single_waits_and_of_the_pace_make_no_difference() {
    let opener = build_opener().read_timeout(PATIENCE).stall_limit(1, PATIENCE).build();
    for data in much() {
        is_refused(&opener, bytewise(REFUSAL), data);
    }
}

#[test]
fn interim_answers_come_before_it() {
    let all = format!("HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n{REFUSAL}");
    for pieces in [vec![all.clone().into()], bytewise(&all)] {
        is_refused(&Opener::new(), pieces, Data::reader(std::io::repeat(0)));
    }
}

/// The data that the server doesn't refuse go out whole, though its answer is there already.
#[test]
fn after_another_answer_the_sending_goes_on() -> Result<()> {
    let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    let server = one([hear(), say(answer), Turn::End]);
    let opener = Opener::new();
    let request = post(&server.url("/"), vec![b'#'; 16 << 20])?;
    assert_eq!(text(opener.open(request)?)?, "ok");
    assert_eq!(server.heard()[0].bytes().filter(|&byte| byte == b'#').count(), 16 << 20);
    Ok(())
}

#[test]
fn an_answer_that_is_none_ends_it_too() -> Result<()> {
    let (url, server) = deaf(vec![b"220 mail.example ESMTP\r\n\r\n".to_vec()]);
    let error = Opener::new().open(post(&url, Data::reader(std::io::repeat(0)))?).unwrap_err();
    drop(server.join().unwrap());
    assert_eq!(error.kind(), ErrorKind::Protocol);
    Ok(())
}

#[test]
fn a_token_ends_the_wait_for_room() -> Result<()> {
    let (url, server) = deaf(vec![b"HTTP/1.1 102 Wait\r\n\r\n".to_vec()]);
    let token = CancelToken::new()?;
    let told = token.clone();
    let request = post(&url, Data::reader(std::io::repeat(0)))?.cancel_token(&token);
    let error = Opener::new().open(request.interim(move |_, _| told.cancel())).unwrap_err();
    drop(server.join().unwrap());
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    Ok(())
}
