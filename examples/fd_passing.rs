//! Lets another process serve a connection: `fd_passing [PORT]` accepts, and hands each connection over a Unix socket to
//! a worker, which is this program once more. By default the port is 2234; 0 is any.

use std::{
    env,
    os::fd::{AsFd, OwnedFd},
    process::{self, Command},
};

use sockeye::{
    Result,
    socket::{AF_UNIX, Protocol, SOCK_STREAM, Socket, create_server, socketpair},
};

fn main() -> Result<()> {
    let argument = env::args().nth(1).unwrap_or_else(|| "2234".to_owned());
    if argument == "worker" {
        return work(&Socket::from(std::io::stdin().as_fd().try_clone_to_owned()?));
    }
    let Ok(port) = argument.parse::<u16>() else {
        eprintln!("usage: fd_passing [PORT], with a port from 0 to 65535");
        process::exit(2);
    };
    let server = create_server(("127.0.0.1", port))?;
    let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default())?;
    // Its standard input is the other end: the one descriptor that a new program gets anyway.
    Command::new(env::current_exe()?).arg("worker").stdin(OwnedFd::try_from(theirs)?).spawn()?;
    println!("listening on {}", server.getsockname()?);
    for accepted in server.incoming() {
        let (conn, peer) = accepted?;
        ours.send_fds(b".", &[conn.as_fd()])?; // one byte, for descriptors don't travel alone
        println!("{peer} is the worker's");
    } // conn is closed here, and stays open there
    Ok(())
}

/// Serves what comes, until the other end of its standard input is closed.
fn work(parent: &Socket) -> Result<()> {
    loop {
        let (n, fds, _flags) = parent.recv_fds(&mut [0; 1], 1)?;
        if n == 0 {
            return Ok(());
        }
        for fd in fds {
            let conn = Socket::from(fd);
            conn.sendall(format!("served by process {}\n", process::id()).as_bytes())?;
        }
    }
}
