//! Sockets that are set to nothing, and to more than there is.

use std::time::Duration;

use sockeye::{
    ErrorKind, Result,
    client::Connector,
    socket::{
        AF_INET, AF_UNIX, ConnectOptions, DatagramBatch, ListenOptions, Protocol, Resolver, SOCK_STREAM,
        Socket, socketpair,
    },
};

use super::{
    Case,
    Fate::{Answered, Either},
};

const CONNECTIONS: &[Case<ConnectOptions>] = &[
    ("timeout 0", |options| options.timeout(Duration::ZERO), Either),
    ("timeout max", |options| options.timeout(Duration::MAX), Answered),
    ("attempt_delay 0", |options| options.attempt_delay(Duration::ZERO), Answered),
    ("attempt_delay max", |options| options.attempt_delay(Duration::MAX), Answered),
];

const CLIENTS: &[Case<Connector>] = &[
    ("timeout 0", |connector| connector.timeout(Duration::ZERO), Either),
    ("timeout max", |connector| connector.timeout(Duration::MAX), Answered),
];

const RESOLVERS: &[Case<Resolver>] = &[
    ("timeout 0", |resolver| resolver.timeout(Duration::ZERO), Either),
    ("timeout max", |resolver| resolver.timeout(Duration::MAX), Answered),
];

#[test]
fn connections() -> Result<()> {
    for backlog in [i32::MIN, 0, i32::MAX] {
        let server = ListenOptions::new().backlog(backlog).create_server("127.0.0.1:0")?;
        // By name, so that there are several addresses to try.
        let port = server.getsockname()?.port().unwrap_or_default();
        for &(name, set, fate) in CONNECTIONS {
            let outcome = set(ConnectOptions::new()).create_connection(("localhost", port));
            let taken = outcome.is_ok().then(|| server.accept());
            fate.check(name, outcome);
            drop(taken);
        }
        for &(name, set, fate) in CLIENTS {
            let outcome = set(Connector::new()).connect(("localhost", port));
            let taken = outcome.is_ok().then(|| server.accept());
            fate.check(name, outcome);
            drop(taken);
        }
    }
    for &(name, set, fate) in RESOLVERS {
        fate.check(name, set(Resolver::new()).gethostbyname("localhost"));
    }
    Ok(())
}

#[test]
fn sockets() -> Result<()> {
    let socket = Socket::new(AF_INET, SOCK_STREAM, Protocol::default())?;
    socket.bind("127.0.0.1:0")?;
    [i32::MIN, i32::MAX].into_iter().try_for_each(|backlog| socket.listen(backlog))?;
    let (one, other) = socketpair(AF_UNIX, SOCK_STREAM, Protocol::default())?;
    other.settimeout(Duration::ZERO)?;
    assert_eq!(other.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    other.settimeout(Duration::MAX)?;
    one.sendall(b"hello\n")?;
    assert_eq!(other.recv(&mut [0; 8])?, 6);
    one.sendall(b"hello\nhello\nhello\n")?;
    let mut file = other.makefile()?;
    file.set_line_limit(usize::MAX);
    assert_eq!(file.readline()?, b"hello\n");
    assert_eq!(file.readlines(1)?.len(), 1);
    file.set_line_limit(0);
    assert_eq!(file.readline().unwrap_err().kind(), ErrorKind::TooLarge);
    for (count, size) in [(0, 0), (usize::MAX, 0), (0, usize::MAX)] {
        assert!(DatagramBatch::new(count, size).capacity() > 0);
    }
    Ok(())
}
