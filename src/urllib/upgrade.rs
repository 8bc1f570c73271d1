//! Another protocol on the same connection (RFC 9110 §7.8): [`Request::upgrade`], [`Response::into_stream`].

use ::http::{
    HeaderValue,
    header::{CONNECTION, UPGRADE},
};

use super::{Request, Response};
use crate::{
    client::Client,
    error::{Error, ErrorKind, Result},
};

impl Request {
    /// Asks the server to go on in another protocol on this connection: `Upgrade: websocket` and
    /// `Connection: Upgrade`. If it does, the status is 101, and [`Response::into_stream`] has the connection; if not,
    /// it is an ordinary answer. Through an HTTP proxy it takes a tunnel. Default is not to ask: a server that
    /// switches nevertheless, or to something else, is a [`Protocol`](ErrorKind::Protocol) error.
    ///
    /// Python: urllib has none. In curl a header, or the `ws:` scheme.
    ///
    /// ```
    /// use sockeye::urllib::Request;
    ///
    /// let request = Request::new("http://example.org/chat")?.upgrade("websocket");
    /// assert_eq!(request.headers()["connection"], "Upgrade");
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    #[must_use]
    pub fn upgrade(self, protocol: impl TryInto<HeaderValue>) -> Request {
        self.add_header(UPGRADE, protocol).add_header(CONNECTION, "Upgrade")
    }
}

impl Response {
    /// The connection, once the server has switched to the protocol that [`Request::upgrade`] asked for. What came
    /// behind the head is read first. The limit of each wait ([`Request::read_timeout`]) is the client's
    /// [time limit](Client::settimeout), the request's cancel token still ends its calls, and the total time has ended.
    ///
    /// Python: none; `HTTPResponse.fp` lies below it.
    ///
    /// # Errors
    ///
    /// [`Protocol`](ErrorKind::Protocol) when the server didn't switch: the status isn't 101.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::{io::{Read, Write}, net::TcpListener, thread};
    /// use sockeye::urllib::{Request, urlopen};
    ///
    /// # fn main() -> sockeye::Result<()> {
    /// # let listener = TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # let server = thread::spawn(move || -> std::io::Result<()> {
    /// #     let (mut peer, _) = listener.accept()?;
    /// #     peer.read(&mut [0; 1024])?;
    /// #     peer.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: lines\r\nConnection: Upgrade\r\n\r\nhi\n")?;
    /// #     let mut line = [0; 4];
    /// #     peer.read_exact(&mut line)?;
    /// #     peer.write_all(&line)
    /// # });
    /// let mut stream = urlopen(Request::new(&url)?.upgrade("lines"))?.into_stream()?;
    /// assert_eq!(stream.readline()?, b"hi\n");
    /// stream.write_all(b"ping")?;
    /// assert_eq!(stream.recv(64)?, b"ping");
    /// # server.join().unwrap()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_stream(mut self) -> Result<Client> {
        let Some((conn, each)) = self.take_switched() else {
            let message = format!("the server didn't switch protocols, it answered {}", self.status_line());
            return Err(Error::new(ErrorKind::Protocol, message));
        };
        let (stream, received) = conn.into_parts();
        Ok(Client::going_on(stream, received, each))
    }
}
