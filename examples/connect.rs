//! Connects by hand, once by `connect` and once by `connect_ex`: `connect [HOST [PORT or SERVICE]]`, by default to
//! the web server of localhost.
//!
//! The first is an error when it fails; the second gives the number that C knows the error by, 0 for none, and is an
//! error only when there is no such host.

use std::{env, io, time::Duration};

use sockeye::{
    Result,
    socket::{AF_INET, IPPROTO_TCP, SOCK_STREAM, Socket, getservbyname},
};

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let host = arguments.next().unwrap_or_else(|| "localhost".to_owned());
    let service = arguments.next().unwrap_or_else(|| "http".to_owned());
    let port = match service.parse::<u16>() {
        Ok(port) => port,
        Err(_) => getservbyname(&service, "tcp")?,
    };

    let socket = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
    socket.settimeout(Duration::from_secs(10))?;
    match socket.connect((&*host, port)) {
        Ok(()) => println!("connect: {} -> {}", socket.getsockname()?, socket.getpeername()?),
        Err(error) => println!("connect: {error}"),
    }

    let socket = Socket::new(AF_INET, SOCK_STREAM, IPPROTO_TCP)?;
    socket.settimeout(Duration::from_secs(10))?;
    match socket.connect_ex((&*host, port))? {
        0 => println!("connect_ex: 0, connected to {}", socket.getpeername()?),
        errno => println!("connect_ex: {errno}, {}", io::Error::from_raw_os_error(errno)),
    }
    Ok(())
}
