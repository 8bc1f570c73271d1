//! TLS, against a server that isn't sockeye's own.

mod certificates;
#[cfg(feature = "cli")]
mod command;
mod https;
mod identity;
mod peers;
mod proxy;
mod requests;
mod stream;

use std::io::{self, Read, Write};

use sockeye::tls::ClientTls;

use crate::support::tls::{Authority, Secure, close};

/// Trusts that authority alone.
fn trusting(authority: &Authority) -> ClientTls {
    ClientTls::new().without_system_authorities().add_ca_pem(authority.pem().as_bytes()).unwrap()
}

/// Sends back what comes until there is no more, and says goodbye.
fn echo(stream: &mut Secure) -> io::Result<()> {
    let mut buf = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut buf)? {
            0 => return close(stream),
            n => stream.write_all(&buf[..n])?,
        }
    }
}
