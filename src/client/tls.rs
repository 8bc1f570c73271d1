//! TLS for a [`Client`]: from the start, or after some words in the clear (STARTTLS).

use super::{Client, Connector};
use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
    socket::{SOCK_STREAM, Socket, ToAddress, host_of},
    stream::Stream,
    tls::{Aim, ClientTls, TlsInfo},
};

impl Connector {
    /// Connects, and speaks TLS. The time limit and the token hold for both together.
    ///
    /// The server's certificate has to be for the host in the address; for a Unix socket, or an address that stands
    /// for a name, set [`ClientTls::server_name`].
    ///
    /// Python: `context.wrap_socket(socket.create_connection(address), server_hostname=host)`.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect); [`Certificate`](ErrorKind::Certificate) when the server's isn't accepted, which
    /// says why; [`Protocol`](ErrorKind::Protocol) and [`UnexpectedEof`](ErrorKind::UnexpectedEof) when the peer
    /// doesn't speak TLS, or refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::{io::Write, net::TcpListener, thread, time::Duration};
    /// # use sockeye::{ErrorKind, client::Connector, tls::ClientTls};
    /// # let listener = TcpListener::bind("127.0.0.1:0")?;
    /// # let address = listener.local_addr()?;
    /// # let server = thread::spawn(move || listener.accept()?.0.write_all(b"220 hello, this is SMTP\r\n"));
    /// let limited = Connector::new().timeout(Duration::from_secs(10));
    /// let tls = ClientTls::new().dangerous_accept_any_certificate();
    /// let error = limited.connect_tls(address, &tls).unwrap_err(); // it speaks plain text
    /// assert_eq!(error.kind(), ErrorKind::Protocol);
    /// # server.join().unwrap()?;
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn connect_tls(&self, address: impl ToAddress, tls: &ClientTls) -> Result<Client> {
        let deadline = Deadline::after(self.0.limit());
        let host = host_of(&address)?.unwrap_or_default();
        let socket = self.0.connect_to(address)?;
        Ok(Client::over(begin(socket, &host, tls, deadline)?, SOCK_STREAM, self.0.limit()))
    }
}

impl Client {
    /// Connects, and speaks TLS: [`Connector::connect_tls`] with nothing set.
    ///
    /// Python: `context.wrap_socket(socket.create_connection(address), server_hostname=host)`.
    ///
    /// # Errors
    ///
    /// As [`Connector::connect_tls`].
    ///
    /// # Examples
    ///
    /// See the [module `tls`](crate::tls).
    pub fn connect_tls(address: impl ToAddress, tls: &ClientTls) -> Result<Client> {
        Connector::new().connect_tls(address, tls)
    }

    /// Goes on in TLS from here: after the answer to STARTTLS, or at once on a socket that came from elsewhere
    /// (`Client::from(socket)`). The time limit covers the handshake. A failure closes the client.
    ///
    /// Python: `context.wrap_socket(sock, server_hostname=host)`.
    ///
    /// # Errors
    ///
    /// As [`Connector::connect_tls`]; [`Protocol`](ErrorKind::Protocol) when bytes were received already and not
    /// taken: they came in the clear, from anybody, and must not count as the server's (CVE-2011-0411).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::{io::{Read, Write}, net::TcpListener, sync::Arc, thread};
    /// use sockeye::{client::Client, tls::ClientTls};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// # let made = rcgen::generate_simple_self_signed(["mail.example".to_owned()]).unwrap();
    /// # let provider = Arc::new(rustls::crypto::ring::default_provider());
    /// # let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    /// # let (chain, key) = (vec![made.cert.der().clone()], made.signing_key.into());
    /// # let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    /// # let listener = TcpListener::bind("127.0.0.1:0")?;
    /// # let address = listener.local_addr()?;
    /// # let server = thread::spawn(move || -> std::io::Result<()> {
    /// #     let mut socket = listener.accept()?.0;
    /// #     socket.read_exact(&mut [0; 10])?;
    /// #     socket.write_all(b"220 go\r\n")?;
    /// #     let mut tls = rustls::StreamOwned::new(rustls::ServerConnection::new(config).unwrap(), socket);
    /// #     tls.write_all(b"250 secret\r\n")
    /// # });
    /// # let pem = made.cert.pem();
    /// # let pem = pem.as_bytes();
    /// let mut client = Client::connect(address)?;
    /// client.sendall(b"STARTTLS\r\n")?;
    /// assert_eq!(client.readline()?, b"220 go\r\n");
    /// client.start_tls("mail.example", &ClientTls::new().add_ca_pem(pem)?)?;
    /// assert_eq!(client.readline()?, b"250 secret\r\n");
    /// # server.join().unwrap()?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "wrap_socket")]
    pub fn start_tls(&mut self, host: &str, tls: &ClientTls) -> Result<()> {
        let deadline = self.deadline();
        let stream = self.stream.take().ok_or(ErrorKind::Closed)?;
        let early = std::mem::take(&mut self.received);
        if !early.is_empty() {
            let message = format!("{} bytes came in the clear after the last answer", early.bytes().len());
            return Err(Error::new(ErrorKind::Protocol, message).context(format!("begin TLS with {host}")));
        }
        let socket = Socket::try_from(stream)?;
        self.stream = Some(begin(socket, host, tls, deadline)?);
        Ok(())
    }

    /// What was agreed on with the server, if this is TLS.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sockeye::{client::Client, socket::create_server};
    /// let server = create_server("127.0.0.1:0")?;
    /// assert!(Client::connect(server.getsockname()?)?.tls().is_none());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn tls(&self) -> Option<TlsInfo> {
        Some(self.stream.as_ref()?.tls()?.info())
    }
}

fn begin(socket: Socket, host: &str, tls: &ClientTls, deadline: Deadline) -> Result<Stream> {
    if socket.kind()? != SOCK_STREAM {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            "TLS needs a stream, and this socket sends datagrams",
        ));
    }
    let aim = Aim { host, protocols: &[] };
    Stream::Plain(socket).start_tls(aim, tls, deadline)
}
