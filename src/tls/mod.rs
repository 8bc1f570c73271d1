//! TLS for clients.
//!
//! - [`ClientTls`] says whom to trust and what to offer. [`Client::connect_tls`](crate::client::Client::connect_tls)
//!   and [`OpenerBuilder::tls`](crate::urllib::OpenerBuilder::tls) take it; `https:` URLs need none.
//! - [`TlsInfo`] is what was agreed on with a server.
//!
//! Certificates and names are checked unless a method whose name begins with `dangerous` was called. The handshake
//! counts against the time limit of connecting. An end without TLS's close_notify is an error, as somebody else may
//! have cut the connection. A handshake that fails says which certificate it was, why, and what to do:
//!
//! ```text
//! TLS handshake with localhost failed: the certificate "localhost" (issued by "Test CA") expired on Sat, 01 Jan 2022
//! 00:00:00 GMT: its owner has to renew it, or this machine's clock is wrong
//! ```
//!
//! # Examples
//!
//! ```
//! # use std::{io::{Read, Write}, net::TcpListener, sync::Arc, thread};
//! use sockeye::{client::Client, tls::{ClientTls, TlsVersion}};
//!
//! # fn main() -> sockeye::Result<()> {
//! # let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
//! # let provider = Arc::new(rustls::crypto::ring::default_provider());
//! # let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
//! # let (chain, key) = (vec![made.cert.der().clone()], made.signing_key.into());
//! # let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
//! # let listener = TcpListener::bind("localhost:0")?;
//! # let port = listener.local_addr()?.port();
//! # let server = thread::spawn(move || -> std::io::Result<()> {
//! #     let conn = rustls::ServerConnection::new(config).unwrap();
//! #     let mut tls = rustls::StreamOwned::new(conn, listener.accept()?.0);
//! #     let mut line = [0; 6];
//! #     tls.read_exact(&mut line)?;
//! #     tls.write_all(&line)?;
//! #     tls.conn.send_close_notify();
//! #     tls.flush()
//! # });
//! # let pem = made.cert.pem();
//! # let pem = pem.as_bytes();
//! let tls = ClientTls::new().add_ca_pem(pem)?.without_system_authorities();
//! let mut client = Client::connect_tls(("localhost", port), &tls)?;
//! assert_eq!(client.tls().map(|info| info.version()), Some(TlsVersion::Tls13));
//! client.sendall(b"hello\n")?;
//! assert_eq!(client.readline()?, b"hello\n");
//! assert_eq!(client.recv(64)?, b""); // and not cut off
//! # server.join().unwrap()?;
//! # Ok(())
//! # }
//! ```

mod carrier;
mod certificate;
mod client_tls;
mod connection;
mod inbox;
mod info;
mod material;
mod refusal;
mod session;
mod settings;
mod verify;

pub use client_tls::ClientTls;
pub use info::{TlsInfo, TlsVersion};

pub(crate) use carrier::Carrier;
pub(crate) use connection::{Aim, TlsConnection};

#[cfg(test)]
mod tests;
