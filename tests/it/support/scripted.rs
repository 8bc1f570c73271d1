//! A server that follows a script: so many bytes in, these bytes out.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use sockeye::socket::{SO_LINGER, SOL_SOCKET, Socket};

use super::PATIENCE;

/// One connection of a script.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// Reads up to and including these bytes.
    Until(&'static str),
    /// Sends these.
    Send(Vec<u8>),
    /// Sends these one byte at a time.
    Drip(Vec<u8>),
    /// Sends these over and over, until the other side closes.
    Forever(Vec<u8>),
    /// Waits until the other side closes.
    End,
    /// Ends the connection by a reset.
    Reset,
}

/// A server on loopback that gives each connection the next list of turns and then closes it; what it read can be
/// looked at afterwards. Dropping it ends it; a panic in it fails the test.
pub(crate) struct Scripted {
    addr: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<String>>>,
}

impl Scripted {
    /// One list of turns a connection, in the order in which they come.
    pub(crate) fn new(connections: Vec<Vec<Turn>>) -> Scripted {
        Scripted::at(|_| connections)
    }

    /// The same for turns that name the server's address.
    pub(crate) fn at(connections: impl FnOnce(SocketAddr) -> Vec<Vec<Turn>>) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (addr, stopping) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let connections = connections(addr);
        let stop = stopping.clone();
        let serve = move || {
            let mut heard = Vec::new();
            for turns in connections {
                let (stream, _) = listener.accept().unwrap();
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                heard.push(play(&stream, turns));
            }
            heard
        };
        Scripted { addr, stopping, thread: Some(thread::spawn(serve)) }
    }

    /// Reads a head, sends these bytes, closes: once.
    pub(crate) fn answer(bytes: impl Into<Vec<u8>>) -> Scripted {
        Scripted::new(vec![vec![Turn::Until("\r\n\r\n"), Turn::Send(bytes.into())]])
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:PORT` and the path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// What each connection sent. Connections that never came are left out.
    #[track_caller]
    pub(crate) fn heard(mut self) -> Vec<String> {
        self.stop().unwrap()
    }

    fn stop(&mut self) -> thread::Result<Vec<String>> {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes an accept that waits for a connection that won't come.
        drop(TcpStream::connect(self.addr));
        self.thread.take().map_or_else(|| Ok(Vec::new()), JoinHandle::join)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        if self.thread.is_some() && self.stop().is_err() && !thread::panicking() {
            panic!("the scripted server panicked");
        }
    }
}

fn play(mut stream: &TcpStream, turns: Vec<Turn>) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let mut heard = Vec::new();
    for turn in turns {
        match turn {
            Turn::Until(end) => {
                let start = heard.len();
                while !heard[start..].ends_with(end.as_bytes()) {
                    let mut byte = [0];
                    match stream.read(&mut byte) {
                        Ok(1) => heard.push(byte[0]),
                        _ => return String::from_utf8_lossy(&heard).into_owned(),
                    }
                }
            }
            // The other side may have had enough: what it makes of that is the test's business.
            Turn::Send(bytes) => drop(stream.write_all(&bytes)),
            Turn::Drip(bytes) => drop(bytes.iter().try_for_each(|byte| stream.write_all(&[*byte]))),
            Turn::Forever(bytes) => while stream.write_all(&bytes).is_ok() {},
            Turn::End => drop(stream.read_to_end(&mut heard)),
            Turn::Reset => {
                // What is closed without lingering is reset. Its descriptor goes when this thread drops it.
                let socket = Socket::from(stream.try_clone().unwrap());
                socket.setsockopt(SOL_SOCKET, SO_LINGER, Some(Duration::ZERO)).unwrap();
                return String::from_utf8_lossy(&heard).into_owned();
            }
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
    String::from_utf8_lossy(&heard).into_owned()
}

#[test]
fn a_script_is_played() {
    let server = Scripted::new(vec![
        vec![Turn::Until("\n"), Turn::Send(b"one".into())],
        vec![Turn::Drip(b"two".into()), Turn::End],
        vec![Turn::Until("never")],
    ]);
    assert_eq!(super::exchange(server.addr(), b"first\n"), "one");
    let mut stream = super::connect(server.addr());
    let mut answer = [0; 3];
    stream.read_exact(&mut answer).unwrap();
    stream.write_all(b"second").unwrap();
    drop(stream);
    assert_eq!((&answer, server.heard()), (b"two", vec!["first\n".to_owned(), "second".to_owned()]));
}
